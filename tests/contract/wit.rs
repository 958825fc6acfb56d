//! The parsed contract.

use std::path::{Path, PathBuf};

use wit_parser::{Interface, Package, Resolve, World};

/// The folder of the contract.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// The contract.
pub(crate) struct Contract {
    pub(crate) resolve: Resolve,
    package: wit_parser::PackageId,
}

impl Contract {
    pub(crate) fn read() -> Self {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(folder()).expect("valid WIT");
        Self { resolve, package }
    }

    pub(crate) fn package(&self) -> &Package {
        &self.resolve.packages[self.package]
    }

    pub(crate) fn interfaces(&self) -> impl Iterator<Item = (&str, &Interface)> {
        self.package().interfaces.iter().map(|(name, id)| (name.as_str(), &self.resolve.interfaces[*id]))
    }

    pub(crate) fn worlds(&self) -> impl Iterator<Item = (&str, &World)> {
        self.package().worlds.iter().map(|(name, id)| (name.as_str(), &self.resolve.worlds[*id]))
    }
}

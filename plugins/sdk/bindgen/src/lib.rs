//! The bindings of the contract, as text. They are files of the SDK rather than the output of a macro, so that a plugin is
//! built without a generator: in a few seconds, without a network and without any crate of others.

use std::path::{Path, PathBuf};
use std::{fs, io};

use wit_bindgen_core::wit_parser::{PackageId, Resolve};
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, WithOption};

/// The crate whose types the bindings of all worlds share.
const CAPABILITIES: &str = "wmshost_plugin_capabilities";

/// The interfaces with types that plugins compare, and the types.
const COMPARED: [(&str, &[&str]); 3] = [
    ("types", &["failure", "decimal-type", "column-type", "column", "value", "position"]),
    ("settings", &["setting"]),
    ("target", &["definition", "merge-rule"]),
];

/// One file of bindings.
#[derive(Debug)]
pub struct Bindings {
    /// The file, relative to the folder `sdk`.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

/// Returns the bindings of the contract in this folder, for all crates of the SDK.
///
/// # Panics
/// If the contract cannot be read: this is a tool for the contract's authors.
#[must_use]
pub fn all(wit: &Path) -> Vec<Bindings> {
    let worlds = ["extractor", "transform", "loader", "models"];
    [capabilities(wit)].into_iter().chain(worlds.map(|name| world(wit, name))).collect()
}

/// Writes the files that differ.
pub fn write(sdk: &Path, all: &[Bindings]) -> io::Result<()> {
    for Bindings { file, text } in all {
        let file = sdk.join(file);
        if fs::read_to_string(&file).unwrap_or_default() != *text {
            fs::write(file, text)?;
        }
    }
    Ok(())
}

/// A world of all capabilities, which exists only here.
fn capabilities(wit: &Path) -> Bindings {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_path(wit).expect("the contract is valid");
    let version = version(&resolve, contract);
    let names = ["log", "settings", "state", "source", "http", "building", "target"];
    let imports: String = names.iter().map(|name| format!("import wmshost:plugin/{name}@{version};\n")).collect();
    let text = format!("package wmshost:bindings;\nworld capabilities {{\n{imports}}}\n");
    let package = resolve.push_str("capabilities.wit", &text).expect("a world");
    let attribute = |interface: &str, kind: &&str| {
        let eq = if ["value", "position", "setting"].contains(kind) { "PartialEq" } else { "PartialEq, Eq" };
        (format!("wmshost:plugin/{interface}@{version}/{kind}"), format!("#[derive({eq})]"))
    };
    let attributes = COMPARED.iter().flat_map(|(of, kinds)| kinds.iter().map(|kind| attribute(of, kind)));
    let options = Opts {
        generate_all: true,
        additional_type_attributes: attributes.collect(),
        runtime_path: Some("crate::rt".to_owned()),
        ..Opts::default()
    };
    generated(resolve, package, "capabilities", options)
}

/// The exports of a world; its imports are the types of the capabilities.
fn world(wit: &Path, name: &'static str) -> Bindings {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_path(wit).expect("the contract is valid");
    let world = resolve.select_world(&[contract], Some(name)).expect("a world of the contract");
    let imports: Vec<String> = resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect();
    let shared = |import: String| {
        let interface = import.split(['/', '@']).nth(1).unwrap_or_default().to_owned();
        (import, WithOption::Path(format!("{CAPABILITIES}::{interface}")))
    };
    let options = Opts {
        with: imports.into_iter().map(shared).collect(),
        additional_derive_attributes: if name == "models" { vec!["PartialEq".to_owned()] } else { Vec::new() },
        runtime_path: Some(format!("{CAPABILITIES}::rt")),
        pub_export_macro: true,
        export_macro_name: Some("export_world".to_owned()),
        ..Opts::default()
    };
    generated(resolve, contract, name, options)
}

fn version(resolve: &Resolve, package: PackageId) -> String {
    resolve.packages[package].name.version.as_ref().expect("the contract has a version").to_string()
}

fn generated(mut resolve: Resolve, package: PackageId, name: &str, options: Opts) -> Bindings {
    let world = resolve.select_world(&[package], Some(name)).expect("a world");
    let mut files = Files::default();
    let mut generator = Opts { format: true, ..options }.build();
    generator.generate(&mut resolve, world, &mut files).expect("bindings");
    let (_, text) = files.iter().next().expect("one file");
    let text = String::from_utf8(text.to_vec()).expect("text");
    Bindings { file: PathBuf::from(format!("worlds/{name}/src/bindings.rs")), text }
}

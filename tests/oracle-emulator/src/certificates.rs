//! Certificates for TCPS: the server's, its authority's, and that of another authority, which did not sign it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use tempfile::TempDir;
use wmshost_test_certificates::Authority;

use crate::engine::PREFIX;

/// The certificates of one emulator.
pub(crate) struct Certificates {
    pub(crate) server: Arc<ServerConfig>,
    folder: TempDir,
}

impl Certificates {
    /// Makes new ones.
    pub(crate) fn make() -> Result<Self> {
        let trusted = Authority::new("wmshost emulator authority")?;
        let other = Authority::new("some other authority")?;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-certificates-", std::process::id()))
            .tempdir()
            .context("making a folder")?;
        let made = Self { server: trusted.server()?, folder };
        for (wallet, authority) in [(made.wallet(), trusted), (made.wrong_wallet(), other)] {
            fs::create_dir_all(&wallet)?;
            fs::write(wallet.join("ewallet.pem"), authority.pem())?;
            fs::write(wallet.join("ca.pem"), authority.pem())?;
        }
        Ok(made)
    }

    /// The folder with the authority's certificate, as `ewallet.pem` and as `ca.pem`.
    pub(crate) fn wallet(&self) -> PathBuf {
        self.path().join("wallet")
    }

    /// The folder with the certificate of an authority that did not sign the server's.
    pub(crate) fn wrong_wallet(&self) -> PathBuf {
        self.path().join("wrong-wallet")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

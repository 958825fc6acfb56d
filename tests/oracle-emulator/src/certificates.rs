//! Certificates for TCPS: an authority, the server's certificate signed by it, and another authority that did not sign
//! it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

use crate::engine::PREFIX;

/// The certificates of one emulator.
pub(crate) struct Certificates {
    pub(crate) server: Arc<ServerConfig>,
    folder: TempDir,
}

impl Certificates {
    /// Makes new ones.
    pub(crate) fn make() -> Result<Self> {
        let (trusted, issuer) = authority("wmshost emulator authority")?;
        let (other, _) = authority("some other authority")?;
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "localhost");
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-certificates-", std::process::id()))
            .tempdir()
            .context("making a folder")?;
        let made = Self { server: Arc::new(server), folder };
        for (wallet, pem) in [(made.wallet(), trusted), (made.wrong_wallet(), other)] {
            fs::create_dir_all(&wallet)?;
            fs::write(wallet.join("ewallet.pem"), &pem)?;
            fs::write(wallet.join("ca.pem"), &pem)?;
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

fn authority(name: &str) -> Result<(String, Issuer<'static, KeyPair>)> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

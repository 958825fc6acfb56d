//! Signatures of components and receipts in the format of minisign: `NAME.minisig` beside `NAME`, by an Ed25519 key, over
//! BLAKE2b of the bytes. minisign and rsign read and write the same files.

use std::fs::{self, OpenOptions};
use std::io::{Cursor, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use minisign::{KeyPair, PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use wmshost_flow::{Failure, check_is_file};
use wmshost_sandbox::ComponentFile;

use crate::environment::variable;
use crate::error::{Error, Result};

/// The variable with the password of a secret key, where nobody can be asked.
const PASSWORD: &str = "WMSHOST_SIGNING_PASSWORD";
/// The largest file of a key or a signature, in bytes.
const MOST_BYTES: u64 = 16 << 10;
/// The rights of others on a file.
const OF_OTHERS: u32 = 0o077;

/// Returns the file of a file's signature.
pub fn signature_file(signed: &Path) -> PathBuf {
    beside(signed, ".minisig")
}

/// Returns the file of the same name with this ending more.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Returns the one of these public keys that has signed a component, or the reason why none has.
pub fn signer<'a>(component: &ComponentFile, keys: &'a [String]) -> std::result::Result<&'a String, String> {
    signer_of_bytes(&signature_file(component.path()), component.bytes(), keys)
}

/// Returns the one of these public keys by which a file of a signature signs these bytes, or the reason why none does.
pub(crate) fn signer_of_bytes<'a>(
    file: &Path,
    bytes: &[u8],
    keys: &'a [String],
) -> std::result::Result<&'a String, String> {
    let shown = file.display();
    let text = read_small(file).map_err(|error| format!("its signature {shown} cannot be read: {error}"))?;
    let signature =
        SignatureBox::from_string(&text).map_err(|error| format!("{shown} is no signature of minisign: {error}"))?;
    let has_signed = |key: &&String| {
        let Ok(key) = PublicKey::from_base64(key) else { return false };
        minisign::verify(&key, &signature, Cursor::new(bytes), true, false, false).is_ok()
    };
    keys.iter().find(has_signed).ok_or_else(|| format!("{shown} is by none of the keys, or for other bytes"))
}

/// Makes a pair of keys: the secret one in a private file, the public one in `FILE.pub`. Returns the public key.
pub fn generate(file: &Path, is_protected: bool) -> Result<String> {
    let pair = match is_protected {
        true => KeyPair::generate_encrypted_keypair(password()),
        false => KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(|error| Failure::permanent(format!("no pair of keys can be made: {error}")))?;
    let text = |made: minisign::Result<String>| {
        made.map_err(|error| Failure::permanent(format!("a key cannot be written as text: {error}")))
    };
    let secret = text(pair.sk.to_box(None).map(SecretKeyBox::into_string))?;
    let public = text(pair.pk.to_box().map(PublicKeyBox::into_string))?;
    // Another key is never replaced: what it signed could not be signed again.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let of_public = beside(file, ".pub");
    let made = options.open(&of_public).and_then(|mut made| made.write_all(public.as_bytes()));
    made.map_err(Error::file(&of_public, "cannot be made"))?;
    let made = options.mode(0o600).open(file).and_then(|mut made| made.write_all(secret.as_bytes()));
    if made.is_err() {
        let _ = fs::remove_file(&of_public);
    }
    made.map_err(Error::file(file, "cannot be made"))?;
    Ok(pair.pk.to_base64())
}

/// Signs a component, whose name and digest the signature states. Returns the file of the signature.
pub fn sign(component: &Path, key: &Path) -> Result<PathBuf> {
    let read = ComponentFile::read(component).map_err(|failure| failure.within(component.display()))?;
    let name = component.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let comment = format!("file:{name} blake3:{}", read.digest());
    FileSigner::open(key)?.sign(component, read.bytes(), &comment)
}

/// A secret key that signs files.
pub(crate) struct FileSigner(SecretKey);

impl FileSigner {
    /// Reads the secret key.
    pub(crate) fn open(key: &Path) -> Result<Self> {
        secret_key(key).map(Self)
    }

    /// Signs a file that has these bytes, or will have them, with a comment that is signed too. Returns the file of the
    /// signature.
    pub(crate) fn sign(&self, signed: &Path, bytes: &[u8], comment: &str) -> Result<PathBuf> {
        let made = minisign::sign(None, &self.0, Cursor::new(bytes), Some(comment), Some("signature by wmshost"));
        let made =
            made.map_err(|error| Failure::permanent(format!("{} cannot be signed: {error}", signed.display())))?;
        let file = signature_file(signed);
        crate::files::write_file(&file, &made.into_string())?;
        Ok(file)
    }
}

/// Returns a public key from its text, or from the file that has it.
pub fn public_key(given: &str) -> Result<String> {
    if PublicKey::from_base64(given).is_ok() {
        return Ok(given.to_owned());
    }
    let file = Path::new(given);
    let text =
        read_small(file).map_err(Error::file(file, "is no public key, and cannot be read as the file of one"))?;
    let key = PublicKeyBox::from_string(&text).and_then(PublicKeyBox::into_public_key);
    let key =
        key.map_err(|error| Failure::invalid_config(format!("{given} has no public key of minisign: {error}")))?;
    Ok(key.to_base64())
}

fn secret_key(file: &Path) -> Result<SecretKey> {
    let text = read_small(file).map_err(Error::file(file, "cannot be read"))?;
    let mode = file.metadata().map_or(0, |described| described.permissions().mode());
    if mode & OF_OTHERS != 0 {
        let shown = file.display();
        return Err(Failure::invalid_config(format!("{shown}: other users of the machine may read the secret key"))
            .advise(format!("take that right away: `chmod 600 {shown}`"))
            .into());
    }
    let unusable = |error: minisign::PError| {
        Failure::invalid_config(format!("{} has no secret key that can be used: {error}", file.display()))
            .advise(format!("its password comes from the terminal, or from the variable {PASSWORD}"))
    };
    let of_text = || SecretKeyBox::from_string(&text);
    let unprotected = of_text().and_then(SecretKeyBox::into_unencrypted_secret_key);
    let key = unprotected.or_else(|_| of_text()?.into_secret_key(password()));
    Ok(key.map_err(unusable)?)
}

fn password() -> Option<String> {
    variable(PASSWORD)?.into_string().ok()
}

fn read_small(file: &Path) -> std::io::Result<String> {
    check_is_file(file)?;
    if file.metadata()?.len() > MOST_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MOST_BYTES} bytes")));
    }
    fs::read_to_string(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_these_bytes_by_one_of_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let own = generate(&at("own.key"), false).unwrap();
        let other = generate(&at("other.key"), false).unwrap();
        fs::write(at("a.wasm"), b"component").unwrap();
        let keys = [other.clone(), own.clone()];
        let read = || ComponentFile::read(&at("a.wasm")).unwrap();
        let component = read();
        let missing = signer(&component, &keys).unwrap_err();
        assert!(missing.contains("cannot be read"), "{missing}");
        assert_eq!(sign(&at("a.wasm"), &at("own.key")).unwrap(), at("a.wasm.minisig"));
        assert_eq!(signer(&component, &keys), Ok(&own));
        fs::write(at("a.wasm"), b"componenT").unwrap();
        assert!(signer(&read(), &keys).unwrap_err().contains("for other bytes"));
        assert!(signer(&component, &[other]).unwrap_err().contains("by none of the keys"));
        assert!(signer(&component, &[]).is_err());
        let text = fs::read_to_string(at("a.wasm.minisig")).unwrap();
        for damaged in [String::new(), text.replace("file:", "file;"), text[..text.len() / 2].to_owned()] {
            fs::write(at("a.wasm.minisig"), &damaged).unwrap();
            assert!(signer(&component, &keys).is_err(), "{damaged}");
        }
        assert_eq!(public_key(&own).unwrap(), own);
        assert_eq!(public_key(&at("own.key.pub").to_string_lossy()).unwrap(), own);
        assert!(public_key("nothing").is_err());
    }

    #[test]
    fn a_secret_key_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (key, component) = (folder.path().join("key"), folder.path().join("a.wasm"));
        generate(&key, false).unwrap();
        fs::write(&component, b"component").unwrap();
        let before = fs::read(&key).unwrap();
        assert!(generate(&key, false).is_err());
        assert_eq!(fs::read(&key).unwrap(), before);
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(sign(&component, &key).unwrap_err().to_string().contains("chmod 600"));
    }
}

//! The key that seals compiled components. It is the user's own: a folder with compiled components that somebody else made,
//! such as one in a repository that was checked out, has no seal of this key, and nothing in it is ever run.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// The length of a key.
const KEY_BYTES: usize = 32;
/// The rights of a group and of everybody.
const RIGHTS_OF_OTHERS: u32 = 0o077;
/// The rights of a file, and of a folder, that its owner alone uses.
pub(crate) const PRIVATE_FILE: u32 = 0o600;
pub(crate) const PRIVATE_FOLDER: u32 = 0o700;

/// Returns a key that nobody can guess.
pub fn random_key() -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key)
}

/// A key.
#[derive(Clone, Copy)]
pub(crate) struct SealKey([u8; KEY_BYTES]);

impl SealKey {
    /// Reads the key in a file, or makes the file. Fails if others may read it.
    pub(crate) fn of(file: &Path) -> io::Result<Self> {
        match Self::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::make(file)?;
                // Another process may have been the first.
                Self::read(file)
            }
            read => read,
        }
    }

    fn read(file: &Path) -> io::Result<Self> {
        let described = fs::symlink_metadata(file)?;
        let is_own = described.uid() == fs::metadata("/proc/self")?.uid();
        if !described.is_file() || !is_own || described.mode() & RIGHTS_OF_OTHERS != 0 {
            let why = format!("{} is not a file of this user that nobody else may read", file.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let bytes = fs::read(file)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
        key.map(Self).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{} is no key", file.display())))
    }

    fn make(file: &Path) -> io::Result<()> {
        let key = random_key()?;
        if let Some(folder) = file.parent() {
            DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)?;
        }
        let nonce = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
        let draft = file.with_extension(format!("new{nonce:016x}"));
        let mut out = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&draft)?;
        let made = out.write_all(&key).and_then(|()| match fs::hard_link(&draft, file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
        fs::remove_file(&draft)?;
        made
    }

    /// The seal of an artefact under the name of its file, which identifies component and engine.
    pub(crate) fn seal(&self, name: &[u8], artefact: &[u8]) -> [u8; blake3::OUT_LEN] {
        *blake3::Hasher::new_keyed(&self.0).update(name).update(artefact).finalize().as_bytes()
    }
}

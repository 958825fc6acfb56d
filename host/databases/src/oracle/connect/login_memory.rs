//! A refused login, remembered over runs: a server locks an account after some of them, and a scheduled job would go on
//! trying. The note is a small file; it holds sixteen bits of a salted hash of the credentials, enough to see that they
//! were changed and too few to guess a password by. Only ORA-01017 is remembered, since only this counts as a failed login
//! of the account.

use std::fs;
use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _, RandomState};
use std::path::PathBuf;

use super::settings::{Settings, connect_text};
use crate::oracle::failure::OracleError;

/// The code of a login with a wrong user name or password.
const WRONG_PASSWORD: usize = 1_017;

/// The note about a login; without a folder, nothing is remembered.
#[derive(Debug)]
pub(crate) struct LoginMemory(Option<PathBuf>);

impl LoginMemory {
    /// The note about the login with these settings, which is in a file of its own for each address and user.
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut login = DefaultHasher::new();
        (connect_text(settings), settings.user.to_uppercase()).hash(&mut login);
        let file = |folder: &PathBuf| folder.join(format!("{:016x}", login.finish()));
        Self(settings.refused_logins.as_ref().map(file))
    }

    /// The server's earlier refusal of just these credentials, if there was one.
    pub(crate) fn refused(&self, settings: &Settings) -> Option<OracleError> {
        let note = fs::read_to_string(self.0.as_ref()?).ok()?;
        let (salt, print) = note.trim().split_once(' ')?;
        (print == fingerprint(salt, settings)).then(|| OracleError::of_code(WRONG_PASSWORD, None))
    }

    /// Notes that the server refused these credentials, if it did so for a reason that counts.
    pub(crate) fn note(&self, settings: &Settings, error: &OracleError) {
        let Some(file) = self.0.as_ref().filter(|_| error.code == Some(WRONG_PASSWORD)) else { return };
        let salt = format!("{:016x}", RandomState::new().hash_one(0_u8));
        let note = format!("{salt} {}\n", fingerprint(&salt, settings));
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, note));
        if let Err(error) = written {
            tracing::warn!("the refused login cannot be remembered for later runs: {}", error.kind());
        }
    }

    /// Forgets an earlier refusal.
    pub(crate) fn forget(&self) {
        if let Some(file) = &self.0 {
            let _ = fs::remove_file(file);
        }
    }
}

/// Sixteen bits of a salted hash of the credentials.
fn fingerprint(salt: &str, settings: &Settings) -> String {
    let mut hasher = DefaultHasher::new();
    (salt, settings.user.as_str(), settings.password.reveal()).hash(&mut hasher);
    format!("{:04x}", hasher.finish() & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::connect::settings::{Address, Secret};

    fn settings(folder: &std::path::Path, user: &str, password: &str) -> Settings {
        let mut settings = Settings::new(Address::Descriptor("(DESCRIPTION=x)".into()), user, Secret::new(password));
        settings.refused_logins = Some(folder.join("logins"));
        settings
    }

    #[test]
    fn a_refusal_holds_for_the_same_credentials_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let wrong = settings(folder.path(), "etl", "wrong-word");
        let memory = LoginMemory::of(&wrong);
        memory.note(&wrong, &OracleError::of_code(28_000, None));
        assert_eq!(memory.refused(&wrong), None, "a lock can be lifted without a new password");
        memory.note(&wrong, &OracleError::of_code(1_017, None));
        assert_eq!(memory.refused(&wrong).and_then(|error| error.code), Some(1_017));
        let other = settings(folder.path(), "reader", "wrong-word");
        assert_eq!(LoginMemory::of(&other).refused(&other), None);
        let known: Vec<bool> =
            (0..50).map(|at| memory.refused(&settings(folder.path(), "etl", &format!("new-{at}"))).is_some()).collect();
        assert!(known.iter().filter(|known| **known).count() <= 1, "another password is tried: {known:?}");
        let note = fs::read_dir(folder.path().join("logins")).expect("notes").next().expect("a note").expect("a note");
        let note = fs::read_to_string(note.path()).expect("a note");
        assert!(!note.contains("wrong") && note.trim().len() == 21, "{note}");
        memory.forget();
        assert_eq!(memory.refused(&wrong), None);
    }
}

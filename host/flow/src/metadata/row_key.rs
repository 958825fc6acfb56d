//! The keys of rows in quarantine: in words for people, and as a digest by which a row that is loaded is recognized.

use arrow_array::RecordBatch;
use serde_json::Value as Json;

use crate::rows::cell_json::plain_value;

/// The longest key in words, in characters.
const WORDS_CHARS: usize = 500;

/// A digest of the values of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyDigest(u128);

impl KeyDigest {
    /// Returns the text in which the digest is stored.
    pub(crate) fn to_text(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Parses such a text.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        u128::from_str_radix(text, 16).ok().map(Self)
    }

    fn of_parts<'p>(parts: impl Iterator<Item = &'p [u8]>) -> Self {
        let mut digest = blake3::Hasher::new();
        for part in parts {
            digest.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.finalize().as_bytes()[..16]);
        Self(u128::from_be_bytes(bytes))
    }
}

/// Returns the digest of the key of a row in JSON; `None` if a part of it is missing, NULL, or neither text, number nor
/// Boolean.
pub(crate) fn digest_of_json(row: &str, key: &[String]) -> Option<KeyDigest> {
    if key.is_empty() {
        return None;
    }
    let row: Json = serde_json::from_str(row).ok()?;
    let part = |name: &String| match row.get(name)? {
        Json::Null | Json::Object(_) | Json::Array(_) => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let parts = key.iter().map(part).collect::<Option<Vec<_>>>()?;
    Some(KeyDigest::of_parts(parts.iter().map(String::as_bytes)))
}

/// Returns the digest of the key of a row in a batch; `None` if a part of it is missing or NULL.
pub(crate) fn digest_at(rows: &RecordBatch, row: usize, key: &[String]) -> Option<KeyDigest> {
    if key.is_empty() {
        return None;
    }
    let part = |name: &String| plain_value(rows.column_by_name(name)?.as_ref(), row);
    let parts = key.iter().map(part).collect::<Option<Vec<_>>>()?;
    Some(KeyDigest::of_parts(parts.iter().map(String::as_bytes)))
}

/// Returns the key of a row in JSON in words, such as `id=7, site=A`; `None` if a part of it is missing.
pub(crate) fn words_of_json(row: &str, key: &[String]) -> Option<String> {
    let row: Json = serde_json::from_str(row).ok()?;
    let part = |name: &String| {
        let words = match row.get(name)? {
            Json::Null => "NULL".to_owned(),
            Json::String(text) => text.replace(char::is_control, "\u{fffd}"),
            other => other.to_string(),
        };
        Some(format!("{name}={words}"))
    };
    let words = key.iter().map(part).collect::<Option<Vec<_>>>()?.join(", ");
    (!words.is_empty()).then(|| words.chars().take(WORDS_CHARS).collect())
}

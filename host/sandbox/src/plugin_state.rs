//! A plugin's own memory, as it is and as the last chunk took it along.

use std::collections::BTreeMap;

use wmshost_flow::Failure;

const KEYS: usize = 64;
const KEY_BYTES: usize = 128;
const VALUE_BYTES: usize = 64 << 10;

/// The memory as it is, and as it was at the last chunk. Both have at most `KEYS` keys, whatever a plugin sets and
/// removes in between.
#[derive(Default)]
pub(crate) struct PluginState {
    now: BTreeMap<String, Vec<u8>>,
    sent: BTreeMap<String, Vec<u8>>,
}

impl PluginState {
    /// The memory as of a checkpoint.
    pub(crate) fn of(committed: &BTreeMap<String, Vec<u8>>) -> Self {
        Self { now: committed.clone(), sent: committed.clone() }
    }

    /// The values that have changed since the last chunk; `None` for a key that was removed.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<String, Option<Vec<u8>>> {
        let forgotten = self.sent.keys().filter(|key| !self.now.contains_key(*key)).map(|key| (key.clone(), None));
        let changed = self.now.iter().filter(|(key, value)| self.sent.get(*key) != Some(value));
        let changed = changed.map(|(key, value)| (key.clone(), Some(value.clone())));
        let changes: BTreeMap<_, _> = forgotten.chain(changed).collect();
        if !changes.is_empty() {
            self.sent.clone_from(&self.now);
        }
        changes
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Vec<u8>> {
        self.now.get(key)
    }

    /// Sets a key, or forgets it.
    pub(crate) fn set(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), Failure> {
        if key.len() > KEY_BYTES {
            return Err(Failure::limit("state_key_bytes", KEY_BYTES, key.len()));
        }
        let Some(value) = value else {
            self.now.remove(&key);
            return Ok(());
        };
        if value.len() > VALUE_BYTES {
            return Err(Failure::limit("state_value_bytes", VALUE_BYTES, value.len()));
        }
        if !self.now.contains_key(&key) && self.now.len() == KEYS {
            return Err(Failure::limit("state_keys", KEYS, KEYS + 1));
        }
        self.now.insert(key, value);
        Ok(())
    }
}

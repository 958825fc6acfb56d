//! A plugin's own memory. What it sets travels with the next chunk and is committed with that chunk's checkpoint.

use std::collections::BTreeMap;

use wmshost_flow::Failure;

use super::{HostResult, into_guest};
use crate::bindings::state::Host;
use crate::instance_state::InstanceState;

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

    fn set(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), Failure> {
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

impl Host for InstanceState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.state.now.get(&key).cloned())
    }

    fn set(&mut self, key: String, value: Option<Vec<u8>>) -> HostResult<()> {
        into_guest(self.state.set(key, value))
    }
}

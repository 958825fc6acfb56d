//! A plugin's own memory. What it sets travels with the next chunk and is committed with that chunk's checkpoint.

use wmshost_flow::Failure;

use super::{Answer, answer};
use crate::bindings::state::Host;
use crate::guest::Guest;

const KEYS: usize = 64;
const KEY_BYTES: usize = 128;
const VALUE_BYTES: usize = 64 << 10;

impl Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.state.get(&key).cloned())
    }

    fn set(&mut self, key: String, value: Option<Vec<u8>>) -> Answer<()> {
        answer(self.set_state(key, value))
    }
}

impl Guest {
    fn set_state(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), Failure> {
        if key.len() > KEY_BYTES {
            return Err(Failure::limit("state key (bytes)", KEY_BYTES, key.len()));
        }
        if let Some(value) = &value {
            if value.len() > VALUE_BYTES {
                return Err(Failure::limit("state value (bytes)", VALUE_BYTES, value.len()));
            }
            if !self.state.contains_key(&key) && self.state.len() == KEYS {
                return Err(Failure::limit("state (keys)", KEYS, KEYS + 1));
            }
            self.state.insert(key.clone(), value.clone());
        } else {
            self.state.remove(&key);
        }
        self.state_changes.insert(key, value);
        Ok(())
    }
}

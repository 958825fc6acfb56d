//! A small memory of the plugin's own, one per stream, committed together with the checkpoint. Extractors only.
//! Natively it lives as long as the thread.

use crate::failure::Result;

/// The value of a key.
#[cfg(target_family = "wasm")]
pub fn get(key: &str) -> Option<Vec<u8>> {
    wmshost_plugin_capabilities::state::get(key)
}

/// Sets a key, or forgets it with `None`.
#[cfg(target_family = "wasm")]
pub fn set(key: &str, value: Option<&[u8]>) -> Result<()> {
    wmshost_plugin_capabilities::state::set(key, value)
}

#[cfg(not(target_family = "wasm"))]
thread_local! {
    static MEMORY: std::cell::RefCell<std::collections::BTreeMap<String, Vec<u8>>> = const {
        std::cell::RefCell::new(std::collections::BTreeMap::new())
    };
}

/// The value of a key.
#[cfg(not(target_family = "wasm"))]
pub fn get(key: &str) -> Option<Vec<u8>> {
    MEMORY.with_borrow(|memory| memory.get(key).cloned())
}

/// Sets a key, or forgets it with `None`.
#[cfg(not(target_family = "wasm"))]
pub fn set(key: &str, value: Option<&[u8]>) -> Result<()> {
    MEMORY.with_borrow_mut(|memory| match value {
        Some(value) => memory.insert(key.to_owned(), value.to_vec()),
        None => memory.remove(key),
    });
    Ok(())
}

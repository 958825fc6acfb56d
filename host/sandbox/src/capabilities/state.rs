//! A plugin's own memory. What it sets travels with the next chunk and is committed with that chunk's checkpoint.

use wasmtime::component::HasData;

use super::{HostResult, into_guest};
use crate::bindings::state::Host;
use crate::plugin_state::PluginState;

/// The capability `state`. It sees [`StateCtx`] and nothing else.
pub(crate) struct State;

impl HasData for State {
    type Data<'a> = &'a mut StateCtx;
}

/// The capability's context in an instance.
#[derive(Default)]
pub(crate) struct StateCtx {
    /// The memory of the stream that is open.
    pub(crate) memory: PluginState,
}

impl Host for StateCtx {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.memory.get(&key).cloned())
    }

    fn set(&mut self, key: String, value: Option<Vec<u8>>) -> HostResult<()> {
        into_guest(self.memory.set(key, value))
    }
}

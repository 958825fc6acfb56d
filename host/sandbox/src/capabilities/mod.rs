//! The functions that plugins may call. One module per capability: each implements its interface of the contract on the
//! host's state of an instance. Which of them an instance gets is decided in `link`.

mod batches;
mod log;
mod settings;
mod source;
mod state;
mod target;

pub(crate) use log::LogMeter;
#[expect(unreachable_pub, reason = "the generated bindings re-export them")]
pub use source::{Connection, OpenCursor};
pub(crate) use state::PluginState;
pub(crate) use target::{LoadPolicy, Phase};

use wmshost_flow::Failure;

use crate::bindings::types as wit;
use crate::convert::failure_to_wit;
use crate::instance_state::InstanceState;

/// The result of a host function: a trap, or a failure that the plugin can handle, or a value.
pub(crate) type HostResult<T> = wasmtime::Result<Result<T, wit::Failure>>;

/// A failure that the plugin can handle.
fn into_guest<T>(result: Result<T, Failure>) -> HostResult<T> {
    Ok(result.map_err(failure_to_wit))
}

impl wit::Host for InstanceState {}

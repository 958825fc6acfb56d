//! What plugins may call. One room per capability: each implements its interface of the contract on what the
//! host keeps for an instance. Which of them an instance gets is decided in `link`.

mod batches;
mod log;
mod settings;
mod source;
mod state;
mod target;

pub(crate) use log::LogMeter;
#[expect(unreachable_pub, reason = "the generated bindings re-export them")]
pub use source::{Connection, OpenCursor};
pub(crate) use state::OwnState;
pub(crate) use target::{LoadRules, Phase};

use wmshost_flow::Failure;

use crate::bindings::types as wit;
use crate::convert::failure_to_wit;
use crate::guest::Guest;

/// What a host function gives: a trap, or a failure that the plugin can handle, or a value.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, wit::Failure>>;

/// A failure that the plugin can handle.
fn answer<T>(result: Result<T, Failure>) -> Answer<T> {
    Ok(result.map_err(failure_to_wit))
}

impl wit::Host for Guest {}

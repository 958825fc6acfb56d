//! The functions that plugins may call. One module per capability: its context in an instance, a view of that with the
//! handles where it makes or takes any, and the interface of the contract for the view. A capability sees its own context
//! only: `log` cannot reach the target, whatever this folder contains. Which of them an instance gets is decided in `link`.
//!
//! | module | purpose |
//! |---|---|
//! | `batches` | reading and writing columns, and taking rows out |
//! | `log` | messages of plugins in the run's log |
//! | `settings` | the plugin's own table in the pipeline file |
//! | `source` | reading a granted database |
//! | `state` | a plugin's own memory |
//! | `target` | writing the table of the stream |
//! | `types` | the contract's types, which have no functions |

mod batches;
mod log;
mod settings;
mod source;
mod state;
mod target;
mod types;

pub(crate) use batches::{Batches, BatchesCtx, BatchesView};
pub(crate) use log::{Log, LogCtx, LogMeter};
pub(crate) use settings::{Settings, SettingsCtx};
pub use source::GrantedSource;
pub(crate) use source::{Source, SourceCtx, SourceView};
pub(crate) use state::{State, StateCtx};
pub(crate) use target::{Target, TargetCtx, TargetView};
pub(crate) use types::Types;

use wmshost_flow::Failure;

use crate::bindings::types as wit;
use crate::convert::failure_to_wit;

/// The result of a host function: a trap, or a failure that the plugin can handle, or a value.
pub(crate) type HostResult<T> = wasmtime::Result<Result<T, wit::Failure>>;

/// A failure that the plugin can handle.
fn into_guest<T>(result: Result<T, Failure>) -> HostResult<T> {
    Ok(result.map_err(failure_to_wit))
}

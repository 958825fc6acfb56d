//! The functions that plugins may call. One module per capability: its context in an instance, a view of that with the
//! handles where it makes or takes any, and the interface of the contract for the view. A capability sees its own context
//! only: `log` cannot reach the target, whatever this folder contains. Which of them an instance gets is decided in `link`.
//!
//! | module | purpose |
//! |---|---|
//! | `batches` | reading and writing columns, and taking rows out |
//! | `building` | batches that a plugin makes itself |
//! | `denials` | the count of calls that were denied |
//! | `http` | reading a granted web service |
//! | `log` | messages of plugins in the run's log |
//! | `settings` | the plugin's own table in the pipeline file |
//! | `source` | reading a granted database |
//! | `state` | a plugin's own memory |
//! | `target` | writing the table of the stream |
//! | `types` | the contract's types, which have no functions |

mod batches;
mod building;
mod denials;
mod http;
mod log;
mod settings;
mod source;
mod state;
mod target;
mod types;

pub(crate) use batches::{Batches, BatchesCtx, BatchesView};
pub(crate) use building::{Building, BuildingView};
pub use http::GrantedService;
pub(crate) use http::{Http, HttpCtx, HttpView};
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

/// The source that an extractor may read.
pub enum Granted {
    /// A database, by the capability `source`.
    Database(GrantedSource),
    /// A web service, by the capability `http`.
    Service(GrantedService),
}

impl Granted {
    /// The label that it is granted under.
    pub fn label(&self) -> &str {
        match self {
            Self::Database(source) => &source.label,
            Self::Service(service) => &service.label,
        }
    }
}

/// Refuses a label that is not the granted one: a denied one is among the known labels.
fn check_label(label: &str, granted: &str, known_labels: &[String]) -> Result<(), Failure> {
    if label == granted {
        return Ok(());
    }
    if known_labels.iter().any(|known| known == label) {
        return Err(Failure::denied(format!("the source {label:?} is not granted to this stream; {granted:?} is")));
    }
    Err(Failure::invalid_config(format!("the pipeline has no connection {label:?}")))
}

/// A failure that the plugin can handle.
fn into_guest<T>(result: Result<T, Failure>) -> HostResult<T> {
    Ok(result.map_err(failure_to_wit))
}

//! The purpose of a call of a plugin.

use std::time::Duration;

/// The name that failures give to the making of an instance.
pub(crate) const INSTANTIATE: &str = "instantiate";

/// The purpose of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose {
    /// The exported function.
    pub(crate) function: &'static str,
    /// The number of the current batch, from 1; 0 for one without rows before the first.
    pub(crate) batch: Option<u64>,
    /// The longest time that it may compute, if that is not the usual limit.
    pub(crate) time: Option<Duration>,
    /// True if none of the plugin's messages goes into the log.
    pub(crate) is_silent: bool,
}

impl Purpose {
    /// A call that is not about a batch.
    pub(crate) fn of(function: &'static str) -> Self {
        Self { function, batch: None, time: None, is_silent: false }
    }

    /// A call with a batch.
    pub(crate) fn batch(function: &'static str, number: u64) -> Self {
        Self { batch: Some(number), ..Self::of(function) }
    }
}

//! Ways to fail. The kind decides what the host does next; the message is for the person who reads the run's report:
//! where, what, why, what to do. Never put a value of a row into it.

pub use wmshost_plugin_capabilities::types::Failure;

/// The result of a plugin's functions.
pub type Result<T> = std::result::Result<T, Failure>;

/// The pipeline file has a value that is impossible here.
pub fn invalid_config(message: impl Into<String>) -> Failure {
    Failure::InvalidConfig(message.into())
}

/// All mistakes of the pipeline file at once: an `invalid-config` failure, or nothing if there is none.
pub fn all_mistakes(mistakes: &[String]) -> Result<()> {
    if mistakes.is_empty() { Ok(()) } else { Err(invalid_config(mistakes.join("; "))) }
}

/// The data or the call is wrong, and stays wrong.
pub fn permanent(message: impl Into<String>) -> Failure {
    Failure::Permanent(message.into())
}

/// A state that may pass by itself.
pub fn transient(message: impl Into<String>) -> Failure {
    Failure::Transient(message.into())
}

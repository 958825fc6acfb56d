//! The process's environment.

use std::env;
use std::ffi::OsString;

/// A variable of the process's environment.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

//! The support library of the whole-program tests. They run the real binary on real files and read the databases with
//! plain SQL; the plugins must be built (`make plugins`).
//!
//! | module | purpose |
//! |---|---|
//! | `built` | the program and the plugins, as they were built last |
//! | `test_project` | a folder with a pipeline, a source and a target, and running the program on them |
//! | `components` | components made from others by overwriting them |
//! | `damage` | damage to bytes, by a seed |
//! | `expected` | the expected rows of the target, recomputed in plain SQL |
//! | `generated` | values by seed, and the canonical text of each |
//! | `numbers` | numbers that look random and are the same every time |

use std::process::{Child, Command};

mod built;
mod components;
mod damage;
mod expected;
pub mod generated;
mod numbers;
mod test_project;

pub use built::{plugin, plugins, program, root};
pub use components::{with_contract_version, with_text};
pub use damage::damaged;
pub use expected::assert_target_equals_source;
pub use generated::{EPOCH, canonical_number, day_text, hexadecimal, moment_text};
pub use numbers::Numbers;
pub use test_project::{CommandOutput, TestProject};

/// Sends a signal, such as `-TERM`, to a program that a test has started.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success(), "{name}");
}

/// True if the tests take their time: `WMSHOST_TEST_LONG=1`, as `make test-long` sets it.
pub fn is_long() -> bool {
    std::env::var_os("WMSHOST_TEST_LONG").is_some()
}

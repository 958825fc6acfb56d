//! The support library of the whole-program tests. They run the real binary on real files and read the databases with
//! plain SQL; the plugins must be built (`make plugins`).
//!
//! | module | purpose |
//! |---|---|
//! | `built` | the program and the plugins, as they were built last |
//! | `test_project` | a folder with a pipeline, a source and a target, and running the program on them |
//! | `expected` | the expected rows of the target, recomputed in plain SQL |
//! | `generated` | values by seed, and the canonical text of each |
//! | `numbers` | numbers that look random and are the same every time |

mod built;
mod expected;
pub mod generated;
mod numbers;
mod test_project;

pub use built::{plugin, plugins, program, root};
pub use expected::assert_target_equals_source;
pub use generated::{EPOCH, canonical_number, day_text, hexadecimal, moment_text};
pub use numbers::Numbers;
pub use test_project::{CommandOutput, TestProject};

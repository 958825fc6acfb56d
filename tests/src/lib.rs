//! What the whole-program tests stand on. They run the real binary on real files and look at the databases with
//! plain SQL; the plugins must be built (`make plugins`).
//!
//! | room | what it is for |
//! |---|---|
//! | `lab` | a folder with a pipeline, a source and a target, and running the program on them |
//! | `expected` | what the target must hold, recomputed in plain SQL |

mod expected;
mod lab;

pub use expected::assert_target_equals_source;
pub use lab::{Lab, Ran, plugin};

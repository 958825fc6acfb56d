//! The doors through which bytes from outside come in. Whatever the bytes are, each function returns whether they were taken:
//! nothing panics, waits without end, or shows what is withheld. `make test` sends them damaged examples by a seed; `make fuzz` has cargo-fuzz
//! look for bytes that take other ways through the code.
//!
//! | module | what it is for |
//! |---|---|
//! | `components` | components, and what guests pass at the border |
//! | `sql` | statements of extractors and of models |
//! | `files` | pipeline files, exported states, recordings, bundles |
//! | `examples` | examples of each, to begin from |

mod components;
mod examples;
mod files;
mod sql;

pub use components::{border, component};
pub use examples::examples;
pub use files::{bundle, pipeline_file, recording, state_file};
pub use sql::{extractor_sql, model_sql};

/// A door by its name.
pub type Door = (&'static str, fn(&[u8]) -> bool);

/// All doors. Each has a target of its name in `fuzz/fuzz_targets/`.
pub const DOORS: [Door; 8] = [
    ("border", border),
    ("bundle", bundle),
    ("component", component),
    ("extractor_sql", extractor_sql),
    ("model_sql", model_sql),
    ("pipeline_file", pipeline_file),
    ("recording", recording),
    ("state_file", state_file),
];

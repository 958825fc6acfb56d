//! For authors of plugins: new projects, tests by cases, and certification. It returns outcomes and prints nothing.
//!
//! | module | what it is for |
//! |---|---|
//! | `error` | errors: file, mistake, what to do |
//! | `rows` | rows in files |
//! | `scaffold` | new projects, with the SDK's source |
//! | `project` | an author's project, and how it is built |
//! | `cases` | tests of a component by cases |
//! | `bench` | the cost of a transform |
//! | `certify` | the clauses that a component must keep, and the verdicts |

mod bench;
mod cases;
mod certify;
mod error;
mod project;
mod rows;
mod scaffold;

pub use bench::{Bench, bench};
pub use cases::{
    CaseDiff, CaseResult, Fate, Outcome, PluginDiff, RecordedCall, RecordedReading, Recording, Replayed, RowsDiff,
    Suite, Transcript, changed_cells, changed_columns, copy_as_case, diff, fates, read_recording, record,
    record_reading, recorded, recordings, replay, run_suite, short,
};
pub use certify::{Clause, Finding, Verdict, clauses, examine};
pub use error::{Error, Result};
pub use project::{Language, Project};
pub use scaffold::{NewProject, new_project};

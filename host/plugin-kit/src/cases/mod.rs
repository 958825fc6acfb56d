//! Tests of a component by cases: a folder each, with the input, the settings and what is expected, as files. The compiled
//! component is run by the real host, against databases of the case's own.
//!
//! | module | what it is for |
//! |---|---|
//! | `case` | the folder of a case, and its `case.toml` |
//! | `database` | SQLite databases of a case, from tables in files |
//! | `host` | the parts of the host that every case needs: clock, context, observer |
//! | `log` | the messages of a component |
//! | `trial` | a compiled transform over rows |
//! | `transform` | a case of a transform |
//! | `extractor` | a case of an extractor |
//! | `answers` | the answers of a source in a run, beside a case |
//! | `transcript` | sessions whose answers are kept, and that give them again |
//! | `answered` | a case of an extractor with such answers |
//! | `loader` | a case of a loader |
//! | `models` | a case of models |
//! | `golden` | expected files: compared, or written |
//! | `random` | random rows of a case's columns, and the smallest ones that fail |
//! | `recording` | batches on which transforms failed in a run |
//! | `suite` | all cases of a project |
//! | `rows_diff` | two transforms by the same rows, cell by cell |
//! | `diff` | two components by the same cases and recordings |

mod answered;
pub(crate) mod answers;
pub(crate) mod case;
pub(crate) mod database;
mod diff;
pub(crate) mod extractor;
mod golden;
pub(crate) mod host;
pub(crate) mod loader;
pub(crate) mod log;
pub(crate) mod models;
pub(crate) mod random;
mod recording;
mod rows_diff;
mod suite;
mod transcript;
pub(crate) mod transform;
pub(crate) mod trial;

pub use diff::{CaseDiff, PluginDiff, diff};
pub use recording::{
    RecordedCall, RecordedReading, Recording, Replayed, copy_as_case, read_recording, record, record_reading, recorded,
    recordings, replay,
};
pub use rows_diff::{Fate, RowsDiff, changed_cells, changed_columns, fates, short};
pub(crate) use suite::folder_of;
pub use suite::{CaseResult, Outcome, Suite, run_suite};
pub use transcript::Transcript;

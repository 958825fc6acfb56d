//! A Meltano project as pipelines. Its YAML is read, and nothing of it is run: no plugin, no database, no `.env` and no
//! variable of the environment is looked at. References to variables stay references, secrets in plain text are left out, and
//! a report says of each part what became of it.
//!
//! | module | purpose |
//! |---|---|
//! | `report` | the parity report |
//! | `source` | `meltano.yml` and the files that it includes |
//! | `plugins` | plugins with what they inherit, and their settings in an environment |
//! | `reference` | texts with variables in them |
//! | `pattern` | the rules of `select` |
//! | `rules` | the settings that have a key here |
//! | `document` | a pipeline file as a tree of tables |
//! | `bookmark` | Singer states as bookmarks |
//! | `catalog` | catalogs of taps |
//! | `connection` | a tap or a target as a connection |
//! | `streams` | the streams of a tap |
//! | `columns` | their columns that are selected |
//! | `jobs` | jobs and schedules |
//! | `pipeline` | a tap and a target in one environment as a pipeline |
//! | `import` | the project as a whole |
//! | `output` | writing the files |

mod bookmark;
mod catalog;
mod columns;
mod connection;
mod document;
mod import;
mod jobs;
mod output;
mod pattern;
mod pipeline;
mod plugins;
mod reference;
mod report;
mod rules;
mod source;
mod streams;

pub use import::{MeltanoImport, MeltanoOptions, import};
pub use output::write;
pub use report::{Parity, ParityItem, PartKind, REPORT_FILE, counts, parity_text};

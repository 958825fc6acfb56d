//! A dbt project as a SQL project: its Jinja is evaluated once, its YAML is written in the words that a SQL project has, and
//! the result is checked as a whole. What cannot be taken over is refused by name, with file and line; models that read it
//! are refused, too, so that what is written is complete in itself. Nothing of the project is run.
//!
//! | module | purpose |
//! |---|---|
//! | `options` | the choices of an import |
//! | `report` | the report on each part of the project |
//! | `layout` | `dbt_project.yml`: folders, variables, the tree of settings |
//! | `macros` | the macros and generic tests in the project's files |
//! | `jinja` | the functions that models call, within limits |
//! | `utils` | the macros of dbt_utils and of dbt that are known |
//! | `relations` | names of tables in evaluated SQL |
//! | `settings` | the settings of one model, from all places where they can be |
//! | `written` | the YAML of a SQL project |
//! | `tests` | tests of models and sources |
//! | `properties` | models, sources and exposures in YAML |
//! | `snapshots` | the snapshots of the project |
//! | `drafts` | models, seeds, snapshots and tests with their Jinja evaluated |
//! | `settle` | the check of the whole, and what it refuses |
//! | `output` | the files that are written |
//! | `import` | the project as a whole |

mod drafts;
mod import;
mod jinja;
mod layout;
mod macros;
mod options;
mod output;
mod properties;
mod relations;
mod report;
mod settings;
mod settle;
mod snapshots;
mod tests;
mod utils;
mod written;

pub use import::{DbtImport, import};
pub use options::DbtOptions;
pub use output::write;
pub use report::{ItemKind, ItemStatus, ReportItem};

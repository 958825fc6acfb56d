//! SQL projects: folders of plain SQL files with YAML beside them, read into the same declarations that a plugin of models
//! makes. They pass the same checks, guard, runner and tests. Projects of other tools are taken over: of dbt into such a
//! folder, of Meltano into pipelines. This crate reads files and nothing else: no database, no sandbox, no environment.
//!
//! | module | purpose |
//! |---|---|
//! | `files` | the files of a folder, within limits |
//! | `folder` | writing a folder as a whole |
//! | `problem` | mistakes, with file and line |
//! | `yaml` | YAML as a tree with lines, within limits |
//! | `sql_project` | a folder as declarations of models |
//! | `dbt` | a dbt project as such a folder |
//! | `meltano` | a Meltano project as pipelines |

mod dbt;
mod files;
mod folder;
mod meltano;
mod problem;
mod sql_project;
mod yaml;

pub use dbt::{DbtImport, DbtOptions, ItemKind, ItemStatus, ReportItem, import as import_dbt, write as write_project};
pub use meltano::{
    MeltanoImport, MeltanoOptions, Parity, ParityItem, PartKind, REPORT_FILE, counts, import as import_meltano,
    parity_text, write as write_pipelines,
};
pub use problem::{Problem, problems_text};
pub use sql_project::{SqlProject, digest, read};

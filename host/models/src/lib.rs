//! Models: SQL over the tables that streams write, as plugins declare it. They are checked as a whole before anything
//! is built; built in the order of their dependencies, each model in one transaction with the host's record of it;
//! tested; documented. This crate knows only the flow's ports: no database driver, no sandbox, no clock of its own.
//!
//! | module | purpose |
//! |---|---|
//! | `diagnostic` | mistakes in declarations, and where they are |
//! | `template` | SQL with placeholders |
//! | `record` | records of builds and tests, with the inputs of each |
//! | `project` | all models of a pipeline as one graph |
//! | `guard` | the tables and functions that a plugin's SQL may name |
//! | `host_columns` | the columns that the host adds to those of a model |
//! | `check` | checks that need no database |
//! | `built_model` | the table or view of a model, and the columns that identify its rows |
//! | `contract` | checks that values have the declared types |
//! | `describe` | asks the database for columns and types that declarations leave out |
//! | `prepare` | compiles all SQL in the database without running it |
//! | `graph` | dependencies between nodes |
//! | `select` | dbt's selection of nodes |
//! | `store` | the host's tables about models in the target |
//! | `run` | building models |
//! | `data_tests` | tests of models and streams |
//! | `unit` | models over a few rows |
//! | `lineage` | the columns that a column is computed from |
//! | `freshness` | the age of nodes |
//! | `run_history` | results of earlier runs, from the target |
//! | `openlineage` | a run as events for lineage tools |
//! | `manifest` | `manifest.json`: the declarations |
//! | `run_results` | `run_results.json`: the results of a run |

mod built_model;
mod check;
mod contract;
mod data_tests;
mod describe;
mod diagnostic;
mod freshness;
mod graph;
mod guard;
mod host_columns;
mod lineage;
mod manifest;
mod openlineage;
mod prepare;
mod project;
mod record;
mod run;
mod run_history;
mod run_results;
mod select;
mod store;
mod template;
mod unit;

pub use built_model::BuiltModel;
pub use data_tests::{TestResult, TestStatus};
pub use diagnostic::Diagnostic;
pub use freshness::{Age, FreshnessStatus};
pub use manifest::{
    Manifest, ManifestColumn, ManifestExposure, ManifestFreshness, ManifestGoal, ManifestMetric, ManifestModel,
    ManifestNode, ManifestTest, NodeKind, StreamOrigin,
};
pub use project::{Compiled, Project, Selected, Setup};
pub use record::{BuildRecord, Inputs, Moment, OwnState, Seen, StreamVersion, TestRecord};
pub use run::{Action, BuildOptions, NodeResult, NodeStatus, Observer, Report, Runner};
pub use run_history::{ColumnProfile, LastBuild, LastTest, NodeHistory, Profile};
pub use run_results::{NodeOutcome, Outcome, RunResults, RunStatus};
pub use select::PreviousRun;
pub use store::{FAILURES_TABLE, MODEL_TABLE, TEST_TABLE, store_objections};
pub use template::relations;
pub use unit::{Scratch, UnitResult};

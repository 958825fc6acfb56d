//! Models: SQL over the tables that streams write, as plugins declare it. Checked as a whole before anything is
//! built; built in the order of what reads what, each model in a transaction with what the host notes of it;
//! tested; documented. Knows only the flow's ports: no database driver, no sandbox, no clock of its own.
//!
//! | module | what it is for |
//! |---|---|
//! | `diagnostic` | what is wrong with a declaration, and where |
//! | `template` | SQL with placeholders |
//! | `project` | all models of a pipeline as one graph |
//! | `guard` | what a plugin's SQL may name and call |
//! | `check` | what can be known without a database |
//! | `dialect` | how SQL is written for a kind of database |
//! | `contract` | whether what SQL gives has the declared types |
//! | `prepare` | whether the database takes the SQL |
//! | `graph` | who depends on whom |
//! | `select` | which models are meant |
//! | `store` | what the host keeps of models in the target |
//! | `run` | building models |
//! | `data_tests` | tests of models and streams |
//! | `unit` | models over a few rows |
//! | `lineage` | which columns a column is made of |
//! | `freshness` | how old things are |
//! | `run_history` | what the target remembers of models |
//! | `openlineage` | a run as events for lineage tools |
//! | `manifest` | what is declared and how a run went, as JSON |

mod check;
mod contract;
mod data_tests;
mod diagnostic;
mod dialect;
mod freshness;
mod graph;
mod guard;
mod lineage;
mod manifest;
mod openlineage;
mod prepare;
mod project;
mod run;
mod run_history;
mod select;
mod store;
mod template;
mod unit;

pub use data_tests::{TestResult, TestStatus};
pub use diagnostic::Diagnostic;
pub use freshness::{Age, FreshnessStatus};
pub use manifest::previous_results;
pub use project::{Compiled, Project, Setup};
pub use run::{Action, BuildOptions, NodeResult, NodeStatus, Observer, Report, Runner};
pub use select::{PreviousRun, Selected};
pub use store::{BuildRecord, FAILURES_TABLE, MODEL_TABLE, TEST_TABLE, TestRecord};
pub use unit::{Scratch, UnitResult};

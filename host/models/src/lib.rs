//! Models: SQL over the tables that streams write, as plugins declare it. Checked as a whole before anything is
//! built; built in the order of what reads what, each model in a transaction with what the host notes of it;
//! tested; documented. Knows only the flow's ports: no database driver, no sandbox, no clock of its own.
//!
//! | room | what it is for |
//! |---|---|
//! | `mistake` | what is wrong with a declaration, and where |
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
//! | `build` | building models |
//! | `test` | tests of models and streams |
//! | `unit` | models over a few rows |
//! | `lineage` | which columns a column is made of |
//! | `freshness` | how old things are |
//! | `past` | what the target remembers of models |
//! | `openlineage` | a run as events for lineage tools |
//! | `manifest` | what is declared and how a run went, as JSON |

mod build;
mod check;
mod contract;
mod dialect;
mod freshness;
mod graph;
mod guard;
mod lineage;
mod manifest;
mod mistake;
mod openlineage;
mod past;
mod prepare;
mod project;
mod select;
mod store;
mod template;
mod test;
mod unit;

pub use build::{Action, BuildOptions, NodeResult, NodeStatus, Observer, Report, Runner};
pub use freshness::{Age, FreshnessStatus};
pub use manifest::past_results;
pub use mistake::Mistake;
pub use project::{Compiled, Project, Setup};
pub use select::{Past, Selected};
pub use store::{Built, FAILURES_TABLE, MODEL_TABLE, TEST_TABLE, Tested};
pub use test::{TestResult, TestStatus};
pub use unit::{Scratch, UnitResult};

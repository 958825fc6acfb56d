//! The models that are built from the loaded tables.
//!
//! | module | what it is for |
//! |---|---|
//! | `declaration` | the declarations of a pipeline's plugins, checked as a whole |
//! | `models_project` | the models of a pipeline with their database open |
//! | `artifacts` | manifests, results and events, kept in the host's folder |
//! | `openlineage_client` | lineage events to a server |
//! | `build` | building and testing, by command and at the end of a run |
//! | `comparison` | two builds of the same models, row for row |
//! | `freshness` | the ages of streams and models |
//! | `inspect` | the nodes of the manifest, results, rows, metrics |
//! | `site` | the documentation |

mod artifacts;
mod build;
mod comparison;
mod declaration;
mod freshness;
mod inspect;
mod models_project;
mod openlineage_client;
mod site;

pub(crate) use build::build_after_load;
pub use build::{BuildRequest, ModelsOutcome, Work, build_models};
pub use comparison::{CompareRequest, ComparedModel, ModelsComparison, OtherBuild, compare_models};
pub(crate) use declaration::{builds_after_load, take_over_requests};
pub use declaration::{declared_models, watched_files};
pub use freshness::ages;
pub use inspect::{MetricDays, PlannedModel, ShownNode, metric_days, nodes, plans, show};
pub use models_project::{ModelsProject, Variables};
pub use site::{STYLE, write_site};

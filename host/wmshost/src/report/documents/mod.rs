//! The machine-readable outputs of the commands, one module per output. Their keys and values are part of the interface;
//! `wmshost schema` prints the JSON Schema of each.
//!
//! | module | what it is for |
//! |---|---|
//! | `bookmark` | bookmarks, checkpoints and changed definitions, which several outputs have |
//! | `api` | the HTTP interface of `serve` |
//! | `run` | `run` |
//! | `check` | `check`, with the connections of `check --connect` |
//! | `clean` | `clean` |
//! | `discover` | `discover` |
//! | `doctor` | `doctor` |
//! | `plan` | `plan` |
//! | `tap` | `tap` |
//! | `verify` | `verify` |
//! | `backfill` | `backfill` |
//! | `quarantine` | `quarantine list`, `show` and `replay` |
//! | `state` | `state list`, `show`, `log` and `diff` |
//! | `status` | `status` |
//! | `alerts` | `alerts test`, `send` and `list` |
//! | `explain` | `explain` |
//! | `receipt` | `receipt check` |
//! | `schedule` | `schedule list` |
//! | `runs` | `runs list` and `show` |
//! | `bundle` | `plugin bundle` and `install` |
//! | `cases` | `plugin test` |
//! | `certificate` | `plugin check` |
//! | `grants` | `plugin grants` |
//! | `plugin` | `plugin list` and `inspect` |
//! | `plugin_diff` | `plugin diff` |
//! | `recording` | `plugin replay` |
//! | `sample` | `sample create` and `change` |
//! | `comparison` | `models compare` |
//! | `models` | `models show`, `diff` and `freshness` |
//! | `import` | `import dbt` |
//! | `singer` | `singer target --about` |
//! | `kpi` | `kpi` |
//! | `error` | any command that failed before it had a result |
//! | `types` | type certificates, which `check` and `plan` have |
//! | `schemas` | the JSON Schemas of all outputs, by name |

pub(super) mod alerts;
pub(crate) mod api;
pub(super) mod backfill;
pub(super) mod bookmark;
pub(super) mod bundle;
pub(super) mod cases;
pub(super) mod certificate;
pub(super) mod check;
pub(super) mod clean;
pub(super) mod comparison;
pub(super) mod discover;
pub(super) mod doctor;
pub(super) mod error;
pub(super) mod explain;
pub(super) mod grants;
pub(super) mod import;
pub(super) mod kpi;
pub(super) mod models;
pub(super) mod plan;
pub(super) mod plugin;
pub(super) mod plugin_diff;
pub(super) mod quarantine;
pub(crate) mod receipt;
pub(super) mod recording;
pub(super) mod run;
pub(crate) mod runs;
pub(super) mod sample;
pub(crate) mod schedule;
mod schemas;
pub(super) mod singer;
pub(super) mod state;
pub(crate) mod status;
pub(super) mod tap;
pub(super) mod types;
pub(super) mod verify;

pub(crate) use schemas::SCHEMAS;

/// A time in the form of all outputs: UTC, to the microsecond.
pub(super) fn moment(micros: wmshost_flow::Micros) -> String {
    wmshost_flow::Value::Timestamp(micros).to_string()
}

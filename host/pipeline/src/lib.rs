//! Pipeline files: reading, resolving and checking them. What passes here does not fail later for reasons of
//! configuration. No database, no sandbox, no printing; the environment and what is known of plugins come in
//! as traits.
//!
//! The phases are types: the *authored* tree (what was typed, in known keys and right types), a [`Resolved`]
//! pipeline (`extends` merged, defaults put in, references looked up) and a [`Checked`] one (labels, plugins,
//! settings and tables fit together). Mistakes are collected through all phases and reported at once.
//!
//! | module | what it is for |
//! |---|---|
//! | `keys` | the one table of every key: its type, range, unit and default |
//! | `key_type` | what a key is |
//! | `authored` | one file: TOML into a tree of known keys, each with its line |
//! | `value` | one value: a literal of its key's type, or a reference |
//! | `extends` | a file and the files it extends, merged |
//! | `reference` | values from environment variables and files |
//! | `syntax` | what names, tables, addresses and paths may look like |
//! | `duration` | spans of time such as `90s` and `2h` |
//! | `secret` | text that is never shown |
//! | `connection` | what a database needs to be found and opened |
//! | `section_reader` | typed reading of one table of the merged tree |
//! | `policies` | the words that decide how a stream is moved |
//! | `models` | the models that are built of what the streams write |
//! | `resolved` | the pipeline with every value in place |
//! | `plugins` | port: what is known of a component file |
//! | `settings` | the settings of a plugin against what it declares |
//! | `cross_check` | whether the parts fit together |
//! | `checked` | the pipeline that can run |
//! | `select` | the streams that were asked for |
//! | `suggest` | did you mean …? |
//! | `diagnostics` | what is wrong: file, line, key, why, what to do |

mod authored;
mod checked;
mod connection;
mod cross_check;
mod diagnostics;
mod duration;
mod extends;
mod key_type;
mod keys;
mod models;
mod oracle;
mod plugins;
mod policies;
mod reference;
mod resolved;
mod secret;
mod section_reader;
mod select;
mod settings;
mod suggest;
mod syntax;
mod value;

pub use checked::{Checked, Stage, Stream, check_file};
pub use connection::{Connection, SqliteConnection};
pub use diagnostics::{Diagnostic, Diagnostics};
pub use duration::{duration_text, parse_duration};
pub use keys::{KeyHelp, all_keys};
pub use models::{Lineage, Models, ModelsPlan, variable_literal};
pub use oracle::{OracleAddress, OracleConnection, Service};
pub use plugins::{PluginCatalog, PluginMetadata, PluginProblem, SettingKind, SettingMetadata, World};
pub use policies::{Deletes, LateRows, Method, NewColumns, NewTypes, NullKeys, OnBadValue, OnChange, OnTrap};
pub use reference::Environment;
pub use resolved::{Limits, Resolved, RunOptions, StreamPlan, load};
pub use secret::Secret;
pub use settings::Setting;

/// The reference of the format: a pipeline file with every key, its default, its unit and what it is for.
pub const HELP: &str = include_str!("../../../pipelines/help.toml");

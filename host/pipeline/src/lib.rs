//! Pipeline files: reads, resolves and checks them. A pipeline that passes does not fail later because of its
//! configuration. No database, no sandbox, no printing; the environment and the metadata of plugins are passed in as
//! traits.
//!
//! The phases are types: the *authored* tree (the text as known keys with values of the right types), a [`Resolved`]
//! pipeline (`extends` merged, defaults filled in, references looked up) and a [`Checked`] one (labels, plugins,
//! settings and tables are consistent). Mistakes are collected through all phases and reported at once.
//!
//! | module | what it is for |
//! |---|---|
//! | `keys` | the only table of all keys: their types, ranges, units and defaults |
//! | `documentation` | the documentation of each key, from pipelines/help.toml |
//! | `schema` | the JSON Schema of pipeline files |
//! | `key_type` | the definition of a key |
//! | `authored` | one file: TOML into a tree of known keys, each with its line |
//! | `value` | one value: a literal of its key's type, or a reference |
//! | `extends` | merges a file with the files that it extends |
//! | `reference` | values from environment variables and files |
//! | `names` | names made of the names of tables, and texts as TOML has them |
//! | `syntax` | the syntax of names, tables, addresses and paths |
//! | `duration` | durations such as `90s` and `2h` |
//! | `secret` | text that is never shown |
//! | `columns` | the rules of a stream for its columns |
//! | `grants` | the parts of tables that a stream may read |
//! | `limits_reader` | the limits of plugins |
//! | `connection` | the options with which a database is opened |
//! | [`oracle`] | the settings of an Oracle server, which the driver takes |
//! | `oracle_reader` | reads the keys of an Oracle connection |
//! | `web_address` | addresses of web services |
//! | `web_service` | the settings of a web service, which the client takes |
//! | `web_service_reader` | reads the keys of a connection to a web service |
//! | `section_reader` | typed reading of one table of the merged tree |
//! | `policies` | the choices of how late rows are found, missed times are made up for, and mail is encrypted |
//! | `bookmark` | bookmarks that are made by hand |
//! | `alerts` | the alerts: their channels, and when they are sent |
//! | `quiet_hours` | the hours of the day in which they are held back |
//! | `schedule` | the times at which a pipeline is due |
//! | `schedule_reader` | reads them |
//! | `models` | the models built from the tables that the streams write |
//! | `run_options` | the options of runs |
//! | `resolved` | the pipeline with every value filled in |
//! | `plugins` | port: component files and their metadata |
//! | `settings` | checks the settings of a plugin against its declaration |
//! | `configured_plugin` | a plugin at its position |
//! | `plugin_lookup` | the file and the metadata of each plugin, looked up once |
//! | `cross_check` | checks that the parts are consistent |
//! | `checked` | the pipeline that can run |
//! | `load` | reads and checks a file |
//! | `select` | the streams that were selected by name |
//! | `suggest` | suggestions: did you mean …? |
//! | `diagnostics` | mistakes: file, line, key, reason, advice |

mod alerts;
mod authored;
mod bookmark;
mod checked;
mod columns;
mod configured_plugin;
mod connection;
mod cross_check;
mod diagnostics;
mod documentation;
mod duration;
mod extends;
mod grants;
mod key_type;
mod keys;
mod limits_reader;
mod load;
mod models;
mod names;
pub mod oracle;
mod oracle_reader;
mod plugin_lookup;
mod plugins;
mod policies;
mod quiet_hours;
mod reference;
mod resolved;
mod run_options;
mod schedule;
mod schedule_reader;
mod schema;
mod secret;
mod section_reader;
mod select;
mod settings;
mod suggest;
mod syntax;
mod value;
mod web_address;
mod web_service;
mod web_service_reader;

pub use alerts::{AlertChannel, AlertRoute, AlertsPlan, MailRoute};
pub use bookmark::bookmark_at;
pub use checked::{Checked, Stream};
pub use configured_plugin::ConfiguredPlugin;
pub use connection::{Connection, SqliteConnection};
pub use diagnostics::{Diagnostic, Diagnostics};
pub use documentation::HELP;
pub use duration::{duration_text, parse_duration};
pub use keys::{KeyHelp, all_keys};
pub use limits_reader::{changed_limits, limits_by_key};
pub use load::{check_file, check_text, load, load_text};
pub use models::{Lineage, Models, ModelsPlan, SQL_PROJECT, variable_literal};
pub use names::{stream_name, target_name, toml_text, unused_name};
pub use plugins::{
    Demands, PluginCatalog, PluginFile, PluginMetadata, PluginProblem, SettingMetadata, StandardPluginProblem, World,
};
pub use policies::{LateRows, MailTls, Misfire, Record};
pub use quiet_hours::QuietHours;
pub use reference::Environment;
pub use resolved::{Resolved, StreamPlan};
pub use run_options::RunOptions;
pub use schedule::{CronLine, ScheduleOptions};
pub use schema::schema;
pub use secret::Secret;
pub use syntax::{is_source_name, is_target_table};
pub use web_address::WebAddress;
pub use web_service::{Grant, OAuthClient, Proxy, SignIn, User, WebService};
pub use wmshost_flow::{Deletes, Method, NewColumns, NewTypes, NullKeys, OnBadValue, OnChange, OnTrap};

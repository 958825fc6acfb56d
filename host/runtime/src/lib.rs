//! The runtime: it makes streams of a pipeline file, the drivers and the plugins, runs them with retries, records the
//! runs, and builds the models. It reads the environment and has the clock, but it prints nothing, knows no command line
//! and no exit codes: it returns outcomes and reports what happens in between to an observer.
//!
//! | module | what it is for |
//! |---|---|
//! | `error` | the errors that a front end reports |
//! | `environment` | variables of the process's environment |
//! | `system_clock` | the machine's clocks |
//! | `process` | this process, and others |
//! | `http_client` | the client for addresses that events are sent to |
//! | `run_id` | ids of runs |
//! | `files` | files that are read while they are written |
//! | `data_dir` | the folder for the host's own files |
//! | `own_database` | databases of the host's own |
//! | `failpoints` | crashes on purpose, for tests |
//! | `events` | events of a run and their observer |
//! | `history` | the history of runs |
//! | `plugin_folders` | the folders of standard plugins |
//! | `plugin_registry` | plugins, each loaded once |
//! | `assembly` | streams made of a checked pipeline |
//! | `runtime` | the services that all operations share |
//! | `ownership` | the owners of tables, before anything is written |
//! | `run` | running streams, with retries |
//! | `backfill` | reading windows of a stream again |
//! | `verify` | comparing source and target |
//! | `verified` | the time through which a stream is verified |
//! | `probe` | trying a connection by itself |
//! | `certificate` | the type certificates of streams |
//! | `check` | the mistakes of a pipeline, without writing anything |
//! | `status` | the state of streams, by what is in the target alone |
//! | `explain` | the likely causes of failures, and the next commands |
//! | `alerts` | messages about what a person has to mend |
//! | `plan` | the outlook of each stream, without writing anything |
//! | `tap` | a sample of a stream's rows before and after its plugins |
//! | `grants` | the grants of plugins, in sentences and as data |
//! | `lock` | `wmshost.lock`, to which plugins and grants are held |
//! | `doctor` | the state of this machine, its connections, and its sandbox |
//! | `signature` | signatures of components and receipts |
//! | `receipts` | what a run has read, and that the target had it then |
//! | `bundle` | the plugins of a pipeline in one archive |
//! | `discover` | the tables of a database, as a source |
//! | `init` | a pipeline for a database that nobody has described yet |
//! | `backup` | copies of targets and of the host's own databases |
//! | `clean` | removing old runs, logs and compiled plugins |
//! | `quarantine` | listing, replaying and dropping rejected rows |
//! | `state` | reading and changing checkpoints |
//! | `models` | the models of a pipeline |
//! | `singer` | Singer: a tap's messages, loaded as streams are |
//! | `serve` | running pipelines by their schedules |
//! | `sample` | a sample warehouse in the database of a connection |

pub mod alerts;
pub mod assembly;
pub mod backfill;
pub mod backup;
pub mod bundle;
pub mod certificate;
pub mod check;
pub mod clean;
pub mod data_dir;
pub mod discover;
pub mod doctor;
mod environment;
pub mod error;
pub mod events;
pub mod explain;
mod failpoints;
mod files;
pub mod grants;
pub mod history;
mod http_client;
pub mod init;
pub mod lock;
pub mod models;
mod own_database;
mod ownership;
pub mod plan;
mod plugin_folders;
pub mod plugin_registry;
pub mod probe;
mod process;
pub mod quarantine;
pub mod receipts;
pub mod run;
mod run_id;
mod runtime;
pub mod sample;
pub mod serve;
pub mod signature;
pub mod singer;
pub mod state;
pub mod status;
mod system_clock;
pub mod tap;
mod verified;
pub mod verify;

pub use assembly::{SessionTags, StreamFactory, reader, target_reader};
pub use data_dir::DataDir;
pub use environment::variable;
pub use error::{Error, Result};
pub use events::{Retry, RunEvent, RunObserver};
pub use plugin_folders::PluginFolders;
pub use plugin_registry::PluginRegistry;
pub use run_id::is_run_id;
pub use runtime::Runtime;
pub use system_clock::SystemClock;
pub use wmshost_databases::drivers;

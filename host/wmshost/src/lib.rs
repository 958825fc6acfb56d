//! The edge: the command line. Only here is anything printed and the environment read, and only here does the host have
//! a clock and exit. It is a library so that tests make streams in the same way as the program; the binary only calls
//! [`main`].
//!
//! | module | what it is for |
//! |---|---|
//! | `cli` | the arguments of the commands |
//! | `exit` | the exit codes of the process |
//! | `data_dir` | the host's own folder, the environment, the clock |
//! | `logs` | the log of a run |
//! | `plugin_registry` | plugins, loaded once |
//! | `connect` | opening databases by their connections in the pipeline |
//! | `failpoints` | crashes on purpose, for tests |
//! | `stream_factory` | streams made of a checked pipeline |
//! | `commands` | one module per command |
//! | `report` | progress, tables, JSON |
//! | `signals` | SIGINT and SIGTERM |
//! | `windows` | windows of a stream that are read again |

mod cli;
mod commands;
mod connect;
mod data_dir;
mod exit;
mod failpoints;
mod logs;
mod plugin_registry;
mod report;
mod signals;
mod stream_factory;
mod windows;

use std::process::ExitCode;

use clap::Parser;

pub use connect::{SessionTags, reader, target_reader};
pub use data_dir::SystemClock;
pub use plugin_registry::PluginRegistry;
pub use stream_factory::StreamFactory;

/// Parses the command line, runs the command, and returns the exit code.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(&error);
            exit::of_error(&error).into()
        }
    }
}

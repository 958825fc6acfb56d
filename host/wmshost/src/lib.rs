//! The edge: the command line. Only here is anything printed, is the environment read, has the host a clock and
//! does it exit. It is a library so that tests make streams the way the program makes them; the binary only calls
//! [`main`].
//!
//! | module | what it is for |
//! |---|---|
//! | `cli` | what can be typed |
//! | `exit` | how the process ends |
//! | `data_dir` | the host's own folder, the environment, the clock |
//! | `logs` | the log of a run |
//! | `plugin_registry` | plugins, loaded once |
//! | `connect` | databases by what the pipeline says of them |
//! | `failpoints` | dying on purpose, for tests |
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

/// Parses the command line, does what it asks for, and returns the exit code.
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

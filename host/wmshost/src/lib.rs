//! The edge: the command line. Only here is anything printed, is the environment read, has the host a clock and
//! does it exit. It is a library so that tests make streams the way the program makes them; the binary only calls
//! [`main`].
//!
//! | room | what it is for |
//! |---|---|
//! | `cli` | what can be typed |
//! | `exit` | how the process ends |
//! | `home` | the host's own folder, the environment, the clock |
//! | `logs` | the log of a run |
//! | `catalog` | plugins, loaded once |
//! | `connect` | databases by what the pipeline says of them |
//! | `crash` | dying on purpose, for tests |
//! | `assemble` | streams made of a checked pipeline |
//! | `commands` | one room per command |
//! | `report` | progress, tables, JSON |
//! | `signals` | SIGINT and SIGTERM |
//! | `windows` | windows of a stream that are read again |

mod assemble;
mod catalog;
mod cli;
mod commands;
mod connect;
mod crash;
mod exit;
mod home;
mod logs;
mod report;
mod signals;
mod windows;

use std::process::ExitCode;

use clap::Parser;

pub use assemble::Assembly;
pub use catalog::Catalog;
pub use connect::{Errand, reader, target_reader};
pub use home::SystemClock;

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

//! The program: the command line over the runtime. Each command parses its arguments, calls the runtime, reports the
//! outcome and returns the exit code. Only here is anything printed, and only here does the process exit.
//!
//! | module | what it is for |
//! |---|---|
//! | `cli` | the command line |
//! | `commands` | one module per command |
//! | `report` | progress, tables, JSON |
//! | `compile_component` | the program as the process that compiles a component |
//! | `exit` | exit codes |
//! | `run_log` | the log of a run |
//! | `plugin_warnings` | the warnings of plugins as notes |
//! | `web` | the HTTP interface of `wmshost serve` |
//! | `signals` | SIGINT, SIGTERM and SIGHUP |

mod cli;
mod commands;
mod compile_component;
mod exit;
mod plugin_warnings;
mod report;
mod run_log;
mod signals;
mod web;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

/// The names by which the program is a command of `wmshost singer`: Meltano calls a plugin by one path, without arguments.
const PLUGINS: [(&str, &str); 2] = [("tap-wmshost", "tap"), ("target-wmshost", "target")];

/// The words of the command line.
fn words() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let called = words.first().and_then(|name| Path::new(name).file_name());
    if let Some((_, command)) = PLUGINS.iter().find(|(name, _)| called.is_some_and(|called| called == *name)) {
        words.splice(1..1, ["singer", command].map(OsString::from));
    }
    words
}

fn main() -> ExitCode {
    if let Some(end) = compile_component::for_parent() {
        return end;
    }
    let mut end = match commands::dispatch(cli::Cli::parse_from(words())) {
        Ok(exit) => exit,
        Err(error) => {
            report::error(&error);
            exit::of_error(&error)
        }
    };
    if let Some(error) = report::lost_output() {
        report::failure(&format!("the result is not complete: standard output cannot be written: {error}"));
        end = if end == exit::Exit::Success { exit::Exit::Failed } else { end };
    }
    exit::code(end)
}

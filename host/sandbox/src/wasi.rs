//! The WASI that every plugin gets, because its standard library imports it. It allows no access to the machine: output
//! goes into the log; environment and file system are empty; the seed of hash maps never changes; a clock ends the call
//! that reads it.
//!
//! The interfaces that a plugin imports depend on its toolchain more than on its code: with Rust 1.95 any code that
//! prints imports `wasi:io/poll`, with 1.99 `wasi:clocks/monotonic-clock` as well. Patch versions do not matter: the
//! linker matches every 0.2. Sockets and random bytes are not in the list: only code that uses them imports them.

use std::fmt;

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;

use crate::instance_state::InstanceState;

/// The interfaces that are served.
const SERVED: [&str; 16] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure-seed",
];

/// The interfaces that can be linked but not used: each of their functions traps.
const TRAPPING: [(&str, &[&str]); 2] = [
    ("wasi:clocks/monotonic-clock", &["now", "resolution", "subscribe-instant", "subscribe-duration"]),
    ("wasi:clocks/wall-clock", &["now", "resolution"]),
];

/// Returns whether an import, `wasi:io/poll@0.2.6`, is linked.
pub(crate) fn is_linked(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else { return false };
    let is_known = SERVED.contains(&interface) || TRAPPING.iter().any(|(name, _)| *name == interface);
    is_known && version.starts_with("0.2.")
}

/// A plugin called a function that is linked only because the standard library imports it.
#[derive(Debug)]
pub(crate) struct NotGranted {
    interface: &'static str,
    function: &'static str,
}

impl fmt::Display for NotGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interface, function } = self;
        write!(
            f,
            "it called {function} of {interface}; no plugin is granted a clock: take times from the rows or the settings"
        )
    }
}

impl std::error::Error for NotGranted {}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links the interfaces that [`is_linked`] accepts.
pub(crate) fn link(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    let l = linker;
    wasi::cli::environment::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::exit::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::stdin::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::stdout::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::stderr::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::terminal_input::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::terminal_output::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, InstanceState::cli)?;
    wasi::random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    wasi::filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, InstanceState::filesystem)?;
    wasi::sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(l, InstanceState::filesystem)?;
    wasi::io::error::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    wasi::sync::io::poll::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    wasi::sync::io::streams::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    link_traps(l)
}

fn link_traps(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    for (interface, functions) in TRAPPING {
        // Any version of 0.2 matches any other.
        let mut instance = linker.instance(&format!("{interface}@0.2.0"))?;
        for function in functions {
            instance.func_new(function, move |_, _, _, _| Err(NotGranted { interface, function }.into()))?;
        }
    }
    Ok(())
}

//! The program as the process that compiles a component for another one of it. Nothing else happens in such a process: no
//! environment is read, no signal is handled, and no file is opened.

use std::env::{args_os, current_exe};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use wmshost_sandbox::{COMPILE_COMMAND, Compiler, compile_for_parent};

use crate::exit;

/// The program that is running, even if its file was replaced since.
const RUNNING: &str = "/proc/self/exe";

/// Returns the compiler of this program: a process of its own for each component.
pub(crate) fn compiler() -> Compiler {
    if Path::new(RUNNING).exists() {
        return Compiler::Child(RUNNING.into());
    }
    current_exe().map_or(Compiler::ThisProcess, Compiler::Child)
}

/// Compiles a component for another process, if that began this one for it.
pub(crate) fn for_parent() -> Option<ExitCode> {
    let words: Vec<OsString> = args_os().skip(1).take(5).collect();
    let [command, arguments @ ..] = &words[..] else { return None };
    if command != COMPILE_COMMAND {
        return None;
    }
    let compiled = compile_for_parent(arguments, &mut io::stdin().lock(), &mut io::stdout().lock());
    Some(match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // The parent reads the message; one that is gone needs none.
            let _ = writeln!(io::stderr(), "{}", failure.message);
            exit::code(exit::of_failure(&failure))
        }
    })
}

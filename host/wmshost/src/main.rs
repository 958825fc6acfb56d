//! The program, which only calls the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    wmshost_runtime::main()
}

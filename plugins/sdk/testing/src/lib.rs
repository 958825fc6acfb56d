//! Tests of a plugin's component from `cargo test`. The program `wmshost` builds the component of the package under test, and
//! runs it over the folders in `cases/` as `wmshost plugin test` does: what passes here passes there. It is found on the
//! `PATH`, or by the variable `WMSHOST`.
//! A test is one call of [`cases`], [`case`] or [`certified`].

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The variable that names the program.
const PROGRAM: &str = "WMSHOST";
/// The folder of the cases.
const CASES: &str = "cases";

/// Runs the component over all cases.
///
/// # Panics
///
/// Panics with the differences if a case fails, and with the mistake if a case is wrong or the component cannot be built.
#[track_caller]
pub fn cases() {
    passes(&["plugin", "test"]);
}

/// Runs the component over one case, or over those in a folder; the name is that of a folder in `cases`.
///
/// # Panics
///
/// Panics as [`cases`] does.
#[track_caller]
pub fn case(name: &str) {
    let folder = package().join(CASES).join(name);
    passes(&["plugin", "test", &folder.display().to_string()]);
}

/// Certifies the component, as `wmshost plugin check` does. `accepted` are the clauses that may be skipped.
///
/// # Panics
///
/// Panics with the verdicts if a clause is not kept.
#[track_caller]
pub fn certified(accepted: &[&str]) {
    let skips = accepted.iter().flat_map(|clause| ["--accept-skip", clause]);
    passes(&["plugin", "check"].into_iter().chain(skips).collect::<Vec<_>>());
}

/// Runs a command over the component, which is built once for all tests of a binary.
#[track_caller]
fn passes(arguments: &[&str]) {
    static BUILT: OnceLock<Result<String, String>> = OnceLock::new();
    let package = package();
    let built = BUILT.get_or_init(|| wmshost(&["plugin", "build"], &package));
    match built.clone().and_then(|_| wmshost(arguments, &package)) {
        Ok(output) => println!("{output}"),
        Err(output) => panic!("{output}"),
    }
}

/// The folder of the package under test, which cargo names.
fn package() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Runs the program in the folder of the package; returns its output, as a failure if it ends with another code than 0.
fn wmshost(arguments: &[&str], package: &Path) -> Result<String, String> {
    let program = env::var_os(PROGRAM).unwrap_or_else(|| "wmshost".into());
    let run = Command::new(&program).args(arguments).current_dir(package).output();
    let output = run.map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "`{}` is not there: install wmshost, and put it on the PATH or name it in the variable {PROGRAM}",
            program.display()
        ),
        _ => format!("`{}` cannot be started: {error}", program.display()),
    })?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(text.into_owned()) } else { Err(text.into_owned()) }
}

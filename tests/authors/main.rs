//! The work of a plugin's author, in a folder outside of this repository: a project from nothing to a certified component in
//! a running pipeline; the clauses of certification, each broken by a component; and what runs record of plugins.

mod clauses;
mod guide;
mod languages;
mod mistakes;
mod recordings;

use std::path::Path;
use std::process::{Command, Output};

use wmshost_tests::program;

/// Runs the program in a folder; returns its exit code, and what it prints.
fn wmshost(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(program())
        .args(arguments)
        .current_dir(folder)
        .env("WMSHOST_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors"))
        .output()
        .expect("the program runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

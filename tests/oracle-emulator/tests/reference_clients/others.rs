//! Clients of other makers and languages: node-oracledb, thin, adbc-driver-oracle, which is written in Go, SQLAlchemy, which
//! asks for more of the catalogue, and tools that people use beside wmshost: dbt-oracle and a Singer tap.

use std::path::{Path, PathBuf};
use std::process::Command;

use wmshost_oracle_emulator::Transport;

use crate::fixture::{emulator, left_out, ways};
use crate::python::{python, script};

/// The folder with node-oracledb, if Node.js and it are installed.
fn node_modules() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle-emulator-node/node_modules");
    let has_node = Command::new("node").arg("--version").output().is_ok_and(|done| done.status.success());
    // Node.js is not on every machine, and setup.sh does not install it.
    (has_node && folder.join("oracledb").exists()).then_some(folder)
}

fn run(command: &mut Command) -> String {
    let done = command.output().expect("the client runs");
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{printed}\n{}", String::from_utf8_lossy(&done.stderr));
    printed
}

/// One test: the scenario's tables are the same in each way.
#[test]
fn node_passes_every_way() {
    let Some(emulator) = emulator() else { return };
    let Some(modules) = node_modules() else {
        eprintln!("LEFT OUT: node-oracledb is not installed");
        return;
    };
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-clients/node/scenario.js");
    for (release, transport) in ways() {
        let mut command = Command::new("node");
        command.arg(&scenario).arg(emulator.address(release, transport)).env("NODE_PATH", &modules);
        command.env("NODE_EXTRA_CA_CERTS", emulator.wallet().join("ca.pem"));
        print!("{}", run(&mut command));
    }
}

/// Returns whether a Python has a module.
fn has_module(python: &Path, name: &str) -> bool {
    let import = format!("import {name}");
    Command::new(python).args(["-c", &import]).output().is_ok_and(|done| done.status.success())
}

/// One test: the scenario's table is the same in each way.
#[test]
fn adbc_passes_every_way() {
    let (Some(emulator), Some(python)) = (emulator(), python()) else { return };
    if !has_module(&python, "adbc_driver_oracle.dbapi") {
        // It is installed for the long tests only.
        assert!(std::env::var_os("WMSHOST_TEST_LONG").is_none(), "run tests/oracle-emulator/setup.sh");
        eprintln!("LEFT OUT: adbc-driver-oracle is not installed");
        return;
    }
    for (release, transport) in ways() {
        let mut command = Command::new(&python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script("adbc_scenario.py"));
        // The scheme of its own addresses says nothing of TLS.
        command.arg(emulator.address(release, transport).trim_start_matches("tcps://"));
        if transport == Transport::Tcps {
            command.arg(emulator.wallet());
        }
        print!("{}", run(&mut command));
    }
}

#[test]
fn sqlalchemy_reads_the_catalogue() {
    let (Some(emulator), Some(python)) = (emulator(), python()) else { return };
    if !has_module(&python, "sqlalchemy") {
        return left_out::<()>("SQLAlchemy is not installed").unwrap_or_default();
    }
    for (release, _) in ways().into_iter().filter(|(_, transport)| *transport == Transport::Tcp) {
        let mut command = Command::new(&python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script("sqlalchemy_scenario.py"));
        print!("{}", run(command.arg(emulator.address(release, Transport::Tcp))));
    }
}

/// The tools with folders of their own, which are installed for the long tests only, because of their size.
fn tool_passes(name: &str) {
    let Some(emulator) = emulator() else { return };
    let folder = format!("../../target/oracle-emulator-{name}/bin/python");
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if !python.exists() {
        assert!(std::env::var_os("WMSHOST_TEST_LONG").is_none(), "run tests/oracle-emulator/setup.sh");
        eprintln!("LEFT OUT: {name} is not installed");
        return;
    }
    for (release, _) in ways().into_iter().filter(|(_, transport)| *transport == Transport::Tcp) {
        let mut command = Command::new(&python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script(&format!("{name}_scenario.py")));
        print!("{}", run(command.arg(emulator.address(release, Transport::Tcp))));
    }
}

#[test]
fn dbt_passes() {
    tool_passes("dbt");
}

#[test]
fn a_singer_tap_passes() {
    tool_passes("singer_tap");
}

//! wmshost in the suite of replication correctness, whose scenarios are Python (docs/replication-suite.md).

use std::process::Command;

use wmshost_tests::{is_long, plugins, program, root};

#[test]
fn wmshost_passes_every_scenario() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        println!("skipped: python3 is missing");
        return;
    }
    let kills = if is_long() { "60" } else { "6" };
    let done = Command::new("python3")
        .arg(root().join("tests/replication-suite/run.py"))
        .args(["--tool", "wmshost", "--must-be-equal", "wmshost", "--kills", kills])
        .envs([("WMSHOST", program()), ("WMSHOST_PLUGINS", plugins())])
        .output()
        .expect("python3");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("{out}");
    assert!(done.status.success(), "{out}{err}");
}

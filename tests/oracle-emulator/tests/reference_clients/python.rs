//! python-oracledb, thin, runs its scenario in each release and by each transport.

use std::path::{Path, PathBuf};
use std::process::Command;

use wmshost_oracle_emulator::{Effect, Fault, Moment, Release, Transport};

use crate::fixture::{emulator, left_out};

/// The Python that has python-oracledb.
pub(crate) fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/oracle-emulator-python/bin/python");
    if python.exists() { Some(python) } else { left_out("python-oracledb is not installed") }
}

/// A script of the reference client.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-clients/python").join(name)
}

fn pass(release: Release, transport: Transport) {
    let (Some(emulator), Some(python)) = (emulator(), python()) else { return };
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script("scenario.py")).arg(emulator.address(release, transport));
    if transport == Transport::Tcps {
        command.arg(emulator.wallet()).arg(emulator.wrong_wallet());
    }
    let done = command.output().expect("python runs");
    let printed = String::from_utf8_lossy(&done.stdout);
    let summary = printed.lines().last().unwrap_or_default();
    assert!(done.status.success(), "{printed}\n{}\n{:?}", String::from_utf8_lossy(&done.stderr), emulator.notes());
    println!("{summary}");
}

/// Garbled answers may do anything to a client, so it is a process of its own. The emulator must not be affected.
#[test]
fn garbled_answers_harm_the_client_alone() {
    let (Some(emulator), Some(python)) = (emulator(), python()) else { return };
    let address = emulator.address(Release::R23, Transport::Tcp);
    let ask = |words: &str| {
        let script = format!(
            "import oracledb\n\
             c = oracledb.connect(user='garbled', password='garbled', dsn='{address}')\n\
             c.call_timeout = 2000\n\
             print(c.cursor().execute(\"SELECT '{words}' FROM dual\").fetchone()[0])\n"
        );
        let done = Command::new(&python).args(["-c", &script]).output().expect("python runs");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    for seed in 0..4 {
        let moment = Moment::Statement("'garbled'".to_owned());
        let id = emulator.faults().add(Fault::new(moment, Effect::Garble { seed }).account("GARBLED"));
        ask("garbled");
        assert_eq!(emulator.faults().struck(id), 1);
    }
    assert_eq!(ask("whole"), "whole");
}

/// One test: the scenario's tables are the same in each way.
#[test]
fn python_passes_every_way() {
    for (release, transport) in crate::fixture::ways() {
        pass(release, transport);
    }
}

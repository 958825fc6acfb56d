//! `wmshost doctor`: examines this machine, and with `--sandbox` attacks its sandbox.

use wmshost_runtime::Result;
use wmshost_runtime::doctor::{DiagnosisState, attack_sandbox, examine};

use super::App;
use crate::cli::{DoctorArgs, Output};
use crate::exit::Exit;
use crate::report;

pub(super) fn doctor(app: &App, arguments: &DoctorArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let found = examine(&runtime, &arguments.pipelines)?;
    if output == Output::Text {
        report::doctor::examination(&found);
    }
    let mut attacks = Vec::new();
    if arguments.sandbox {
        if output == Output::Text {
            report::doctor::attacks_begin();
        }
        attack_sandbox(&runtime, arguments.pipelines.first().map(AsRef::as_ref), &mut |end| {
            if output == Output::Text {
                report::doctor::attack(&end);
            }
            attacks.push(end);
        })?;
    }
    report::doctor::end(&found, arguments.sandbox.then_some(&attacks[..]), output)?;
    if app.signals.cancel().is_set() {
        return Ok(Exit::Cancelled);
    }
    let is_broken = attacks.iter().any(|end| end.breach.is_some());
    let has_trouble = found.iter().any(|diagnosis| diagnosis.state == DiagnosisState::Trouble);
    Ok(match (is_broken, has_trouble) {
        (true, _) => Exit::Failed,
        (_, true) => Exit::Configuration,
        _ => Exit::Success,
    })
}

//! The report of `wmshost doctor`.

use console::style;
use wmshost_flow::Failure;
use wmshost_runtime::doctor::{AttackEnd, Diagnosis, DiagnosisState};

use super::documents::doctor::DoctorDocument;
use super::{failure, json, plain, print};
use crate::cli::Output;

/// The most characters of a message that are shown.
const SHOWN: usize = 110;

/// Prints the examination of the machine.
pub(crate) fn examination(found: &[Diagnosis]) {
    for Diagnosis { subject, state, found, advice } in found {
        let mark = match state {
            DiagnosisState::Fine => style("ok     ").green(),
            DiagnosisState::Remark => style("remark ").yellow(),
            DiagnosisState::Trouble => style("trouble").red(),
        };
        print(&format!("{mark}  {subject}: {}", plain(found)));
        if !advice.is_empty() {
            print(&format!("         {advice}"));
        }
    }
}

/// Prints the heading of the attacks.
pub(crate) fn attacks_begin() {
    print(&format!("\n{:<44} {:>7}  {}", "attack", "ms", "contained at"));
}

/// Prints the end of an attack.
pub(crate) fn attack(end: &AttackEnd) {
    // The rest is about the row and the policies of a stream.
    let first = end.contained_at.split("; row ").next().unwrap_or_default();
    let shown: String = plain(first).chars().take(SHOWN).collect();
    match &end.breach {
        None => print(&format!("{:<44} {:>7}  {shown}", end.attack, end.took.as_millis())),
        Some(breach) => failure(&format!("{}: {} is broken: {}", end.attack, end.promise, plain(breach))),
    }
}

/// Reports the end of an examination; `attacks` is `None` if the sandbox was not attacked.
pub(crate) fn end(found: &[Diagnosis], attacks: Option<&[AttackEnd]>, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&DoctorDocument::of(found, attacks));
    }
    let troubles = found.iter().filter(|diagnosis| diagnosis.state == DiagnosisState::Trouble).count();
    let machine = match troubles {
        0 => "nothing is wrong with this machine".to_owned(),
        _ => format!("{troubles} of {} examinations found trouble", found.len()),
    };
    match attacks {
        None => print(&machine),
        Some(attacks) => {
            let contained = attacks.iter().filter(|end| end.breach.is_none()).count();
            let seconds = attacks.iter().map(|end| end.took).sum::<std::time::Duration>().as_secs_f64();
            print(&format!("\n{machine}; {contained} of {} attacks were contained in {seconds:.1} s", attacks.len()));
        }
    }
    Ok(())
}

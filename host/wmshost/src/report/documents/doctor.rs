//! The output of `doctor`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::doctor::{AttackEnd, Diagnosis, DiagnosisState};

/// The state of a machine, of its connections and of its sandbox.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DoctorDocument {
    /// True if nothing is in trouble and every attack was contained.
    ok: bool,
    /// The examinations, in the order in which they were made.
    examinations: Vec<DiagnosisDocument>,
    /// The attacks on the sandbox; null without `--sandbox`.
    attacks: Option<Vec<AttackDocument>>,
}

/// The examination of one thing.
#[derive(Debug, Serialize, JsonSchema)]
struct DiagnosisDocument {
    /// The subject.
    subject: String,
    /// `ok`, `remark` (it works, and could be better) or `trouble`.
    state: &'static str,
    /// The finding, in words.
    found: String,
    /// The next step; null if there is none.
    advice: Option<String>,
}

/// An attack on the sandbox.
#[derive(Debug, Serialize, JsonSchema)]
struct AttackDocument {
    /// The promise that it tried to break.
    promise: &'static str,
    /// The stage and the behaviour of its plugin.
    attack: String,
    /// True if it broke no promise.
    contained: bool,
    /// The breach, in words; null if it was contained.
    breach: Option<String>,
    /// The message of the failure in which it ended.
    contained_at: String,
    /// The time of the run, in milliseconds.
    ms: u64,
}

impl DoctorDocument {
    /// The document of examinations and attacks.
    pub(crate) fn of(found: &[Diagnosis], attacks: Option<&[AttackEnd]>) -> Self {
        let is_calm = attacks.unwrap_or_default().iter().all(|end| end.breach.is_none());
        Self {
            ok: is_calm && found.iter().all(|diagnosis| diagnosis.state != DiagnosisState::Trouble),
            examinations: found.iter().map(Into::into).collect(),
            attacks: attacks.map(|attacks| attacks.iter().map(Into::into).collect()),
        }
    }
}

impl From<&Diagnosis> for DiagnosisDocument {
    fn from(diagnosis: &Diagnosis) -> Self {
        let state = match diagnosis.state {
            DiagnosisState::Fine => "ok",
            DiagnosisState::Remark => "remark",
            DiagnosisState::Trouble => "trouble",
        };
        let advice = Some(diagnosis.advice.clone()).filter(|advice| !advice.is_empty());
        Self { subject: diagnosis.subject.clone(), state, found: diagnosis.found.clone(), advice }
    }
}

impl From<&AttackEnd> for AttackDocument {
    fn from(end: &AttackEnd) -> Self {
        Self {
            promise: end.promise,
            attack: end.attack.clone(),
            contained: end.breach.is_none(),
            breach: end.breach.clone(),
            contained_at: end.contained_at.clone(),
            ms: u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

//! The output of `check`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_pipeline::{Checked, Diagnostic, Diagnostics};
use wmshost_runtime::check::CheckOutcome;
use wmshost_runtime::probe::{Finding, Missing, Probed};

use super::bookmark::{DefinitionChangeDocument, definition_changes};
use super::moment;
use super::types::TypesDocument;

/// The result of a check: the mistakes of the pipeline file, or else what was found beyond it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum CheckDocument {
    /// The pipeline file has mistakes.
    Mistaken(MistakenDocument),
    /// The pipeline file has none.
    Checked(CheckedDocument),
}

/// The mistakes of a pipeline file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MistakenDocument {
    /// False: the pipeline is not in order.
    ok: bool,
    /// All mistakes, in the order of the files and their lines.
    mistakes: Vec<DiagnosticDocument>,
}

/// The result of a check of a pipeline whose file has no mistakes.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckedDocument {
    /// True if nothing keeps the streams from running.
    ok: bool,
    /// The pipeline's name.
    pipeline: String,
    /// The names of the streams that were checked.
    streams: Vec<String>,
    /// The connections that were not tested, by label, with the reason.
    untested_connections: BTreeMap<String, &'static str>,
    /// The connections that were tested by themselves.
    connections: Vec<ConnectionDocument>,
    /// All that keeps the streams from running.
    failures: Vec<String>,
    /// Remarks about the data of streams that run nevertheless; empty without `--connect`.
    notes: Vec<String>,
    /// The differences between each opened stream's definition and the one that its checkpoint rests on.
    definition_changes: BTreeMap<String, Vec<DefinitionChangeDocument>>,
    /// The type certificates of the opened streams; empty without `--certificate`.
    certificates: Vec<TypesDocument>,
}

/// A mistake.
#[derive(Debug, Serialize, JsonSchema)]
struct DiagnosticDocument {
    /// The file, as it was named.
    file: String,
    /// The line in it, from 1; null if it concerns the file as a whole.
    line: Option<u32>,
    /// The path of the key, as in `streams.allocation.lookback`; empty if it concerns the file as a whole.
    key: String,
    /// The mistake and its reason.
    message: String,
    /// The next step, where it is known.
    advice: Option<String>,
}

/// A connection that was tested.
#[derive(Debug, Serialize, JsonSchema)]
struct ConnectionDocument {
    /// Its label.
    label: String,
    /// `source` or `target`.
    role: &'static str,
    /// True if it can be reached.
    reached: bool,
    /// The reason why it cannot be reached.
    failure: Option<String>,
    /// The version of the server; null for a file.
    version: Option<String>,
    /// The time of a round trip in milliseconds; null for a file.
    round_trip_ms: Option<f64>,
    /// The time zone of the database; null for a file.
    database_zone: Option<String>,
    /// The character set of the database's text; null for a file.
    charset: Option<String>,
    /// The character set of its national text; null for a file or if the server does not say.
    national_charset: Option<String>,
    /// The days until the user's password expires; null for a file, if it never does, or if the server does not say.
    password_expires_days: Option<i64>,
    /// Remarks about the database and the account; null for a file.
    remarks: Option<Vec<String>>,
    /// The rights that its user lacks and needs; null for a file.
    missing: Option<Vec<RightDocument>>,
    /// The rights that its user lacks and could use; null for a file.
    wanted: Option<Vec<RightDocument>>,
    /// The measurements of a web service; empty for a database.
    measured: Vec<FindingDocument>,
    /// The time of the earlier check that most of `measured` comes from, in UTC; null if all was measured now.
    measured_at: Option<String>,
}

/// A measurement of a web service.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingDocument {
    /// The subject.
    subject: String,
    /// The finding, in words.
    found: String,
}

/// A right or a feature that is missing.
#[derive(Debug, Serialize, JsonSchema)]
struct RightDocument {
    /// The action that is not possible without it, in words.
    what: String,
    /// The statement that grants it; null if none helps.
    grant: Option<String>,
}

impl From<&Diagnostics> for CheckDocument {
    fn from(diagnostics: &Diagnostics) -> Self {
        let mistakes = diagnostics.list().iter().map(Into::into).collect();
        Self::Mistaken(MistakenDocument { ok: false, mistakes })
    }
}

impl CheckDocument {
    /// The result of a check of these streams.
    pub(crate) fn of(pipeline: &Checked, streams: Vec<String>, outcome: &CheckOutcome) -> Self {
        let changes = outcome.opened.iter();
        let changes = changes.map(|end| (end.stream.clone(), definition_changes(&end.definition_changes)));
        Self::Checked(CheckedDocument {
            ok: outcome.failures.is_empty(),
            pipeline: pipeline.name.clone(),
            streams,
            untested_connections: outcome.untested.clone(),
            connections: outcome.probes.iter().map(Into::into).collect(),
            failures: outcome.failures.clone(),
            notes: outcome.notes.clone(),
            definition_changes: changes.collect(),
            certificates: outcome.certificates.iter().map(Into::into).collect(),
        })
    }
}

impl From<&Diagnostic> for DiagnosticDocument {
    fn from(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { file, line, key, message, advice } = diagnostic.clone();
        Self { file, line, key, message, advice }
    }
}

impl From<&Probed> for ConnectionDocument {
    fn from(probed: &Probed) -> Self {
        let rights = |rights: &[Missing]| rights.iter().map(Into::into).collect();
        let probe = probed.probe.as_ref();
        Self {
            label: probed.label.clone(),
            role: probed.role,
            reached: probed.failure.is_none(),
            failure: probed.failure.as_ref().map(ToString::to_string),
            version: probe.map(|probe| probe.version.clone()),
            round_trip_ms: probe.map(|probe| probe.round_trip.as_secs_f64() * 1_000.0),
            database_zone: probe.map(|probe| probe.database_zone.clone()),
            charset: probe.map(|probe| probe.charset.clone()),
            national_charset: probe.map(|probe| probe.national_charset.clone()).filter(|charset| !charset.is_empty()),
            password_expires_days: probe.and_then(|probe| probe.password_days),
            remarks: probe.map(|probe| probe.remarks.clone()),
            missing: probe.map(|probe| rights(&probe.missing)),
            wanted: probe.map(|probe| rights(&probe.wanted)),
            measured: probed.measured.iter().map(Into::into).collect(),
            measured_at: probed.measured_at.map(moment),
        }
    }
}

impl From<&Finding> for FindingDocument {
    fn from(finding: &Finding) -> Self {
        Self { subject: finding.subject.clone(), found: finding.found.clone() }
    }
}

impl From<&Missing> for RightDocument {
    fn from(missing: &Missing) -> Self {
        Self { what: missing.what.clone(), grant: missing.grant.clone() }
    }
}

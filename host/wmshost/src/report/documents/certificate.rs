//! The output of `plugin check`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_plugin_kit::Finding;
use wmshost_runtime::plugin_registry::named_digest;
use wmshost_sandbox::{CONTRACT_VERSION, Plugin};

/// The verdicts over a component.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CertificateDocument {
    /// The component's file.
    file: String,
    /// The digest of the component.
    digest: String,
    /// Its world.
    world: &'static str,
    /// The version of the contract of the host that examined it.
    contract: &'static str,
    /// True if each clause passes, or its skip is accepted.
    certified: bool,
    /// The clauses, in the order in which they were examined.
    clauses: Vec<ClauseDocument>,
}

/// The verdict over a clause.
#[derive(Debug, Serialize, JsonSchema)]
struct ClauseDocument {
    /// Its name.
    name: &'static str,
    /// The demand.
    demand: &'static str,
    /// The verdict: `pass`, `fail`, `skip` or `not reached`.
    verdict: &'static str,
    /// The reason; null for a pass.
    reason: Option<String>,
    /// True if a skip of it is accepted.
    accepted: bool,
}

impl CertificateDocument {
    /// Returns the verdicts as a document.
    pub(crate) fn of(plugin: &Plugin, findings: &[Finding], accepted: &[String], certified: bool) -> Self {
        let clause = |finding: &Finding| ClauseDocument {
            name: finding.clause.name,
            demand: finding.clause.demand,
            verdict: finding.verdict.name(),
            reason: finding.verdict.reason().map(str::to_owned),
            accepted: accepted.iter().any(|name| name == finding.clause.name),
        };
        Self {
            file: plugin.file.display().to_string(),
            digest: named_digest(&plugin.digest),
            world: plugin.world.name(),
            contract: CONTRACT_VERSION,
            certified,
            clauses: findings.iter().map(clause).collect(),
        }
    }
}

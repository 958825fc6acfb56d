//! The clauses of every plugin: its imports, its description of itself, its settings.

use std::collections::BTreeMap;

use super::clause::Clause;
use super::subject::Subject;
use super::verdict::{Verdict, attempt};
use crate::cases::case::settings;

pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        name: "imports-no-clock",
        world: None,
        demand: "The component imports no clock.",
        explanation: "A clock ends the call that reads it; a result that depends on the time cannot be repeated.",
        needs: &[],
        check: |subject| {
            let clock = subject.plugin.imports.iter().find(|import| import.starts_with("wasi:clocks/"));
            Verdict::of(clock.map(|clock| format!("it imports {clock}")))
        },
    },
    Clause {
        name: "describes-itself",
        world: None,
        demand: "`describe` returns, without any capability.",
        explanation: "Every command asks for it. It has 5 seconds.",
        needs: &[],
        check: |subject| Verdict::of(subject.plugin.describe().err().map(|failure| failure.to_string())),
    },
    Clause {
        name: "described-name",
        world: None,
        demand: "The name has lower-case letters, digits and dashes only.",
        explanation: "Quarantine and logs name the plugin by it.",
        needs: &["describes-itself"],
        check: |subject| {
            let name = attempt!(subject.plugin.describe()).name;
            let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_allowed);
            Verdict::of((!is_name).then(|| format!("`{name}` is no such name")))
        },
    },
    Clause {
        name: "described-version",
        world: None,
        demand: "The version has three numbers, as in semantic versioning.",
        explanation: "A checkpoint keeps it, and a run reports when it has changed.",
        needs: &["describes-itself"],
        check: |subject| {
            let version = attempt!(subject.plugin.describe()).version;
            let numbers: Vec<_> = version.split(['-', '+']).next().unwrap_or_default().split('.').collect();
            let is_version = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok());
            Verdict::of((!is_version).then(|| format!("`{version}` is no such version")))
        },
    },
    Clause {
        name: "described-summary",
        world: None,
        demand: "The plugin and each of its settings have a summary.",
        explanation: "`wmshost plugin inspect` and the messages of `wmshost check` show them.",
        needs: &["describes-itself"],
        check: |subject| {
            let description = attempt!(subject.plugin.describe());
            if description.summary.trim().is_empty() {
                return Verdict::fail("the plugin has no summary");
            }
            let silent = description.settings.iter().find(|setting| setting.summary.trim().is_empty());
            Verdict::of(silent.map(|setting| format!("the setting {} has no summary", setting.name)))
        },
    },
    Clause {
        name: "defaults-fit",
        world: None,
        demand: "Each default is a value of its setting's type, and one of its choices.",
        explanation: "A default that does not fit would be refused as if the pipeline's author had written it.",
        needs: &["describes-itself"],
        check: defaults_fit,
    },
];

fn defaults_fit(subject: &Subject<'_>) -> Verdict {
    let mut description = attempt!(subject.plugin.describe());
    description.settings.retain(|setting| setting.fallback.is_some());
    if let Err(mistakes) = settings(&BTreeMap::new(), &description) {
        return Verdict::fail(mistakes.join("; "));
    }
    let chosen = |setting: &&wmshost_sandbox::SettingDescription| {
        let Some(default) = &setting.fallback else { return false };
        let is_text = setting.kind == wmshost_flow::SettingKind::Text;
        is_text && !setting.choices.is_empty() && setting.choices.iter().all(|choice| format!("{choice:?}") != *default)
    };
    let wrong = description.settings.iter().find(chosen);
    Verdict::of(wrong.map(|setting| format!("the default of {} is none of its choices", setting.name)))
}

//! The clauses of models.

use std::collections::BTreeMap;

use wmshost_flow::Dialect;
use wmshost_flow::model::{Declaration, Layer};
use wmshost_models::{NodeResult, NodeStatus, Report};
use wmshost_sandbox::World;

use super::clause::{Clause, Common};
use super::subject::Subject;
use super::verdict::{Verdict, attempt, given};
use crate::cases::database::Database;
use crate::cases::models::{build, project};

const OF: Common = Common { world: Some(World::Models), needs: &["describes-itself", "declares"] };

pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        needs: &["describes-itself"],
        ..OF.clause(
            "declares",
            "`declare` returns models for SQLite.",
            "Every command about models asks for them.",
            |subject| match declared(subject, Dialect::Sqlite) {
                Ok(declared) if declared.models.is_empty() => Verdict::fail("there is no model"),
                Ok(_) => Verdict::Pass,
                Err(why) => Verdict::fail(why),
            },
        )
    },
    OF.clause(
        "dialects-alike",
        "The same models are declared for each kind of database.",
        "A pipeline may have SQLite in development and Oracle in production.",
        |subject| {
            let names = |declared: Declaration| -> Vec<(String, Vec<String>)> {
                let columns = |model: &wmshost_flow::model::Model| {
                    model.columns.iter().map(|column| column.name.clone()).collect()
                };
                declared.models.iter().map(|model| (model.name.clone(), columns(model))).collect()
            };
            let [one, other] = [declared(subject, Dialect::Sqlite), declared(subject, Dialect::Oracle)];
            let differs = names(attempt!(one)) != names(attempt!(other));
            Verdict::of(differs.then(|| "the names of models or columns differ".to_owned()))
        },
    ),
    OF.clause(
        "documented",
        "Each model and each column has a summary.",
        "The documentation is a page of them.",
        |subject| {
            let declared = attempt!(declared(subject, Dialect::Sqlite));
            let silent = declared.models.iter().find_map(|model| {
                let column = model.columns.iter().find(|column| column.summary.trim().is_empty());
                let column = column.map(|column| format!("{}.{}", model.name, column.name));
                if model.summary.trim().is_empty() { Some(model.name.clone()) } else { column }
            });
            Verdict::of(silent.map(|name| format!("{name} has no summary")))
        },
    ),
    OF.clause("tested", "Each mart has a test.", "A mart is what reports read.", |subject| {
        let declared = attempt!(declared(subject, Dialect::Sqlite));
        let untested = declared.models.iter().find(|model| model.layer == Layer::Mart && model.tests.is_empty());
        Verdict::of(untested.map(|model| format!("{} has no test", model.name)))
    }),
    OF.clause(
        "checked",
        "The host's checks find no mistake in the SQL, for any kind of database.",
        "One SELECT, tables by placeholders only, functions that only compute.",
        |subject| {
            for dialect in [Dialect::Sqlite, Dialect::Oracle] {
                attempt!(checked(subject, dialect));
            }
            Verdict::Pass
        },
    ),
    Clause {
        needs: &["describes-itself", "declares", "checked"],
        ..OF.clause(
            "builds",
            "All models are built over the tables of the case.",
            "In a database of the case's own.",
            |subject| {
                let report = given!(built(subject));
                let failed = report.nodes.iter().find(|node| is_not_built(node));
                Verdict::of(failed.map(|node| format!("{}: {}", node.name, node.message)))
            },
        )
    },
    Clause {
        needs: &["describes-itself", "declares", "checked", "builds"],
        ..OF.clause(
            "tests-pass",
            "The tests of the models pass over the case.",
            "They run at the end of every run.",
            |subject| {
                let report = given!(built(subject));
                let mut tests = report.nodes.iter().flat_map(|node| node.tests.iter().map(move |test| (node, test)));
                let failed = tests.find(|(_, test)| test.status.stops());
                Verdict::of(failed.map(|(node, test)| format!("{}: the test {} fails", node.name, test.name)))
            },
        )
    },
    Clause {
        needs: &["describes-itself", "declares", "checked"],
        ..OF.clause(
            "unit-tests-pass",
            "The unit tests of the models pass.",
            "Over the rows that they give.",
            |subject| {
                let report = given!(built(subject));
                let mut units =
                    report.nodes.iter().flat_map(|node| node.unit_tests.iter().map(move |unit| (node, unit)));
                let failed = units.find(|(_, unit)| !unit.passed);
                Verdict::of(failed.map(|(node, unit)| format!("{}: {}: {}", node.name, unit.name, unit.difference)))
            },
        )
    },
];

/// True if a node was not built, for another reason than its tests.
fn is_not_built(node: &NodeResult) -> bool {
    let is_tested =
        node.tests.iter().any(|test| test.status.stops()) || node.unit_tests.iter().any(|unit| !unit.passed);
    !is_tested && !matches!(node.status, NodeStatus::Succeeded | NodeStatus::LeftOut)
}

fn declared(subject: &Subject<'_>, dialect: Dialect) -> Result<Declaration, String> {
    let identity = subject.identity().map_err(|failure| failure.to_string())?;
    subject.plugin.models(identity, subject.limits.clone(), dialect).map_err(|failure| failure.to_string())
}

fn checked(subject: &Subject<'_>, dialect: Dialect) -> Result<wmshost_models::Project, String> {
    let identity = subject.identity().map_err(|failure| failure.to_string())?;
    let (streams, variables) = match &subject.case {
        Some(case) => (case.file.streams.clone(), case.file.variables.clone()),
        None => (BTreeMap::new(), BTreeMap::new()),
    };
    project(subject.plugin, &subject.limits, identity.settings, streams, variables, dialect)
}

fn built(subject: &Subject<'_>) -> Result<Report, Verdict> {
    let case = subject.case()?;
    let database = Database::new().map_err(Verdict::fail)?;
    let table_of = |stream: &str| case.file.streams.get(stream).cloned().unwrap_or_else(|| stream.to_owned());
    database.fill(case, |_| Vec::new(), table_of, true).map_err(Verdict::fail)?;
    let project = checked(subject, Dialect::Sqlite).map_err(Verdict::fail)?;
    build(&project, &database).map_err(Verdict::fail)
}

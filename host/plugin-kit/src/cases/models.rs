//! A case of models: loaded tables in, each model's rows out; with the models' own tests and unit tests.

use std::collections::BTreeMap;

use wmshost_databases::sqlite;
use wmshost_flow::{Dialect, Failure, Setting, SqlSession, StatementLimit};
use wmshost_models::{BuildOptions, Observer, Project, Report, Runner, Scratch, Setup};
use wmshost_sandbox::{Limits, Plugin};

use super::case::Case;
use super::database::{Database, quoted};
use super::golden::Made;
use super::host::{clock, identity};
use super::log;
use crate::error::Result;
use crate::rows;

/// Databases in memory, for unit tests.
pub(crate) struct Memory;

impl Scratch for Memory {
    fn session(&self) -> std::result::Result<Box<dyn SqlSession>, Failure> {
        sqlite::open_scratch()
    }
}

struct Silent;

impl Observer for Silent {}

/// Returns the checked models of a component, for these streams.
pub(crate) fn project(
    plugin: &Plugin,
    limits: &Limits,
    settings: BTreeMap<String, Setting>,
    streams: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    dialect: Dialect,
) -> std::result::Result<Project, String> {
    let declared = plugin.models(identity(plugin, settings), limits.clone(), dialect).map_err(|f| f.to_string())?;
    let setup = Setup {
        dialect,
        streams,
        variables,
        plugins: vec![(plugin.name.clone(), declared)],
        digests: BTreeMap::from([(plugin.name.clone(), plugin.digest.clone())]),
        described: Default::default(),
    };
    Project::new(setup).map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Builds and tests all models.
pub(crate) fn build(project: &Project, database: &Database) -> std::result::Result<Report, Failure> {
    let options = BuildOptions::of(project.everything(), 1);
    let clock = clock();
    let runner = Runner {
        project,
        unit_test_project: Some((project, &Memory)),
        target: database.target.as_ref(),
        clock: clock.as_ref(),
        observer: &Silent,
        limit: StatementLimit::default(),
        pipeline: "cases",
        run_id: "case",
        options,
    };
    runner.run()
}

/// Runs the case.
pub(super) fn run(case: &Case, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    let database = Database::new()?;
    let streams = case.file.streams.clone();
    let table_of = |stream: &str| streams.get(stream).cloned().unwrap_or_else(|| stream.to_owned());
    let tables = database.fill(case, |_| Vec::new(), table_of, true)?;
    if let Some((stream, table)) = streams.iter().find(|(_, table)| !tables.contains(table)) {
        return Err(
            case.mistake(format_args!("the table {table} of the stream {stream} has no file tables/{stream}.csv"))
        );
    }
    let settings = case.settings(&plugin.describe()?)?;
    let variables = case.file.variables.clone();
    let (declared, messages) =
        log::collected(|| project(plugin, limits, settings, streams.clone(), variables, Dialect::Sqlite));
    let project = match declared {
        Ok(project) => project,
        Err(failure) => return Ok(Made::failed(failure, messages)),
    };
    let report = match build(&project, &database) {
        Ok(report) => report,
        Err(failure) => return Ok(Made::failed(failure.to_string(), messages)),
    };
    let mut made = Made { log: messages, ..Made::default() };
    let mut results = String::new();
    for node in &report.nodes {
        results += &format!("{} {}\n", node.name, node.status.name());
        let failed = node.tests.iter().filter(|test| test.status.stops());
        made.objections.extend(failed.map(|test| format!("{}: the test {} failed", node.name, test.name)));
        let units = node.unit_tests.iter().filter(|unit| !unit.passed);
        made.objections.extend(
            units.map(|unit| format!("{}: the unit test {} failed:\n{}", node.name, unit.name, unit.difference)),
        );
        if node.tests.is_empty() && node.unit_tests.is_empty() && !node.message.is_empty() {
            made.objections.push(format!("{}: {}", node.name, node.message));
        }
    }
    made.file("results.txt", results);
    for name in project.model_names() {
        let Some(table) = project.table(name) else { continue };
        let query = format!("SELECT * FROM {}", quoted(table));
        let Ok(all) = database.rows(table, &query) else { continue };
        let own: Vec<usize> =
            (0..all.num_columns()).filter(|at| !all.schema().field(*at).name().starts_with("wms_")).collect();
        let own = all.project(&own).map_err(|error| case.mistake(error))?;
        made.file(&format!("expected/{name}.csv"), sorted(&rows::to_csv(&own)));
    }
    Ok(made)
}

/// The lines after the head, in the order of their text: a table has none of its own.
fn sorted(csv: &str) -> String {
    let mut lines: Vec<&str> = csv.lines().collect();
    if let Some(rows) = lines.get_mut(1..) {
        rows.sort_unstable();
    }
    lines.join("\n") + "\n"
}

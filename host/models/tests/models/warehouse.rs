//! A warehouse with two loaded streams, `stock` and `item`, a clock that a test sets, and short constructors of
//! declarations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow_schema::DataType;
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::model::{
    Assertion, Declaration, Increment, Layer, Materialization, Model, ModelColumn, OnChange, Severity, SourceTable,
    Storage, Strategy, Test, Threshold,
};
use wmshost_flow::{Clock, Dialect, Failure, Micros, SqlSession, StatementLimit, Target, Value};
use wmshost_models::{
    BuildOptions, Diagnostic, NodeResult, Observer, PreviousRun, Project, Report, Runner, Scratch, Setup,
};

pub(crate) struct TurnedClock(AtomicI64);

impl Clock for TurnedClock {
    fn now(&self) -> Micros {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

struct Silent;

impl Observer for Silent {}

/// Databases in memory.
pub(crate) struct Memory;

impl Scratch for Memory {
    fn session(&self) -> Result<Box<dyn SqlSession>, Failure> {
        sqlite::open_scratch()
    }
}

pub(crate) struct Warehouse {
    /// The folder of the database, if it is a file.
    _folder: Option<TempDir>,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) clock: Arc<TurnedClock>,
}

/// 2026-01-05 12:00:00, a Monday.
pub(crate) const NOON: Micros = 1_767_614_400_000_000;
pub(crate) const HOUR: Micros = 3_600_000_000;

impl Warehouse {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TurnedClock(AtomicI64::new(NOON)));
        let target = sqlite::open_target(&folder.path().join("t.db"), "analytics", clock.clone()).expect("a target");
        let warehouse = Self { _folder: Some(folder), target, clock };
        warehouse.run_sql(
            "CREATE TABLE WMS_STOCK (id INTEGER PRIMARY KEY, item INTEGER, place TEXT, amount INTEGER, \
             at TIMESTAMP(6), wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))",
        );
        warehouse.run_sql(
            "CREATE TABLE WMS_ITEM (item INTEGER PRIMARY KEY, name TEXT, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))",
        );
        warehouse.item(1, "box");
        warehouse.item(2, "crate");
        for (id, item, place, amount) in [(1, 1, "A", 10), (2, 1, "B", 20), (3, 2, "A", 5)] {
            warehouse.stock(id, item, place, amount);
        }
        warehouse
    }

    /// Over an existing database without tables.
    pub(crate) fn over(open: impl FnOnce(Arc<TurnedClock>) -> Arc<dyn Target>) -> Self {
        let clock = Arc::new(TurnedClock(AtomicI64::new(NOON)));
        Self { _folder: None, target: open(clock.clone()), clock }
    }

    /// Sets the clock forward.
    pub(crate) fn later(&self, by: Micros) {
        self.clock.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn stock(&self, id: i64, item: i64, place: &str, amount: i64) {
        let now = Value::Timestamp(self.clock.now());
        self.run_sql(&format!(
            "INSERT OR REPLACE INTO WMS_STOCK VALUES ({id}, {item}, '{place}', {amount}, '{now}', 'load', '{now}')"
        ));
    }

    pub(crate) fn item(&self, item: i64, name: &str) {
        let now = Value::Timestamp(self.clock.now());
        self.run_sql(&format!("INSERT OR REPLACE INTO WMS_ITEM VALUES ({item}, '{name}', 'load', '{now}')"));
    }

    pub(crate) fn run_sql(&self, statement: &str) {
        let mut sql = self.target.sql().expect("a session");
        sql.execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
    }

    /// The rows of a query, as text.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        self.try_rows(query).unwrap_or_else(|failure| panic!("{query}: {failure}"))
    }

    pub(crate) fn try_rows(&self, query: &str) -> Result<Vec<String>, Failure> {
        let rows = self.target.sql()?.query(query, &[])?;
        Ok(rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect())
    }

    pub(crate) fn build(&self, project: &Project) -> Report {
        self.run(project, |_| {})
    }

    pub(crate) fn run(&self, project: &Project, change: impl FnOnce(&mut BuildOptions)) -> Report {
        self.run_as("wms", project, change)
    }

    /// Runs as a pipeline of that name, which has no records of another's.
    pub(crate) fn run_as(&self, pipeline: &str, project: &Project, change: impl FnOnce(&mut BuildOptions)) -> Report {
        self.try_run_as(pipeline, project, change).expect("a run")
    }

    pub(crate) fn try_run_as(
        &self,
        pipeline: &str,
        project: &Project,
        change: impl FnOnce(&mut BuildOptions),
    ) -> Result<Report, Failure> {
        let mut options = BuildOptions::of(project.everything(), 3);
        change(&mut options);
        let runner = Runner {
            project,
            unit_test_project: Some((project, &Memory)),
            target: self.target.as_ref(),
            clock: self.clock.as_ref(),
            observer: &Silent,
            limit: StatementLimit::default(),
            pipeline,
            run_id: "run-1",
            options,
        };
        runner.run()
    }

    pub(crate) fn examine(&self, project: &Project) -> Result<Vec<String>, Vec<Diagnostic>> {
        let mut sql = self.target.sql().expect("a session");
        project.examine(sql.as_mut()).expect("a database")
    }
}

/// The result of a node in a report.
pub(crate) fn node<'r>(report: &'r Report, name: &str) -> &'r NodeResult {
    report.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no node {name} in {report:#?}"))
}

/// The action taken for a model.
pub(crate) fn action(report: &Report, name: &str) -> &'static str {
    let node = node(report, name);
    node.action.map_or(node.status.name(), |action| action.name())
}

pub(crate) fn setup(models: Vec<Model>) -> Setup {
    let streams = [("stock", "WMS_STOCK"), ("item", "WMS_ITEM")];
    Setup {
        dialect: Dialect::Sqlite,
        streams: streams.map(|(name, table)| (name.to_owned(), table.to_owned())).into(),
        variables: BTreeMap::new(),
        plugins: vec![("marts".to_owned(), Declaration { models, ..Declaration::default() })],
        digests: BTreeMap::from([("marts".to_owned(), "blake3:0123".to_owned())]),
        described: Default::default(),
    }
}

pub(crate) fn project(models: Vec<Model>) -> Project {
    Project::new(setup(models)).unwrap_or_else(|wrong| panic!("{}", reported(&wrong)))
}

pub(crate) fn reported(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub(crate) fn selected(project: &Project, words: &[&str]) -> wmshost_models::Selected {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    project.select(&words, &[], &PreviousRun::default()).expect("a selection")
}

/// A table whose columns are all whole numbers, except `name` and `place`.
pub(crate) fn model(name: &str, reads: &[&str], columns: &[&str], statement: &str) -> Model {
    let kind = |column: &str| match column {
        "name" | "place" | "status" | "user" => DataType::Utf8,
        "at" | "changed" => DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None),
        _ => DataType::Int64,
    };
    let column = |name: &&str| ModelColumn { name: (*name).to_owned(), kind: kind(name), summary: String::new() };
    Model {
        name: name.to_owned(),
        layer: Layer::Mart,
        materialization: Materialization::Table,
        depends_on: reads.iter().map(|name| (*name).to_owned()).collect(),
        statement: statement.to_owned(),
        columns: columns.iter().map(column).collect(),
        tests: Vec::new(),
        unit_tests: Vec::new(),
        storage: Storage::default(),
        freshness: None,
        summary: String::new(),
        tags: Vec::new(),
        owner: None,
    }
}

pub(crate) fn view(name: &str, reads: &[&str], columns: &[&str], statement: &str) -> Model {
    let materialization = Materialization::View;
    Model { materialization, layer: Layer::Staging, ..model(name, reads, columns, statement) }
}

pub(crate) fn incremental(strategy: Strategy, changes: Option<&str>, model: Model) -> Model {
    let increment =
        Increment { strategy, changes: changes.map(str::to_owned), lookback: 0, on_change: OnChange::Rebuild };
    Model { materialization: Materialization::Incremental(increment), ..model }
}

pub(crate) fn test(name: &str, assertion: Assertion) -> Test {
    Test {
        name: name.to_owned(),
        assertion,
        severity: Severity::Error,
        only_where: None,
        warn_if: Threshold::Rows(0),
        error_if: Threshold::Rows(0),
        summary: String::new(),
    }
}

/// A stream's table with tests.
pub(crate) fn source(name: &str, tests: Vec<Test>) -> SourceTable {
    SourceTable {
        name: name.to_owned(),
        summary: String::new(),
        columns: Vec::new(),
        tests,
        freshness: None,
        tags: Vec::new(),
        owner: None,
    }
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

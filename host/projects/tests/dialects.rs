//! A folder of SQL files, built on SQLite and on the Oracle emulator: the same files and the same rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Dialect, Micros, StatementLimit, Target};
use wmshost_models::{BuildOptions, Observer, Project, Report, Runner, Setup};
use wmshost_oracle_emulator::{Account, Emulator, Options, Release, Transport};

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Micros {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

struct Silent;

impl Observer for Silent {}

/// A database with one loaded stream, and a folder for the project.
struct World {
    folder: TempDir,
    dialect: Dialect,
    target: Arc<dyn Target>,
    clock: Arc<Ticking>,
    _server: Option<Emulator>,
}

impl World {
    fn sqlite() -> Self {
        let (folder, clock) =
            (tempfile::tempdir().expect("a folder"), Arc::new(Ticking(AtomicI64::new(1_767_614_400_000_000))));
        let target = sqlite::open_target(&folder.path().join("t.db"), "analytics", clock.clone()).expect("a target");
        Self { folder, dialect: Dialect::Sqlite, target, clock, _server: None }
    }

    fn oracle() -> Self {
        let (folder, clock) =
            (tempfile::tempdir().expect("a folder"), Arc::new(Ticking(AtomicI64::new(1_767_614_400_000_000))));
        let server = Emulator::start(Options::default().account(Account::new("FILES", "mart"))).expect("an emulator");
        let address = Address::Host {
            host: "localhost".to_owned(),
            port: server.port(Release::R19, Transport::Tcp),
            service: Service::Name("STANDIN".to_owned()),
            protocol: Protocol::Tcp,
        };
        let settings = Settings::new(address, "FILES", Secret::new("mart"));
        let target = oracle::open_target(settings, 6, "analytics", clock.clone()).expect("a target");
        Self { folder, dialect: Dialect::Oracle, target, clock, _server: Some(server) }
    }

    fn run_sql(&self, statement: &str) {
        let mut sql = self.target.sql().expect("a session");
        sql.execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
    }

    fn load(&self, id: i64, place: &str, amount: &str) {
        let now = wmshost_flow::Value::Timestamp(self.clock.now());
        let now = if self.dialect == Dialect::Oracle { format!("TIMESTAMP '{now}'") } else { format!("'{now}'") };
        self.run_sql(&format!("INSERT INTO WMS_STOCK (id, place, amount, wms_run_id, wms_loaded_at) VALUES ({id}, '{place}', {amount}, 'load', {now})"));
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.folder.path().join("sql").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn project(&self) -> Project {
        let folder: &Path = &self.folder.path().join("sql");
        let read = wmshost_projects::read(folder, self.dialect)
            .unwrap_or_else(|wrong| panic!("{}", wmshost_projects::problems_text(&wrong)));
        let setup = Setup {
            dialect: self.dialect,
            streams: BTreeMap::from([("stock".to_owned(), "WMS_STOCK".to_owned())]),
            variables: BTreeMap::new(),
            plugins: vec![("sql-project".to_owned(), read.declaration)],
            digests: BTreeMap::from([("sql-project".to_owned(), read.digest)]),
            described: BTreeSet::from(["sql-project".to_owned()]),
        };
        let mut project = Project::new(setup).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        let mut sql = self.target.sql().expect("a session");
        project.describe(sql.as_mut()).expect("described");
        let examined = project.examine(sql.as_mut()).expect("a database");
        examined.unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        project
    }

    fn build(&self) -> Report {
        let project = self.project();
        let options = BuildOptions { unit_test: false, ..BuildOptions::of(project.everything(), 2) };
        let runner = Runner {
            project: &project,
            unit_test_project: None,
            target: self.target.as_ref(),
            clock: self.clock.as_ref(),
            observer: &Silent,
            limit: StatementLimit::default(),
            pipeline: "wms",
            run_id: "run-1",
            options,
        };
        let report = runner.run().expect("a run");
        assert!(!report.has_failed(), "{report:#?}");
        report
    }

    fn rows(&self, query: &str) -> Vec<String> {
        let rows = self.target.sql().expect("a session").query(query, &[]).expect("rows");
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
    }
}

fn action<'r>(report: &'r Report, name: &str) -> &'r str {
    let node = report.nodes.iter().find(|node| node.name == name).expect("a node");
    node.action.map_or("-", |action| action.name())
}

const YAML: &str = "
models:
  - name: kept
    config: {materialized: incremental, unique_key: [id]}
    columns:
      - {name: id, data_tests: [unique, not_null]}
      - {name: described_only}
  - name: swapped
    config: {materialized: incremental, unique_key: place, incremental_strategy: delete+insert}
  - name: added
    config: {materialized: incremental}
  - name: totals
    config: {materialized: table, indexes: [[place]]}
    columns:
      - {name: amount, data_type: 'decimal(12,2)'}
    data_tests:
      - dbt_utils.expression_is_true: {expression: 'amount >= 0'}
";

fn tells_its_rows(world: &World) {
    world.file("models.yml", YAML);
    world.file("seeds/places.csv", "place,label\nA,\"first, of all\"\nB,\n");
    // Every column, without those that the host adds, also below a UNION and a join.
    world.file(
        "stg.sql",
        "WITH all_rows AS (SELECT * FROM {stock} UNION ALL SELECT * FROM {stock} WHERE 1 = 0) SELECT * FROM all_rows",
    );
    world.file("kept.sql", "SELECT s.*, p.label FROM {stg} s LEFT JOIN {places} p ON p.place = s.place {when incremental}WHERE s.id > (SELECT MAX(id) - 1 FROM {this}){end}");
    world.file("swapped.sql", "SELECT place, id, amount FROM {kept} {when incremental}WHERE place IN (SELECT place FROM {stock} WHERE wms_loaded_at > {watermark}){end}");
    world.file("added.sql", "SELECT id FROM {stock} {when incremental}WHERE wms_loaded_at > {watermark}{end}");
    world.file("totals.sql", "SELECT place, SUM(amount) AS amount, COUNT(*) AS times FROM {swapped} GROUP BY place");
    world.file("tests/no_row_is_lost.sql", "SELECT * FROM (SELECT COUNT(*) AS a FROM {kept}) x CROSS JOIN (SELECT COUNT(*) AS b FROM {added}) y WHERE a <> b");
    for (id, place, amount) in [(1, "A", "1.50"), (2, "B", "2.25"), (3, "A", "4")] {
        world.load(id, place, amount);
    }
    world.build();
    assert_eq!(
        world.rows("SELECT id, place, amount, label FROM KEPT ORDER BY id"),
        ["1 A 1.5 first, of all", "2 B 2.25 NULL", "3 A 4 first, of all"]
    );
    assert_eq!(world.rows("SELECT place, amount, times FROM TOTALS ORDER BY place"), ["A 5.5 2", "B 2.25 1"]);
    world.load(4, "B", "0.01");
    let report = world.build();
    assert_eq!(["kept", "swapped", "added"].map(|name| action(&report, name)), ["incremental"; 3]);
    assert_eq!(world.rows("SELECT place, amount, times FROM TOTALS ORDER BY place"), ["A 5.5 2", "B 2.26 2"]);
    assert_eq!(
        ["stg", "kept", "totals", "places"].map(|name| action(&world.build(), name).to_owned()),
        ["unchanged"; 4].map(str::to_owned)
    );
}

#[test]
fn on_sqlite() {
    let world = World::sqlite();
    world.run_sql("CREATE TABLE WMS_STOCK (id INTEGER PRIMARY KEY, place TEXT, amount DECIMAL(10,2), wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))");
    tells_its_rows(&world);
}

#[test]
fn on_oracle() {
    let world = World::oracle();
    world.run_sql("CREATE TABLE WMS_STOCK (id NUMBER(19) PRIMARY KEY, place VARCHAR2(4000), amount NUMBER(10,2), wms_run_id VARCHAR2(128), wms_loaded_at TIMESTAMP(6))");
    tells_its_rows(&world);
    let types = "SELECT column_name || ' ' || data_type FROM user_tab_columns WHERE table_name = 'TOTALS' AND column_name IN ('AMOUNT', 'TIMES') ORDER BY 1";
    assert_eq!(world.rows(types), ["AMOUNT NUMBER", "TIMES NUMBER"]);
}

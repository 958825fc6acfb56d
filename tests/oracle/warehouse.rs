//! A sample warehouse in SQLite, the same in the emulator, and the job on both.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use tempfile::TempDir;
use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_flow::{Clock, Micros, SqlSession, Value};
use wmshost_oracle_emulator::{Emulator, Release, Transport};
use wmshost_tests::root;

/// The source's tables, as Oracle declares them, and their keys.
const TABLES: [(&str, &str, &str); 5] = [
    (
        "item_master",
        "item_id",
        "item_id NUMBER(18) PRIMARY KEY, item_code VARCHAR2(50), item_description VARCHAR2(255), \
         item_category VARCHAR2(50), unit_of_measure VARCHAR2(10), standard_cost NUMBER(12,4), \
         is_active VARCHAR2(1), item_weight NUMBER(12,3), item_volume NUMBER(12,3), storage_type VARCHAR2(30), \
         shelf_life_days NUMBER(18), hazmat_class VARCHAR2(20)",
    ),
    (
        "location",
        "location_id",
        "location_id NUMBER(18) PRIMARY KEY, location_code VARCHAR2(50), location_type VARCHAR2(20), \
         zone_id VARCHAR2(20), aisle VARCHAR2(10), bay VARCHAR2(10), level_no VARCHAR2(10), \
         is_active VARCHAR2(1), capacity_volume NUMBER(12,3), capacity_weight NUMBER(12,3), \
         current_volume NUMBER(12,3), current_weight NUMBER(12,3), temperature_zone VARCHAR2(20), \
         security_level VARCHAR2(20), pick_sequence NUMBER(18)",
    ),
    (
        "order_hdr",
        "order_id",
        "order_id NUMBER(18) PRIMARY KEY, customer_id NUMBER(18) NOT NULL, order_date TIMESTAMP(6) NOT NULL, \
         order_status VARCHAR2(20), total_amount NUMBER(12,2), requested_ship_date TIMESTAMP(6), \
         order_type VARCHAR2(20), priority_code VARCHAR2(20), ship_to_address_id NUMBER(18), \
         last_updated TIMESTAMP(6)",
    ),
    (
        "order_dtl",
        "order_detail_id",
        "order_detail_id NUMBER(18) PRIMARY KEY, order_id NUMBER(18) NOT NULL, item_id NUMBER(18) NOT NULL, \
         quantity_ordered NUMBER(12,3), unit_price NUMBER(12,2), line_total NUMBER(12,2), \
         last_updated TIMESTAMP(6)",
    ),
    (
        "allocation",
        "allocation_id",
        "allocation_id NUMBER(18) PRIMARY KEY, order_id NUMBER(18) NOT NULL, item_id NUMBER(18) NOT NULL, \
         location_id NUMBER(18) NOT NULL, quantity_allocated NUMBER(12,3), allocation_status VARCHAR2(20), \
         allocated_by_user VARCHAR2(50), priority_level NUMBER(18), created_date TIMESTAMP(6) NOT NULL, \
         last_updated TIMESTAMP(6)",
    ),
];

/// Receipts of goods, which the sample does not have.
const RECEIPT: &str = "receipt_id NUMBER(18) PRIMARY KEY, order_id NUMBER(18), item_id NUMBER(18), location_id NUMBER(18), \
     quantity_received NUMBER(12,3), receipt_status VARCHAR2(20), received_date TIMESTAMP(6), last_updated TIMESTAMP(6)";

/// The date that counts as today for models, as in the pipeline for development.
pub(crate) const TODAY: &str = "\n[models.settings.wms-marts]\ntoday = \"2026-06-30\"\n";

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Micros {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A warehouse in both kinds of databases.
pub(crate) struct Warehouse {
    folder: TempDir,
    pub(crate) server: Emulator,
}

impl Warehouse {
    /// The same sample in SQLite and in the emulator.
    pub(crate) fn new(server: Emulator, allocations: u32) -> Self {
        let warehouse = Self { folder: tempfile::tempdir().expect("a folder"), server };
        warehouse.wmshost(&["sample", "create", &warehouse.sample(), "--allocations", &allocations.to_string()], &[]);
        let mut sql = warehouse.sql("WMS", "wms");
        for (table, _, columns) in TABLES {
            sql.execute(&format!("CREATE TABLE {table} ({columns})"), &[]).expect("a table");
        }
        warehouse.copy_sample();
        warehouse
    }

    /// No sample; WMS has the tables that these statements make.
    pub(crate) fn of(server: Emulator, statements: &[&str]) -> Self {
        let warehouse = Self { folder: tempfile::tempdir().expect("a folder"), server };
        let mut sql = warehouse.sql("WMS", "wms");
        for statement in statements {
            sql.execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
        }
        warehouse
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn sample(&self) -> String {
        self.path("wms.db")
    }

    /// Adds a table of receipts to both: most lines of orders were received, some twice, in all states.
    pub(crate) fn add_receipts(&self) {
        self.change(
            "CREATE TABLE receipt (receipt_id INTEGER PRIMARY KEY, order_id INTEGER, item_id INTEGER, location_id INTEGER,
                quantity_received DECIMAL(12,3), receipt_status TEXT, received_date TIMESTAMP(6), last_updated TIMESTAMP(6));
             INSERT INTO receipt
             SELECT 2 * order_detail_id + twice.n, order_id, CASE WHEN order_detail_id % 97 > 0 THEN item_id END, 1 + order_detail_id % 10,
                CASE order_detail_id % 101 WHEN 0 THEN NULL WHEN 1 THEN -1 ELSE quantity_ordered END,
                CASE order_detail_id % 7 WHEN 0 THEN 'EXPECTED' WHEN 1 THEN ' received ' WHEN 2 THEN NULL ELSE 'RECEIVED' END,
                CASE WHEN order_detail_id % 103 > 0 THEN order_date END, line.last_updated
             FROM order_dtl AS line JOIN order_hdr USING (order_id) JOIN (SELECT 0 AS n UNION SELECT 1) AS twice
             WHERE order_detail_id % 5 > 0 AND (twice.n = 0 OR order_detail_id % 3 = 0);",
        );
        self.sql("WMS", "wms").execute(&format!("CREATE TABLE receipt ({RECEIPT})"), &[]).expect("a table");
        self.copy_table("receipt");
    }

    /// Changes the sample.
    pub(crate) fn change(&self, statements: &str) {
        Connection::open(self.sample()).expect("the sample").execute_batch(statements).expect("valid statements");
    }

    /// Makes the emulator's tables equal to those of the sample.
    pub(crate) fn copy_sample(&self) {
        TABLES.iter().for_each(|(table, ..)| self.copy_table(table));
    }

    pub(crate) fn copy_table(&self, table: &str) {
        let sample = Connection::open(self.sample()).expect("the sample");
        let mut sql = self.sql("WMS", "wms");
        sql.execute(&format!("DELETE FROM {table}"), &[]).expect("an empty table");
        let mut statement = sample.prepare(&format!("SELECT * FROM {table}")).expect("a query");
        let columns = statement.column_count();
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let marks: Vec<String> = (1..=columns).map(|number| format!(":{number}")).collect();
        let insert = format!("INSERT INTO {table} VALUES ({})", marks.join(", "));
        let mut rows = statement.query([]).expect("rows");
        let mut part = Vec::new();
        loop {
            let row = rows.next().expect("a row").map(|row| {
                let cell = |at: usize| bound(row.get::<_, Cell>(at).expect("a cell"), &names[at]);
                (0..columns).map(cell).collect::<Vec<Value>>()
            });
            let is_last = row.is_none();
            part.extend(row);
            if part.len() == 5_000 || is_last {
                sql.execute_many(&insert, &part).unwrap_or_else(|failure| panic!("{table}: {failure}"));
                part.clear();
            }
            if is_last {
                break;
            }
        }
    }

    /// A day passes in the sample.
    pub(crate) fn change_sample(&self, seed: u32) {
        self.wmshost(&["sample", "change", &self.sample(), "--percent", "5", "--seed", &seed.to_string()], &[]);
    }

    /// A session of the host's own on the emulator.
    pub(crate) fn sql(&self, user: &str, password: &str) -> Box<dyn SqlSession> {
        let address = Address::Host {
            host: "localhost".to_owned(),
            port: self.server.port(Release::R23, Transport::Tcp),
            service: Service::Name("STANDIN".to_owned()),
            protocol: Protocol::Tcp,
        };
        let settings = Settings::new(address, user, Secret::new(password));
        let target = oracle::open_target(settings, 1, "test", Arc::new(StandingClock)).expect("a target");
        target.sql().expect("a session")
    }

    /// The production pipeline, at the emulator's ports, without retries after a failure, with these lines at its end.
    pub(crate) fn pipeline(&self, ca_file: &Path, more: &str) -> String {
        let file = self.path("oracle.toml");
        let text = format!(
            "extends = {:?}\n\n[connections.wms]\nport = {}\nconnect_budget = \"2s\"\ncall_timeout = \"10s\"\n\n[connections.analytics]\nport = {}\n\
             protocol = \"tcps\"\nca_file = {ca_file:?}\nconnect_budget = \"2s\"\ncall_timeout = \"10s\"\n\n[run]\nretries = 0\n{more}",
            root().join("pipelines/prod.toml"),
            self.server.port(Release::R19, Transport::Tcp),
            self.server.port(Release::R23, Transport::Tcps),
        );
        std::fs::write(&file, text).expect("a pipeline file");
        file
    }

    /// The pipeline with the right certificate and small batches, and with the day on which the sample ends as today.
    pub(crate) fn usual_pipeline(&self) -> String {
        self.pipeline(&self.server.wallet().join("ca.pem"), TODAY)
    }

    /// Runs the program with the production variables.
    pub(crate) fn wmshost(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().expect("the program, built by `make build`")
    }

    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(wmshost_tests::program());
        command
            .args(arguments)
            .env("WMSHOST_HOME", self.folder.path().join("home"))
            .env("WMS_SQLITE", self.sample())
            .env("TARGET_SQLITE", self.path("analytics.db"))
            .env("WMS_ORACLE_HOST", "localhost")
            .env("WMS_ORACLE_SID", "ORCL")
            .env("WMS_ORACLE_USERNAME", "WMS")
            .env("WMS_ORACLE_PASSWORD", "wms")
            .env("TARGET_ORACLE_HOST", "localhost")
            .env("TARGET_ORACLE_SERVICE_NAME", "STANDIN")
            .env("TARGET_ORACLE_USERNAME", "MART")
            .env("TARGET_ORACLE_PASSWORD", "mart")
            .env("TARGET_ORACLE_SCHEMA", "MART")
            .env("WMS_BATCH_SIZE", "500")
            .env("TARGET_BATCH_SIZE", "1000")
            .envs(variables.iter().copied());
        command
    }

    /// Runs a pipeline that must succeed.
    pub(crate) fn run(&self, pipeline: &str) -> Output {
        let output = self.wmshost(&["run", pipeline], &[]);
        assert!(output.status.success(), "{}", reported(&output));
        output
    }

    /// The same pipeline from SQLite to SQLite.
    pub(crate) fn sqlite_pipeline(&self) -> String {
        self.sqlite_pipeline_with("")
    }

    /// The same with these lines at its end.
    pub(crate) fn sqlite_pipeline_with(&self, more: &str) -> String {
        let pipeline = self.path("sqlite.toml");
        let shipped = root().join("pipelines/dev.toml");
        std::fs::write(&pipeline, format!("extends = {shipped:?}\n{more}")).expect("written");
        pipeline
    }

    /// The same job from SQLite to SQLite, and the stream tables of both targets, which must be equal.
    pub(crate) fn assert_same_as_sqlite(&self, when: &str) {
        self.run(&self.sqlite_pipeline());
        let target = Connection::open(self.path("analytics.db")).expect("the target");
        let mut sql = self.sql("MART", "mart");
        for (table, key, _) in TABLES {
            let table = format!("WMS_{}", table.to_uppercase());
            let (expected, columns) = sqlite_rows(&target, &table, key);
            let list = columns.join(", ");
            let rows = sql.query(&format!("SELECT {list} FROM {table} ORDER BY {key}"), &[]).expect("rows");
            let found: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(shown).collect()).collect();
            assert_eq!(found.len(), expected.len(), "{when}: rows of {table}");
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found, expected, "{when}: {table} ({list})");
            }
        }
    }
}

/// The output of a program.
pub(crate) fn reported(output: &Output) -> String {
    format!(
        "exit {:?}\n{}\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn bound(cell: Cell, column: &str) -> Value {
    let moment = column.ends_with("_date") || column == "last_updated";
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(value) => Value::Decimal(value.to_string()),
        Cell::Real(value) => Value::Decimal(format!("{value}")),
        Cell::Text(text) if moment => {
            wmshost_flow::timestamp_from_text(&text).map_or(Value::Text(text), Value::Timestamp)
        }
        Cell::Text(text) => Value::Text(text),
        Cell::Blob(bytes) => Value::Binary(bytes),
    }
}

fn sqlite_rows(target: &Connection, table: &str, key: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let mut statement = target.prepare(&format!("SELECT * FROM {table} ORDER BY {key}")).expect("a query");
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let kept: BTreeMap<usize, String> =
        names.into_iter().enumerate().filter(|(_, name)| !name.starts_with("wms_")).collect();
    let rows =
        statement.query_map([], |row| kept.keys().map(|at| row.get::<_, Cell>(*at)).collect::<Result<Vec<_>, _>>());
    let rows = rows.expect("rows").map(|row| row.expect("a row").iter().map(sqlite_shown).collect()).collect();
    (rows, kept.into_values().collect())
}

/// A value in one form, whichever database holds it.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.is_empty() => "NULL".to_owned(),
        Value::Decimal(text) => plain_number(text),
        Value::Text(text) if text.parse::<f64>().is_ok() => plain_number(text),
        other => other.to_string(),
    }
}

fn sqlite_shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) => plain_number(&format!("{value}")),
        Cell::Text(text) if text.is_empty() => "NULL".to_owned(),
        // Decimals of many digits are text there, with all their zeros.
        Cell::Text(text) if text.parse::<f64>().is_ok() => plain_number(text),
        Cell::Text(text) => text.strip_suffix('Z').unwrap_or(text).to_owned(),
        Cell::Blob(bytes) => format!("{bytes:?}"),
    }
}

fn plain_number(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

//! A schema of others on an Oracle server: `discover`, `init`, and the pipeline that this writes.

use std::process::Output;

use rusqlite::Connection;
use serde_json::Value as Json;
use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

use crate::warehouse::{Warehouse, reported};

/// Names in both spellings, a key of two columns, a key of an index, a view, a table without a key.
const TABLES: [&str; 14] = [
    "CREATE TABLE customer (customer_id NUMBER(10) PRIMARY KEY, name VARCHAR2(40 CHAR) NOT NULL, balance NUMBER, \
     last_updated TIMESTAMP(6))",
    "CREATE INDEX customer_updated ON customer (last_updated)",
    "INSERT INTO customer VALUES (1, 'first', 12.5, TIMESTAMP '2026-01-01 10:00:00.123456')",
    "INSERT INTO customer VALUES (2, 'second', NULL, TIMESTAMP '2026-01-02 10:00:00')",
    "CREATE TABLE \"Order Details\" (\"Line Id\" NUMBER(10), \"Part\" VARCHAR2(10), \"Updated At\" DATE, \"Note\" CLOB, \
     PRIMARY KEY (\"Line Id\", \"Part\"))",
    "INSERT INTO \"Order Details\" VALUES (1, 'a', DATE '2026-01-31', 'a note')",
    "INSERT INTO \"Order Details\" VALUES (1, 'b', DATE '2026-01-31', NULL)",
    "CREATE TABLE by_index (code VARCHAR2(20) NOT NULL, weight BINARY_DOUBLE)",
    "CREATE UNIQUE INDEX by_index_code ON by_index (code)",
    "INSERT INTO by_index VALUES ('x', 0.5)",
    "CREATE TABLE no_key (a NUMBER(5))",
    "INSERT INTO no_key VALUES (1)",
    "CREATE VIEW richest AS SELECT customer_id, balance FROM customer",
    "COMMIT",
];

struct Schema {
    warehouse: Warehouse,
    address: String,
}

impl Schema {
    fn new(statements: &[&str]) -> Self {
        let warehouse = Warehouse::of(Emulator::start(Options::default()).expect("an emulator"), statements);
        let port = warehouse.server.port(Release::R23, Transport::Tcp);
        Self { warehouse, address: format!("oracle:localhost:{port}/STANDIN") }
    }

    fn wmshost(&self, arguments: &[&str]) -> Output {
        let variables = [("SOURCE_USERNAME", "WMS"), ("SOURCE_PASSWORD", "wms")];
        self.warehouse.wmshost(arguments, &variables)
    }

    fn succeeds(&self, arguments: &[&str]) -> Output {
        let output = self.wmshost(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", reported(&output));
        output
    }

    fn json(&self, arguments: &[&str]) -> Json {
        serde_json::from_slice(&self.succeeds(arguments).stdout).expect("JSON")
    }
}

#[test]
fn a_schema_of_others_is_described_and_its_pipeline_runs_as_written() {
    let schema = Schema::new(&TABLES);
    let found = schema.json(&["discover", &schema.address, "--output", "json"]);
    let tables = found.as_array().expect("tables");
    let of = |name: &str| tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("{found:#}"));
    let customer = of("customer");
    assert_eq!(customer["key"], serde_json::json!(["customer_id"]), "{customer:#}");
    assert_eq!(customer["columns"][1]["declared"], "VARCHAR2(40)", "{customer:#}");
    assert_eq!(customer["change_keys"][0]["column"], "last_updated", "{customer:#}");
    assert_eq!(customer["change_keys"][0]["indexed"], true, "{customer:#}");
    assert_eq!(of("Order Details")["key"], serde_json::json!(["Line Id", "Part"]));
    assert_eq!(of("by_index")["unique"], serde_json::json!([["code"]]));

    let file = schema.warehouse.path("schema.toml");
    let copy = schema.warehouse.path("copy.db");
    let target = format!("sqlite:{copy}");
    let made = schema.succeeds(&["init", "--source", &schema.address, "--target", &target, "--output", &file]);
    let said = reported(&made);
    assert!(said.contains("richest is not moved: it is a view"), "{said}");
    assert!(!said.contains("no_key is not moved") && !said.contains("was not checked"), "{said}");
    let text = std::fs::read_to_string(&file).expect("a pipeline");
    for line in [
        "table = \"Order Details\"",
        "change_key = \"Updated At\"",
        "change_key = \"last_updated\"",
        "key = [\"code\"]  # of a unique index: there is no primary key",
    ] {
        assert!(text.lines().any(|written| written == line), "{line:?} is not in:\n{text}");
    }
    schema.succeeds(&["check", &file, "--connect"]);
    schema.succeeds(&["run", &file]);
    schema.succeeds(&["verify", &file]);
    let mut sql = schema.warehouse.sql("WMS", "wms");
    sql.execute("UPDATE customer SET name = 'changed', last_updated = SYSTIMESTAMP WHERE customer_id = 2", &[])
        .expect("a change");
    schema.succeeds(&["run", &file]);
    schema.succeeds(&["verify", &file]);
    let target = Connection::open(copy).expect("the target");
    let text = |query: &str| target.query_row(query, [], |row| row.get::<_, String>(0)).expect("a row");
    assert_eq!(
        text("SELECT group_concat(name, ' ') FROM (SELECT name FROM CUSTOMER ORDER BY customer_id)"),
        "first changed"
    );
    assert_eq!(text("SELECT group_concat(Part, ' ') FROM (SELECT Part FROM ORDER_DETAILS ORDER BY 1)"), "a b");
}

/// A column of each type: its declaration, its type on the way, and true if every value arrives as it is.
const TYPES: [(&str, &str, bool); 27] = [
    ("NUMBER", "decimal(38, 10)", false),
    ("NUMBER(10)", "int64", true),
    ("NUMBER(19)", "decimal(19, 0)", true),
    ("NUMBER(12,2)", "decimal(12, 2)", true),
    ("NUMBER(5,-2)", "int64", true),
    ("INTEGER", "decimal(38, 0)", true),
    ("NUMBER(38,-2)", "utf8", true),
    ("FLOAT", "decimal(38, 10)", false),
    ("BINARY_FLOAT", "float64", true),
    ("BINARY_DOUBLE", "float64", true),
    ("CHAR(4)", "utf8", true),
    ("NCHAR(4)", "utf8", true),
    ("VARCHAR2(20)", "utf8", true),
    ("NVARCHAR2(20)", "utf8", true),
    ("CLOB", "utf8", false),
    ("NCLOB", "utf8", false),
    ("BLOB", "binary", false),
    ("RAW(16)", "binary", true),
    ("DATE", "timestamp without zone", false),
    ("TIMESTAMP(3)", "timestamp without zone", false),
    ("TIMESTAMP(9)", "timestamp without zone", false),
    ("TIMESTAMP(6) WITH TIME ZONE", "timestamp in UTC", false),
    ("TIMESTAMP(6) WITH LOCAL TIME ZONE", "timestamp in UTC", false),
    ("INTERVAL YEAR TO MONTH", "utf8", true),
    ("INTERVAL DAY TO SECOND", "utf8", true),
    ("ROWID", "utf8", true),
    ("LONG", "utf8", false),
];

#[test]
fn the_certificate_has_every_type_of_the_server_and_proposes_the_digits_of_a_bare_number() {
    let columns = TYPES.iter().enumerate().map(|(at, (declared, ..))| format!("c{at} {declared}"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let table = format!("CREATE TABLE every_type (id NUMBER(10) PRIMARY KEY, {columns})");
    // Few enough of the rows do not fit.
    let rows = (1..=30).map(|id| {
        let digits = if id == 7 { "0.3333333333333333" } else { "12.5" };
        format!("INSERT INTO every_type (id, c0, c7) VALUES ({id}, {digits}, {id})")
    });
    let statements: Vec<String> = [table].into_iter().chain(rows).chain(["COMMIT".to_owned()]).collect();
    let schema = Schema::new(&statements.iter().map(String::as_str).collect::<Vec<_>>());
    let file = schema.warehouse.path("types.toml");
    let target = format!("sqlite:{}", schema.warehouse.path("types.db"));
    schema.succeeds(&["init", "--source", &schema.address, "--target", &target, "--output", &file]);
    let certificate = || {
        let checked = schema.json(&["check", &file, "--certificate", "--output", "json"]);
        checked["certificates"][0].clone()
    };
    let found = certificate();
    let of = |column: &str| {
        let columns = found["columns"].as_array().expect("columns");
        columns.iter().find(|of| of["column"] == column).unwrap_or_else(|| panic!("{found:#}"))
    };
    for (at, (declared, read_as, exact)) in TYPES.iter().enumerate() {
        let column = of(&format!("c{at}"));
        let source = column["refused"].as_array().expect("a list").iter();
        let refused: Vec<_> =
            source.filter(|text| text.as_str().is_some_and(|text| text.starts_with("source:"))).collect();
        assert_eq!(
            (column["read_as"].as_str(), refused.is_empty()),
            (Some(*read_as), *exact),
            "{declared}: {column:#}"
        );
        assert!(column["target_type"].is_string(), "{declared}: {column:#}");
    }
    let note = |column: &str| of(column)["note"].as_str().unwrap_or_default().to_owned();
    assert!(note("c0").contains("declare `\"C0\" = \"decimal(21,16)\"` in `columns`"), "{}", note("c0"));
    assert!(note("c7").contains("declare `\"C7\" = \"int64\"` in `columns`"), "{}", note("c7"));
    assert_eq!(note("c3"), "");
    // What it proposes is what a run takes, and the history has the hash.
    let text = std::fs::read_to_string(&file).expect("a pipeline");
    let rules = "[streams.every_type.columns]\n\"C0\" = \"decimal(21,16)\"\n\"C7\" = \"int64\"\n";
    std::fs::write(&file, format!("{text}{rules}")).expect("a pipeline");
    let declared = certificate();
    assert_ne!(declared["hash"], found["hash"]);
    let run = schema.json(&["run", &file, "--output", "json"]);
    assert_eq!(run["streams"][0]["rows_rejected"], 0, "{run:#}");
    let id = run["run_id"].as_str().expect("an id");
    let shown = reported(&schema.succeeds(&["runs", "show", id, "--output", "json"]));
    assert!(shown.contains(declared["hash"].as_str().expect("a hash")), "{shown}");
    schema.succeeds(&["verify", &file]);
}

//! Names of columns that the target does not keep as the source writes them: in any case, with blanks, marks and reserved
//! words, in tables that are loaded by their changes and as a whole, from Oracle and from SQLite.

use std::fmt::Write as _;
use std::process::Output;

use rusqlite::Connection;
use wmshost_flow::Value;
use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

use crate::warehouse::{Warehouse, reported};

/// The columns, beside the key and the change key. The emulator has names of at most 63 bytes.
const NAMES: [&str; 13] = [
    "lower",
    "Mixed",
    "UPPER",
    "camelCase",
    "Two Words",
    "select",
    "Group By",
    "a.b",
    "it's",
    "größe",
    "1st",
    "WITH_#$",
    "a name that is of just as many bytes as the server takes of one",
];
const KEY: [&str; 2] = ["Row Id", "Part"];
const CHANGED: &str = "Changed At";
const ROWS: i64 = 40;

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// The statements that make a table and fill it.
fn table(name: &str) -> Vec<String> {
    let columns: String = NAMES.iter().map(|name| format!("\"{name}\" VARCHAR(40), ")).collect();
    let [id, part] = KEY;
    let made = format!(
        "CREATE TABLE {name} (\"{id}\" NUMERIC(10) NOT NULL, \"{part}\" VARCHAR(10) NOT NULL, {columns}\"{CHANGED}\" TIMESTAMP(6), \
         PRIMARY KEY (\"{id}\", \"{part}\"))"
    );
    [made].into_iter().chain((1..=ROWS).map(|row| insert(name, row))).collect()
}

fn insert(table: &str, row: i64) -> String {
    let values: String = NAMES.iter().enumerate().map(|(at, _)| format!("'v{at}-{row}', ")).collect();
    let names = quoted(&[&KEY[..], &NAMES, &[CHANGED]].concat());
    format!("INSERT INTO {table} ({names}) VALUES ({row}, 'p{}', {values}{})", row % 3, moment(row))
}

/// A moment as both databases read it: SQLite compares it as a text.
fn moment(minute: i64) -> String {
    format!("TIMESTAMP '2026-01-01 {:02}:{:02}:00'", minute / 60, minute % 60)
}

/// The changes between two runs: of each column in one row, and a new row.
fn changes(table: &str) -> Vec<String> {
    let changed = NAMES.iter().enumerate().map(|(at, name)| {
        let name = name.replace('\'', "''").replace("''", "'");
        format!(
            "UPDATE {table} SET \"{name}\" = 'new', \"{CHANGED}\" = {} WHERE \"{}\" = {}",
            moment(100 + at as i64),
            KEY[0],
            at + 1
        )
    });
    changed.chain([insert(table, 200)]).collect()
}

/// A stream over each table, by changes and as a whole.
fn streams() -> String {
    let mut text = String::new();
    for (stream, table, method) in [
        ("by_changes", "changed", format!("change_key = {CHANGED:?}")),
        ("as_a_whole", "whole", "method = \"full\"".to_owned()),
    ] {
        let [id, part] = KEY;
        let _ = writeln!(
            text,
            "[streams.{stream}]\ntable = {table:?}\nkey = [{id:?}, {part:?}]\n{method}\ntarget_table = \"copy_{table}\""
        );
    }
    text
}

struct Place {
    warehouse: Warehouse,
    file: String,
}

impl Place {
    /// A pipeline from this source to Oracle.
    fn new(warehouse: Warehouse, source: &str, streams: &str) -> Self {
        let oracle = |user: &str| {
            format!(
                "driver = \"oracle\"\nhost = \"localhost\"\nport = {}\nservice_name = \"STANDIN\"\n\
                 username = {user:?}\npassword = {{ env = \"{user}_PASSWORD\" }}\n",
                warehouse.server.port(Release::R23, Transport::Tcp)
            )
        };
        let source = if source.is_empty() { oracle("WMS") } else { source.to_owned() };
        let text = format!(
            "name = \"names\"\n[connections.wms]\n{source}[connections.mart]\n{}[run]\nretries = 0\n\
             extract_batch_rows = 7\nload_batch_rows = 14\n[stream_defaults]\nsource = \"wms\"\ntarget = \"mart\"\n\
             extractor = \"wms-tables\"\nloader = \"table\"\n{streams}",
            oracle("MART")
        );
        let file = warehouse.path("names.toml");
        std::fs::write(&file, text).expect("a pipeline file");
        Self { warehouse, file }
    }

    fn wmshost(&self, arguments: &[&str]) -> Output {
        let arguments = [&arguments[..1], &[self.file.as_str()], &arguments[1..]].concat();
        self.warehouse.wmshost(&arguments, &[("WMS_PASSWORD", "wms"), ("MART_PASSWORD", "mart")])
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.wmshost(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", reported(&output));
        reported(&output)
    }

    fn rows(&self, query: &str) -> Vec<Vec<Value>> {
        self.warehouse.sql("MART", "mart").query(query, &[]).unwrap_or_else(|failure| panic!("{query}: {failure}"))
    }

    /// Runs, changes the source, runs again, loads as a whole, and compares after each.
    fn passes(&self, change: impl Fn(&str)) {
        self.succeeds(&["check", "--connect"]);
        self.succeeds(&["run"]);
        self.succeeds(&["verify"]);
        for table in ["changed", "whole"] {
            changes(table).iter().for_each(|statement| change(statement));
        }
        let ran = self.succeeds(&["run"]);
        assert!(!ran.contains("was added") && !ran.contains("no longer in the source"), "{ran}");
        self.succeeds(&["verify"]);
        self.succeeds(&["run", "--full-refresh"]);
        self.succeeds(&["verify"]);
        for (at, name) in NAMES.iter().enumerate() {
            for table in ["copy_changed", "copy_whole"] {
                let id = KEY[0].to_uppercase();
                let name = name.to_uppercase();
                let query =
                    format!("SELECT COUNT(*), MAX(\"{name}\") FROM {table} WHERE \"{id}\" IN ({}, 200)", at + 1);
                let expected = [Value::Int64(2), Value::Text(format!("v{at}-200"))];
                assert_eq!(self.rows(&query), [expected], "{table} {name}");
            }
        }
    }
}

#[test]
fn any_name_of_oracle_arrives_in_oracle() {
    let statements: Vec<String> =
        ["changed", "whole"].iter().flat_map(|name| table(name)).chain(["COMMIT".to_owned()]).collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let warehouse = Warehouse::of(Emulator::start(Options::default()).expect("an emulator"), &statements);
    let place = Place::new(warehouse, "", &streams());
    let mut sql = place.warehouse.sql("WMS", "wms");
    let sql = std::cell::RefCell::new(&mut sql);
    place.passes(|statement| {
        sql.borrow_mut().execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
    });
}

#[test]
fn any_name_of_sqlite_arrives_in_oracle_or_is_refused_by_name() {
    let warehouse = Warehouse::of(Emulator::start(Options::default()).expect("an emulator"), &[]);
    let path = warehouse.path("names.db");
    let source = format!("driver = \"sqlite\"\npath = {path:?}\n");
    let database = Connection::open(&path).expect("a database");
    let change = |statement: &str| {
        let statement = statement.replace("TIMESTAMP '", "'");
        database.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    };
    ["changed", "whole"].iter().flat_map(|name| table(name)).for_each(|statement| change(&statement));
    let place = Place::new(warehouse, &source, &streams());
    place.passes(change);

    let long = "x".repeat(129);
    let bad = [("quoted", "quo\"\"te", "quo\\\"te"), ("long", long.as_str(), long.as_str())];
    for (table, column, _) in bad {
        change(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, \"{column}\" TEXT)"));
        change(&format!("INSERT INTO {table} VALUES (1, 'a')"));
    }
    let streams: String = bad
        .iter()
        .map(|(table, ..)| {
            format!("[streams.{table}]\ntable = {table:?}\nkey = [\"id\"]\nmethod = \"full\"\nrequired = false\n")
        })
        .collect();
    let place = Place::new(place.warehouse, &source, &streams);
    let output = reported(&place.wmshost(&["run", "--keep-going"]));
    for (table, _, words) in bad {
        assert!(output.contains(words), "{words}: {output}");
        assert!(
            place
                .rows(&format!("SELECT table_name FROM user_tables WHERE table_name = 'WMS_{}'", table.to_uppercase()))
                .is_empty()
        );
    }
}

#[test]
fn two_columns_that_the_target_takes_for_one_are_refused() {
    let warehouse = Warehouse::of(Emulator::start(Options::default()).expect("an emulator"), &[]);
    let path = warehouse.path("twins.db");
    let source = format!("driver = \"sqlite\"\npath = {path:?}\n");
    let database = Connection::open(&path).expect("a database");
    // SQLite distinguishes letters beyond ASCII by their case.
    let made = "CREATE TABLE twins (id INTEGER PRIMARY KEY, \"Größe\" INTEGER, \"GRÖßE\" INTEGER);
        INSERT INTO twins VALUES (1, 2, 3);";
    database.execute_batch(made).expect("a table");
    let stream = "[streams.twins]\ntable = \"twins\"\nkey = [\"id\"]\nmethod = \"full\"\ntarget_table = \"twins\"\n";
    let place = Place::new(warehouse, &source, stream);
    let output = place.wmshost(&["run"]);
    let said = reported(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the columns Größe and GRÖßE of the stream have one name in the target"), "{said}");
    assert!(place.rows("SELECT table_name FROM user_tables WHERE table_name = 'TWINS'").is_empty());
    let renamed = format!("{stream}[streams.twins.columns]\n\"Größe\" = {{ rename = \"size\" }}\n");
    let place = Place::new(place.warehouse, &source, &renamed);
    place.succeeds(&["run"]);
    place.succeeds(&["verify"]);
    assert_eq!(place.rows("SELECT \"SIZE\", \"GRÖSSE\" FROM twins"), [[Value::Int64(2), Value::Int64(3)]]);
}

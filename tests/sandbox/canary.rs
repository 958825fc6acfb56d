//! Random SQL of models against their guard, in both dialects: of the tables in the database, what passes reads those of its
//! placeholders and no other, as SQLite itself says while it compiles the statement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use arrow_schema::DataType;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use wmshost_flow::Dialect;
use wmshost_flow::model::{Declaration, Layer, Materialization, Model, ModelColumn, Storage};
use wmshost_models::{Project, Setup};
use wmshost_tests::is_long;

use statements::{Names, Statements};

#[path = "../../host/databases/tests/grammar/statements.rs"]
mod statements;

const SQLITE: Names = Names {
    granted: &["{stock}"],
    denied: &[
        "secret",
        "main.secret",
        "\"secret\"",
        "[secret]",
        "vault",
        "WMS_STOCK",
        "wms_stock",
        "sqlite_schema",
        "pragma_table_info('secret')",
    ],
    open: &["id", "name", "amount", "c0"],
    hidden: &["word", "secret.word", "o.word", "y.word", "{stock}.id", "n", "rowid"],
    calls: &["upper({})", "length({})", "max({})", "coalesce({}, 'x')"],
    is_sqlite: true,
};

const ORACLE: Names = Names { is_sqlite: false, ..SQLITE };

/// The tables that SQLite read while it compiled the last statement.
type Read = Arc<Mutex<BTreeSet<String>>>;

fn warehouse() -> (Connection, Read) {
    let mut database = Connection::open_in_memory().expect("a database");
    let tables = ["WMS_STOCK", "secret", "vault"]
        .map(|table| format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER, word TEXT);"));
    database.execute_batch(&tables.concat()).expect("tables");
    let read = Read::default();
    let noted = Arc::clone(&read);
    let hook = move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, .. } = context.action {
            noted.lock().expect("unharmed").insert(table_name.to_owned());
        }
        Authorization::Allow
    };
    database.authorizer(Some(hook)).expect("a hook");
    (database, read)
}

/// True if the guard lets a model of this statement through.
fn passes(dialect: Dialect, statement: &str) -> bool {
    let id = ModelColumn { name: "id".to_owned(), kind: DataType::Int64, summary: String::new() };
    let model = Model {
        name: "any".to_owned(),
        layer: Layer::Mart,
        materialization: Materialization::Table,
        depends_on: vec!["stock".to_owned()],
        statement: statement.to_owned(),
        columns: vec![id],
        tests: Vec::new(),
        unit_tests: Vec::new(),
        storage: Storage::default(),
        freshness: None,
        summary: String::new(),
        tags: Vec::new(),
        owner: None,
    };
    let setup = Setup {
        dialect,
        streams: BTreeMap::from([("stock".to_owned(), "WMS_STOCK".to_owned())]),
        variables: BTreeMap::new(),
        plugins: vec![("p".to_owned(), Declaration { models: vec![model], ..Declaration::default() })],
        digests: BTreeMap::new(),
        described: BTreeSet::new(),
    };
    Project::new(setup).is_ok()
}

#[test]
fn what_passes_the_guard_of_models_reads_no_other_table() {
    let (database, read) = warehouse();
    let count = if is_long() { 100_000 } else { 5_000 };
    for (dialect, names) in [(Dialect::Sqlite, &SQLITE), (Dialect::Oracle, &ORACLE)] {
        let mut statements = Statements::new(names, 23);
        let (mut passed, mut compiled, mut canaries) = (0, 0, 0);
        for _ in 0..count {
            let statement = statements.next();
            read.lock().expect("unharmed").clear();
            let compiles = database.prepare(&statement.replace("{stock}", "WMS_STOCK")).is_ok();
            let read = read.lock().expect("unharmed").clone();
            let is_canary = read.iter().any(|table| table != "WMS_STOCK");
            canaries += usize::from(is_canary);
            if passes(dialect, &statement) {
                assert!(!is_canary, "{dialect:?} lets through what reads {read:?}: {statement}");
                passed += 1;
                compiled += usize::from(compiles);
            }
        }
        println!("{dialect:?}: {passed} of {count} passed, {compiled} of them compile, {canaries} read a canary");
        assert!(
            passed > count / 20 && compiled > count / 50 && canaries > count / 50,
            "{passed} {compiled} {canaries}"
        );
    }
}

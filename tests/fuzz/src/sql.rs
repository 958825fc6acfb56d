//! Statements of extractors and of models.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arrow_schema::DataType;
use rusqlite::Connection;
use tempfile::TempDir;
use wmshost_databases::{oracle, sqlite};
use wmshost_flow::model::{Declaration, Layer, Materialization, Model, ModelColumn, Storage};
use wmshost_flow::{Dialect, Source, SourceGrant, StatementLimit, TableGrant, row_as_json};
use wmshost_models::{Project, Setup};

/// A word in what is not granted.
const CANARY: &str = "hush";

/// A source with a table of which a part is granted, and one that is not.
static WAREHOUSE: LazyLock<(TempDir, Arc<dyn Source>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("source.db");
    fill(&file);
    let limit = StatementLimit { time: Duration::from_secs(1), temp_bytes: 64 << 20, ..StatementLimit::default() };
    let source = sqlite::open_source_of(&file, 1, "wms", 1 << 20, &limit).expect("a source");
    (folder, source)
});

fn fill(file: &Path) {
    let statements = format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, cost TEXT, site TEXT);
         INSERT INTO orders VALUES (1, 'one', '{CANARY}', 'W1'), (2, 'two', '{CANARY}', 'W1'), (3, '{CANARY}', '{CANARY}', 'W2');
         CREATE TABLE vault (id INTEGER PRIMARY KEY, word TEXT);
         INSERT INTO vault VALUES (1, '{CANARY}');"
    );
    Connection::open(file).and_then(|source| source.execute_batch(&statements)).expect("a source");
}

/// A statement of an extractor, on SQLite and to Oracle's guard: it is refused, or reads what is granted.
pub fn extractor_sql(bytes: &[u8]) -> bool {
    let statement = String::from_utf8_lossy(bytes);
    let is_admitted = oracle::admitted(&statement).is_some();
    let part =
        TableGrant { except: vec!["cost".to_owned()], rows: Some("site = 'W1'".to_owned()), ..TableGrant::whole() };
    let grant = SourceGrant {
        narrowed: BTreeMap::from([("orders".to_owned(), part)]),
        ..SourceGrant::of(BTreeSet::from(["orders".to_owned()]))
    };
    let mut session = WAREHOUSE.1.session(&grant).expect("a session");
    let answer = session.query(&statement, &[]).and_then(|mut cursor| cursor.next(1_000));
    let is_answered = answer.is_ok();
    let answer = match answer {
        Ok(Some(batch)) => (0..batch.rows.num_rows()).map(|row| row_as_json(&batch.rows, row)).collect(),
        Ok(None) => String::new(),
        Err(failure) => failure.to_string(),
    };
    // A statement may contain the word itself.
    assert!(statement.contains(CANARY) || !answer.contains(CANARY), "{statement}: {answer}");
    is_admitted || is_answered
}

/// A statement of a model, in both dialects: it is refused, or names tables by placeholders only.
pub fn model_sql(bytes: &[u8]) -> bool {
    let statement = String::from_utf8_lossy(bytes);
    let passes = |dialect| {
        let setup = Setup {
            dialect,
            streams: BTreeMap::from([("stock".to_owned(), "WMS_STOCK".to_owned())]),
            variables: BTreeMap::from([("kinds".to_owned(), "('a', 'b')".to_owned())]),
            plugins: vec![("any".to_owned(), declaration(&statement))],
            digests: BTreeMap::new(),
            described: BTreeSet::new(),
        };
        match Project::new(setup) {
            Ok(_) => true,
            Err(mistakes) => {
                assert!(mistakes.iter().all(|mistake| !mistake.to_string().is_empty()));
                false
            }
        }
    };
    [Dialect::Sqlite, Dialect::Oracle].map(passes).contains(&true)
}

fn declaration(statement: &str) -> Declaration {
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
    Declaration { models: vec![model], ..Declaration::default() }
}

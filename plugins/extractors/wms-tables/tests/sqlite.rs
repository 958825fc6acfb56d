//! The whole extractor against a real database: whatever changes between runs and wherever a run is interrupted, a
//! target that merges by key ends up equal to the source.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rusqlite::types::{ToSqlOutput, Value as Cell_, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use wmshost_extractor_wms_tables::TableReader;
use wmshost_plugin::contract::extraction::{Method, NullKeys, Request};
use wmshost_plugin::contract::types::{Bookmark, Column, ColumnType, Schema, Value, Zone};
use wmshost_plugin::source::{ColumnOrder, Cursor, Dialect, Session, TableDescription};
use wmshost_plugin::{Batch, Failure, Reader, Result, Rows, Step, permanent};

const SECOND: i64 = 1_000_000;

/// A source with a clock that a test sets, whose table is `stock (id, site, at)`.
#[derive(Clone)]
struct Source {
    database: Rc<Connection>,
    now: Rc<Cell<i64>>,
}

/// All rows of a query, returned in batches.
struct Read {
    schema: Schema,
    rows: Vec<Vec<Cell_>>,
}

struct Parameter<'v>(&'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Int64(number) | Value::Timestamp(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            other => panic!("no such parameter: {other:?}"),
        })
    }
}

fn failed(error: rusqlite::Error) -> Failure {
    permanent(error.to_string())
}

fn columns() -> Schema {
    let column = |name: &str, kind, nullable| Column { name: name.into(), kind, nullable };
    vec![
        column("id", ColumnType::Int64, false),
        column("site", ColumnType::Utf8, true),
        column("at", ColumnType::Timestamp(Zone::None), true),
    ]
}

impl Session for Source {
    type Cursor = Read;

    fn open(_label: &str) -> Result<Self> {
        Ok(Self { database: Rc::new(Connection::open_in_memory().map_err(failed)?), now: Rc::default() })
    }
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn now(&self) -> Result<i64> {
        Ok(self.now.get())
    }
    fn tables(&self) -> Result<Vec<String>> {
        Ok(vec!["stock".into()])
    }
    fn describe(&self, table: &str) -> Result<Option<TableDescription>> {
        let plain = |name: &str| ColumnOrder { expression: format!("\"{name}\""), function: None, bounds: None };
        let description = TableDescription {
            name: "stock".into(),
            columns: columns(),
            key: vec!["id".into()],
            order: ["id", "site", "at"].map(|name| Ok(plain(name))).into(),
        };
        Ok((table == "stock").then_some(description))
    }
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Read> {
        let mut prepared = self.database.prepare(statement).map_err(failed)?;
        let count = prepared.column_count();
        let schema = prepared.column_names().map(column_of).collect();
        let parameters = params_from_iter(parameters.iter().map(Parameter));
        let row = |row: &rusqlite::Row<'_>| (0..count).map(|at| row.get(at)).collect();
        let rows = prepared.query_map(parameters, row).map_err(failed)?.collect::<rusqlite::Result<_>>();
        Ok(Read { schema, rows: rows.map_err(failed)? })
    }
}

fn column_of(name: &str) -> Column {
    let other = Column { name: name.into(), kind: ColumnType::Int64, nullable: false };
    columns().into_iter().find(|column| column.name == name).unwrap_or(other)
}

impl Cursor for Read {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }
    fn next(&mut self, max_rows: u32) -> Result<Option<Batch>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let rows: Vec<_> = self.rows.drain(..self.rows.len().min(max_rows as usize)).collect();
        let mut batch = Batch::with_rows(rows.len());
        for (at, column) in self.schema.iter().enumerate() {
            let cells: Vec<_> = rows.iter().map(|row| &row[at]).collect();
            let number = |cell: &&Cell_| if let Cell_::Integer(number) = cell { Some(*number) } else { None };
            let text = |cell: &&Cell_| if let Cell_::Text(text) = cell { Some(text.clone()) } else { None };
            let numbers: Vec<_> = cells.iter().map(number).collect();
            let texts: Vec<_> = cells.iter().map(text).collect();
            batch = match column.kind {
                ColumnType::Utf8 => batch.texts(&column.name, &texts.iter().map(Option::as_deref).collect::<Vec<_>>()),
                ColumnType::Timestamp(_) => batch.timestamps(&column.name, &numbers),
                _ => batch.int64s(&column.name, &numbers),
            };
        }
        Ok(Some(batch))
    }
}

type Row = (Option<String>, Option<i64>);

/// A source, a target that merges by key, and the checkpoint between them.
struct Pipeline {
    source: Source,
    target: BTreeMap<i64, Row>,
    checkpoint: Option<Bookmark>,
    request: Request,
    rows_read: usize,
}

impl Pipeline {
    fn new() -> Self {
        let source = Source::open("wms").expect("a database");
        source.now.set(1_000 * SECOND);
        let pipeline = Self { source, target: BTreeMap::new(), checkpoint: None, request: request(), rows_read: 0 };
        pipeline.change("CREATE TABLE stock (id INTEGER PRIMARY KEY, site TEXT, at INTEGER)");
        pipeline
    }

    fn change(&self, statement: &str) {
        self.source.database.execute_batch(statement).expect("a statement");
    }

    /// Writes a row, changed at this many seconds.
    fn put(&self, id: i64, site: &str, at: Option<i64>) {
        let at = at.map_or("NULL".to_owned(), |at| (at * SECOND).to_string());
        self.change(&format!("INSERT OR REPLACE INTO stock VALUES ({id}, '{site}', {at})"));
    }

    /// Runs, and stops without an end after this many batches.
    fn run_for(&mut self, batches: usize) -> Result<()> {
        let request = Request { bookmark: self.checkpoint.clone(), ..self.request.clone() };
        let mut reader = TableReader::open(self.source.clone(), &request)?;
        for _ in 0..batches {
            match reader.next()? {
                Step::Chunk(rows, bookmark) => self.commit(&rows, bookmark)?,
                Step::End(bookmark) => {
                    self.checkpoint = Some(bookmark);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn run(&mut self) {
        self.rows_read = 0;
        self.run_for(usize::MAX).expect("a run");
    }

    fn commit(&mut self, rows: &Batch, bookmark: Bookmark) -> Result<()> {
        let rows = Rows::of(rows);
        let (ids, sites, times) = (rows.int64s("id")?, rows.texts("site")?, rows.timestamps("at")?);
        for row in 0..rows.count() {
            let id = ids.get(row).ok_or_else(|| permanent("a row without a key"))?;
            self.target.insert(id, (sites.get(row).map(str::to_owned), times.column.get(row)));
        }
        self.rows_read += rows.count();
        self.checkpoint = Some(bookmark);
        Ok(())
    }

    fn in_source(&self) -> BTreeMap<i64, Row> {
        let mut prepared = self.source.database.prepare("SELECT id, site, at FROM stock").expect("a statement");
        let rows = prepared.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("rows")
    }

    fn assert_equal(&self) {
        assert_eq!(self.target, self.in_source());
    }
}

fn request() -> Request {
    Request {
        name: "stock".into(),
        source: "wms".into(),
        table: "stock".into(),
        method: Method::Incremental,
        key: vec![],
        change_key: Some("at".into()),
        lookback: 0,
        null_keys: NullKeys::Ignore,
        window: None,
        columns: vec![],
        bookmark: None,
        batch_rows: 3,
    }
}

#[test]
fn a_first_load_reads_all_and_the_next_run_only_what_changed() {
    let mut pipeline = Pipeline::new();
    (0..10).for_each(|id| pipeline.put(id, "a", Some(100 - id)));
    pipeline.run();
    pipeline.assert_equal();
    pipeline.put(3, "b", Some(200));
    pipeline.put(11, "c", Some(201));
    pipeline.run();
    pipeline.assert_equal();
    assert_eq!(pipeline.rows_read, 3, "what changed, and the row at the watermark");
}

#[test]
fn a_run_without_news_leaves_the_bookmark_as_it_is() {
    let mut pipeline = Pipeline::new();
    (0..10).for_each(|id| pipeline.put(id, "a", Some(id)));
    pipeline.put(20, "future", Some(5_000));
    pipeline.request.lookback = 4 * SECOND as u64;
    pipeline.run();
    pipeline.run();
    let before = pipeline.checkpoint.clone();
    pipeline.source.now.set(1_001 * SECOND);
    pipeline.run();
    assert_eq!(pipeline.checkpoint, before);
}

#[test]
fn ties_are_read_across_batches_and_interruptions() {
    let mut pipeline = Pipeline::new();
    pipeline.put(0, "a", Some(1));
    pipeline.run();
    (1..30).for_each(|id| pipeline.put(id, "tie", Some(50)));
    pipeline.put(30, "a", Some(60));
    for batches in [1, 2, 3] {
        pipeline.run_for(batches).expect("an interrupted run");
    }
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn an_interrupted_first_load_goes_on_and_finds_what_changed_meanwhile() {
    let mut pipeline = Pipeline::new();
    (0..20).for_each(|id| pipeline.put(id, "a", Some(id)));
    pipeline.run_for(3).expect("an interrupted run");
    assert_eq!(pipeline.target.len(), 9);
    pipeline.put(2, "changed", Some(100));
    pipeline.put(-1, "new", Some(101));
    pipeline.put(15, "changed", Some(102));
    pipeline.run();
    pipeline.assert_equal();
    assert!(pipeline.rows_read < 20, "it does not start over");
}

#[test]
fn a_row_of_the_future_neither_hides_others_nor_moves_the_watermark() {
    let mut pipeline = Pipeline::new();
    pipeline.put(1, "a", Some(10));
    pipeline.put(2, "future", Some(9_999));
    pipeline.run();
    pipeline.put(3, "b", Some(500));
    pipeline.run();
    pipeline.assert_equal();
    pipeline.put(4, "c", Some(700));
    pipeline.run_for(1).expect("an interrupted run");
    pipeline.put(5, "d", Some(800));
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn a_late_row_within_the_lookback_is_found() {
    let mut pipeline = Pipeline::new();
    pipeline.request.lookback = 60 * SECOND as u64;
    (0..10).for_each(|id| pipeline.put(id, "a", Some(id * 20)));
    pipeline.run();
    pipeline.put(50, "late", Some(125));
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn a_row_that_commits_late_while_a_run_is_interrupted_is_found() {
    let mut pipeline = Pipeline::new();
    pipeline.request.lookback = 60 * SECOND as u64;
    pipeline.put(0, "a", Some(1));
    pipeline.run();
    (1..10).for_each(|id| pipeline.put(id, "a", Some(500 + id)));
    pipeline.run_for(2).expect("an interrupted run");
    pipeline.put(50, "late", Some(460));
    (10..15).for_each(|id| pipeline.put(id, "a", Some(900)));
    pipeline.run();
    pipeline.put(60, "new", Some(950));
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn rows_without_a_change_key_are_read_in_every_run_if_asked_for() {
    let mut pipeline = Pipeline::new();
    pipeline.request.null_keys = NullKeys::Include;
    (0..5).for_each(|id| pipeline.put(id, "a", Some(id)));
    (5..15).for_each(|id| pipeline.put(id, "null", None));
    pipeline.run();
    pipeline.assert_equal();
    pipeline.put(6, "changed", None);
    pipeline.put(20, "null", None);
    pipeline.put(21, "a", Some(9));
    pipeline.run_for(2).expect("an interrupted run");
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn a_table_without_rows_or_without_change_keys_has_no_watermark() {
    let mut pipeline = Pipeline::new();
    pipeline.run();
    let before = pipeline.checkpoint.clone();
    pipeline.run();
    assert_eq!(pipeline.checkpoint, before);
    pipeline.put(1, "a", Some(5));
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn a_whole_load_goes_on_where_it_was_interrupted_and_begins_anew_afterwards() {
    let mut pipeline = Pipeline::new();
    pipeline.request = Request { method: Method::Full, change_key: None, ..request() };
    (0..10).for_each(|id| pipeline.put(id, "a", None));
    pipeline.run_for(2).expect("an interrupted run");
    pipeline.run();
    assert_eq!(pipeline.rows_read, 4);
    pipeline.assert_equal();
    pipeline.run();
    assert_eq!(pipeline.rows_read, 10);
}

#[test]
fn a_key_with_null_loses_no_row() {
    let mut pipeline = Pipeline::new();
    pipeline.request = Request { method: Method::Full, change_key: None, key: vec!["site".into()], ..request() };
    (0..7).for_each(|id| pipeline.change(&format!("INSERT INTO stock VALUES ({id}, NULL, NULL)")));
    (7..14).for_each(|id| pipeline.put(id, "same", None));
    for batches in [1, 3, 1] {
        pipeline.run_for(batches).expect("an interrupted run");
    }
    pipeline.run();
    pipeline.assert_equal();
}

#[test]
fn what_is_added_with_null_in_its_key_is_read_however_far_the_stream_is() {
    let mut pipeline = Pipeline::new();
    pipeline.request = Request { method: Method::Append, change_key: None, key: vec!["site".into()], ..request() };
    (0..7).for_each(|id| pipeline.put(id, &format!("m{id}"), None));
    pipeline.run();
    // In the order of the key, NULL comes before the position of the stream, whenever the row was added.
    (10..15).for_each(|id| pipeline.change(&format!("INSERT INTO stock VALUES ({id}, NULL, NULL)")));
    pipeline.put(20, "n", None);
    pipeline.run();
    pipeline.assert_equal();
    assert_eq!(pipeline.rows_read, 6, "each of them once");
    pipeline.change("INSERT INTO stock VALUES (30, NULL, NULL)");
    pipeline.run_for(2).expect("an interrupted run");
    pipeline.put(31, "o", None);
    pipeline.run();
    pipeline.assert_equal();
    assert_eq!(pipeline.rows_read, 7, "the new row, and all without a key");
}

#[test]
fn the_rows_to_come_are_counted() {
    let mut pipeline = Pipeline::new();
    (0..10).for_each(|id| pipeline.put(id, "a", Some(id)));
    let open = |pipeline: &Pipeline| {
        let request = Request { bookmark: pipeline.checkpoint.clone(), ..pipeline.request.clone() };
        TableReader::open(pipeline.source.clone(), &request).expect("a reader")
    };
    assert_eq!(open(&pipeline).expected_rows(), Some(10));
    pipeline.run();
    assert_eq!(open(&pipeline).expected_rows(), Some(1), "the row at the watermark");
}

#[test]
fn changes_are_found_by_an_index() {
    let pipeline = Pipeline::new();
    pipeline.change("CREATE INDEX stock_at ON stock (at, id)");
    let condition = r#""at" >= ?1 AND ("at", "id") > (?2, ?3)"#;
    let statement = format!(r#"EXPLAIN QUERY PLAN SELECT "id" FROM "stock" WHERE {condition} ORDER BY "at", "id""#);
    let plan: String = pipeline.source.database.query_row(&statement, [1, 1, 1], |row| row.get(3)).expect("a plan");
    assert!(plan.contains("stock_at") && plan.contains("SEARCH"), "{plan}");
}

/// A small generator of numbers, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Time passes, rows come late by up to the lookback, runs are interrupted anywhere: in the end nothing is missing.
#[test]
fn whatever_happens_the_target_becomes_equal() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let mut pipeline = Pipeline::new();
        let lookback = 20;
        pipeline.request.lookback = lookback * SECOND as u64;
        pipeline.request.null_keys = NullKeys::Include;
        pipeline.request.batch_rows = 1 + chance.below(5) as u32;
        let mut clock = 1_000;
        (0..20).for_each(|id| pipeline.put(id, "first", Some(500 + id)));
        for _ in 0..40 {
            clock += chance.below(15) as i64;
            pipeline.source.now.set(clock * SECOND);
            for _ in 0..chance.below(6) {
                let late = chance.below(lookback) as i64;
                let at = if chance.below(10) == 0 { None } else { Some(clock - late) };
                pipeline.put(chance.below(40) as i64, &clock.to_string(), at);
            }
            if chance.below(20) == 0 {
                pipeline.put(100, "future", Some(clock + 500));
            }
            pipeline.run_for(chance.below(8) as usize).expect("an interrupted run");
        }
        pipeline.run();
        assert_eq!(pipeline.target, pipeline.in_source(), "seed {seed}");
    }
}

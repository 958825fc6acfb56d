//! An extractor of one SELECT that is stopped after each batch and goes on from its bookmark reads every row.

use std::collections::BTreeSet;

use wmshost_plugin::contract::extraction::{Method, NullKeys, Request};
use wmshost_plugin::contract::types::{Bookmark, Column, ColumnType, Schema, Value, Zone};
use wmshost_plugin::source::{Cursor, Dialect, Session, TableDescription};
use wmshost_plugin::{Batch, Keyset, Reader as _, Result, Rows, Select, Step};

const SELECT: Select = Select { rows: "SELECT id, at FROM stock", change_key: "at", key: &["id"] };

/// Rows 1 to 9, of which every third has no change key.
fn stock() -> Vec<(i64, Option<i64>)> {
    (1..10).map(|id| (id, (id % 3 != 0).then_some(id / 2))).collect()
}

struct Source;

struct Found(Vec<(i64, Option<i64>)>);

impl Session for Source {
    type Cursor = Found;

    fn open(_: &str) -> Result<Self> {
        Ok(Self)
    }
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn now(&self) -> Result<i64> {
        Ok(1_000)
    }
    fn tables(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    fn describe(&self, _: &str) -> Result<Option<TableDescription>> {
        Ok(None)
    }
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Found> {
        let mut rows = stock();
        if statement.contains("at IS NULL") {
            rows.retain(|(_, at)| at.is_none());
        } else {
            let after = match parameters {
                [] => (i64::MIN, i64::MIN),
                [Value::Timestamp(at), _, Value::Int64(id)] => (*at, *id),
                other => panic!("{statement} with {other:?}"),
            };
            rows.retain(|(id, at)| at.is_some_and(|at| (at, *id) > after));
            rows.sort_by_key(|(id, at)| (*at, *id));
        }
        Ok(Found(rows))
    }
}

impl Cursor for Found {
    fn schema(&self) -> Schema {
        let column = |name: &str, kind, nullable| Column { name: name.into(), kind, nullable };
        vec![column("id", ColumnType::Int64, false), column("at", ColumnType::Timestamp(Zone::None), true)]
    }
    fn next(&mut self, max_rows: u32) -> Result<Option<Batch>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let rows: Vec<_> = self.0.drain(..self.0.len().min(max_rows as usize)).collect();
        let ids: Vec<_> = rows.iter().map(|(id, _)| Some(*id)).collect();
        let times: Vec<_> = rows.iter().map(|(_, at)| *at).collect();
        Ok(Some(Batch::with_rows(rows.len()).int64s("id", &ids).timestamps("at", &times)))
    }
}

fn request(null_keys: NullKeys, bookmark: Option<Bookmark>) -> Request {
    Request {
        name: "stock".into(),
        source: "wms".into(),
        table: "stock".into(),
        method: Method::Incremental,
        key: vec!["id".into()],
        change_key: Some("at".into()),
        lookback: 0,
        null_keys,
        window: None,
        columns: Vec::new(),
        bookmark,
        batch_rows: 2,
    }
}

/// Reads at most this number of batches; returns the ids, the last bookmark, and whether that was all.
fn read(request: Request, batches: usize) -> (BTreeSet<i64>, Option<Bookmark>, bool) {
    // As the host does: an empty bookmark is that of the beginning.
    let mut bookmark = request.bookmark.clone();
    let mut reader = Keyset::<Source>::open(request, SELECT).expect("a reader");
    let mut ids = BTreeSet::new();
    for _ in 0..batches {
        match reader.next().expect("a step") {
            Step::Chunk(batch, at) => {
                let rows = Rows::of(&batch);
                let column = rows.any("id").expect("a column");
                ids.extend((0..rows.count()).map(|row| match column.value(row) {
                    Some(Value::Int64(id)) => id,
                    other => panic!("{other:?}"),
                }));
                bookmark = Some(at).filter(|at| !at.is_empty());
            }
            Step::End(_) => return (ids, bookmark, true),
        }
    }
    (ids, bookmark, false)
}

#[test]
fn a_first_read_that_is_stopped_after_any_batch_loses_no_row() {
    let all: BTreeSet<i64> = stock().into_iter().map(|(id, _)| id).collect();
    for null_keys in [NullKeys::Include, NullKeys::Ignore] {
        for stop in 0..8 {
            let (mut ids, bookmark, _) = read(request(null_keys, None), stop);
            let (rest, _, is_all) = read(request(null_keys, bookmark), 20);
            ids.extend(rest);
            assert!(is_all);
            assert_eq!(ids, all, "{null_keys:?}, stopped after {stop} batches");
        }
    }
}

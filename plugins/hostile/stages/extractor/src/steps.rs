//! Behaviours that never end, trap, or lie about their rows.

use std::hint::black_box;
use std::mem::ManuallyDrop;

use crate::exports::wmshost::plugin::extraction::{Chunk, Offer, Step};
use crate::wmshost::plugin::batches::{Batch, Int64s};
use crate::wmshost::plugin::types::{Column, ColumnType, DecimalType, Failure};
use crate::{Reader, got_out, whole};

type Next = Result<Step, Failure>;

fn endless() -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

pub(crate) fn discover(behaviour: &str) -> Result<Vec<Offer>, Failure> {
    let offer = |columns| Offer { table: "orders".into(), columns, key: vec![], change_keys: vec![] };
    match behaviour {
        "trap-in-discover" => panic!("nothing to see"),
        "loop-in-discover" => endless(),
        "offers-many" => Ok((0..200_000).map(|_| offer(vec![])).collect()),
        "offer-columns-many" => {
            Ok(vec![offer((0..100_000).map(|n| column(format!("c{n}"), ColumnType::Date)).collect())])
        }
        _ => Ok(vec![offer(vec![column("id", ColumnType::Int64)])]),
    }
}

pub(crate) fn misbehave_in_open(behaviour: &str) {
    match behaviour {
        "trap-in-open" => panic!("never opened"),
        "loop-in-open" => endless(),
        _ => {}
    }
}

fn column(name: impl Into<String>, kind: ColumnType) -> Column {
    Column { name: name.into(), kind, nullable: true }
}

/// The columns that the reader claims.
pub(crate) fn schema(behaviour: &str, mut columns: Vec<Column>) -> Vec<Column> {
    match behaviour {
        "trap-in-schema" => panic!("no columns"),
        "loop-in-schema" => endless(),
        "schema-more" => columns.push(column("never-there", ColumnType::Int64)),
        "schema-fewer" => drop(columns.pop()),
        "schema-other-type" => columns[1].kind = ColumnType::Int64,
        "schema-other-order" => columns.swap(1, 2),
        "schema-double" => columns.push(columns[0].clone()),
        "schema-many" => columns.extend((0..100_000).map(|n| column(format!("c{n}"), ColumnType::Date))),
        "schema-decimal" => columns.push(column("d", ColumnType::Decimal(DecimalType { precision: 39, scale: 2 }))),
        "schema-nameless" => columns.push(column("", ColumnType::Date)),
        _ => {}
    }
    columns
}

/// The key that the reader claims.
pub(crate) fn key(behaviour: &str, asked: &[String]) -> Vec<String> {
    match behaviour {
        "key-unknown" => vec!["nobody".into()],
        "key-other" => vec!["name".into()],
        "key-none" => vec![],
        "key-double" => vec!["id".into(), "id".into()],
        "key-many" => vec!["id".into(); 100_000],
        _ => asked.to_vec(),
    }
}

fn forged(number: u32) -> Batch {
    // SAFETY: none; the host must detect it.
    unsafe { Batch::from_handle(number) }
}

/// A whole batch, as a chunk after `change`.
fn changed(reader: &Reader, change: impl FnOnce(&Batch) -> Result<(), Failure>) -> Next {
    let step = reader.good_step()?;
    if let Step::Chunk(Chunk { rows, .. }) = &step {
        change(rows)?;
    }
    Ok(step)
}

/// Batches without rows, for ever.
fn empty_for_ever(reader: &Reader) -> Next {
    match whole(&reader.connection, &reader.request.table)?.next(1)? {
        Some(rows) => {
            rows.filter(&[0])?;
            Ok(Step::Chunk(Chunk { rows, bookmark: reader.bookmark() }))
        }
        None => Err(got_out("the table is empty")),
    }
}

/// Computes for a while, far less than a call may.
fn compute() {
    for n in 0..50_000_000_u64 {
        black_box(n);
    }
}

/// Has the database work for a while, far less than it may for a call.
fn query(reader: &Reader) -> Result<(), Failure> {
    const COUNT: &str =
        "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 200000) SELECT SUM(v) AS v FROM n";
    reader.connection.query(COUNT, &[])?.next(1).map(|_| ())
}

/// The same rows, for ever.
fn same_for_ever(reader: &Reader) -> Next {
    match whole(&reader.connection, &reader.request.table)?.next(1)? {
        Some(rows) => Ok(Step::Chunk(Chunk { rows, bookmark: reader.bookmark() })),
        None => Err(got_out("the table is empty")),
    }
}

/// Rows of another query.
fn foreign(reader: &Reader) -> Next {
    match reader.connection.query("SELECT 7 AS seven", &[])?.next(1)? {
        Some(rows) => Ok(Step::Chunk(Chunk { rows, bookmark: reader.bookmark() })),
        None => Err(got_out("no seven")),
    }
}

/// The batch that was handed over, used once more.
fn used_after(reader: &Reader) -> Next {
    match reader.cursor.next(1)? {
        Some(rows) => {
            let again = ManuallyDrop::new(forged(rows.handle()));
            drop(rows);
            Err(got_out(again.row_count()))
        }
        None => Err(got_out("no rows")),
    }
}

pub(crate) fn misbehave(behaviour: &str, reader: &Reader) -> Option<Next> {
    let second = reader.steps.get() == 2;
    Some(match behaviour {
        "trap-in-next" => panic!("no more"),
        "trap-in-second" if second => panic!("no more"),
        "fail-in-second" if second => Err(Failure::Transient("the line went dead".into())),
        "loop-in-next" => endless(),
        "loop-in-second" if second => endless(),
        "empty-for-ever" => empty_for_ever(reader),
        "trickle" | "trickle-of-no-rows" => {
            compute();
            empty_for_ever(reader)
        }
        "trickle-of-queries" => query(reader).and_then(|()| empty_for_ever(reader)),
        "same-for-ever" => same_for_ever(reader),
        "chunk-foreign" => foreign(reader),
        "chunk-forged" => Ok(Step::Chunk(Chunk { rows: forged(4_242), bookmark: reader.bookmark() })),
        "chunk-used-after" => used_after(reader),
        "chunk-renamed" => changed(reader, |rows| rows.rename("name", "nom")),
        "chunk-more" => {
            let data = |rows: &Batch| Int64s { values: vec![7; rows.row_count() as usize], validity: None };
            changed(reader, |rows| rows.write_int64s("more", &data(rows)))
        }
        "chunk-dropped-column" => changed(reader, |rows| rows.drop_columns(&["name".into()])),
        _ => return None,
    })
}

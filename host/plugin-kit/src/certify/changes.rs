//! The clauses of extractors about later runs: nothing is read twice, and nothing that has changed is left out.

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use wmshost_flow::{Bookmark, Method, Value};

use super::clause::Clause;
use super::extractor::{OF, whole};
use super::subject::Subject;
use super::verdict::{Verdict, attempt, given};
use crate::cases::database::{Statements, quoted, value};
use crate::cases::extractor::{ALL, MOST_BATCHES, Prepared, Read};
use crate::cases::host::NOW;

pub(super) const CLAUSES: &[Clause] = &[
    OF.clause(
        "second-run-moves-nothing",
        "A run after the last bookmark reads no row if nothing has changed.",
        "The lookback is zero here, and rows without a change key are left out.",
        |subject| {
            let (prepared, read) = attempt_incremental!(subject);
            let again = attempt!(later(subject, &prepared, &read));
            let rows: usize = again.batches.iter().map(RecordBatch::num_rows).sum();
            Verdict::of((rows > 0).then(|| format!("{rows} rows are read again")))
        },
    ),
    OF.clause(
        "new-row-found",
        "A row that is added later is read by the next run.",
        "The last row of the table is added once more, with a new key and the present time.",
        |subject| {
            let (prepared, read) = attempt_incremental!(subject);
            added(subject, &prepared, &read, NOW)
        },
    ),
    OF.clause(
        "tie-found",
        "A row of the bookmark's own moment that was added later is read by the next run.",
        "Rows that are committed together have one change key: an extractor that reads only what is after its \
                      bookmark's moment loses the others.",
        |subject| {
            let (prepared, read) = attempt_incremental!(subject);
            let moment = read.bookmarks.last().and_then(|(bookmark, _)| moment(bookmark));
            match moment {
                Some(moment) => added(subject, &prepared, &read, moment),
                None => Verdict::Skip("the bookmark has no timestamp".to_owned()),
            }
        },
    ),
];

/// The case's database and a whole reading of it, or the end of the clause if the case is not incremental.
macro_rules! attempt_incremental {
    ($subject:expr) => {{
        let mut prepared = given!($subject.prepared());
        if prepared.request.method != Method::Incremental {
            return Verdict::Skip("the case is not incremental".to_owned());
        }
        prepared.request.lookback_micros = 0;
        prepared.request.null_keys = wmshost_flow::NullKeys::Ignore;
        let read = attempt!(whole($subject, &prepared));
        (prepared, read)
    }};
}
use attempt_incremental;

fn moment(bookmark: &Bookmark) -> Option<i64> {
    bookmark.0.iter().find_map(|position| match position.value {
        Value::Timestamp(at) => Some(at),
        _ => None,
    })
}

/// The reading after another one.
fn later(subject: &Subject<'_>, prepared: &Prepared, read: &Read) -> Result<Read, String> {
    let from = read.bookmarks.last().cloned();
    let run = prepared.run(subject.plugin, &subject.limits);
    run.read(ALL, MOST_BATCHES, from, &Statements::default()).map_err(|failure| failure.to_string())
}

/// Adds a row with this change key and a new key, which the next reading must have.
fn added(subject: &Subject<'_>, prepared: &Prepared, read: &Read, at: i64) -> Verdict {
    let table = &prepared.request.table;
    let rows = attempt!(prepared.database.rows(table, &format!("SELECT * FROM {}", quoted(table))));
    let Some(change_key) = prepared.request.change_key.clone() else {
        return Verdict::Skip("the case has no `change_key`".to_owned());
    };
    let key = match read.opened.key.as_slice() {
        [key] if rows.column_by_name(key).is_some_and(|column| column.data_type() == &DataType::Int64) => key.clone(),
        _ => return Verdict::Skip("the key is not one column of whole numbers of the table".to_owned()),
    };
    let is_time = |column: &arrow_array::ArrayRef| matches!(column.data_type(), DataType::Timestamp(..));
    if rows.num_rows() == 0 || !rows.column_by_name(&change_key).is_some_and(is_time) {
        return Verdict::Skip("the table has no rows, or its change key is no timestamp".to_owned());
    }
    let last = rows.num_rows() - 1;
    let new_key = 1 + (0..rows.num_rows()).filter_map(|row| number(&rows, &key, row)).max().unwrap_or_default();
    let columns = rows.schema();
    let values = columns.fields().iter().zip(rows.columns()).map(|(field, column)| match field.name() {
        name if *name == key => Value::Int64(new_key),
        name if *name == change_key => Value::Timestamp(at),
        _ => value(column, last),
    });
    let values: Vec<Value> = values.collect();
    let marks: Vec<_> = (1..=values.len()).map(|mark| format!("?{mark}")).collect();
    let insert = format!("INSERT INTO {} VALUES ({})", quoted(table), marks.join(", "));
    attempt!(attempt!(prepared.database.target.sql()).execute(&insert, &values));
    let again = attempt!(later(subject, prepared, read));
    let found =
        again.batches.iter().any(|rows| (0..rows.num_rows()).any(|row| number(rows, &key, row) == Some(new_key)));
    Verdict::of((!found).then(|| format!("the new row ({key} = {new_key}) is not read")))
}

fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    match value(rows.column_by_name(column)?, row) {
        Value::Int64(number) => Some(number),
        _ => None,
    }
}

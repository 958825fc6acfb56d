//! The clauses of extractors about one reading.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::Array as _;
use wmshost_flow::{Bookmark, ExtractRequest, Failure, FailureKind, Value};
use wmshost_sandbox::World;

use super::clause::{Clause, Common};
use super::subject::Subject;
use super::verdict::{Verdict, attempt, given};
use crate::cases::database::{Database, Statements};
use crate::cases::extractor::{ALL, MOST_BATCHES, Prepared, Read, differing, stopped};

pub(super) const OF: Common =
    Common { world: Some(World::Extractor), needs: &["describes-itself", "reads-to-the-end"] };

pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        needs: &["describes-itself"],
        ..OF.clause(
            "reads-to-the-end",
            "The case is read to its end, with the columns that were announced.",
            "The end is a message of its own: what was not read to the end is not deleted.",
            |subject| {
                let prepared = given!(subject.prepared());
                let read = attempt!(whole(subject, &prepared));
                Verdict::of((!read.ended).then(|| format!("there is no end after {} batches", read.batches.len())))
            },
        )
    },
    OF.clause("key-without-null", "No row has NULL in its key.", "Such a row cannot be merged.", |subject| {
        let prepared = given!(subject.prepared());
        let read = attempt!(whole(subject, &prepared));
        let has_null = |name: &&String| {
            read.batches.iter().any(|rows| rows.column_by_name(name).is_none_or(|column| column.null_count() > 0))
        };
        Verdict::of(read.opened.key.iter().find(has_null).map(|name| format!("column {name} of the key has NULL")))
    }),
    OF.clause(
        "rows-once",
        "No key is read twice in one reading.",
        "A table that is replaced would have both rows, or fail.",
        |subject| {
            let prepared = given!(subject.prepared());
            let read = attempt!(whole(subject, &prepared));
            let (mut keys, mut twice) = (BTreeSet::new(), None);
            for rows in &read.batches {
                let of: Vec<usize> =
                    read.opened.key.iter().filter_map(|name| rows.schema().index_of(name).ok()).collect();
                let key = attempt!(rows.project(&of));
                for row in 0..rows.num_rows() {
                    let key = wmshost_flow::row_as_json(&key, row);
                    if !read.opened.key.is_empty() && !keys.insert(key.clone()) {
                        twice = Some(format!("the key {key} is read twice"));
                    }
                }
            }
            Verdict::of(twice)
        },
    ),
    OF.clause(
        "batch-sizes-alike",
        "Batches of 1, 2 and 7 rows have the same rows as all at once.",
        "The size of batches is the pipeline's.",
        |subject| {
            let prepared = given!(subject.prepared());
            let run = prepared.run(subject.plugin, &subject.limits);
            let expected = attempt!(whole(subject, &prepared)).rows();
            for size in [1, 2, 7] {
                let rows = attempt!(run.read(size, MOST_BATCHES, None, &Statements::default())).rows();
                if rows != expected {
                    return Verdict::fail(format_args!("batches of {size}: {}", differing(&expected, &rows)));
                }
            }
            Verdict::Pass
        },
    ),
    OF.clause(
        "bookmark-forward",
        "A bookmark is never before an earlier one.",
        "A checkpoint that goes back reads rows again, for ever if the run is interrupted each time.",
        |subject| {
            let prepared = given!(subject.prepared());
            let run = prepared.run(subject.plugin, &subject.limits);
            let read = attempt!(run.read(1, MOST_BATCHES, None, &Statements::default()));
            let marks: Vec<&Bookmark> = read.bookmarks.iter().map(|(bookmark, _)| bookmark).collect();
            let back = marks.windows(2).find(|pair| goes_back(pair[0], pair[1]));
            Verdict::of(back.map(|pair| format!("({}) follows ({})", pair[1], pair[0])))
        },
    ),
    OF.clause(
        "resumable-anywhere",
        "After the host was killed after any batch, a new instance reads the rest from the bookmark.",
        "Batches of one row; after each of them an instance is ended and another one continues.",
        |subject| {
            let prepared = given!(subject.prepared());
            let expected = attempt!(whole(subject, &prepared)).rows();
            Verdict::of(stopped(&prepared.run(subject.plugin, &subject.limits), &expected).err())
        },
    ),
    OF.clause(
        "empty-table",
        "A table without rows is read to its end.",
        "The first run of a new warehouse meets it.",
        |subject| {
            let mut prepared = given!(subject.prepared());
            attempt!(
                attempt!(prepared.database.target.sql())
                    .execute(&format!("DELETE FROM {}", prepared.request.table), &[])
            );
            prepared.request.bookmark = None;
            let read = attempt!(whole(subject, &prepared));
            let rows: usize = read.batches.iter().map(|rows| rows.num_rows()).sum();
            Verdict::of((rows > 0 || !read.ended).then(|| format!("{rows} rows, and the end is {}", read.ended)))
        },
    ),
    OF.clause(
        "missing-table-refused",
        "A table that is not there is refused with a failure, in `open`.",
        "Every mistake of the request is found before the first row.",
        |subject| {
            let prepared = given!(subject.prepared());
            let nothing = Prepared { database: attempt!(Database::new()), ..prepared };
            refused(whole(subject, &nothing))
        },
    ),
    OF.clause(
        "foreign-change-key-refused",
        "A change key that the rows do not have is refused with a failure.",
        "The pipeline file may name any column.",
        |subject| {
            let prepared = given!(subject.prepared());
            let change_key = Some("certified_and_unknown".to_owned());
            let request = ExtractRequest { change_key, ..prepared.request.clone() };
            refused(whole(subject, &Prepared { request, ..prepared }))
        },
    ),
];

/// The whole case, in batches of all rows.
pub(super) fn whole(subject: &Subject<'_>, prepared: &Prepared) -> Result<Read, Failure> {
    prepared.run(subject.plugin, &subject.limits).read(ALL, MOST_BATCHES, None, &Statements::default())
}

/// A reading that must be refused, and not by a trap.
fn refused(read: Result<Read, Failure>) -> Verdict {
    match read {
        Ok(_) => Verdict::fail("it is read as if nothing were wrong"),
        Err(failure) if [FailureKind::Trap, FailureKind::Timeout, FailureKind::Limit].contains(&failure.kind) => {
            Verdict::fail(failure)
        }
        Err(_) => Verdict::Pass,
    }
}

/// True if a bookmark is before an earlier one: the first position that differs decides. Positions of other names or types
/// have no order.
fn goes_back(earlier: &Bookmark, later: &Bookmark) -> bool {
    let later: BTreeMap<&str, &Value> =
        later.0.iter().map(|position| (position.name.as_str(), &position.value)).collect();
    for position in &earlier.0 {
        let order = match (&position.value, later.get(position.name.as_str())) {
            (Value::Int64(before), Some(Value::Int64(after))) => before.cmp(after),
            (Value::Timestamp(before), Some(Value::Timestamp(after))) => before.cmp(after),
            (Value::Text(before), Some(Value::Text(after))) => before.cmp(after),
            (Value::Date(before), Some(Value::Date(after))) => before.cmp(after),
            _ => return false,
        };
        if order.is_ne() {
            return order.is_gt();
        }
    }
    false
}

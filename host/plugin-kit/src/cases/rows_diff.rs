//! What two transforms make of the same rows, cell by cell.

use std::fmt;

use arrow_array::RecordBatch;
use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::{Batch, cell_as_json};

use super::golden::SHOWN_LINES;
use crate::rows::column_heading;

/// The most characters of a value that are shown.
const SHOWN_CHARACTERS: usize = 80;

/// The differences in what two transforms make of the same rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowsDiff {
    /// The rows of the input.
    pub rows: u64,
    /// Those of which they make something different.
    pub differing: u64,
    /// The cells that differ, in columns that both make.
    pub cells: u64,
    /// The rows that the earlier one alone keeps.
    pub kept_by_old: u64,
    /// The rows that the later one alone keeps.
    pub kept_by_new: u64,
    /// The rows that neither keeps, for different reasons.
    pub other_reasons: u64,
    /// The columns that one of them alone makes, or makes with another type.
    pub columns: Vec<String>,
    /// The first differences in rows: the row, with its key, and what has become of it.
    pub shown: Vec<String>,
}

/// The fate of a row in a transform.
#[derive(Clone)]
pub enum Fate<'a> {
    /// It is at this position of the result.
    Kept(usize),
    /// It was rejected by this rule, for this reason.
    Rejected(&'a str, &'a str),
    /// It is left out, and not rejected.
    Dropped,
}

impl fmt::Display for Fate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(_) => f.write_str("kept"),
            Self::Rejected(rule, reason) => write!(f, "rejected by {rule}: {reason}"),
            Self::Dropped => f.write_str("left out"),
        }
    }
}

impl RowsDiff {
    /// Compares what was made of the input, in one batch. `key` are the columns that identify a row.
    pub(super) fn of(input: &RecordBatch, key: &[String], [old, new]: [&Batch; 2]) -> Self {
        let rows = input.num_rows();
        let mut found = Self { rows: rows as u64, columns: changed_columns(&old.rows, &new.rows), ..Self::default() };
        for (row, fates) in fates(old, rows).into_iter().zip(fates(new, rows)).enumerate() {
            let differences = match fates {
                (Fate::Kept(one), Fate::Kept(other)) => {
                    let cells = cells(old, new, one, other);
                    found.cells += cells.len() as u64;
                    cells
                }
                (Fate::Rejected(rule, reason), Fate::Rejected(other, for_another))
                    if (rule, reason) == (other, for_another) =>
                {
                    Vec::new()
                }
                (Fate::Dropped, Fate::Dropped) => Vec::new(),
                (before, now) => {
                    let count = match (&before, &now) {
                        (Fate::Kept(_), _) => &mut found.kept_by_old,
                        (_, Fate::Kept(_)) => &mut found.kept_by_new,
                        _ => &mut found.other_reasons,
                    };
                    *count += 1;
                    vec![format!(": {before} → {now}")]
                }
            };
            found.differing += u64::from(!differences.is_empty());
            let room = SHOWN_LINES.saturating_sub(found.shown.len());
            let name = name(input, key, row);
            found.shown.extend(differences.iter().take(room).map(|difference| format!("{name}{difference}")));
        }
        found
    }

    /// True if they make the same.
    pub fn is_empty(&self) -> bool {
        self.differing == 0 && self.columns.is_empty()
    }
}

/// Returns the columns that one of them alone has; a column of another type is one of each.
pub fn changed_columns(old: &RecordBatch, new: &RecordBatch) -> Vec<String> {
    let headings = |rows: &RecordBatch| -> Vec<String> {
        rows.schema_ref().fields().iter().map(|field| column_heading(field)).collect()
    };
    let (before, now) = (headings(old), headings(new));
    let less = before.iter().filter(|heading| !now.contains(heading)).map(|heading| format!("- column {heading}"));
    let more = now.iter().filter(|heading| !before.contains(heading)).map(|heading| format!("+ column {heading}"));
    less.chain(more).collect()
}

/// Returns the fate of each row of the input.
pub fn fates(batch: &Batch, rows: usize) -> Vec<Fate<'_>> {
    let mut fates = vec![Fate::Dropped; rows];
    let rejected = batch.rejected.iter().filter_map(|row| Some((row.place?, Fate::Rejected(&row.rule, &row.reason))));
    let kept = (0..batch.rows.num_rows()).map(|row| (batch.origin.place(row), Fate::Kept(row)));
    for (place, fate) in rejected.chain(kept) {
        if let Some(of_row) = fates.get_mut(place) {
            *of_row = fate;
        }
    }
    fates
}

/// The cells of a row that differ, in columns that both make.
fn cells(old: &Batch, new: &Batch, one: usize, other: usize) -> Vec<String> {
    let in_words = |(name, cells): (&str, [Option<String>; 2])| match cells {
        [Some(old), Some(new)] => Some(format!(", {name}: {} → {}", short(&old), short(&new))),
        _ => None,
    };
    changed_cells((&old.rows, one), (&new.rows, other)).into_iter().filter_map(in_words).collect()
}

/// Returns the cells that differ between a row and another one, as JSON by column; `None` in a column that one of them lacks.
pub fn changed_cells<'r>(
    (before, row): (&'r RecordBatch, usize),
    (after, other): (&'r RecordBatch, usize),
) -> Vec<(&'r str, [Option<String>; 2])> {
    let of_before = before.schema_ref().fields().iter().map(|field| field.name().as_str());
    let of_after = after.schema_ref().fields().iter().map(|field| field.name().as_str());
    let names = of_before.chain(of_after.filter(|name| before.column_by_name(name).is_none()));
    names
        .filter_map(|name| {
            let columns = [(before, row), (after, other)].map(|(rows, row)| Some((rows.column_by_name(name)?, row)));
            if let [Some((one, row)), Some((two, other))] = columns
                && one.slice(row, 1) == two.slice(other, 1)
            {
                return None;
            }
            let [old, new] = columns.map(|cell| cell.map(|(column, row)| cell_as_json(column.as_ref(), row)));
            // Columns of different types may have the same values.
            (old != new).then_some((name, [old, new]))
        })
        .collect()
}

/// A row's number in the input, and its key.
fn name(input: &RecordBatch, key: &[String], row: usize) -> String {
    let value = |column: &String| {
        let cell = cell_as_json(input.column_by_name(column)?.as_ref(), row);
        Some(format!("{column} = {}", short(&cell)))
    };
    let key: Vec<String> = key.iter().filter_map(value).collect();
    let key = if key.is_empty() { String::new() } else { format!(" ({})", key.join(", ")) };
    format!("row {}{key}", row + 1)
}

/// Returns the beginning of a value that is long.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray};
    use wmshost_flow::{Cause, Rejected, Stage};

    use super::*;

    fn batch(ids: Vec<i64>, names: Vec<&str>) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] =
            [("id", Arc::new(Int64Array::from(ids))), ("name", Arc::new(StringArray::from(names)))];
        RecordBatch::try_from_iter(columns).expect("a batch")
    }

    /// The rows of the input for which the mask is true, with these names; the others are rejected where there is a reason.
    fn made(input: &RecordBatch, kept: [bool; 4], names: Vec<&str>, reasons: [Option<&str>; 4]) -> Batch {
        let mut made = Batch::new(input.clone());
        let ids = (10..14).zip(kept).filter_map(|(id, kept)| kept.then_some(id)).collect();
        made.origin.keep(&BooleanArray::from(kept.to_vec()));
        made.rows = batch(ids, names);
        let rejected = |(place, reason): (usize, Option<&str>)| {
            Some(Rejected {
                cause: Cause::Rule,
                rule: "rule".to_owned(),
                reason: reason?.to_owned(),
                value: None,
                stage: Stage::Transform,
                by: "one".to_owned(),
                digest: None,
                row: "{}".to_owned(),
                place: Some(place),
            })
        };
        made.rejected = reasons.into_iter().enumerate().filter_map(rejected).collect();
        made
    }

    #[test]
    fn rows_are_compared_by_their_places_in_the_input() {
        let input = batch(vec![10, 11, 12, 13], vec!["a", "b", "c", "d"]);
        let key = ["id".to_owned()];
        let old = made(&input, [true, false, true, false], vec!["A", "C"], [None, Some("blank"), None, Some("old")]);
        assert_eq!(RowsDiff::of(&input, &key, [&old, &old]), RowsDiff { rows: 4, ..RowsDiff::default() });
        let new = made(&input, [true, true, false, false], vec!["A", "B"], [None, None, None, Some("new")]);
        let found = RowsDiff::of(&input, &key, [&old, &new]);
        assert_eq!((found.differing, found.cells), (3, 0));
        assert_eq!((found.kept_by_old, found.kept_by_new, found.other_reasons), (1, 1, 1));
        assert_eq!(
            found.shown,
            [
                "row 2 (id = 11): rejected by rule: blank → kept",
                "row 3 (id = 12): kept → left out",
                "row 4 (id = 13): rejected by rule: old → rejected by rule: new",
            ]
        );
        let long = "x".repeat(200);
        let new = made(&input, [true; 4], vec!["A", "B", &long, "D"], [None; 4]);
        let found = RowsDiff::of(&input, &[], [&old, &new]);
        assert_eq!((found.cells, found.kept_by_new, found.is_empty()), (1, 2, false));
        assert!(found.shown[1].starts_with("row 3, name: \"C\" → \"xxx") && found.shown[1].chars().count() < 120);
    }

    #[test]
    fn there_are_few_lines_and_all_counts() {
        let ids: Vec<i64> = (0..500).collect();
        let [old, new] = ["a", "b"].map(|name| Batch::new(batch(ids.clone(), vec![name; 500])));
        let found = RowsDiff::of(&old.rows, &[], [&old, &new]);
        assert_eq!((found.cells, found.differing, found.shown.len()), (500, 500, SHOWN_LINES));
        let mut other = new.clone();
        other.rows = new.rows.project(&[0]).expect("a column");
        let found = RowsDiff::of(&old.rows, &[], [&old, &other]);
        assert_eq!((found.columns.len(), found.is_empty()), (1, false));
        assert!(found.columns[0].starts_with("- column name:utf8"), "{:?}", found.columns);
    }
}

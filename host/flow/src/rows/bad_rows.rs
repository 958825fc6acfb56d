//! Rows with an unusable value: one that does not fit its column's type, the key, a batch or the target; and rows without
//! a change key. The stream's policy decides about them, in the same way wherever they are found and on each way into the
//! target.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, BooleanArray};
use arrow_schema::DataType;
use wmshost_sql::Dialect;

use super::batch::{Batch, Cause, Rejected};
use super::cell_json::key_in_words;
use super::origin::Origin;
use crate::failure::{Failure, Stage};
use crate::metadata::row_key::words_of_json;
use crate::ports::extractor::NullKeys;
use crate::ports::target::Refused;
use crate::stream::policy::OnBadValue;
use crate::values::Position;

/// The rule that a row with a NULL in its key violates.
const NULL_KEY: &str = "null-key";
/// The rule that a row with a key that is too long for a bookmark violates.
const LONG_KEY: &str = "long-key";
/// The rule of a row without a change key.
const NULL_CHANGE_KEY: &str = "null-change-key";
/// The name under which the host rejects such rows.
const HOST: &str = "wmshost";

/// Rejects the rows whose key has a NULL in it: they cannot be identified, so a target cannot hold them.
pub(crate) fn without_null_keys(batch: Batch, key: &[String]) -> Result<Batch, Failure> {
    let schema = batch.rows.schema();
    let columns: Vec<_> = key.iter().filter_map(|name| Some((name, batch.rows.column_by_name(name)?))).collect();
    if schema.fields().is_empty() || columns.iter().all(|(_, column)| column.null_count() == 0) {
        return Ok(batch);
    }
    let missing = |row: usize| -> Vec<&str> {
        columns.iter().filter(|(_, column)| column.is_null(row)).map(|(name, _)| name.as_str()).collect()
    };
    let why = |row: usize| match missing(row).as_slice() {
        [] => None,
        [one] => Some(format!("the key column {one} is NULL")),
        several => Some(format!("the key columns {} are NULL", several.join(", "))),
    };
    let reasons: Vec<_> = (0..batch.rows.num_rows()).map(why).collect();
    without(batch, Cause::BadValue, NULL_KEY, reasons)
}

/// Rejects the rows with a key that no bookmark can hold.
pub fn without_long_keys(batch: Batch, key: &[String]) -> Result<Batch, Failure> {
    let mut columns = Vec::new();
    for name in key {
        let Some(column) = batch.rows.column_by_name(name) else { continue };
        let most = Position::MAX_BYTES.saturating_sub(name.len());
        let lengths: Option<Vec<usize>> = match column.data_type() {
            DataType::Utf8 => Some(lengths(column.as_string::<i32>().offsets())),
            DataType::Binary => Some(lengths(column.as_binary::<i32>().offsets())),
            _ => None,
        };
        let is_long = |lengths: &Vec<usize>| lengths.iter().any(|bytes| *bytes > most);
        columns.extend(lengths.filter(is_long).map(|lengths| (name, most, lengths)));
    }
    if columns.is_empty() {
        return Ok(batch);
    }
    let why = |row: usize| {
        let mut long = columns.iter().filter(|(_, most, lengths)| lengths[row] > *most);
        let (name, most, lengths) = long.next()?;
        Some(format!("the key column {name} has {} bytes, and a key has at most {most}", lengths[row]))
    };
    let reasons = (0..batch.rows.num_rows()).map(why).collect();
    without(batch, Cause::BadValue, LONG_KEY, reasons)
}

/// Returns the bytes of each value between these offsets.
fn lengths(offsets: &[i32]) -> Vec<usize> {
    offsets.windows(2).map(|ends| ends[1].abs_diff(ends[0]) as usize).collect()
}

/// Takes the rows out that have no change key, or fails with the first of them, where the stream asks for that. An
/// extractor does so where it reads by the change key; a comparison reads the whole table, and a replay no table at all.
pub(crate) fn without_null_change_keys(
    batch: Batch,
    change_key: &str,
    null_keys: NullKeys,
    key: &[String],
) -> Result<Batch, Failure> {
    let place = batch.rows.schema().fields().iter().position(|field| field.name().eq_ignore_ascii_case(change_key));
    let Some(column) = place.map(|place| batch.rows.column(place)) else { return Ok(batch) };
    match (null_keys, (0..column.len()).find(|row| column.is_null(*row))) {
        (NullKeys::Include | NullKeys::Ignore, _) | (_, None) => Ok(batch),
        (NullKeys::Fail, Some(row)) => Err(Failure::permanent(format!(
            "there is a row without {change_key}{}; correct it, or set null_keys to a value other than \"fail\"",
            key_in_words(&batch.rows, row, key)
        ))),
        (NullKeys::Reject, Some(_)) => {
            let reason = "its change key is NULL: no incremental run would see when it changes";
            let why = |row: usize| column.is_null(row).then(|| reason.to_owned());
            let reasons = (0..batch.rows.num_rows()).map(why).collect();
            without(batch, Cause::Rule, NULL_CHANGE_KEY, reasons)
        }
    }
}

/// Takes the rows out for which there is a reason.
fn without(batch: Batch, cause: Cause, rule: &str, reasons: Vec<Option<String>>) -> Result<Batch, Failure> {
    let stays: BooleanArray = reasons.iter().map(|reason| Some(reason.is_none())).collect();
    let rejected = |(row, reason): (usize, Option<String>)| {
        Some(Rejected {
            cause,
            rule: rule.to_owned(),
            reason: reason?,
            value: None,
            stage: Stage::Extract,
            by: HOST.to_owned(),
            digest: None,
            row: batch.origin.row_as_json(row),
            place: Some(batch.origin.place(row)),
        })
    };
    let rejected: Vec<_> = reasons.into_iter().enumerate().filter_map(rejected).collect();
    let mut batch = batch.only(&stays)?;
    batch.rejected.extend(rejected);
    Ok(batch)
}

/// Converts rows that a target refused to rejected rows.
pub(crate) fn refused(rows: Vec<Refused>, origin: &Origin, dialect: Dialect) -> Vec<Rejected> {
    let rejected = |Refused { row, rule, reason }| Rejected {
        cause: Cause::BadValue,
        rule,
        reason,
        value: None,
        stage: Stage::Load,
        by: dialect.name().to_owned(),
        digest: None,
        row: origin.row_as_json(row),
        place: Some(origin.place(row)),
    };
    rows.into_iter().map(rejected).collect()
}

impl OnBadValue {
    /// Fails with the first row that has a bad value if the policy is `fail`.
    pub(crate) fn check(self, rejected: &[Rejected], key: &[String]) -> Result<(), Failure> {
        let bad = rejected.iter().find(|row| row.cause == Cause::BadValue);
        match (self, bad) {
            (Self::Fail, Some(bad)) => Err(Failure::permanent(in_words(bad, key))
                .advise("let such rows go to quarantine by on_bad_value = \"reject\", or correct the row")),
            _ => Ok(()),
        }
    }
}

/// `row 3 of the batch (id=7): reason`, without the value in question.
fn in_words(row: &Rejected, key: &[String]) -> String {
    let place = row.place.map_or_else(|| "a row".to_owned(), |place| format!("row {} of the batch", place + 1));
    let key = words_of_json(&row.row, key).map(|key| format!(" ({key})")).unwrap_or_default();
    format!("{place}{key}: {}", row.reason)
}

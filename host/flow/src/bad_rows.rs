//! Rows with an unusable value: one that does not fit its column's type, the key, a batch or the target. The stream's
//! policy decides about them, in the same way wherever they are found.

use arrow_array::{Array as _, BooleanArray};

use crate::batch::{Batch, Cause, Rejected};
use crate::failure::{Failure, Stage};
use crate::metadata::row_key::words_of_json;
use crate::origin::Origin;
use crate::policy::OnBadValue;
use crate::source::Dialect;
use crate::target::Refused;

/// The rule that a row with a NULL in its key violates.
const NULL_KEY: &str = "null-key";
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
    let mut rejected = Vec::new();
    let mut whole = Vec::with_capacity(batch.rows.num_rows());
    for row in 0..batch.rows.num_rows() {
        let missing = missing(row);
        whole.push(missing.is_empty());
        if !missing.is_empty() {
            let (columns, is) = if missing.len() == 1 { ("column", "is") } else { ("columns", "are") };
            rejected.push(Rejected {
                cause: Cause::BadValue,
                rule: NULL_KEY.to_owned(),
                reason: format!("the key {columns} {} {is} NULL", missing.join(", ")),
                value: None,
                stage: Stage::Extract,
                by: HOST.to_owned(),
                digest: None,
                row: batch.origin.row_as_json(row),
                place: Some(batch.origin.place(row)),
            });
        }
    }
    let mut batch = batch.only(&BooleanArray::from(whole))?;
    batch.rejected.extend(rejected);
    Ok(batch)
}

/// Converts rows that a target refused to rejected rows.
pub(crate) fn refused(rows: Vec<Refused>, origin: &Origin, dialect: Dialect) -> Vec<Rejected> {
    let by = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Oracle => "oracle",
    };
    let rejected = |Refused { row, rule, reason }| Rejected {
        cause: Cause::BadValue,
        rule,
        reason,
        value: None,
        stage: Stage::Load,
        by: by.to_owned(),
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

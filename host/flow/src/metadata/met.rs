//! Rows in quarantine when the source is read again. A row that is loaded, or rejected in another version, is
//! recognized by its key. One without a whole key is recognized by its content alone: it is deleted when all of the
//! source was read without it, because then it was corrected or deleted there.

use std::collections::HashSet;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use wmshost_sql::Value;

use super::quarantine::{
    PAGE_ROWS, Quarantine, QuarantineFilter, QuarantinedRow, TABLE, id_of, reason_cells, text_value,
};
use super::row_key::{KeyDigest, digest_at, digest_of_json};
use crate::failure::Failure;
use crate::ports::sql::Sql;
use crate::ports::target::Refused;
use crate::rows::batch::Rejected;

/// The rows of a stream that are in quarantine.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The keys of those that have one.
    pub(crate) keys: HashSet<KeyDigest>,
    /// The ids of the others.
    pub(crate) without_key: HashSet<String>,
}

/// The keys of the rows that a run has rejected.
#[derive(Debug, Default)]
pub struct RejectedKeys(HashSet<KeyDigest>);

impl RejectedKeys {
    /// Returns the rows of a batch that the run has not rejected in another version.
    pub fn without(&self, rows: &RecordBatch, key: &[String]) -> Result<RecordBatch, Failure> {
        let is_other = |row| digest_at(rows, row, key).is_none_or(|digest| !self.0.contains(&digest));
        let others: BooleanArray = (0..rows.num_rows()).map(|row| Some(is_other(row))).collect();
        filter_record_batch(rows, &others)
            .map_err(|error| Failure::permanent(format!("rows cannot be chosen: {error}")))
    }
}

/// Takes from the keys of rows in quarantine those of the rows that were loaded, for the source has them otherwise now.
/// `refused` are the rows of the batch that the target did not take.
pub(crate) fn take_loaded(
    known: &mut HashSet<KeyDigest>,
    rows: &RecordBatch,
    refused: &[Refused],
    key: &[String],
) -> Vec<KeyDigest> {
    if known.is_empty() {
        return Vec::new();
    }
    let refused: HashSet<usize> = refused.iter().map(|refused| refused.row).collect();
    let loaded = (0..rows.num_rows()).filter(|row| !refused.contains(row));
    loaded.filter_map(|row| digest_at(rows, row, key)).filter(|key| known.remove(key)).collect()
}

impl Quarantine<'_> {
    /// Returns the stream's rows, to find out whether a row that is read has an older copy here.
    pub(crate) fn of_stream(&self, sql: &mut dyn Sql, stream: &str) -> Result<Known, Failure> {
        let mut known = Known::default();
        if !TABLE.exists(sql)? {
            return Ok(known);
        }
        let filter = QuarantineFilter { stream: stream.to_owned(), ..QuarantineFilter::default() };
        let mut after = None;
        loop {
            let page = self.select(sql, &filter, "id, rejected_at, key_digest", after.as_ref(), PAGE_ROWS)?;
            for row in &page {
                match row.as_slice() {
                    [_, _, Value::Text(digest)] if !digest.is_empty() => {
                        known.keys.extend(KeyDigest::of_text(digest));
                    }
                    [Value::Text(id), ..] => _ = known.without_key.insert(id.clone()),
                    _ => {}
                }
            }
            match page.last().map(Vec::as_slice) {
                Some([Value::Text(id), Value::Text(at), ..]) if page.len() == PAGE_ROWS => {
                    after = Some((at.clone(), id.clone()));
                }
                _ => return Ok(known),
            }
        }
    }

    /// Returns the keys of the stream's rows that this run has rejected.
    pub fn rejected_in(&self, sql: &mut dyn Sql, stream: &str, run_id: &str) -> Result<RejectedKeys, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(RejectedKeys::default());
        }
        let statement = "SELECT key_digest FROM WMSHOST_QUARANTINE \
                         WHERE pipeline = ?1 AND stream = ?2 AND run_id = ?3 AND key_digest IS NOT NULL";
        let parameters = [self.pipeline, stream, run_id].map(text_value);
        let rows = sql.query(&sql.dialect().with_parameters(statement), &parameters)?;
        let digest = |row: &Vec<Value>| match row.first() {
            Some(Value::Text(digest)) => KeyDigest::of_text(digest),
            _ => None,
        };
        Ok(RejectedKeys(rows.iter().filter_map(digest).collect()))
    }

    /// Deletes the rows with these keys that other runs than this one rejected; returns their number.
    pub(crate) fn forget(
        &self,
        sql: &mut dyn Sql,
        stream: &str,
        run_id: &str,
        keys: Vec<KeyDigest>,
    ) -> Result<u64, Failure> {
        if keys.is_empty() {
            return Ok(0);
        }
        let statement = "DELETE FROM WMSHOST_QUARANTINE \
                         WHERE pipeline = ?1 AND stream = ?2 AND key_digest = ?3 AND run_id <> ?4";
        let rows = keys.iter().map(|key| [self.pipeline, stream, &key.to_text(), run_id].map(text_value).to_vec());
        sql.execute_many(&sql.dialect().with_parameters(statement), &rows.collect::<Vec<_>>())
    }

    /// Deletes the rows without a whole key that were not met by a run which has read all of the source.
    pub(crate) fn forget_unmet(&self, sql: &mut dyn Sql, stream: &str, run_id: &str) -> Result<(), Failure> {
        if !TABLE.exists(sql)? {
            return Ok(());
        }
        let statement = "DELETE FROM WMSHOST_QUARANTINE \
                         WHERE pipeline = ?1 AND stream = ?2 AND key_digest IS NULL AND run_id <> ?3";
        let parameters = [self.pipeline, stream, run_id].map(text_value);
        sql.execute(&sql.dialect().with_parameters(statement), &parameters).map(drop)
    }

    /// Deletes the rows with these ids.
    pub(crate) fn forget_ids(&self, sql: &mut dyn Sql, stream: &str, ids: &HashSet<String>) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        let statement = "DELETE FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 AND stream = ?2 AND id = ?3";
        let rows = ids.iter().map(|id| [self.pipeline, stream, id].map(text_value).to_vec());
        sql.execute_many(&sql.dialect().with_parameters(statement), &rows.collect::<Vec<_>>()).map(drop)
    }

    /// Passes the rows that this run met, or all of the stream's: it succeeded without them.
    pub(crate) fn pass(&self, sql: &mut dyn Sql, stream: &str, run_id: Option<&str>) -> Result<(), Failure> {
        if !TABLE.exists(sql)? {
            return Ok(());
        }
        let statement = "UPDATE WMSHOST_QUARANTINE SET passed = 1 WHERE pipeline = ?1 AND stream = ?2 AND passed = 0";
        let of_run = if run_id.is_some() { " AND run_id = ?3" } else { "" };
        let parameters: Vec<_> = [self.pipeline, stream].into_iter().chain(run_id).map(text_value).collect();
        sql.execute(&sql.dialect().with_parameters(&format!("{statement}{of_run}")), &parameters).map(drop)
    }

    /// Records the reason why a row was rejected again. Returns the id that it has now. The time of its first rejection
    /// stays, since it is the age of the copy.
    pub(crate) fn reject_again(
        &self,
        sql: &mut dyn Sql,
        row: &QuarantinedRow,
        why: &Rejected,
    ) -> Result<String, Failure> {
        let id = id_of(&why.rule, &row.row);
        if id != row.id {
            // The same row may be there for this reason already.
            let twin = QuarantinedRow { id: id.clone(), ..row.clone() };
            self.remove(sql, &[twin])?;
        }
        let statement = "UPDATE WMSHOST_QUARANTINE SET id = ?1, rule = ?2, reason = ?3, stage = ?4, rejected_by = ?5, digest = ?6 \
                         WHERE pipeline = ?7 AND stream = ?8 AND id = ?9";
        let [id_value, rule, reason, stage, by, digest] = reason_cells(&id, why);
        let [pipeline, stream, before] = [self.pipeline, &row.stream, &row.id].map(text_value);
        let parameters = [id_value, rule, reason, stage, by, digest, pipeline, stream, before];
        sql.execute(&sql.dialect().with_parameters(statement), &parameters)?;
        Ok(id)
    }

    /// Assigns the rows of an interrupted run to the run that continues it.
    pub(crate) fn adopt(&self, sql: &mut dyn Sql, stream: &str, from: &str, run_id: &str) -> Result<(), Failure> {
        if !TABLE.exists(sql)? {
            return Ok(());
        }
        let statement = "UPDATE WMSHOST_QUARANTINE SET run_id = ?1 WHERE pipeline = ?2 AND stream = ?3 AND run_id = ?4";
        let parameters = [run_id, self.pipeline, stream, from].map(text_value);
        sql.execute(&sql.dialect().with_parameters(statement), &parameters).map(drop)
    }
}

/// Returns the id in quarantine of a row without a whole key; `None` if it has one.
pub(crate) fn id_without_key(row: &Rejected, key: &[String]) -> Option<String> {
    digest_of_json(&row.row, key).is_none().then(|| id_of(&row.rule, &row.row))
}

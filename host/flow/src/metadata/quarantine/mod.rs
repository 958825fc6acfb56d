//! Rejected rows, with the reason and as they are in the source. They are written in the transaction of the rows around
//! them. A row that violates the same rule in a later run is not written twice; a row whose key a later run loads, or
//! rejects in another version, is deleted (`met.rs`).

#[cfg(test)]
mod tests;

use wmshost_sql::{MetadataType, Value};

use super::row_key::{digest_of_json, words_of_json};
use super::table::{Cells, Table, optional};
use crate::failure::Failure;
use crate::ports::sql::Sql;
use crate::rows::batch::Rejected;

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_QUARANTINE",
    columns: &[
        ("pipeline", MetadataType::Name),
        ("stream", MetadataType::Name),
        ("id", MetadataType::Name),
        ("rule", MetadataType::Name),
        ("reason", MetadataType::Text),
        ("stage", MetadataType::Name),
        ("rejected_by", MetadataType::Text),
        ("digest", MetadataType::Name),
        ("run_id", MetadataType::Name),
        ("rejected_at", MetadataType::Name),
        ("passed", MetadataType::Integer),
        ("row_key", MetadataType::Text),
        ("key_digest", MetadataType::Name),
        ("row_json", MetadataType::Long),
    ],
    key: 3,
};

/// The index for finding the rows of a key.
const KEY_INDEX: &str = "CREATE INDEX WMSHOST_QUARANTINE_KEY ON WMSHOST_QUARANTINE (pipeline, stream, key_digest)";
/// The number of ids per query.
const IDS_AT_ONCE: usize = 100;
/// The number of rows per page.
pub(super) const PAGE_ROWS: usize = 500;
/// The longest reason, in characters; a text in the host's tables has up to 2,000, of up to four bytes each, in 4,000
/// bytes.
const REASON_CHARS: usize = 1_000;
/// The longest rule, and the longest name of the component that rejected a row, in characters.
const NAME_CHARS: usize = 128;

/// A row in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The stream in which it was rejected.
    pub stream: String,
    /// Its id: a digest of the rule and the row.
    pub id: String,
    /// The rule that it violates.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// The stage that rejected it: extract, transform or load.
    pub stage: String,
    /// The component that rejected it: a plugin with its version, the driver, or the host.
    pub by: String,
    /// The digest of that plugin's bytes; `None` if no plugin rejected it.
    pub digest: Option<String>,
    /// The run that last rejected it.
    pub run_id: String,
    /// The time of the last rejection, UTC, as text.
    pub rejected_at: String,
    /// Its key in words; `None` if the stream has no key.
    pub key: Option<String>,
    /// The row as it is in the source, as a JSON object; empty if it was not requested.
    pub row: String,
}

/// A selection of the rows in a stream's quarantine.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// The stream.
    pub stream: String,
    /// Only rows that violate this rule.
    pub rule: Option<String>,
    /// Only rows whose ids begin with one of these; empty for all rows.
    pub ids: Vec<String>,
}

/// The quarantine of one pipeline.
pub struct Quarantine<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
}

/// A run that rejects rows, and the time.
#[derive(Debug, Clone, Copy)]
pub struct RejectedIn<'a> {
    /// The stream.
    pub stream: &'a str,
    /// The run.
    pub run_id: &'a str,
    /// The time, UTC, as text.
    pub at: &'a str,
    /// True if the rows are passed now. A run passes them at its end: until then they count against the budget of the next
    /// run.
    pub passes: bool,
}

/// A row that is in quarantine already.
struct KnownRow {
    id: String,
    /// True if this run has put it there, or met it before.
    is_own: bool,
    passed: bool,
}

impl Quarantine<'_> {
    /// Writes rows; for those that are there already it records that this run has met them again. Deletes the rows that
    /// earlier runs rejected under the same keys: the source now has other versions. Returns the number of rows that this
    /// run is the first to meet and that no run has passed before.
    pub fn add(
        &self,
        sql: &mut dyn Sql,
        run: RejectedIn<'_>,
        rejected: &[Rejected],
        key: &[String],
    ) -> Result<u64, Failure> {
        if rejected.is_empty() {
            return Ok(0);
        }
        self.make(sql)?;
        let mut new = 0;
        for part in rejected.chunks(IDS_AT_ONCE) {
            let ids: Vec<String> = part.iter().map(|row| id_of(&row.rule, &row.row)).collect();
            let known = self.known(sql, run, &ids)?;
            let mut rows: Vec<Vec<Value>> = Vec::new();
            for (row, id) in part.iter().zip(&ids) {
                let is_known = known.iter().any(|known| known.id == *id);
                let is_new = !is_known && !rows.iter().any(|row| row[2] == text_value(id));
                if is_new {
                    rows.push(self.cells(run, row, id, key));
                }
            }
            new += (rows.len() + known.iter().filter(|row| !row.passed && !row.is_own).count()) as u64;
            if !rows.is_empty() {
                sql.execute_many(&TABLE.insert_statement(sql.dialect()), &rows)?;
            }
            self.meet_again(sql, run, &known)?;
            let digests = part.iter().filter_map(|row| digest_of_json(&row.row, key));
            self.forget(sql, run.stream, run.run_id, digests.collect())?;
        }
        Ok(new)
    }

    fn make(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        if TABLE.exists(sql)? {
            return Ok(());
        }
        TABLE.make(sql)?;
        sql.execute(KEY_INDEX, &[]).map(drop)
    }

    fn cells(&self, run: RejectedIn<'_>, row: &Rejected, id: &str, key: &[String]) -> Vec<Value> {
        let digest = digest_of_json(&row.row, key).map(|digest| digest.to_text());
        let of_run = [text_value(run.run_id), text_value(run.at), Value::Int64(run.passes.into())];
        let of_row =
            [optional(words_of_json(&row.row, key).as_deref()), optional(digest.as_deref()), text_value(&row.row)];
        let place = [text_value(self.pipeline), text_value(run.stream)];
        place.into_iter().chain(reason_cells(id, row)).chain(of_run).chain(of_row).collect()
    }

    /// Returns the rows of those of the ids that exist.
    fn known(&self, sql: &mut dyn Sql, run: RejectedIn<'_>, ids: &[String]) -> Result<Vec<KnownRow>, Failure> {
        let placeholders: Vec<_> = (3..ids.len() + 3).map(|number| format!("?{number}")).collect();
        let statement = format!(
            "SELECT id, run_id, passed FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 AND stream = ?2 AND id IN ({})",
            placeholders.join(", ")
        );
        let parameters: Vec<_> =
            [self.pipeline, run.stream].into_iter().chain(ids.iter().map(String::as_str)).map(text_value).collect();
        let rows = sql.query(&sql.dialect().with_parameters(&statement), &parameters)?;
        let known = |row| {
            let mut cells = Cells::of(&TABLE, row);
            Ok(KnownRow { id: cells.text()?, is_own: cells.text()? == run.run_id, passed: cells.integer()? != 0 })
        };
        rows.into_iter().map(known).collect()
    }

    fn meet_again(&self, sql: &mut dyn Sql, run: RejectedIn<'_>, known: &[KnownRow]) -> Result<(), Failure> {
        if known.is_empty() {
            return Ok(());
        }
        let statement = "UPDATE WMSHOST_QUARANTINE SET run_id = ?1, rejected_at = ?2, passed = ?3 \
                         WHERE pipeline = ?4 AND stream = ?5 AND id = ?6";
        let rows = known.iter().map(|KnownRow { id, passed, .. }| {
            let [run_id, at] = [run.run_id, run.at].map(text_value);
            let [pipeline, stream, id] = [self.pipeline, run.stream, id].map(text_value);
            vec![run_id, at, Value::Int64((*passed || run.passes).into()), pipeline, stream, id]
        });
        sql.execute_many(&sql.dialect().with_parameters(statement), &rows.collect::<Vec<_>>()).map(drop)
    }

    /// Returns the names of the streams with rows, in order.
    pub fn streams(&self, sql: &mut dyn Sql) -> Result<Vec<String>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let statement = "SELECT DISTINCT stream FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 ORDER BY stream";
        let rows = sql.query(&sql.dialect().with_parameters(statement), &[text_value(self.pipeline)]);
        let rows = rows.map_err(|failure| TABLE.explain(sql, failure))?;
        Ok(rows.into_iter().flatten().map(|name| name.to_string()).collect())
    }

    /// Returns the number of selected rows.
    pub fn count(&self, sql: &mut dyn Sql, filter: &QuarantineFilter) -> Result<u64, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(0);
        }
        let (condition, parameters) = self.condition(filter);
        let statement = format!("SELECT COUNT(*) FROM WMSHOST_QUARANTINE WHERE {condition}");
        let rows = sql.query(&sql.dialect().with_parameters(&statement), &parameters);
        let rows = rows.map_err(|failure| TABLE.explain(sql, failure))?;
        Ok(match rows.first().and_then(|row| row.first()) {
            Some(Value::Int64(count)) => count.unsigned_abs(),
            Some(Value::Decimal(count)) => count.parse().unwrap_or(0),
            _ => 0,
        })
    }

    /// Returns up to this number of the selected rows, those rejected earlier first, starting after `after`; with the
    /// rows themselves, which can be large, or without.
    pub fn page(
        &self,
        sql: &mut dyn Sql,
        filter: &QuarantineFilter,
        after: Option<&QuarantinedRow>,
        limit: usize,
        with_rows: bool,
    ) -> Result<Vec<QuarantinedRow>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let list = TABLE.column_list();
        let list = if with_rows { list } else { list.replace("row_json", "NULL") };
        let after = after.map(|row| (row.rejected_at.clone(), row.id.clone()));
        self.select(sql, filter, &list, after.as_ref(), limit)?.into_iter().map(quarantined).collect()
    }

    pub(super) fn select(
        &self,
        sql: &mut dyn Sql,
        filter: &QuarantineFilter,
        list: &str,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let (mut condition, mut parameters) = self.condition(filter);
        if let Some((at, id)) = after {
            let next = parameters.len() + 1;
            condition.push_str(&format!(
                " AND (rejected_at > ?{next} OR (rejected_at = ?{} AND id > ?{}))",
                next + 1,
                next + 2
            ));
            parameters.extend([at, at, id].map(|text| text_value(text)));
        }
        let end = sql.dialect().first_rows(limit);
        let statement =
            format!("SELECT {list} FROM WMSHOST_QUARANTINE WHERE {condition} ORDER BY rejected_at, id {end}");
        sql.query(&sql.dialect().with_parameters(&statement), &parameters)
            .map_err(|failure| TABLE.explain(sql, failure))
    }

    fn condition(&self, filter: &QuarantineFilter) -> (String, Vec<Value>) {
        let mut condition = "pipeline = ?1 AND stream = ?2".to_owned();
        let mut parameters = vec![text_value(self.pipeline), text_value(&filter.stream)];
        if let Some(rule) = &filter.rule {
            parameters.push(text_value(rule));
            condition.push_str(&format!(" AND rule = ?{}", parameters.len()));
        }
        let begins: Vec<String> = filter
            .ids
            .iter()
            .map(|id| {
                parameters.push(text_value(id));
                format!("SUBSTR(id, 1, {}) = ?{}", id.chars().count().max(1), parameters.len())
            })
            .collect();
        if !begins.is_empty() {
            condition.push_str(&format!(" AND ({})", begins.join(" OR ")));
        }
        (condition, parameters)
    }

    /// Deletes the selected rows; returns their number.
    pub fn clear(&self, sql: &mut dyn Sql, filter: &QuarantineFilter) -> Result<u64, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(0);
        }
        let (condition, parameters) = self.condition(filter);
        let statement = format!("DELETE FROM WMSHOST_QUARANTINE WHERE {condition}");
        sql.execute(&sql.dialect().with_parameters(&statement), &parameters)
    }

    /// Removes rows from quarantine; returns their number.
    pub fn remove(&self, sql: &mut dyn Sql, rows: &[QuarantinedRow]) -> Result<u64, Failure> {
        let statement = sql
            .dialect()
            .with_parameters("DELETE FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 AND stream = ?2 AND id = ?3");
        let rows: Vec<Vec<Value>> =
            rows.iter().map(|row| [self.pipeline, &row.stream, &row.id].map(text_value).to_vec()).collect();
        if rows.is_empty() { Ok(0) } else { sql.execute_many(&statement, &rows) }
    }
}

/// The cells of a rejected row, from its id to the digest of the plugin.
pub(super) fn reason_cells(id: &str, row: &Rejected) -> [Value; 6] {
    [
        text_value(id),
        text_value(&cut(&row.rule, NAME_CHARS)),
        text_value(&cut(&reason_in_full(row), REASON_CHARS)),
        text_value(&row.stage.to_string()),
        text_value(&cut(&row.by, NAME_CHARS)),
        optional(row.digest.as_deref()),
    ]
}

/// Returns the reason with the values in question.
fn reason_in_full(row: &Rejected) -> String {
    row.value.as_ref().map_or_else(|| row.reason.clone(), |value| format!("{}: {value}", row.reason))
}

pub(super) fn text_value(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Returns a row's id, which is the same for the same rule and row.
pub(super) fn id_of(rule: &str, row: &str) -> String {
    let mut digest = blake3::Hasher::new();
    digest.update(rule.as_bytes()).update(&[0]).update(row.as_bytes());
    digest.finalize().to_hex()[..32].to_owned()
}

fn quarantined(row: Vec<Value>) -> Result<QuarantinedRow, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _pipeline = cells.text()?;
    let row = QuarantinedRow {
        stream: cells.text()?,
        id: cells.text()?,
        rule: cells.optional_text()?.unwrap_or_default(),
        reason: cells.optional_text()?.unwrap_or_default(),
        stage: cells.optional_text()?.unwrap_or_default(),
        by: cells.optional_text()?.unwrap_or_default(),
        digest: cells.optional_text()?,
        run_id: cells.optional_text()?.unwrap_or_default(),
        rejected_at: cells.optional_text()?.unwrap_or_default(),
        key: None,
        row: String::new(),
    };
    let _passed = cells.optional_integer()?;
    let (key, _key_digest) = (cells.optional_text()?, cells.optional_text()?);
    Ok(QuarantinedRow { key, row: cells.optional_text()?.unwrap_or_default(), ..row })
}

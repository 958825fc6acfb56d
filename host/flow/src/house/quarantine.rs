//! Rows that were taken out, with the reason. They are written in the transaction of the rows around them. A row
//! that breaks the same rule in a later run is not written twice.

use super::table::{Cells, Kind, Table, optional, text};
use crate::batch::Rejected;
use crate::failure::Failure;
use crate::sql::Sql;
use crate::value::Value;

const TABLE: Table = Table {
    name: "WMSHOST_QUARANTINE",
    columns: &[
        ("pipeline", Kind::Name),
        ("stream", Kind::Name),
        ("id", Kind::Name),
        ("rule", Kind::Text),
        ("reason", Kind::Text),
        ("rejected_by", Kind::Text),
        ("run_id", Kind::Name),
        ("rejected_at", Kind::Name),
        ("row_key", Kind::Text),
        ("row_json", Kind::Long),
    ],
    key: 3,
};

/// How many ids are asked for at once.
const IDS_AT_ONCE: usize = 100;

/// A row in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The stream it came by.
    pub stream: String,
    /// Its id: a digest of the rule and the row.
    pub id: String,
    /// The rule it broke.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// Who took it out: a plugin with its version, or the driver.
    pub by: String,
    /// The run that wrote it.
    pub run_id: String,
    /// When, UTC, as text.
    pub rejected_at: String,
    /// Its key in words, where the stream has one.
    pub key: Option<String>,
    /// The row as a JSON object.
    pub row: String,
}

/// The quarantine of one pipeline.
pub struct Quarantine<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
}

impl Quarantine<'_> {
    /// Writes rows that are not there yet.
    pub fn add(
        &self,
        sql: &mut dyn Sql,
        stream: &str,
        run_id: &str,
        rejected_at: &str,
        rejected: &[Rejected],
        key: &[String],
    ) -> Result<(), Failure> {
        TABLE.make(sql)?;
        for part in rejected.chunks(IDS_AT_ONCE) {
            let ids: Vec<String> = part.iter().map(|row| id_of(&row.rule, &row.row)).collect();
            let known = self.known(sql, stream, &ids)?;
            let mut rows: Vec<Vec<Value>> = Vec::new();
            for (row, id) in part.iter().zip(&ids) {
                let is_new = !known.contains(id) && !rows.iter().any(|row| row[2] == Value::Text(id.clone()));
                if is_new {
                    let words = [self.pipeline, stream, id, &row.rule, &row.reason, &row.by, run_id, rejected_at];
                    let mut cells = words.map(|text| Value::Text(text.to_owned())).to_vec();
                    cells.extend([optional(key_in_words(&row.row, key).as_deref()), Value::Text(row.row.clone())]);
                    rows.push(cells);
                }
            }
            if !rows.is_empty() {
                sql.execute_many(&TABLE.insert_statement(sql.dialect()), &rows)?;
            }
        }
        Ok(())
    }

    /// Those of the ids that are there.
    fn known(&self, sql: &mut dyn Sql, stream: &str, ids: &[String]) -> Result<Vec<String>, Failure> {
        let marks: Vec<_> = (3..ids.len() + 3).map(|number| format!("?{number}")).collect();
        let statement = format!(
            "SELECT id FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 AND stream = ?2 AND id IN ({})",
            marks.join(", ")
        );
        let parameters: Vec<_> = [self.pipeline, stream]
            .into_iter()
            .chain(ids.iter().map(String::as_str))
            .map(|text| Value::Text(text.to_owned()))
            .collect();
        let rows = sql.query(&text(sql.dialect(), &statement), &parameters)?;
        rows.into_iter().map(|row| Cells::of(&TABLE, row).text()).collect()
    }

    /// The rows of these streams, the newest last; of all streams if none is named.
    pub fn rows(&self, sql: &mut dyn Sql, streams: &[String]) -> Result<Vec<QuarantinedRow>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT {} FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 ORDER BY stream, rejected_at, id",
            TABLE.column_list()
        );
        let rows = sql.query(&text(sql.dialect(), &statement), &[Value::Text(self.pipeline.to_owned())])?;
        let rows = rows.into_iter().map(quarantined).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().filter(|row| streams.is_empty() || streams.contains(&row.stream)).collect())
    }

    /// Takes rows out of quarantine; gives how many there were.
    pub fn remove(&self, sql: &mut dyn Sql, rows: &[QuarantinedRow]) -> Result<u64, Failure> {
        let statement =
            text(sql.dialect(), "DELETE FROM WMSHOST_QUARANTINE WHERE pipeline = ?1 AND stream = ?2 AND id = ?3");
        let rows: Vec<Vec<Value>> = rows
            .iter()
            .map(|row| [self.pipeline, &row.stream, &row.id].map(|text| Value::Text(text.to_owned())).to_vec())
            .collect();
        if rows.is_empty() { Ok(0) } else { sql.execute_many(&statement, &rows) }
    }
}

/// A row's id: the same rule and the same row have the same.
fn id_of(rule: &str, row: &str) -> String {
    let mut digest = blake3::Hasher::new();
    digest.update(rule.as_bytes()).update(&[0]).update(row.as_bytes());
    digest.finalize().to_hex()[..32].to_owned()
}

/// `id=7, site=A` from a row.
fn key_in_words(row: &str, key: &[String]) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    let part = |name: &String| {
        let value = row.get(name)?;
        Some(format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    let words = key.iter().map(part).collect::<Option<Vec<_>>>()?.join(", ");
    (!words.is_empty()).then(|| words.chars().take(500).collect())
}

fn quarantined(row: Vec<Value>) -> Result<QuarantinedRow, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _pipeline = cells.text()?;
    Ok(QuarantinedRow {
        stream: cells.text()?,
        id: cells.text()?,
        rule: cells.optional_text()?.unwrap_or_default(),
        reason: cells.optional_text()?.unwrap_or_default(),
        by: cells.optional_text()?.unwrap_or_default(),
        run_id: cells.text()?,
        rejected_at: cells.text()?,
        key: cells.optional_text()?,
        row: cells.optional_text()?.unwrap_or_default(),
    })
}

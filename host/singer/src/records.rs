//! Records on their way to the extract stage: their texts as one JSON array, which the stage reads in one pass.

use crate::message::Record;
use crate::schema::{ROW, TABLE_VERSION};

/// The columns that each record gets besides its own.
#[derive(Debug, Clone, Default)]
pub struct Stamp {
    /// True if records get the version of the table that they belong to.
    pub version: bool,
    /// Members that are the same for all records of a run: name and JSON value.
    pub constant: String,
    /// True if records get the time at which they were extracted.
    pub extracted: bool,
    /// The beginning of the name that each record gets, where each is a row of its own.
    pub row: Option<String>,
}

/// Records of one stream.
#[derive(Debug, Default)]
pub struct Records {
    /// A JSON array without its last bracket.
    json: String,
    /// The number of records.
    pub rows: usize,
}

impl Records {
    /// Adds a record; `number` is its number among those of the run.
    pub fn push(&mut self, record: &Record<'_>, stamp: &Stamp, number: u64) {
        self.json.push(if self.rows == 0 { '[' } else { ',' });
        self.rows += 1;
        if !stamp.version && stamp.row.is_none() && stamp.constant.is_empty() {
            return self.json.push_str(record.json);
        }
        // A record is an object, so that the last brace is its own.
        let own = record.json[..record.json.len() - 1].trim_end();
        self.json.push_str(own);
        let mut comma = if own.len() > 1 { "," } else { "" };
        let mut member = |name: &str, value: &str, json: &mut String| {
            json.extend([comma, "\"", name, "\":", value]);
            comma = ",";
        };
        if let Some(run) = &stamp.row {
            member(ROW, &format!("\"{run}-{number}\""), &mut self.json);
        }
        if stamp.version {
            let version = record.version.map_or_else(|| "null".to_owned(), |version| version.to_string());
            member(TABLE_VERSION, &version, &mut self.json);
        }
        if stamp.extracted {
            let extracted = record.extracted.as_deref().map_or(serde_json::Value::Null, serde_json::Value::from);
            member("_sdc_extracted_at", &extracted.to_string(), &mut self.json);
        }
        if !stamp.constant.is_empty() {
            self.json.extend([comma, stamp.constant.as_str()]);
        }
        self.json.push('}');
    }

    /// The number of bytes so far.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The records as a JSON array.
    pub(crate) fn into_json(mut self) -> String {
        self.json.push_str(if self.rows == 0 { "[]" } else { "]" });
        self.json
    }
}

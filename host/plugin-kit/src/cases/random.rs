//! Random rows of a case's columns: a seed makes the same rows everywhere. A transform must have the same result for them in
//! any batches and in a second instance, and must not trap. Rows on which it fails are reduced to as few as possible.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, SchemaRef};
use serde_json::{Map, Value as Json, json};
use wmshost_flow::row_from_json;

use super::trial::{TransformRun, disagreement};
use crate::rows;

/// The number of rows of one random input.
const ROWS: usize = 40;

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    /// Returns the sequence of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or_default()]
    }
}

/// Texts that plugins get wrong.
const TEXTS: [&str; 14] = [
    "",
    " ",
    "a",
    "A",
    " padded ",
    "Ünïcödé",
    "é",
    "e\u{301}",
    "𝄞 clef",
    "ﬁ",
    "\u{200b}",
    "tab\tand\nline",
    "'; DROP TABLE t; --",
    "0123456789012345678901234567890123456789",
];

/// Returns a value of a column, sometimes one of those that are at the edge.
fn value(random: &mut Random, field: &Field, row: usize, is_key: bool) -> Json {
    if is_key {
        return match field.data_type() {
            DataType::Int64 => json!(row),
            DataType::Utf8 => json!(format!("key-{row:04}")),
            DataType::Decimal128(..) => json!(row.to_string()),
            _ => edge(random, field),
        };
    }
    if field.is_nullable() && random.below(5) == 0 { Json::Null } else { edge(random, field) }
}

fn edge(random: &mut Random, field: &Field) -> Json {
    match field.data_type() {
        DataType::Boolean => json!(random.below(2) == 0),
        DataType::Int64 => match random.below(4) {
            0 => json!(random.pick(&[0, 1, -1, i64::MAX, i64::MIN])),
            _ => json!(i64::try_from(random.below(2_000)).unwrap_or_default() - 1_000),
        },
        DataType::Float64 => json!(random.pick(&["0.0", "-0.0", "0.1", "1e308", "-1e-308", "NaN", "inf", "12.5"])),
        DataType::Decimal128(precision, scale) => {
            let digits = if random.below(4) == 0 { usize::from(*precision) } else { 1 + usize::from(*precision) / 2 };
            let digits: String =
                (0..digits).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or_default())).collect();
            let scale = usize::try_from(*scale).unwrap_or_default();
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            let sign = if random.below(3) == 0 { "-" } else { "" };
            json!(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
        }
        DataType::Utf8 => json!(random.pick(&TEXTS)),
        DataType::Binary => json!(random.pick(&["", "00", "ff", "00ff10"])),
        DataType::Date32 => json!(random.pick(&["1970-01-01", "2024-02-29", "0001-01-01", "9999-12-31", "2026-01-31"])),
        _ => json!(random.pick(&[
            "1970-01-01 00:00:00",
            "2026-01-31 12:00:00.000001",
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59.999999"
        ])),
    }
}

/// Returns random rows of these columns; the values of the key are unique.
pub(crate) fn rows_of(
    columns: &SchemaRef,
    key: &[String],
    seed: u64,
    count: usize,
) -> std::result::Result<RecordBatch, String> {
    let mut random = Random::new(seed);
    let mut parts = Vec::new();
    for row in 0..count {
        let cell = |field: &Arc<Field>| {
            let is_key = key.iter().any(|name| name == field.name());
            (field.name().clone(), value(&mut random, field, row, is_key))
        };
        let row: Map<String, Json> = columns.fields().iter().map(cell).collect();
        parts.push(row_from_json(&Json::Object(row).to_string(), columns).map_err(|failure| failure.to_string())?);
    }
    rows::with_columns(columns, &parts)
}

/// Returns the reason why a transform is wrong on random rows of an input's columns.
pub(crate) fn objection(run: &TransformRun<'_>, input: &RecordBatch, seed: u64) -> Option<String> {
    let rows = match rows_of(&input.schema(), &run.key, seed, ROWS) {
        Ok(rows) => rows,
        Err(why) => return Some(format!("no random rows can be made: {why}")),
    };
    let wrong = |rows: &RecordBatch| {
        let whole = run.run(rows, 0);
        let parts = run.run(rows, 1);
        match (&whole, &parts) {
            (Err(failure), _) => Some(failure.clone()),
            _ if whole == parts => None,
            _ => Some(disagreement(1, &whole, &parts)),
        }
    };
    wrong(&rows)?;
    let least = least(&rows, &wrong);
    let why = wrong(&least)?;
    Some(format!("random rows (seed {seed}), of which these are left: {why}\n{}", rows::to_csv(&least)))
}

/// Removes rows as long as the rest is still wrong: halves first, then one by one.
fn least(rows: &RecordBatch, wrong: &impl Fn(&RecordBatch) -> Option<String>) -> RecordBatch {
    let mut rows = rows.clone();
    let mut size = rows.num_rows() / 2;
    while size > 0 {
        let mut at = 0;
        while at < rows.num_rows() && rows.num_rows() > 1 {
            let end = (at + size).min(rows.num_rows());
            let kept: Vec<_> = [rows.slice(0, at), rows.slice(end, rows.num_rows() - end)].to_vec();
            match rows::with_columns(&rows.schema(), &kept) {
                Ok(fewer) if fewer.num_rows() > 0 && wrong(&fewer).is_some() => rows = fewer,
                _ => at += size,
            }
        }
        size /= 2;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::parse_column;

    #[test]
    fn a_seed_makes_the_same_rows_and_keys_are_unique() {
        let columns = ["id:int64!", "a:utf8", "b:decimal(10,2)", "c:timestamp", "d:float64", "e:date", "f:binary"];
        let columns = columns.map(|heading| parse_column(heading).expect(heading)).to_vec();
        let columns: SchemaRef = Arc::new(arrow_schema::Schema::new(columns));
        let rows = |seed| rows::to_csv(&rows_of(&columns, &["id".to_owned()], seed, 20).expect("rows"));
        assert_eq!(rows(7), rows(7));
        assert_ne!(rows(7), rows(8));
    }

    #[test]
    fn rows_are_reduced_to_those_that_are_wrong() {
        let columns: SchemaRef =
            Arc::new(arrow_schema::Schema::new(vec![parse_column("id:int64!").expect("a column")]));
        let rows = rows_of(&columns, &["id".to_owned()], 1, 30).expect("rows");
        let has_17 = |rows: &RecordBatch| rows::to_csv(rows).lines().any(|line| line == "17").then(|| "17".to_owned());
        assert_eq!(rows::to_csv(&least(&rows, &has_17)), "id:int64!\n17\n");
    }
}

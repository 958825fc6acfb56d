//! The measures of a table's first rows: how often a column is NULL or tied, and which rows do not fit their types.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow_array::{Array as _, RecordBatch};
use wmshost_databases::sample_query;
use wmshost_flow::{ColumnRules, Failure, Source, SourceGrant, SourceSession, cell_as_json};

/// The number of rows that are looked at.
const ROWS: usize = 1_000;
/// The most bytes of them that are held at once.
const BATCH_BYTES: usize = 16 << 20;

/// The measures of a table's first rows.
#[derive(Debug, Default)]
pub struct Sample {
    /// The number of rows that were looked at.
    pub rows: u64,
    /// The measures of the columns that were asked for, by name.
    pub columns: BTreeMap<String, ColumnMeasures>,
    /// The reasons why rows do not fit their types, the most frequent one first.
    pub misfits: Vec<Misfit>,
}

/// Rows that do not fit the types of their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The reason.
    pub reason: String,
    /// The number of these rows.
    pub rows: u64,
}

/// The measures of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnMeasures {
    pub(crate) rows: u64,
    /// The rows in which it is NULL.
    pub(crate) nulls: u64,
    /// The rows whose value another row has too.
    pub(crate) tied: u64,
}

impl ColumnMeasures {
    pub(crate) fn null_percent(&self) -> Option<f64> {
        percent(self.nulls, self.rows)
    }

    pub(crate) fn tied_percent(&self) -> Option<f64> {
        percent(self.tied, self.rows - self.nulls)
    }
}

impl Sample {
    /// Returns the number of the rows that do not fit their types.
    pub(crate) fn misfit_rows(&self) -> u64 {
        self.misfits.iter().map(|misfit| misfit.rows).sum()
    }

    /// Returns their share, in percent.
    pub fn misfit_percent(&self) -> f64 {
        percent(self.misfit_rows(), self.rows).unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most the rows of a sample")]
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

/// Returns the measures of a table's first rows, read by these rules, and of these columns.
pub(crate) fn sample_of<'c>(
    source: &dyn Source,
    table: &str,
    rules: &ColumnRules,
    columns: impl Iterator<Item = &'c String>,
) -> Result<Sample, Failure> {
    let grant = SourceGrant {
        batch_bytes: BATCH_BYTES,
        columns: BTreeMap::from([(table.to_ascii_lowercase(), rules.clone())]),
        ..SourceGrant::of(BTreeSet::from([table.to_owned()]))
    };
    measures(source.session(&grant)?.as_mut(), table, columns)
}

/// Returns the measures of a table's first rows, as a session reads them, and of these columns.
pub(crate) fn measures<'c>(
    session: &mut dyn SourceSession,
    table: &str,
    columns: impl Iterator<Item = &'c String>,
) -> Result<Sample, Failure> {
    let spelled = session.describe(table)?.map_or_else(|| table.to_owned(), |description| description.name);
    let mut cursor = session.query(&sample_query(session.dialect(), &spelled, ROWS), &[])?;
    let mut sample = Sample::default();
    let mut values: BTreeMap<&String, HashMap<String, u64>> = columns.map(|name| (name, HashMap::new())).collect();
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(batch) = cursor.next(ROWS)? {
        sample.rows += (batch.rows.num_rows() + batch.rejected.len()) as u64;
        for rejected in &batch.rejected {
            *reasons.entry(rejected.reason.clone()).or_default() += 1;
        }
        for (name, seen) in &mut values {
            let measures = sample.columns.entry((*name).clone()).or_default();
            count_values(&batch.rows, name, measures, seen);
        }
    }
    for (name, seen) in values {
        let tied = seen.values().filter(|rows| **rows > 1).sum();
        sample.columns.entry(name.clone()).or_default().tied = tied;
    }
    sample.misfits = reasons.into_iter().map(|(reason, rows)| Misfit { reason, rows }).collect();
    sample.misfits.sort_by_key(|misfit| std::cmp::Reverse(misfit.rows));
    Ok(sample)
}

fn count_values(rows: &RecordBatch, name: &str, measures: &mut ColumnMeasures, seen: &mut HashMap<String, u64>) {
    let place = rows.schema().fields().iter().position(|field| field.name().eq_ignore_ascii_case(name));
    let Some(column) = place.map(|place| rows.column(place)) else { return };
    measures.rows += column.len() as u64;
    measures.nulls += column.null_count() as u64;
    for row in (0..column.len()).filter(|row| !column.is_null(*row)) {
        *seen.entry(cell_as_json(column.as_ref(), row)).or_default() += 1;
    }
}

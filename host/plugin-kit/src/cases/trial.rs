//! A compiled transform over rows, in batches of any size.

use arrow_array::RecordBatch;
use wmshost_flow::{OnBadValue, OnTrap, Opened, Rejected, Trial};
use wmshost_sandbox::{Identity, Limits, Plugin};

use super::host::{STREAM, context};
use crate::rows;

/// A transform and the way it is run.
pub(crate) struct TransformRun<'a> {
    pub(crate) plugin: &'a Plugin,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) key: Vec<String>,
    pub(crate) version: Option<String>,
    pub(crate) on_trap: OnTrap,
}

/// The result of a transform for some rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transformed {
    pub(crate) rows: RecordBatch,
    pub(crate) rejected: Vec<Rejected>,
}

impl TransformRun<'_> {
    /// Passes rows through a fresh instance, in batches of this size.
    pub(crate) fn run(&self, input: &RecordBatch, batch: usize) -> std::result::Result<Transformed, String> {
        let transform = self.plugin.transform(self.identity.clone(), self.limits.clone()).map_err(|f| f.to_string())?;
        let opened = Opened { schema: input.schema(), key: self.key.clone() };
        let mut trial = Trial {
            stream: STREAM.to_owned(),
            transforms: vec![transform],
            opened,
            version: self.version.clone(),
            on_trap: self.on_trap,
            on_bad_value: OnBadValue::Reject,
        };
        let context = context();
        let columns = trial.open().map_err(|failure| failure.to_string())?;
        let (mut parts, mut rejected) = (Vec::new(), Vec::new());
        let size = if batch == 0 { input.num_rows().max(1) } else { batch };
        for (number, start) in (1..).zip((0..input.num_rows()).step_by(size)) {
            let rows = input.slice(start, size.min(input.num_rows() - start));
            let changed = trial.change(number, rows, &columns, &context).map_err(|failure| failure.to_string())?;
            parts.push(changed.rows);
            // In the order of the rows, whatever the order of the rules; their places depend on the size of the batch.
            let mut rows = changed.rejected;
            rows.sort_by_key(|row| row.place);
            rejected.extend(rows.into_iter().map(|row| Rejected { place: None, ..row }));
        }
        Ok(Transformed { rows: rows::with_columns(&columns, &parts)?, rejected })
    }
}

/// The first difference between the result for all rows and for smaller batches.
pub(crate) fn disagreement(
    size: usize,
    whole: &std::result::Result<Transformed, String>,
    parts: &std::result::Result<Transformed, String>,
) -> String {
    let why = match (whole, parts) {
        (Ok(whole), Ok(parts)) if whole.rows != parts.rows => {
            let [one, other] = [whole, parts].map(|made| rows::to_csv(&made.rows));
            let lines = (1..).zip(one.lines().zip(other.lines()));
            let differs = lines.into_iter().find(|(_, (one, other))| one != other);
            differs.map_or_else(
                || format!("{} rows, and {} for all rows at once", parts.rows.num_rows(), whole.rows.num_rows()),
                |(line, (one, other))| {
                    format!("line {line} of the result is `{other}`, and `{one}` for all rows at once")
                },
            )
        }
        (Ok(whole), Ok(parts)) => {
            format!("{} rows are rejected, and {} for all rows at once", parts.rejected.len(), whole.rejected.len())
        }
        (Ok(_), Err(failure)) => format!("it fails: {failure}"),
        (Err(failure), _) => format!("all rows at once fail: {failure}"),
    };
    format!("batches of {size} rows have another result: {why}")
}

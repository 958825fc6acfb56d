//! A compiled transform over rows, in batches of any size.

use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{Batch, OnBadValue, OnTrap, Opened, Rejected, Transform, Trial};
use wmshost_sandbox::{Identity, Limits, Plugin};

use super::host::{STREAM, context};
use crate::rows;

/// A transform and the way it is run.
#[derive(Clone)]
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
    /// A fresh instance.
    fn instance(&self) -> std::result::Result<Box<dyn Transform>, String> {
        self.plugin.transform(self.identity.clone(), self.limits.clone()).map_err(|failure| failure.to_string())
    }

    /// These transforms, which were asked for the columns that they make of such rows, and these columns.
    fn open(
        &self,
        transforms: Vec<Box<dyn Transform>>,
        input: &RecordBatch,
    ) -> std::result::Result<(Trial, SchemaRef), String> {
        let opened = Opened { schema: input.schema(), key: self.key.clone() };
        let mut trial = Trial {
            stream: STREAM.to_owned(),
            transforms,
            opened,
            version: self.version.clone(),
            on_trap: self.on_trap,
            on_bad_value: OnBadValue::Reject,
        };
        let columns = trial.open().map_err(|failure| failure.to_string())?;
        Ok((trial, columns))
    }

    /// Passes batches of the same columns through a fresh instance; returns the time, without that of its start.
    pub(crate) fn pass(&self, batches: &[RecordBatch]) -> std::result::Result<Duration, String> {
        self.timed(vec![self.instance()?], batches)
    }

    /// The same without any transform.
    pub(crate) fn without(&self, batches: &[RecordBatch]) -> std::result::Result<Duration, String> {
        self.timed(Vec::new(), batches)
    }

    fn timed(
        &self,
        transforms: Vec<Box<dyn Transform>>,
        batches: &[RecordBatch],
    ) -> std::result::Result<Duration, String> {
        let Some(first) = batches.first() else { return Ok(Duration::ZERO) };
        let (mut trial, columns) = self.open(transforms, first)?;
        let (context, start) = (context(), Instant::now());
        for (number, rows) in (1..).zip(batches) {
            trial.change(number, rows.clone(), &columns, &context).map_err(|failure| failure.to_string())?;
        }
        Ok(start.elapsed())
    }

    /// Passes all rows through a fresh instance in one batch; the result knows from which row each of its rows comes.
    pub(crate) fn whole(&self, input: &RecordBatch) -> std::result::Result<Batch, String> {
        let (mut trial, columns) = self.open(vec![self.instance()?], input)?;
        trial.change(1, input.clone(), &columns, &context()).map_err(|failure| failure.to_string())
    }

    /// Passes rows through a fresh instance, in batches of this size.
    pub(crate) fn run(&self, input: &RecordBatch, batch: usize) -> std::result::Result<Transformed, String> {
        let (mut trial, columns) = self.open(vec![self.instance()?], input)?;
        let context = context();
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

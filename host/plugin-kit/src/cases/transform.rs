//! A case of a transform: rows in, rows and rejected rows out, in batches of several sizes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use wmshost_flow::Rejected;
use wmshost_sandbox::{Limits, Plugin};

use super::case::Case;
use super::golden::Made;
use super::host::identity;
use super::trial::{TransformRun, Transformed, disagreement};
use super::{log, random};
use crate::error::Result;
use crate::rows;

/// The sizes of batches that must have the same result; 0 means all rows.
const BATCHES: [usize; 4] = [0, 1, 2, 7];

/// The cost of a case, in whole numbers.
pub(crate) struct CaseCost {
    pub(crate) instructions_per_row: u64,
    pub(crate) memory_mib: u64,
    pub(crate) calls: u64,
}

/// Returns the cost of all rows of a case in one batch.
pub(crate) fn cost(case: &Case, metered: &Plugin) -> Result<CaseCost> {
    let (run, input) = prepared(case, metered, &Limits::default())?;
    metered.take_cost();
    run.run(&input, 0)?;
    let cost = metered.take_cost();
    Ok(CaseCost {
        instructions_per_row: cost.instructions / (input.num_rows() as u64).max(1),
        memory_mib: (cost.memory_bytes as u64).div_ceil(1 << 20),
        calls: cost.calls,
    })
}

/// Returns the transform of a case, and its rows.
pub(crate) fn prepared<'p>(
    case: &Case,
    plugin: &'p Plugin,
    limits: &Limits,
) -> Result<(TransformRun<'p>, RecordBatch)> {
    let input = input(case)?;
    Ok((transform(case, plugin, limits)?, input))
}

/// Returns the rows of a case, which have the columns that it names.
pub(crate) fn input(case: &Case) -> Result<RecordBatch> {
    let file = case.rows_file("input");
    let file = file.ok_or_else(|| case.mistake("there is no input.csv and no input.jsonl beside it"))?;
    let input = rows::read(&file)?;
    for name in case.file.key.iter().chain(&case.file.change_key) {
        if input.column_by_name(name).is_none() {
            return Err(case.mistake(format_args!("the column {name} is not in {}", file.display())));
        }
    }
    Ok(input)
}

/// Returns the transform of a case.
pub(super) fn transform<'p>(case: &Case, plugin: &'p Plugin, limits: &Limits) -> Result<TransformRun<'p>> {
    let settings = case.settings(&plugin.describe()?)?;
    Ok(TransformRun {
        plugin,
        identity: identity(plugin, settings),
        limits: limits.clone(),
        key: case.file.key.clone(),
        version: case.file.change_key.clone(),
        on_trap: case.on_trap()?,
    })
}

/// Runs the case.
pub(super) fn run(case: &Case, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    let (run, input) = prepared(case, plugin, limits)?;
    let (whole, messages) = log::collected(|| run.run(&input, 0));
    let mut made = match &whole {
        Err(failure) => return Ok(Made::failed(failure.clone(), messages)),
        Ok(transformed) => made_of(transformed, messages),
    };
    made.input_rows = input.num_rows() as u64;
    for size in case.file.batches.clone().unwrap_or_else(|| BATCHES.to_vec()) {
        let parts = run.run(&input, size);
        if parts != whole {
            made.objections.push(disagreement(size, &whole, &parts));
        }
    }
    for seed in 1..=u64::from(case.file.random) {
        made.objections.extend(random::objection(&run, &input, seed));
    }
    Ok(made)
}

fn made_of(transformed: &Transformed, log: Vec<String>) -> Made {
    let mut made = Made { log, ..Made::default() };
    made.file("expected.csv", rows::to_csv(&transformed.rows));
    if !transformed.rejected.is_empty() {
        made.file("rejected.csv", rejected_csv(&transformed.rejected));
    }
    made
}

/// Rejected rows: the rule, the reason, and the row as it was read.
pub(super) fn rejected_csv(rejected: &[Rejected]) -> String {
    let columns = ["rule", "reason", "row"].map(|name| Field::new(name, DataType::Utf8, false));
    let columns: SchemaRef = Arc::new(Schema::new(columns.to_vec()));
    let column = |text: fn(&Rejected) -> &str| {
        Arc::new(rejected.iter().map(|row| Some(text(row))).collect::<arrow_array::StringArray>())
            as arrow_array::ArrayRef
    };
    let arrays = vec![column(|row| &row.rule), column(|row| &row.reason), column(|row| &row.row)];
    RecordBatch::try_new(columns, arrays).map_or_else(|error| error.to_string(), |rows| rows::to_csv(&rows))
}

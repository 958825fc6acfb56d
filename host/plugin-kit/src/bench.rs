//! The cost of a transform: its rows beside the same rows without it, the part at the border, and its start.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use schemars::JsonSchema;
use serde::Serialize;
use wmshost_sandbox::{Cache, Limits, Plugin, Sandbox, World};

use crate::cases::case::{Case, find};
use crate::cases::transform::prepared;
use crate::cases::trial::TransformRun;
use crate::error::{Error, Result};

/// The rows of a batch, as pipelines have them unless they say otherwise.
const BATCH_ROWS: usize = 1_000;
/// The number of passes, of which the fastest counts: others may have waited for the machine.
const PASSES: usize = 7;
/// The number of starts, likewise.
const STARTS: usize = 5;

/// The cost of a transform.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Bench {
    /// The case whose rows were passed through it, again and again.
    pub case: String,
    /// The number of rows of a pass.
    pub rows: u64,
    /// The number of rows of a batch.
    pub batch_rows: u64,
    /// The time per row without a transform, in nanoseconds.
    pub without_ns_per_row: f64,
    /// The time per row with this transform, in nanoseconds.
    pub with_ns_per_row: f64,
    /// The part of the calls' time that passes at the border and not in the plugin's own code, in percent: calls, columns
    /// that are copied in and out, and the host's work for them.
    pub border_percent: f64,
    /// The WebAssembly instructions per row, roughly.
    pub instructions_per_row: u64,
    /// The largest linear memory of an instance, in bytes.
    pub memory_bytes: u64,
    /// The size of the component, in bytes.
    pub component_bytes: u64,
    /// The time from nothing to the first batch when the component is compiled, in milliseconds.
    pub cold_start_ms: f64,
    /// The same when the compiled component is in the cache.
    pub warm_start_ms: f64,
}

/// Measures a transform with the first case of these folders that has rows.
pub fn bench(plugin: &Plugin, folders: &[PathBuf], rows: usize, cache: &Cache) -> Result<Bench> {
    if plugin.world != World::Transform {
        let what = "the cost of the others is that of their databases; name a transform";
        return Err(Error::new(format_args!("{} is of the world {}: {what}", plugin.file.display(), plugin.world)));
    }
    let case = case_in(folders)?;
    let (run, input) = prepared(&case, plugin, &limits())?;
    let passes = rows.div_ceil(BATCH_ROWS).max(1);
    let batch = repeated(&input, BATCH_ROWS).map_err(|why| case.mistake(why))?;
    let batches = vec![batch; passes];
    let rows = (passes * BATCH_ROWS) as f64;
    let fastest = |passes: &dyn Fn() -> std::result::Result<Duration, String>| -> Result<f64> {
        let times = (0..PASSES).map(|_| passes()).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(times.into_iter().min().unwrap_or_default().as_secs_f64() * 1e9 / rows)
    };
    let without_ns_per_row = fastest(&|| run.without(&batches))?;
    let with_ns_per_row = fastest(&|| run.pass(&batches))?;
    let (border_percent, memory_bytes) = border(&case, plugin, &batches, cache)?;
    let [cold_start_ms, warm_start_ms] = starts(&run, &input)?.map(|time| time.as_secs_f64() * 1e3);
    Ok(Bench {
        case: case.name.clone(),
        rows: rows as u64,
        batch_rows: BATCH_ROWS as u64,
        without_ns_per_row,
        with_ns_per_row,
        border_percent,
        instructions_per_row: instructions(&case, plugin, &batches, cache)?,
        memory_bytes,
        component_bytes: fs::metadata(&plugin.file).map_err(|error| Error::file(&plugin.file, &error))?.len(),
        cold_start_ms,
        warm_start_ms,
    })
}

/// The passes together may log more than a stream does.
fn limits() -> Limits {
    Limits { log_messages: u64::MAX, log_bytes: u64::MAX, ..Limits::default() }
}

fn case_in(folders: &[PathBuf]) -> Result<Case> {
    for folder in folders {
        let has_rows = |case: &Case| case.file.fails.is_none() && case.rows_file("input").is_some();
        if let Some(case) = find(folder)?.into_iter().find(has_rows) {
            return Ok(case);
        }
    }
    Err(Error::new("there is no case with rows: a folder `cases`, or one that --cases names"))
}

/// The rows again and again, until there are this many.
fn repeated(rows: &RecordBatch, count: usize) -> std::result::Result<RecordBatch, String> {
    if rows.num_rows() == 0 {
        return Err("the input has no rows".to_owned());
    }
    let copies = vec![rows.clone(); count.div_ceil(rows.num_rows())];
    let all = concat_batches(rows.schema_ref(), &copies).map_err(|error| error.to_string())?;
    Ok(all.slice(0, count))
}

/// The part of the calls' time at the border, in percent, and the largest memory.
fn border(case: &Case, plugin: &Plugin, batches: &[RecordBatch], cache: &Cache) -> Result<(f64, u64)> {
    let timed = Sandbox::timed(cache.clone())?.load(&plugin.name, &plugin.file)?;
    let (run, _) = prepared(case, &timed, &limits())?;
    run.pass(batches)?;
    timed.take_cost();
    run.pass(batches)?;
    let cost = timed.take_cost();
    let own = cost.guest_time.as_secs_f64() / cost.time.as_secs_f64().max(f64::MIN_POSITIVE);
    Ok(((1.0 - own.min(1.0)) * 100.0, cost.memory_bytes as u64))
}

fn instructions(case: &Case, plugin: &Plugin, batches: &[RecordBatch], cache: &Cache) -> Result<u64> {
    let metered = Sandbox::metered(cache.clone())?.load(&plugin.name, &plugin.file)?;
    let (run, _) = prepared(case, &metered, &limits())?;
    metered.take_cost();
    let one = &batches[..1];
    run.pass(one)?;
    Ok(metered.take_cost().instructions / BATCH_ROWS as u64)
}

/// The time until the columns are known, with an empty cache and with a filled one.
fn starts(run: &TransformRun<'_>, input: &RecordBatch) -> Result<[Duration; 2]> {
    let folder = tempfile::tempdir().map_err(Error::new)?;
    let start = |cache: &Cache| -> Result<Duration> {
        let start = Instant::now();
        let plugin = Sandbox::new(cache.clone())?.load(&run.plugin.name, &run.plugin.file)?;
        TransformRun { plugin: &plugin, ..run.clone() }.pass(&[input.slice(0, 0)])?;
        Ok(start.elapsed())
    };
    let cache = Cache::beside(folder.path().join("plugins"));
    let cold = start(&cache)?;
    let warm = (0..STARTS).map(|_| start(&cache)).collect::<Result<Vec<_>>>()?;
    Ok([cold, warm.into_iter().min().unwrap_or_default()])
}

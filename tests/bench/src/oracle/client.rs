//! The driver's port as a client: inserting batches of Arrow columns, fetching into them, and the cost of both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use arrow_array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use serde_json::json;
use wmshost_databases::oracle::{self, Address, Secret, Settings};
use wmshost_flow::{Clock, MergeRule, Micros, SourceGrant, TableDefinition, TargetGrant, WriteStats};

use super::{PASSWORD, TABLE, USER};

const EPOCH: i64 = 1_767_225_600_000_000;
/// The kernel's ticks per second in `/proc/self/stat`.
const TICKS: f64 = 100.0;

struct WallClock(Instant);

impl Clock for WallClock {
    fn now(&self) -> Micros {
        EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Runs the work named `way` and prints its cost.
pub(crate) fn run(way: &str, descriptor: &str, rows: u64, array: u64) -> anyhow::Result<()> {
    let mut settings = Settings::new(Address::Descriptor(descriptor.to_owned()), USER, Secret::new(PASSWORD));
    if array > 0 {
        settings.array_rows = usize::try_from(array)?;
        settings.fetch_rows = Some(u32::try_from(array)?);
    }
    let (cost, rows) = match way {
        "fetch" => fetch(settings)?,
        "walk" => walk(descriptor)?,
        "insert" => insert(settings, rows)?,
        "merge" => merge(Settings { bulk_merge_rows: usize::MAX, ..settings }, rows)?,
        "merge-bulk" => merge(Settings { bulk_merge_rows: 1, ..settings }, rows)?,
        other => bail!("no such way: {other}"),
    };
    println!("{}", json!({ "seconds": cost.0, "cpu_seconds": cost.1, "rows": rows }));
    Ok(())
}

fn fetch(settings: Settings) -> anyhow::Result<((f64, f64), u64)> {
    let grant = SourceGrant::of([TABLE.to_owned()].into());
    let mut session = oracle::open_source(settings, 1, "bench")?.session(&grant)?;
    let (begin, mut rows) = (clocks()?, 0);
    let mut cursor = session.query(&format!("SELECT * FROM {TABLE}"), &[])?;
    while let Some(batch) = cursor.next(65_536)? {
        rows += batch.rows.num_rows() as u64;
    }
    Ok((since(begin)?, rows))
}

/// The driver's crate alone: its rows are fetched and dropped. No driver on top of it can be cheaper.
fn walk(descriptor: &str) -> anyhow::Result<((f64, f64), u64)> {
    let walked = || -> Result<_, oracledb::Error> {
        let config = oracledb::Config::default().set_credentials(USER, PASSWORD).set_connect_string(descriptor)?;
        let connection = oracledb::connect(config)?;
        let begin = clocks();
        let statement = connection.statement(&format!("SELECT * FROM {TABLE}"))?.fetch_array_size(1_000).build()?;
        let mut rows = 0;
        for row in statement.query(&[])? {
            row?;
            rows += 1;
        }
        Ok((begin, rows))
    };
    let (begin, rows) = walked().map_err(|error| anyhow::anyhow!("the crate: {error}"))?;
    Ok((since(begin?)?, rows))
}

/// A session that writes a table, which it creates again.
fn writer(settings: Settings, table: &str) -> anyhow::Result<Box<dyn wmshost_flow::TargetSession>> {
    let target = oracle::open_target(settings, 2, "bench", Arc::new(WallClock(Instant::now())))?;
    let gone = format!("BEGIN EXECUTE IMMEDIATE 'DROP TABLE {table}'; EXCEPTION WHEN OTHERS THEN NULL; END;");
    target.sql()?.execute(&gone, &[])?;
    let name = |text: &str| text.to_owned();
    let grant = TargetGrant {
        pipeline: name("p"),
        stream: name("s"),
        table: name(table),
        run_id: name("run-1"),
        take_over: None,
        allows_triggers: false,
    };
    let mut session = target.session(grant)?;
    session.begin()?;
    let columns = rows_of(0, 1)?.schema();
    session.create(&TableDefinition { name: name(table), columns, key: vec![name("allocation_id")] })?;
    session.commit()?;
    Ok(session)
}

fn insert(settings: Settings, rows: u64) -> anyhow::Result<((f64, f64), u64)> {
    let size = settings.array_rows as u64;
    let mut session = writer(settings, TABLE)?;
    let batches = (0..rows).step_by(usize::try_from(size)?).map(|first| rows_of(first, size.min(rows - first)));
    let batches = batches.collect::<anyhow::Result<Vec<_>>>()?;
    let begin = clocks()?;
    session.begin()?;
    for batch in &batches {
        session.insert(TABLE, batch)?;
    }
    session.commit()?;
    Ok((since(begin)?, rows))
}

/// Merges all rows twice, in batches as a load has them: into an empty table, and with every second row changed.
fn merge(settings: Settings, rows: u64) -> anyhow::Result<((f64, f64), u64)> {
    const MERGED: &str = "BENCH_MERGED";
    let size = settings.array_rows as u64;
    let mut session = writer(settings, MERGED)?;
    let rule = MergeRule { key: vec!["allocation_id".to_owned()], version: Some("last_updated".to_owned()) };
    let begin = clocks()?;
    let mut counts = WriteStats::default();
    for turn in 0..2 {
        for first in (0..rows).step_by(usize::try_from(size)?) {
            let mut batch = rows_of(first, size.min(rows - first))?;
            if turn == 1 {
                batch = with_changes(&batch)?;
            }
            session.begin()?;
            counts += session.merge(MERGED, &batch, &rule)?;
            session.commit()?;
        }
    }
    ensure!(counts.inserted == rows && counts.updated == rows.div_ceil(2), "{counts:?}");
    Ok((since(begin)?, 2 * rows))
}

/// The rows with other quantities and later change keys, where the number is even.
fn with_changes(rows: &RecordBatch) -> anyhow::Result<RecordBatch> {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
    let even = |at: usize| rows.column(0).as_primitive::<Int64Type>().value(at) % 2 == 0;
    let mut columns = rows.columns().to_vec();
    let quantity = columns[4].as_primitive::<Decimal128Type>();
    let changed: Decimal128Array =
        quantity.values().iter().enumerate().map(|(at, value)| Some(value + i128::from(even(at)))).collect();
    let updated = columns[9].as_primitive::<TimestampMicrosecondType>();
    let later: TimestampMicrosecondArray =
        updated.values().iter().enumerate().map(|(at, value)| Some(value + i64::from(even(at)))).collect();
    columns[4] = Arc::new(changed.with_precision_and_scale(12, 3)?);
    columns[9] = Arc::new(later);
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

/// The rows that the other client makes by the same formulas.
fn rows_of(first: u64, count: u64) -> anyhow::Result<RecordBatch> {
    const STATUSES: [&str; 4] = ["ALLOCATED", "RESERVED", "PICKED", "SHIPPED"];
    let numbers: Vec<i64> = (first..first + count).map(|number| number as i64).collect();
    let whole =
        |of: fn(i64) -> i64| -> ArrayRef { Arc::new(numbers.iter().map(|n| Some(of(*n))).collect::<Int64Array>()) };
    let moment = |of: fn(i64) -> i64| -> ArrayRef {
        Arc::new(numbers.iter().map(|n| Some(EPOCH + of(*n))).collect::<TimestampMicrosecondArray>())
    };
    let quantity = numbers.iter().map(|n| Some(i128::from(n % 1_000 * 125))).collect::<Decimal128Array>();
    let status = numbers.iter().map(|n| Some(STATUSES[(n % 4) as usize])).collect::<StringArray>();
    let user = numbers.iter().map(|n| (n % 4 != 0).then(|| format!("user{}", n % 10))).collect::<StringArray>();
    RecordBatch::try_from_iter_with_nullable([
        ("allocation_id", whole(|n| n), false),
        ("order_id", whole(|n| n / 3 + 1), false),
        ("item_id", whole(|n| n % 5_000 + 1), false),
        ("location_id", whole(|n| n % 300 + 1), false),
        ("quantity_allocated", Arc::new(quantity.with_precision_and_scale(12, 3)?) as ArrayRef, true),
        ("allocation_status", Arc::new(status) as ArrayRef, true),
        ("allocated_by_user", Arc::new(user) as ArrayRef, true),
        ("priority_level", whole(|n| n % 5 + 1), true),
        ("created_date", moment(|n| n * 1_000_003), false),
        ("last_updated", moment(|n| n * 1_000_007 + 1), true),
    ])
    .context("rows")
}

/// The time now, and the CPU seconds of this process.
fn clocks() -> anyhow::Result<(Instant, f64)> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok((Instant::now(), ticks / TICKS))
}

fn since(begin: (Instant, f64)) -> anyhow::Result<(f64, f64)> {
    let end = clocks()?;
    Ok(((end.0 - begin.0).as_secs_f64(), end.1 - begin.1))
}

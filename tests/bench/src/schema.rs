//! A full load of a table as many applications have it: numbers without digits in their types, moments as ISO texts. It
//! is compared with the copy of the same table by one `INSERT … SELECT`, and with itself in smaller batches. A table of
//! one row shows the price of a start.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::ensure;
use rusqlite::Connection;

use crate::contest::{WMSHOST, cost_of, settle};
use crate::report::median;

/// The columns of the table, with the types that its application declared.
const COLUMNS: &str = "id INTEGER PRIMARY KEY, code TEXT, name TEXT, amount NUMERIC, weight NUMERIC, rate NUMERIC, \
                       quantity NUMERIC, is_active BOOLEAN, created_at DATETIME, updated_at DATETIME, \
                       shipped_at DATETIME, note TEXT";

/// A measured job.
struct Job {
    name: &'static str,
    command: fn(&Path) -> Command,
}

const COPY: &str = "plain copy";
const LARGE: &str = "wmshost, batches of 5,000 and 10,000";
const SMALL: &str = "wmshost, batches of 1,000 and 5,000";
const ONE_ROW: &str = "wmshost, a table of one row";

const JOBS: [Job; 4] = [
    Job { name: COPY, command: copying },
    Job { name: LARGE, command: |folder| running(folder, "large") },
    Job { name: SMALL, command: |folder| running(folder, "small") },
    Job { name: ONE_ROW, command: |folder| running(folder, "one") },
];

/// Measures the jobs in turn, and prints medians and ratios.
pub(crate) fn contest(rows: u64, rounds: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in("target")?;
    prepare(folder.path(), rows)?;
    cost_of(running(folder.path(), "one"))?;
    let mut costs: Vec<Vec<(Duration, Duration, u64)>> = JOBS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (job, costs) in JOBS.iter().zip(&mut costs) {
            for file in std::fs::read_dir(folder.path())?.flatten() {
                if file.file_name().to_string_lossy().starts_with("target") {
                    std::fs::remove_file(file.path())?;
                }
            }
            settle();
            costs.push(cost_of((job.command)(folder.path()))?);
        }
    }
    println!("\n{rows} rows of 12 columns of another schema, medians of {rounds}");
    println!("{:<38} {:>9} {:>9} {:>10}", "job", "seconds", "CPU s", "peak MiB");
    let mut cpu = Vec::new();
    for (job, costs) in JOBS.iter().zip(&costs) {
        let seconds = median(costs.iter().map(|cost| cost.0)).as_secs_f64();
        cpu.push(median(costs.iter().map(|cost| cost.1)).as_secs_f64());
        let peak = median(costs.iter().map(|cost| cost.2)) as f64 / f64::from(1 << 20);
        println!("{:<38} {seconds:>9.3} {:>9.3} {peak:>10.1}", job.name, cpu[cpu.len() - 1]);
    }
    println!(
        "wmshost takes {:.2} × the CPU of the copy, small batches {:.2} × that of large ones",
        cpu[1] / cpu[0],
        cpu[2] / cpu[1]
    );
    Ok(())
}

fn prepare(folder: &Path, rows: u64) -> anyhow::Result<()> {
    let source = Connection::open(folder.join("source.db"))?;
    source.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; CREATE TABLE record ({COLUMNS}); CREATE TABLE one ({COLUMNS});"
    ))?;
    let fill = |table: &str, rows: u64| {
        source.execute(
            &format!(
                "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {rows})
                 INSERT INTO {table} SELECT id, printf('R-%07d', id), 'Record number ' || id, (id * 37 % 1000000) / 100.0,
                     id % 977, (id % 400) / 8.0, id % 50, id % 2,
                     strftime('%Y-%m-%dT%H:%M:%S', 1750000000 + id * 7, 'unixepoch'),
                     strftime('%Y-%m-%dT%H:%M:%S', 1760000000 + id * 5, 'unixepoch'),
                     CASE WHEN id % 3 > 0 THEN strftime('%Y-%m-%dT%H:%M:%S', 1770000000 + id, 'unixepoch') END,
                     CASE WHEN id % 5 = 0 THEN 'a note of some length about record ' || id END FROM n"
            ),
            [],
        )
    };
    fill("record", rows)?;
    fill("one", 1)?;
    for (name, table, extract, load) in
        [("large", "record", 5_000, 10_000), ("small", "record", 1_000, 5_000), ("one", "one", 5_000, 10_000)]
    {
        let pipeline = format!(
            "name = \"{name}\"\n\
             [connections.source]\ndriver = \"sqlite\"\npath = {:?}\n\
             [connections.target]\ndriver = \"sqlite\"\npath = {:?}\n\
             [run]\nextract_batch_rows = {extract}\nload_batch_rows = {load}\n\
             [streams.record]\nsource = \"source\"\ntarget = \"target\"\nextractor = \"wms-tables\"\n\
             loader = \"table\"\ntable = \"{table}\"\nmethod = \"incremental\"\nkey = [\"id\"]\n\
             change_key = \"updated_at\"\n",
            folder.join("source.db"),
            folder.join("target.db"),
        );
        std::fs::write(folder.join(format!("{name}.toml")), pipeline)?;
    }
    Ok(())
}

fn running(folder: &Path, pipeline: &str) -> Command {
    let mut command = Command::new(WMSHOST);
    command.arg("run").arg(folder.join(format!("{pipeline}.toml"))).args(["--output", "json"]);
    command.env("WMSHOST_HOME", folder.join("home")).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn copying(folder: &Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg("schema-copy").arg(folder.join("source.db")).arg(folder.join("target.db"));
    command
}

/// Copies the table by one statement, in one transaction, with the audit columns that the host adds.
pub(crate) fn copy(source: &Path, target: &Path) -> anyhow::Result<()> {
    let connection = Connection::open(target)?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;")?;
    connection.execute("ATTACH ?1 AS source", [source.to_string_lossy()])?;
    connection
        .execute_batch(&format!("CREATE TABLE main.RECORD ({COLUMNS}, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))"))?;
    let copied = connection.execute(
        "INSERT INTO main.RECORD SELECT *, 'copy', '2026-01-01 00:00:00.000000' FROM source.record ORDER BY id",
        [],
    )?;
    ensure!(copied > 0, "nothing was copied");
    Ok(())
}

//! The models `wms-marts` beside the same statements run by hand in the same engine: built in full, tested, and built
//! again after a part of the warehouse has changed. CPU time is what counts: it is the same on a busy machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use wait4::Wait4 as _;

const WMSHOST: &str = "target/release/wmshost";

/// How much.
pub(crate) struct Size {
    pub(crate) rows: u64,
    pub(crate) percent: u64,
}

/// What a process took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

/// The warehouse, the target of the host and that of the hand.
struct Place {
    folder: TempDir,
}

/// Measures, prints, and keeps the figures in a file.
pub(crate) fn run(size: &Size, file: &Path) -> anyhow::Result<()> {
    let place = Place::prepare(size)?;
    let full = place.measure(&["models", "run"])?;
    let hand = place.by_hand()?;
    let tests = place.measure(&["models", "build"])?;
    place.wmshost(
        &["sample", "change", "--seed", "2", "--percent", &size.percent.to_string()],
        Some(&place.path("wms.db")),
    )?;
    place.wmshost(&["run"], Some(&place.pipeline()))?;
    let incremental = place.measure(&["models", "build"])?;
    let nothing = place.measure(&["models", "build"])?;
    let ratio = full.cpu.as_secs_f64() / hand.cpu.as_secs_f64();
    let share = 100.0 * incremental.cpu.as_secs_f64() / (full.cpu + tests.cpu).as_secs_f64();
    println!("models over {} allocations, {} % changed", size.rows, size.percent);
    let all = [
        ("full", full),
        ("by hand", hand),
        ("all tests", tests),
        ("incremental, with tests", incremental),
        ("nothing to do", nothing),
    ];
    for (name, took) in all {
        println!("{name:<24} {:>8.2} CPU s {:>8.2} s", took.cpu.as_secs_f64(), took.wall.as_secs_f64());
    }
    println!("full: {ratio:.2} × the CPU time of the same statements by hand");
    println!("incremental, with tests: {share:.1} % of full, with tests");
    let figures: Vec<Json> = all
        .iter()
        .map(|(name, took)| json!({ "run": name, "cpu_seconds": took.cpu.as_secs_f64(), "seconds": took.wall.as_secs_f64() }))
        .collect();
    let kept = json!({
        "rows": size.rows, "percent": size.percent, "runs": figures, "full_over_by_hand": ratio, "incremental_percent": share,
    });
    std::fs::write(file, format!("{kept:#}\n"))?;
    println!("written to {}", file.display());
    Ok(())
}

impl Place {
    fn prepare(size: &Size) -> anyhow::Result<Self> {
        std::fs::create_dir_all("target")?;
        let place = Self { folder: tempfile::tempdir_in("target")? };
        let shipped = std::env::current_dir()?.join("pipelines/dev.toml");
        let pipeline = format!("extends = {shipped:?}\n[models]\nafter_load = false\nthreads = 1\n");
        std::fs::write(place.pipeline(), pipeline)?;
        eprintln!("making and loading a warehouse of {} allocations", size.rows);
        let rows = size.rows.to_string();
        place.wmshost(&["sample", "create", "--seed", "1", "--allocations", &rows], Some(&place.path("wms.db")))?;
        place.wmshost(&["run"], Some(&place.pipeline()))?;
        let database = Connection::open(place.path("host.db"))?;
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        drop(database);
        std::fs::copy(place.path("host.db"), place.path("hand.db"))?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pipeline(&self) -> PathBuf {
        self.path("bench.toml")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(WMSHOST);
        command
            .args(words)
            .env("WMSHOST_HOME", self.path("home"))
            .env("WMS_SQLITE", self.path("wms.db"))
            .env("TARGET_SQLITE", self.path("host.db"))
            .env("WMS_BATCH_SIZE", "5000")
            .env("TARGET_BATCH_SIZE", "10000")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn wmshost(&self, words: &[&str], file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
        let mut command = self.command(words);
        let ended =
            command.args(file).output().context("run this by `make bench`, which builds host and plugins first")?;
        ensure!(ended.status.success(), "wmshost {} ended with {}", words.join(" "), ended.status);
        Ok(ended.stdout)
    }

    fn measure(&self, words: &[&str]) -> anyhow::Result<Took> {
        let mut command = self.command(words);
        command.arg(self.pipeline());
        took(&words.join(" "), command)
    }

    /// The statements that the host says it runs, and the indexes that it made, in a process of their own.
    fn by_hand(&self) -> anyhow::Result<Took> {
        let compiled = self.wmshost(&["models", "list", "--output", "json"], Some(&self.pipeline()))?;
        std::fs::write(self.path("models.json"), compiled)?;
        let mut command = Command::new("/proc/self/exe");
        command.arg("models-by-hand").args(["models.json", "hand.db", "host.db"].map(|name| self.path(name)));
        let took = took("models-by-hand", command)?;
        self.check_same()?;
        Ok(took)
    }

    /// Both must have made as many rows of everything.
    fn check_same(&self) -> anyhow::Result<()> {
        for table in
            ["STG_WMS_ALLOCATION", "FACT_ALLOCATION_PERFORMANCE", "FACT_INVENTORY_MOVEMENT", "DIM_ITEMS", "KPI_DAILY"]
        {
            let count = |name: &str| -> anyhow::Result<i64> {
                let database = Connection::open_with_flags(self.path(name), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                Ok(database.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0))?)
            };
            let (host, hand) = (count("host.db")?, count("hand.db")?);
            ensure!(host == hand && host > 0, "{table}: {host} rows by wmshost, {hand} by hand");
        }
        Ok(())
    }
}

fn took(what: &str, mut command: Command) -> anyhow::Result<Took> {
    let _ = Command::new("sync").status();
    let begin = Instant::now();
    let end = command.stdout(Stdio::null()).spawn().context("run this by `make bench`")?.wait4()?;
    let wall = begin.elapsed();
    if !end.status.success() {
        bail!("{what} ended with {}", end.status);
    }
    Ok(Took { wall, cpu: end.rusage.utime + end.rusage.stime })
}

/// What a person would type: a table made of each SELECT, a view of each view, and the indexes behind it.
pub(crate) fn by_hand(models: &Path, target: &Path, host: &Path) -> anyhow::Result<()> {
    let nodes: Vec<Json> = serde_json::from_slice(&std::fs::read(models)?)?;
    let mut models: Vec<&Json> = nodes.iter().filter(|node| node["kind"] == "model").collect();
    models.sort_by_key(|node| (node["level"].as_u64(), node["name"].as_str().map(str::to_owned)));
    let indexes = indexes(host)?;
    let database = Connection::open(target)?;
    database.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA analysis_limit = 1000")?;
    for node in models {
        let text = |key: &str| node[key].as_str().unwrap_or_default();
        let (table, select) = (text("table"), text("compiled"));
        let statement = match text("materialized") {
            "ephemeral" => continue,
            "view" => format!("CREATE VIEW {table} AS {select}"),
            _ => format!(
                "CREATE TABLE {table} AS SELECT made.*, 'hand' AS wms_run_id, '2026-01-01 00:00:00.000000' AS wms_loaded_at \
                 FROM ({select}) made"
            ),
        };
        database.execute_batch(&format!("BEGIN; {statement}; COMMIT")).with_context(|| table.to_owned())?;
        for (of, index) in indexes.iter().filter(|(of, _)| of.eq_ignore_ascii_case(table)) {
            database.execute_batch(index).with_context(|| format!("an index of {of}"))?;
        }
        database.execute_batch(&format!("ANALYZE {table}")).with_context(|| format!("statistics of {table}"))?;
    }
    Ok(())
}

/// The indexes that the host made on its tables, but for those that only it needs.
fn indexes(host: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let database = Connection::open_with_flags(host, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut found = database.prepare(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT LIKE '%wms_loaded_at%' \
         AND tbl_name NOT LIKE 'WMS%' ORDER BY name",
    )?;
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

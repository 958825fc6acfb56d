//! The warehouse, and the targets of the host and of the statements by hand. Each measurement is a process of its own.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use wait4::Wait4 as _;

use super::hand::models;
use super::measure::{Change, Took};
use super::same::{assert_near, assert_same};

const WMSHOST: &str = "target/release/wmshost";
/// The targets: as loaded, the host's, the one by hand, and the host's built in full at the end.
const LOADED: &str = "loaded.db";
const HOST: &str = "host.db";
const HAND: &str = "hand.db";
const FULL: &str = "full.db";
/// The listing of the models by the host.
const LISTING: &str = "models.json";

pub(super) struct Place {
    folder: TempDir,
    rows: u64,
    /// The number of changes so far.
    changes: Cell<u64>,
}

impl Place {
    pub(super) fn prepare(rows: u64) -> anyhow::Result<Self> {
        std::fs::create_dir_all("target")?;
        let place = Self { folder: tempfile::tempdir_in("target")?, rows, changes: Cell::new(0) };
        let shipped = std::env::current_dir()?.join("pipelines/dev.toml");
        let pipeline = format!("extends = {shipped:?}\n[models]\nafter_load = false\nthreads = 1\n");
        std::fs::write(place.path("bench.toml"), pipeline)?;
        eprintln!("making and loading a warehouse of {rows} allocations");
        let rows = rows.to_string();
        place.wmshost(&["sample", "create", "--seed", "1", "--allocations", &rows], &place.path("wms.db"))?;
        place.load()?;
        place.copy(HOST, LOADED)?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Copies a target with its write-ahead log.
    fn copy(&self, from: &str, to: &str) -> anyhow::Result<()> {
        let database = Connection::open(self.path(from))?;
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        drop(database);
        for log in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.path(&format!("{to}{log}")));
        }
        std::fs::copy(self.path(from), self.path(to))?;
        Ok(())
    }

    fn command(&self, words: &[&str], target: &str, file: &Path) -> Command {
        let mut command = Command::new(WMSHOST);
        command
            .args(words)
            .arg(file)
            .env("WMSHOST_HOME", self.path("home"))
            .env("WMS_SQLITE", self.path("wms.db"))
            .env("TARGET_SQLITE", self.path(target))
            .env("WMS_BATCH_SIZE", "5000")
            .env("TARGET_BATCH_SIZE", "10000")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn wmshost(&self, words: &[&str], file: &Path) -> anyhow::Result<Vec<u8>> {
        let ended = self.command(words, HOST, file).output();
        let ended = ended.context("run this by `make bench`, which builds host and plugins first")?;
        ensure!(ended.status.success(), "wmshost {} ended with {}", words.join(" "), ended.status);
        Ok(ended.stdout)
    }

    fn load(&self) -> anyhow::Result<()> {
        self.wmshost(&["run"], &self.path("bench.toml")).map(drop)
    }

    fn measure(&self, words: &[&str], target: &str) -> anyhow::Result<Took> {
        took(&words.join(" "), self.command(words, target, &self.path("bench.toml")))
    }

    /// Builds all models in a target without any, without tests.
    pub(super) fn build_in_full(&self) -> anyhow::Result<Took> {
        self.copy(LOADED, HOST)?;
        self.measure(&["models", "run"], HOST)
    }

    /// Builds the models whose inputs changed, with tests.
    pub(super) fn build(&self) -> anyhow::Result<Took> {
        self.measure(&["models", "build"], HOST)
    }

    /// Runs the statements that the host prints, and creates the indexes that it made.
    pub(super) fn by_hand(&self) -> anyhow::Result<Took> {
        let listing = self.wmshost(&["models", "list", "--output", "json"], &self.path("bench.toml"))?;
        std::fs::write(self.path(LISTING), listing)?;
        self.copy(LOADED, HAND)?;
        let mut command = Command::new("/proc/self/exe");
        command.arg("models-by-hand").args([LISTING, HAND, HOST].map(|name| self.path(name)));
        took("models-by-hand", command)
    }

    /// Changes a share of the warehouse, and loads it.
    pub(super) fn change(&self, change: Change, percent: f64) -> anyhow::Result<()> {
        let seed = 2 + self.changes.replace(self.changes.get() + 1);
        match change {
            Change::Warehouse => {
                let [percent, seed] = [percent.to_string(), seed.to_string()];
                let words = ["sample", "change", "--seed", &seed, "--percent", &percent];
                self.wmshost(&words, &self.path("wms.db"))?;
            }
            Change::Allocations => {
                let some = (self.rows as f64 * percent / 100.0).round().max(1.0) as i64;
                // Rows from the whole table, different ones each time.
                let changed = Connection::open(self.path("wms.db"))?.execute(
                    "UPDATE allocation SET quantity_allocated = coalesce(quantity_allocated, 0) + 1, \
                     last_updated = (SELECT max(last_updated) FROM allocation) WHERE allocation_id IN \
                     (SELECT allocation_id FROM allocation ORDER BY (allocation_id + ?1) * 2654435761 % 1000003 LIMIT ?2)",
                    params![seed as i64 * 7_919, some],
                )?;
                ensure!(changed as i64 == some, "{changed} allocations changed, {some} were to");
            }
        }
        self.load()
    }

    /// Checks that every model has the rows of the statements by hand.
    pub(super) fn check_by_hand(&self) -> anyhow::Result<()> {
        assert_same(&models(&self.path(LISTING))?, &self.path(HOST), &self.path(HAND))
    }

    /// Checks that every model has the rows of a full build.
    pub(super) fn check_in_full(&self) -> anyhow::Result<()> {
        self.copy(HOST, FULL)?;
        self.measure(&["models", "run", "--full-refresh"], FULL)?;
        assert_near(&models(&self.path(LISTING))?, &self.path(HOST), &self.path(FULL))
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

//! The order of the runs, and the check that all ways ended with the same rows.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rusqlite::Connection;
use wait4::Wait4 as _;

use crate::job::{DERIVED_COLUMNS, EXTRACT_ROWS, LOAD_ROWS, Phase, SOURCE_COLUMNS, TABLE};

/// The parameters of the measurement.
pub(crate) struct Setup {
    /// The number of allocations in the source.
    pub(crate) rows: u64,
    /// The number of rounds, of which the medians count.
    pub(crate) rounds: u64,
    /// The percentage of the source that changes before the incremental run.
    pub(crate) percent: u64,
}

/// The ways to do the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The host with its plugins.
    Wmshost,
    /// One statement.
    Sql,
    /// Without the sandbox.
    Native,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Wmshost, Self::Sql, Self::Native];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wmshost => "wmshost",
            Self::Sql => "sql",
            Self::Native => "native",
        }
    }
}

/// The cost of one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) way: Way,
    pub(crate) phase: Phase,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_bytes: u64,
}

/// All measurements.
pub(crate) struct Results {
    pub(crate) costs: Vec<Cost>,
    /// The number of rows that the incremental run had to write.
    pub(crate) changed: u64,
}

/// The files of a contest.
struct Arena {
    folder: tempfile::TempDir,
    before: PathBuf,
    after: PathBuf,
}

pub(crate) fn run(setup: &Setup) -> anyhow::Result<Results> {
    let arena = Arena::prepare(setup)?;
    warm_up(&arena)?;
    let mut costs = Vec::new();
    for round in 1..=setup.rounds {
        for way in Way::ALL {
            arena.clear(way)?;
            for phase in Phase::ALL {
                settle();
                costs.push(arena.measure(way, phase)?);
            }
        }
        arena.check_same()?;
        eprintln!("round {round} of {} done: all three ways left the same rows", setup.rounds);
    }
    let changed = arena.changed()?;
    Ok(Results { costs, changed })
}

/// Compiles the plugins, which happens once per version of them.
fn warm_up(arena: &Arena) -> anyhow::Result<()> {
    let status = Command::new(WMSHOST)
        .args(["plugin", "list", "pipelines/dev.toml"])
        .env("WMSHOST_HOME", arena.home())
        .stdout(Stdio::null())
        .status();
    ensure!(status.context(BUILD_FIRST)?.success(), BUILD_FIRST);
    Ok(())
}

pub(crate) const WMSHOST: &str = "target/release/wmshost";
const BUILD_FIRST: &str = "run this by `make bench`, which builds host and plugins first";

/// Returns the time, the CPU time and the peak of memory of a process that must succeed.
pub(crate) fn cost_of(mut command: Command) -> anyhow::Result<(Duration, Duration, u64)> {
    let begin = Instant::now();
    let child = command.spawn().context(BUILD_FIRST)?;
    let end = child.wait4()?;
    ensure!(end.status.success(), "the process ended with {}", end.status);
    Ok((begin.elapsed(), end.rusage.utime + end.rusage.stime, end.rusage.maxrss))
}

/// Makes or changes the warehouse, in a process of its own, because a child begins with its parent's peak of memory.
fn sample(arguments: &[&str], file: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(WMSHOST);
    command.arg("sample").args(arguments).arg(file).stdout(Stdio::null());
    ensure!(command.status().context(BUILD_FIRST)?.success(), BUILD_FIRST);
    Ok(())
}

/// Writes out the system's buffers, so that the next process does not pay for earlier writes.
pub(crate) fn settle() {
    let _ = Command::new("sync").status();
}

impl Arena {
    fn prepare(setup: &Setup) -> anyhow::Result<Self> {
        std::fs::create_dir_all("target")?;
        let folder = tempfile::tempdir_in("target")?;
        let (before, after) = (folder.path().join("before.db"), folder.path().join("after.db"));
        // The job is the load: the models are left out.
        let shipped = std::env::current_dir()?.join("pipelines/dev.toml");
        let pipeline = format!("extends = {shipped:?}\n[models]\nafter_load = false\n");
        std::fs::write(folder.path().join("bench.toml"), pipeline)?;
        eprintln!("making a warehouse of {} allocations", setup.rows);
        sample(&["create", "--seed", "1", "--allocations", &setup.rows.to_string()], &before)?;
        std::fs::copy(&before, &after)?;
        sample(&["change", "--seed", "2", "--percent", &setup.percent.to_string()], &after)?;
        Ok(Self { folder, before, after })
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn target(&self, way: Way) -> PathBuf {
        self.folder.path().join(format!("{}.db", way.name()))
    }

    fn source(&self, phase: Phase) -> &Path {
        if phase == Phase::Full { &self.before } else { &self.after }
    }

    fn clear(&self, way: Way) -> anyhow::Result<()> {
        let target = self.target(way);
        for suffix in ["", "-wal", "-shm"] {
            let mut file = target.clone().into_os_string();
            file.push(suffix);
            if Path::new(&file).exists() {
                std::fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    fn command(&self, way: Way, phase: Phase) -> Command {
        let mut command;
        match way {
            Way::Wmshost => {
                command = Command::new(WMSHOST);
                command
                    .arg("run")
                    .arg(self.folder.path().join("bench.toml"))
                    .args(["--stream", "allocation", "--output", "json"])
                    .env("WMSHOST_HOME", self.home())
                    .env("WMS_SQLITE", self.source(phase))
                    .env("TARGET_SQLITE", self.target(way))
                    .env("WMS_BATCH_SIZE", EXTRACT_ROWS.to_string())
                    .env("TARGET_BATCH_SIZE", LOAD_ROWS.to_string());
            }
            Way::Sql | Way::Native => {
                command = Command::new("/proc/self/exe");
                command.args([way.name(), phase.name()]).arg(self.source(phase)).arg(self.target(way));
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn measure(&self, way: Way, phase: Phase) -> anyhow::Result<Cost> {
        let (wall, cpu, peak_bytes) =
            cost_of(self.command(way, phase)).with_context(|| format!("{} ({})", way.name(), phase.name()))?;
        Ok(Cost { way, phase, wall, cpu, peak_bytes })
    }

    /// Compares the results of all ways, without the audit columns.
    fn check_same(&self) -> anyhow::Result<()> {
        let columns = [&SOURCE_COLUMNS[..], &DERIVED_COLUMNS[..]].concat().join(", ");
        let connection = Connection::open(self.target(Way::Wmshost))?;
        for way in [Way::Sql, Way::Native] {
            connection.execute("ATTACH ?1 AS other", [self.target(way).to_string_lossy()])?;
            for (one, two) in [("main", "other"), ("other", "main")] {
                let difference: i64 = connection.query_row(
                    &format!(
                        "SELECT count(*) FROM (SELECT {columns} FROM {one}.{TABLE} EXCEPT SELECT {columns} FROM {two}.{TABLE})"
                    ),
                    [],
                    |row| row.get(0),
                )?;
                ensure!(difference == 0, "wmshost and {} differ in {difference} rows", way.name());
            }
            connection.execute_batch("DETACH other")?;
        }
        Ok(())
    }

    /// The number of rows that the incremental run wrote.
    fn changed(&self) -> anyhow::Result<u64> {
        let connection = Connection::open(self.target(Way::Wmshost))?;
        let count = format!("SELECT count(*) FROM {TABLE} WHERE wms_run_id <> (SELECT min(wms_run_id) FROM {TABLE})");
        Ok(connection.query_row(&count, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }
}

//! Backups: the SQLite targets of a pipeline, with the ledger and the quarantine that are in them, and the databases of the
//! host's own. A backup is taken while runs go on; each database in it is as it was at one moment. Its list is written last,
//! so that a folder without one is no backup.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wmshost_databases::sqlite::{copy_database, replace_database};
use wmshost_flow::{Failure, FailureKind, Lease, Micros, SqlSession, Value, check_is_file, hex};
use wmshost_pipeline::{Connection, Resolved};

use crate::assembly::connect;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::files::write_document;
use crate::history::{RunFilter, RunStatus};
use crate::process::{is_dead, this_process};
use crate::runtime::Runtime;

/// The format that is written.
const FORMAT: u32 = 1;
/// The name of the list in a backup.
const LIST: &str = "backup.json";

/// The list of a backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Backup {
    /// The version of the format: 1.
    pub format: u32,
    /// The pipeline's name.
    pub pipeline: String,
    /// The time at which it was taken (UTC).
    pub taken_at: String,
    /// The version of the program.
    pub wmshost: String,
    /// The databases in it.
    pub databases: Vec<BackedUp>,
    /// The connections whose targets are not in it, with the reasons.
    pub left_out: Vec<LeftOut>,
}

/// A database in a backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BackedUp {
    /// The label of the target's connection; null for a database of the host's own.
    pub connection: Option<String>,
    /// The file in the backup.
    pub file: String,
    /// The file that it is a copy of.
    pub of: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// A target that is not in a backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The label of its connection.
    pub connection: String,
    /// The reason, and what to use instead.
    pub reason: String,
}

/// A database that was put back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Restored {
    /// The label of the target's connection; null for a database of the host's own.
    pub connection: Option<String>,
    /// The file.
    pub file: String,
    /// The file with what was there before; null if nothing was.
    pub kept: Option<String>,
}

/// Writes a backup into a folder that is not there yet, or empty.
pub fn backup(runtime: &Runtime, pipeline: &Resolved, folder: &Path) -> Result<Backup> {
    make_empty(folder)?;
    let targets = targets(pipeline);
    let (mut databases, mut left_out) = (Vec::new(), Vec::new());
    for label in &targets {
        match &pipeline.connections[*label] {
            Connection::Sqlite(file) if file.path.exists() => {
                let name = format!("target-{label}.db");
                databases.push(copied(folder, Some((*label).to_owned()), name, &file.path)?);
            }
            other => left_out.push(LeftOut { connection: (*label).to_owned(), reason: reason(other).to_owned() }),
        }
    }
    if databases.is_empty() {
        let _ = fs::remove_dir(folder);
        let reasons = left_out.iter().map(|left| format!("connection {}: {}", left.connection, left.reason));
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        return Err(Failure::invalid_config(format!("no target can be copied: {reasons}")).into());
    }
    for file in own(&runtime.data_dir).into_iter().filter(|file| file.exists()) {
        let name = file.file_name().map(|name| format!("host-{}", name.to_string_lossy())).unwrap_or_default();
        databases.push(copied(folder, None, name, &file)?);
    }
    let taken_at = moment(runtime.clock.now());
    let (pipeline, wmshost) = (pipeline.name.clone(), env!("CARGO_PKG_VERSION").to_owned());
    let list = Backup { format: FORMAT, pipeline, taken_at, wmshost, databases, left_out };
    write_document(&folder.join(LIST), &list)?;
    Ok(list)
}

/// Makes the folder for its owner alone; fails if something is in it.
fn make_empty(folder: &Path) -> Result<()> {
    DataDir::make_private(folder).map_err(Error::file(folder, "cannot be created"))?;
    let mut entries = fs::read_dir(folder).map_err(Error::file(folder, "cannot be read"))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Failure::invalid_config(format!("{}: there is something in this folder", folder.display()))
            .advise("name a folder that is not there yet; nothing is overwritten")
            .into()),
    }
}

/// The labels of the targets.
fn targets(pipeline: &Resolved) -> BTreeSet<&str> {
    pipeline.streams.iter().map(|plan| plan.target.as_str()).collect()
}

/// The databases of the host's own: the history of runs, the book of schedules, the incidents.
fn own(data_dir: &DataDir) -> [PathBuf; 3] {
    [data_dir.history(), data_dir.schedules(), data_dir.alerts()]
}

fn reason(connection: &Connection) -> &'static str {
    match connection {
        Connection::Sqlite(_) => "its file is not there yet",
        Connection::Oracle(_) => {
            "it is an Oracle database: use RMAN, or `expdp` with FLASHBACK_TIME and all tables of the schema, those that begin \
             with WMSHOST_ among them, so that rows and ledger are of one moment"
        }
        Connection::Http(_) => "it is a web service",
    }
}

fn copied(folder: &Path, connection: Option<String>, file: String, of: &Path) -> Result<BackedUp> {
    let to = folder.join(&file);
    copy_database(of, &to)?;
    let (bytes, sha256) = digest(&to)?;
    Ok(BackedUp { connection, file, of: of.display().to_string(), bytes, sha256 })
}

/// The bytes and the SHA-256 of a file.
fn digest(file: &Path) -> Result<(u64, String)> {
    let unreadable = || Error::file(file, "cannot be read");
    let mut open = File::open(file).map_err(unreadable())?;
    let (mut digest, mut buffer, mut bytes) = (Sha256::new(), vec![0; 1 << 20], 0);
    loop {
        match open.read(&mut buffer).map_err(unreadable())? {
            0 => return Ok((bytes, hex(&digest.finalize()))),
            count => {
                digest.update(&buffer[..count]);
                bytes += count as u64;
            }
        }
    }
}

fn moment(at: Micros) -> String {
    format!("{}Z", Value::Timestamp(at).to_string().replace(' ', "T"))
}

/// Reads the list of a backup, and holds its files against it.
pub fn read(folder: &Path) -> Result<Backup> {
    let list = folder.join(LIST);
    let no_backup = |why: String| {
        Failure::invalid_config(format!("{}: it is no backup that this program can read: {why}", list.display()))
            .advise("name the folder that `wmshost backup` has written")
    };
    check_is_file(&list).map_err(|error| no_backup(error.to_string()))?;
    let text = fs::read_to_string(&list).map_err(Error::file(&list, "cannot be read"))?;
    let backup: Backup = serde_json::from_str(&text).map_err(|error| no_backup(error.to_string()))?;
    if backup.format != FORMAT {
        return Err(no_backup(format!("its format is {}, and {FORMAT} is known", backup.format)).into());
    }
    for database in &backup.databases {
        let is_plain = Path::new(&database.file).file_name().is_some_and(|name| name == database.file.as_str());
        let file = folder.join(&database.file);
        if !is_plain || digest(&file)? != (database.bytes, database.sha256.clone()) {
            let why = format!("{}: it is not as the backup has written it", file.display());
            return Err(Failure::invalid_config(why).advise("use another backup; nothing was replaced").into());
        }
    }
    Ok(backup)
}

/// Puts the targets of a backup back, with the leases of all streams and of the models, so that no run of the pipeline goes
/// on meanwhile; and the databases of the host's own, if `with_history`. What was there is kept beside it.
pub fn restore(
    runtime: &Runtime,
    pipeline: &Resolved,
    (folder, backup): (&Path, &Backup),
    with_history: bool,
) -> Result<Vec<Restored>> {
    if backup.pipeline != pipeline.name {
        let why = format!("the backup is one of pipeline {}, not of {}", backup.pipeline, pipeline.name);
        return Err(Failure::invalid_config(why).into());
    }
    let places = places(runtime, pipeline, backup, with_history)?;
    if with_history {
        nothing_runs(runtime)?;
    }
    let run_id = runtime.new_run_id();
    let mut held = HeldLeases::take(runtime, pipeline, &places, &run_id)?;
    let mut done: Vec<Restored> = Vec::new();
    for (database, place) in places {
        let kept = put_back(&folder.join(&database.file), &place, &run_id, &mut held).map_err(|failure| {
            let before: Vec<_> = done.iter().map(|done| done.file.as_str()).collect();
            match before.as_slice() {
                [] => failure,
                before => failure.and(format!("these are as in the backup by now: {}", before.join(", "))),
            }
        })?;
        let kept = kept.map(|kept| kept.display().to_string());
        done.push(Restored { connection: database.connection.clone(), file: place.display().to_string(), kept });
    }
    Ok(done)
}

/// The file that each database of a backup goes to.
fn places<'b>(
    runtime: &Runtime,
    pipeline: &Resolved,
    backup: &'b Backup,
    with_history: bool,
) -> Result<Vec<(&'b BackedUp, PathBuf)>> {
    let mut places = Vec::new();
    for database in &backup.databases {
        let Some(label) = &database.connection else {
            let own = own(&runtime.data_dir).into_iter().filter(|_| with_history);
            let is_it = |file: &PathBuf| {
                file.file_name().is_some_and(|name| database.file == format!("host-{}", name.display()))
            };
            places.extend(own.filter(is_it).map(|file| (database, file)));
            continue;
        };
        match pipeline.connections.get(label) {
            Some(Connection::Sqlite(file)) if targets(pipeline).contains(label.as_str()) => {
                places.push((database, file.path.clone()));
            }
            _ => {
                let why = format!(
                    "the backup has the target of connection {label}, which is no SQLite target of {}",
                    pipeline.name
                );
                return Err(Failure::invalid_config(why).advise("name the pipeline file that the backup is of").into());
            }
        }
    }
    Ok(places)
}

/// Fails if a run of this machine goes on.
fn nothing_runs(runtime: &Runtime) -> Result<()> {
    if !runtime.data_dir.history().exists() {
        return Ok(());
    }
    let runs = runtime.history()?.list(&RunFilter::default())?;
    match runs.iter().find(|run| run.status == RunStatus::Running) {
        None => Ok(()),
        Some(run) => {
            let why = format!("run {} of {} goes on, and is in the history", run.run_id, run.pipeline);
            Err(Failure::new(FailureKind::Busy, why).advise("wait for its end, or stop it").into())
        }
    }
}

/// Puts a copy in the place of a database; returns the file with what was there.
fn put_back(copy: &Path, place: &Path, run_id: &str, held: &mut HeldLeases) -> Result<Option<PathBuf>, Failure> {
    if !place.exists() {
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| {
            Failure::invalid_config(format!("{}: the folder cannot be created: {error}", folder.display()))
        })?;
        return copy_database(copy, place).map(|()| None);
    }
    let mut kept = place.as_os_str().to_owned();
    kept.push(format!(".before-{run_id}"));
    let kept = PathBuf::from(kept);
    copy_database(place, &kept)?;
    // A large copy takes its time.
    held.renew()?;
    replace_database(copy, place)?;
    Ok(Some(kept))
}

/// The leases of the streams and of the models in the targets that are replaced.
struct HeldLeases(Vec<(Lease, Box<dyn SqlSession>)>);

impl HeldLeases {
    /// Takes them; fails if a run holds one.
    fn take(
        runtime: &Runtime,
        pipeline: &Resolved,
        places: &[(&BackedUp, PathBuf)],
        run_id: &str,
    ) -> Result<Self, Failure> {
        let mut held = Self(Vec::new());
        let existing = places.iter().filter(|(_, place)| place.exists());
        for label in existing.filter_map(|(database, _)| database.connection.as_deref()) {
            let target = connect::target(label, &pipeline.connections[label], 1, Arc::clone(&runtime.clock))?;
            let of_stream = |stream: &str| Lease {
                pipeline: pipeline.name.clone(),
                stream: stream.to_owned(),
                run_id: run_id.to_owned(),
                holder: this_process(),
            };
            let streams = pipeline.streams.iter().filter(|plan| plan.target == label);
            let models = Lease::of_models(&pipeline.name, run_id, this_process());
            for lease in streams.map(|plan| of_stream(&plan.name)).chain([models]) {
                let mut session = target.sql()?;
                lease.take(session.as_mut(), &is_dead)?;
                held.0.push((lease, session));
            }
        }
        Ok(held)
    }

    /// Fails if a run has taken one over, since it was not renewed for too long.
    fn renew(&mut self) -> Result<(), Failure> {
        self.0.iter_mut().try_for_each(|(lease, session)| lease.renew_now(session.as_mut()))
    }
}

impl Drop for HeldLeases {
    /// A database that was replaced has none of them any more.
    fn drop(&mut self) {
        for (lease, session) in &mut self.0 {
            if let Err(failure) = lease.release_now(session.as_mut()) {
                tracing::debug!("a lease was not released: {failure}");
            }
        }
    }
}

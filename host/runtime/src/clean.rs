//! Removes what the host keeps in its own folder and what is older than it has to be kept: runs of the history, their logs and
//! recorded batches, receipts, and compiled plugins. Files of other names, links and what they lead to are left alone, and so is all that a run which goes on
//! needs. The checkpoints of streams are in the target and are not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wmshost_flow::Micros;

use crate::error::{Error, Result};
use crate::history::{History, RunFilter, RunStatus};
use crate::receipts::old as old_receipts;
use crate::run_id::{is_run_id, run_id_start};
use crate::runtime::Runtime;

/// The time after which a file that was never completed is one that nobody writes any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// The times for which things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs of the history. The last one of each kind, and the last one of each stream, are kept for good.
    pub history: Duration,
    /// Logs, and the batches that runs recorded.
    pub logs: Duration,
    /// Compiled plugins that no run has used since; they are compiled again when one does.
    pub plugins: Duration,
    /// Receipts; `None` if all are kept. The last one of each pipeline is kept for good.
    pub receipts: Option<Duration>,
}

/// The files that were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedFiles {
    /// Their number.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Runs of the history.
    pub runs: u64,
    /// Logs.
    pub logs: RemovedFiles,
    /// Recorded batches.
    pub recordings: RemovedFiles,
    /// Compiled plugins, and beginnings of ones that were never completed.
    pub plugins: RemovedFiles,
    /// Receipts, and their signatures.
    pub receipts: RemovedFiles,
}

/// Removes what is older than it is kept; with `is_trial` nothing is removed, and the result is what would be.
pub fn clean(runtime: &Runtime, retention: &Retention, is_trial: bool) -> Result<Cleaned> {
    // Without a history there was no run, and none is begun for this.
    if !runtime.data_dir.history().exists() {
        return Ok(Cleaned::default());
    }
    let now = runtime.clock.now();
    let before = |kept: Duration| now.saturating_sub(Micros::try_from(kept.as_micros()).unwrap_or(Micros::MAX));
    let mut history = runtime.history()?;
    let all = history.list(&RunFilter::default())?;
    let is_going_on = |id: &str| all.iter().any(|run| run.run_id == id && run.status == RunStatus::Running);
    let is_old = |id: &str| {
        is_run_id(id) && run_id_start(id).is_some_and(|start| start < before(retention.logs)) && !is_going_on(id)
    };
    let is_old_log = |name: &str| name.strip_suffix(".jsonl").is_some_and(is_old);
    let logs = files(&runtime.data_dir.logs())?.into_iter().filter(|file| is_old_log(&file.name)).collect::<Vec<_>>();
    let plugins =
        unused_plugins(&history, &runtime.data_dir.plugins().folder, before(retention.plugins), retention.plugins)?;
    Ok(Cleaned {
        runs: history.clean(before(retention.history), is_trial)?,
        logs: removed(&logs, is_trial)?,
        recordings: removed_recordings(&runtime.data_dir.all_recordings(), &is_old, is_trial)?,
        plugins: removed(&plugins, is_trial)?,
        receipts: match retention.receipts {
            Some(kept) => removed_receipts(&runtime.data_dir.all_receipts(), before(kept), is_trial)?,
            None => RemovedFiles::default(),
        },
    })
}

/// A file of the host's own folder.
struct KeptFile {
    name: String,
    path: PathBuf,
    described: Metadata,
}

impl KeptFile {
    fn is_older(&self, than: Duration) -> bool {
        let age = self.described.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        age.is_some_and(|age| age > than)
    }
}

/// The files of a folder, without links; none if the folder is a link itself, or is not there.
fn files(folder: &Path) -> Result<Vec<KeptFile>> {
    let unreadable = |error| Error::file(folder, "cannot be read")(error);
    let described = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        described => described.map_err(unreadable)?,
    };
    if !described.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (Ok(name), Ok(described)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
        if described.is_file() {
            found.push(KeptFile { name, path: entry.path(), described });
        }
    }
    Ok(found)
}

/// The compiled plugins that are older than `kept` and that no run since `before` has used, or that the same plugin has a newer
/// one of, made by another version of the host.
fn unused_plugins(history: &History, folder: &Path, before: Micros, kept: Duration) -> Result<Vec<KeptFile>> {
    let used: BTreeSet<String> = history.digests_since(before)?.into_iter().collect();
    let digest_of = |file: &KeptFile| Some(file.name.strip_suffix(".aot")?.split_once('-')?.0.to_owned());
    let all = files(folder)?;
    let mut newest: BTreeMap<String, SystemTime> = BTreeMap::new();
    for file in &all {
        if let (Some(digest), Ok(at)) = (digest_of(file), file.described.modified()) {
            let known = newest.entry(digest).or_insert(at);
            *known = at.max(*known);
        }
    }
    let is_unused = |file: &KeptFile| match digest_of(file) {
        Some(digest) => {
            let is_newest = file.described.modified().is_ok_and(|at| newest.get(&digest) == Some(&at));
            file.is_older(kept) && !(used.contains(&digest) && is_newest)
        }
        None => file.name.contains(".tmp") && file.is_older(ABANDONED),
    };
    Ok(all.into_iter().filter(is_unused).collect())
}

/// Removes the recordings of runs, with their folders.
fn removed_recordings(folder: &Path, is_old: &dyn Fn(&str) -> bool, is_trial: bool) -> Result<RemovedFiles> {
    let mut all = RemovedFiles::default();
    for run in
        folders(folder)?.into_iter().filter(|run| run.file_name().is_some_and(|name| name.to_str().is_some_and(is_old)))
    {
        let parts = folders(&run)?;
        for part in &parts {
            let RemovedFiles { files, bytes } = removed(&files(part)?, is_trial)?;
            (all.files, all.bytes) = (all.files + files, all.bytes + bytes);
        }
        // A folder with something else in it stays.
        for empty in parts.iter().chain([&run]).filter(|_| !is_trial) {
            let _ = fs::remove_dir(empty);
        }
    }
    Ok(all)
}

/// Removes the first receipts of each pipeline's chain, as far as they are old.
fn removed_receipts(folder: &Path, before: Micros, is_trial: bool) -> Result<RemovedFiles> {
    let mut all = RemovedFiles::default();
    for pipeline in folders(folder)? {
        let RemovedFiles { files, bytes } = old_receipts(&pipeline, before, |old| {
            let file = |path: PathBuf| Some(KeptFile { name: String::new(), described: path.metadata().ok()?, path });
            removed(&old.into_iter().filter_map(file).collect::<Vec<_>>(), is_trial)
        })?;
        (all.files, all.bytes) = (all.files + files, all.bytes + bytes);
    }
    Ok(all)
}

/// The folders in a folder, without links; none if it is not there.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::file(folder, "cannot be read"))?,
    };
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    Ok(entries.flatten().filter(is_folder).map(|entry| entry.path()).collect())
}

/// Removes files. One that is gone meanwhile is no failure.
fn removed(files: &[KeptFile], is_trial: bool) -> Result<RemovedFiles> {
    for file in files.iter().filter(|_| !is_trial) {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done.map_err(Error::file(&file.path, "cannot be removed"))?,
        }
    }
    Ok(RemovedFiles { files: files.len() as u64, bytes: files.iter().map(|file| file.described.len()).sum() })
}

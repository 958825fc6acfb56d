//! Writing the next receipt of a pipeline: each has the SHA-256 of the file before it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wmshost_flow::{Micros, StreamSummary, Value, hex};
use wmshost_pipeline::{Checked, Stream};

use super::WrittenReceipt;
use super::document::{FORMAT, Place, PluginDigest, Receipt, StreamReceipt};
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::files::{document_text, write_file};
use crate::history::PluginRecord;
use crate::run::run_status;
use crate::run_id::run_id_start;
use crate::signature::{FileSigner, signature_file};

/// Writes the receipt of a run.
pub(crate) struct ReceiptWriter {
    folder: PathBuf,
    signer: Option<FileSigner>,
}

/// A run that has ended.
pub(crate) struct Finished<'a> {
    pub(crate) pipeline: &'a Checked,
    pub(crate) run_id: &'a str,
    /// A time before the sources were opened.
    pub(crate) opened_at: Micros,
    pub(crate) now: Micros,
    pub(crate) plans: &'a [&'a Stream],
    pub(crate) ends: &'a [StreamSummary],
    pub(crate) plugins: Vec<PluginRecord>,
}

impl ReceiptWriter {
    /// Prepares for a run of this pipeline, if it leaves receipts. A key that cannot sign is a mistake that is found before a
    /// row is moved.
    pub(crate) fn of(pipeline: &Checked, data_dir: &DataDir) -> Result<Option<Self>> {
        if !pipeline.run.receipts {
            return Ok(None);
        }
        let signer = pipeline.run.receipt_key.as_deref().map(FileSigner::open).transpose()?;
        Ok(Some(Self { folder: data_dir.receipts(&pipeline.name), signer }))
    }

    /// Writes the receipt after the last one. Two runs that end at once write one after the other.
    pub(crate) fn write(&self, finished: &Finished<'_>) -> Result<WrittenReceipt> {
        DataDir::make_private(&self.folder).map_err(Error::file(&self.folder, "cannot be created"))?;
        let _held = locked(&self.folder)?;
        let last = receipts(&self.folder)?.pop();
        let sequence = last.as_ref().map_or(0, |(number, _)| *number) + 1;
        let previous = last.map(|(_, file)| digest(&file)).transpose()?;
        let receipt = receipt(finished, sequence, previous);
        let file = self.folder.join(format!("{sequence:06}-{}.json", finished.run_id));
        let text = document_text(&receipt)?;
        // The signature comes first: a receipt is never there without it.
        if let Some(signer) = &self.signer {
            signer.sign(&file, text.as_bytes(), &format!("receipt {sequence} of {}", receipt.pipeline))?;
        }
        write_file(&file, &text)?;
        let is_different = |stream: &&StreamReceipt| stream.proof.as_ref().is_some_and(|proof| !proof.equal);
        let different = receipt.streams.iter().filter(is_different).map(|stream| stream.stream.clone()).collect();
        let unproven = receipt.streams.into_iter().filter_map(|stream| Some((stream.stream, stream.reason?))).collect();
        Ok(WrittenReceipt { file, different, unproven })
    }
}

fn receipt(finished: &Finished<'_>, sequence: u64, previous: Option<String>) -> Receipt {
    let moment = |micros: Micros| format!("{}Z", Value::Timestamp(micros).to_string().replace(' ', "T"));
    let plan_of = |end: &StreamSummary| finished.plans.iter().find(|plan| plan.plan.name == end.stream).copied();
    let stream = |end: &StreamSummary| Some(stream_receipt(end, plan_of(end)?, &finished.plugins));
    Receipt {
        format: FORMAT,
        sequence,
        previous,
        pipeline: finished.pipeline.name.clone(),
        run_id: finished.run_id.to_owned(),
        status: run_status(finished.ends).name().to_owned(),
        opened_at: moment(finished.opened_at),
        written_at: moment(finished.now),
        wmshost: env!("CARGO_PKG_VERSION").to_owned(),
        streams: finished.ends.iter().filter_map(stream).collect(),
    }
}

fn stream_receipt(end: &StreamSummary, stream: &Stream, plugins: &[PluginRecord]) -> StreamReceipt {
    let plan = &stream.plan;
    let place = |connection: &str, table: &str| Place { connection: connection.to_owned(), table: table.to_owned() };
    let plugins = plugins.iter().filter(|record| record.stream == end.stream).map(|record| PluginDigest {
        plugin: record.plugin.clone(),
        version: record.version.clone(),
        digest: record.digest.clone(),
    });
    let proof = end.proof.as_ref().and_then(|proof| proof.as_ref().ok());
    let reason = match &end.proof {
        Some(Ok(_)) => None,
        Some(Err(reason)) => Some(reason.clone()),
        None => Some("the stream did not run to its end".to_owned()),
    };
    StreamReceipt {
        stream: end.stream.clone(),
        status: end.status.name().to_owned(),
        source: place(&plan.source, &plan.table),
        target: place(&plan.target, &plan.target_table),
        rows_read: end.stats.read,
        rows_rejected: end.stats.rejected,
        plugins: plugins.collect(),
        proof: proof.map(Into::into),
        reason,
    }
}

/// The receipts in a folder by their numbers; none if the folder is not there.
pub(super) fn receipts(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let unreadable = || Error::file(folder, "cannot be read");
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable())?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable())?.path();
        found.extend(sequence_of(&file).map(|number| (number, file)));
    }
    found.sort();
    Ok(found)
}

/// Calls `act` with the receipts of runs that began before this time and with their signatures, in the order of their
/// numbers. They are the first ones of the chain, without a gap, and never the last one, which the next one follows: each
/// that stays has either the one before it beside it, or is the first that is there. No receipt is written meanwhile.
pub(crate) fn old<T>(folder: &Path, before: Micros, act: impl FnOnce(Vec<PathBuf>) -> Result<T>) -> Result<T> {
    let _held = locked(folder)?;
    let is_old = |file: &Path| {
        let run_id = file.file_name().and_then(OsStr::to_str).and_then(run_of);
        run_id.and_then(run_id_start).is_some_and(|start| start < before)
    };
    let mut all = receipts(folder)?;
    all.pop();
    let old = all.into_iter().map(|(_, file)| file).take_while(|file| is_old(file));
    act(old.flat_map(|file| [file.clone(), signature_file(&file)]).filter(|file| file.exists()).collect())
}

/// Holds the lock of a folder of receipts until what is returned is dropped.
fn locked(folder: &Path) -> Result<File> {
    let lock = folder.join(".lock");
    let held = File::create(&lock).map_err(Error::file(&lock, "cannot be created"))?;
    held.lock().map_err(Error::file(&lock, "cannot be locked"))?;
    Ok(held)
}

/// The run's id in a receipt's file name.
pub(super) fn run_of(name: &str) -> Option<&str> {
    name.strip_suffix(".json")?.split_once('-').map(|(_, run_id)| run_id)
}

/// The number in a receipt's file name.
pub(super) fn sequence_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?.strip_suffix(".json")?;
    name.split_once('-')?.0.parse().ok()
}

/// SHA-256 of a file.
pub(super) fn digest(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(Error::file(file, "cannot be read"))?;
    Ok(hex(&Sha256::digest(bytes)))
}

//! Checking a receipt without a database: whether it contradicts itself, follows the one before it, and is signed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use wmshost_flow::{Failure, check_is_file};

use super::chain::{digest, receipts, run_of, sequence_of};
use super::document::{FORMAT, Receipt};
use crate::error::{Error, Result as Outcome};
use crate::signature::{signature_file, signer_of_bytes};

/// The largest receipt, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// A receipt that was checked.
#[derive(Debug, Clone)]
pub struct CheckedReceipt {
    /// The receipt.
    pub receipt: Receipt,
    /// The faults that were found, in words.
    pub faults: Vec<String>,
    /// Its link to the receipt before it.
    pub link: Link,
    /// Its signature.
    pub signed: Signed,
}

/// The link of a receipt to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It is the first one.
    First,
    /// It has the hash of the one before it, which is beside it.
    Follows,
    /// The one before it is not beside it.
    Unknown,
    /// The one before it was changed or replaced.
    Broken,
}

/// The receipt of a run of the history.
#[derive(Debug, Clone)]
pub struct RunReceipt {
    /// The file.
    pub file: PathBuf,
    /// The receipt, checked without keys, or the reason why it cannot be read.
    pub checked: Result<CheckedReceipt, String>,
}

/// The signature of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// No key was named to check it.
    NotChecked,
    /// By this key.
    By(String),
    /// By none of the keys that were named.
    ByNone,
}

impl CheckedReceipt {
    /// True if nothing is wrong with the receipt, and no stream differs.
    pub fn is_in_order(&self) -> bool {
        let is_equal = |proof: &super::ProofDocument| proof.equal;
        self.faults.is_empty() && self.receipt.streams.iter().filter_map(|stream| stream.proof.as_ref()).all(is_equal)
    }
}

/// Reads a receipt; returns its text too.
pub fn read(file: &Path) -> Outcome<(Receipt, String)> {
    check_is_file(file).map_err(Error::file(file, "cannot be read"))?;
    let bytes = file.metadata().map_or(0, |described| described.len());
    if bytes > MOST_BYTES {
        return Err(Failure::limit("bytes of a receipt", MOST_BYTES, bytes).into());
    }
    let text = fs::read_to_string(file).map_err(Error::file(file, "cannot be read"))?;
    let not_one = |why: String| {
        Failure::invalid_config(format!("{}: it is no receipt that this program can read: {why}", file.display()))
            .advise("name a file of the folder `receipts` in the host's own folder")
    };
    let receipt: Receipt = serde_json::from_str(&text).map_err(|error| not_one(error.to_string()))?;
    match receipt.format {
        FORMAT => Ok((receipt, text)),
        other => Err(not_one(format!("its format is {other}, and {FORMAT} is known")).into()),
    }
}

/// Checks a receipt. With public keys it has to be signed by one of them.
pub fn check(file: &Path, keys: &[String]) -> Outcome<CheckedReceipt> {
    let (receipt, text) = read(file)?;
    let mut faults = Vec::new();
    for stream in &receipt.streams {
        let of_stream = stream.proof.iter().flat_map(super::ProofDocument::faults);
        faults.extend(of_stream.map(|fault| format!("{}: {fault}", stream.stream)));
        if stream.proof.is_some() == stream.reason.is_some() {
            faults.push(format!("{}: it has to have either a proof or a reason why there is none", stream.stream));
        }
    }
    let link = link(file, &receipt)?;
    match link {
        Link::Broken => faults.push("the receipt before it is not the one that it follows".to_owned()),
        _ if receipt.previous.is_none() != (receipt.sequence == 1) => {
            faults.push(format!("it is number {}, and only the first one follows none", receipt.sequence));
        }
        _ => {}
    }
    let signed = match keys {
        [] => Signed::NotChecked,
        keys => match signer_of_bytes(&signature_file(file), text.as_bytes(), keys) {
            Ok(key) => Signed::By(key.clone()),
            Err(why) => {
                faults.push(why);
                Signed::ByNone
            }
        },
    };
    Ok(CheckedReceipt { receipt, faults, link, signed })
}

/// Finds the receipt of a run in the folder of its pipeline, and checks it.
pub(crate) fn of_run(folder: &Path, run_id: &str) -> Outcome<Option<RunReceipt>> {
    let is_of_run = |file: &Path| file.file_name().and_then(OsStr::to_str).and_then(run_of) == Some(run_id);
    let Some(file) = receipts(folder)?.into_iter().map(|(_, file)| file).find(|file| is_of_run(file)) else {
        return Ok(None);
    };
    let checked = check(&file, &[]).map_err(|error| error.to_string());
    Ok(Some(RunReceipt { file, checked }))
}

/// Looks at the receipt before this one, which is beside it unless it was moved away.
fn link(file: &Path, receipt: &Receipt) -> Outcome<Link> {
    let Some(previous) = &receipt.previous else { return Ok(Link::First) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).map_err(Error::file(folder, "cannot be read"))?;
    let before = receipt.sequence.saturating_sub(1);
    let mut beside = entries.flatten().map(|entry| entry.path()).filter(|other| sequence_of(other) == Some(before));
    match beside.next() {
        None => Ok(Link::Unknown),
        Some(other) => Ok(if digest(&other)? == *previous { Link::Follows } else { Link::Broken }),
    }
}

//! Recordings: a batch of a transform in a run, or a reading of an extractor with its source's answers, kept as the folder of a
//! case. It is replayed on any machine without the run's databases, and becomes a test of the plugin as it is.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::{ExtractRequest, OnTrap, Setting};
use wmshost_sandbox::{Limits, Plugin, World};

use super::answered;
use super::answers::{Answers, Request};
use super::case::{CASE, Case};
use super::transcript::Transcript;
use super::transform::{input, prepared};
use crate::error::{Error, Result};
use crate::rows;

/// The file beside a case that makes it a recording.
const RECORDING: &str = "recording.json";
/// The rights of what is recorded: it has the rows of a source.
const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;

/// The origin of a recorded batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The run.
    pub run_id: String,
    /// The stream.
    pub stream: String,
    /// The plugin's name in the pipeline.
    pub plugin: String,
    /// The name that it stated.
    pub name: String,
    /// The version that it stated.
    pub version: String,
    /// The digest of its component: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
    /// The component's file.
    pub component: String,
    /// The number of the batch in the run, from 1; of an extractor, that of the last batch of the reading, which is 0 if it
    /// could not be begun.
    pub batch: u64,
    /// The number of its rows; of an extractor, of all that it read.
    pub rows: u64,
    /// The failure; null for a batch of a sample.
    pub failure: Option<String>,
}

/// The input of the recorded call.
pub struct RecordedCall<'a> {
    /// The columns that identify a row.
    pub key: &'a [String],
    /// The column that says when a row was changed last.
    pub change_key: Option<&'a str>,
    /// The reaction to a trap.
    pub on_trap: OnTrap,
    /// The settings of the plugin.
    pub settings: &'a BTreeMap<String, Setting>,
    /// The rows.
    pub rows: &'a RecordBatch,
}

/// A reading of a stream, from its beginning.
pub struct RecordedReading<'a> {
    /// The request.
    pub request: &'a ExtractRequest,
    /// The settings of the plugin.
    pub settings: &'a BTreeMap<String, Setting>,
    /// The answers of the source.
    pub answers: &'a Transcript,
}

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The recording.
    pub recording: Recording,
    /// The folder of the recording.
    pub folder: PathBuf,
    /// The digest of the component that was run, in the form of the recording's.
    pub digest: String,
    /// The numbers of rows that came out and of rows that were rejected, or the failure.
    pub outcome: std::result::Result<(u64, u64), String>,
}

/// Writes the recording of a transform's call into a new folder, whole or not at all.
pub fn record(folder: &Path, recording: &Recording, call: &RecordedCall<'_>) -> Result<()> {
    let mut case = toml::Table::new();
    case.insert("key".to_owned(), call.key.to_vec().into());
    if let Some(change_key) = call.change_key {
        case.insert("change_key".to_owned(), change_key.into());
    }
    case.insert("on_trap".to_owned(), call.on_trap.name().into());
    let files = vec![("input.csv".to_owned(), rows::to_csv(call.rows))];
    write(folder, recording, (case, call.settings), files)
}

/// Writes the recording of an extractor's reading into a new folder, whole or not at all. The batches after that of the
/// recording are not read again.
pub fn record_reading(folder: &Path, recording: &Recording, reading: &RecordedReading<'_>) -> Result<()> {
    let RecordedReading { request, settings, answers } = *reading;
    let answers = Answers { request: Request::of(request), batches: recording.batch, source: answers.answers() };
    write(folder, recording, (toml::Table::new(), settings), answers.files()?)
}

fn write(
    folder: &Path,
    recording: &Recording,
    (case, settings): (toml::Table, &BTreeMap<String, Setting>),
    mut files: Vec<(String, String)>,
) -> Result<()> {
    let file = |error: std::io::Error| Error::file(folder, &error);
    let around = folder.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(around).map_err(file)?;
    let mut draft = tempfile::Builder::new();
    let draft = draft.prefix(".draft-").permissions(fs::Permissions::from_mode(PRIVATE_FOLDER));
    let draft = draft.tempdir_in(around).map_err(file)?;
    let origin = serde_json::to_string_pretty(recording).map_err(Error::new)?;
    files.push((CASE.to_owned(), case_text(recording, case, settings)?));
    files.push((RECORDING.to_owned(), origin + "\n"));
    for (name, text) in files {
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(PRIVATE_FILE).open(draft.path().join(name));
        made.and_then(|mut made| made.write_all(text.as_bytes())).map_err(file)?;
    }
    fs::rename(draft.path(), folder).map_err(file)?;
    // Its folder has another name now.
    let _ = draft.keep();
    Ok(())
}

/// The case of a recording. The failure that it expects is the author's to add: the plugin is to be mended.
fn case_text(recording: &Recording, mut case: toml::Table, settings: &BTreeMap<String, Setting>) -> Result<String> {
    let Recording { run_id, stream, plugin, batch, failure, .. } = recording;
    let word = if failure.is_some() { "failed on" } else { "was given" };
    let summary = format!("{plugin} {word} batch {batch} of the stream {stream} in the run {run_id}.");
    case.insert("summary".to_owned(), summary.into());
    let value = |setting: &Setting| match setting {
        Setting::Text(text) => toml::Value::from(text.clone()),
        Setting::Integer(number) => toml::Value::from(*number),
        Setting::Number(number) => toml::Value::from(*number),
        Setting::Flag(flag) => toml::Value::from(*flag),
        Setting::Texts(texts) => toml::Value::from(texts.clone()),
    };
    let settings: toml::Table = settings.iter().map(|(name, setting)| (name.clone(), value(setting))).collect();
    case.insert("settings".to_owned(), settings.into());
    toml::to_string(&case).map_err(Error::new)
}

/// Returns the folders of the recordings in a folder, in order; none if there is no such folder.
pub fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(|path| path.join(RECORDING).is_file()).collect();
    found.sort();
    found
}

/// Reads the origin of a recording.
pub fn read_recording(folder: &Path) -> Result<Recording> {
    let path = folder.join(RECORDING);
    let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
    serde_json::from_str(&text).map_err(|error| Error::mistakes(&path, vec![error.to_string()]))
}

/// Reads all of a recording, and returns its origin.
pub fn recorded(folder: &Path) -> Result<Recording> {
    let recording = read_recording(folder)?;
    let case = Case::read(folder, recording.stream.clone())?;
    match Answers::read(folder)? {
        Some(answers) => answers.check(folder)?,
        None => drop(input(&case)?),
    }
    Ok(recording)
}

/// Runs a component over a recording as the run did: a transform over its rows, in one batch, an extractor with its answers.
pub fn replay(folder: &Path, plugin: &Plugin, limits: &Limits) -> Result<Replayed> {
    let recording = read_recording(folder)?;
    let case = Case::read(folder, recording.stream.clone())?;
    let outcome = match (plugin.world, Answers::read(folder)?) {
        (World::Extractor, Some(answers)) => {
            let read = answered::read(&case, answers, plugin, limits)?;
            read.map(|read| (read.count(), read.rejected.len() as u64)).map_err(|failure| failure.to_string())
        }
        _ => {
            let (run, input) = prepared(&case, plugin, limits)?;
            run.run(&input, 0).map(|made| (made.rows.num_rows() as u64, made.rejected.len() as u64))
        }
    };
    let digest = format!("blake3:{}", plugin.digest);
    Ok(Replayed { recording, folder: folder.to_owned(), digest, outcome })
}

/// Copies a recording into a new folder as a case of the plugin's own.
pub fn copy_as_case(recording: &Path, to: &Path) -> Result<()> {
    let file = |error: std::io::Error| Error::file(to, &error);
    if to.symlink_metadata().is_ok() {
        return Err(Error::new(format_args!("{}: it exists already; name a new folder", to.display())));
    }
    fs::create_dir_all(to).map_err(file)?;
    let names = fs::read_dir(recording).map_err(|error| Error::file(recording, &error))?;
    for name in names.flatten().map(|entry| entry.file_name()).filter(|name| name != RECORDING) {
        fs::copy(recording.join(&name), to.join(&name)).map_err(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Decimal128Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn what_is_recorded_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("recordings/run/orders");
        let price = Decimal128Array::from(vec![Some(1), None]).with_precision_and_scale(10, 2).unwrap();
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(Int64Array::from(vec![1, 2]))),
            ("name", Arc::new(StringArray::from(vec![Some("a, \"b\"\nc"), Some("")]))),
            ("price", Arc::new(price)),
        ];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let settings = BTreeMap::from([
            ("list".to_owned(), Setting::Texts(vec!["x".to_owned()])),
            ("share".to_owned(), Setting::Number(0.5)),
        ]);
        let recording = Recording {
            run_id: "run".to_owned(),
            stream: "orders".to_owned(),
            plugin: "trim".to_owned(),
            name: "trim".to_owned(),
            version: "1.0.0".to_owned(),
            digest: "blake3:0".to_owned(),
            component: "trim.wasm".to_owned(),
            batch: 3,
            rows: 2,
            failure: Some("it trapped".to_owned()),
        };
        let call = RecordedCall {
            key: &["id".to_owned()],
            change_key: None,
            on_trap: OnTrap::Retry,
            settings: &settings,
            rows: &rows,
        };
        record(&to, &recording, &call).unwrap();
        assert_eq!(to.metadata().unwrap().permissions().mode() & 0o077, 0);
        assert_eq!(to.join("input.csv").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(recordings(to.parent().unwrap()), std::slice::from_ref(&to));
        assert_eq!(read_recording(&to).unwrap(), recording);
        let case = Case::read(&to, "orders".to_owned()).unwrap();
        assert_eq!((case.file.key, case.file.on_trap.as_deref()), (vec!["id".to_owned()], Some("retry")));
        assert_eq!(case.file.settings["share"].as_float(), Some(0.5));
        assert_eq!(rows::read(&to.join("input.csv")).unwrap().columns(), rows.columns());
        assert!(record(&to, &recording, &call).is_err(), "a recording is never replaced");
        let own = folder.path().join("cases/own");
        copy_as_case(&to, &own).unwrap();
        assert!(Case::read(&own, "own".to_owned()).is_ok() && copy_as_case(&to, &own).is_err());
    }
}

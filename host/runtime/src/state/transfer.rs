//! Moving checkpoints from one place to another: all of a pipeline's streams as one JSON file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use wmshost_flow::{
    Action, Bookmark, Checkpoint, Definition, DefinitionChange, Failure, Ledger, LoadMode, Micros, Value,
    bookmark_from_json, bookmark_to_json, timestamp_from_text,
};
use wmshost_pipeline::{Resolved, StreamPlan};

use super::change::{append, other_definition};
use crate::assembly::connect;
use crate::error::Result;
use crate::runtime::Runtime;

/// The format of an export. A host reads this one and older ones.
const FORMAT: u64 = 1;

/// The checkpoints of a pipeline's streams, as `wmshost state export` writes them and `import` reads them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StateExport {
    /// The format of the export.
    pub wmshost_state: u64,
    /// The pipeline's name.
    pub pipeline: String,
    /// The streams that have a checkpoint.
    pub streams: Vec<ExportedStream>,
}

/// The checkpoint of a stream in an export.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExportedStream {
    /// The stream's name.
    pub stream: String,
    /// The positions of the bookmark, with their types.
    pub bookmark: Json,
    /// The load mode: `merge`, `append` or `replace`.
    pub mode: String,
    /// False if the load that made it was interrupted.
    pub complete: bool,
    /// The version of the source that was read, if the source has one.
    pub source_version: Option<String>,
    /// The definition that the checkpoint rests on; null if it is unknown.
    #[serde(deserialize_with = "required")]
    pub definition: Option<Json>,
    /// The state that the stream's plugins keep: bytes by key.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The run that made it.
    pub run_id: String,
    /// The number of the load batch that made it.
    pub batch: u64,
    /// The time when it was committed, UTC.
    pub committed_at: String,
}

/// Reads a value that may be null but must be there.
fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(from)
}

impl StateExport {
    /// Reads the checkpoints of these streams, or of all if none is named.
    pub fn read(pipeline: &Resolved, streams: &[String]) -> Result<Self> {
        let mut exported = Vec::new();
        for plan in pipeline.select(streams)? {
            let Some(mut reader) = connect::stream_reader(pipeline, plan)? else { continue };
            let found = Ledger { pipeline: &pipeline.name }.checkpoint(reader.as_mut(), &plan.name)?;
            exported.extend(found.map(|checkpoint| ExportedStream::of(&plan.name, checkpoint)));
        }
        Ok(Self { wmshost_state: FORMAT, pipeline: pipeline.name.clone(), streams: exported })
    }

    /// The bookmarks of another tool's streams, from which a pipeline is to go on.
    pub fn of_bookmarks(pipeline: &str, bookmarks: Vec<(String, Bookmark)>, now: Micros) -> Self {
        let checkpoint = |bookmark| Checkpoint {
            bookmark,
            mode: LoadMode::Merge,
            complete: true,
            source_version: None,
            definition: None,
            state: BTreeMap::new(),
            run_id: String::new(),
            batch: 0,
            committed_at: now,
        };
        let streams = bookmarks.into_iter().map(|(stream, bookmark)| ExportedStream::of(&stream, checkpoint(bookmark)));
        Self { wmshost_state: FORMAT, pipeline: pipeline.to_owned(), streams: streams.collect() }
    }

    /// The export as the text of a file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{:#}\n", serde_json::to_value(self)?))
    }

    /// Writes the export to a file.
    pub fn write(&self, file: &Path) -> Result<()> {
        let refused = |error: String| {
            Failure::invalid_config(format!("{}: the export cannot be written: {error}", file.display()))
        };
        let text = self.text().map_err(|error| refused(error.to_string()))?;
        fs::write(file, text).map_err(|error| refused(error.to_string()))?;
        Ok(())
    }
}

impl ExportedStream {
    fn of(stream: &str, checkpoint: Checkpoint) -> Self {
        Self {
            stream: stream.to_owned(),
            bookmark: bookmark_to_json(&checkpoint.bookmark),
            mode: checkpoint.mode.name().to_owned(),
            complete: checkpoint.complete,
            source_version: checkpoint.source_version,
            definition: checkpoint.definition.as_ref().map(Definition::to_json),
            state: checkpoint.state.into_iter().collect(),
            run_id: checkpoint.run_id,
            batch: checkpoint.batch,
            committed_at: Value::Timestamp(checkpoint.committed_at).to_string(),
        }
    }

    /// The stream's name and checkpoint in this JSON; `None` if it is damaged.
    fn read(json: &Json) -> Option<(String, Checkpoint)> {
        let stream: Self = serde_json::from_value(json.clone()).ok()?;
        let checkpoint = Checkpoint {
            bookmark: bookmark_from_json(&stream.bookmark)?,
            mode: LoadMode::named(&stream.mode)?,
            complete: stream.complete,
            source_version: stream.source_version,
            definition: match &stream.definition {
                None => None,
                Some(definition) => Some(Definition::from_json(definition)?),
            },
            state: stream.state.into_iter().collect(),
            run_id: stream.run_id,
            batch: stream.batch,
            committed_at: timestamp_from_text(&stream.committed_at)?,
        };
        Some((stream.stream, checkpoint))
    }
}

/// Checkpoints that are to be imported into a pipeline.
pub struct Import {
    pipeline: Resolved,
    streams: Vec<(StreamPlan, Checkpoint)>,
    note: String,
}

impl Import {
    /// Reads an export for the pipeline in a file. Nothing is changed.
    pub fn prepare(runtime: &Runtime, pipeline_file: &Path, file: &Path) -> Result<Self> {
        let pipeline = runtime.resolved(pipeline_file)?;
        let found = read_export(file, &pipeline.name)?;
        let names: Vec<String> = found.iter().map(|(stream, _)| stream.clone()).collect();
        // No name would select all streams.
        let plans = if names.is_empty() { Vec::new() } else { pipeline.select(&names)? };
        let checkpoint = |plan: &StreamPlan| {
            let found = found.iter().find(|(stream, _)| *stream == plan.name);
            found.map(|(_, checkpoint)| (plan.clone(), checkpoint.clone()))
        };
        let streams = plans.into_iter().filter_map(checkpoint).collect();
        Ok(Self { pipeline, streams, note: format!("from {}", file.display()) })
    }

    /// The names of the streams.
    pub fn names(&self) -> Vec<&str> {
        self.streams.iter().map(|(plan, _)| plan.name.as_str()).collect()
    }

    /// The streams whose checkpoint has another definition than the present one, with the differences.
    pub fn other_definitions(&self, runtime: &Runtime) -> Vec<(&str, Vec<DefinitionChange>)> {
        let changes =
            |(plan, checkpoint): &(StreamPlan, Checkpoint)| other_definition(runtime, &self.pipeline, plan, checkpoint);
        self.streams.iter().map(|stream| (stream.0.name.as_str(), changes(stream))).collect()
    }

    /// Adds the checkpoints to the histories of the streams.
    pub fn apply(&self, runtime: &Runtime) -> Result<()> {
        for (plan, checkpoint) in &self.streams {
            append(runtime, &self.pipeline, plan, Action::Import, &self.note, Some(checkpoint))?;
        }
        Ok(())
    }
}

/// Reads the streams in an export of this pipeline, each with its checkpoint.
pub fn read_export(file: &Path, pipeline: &str) -> Result<Vec<(String, Checkpoint)>, Failure> {
    let place = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::invalid_config(format!("{place}: the export cannot be read: {error}")))?;
    let foreign = |why: &str| {
        Failure::invalid_config(format!("{place}: {why}"))
            .advise("give a file that `wmshost state export` wrote; nothing was changed")
    };
    let json: Json = serde_json::from_str(&text).map_err(|error| foreign(&format!("this is not JSON ({error})")))?;
    match json.get("wmshost_state").and_then(Json::as_u64) {
        None => return Err(foreign("this is not an exported state")),
        Some(format) if format > FORMAT => {
            return Err(foreign(&format!("its format is {format}, this host knows formats up to {FORMAT}")));
        }
        Some(_) => {}
    }
    let of = json.get("pipeline").and_then(Json::as_str).unwrap_or_default();
    if of != pipeline {
        return Err(foreign(&format!("it is the state of the pipeline {of:?}, not of {pipeline:?}")));
    }
    let streams = json.get("streams").and_then(Json::as_array).ok_or_else(|| foreign("it has no streams"))?;
    let read = |json: &Json| ExportedStream::read(json).ok_or_else(|| foreign("one of its streams is damaged"));
    streams.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use wmshost_flow::Position;

    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            bookmark: Bookmark(vec![Position { name: "id".into(), value: Value::Int64(7) }]),
            mode: LoadMode::Merge,
            complete: true,
            source_version: None,
            definition: None,
            state: [("seen".to_owned(), vec![0, 255])].into(),
            run_id: "20260131-060000-1f2e".into(),
            batch: 3,
            committed_at: 1_796_000_000_000_001,
        }
    }

    #[test]
    fn a_checkpoint_survives_the_way_through_a_file() {
        let written = serde_json::to_value(ExportedStream::of("allocation", checkpoint())).unwrap();
        let (stream, read) = ExportedStream::read(&written).unwrap();
        assert_eq!((stream.as_str(), format!("{read:?}")), ("allocation", format!("{:?}", checkpoint())));
    }

    #[test]
    fn a_stream_without_one_of_its_keys_is_damaged() {
        let written = serde_json::to_value(ExportedStream::of("allocation", checkpoint())).unwrap();
        for key in written.as_object().unwrap().keys().filter(|key| *key != "source_version") {
            let mut damaged = written.clone();
            damaged.as_object_mut().unwrap().remove(key);
            assert!(ExportedStream::read(&damaged).is_none(), "{key}");
        }
    }
}

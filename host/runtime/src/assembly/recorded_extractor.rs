//! An extractor whose reading is recorded with the answers of its source, if it fails or belongs to a sample. The answers are as
//! the extractor gets them, masked columns masked. Nothing is written while it reads, and what is kept in memory is shared with
//! the run; a reading that has no room is cut after its last whole batch.

use std::path::PathBuf;

use wmshost_flow::{ExtractRequest, Extractor, Failure, FailureKind, Opened, Step};
use wmshost_pipeline::{ConfiguredPlugin, Record};
use wmshost_plugin_kit::{RecordedReading, Recording, Transcript, record_reading};
use wmshost_sandbox::{Granted, GrantedSource};

use super::recorded_transform::{MOST_BYTES, folder, is_sampled, origin};

/// The place of the recording of a reading.
struct Recorder {
    stage: ConfiguredPlugin,
    stream: String,
    run_id: String,
    folder: PathBuf,
    /// True if it is recorded though nothing fails.
    is_sampled: bool,
    transcript: Transcript,
}

/// Makes the extractor of a stream, whose reading is recorded if the stream says so and it reads a database: the responses of
/// a web service have columns that the stream may not get.
pub(super) fn recorded_extractor(
    granted: Granted,
    make: impl FnOnce(Granted) -> Result<Box<dyn Extractor>, Failure>,
    (stage, stream): (&ConfiguredPlugin, &str),
    (record, run_id): (Record, &str),
) -> Result<Box<dyn Extractor>, Failure> {
    let share = match record {
        Record::Off => return make(granted),
        Record::Failures => 0.0,
        Record::Sample(share) => share,
    };
    let Granted::Database(source) = granted else { return make(granted) };
    let transcript = Transcript::new(MOST_BYTES);
    let source = GrantedSource { session: transcript.of_session(source.session), ..source };
    let extractor = make(Granted::Database(source))?;
    let recorder = Recorder {
        stage: stage.clone(),
        stream: stream.to_owned(),
        run_id: run_id.to_owned(),
        folder: folder(run_id, stream, stage),
        is_sampled: is_sampled(share, run_id, stream, 0),
        transcript,
    };
    Ok(Box::new(RecordedExtractor { recorder, extractor, request: None, batches: 0, rows: 0, is_over: false }))
}

/// The extractor, and what it has read.
struct RecordedExtractor {
    recorder: Recorder,
    extractor: Box<dyn Extractor>,
    request: Option<ExtractRequest>,
    /// The batches that it was asked for and whose answers are kept.
    batches: u64,
    rows: u64,
    /// True if nothing is recorded any more.
    is_over: bool,
}

impl RecordedExtractor {
    /// Records the reading until now, once.
    fn record(&mut self, failure: Option<&Failure>) {
        let Recorder { stage, stream, run_id, folder, transcript, .. } = &self.recorder;
        let plugin = &stage.plugin;
        let recording = Recording {
            batch: self.batches,
            rows: self.rows,
            failure: failure.map(ToString::to_string),
            ..origin(run_id, stream, stage)
        };
        // A run that is tried again reads the stream once more.
        if let Some(request) = self.request.as_ref().filter(|_| !folder.exists()) {
            let reading = RecordedReading { request, settings: &stage.settings, answers: transcript };
            match record_reading(folder, &recording, &reading) {
                Ok(()) => tracing::info!(stream, plugin, "its reading is recorded: {}", folder.display()),
                Err(error) => tracing::warn!(stream, plugin, "its reading is not recorded: {error}"),
            }
        }
        self.end();
    }

    fn end(&mut self) {
        self.recorder.transcript.forget();
        self.is_over = true;
    }

    /// Counts a batch whose answers are kept; where there was no room for them, the reading ends before it.
    fn count(&mut self, rows: usize) {
        if !self.recorder.transcript.is_full() {
            self.batches += 1;
            self.rows += rows as u64;
        } else if self.recorder.is_sampled && self.batches > 0 {
            self.record(None);
        } else {
            self.end();
        }
    }

    fn fail(&mut self, failure: &Failure) {
        if failure.kind == FailureKind::Cancelled {
            return;
        }
        if self.is_over || self.recorder.transcript.is_full() {
            let (stream, plugin) = (&self.recorder.stream, &self.recorder.stage.plugin);
            tracing::warn!(stream, plugin, "its reading is not recorded: more than {MOST_BYTES} bytes were read");
            return;
        }
        self.record(Some(failure));
    }
}

impl Extractor for RecordedExtractor {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        if self.request.replace(request.clone()).is_some() {
            // What it kept until now is of another reading.
            self.end();
        }
        let opened = self.extractor.open(request);
        if let Err(failure) = &opened {
            self.fail(failure);
        }
        opened
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        self.extractor.expected_rows()
    }

    fn next(&mut self) -> Result<Step, Failure> {
        let step = self.extractor.next();
        match &step {
            Ok(_) if self.is_over => {}
            Ok(Step::Chunk(chunk)) => self.count(chunk.batch.rows.num_rows()),
            Ok(Step::End(_)) => {
                self.count(0);
                if self.recorder.is_sampled && !self.is_over {
                    self.record(None);
                }
            }
            Err(failure) => {
                self.batches += 1;
                self.fail(failure);
            }
        }
        step
    }
}

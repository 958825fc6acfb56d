//! The events of `wmshost serve`, for its log.

use std::fmt;

use wmshost_flow::{Micros, Value};

use super::book::UnitKey;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub enum ServeEvent {
    /// A pipeline is served, with this number of schedules.
    Served {
        /// The pipeline's name.
        pipeline: String,
        /// Its file.
        file: String,
        /// The number of its schedules.
        schedules: usize,
    },
    /// A pipeline file has mistakes. What was served before goes on.
    Broken {
        /// The file.
        file: String,
        /// The mistakes.
        reason: String,
        /// True if the file was served before: its schedule stays as it was, and due runs wait.
        is_served: bool,
    },
    /// A run begins.
    Begins {
        /// The unit that is due.
        unit: UnitKey,
        /// The time at which it was due, UTC.
        due: Micros,
        /// The id of the run.
        run_id: String,
        /// True if the run had begun before, with a scheduler that is gone.
        is_adopted: bool,
    },
    /// A run waits.
    Waits {
        /// The unit that is due.
        unit: UnitKey,
        /// The reason.
        why: String,
    },
    /// A run has ended.
    Ended {
        /// The unit that was due.
        unit: UnitKey,
        /// The id of the run.
        run_id: String,
        /// Its exit code; `None` if it was killed.
        exit_code: Option<u8>,
        /// Its last words.
        note: Option<String>,
    },
    /// Another machine has run what was due.
    Elsewhere {
        /// The unit that was due.
        unit: UnitKey,
        /// The id of the run there.
        run_id: String,
    },
    /// A due time was left out.
    Skipped {
        /// The unit that was due.
        unit: UnitKey,
        /// The time at which it was due, UTC.
        due: Micros,
        /// The reason.
        why: String,
    },
    /// Nothing begins any more; runs that go on are waited for.
    Drains {
        /// The number of these runs.
        runs: usize,
    },
    /// The runs that go on are stopped.
    Stops,
    /// The book or a history cannot be used now. It is tried again.
    Failing {
        /// The reason.
        reason: String,
    },
}

impl ServeEvent {
    /// The name of the event for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Served { .. } => "served",
            Self::Broken { .. } => "broken",
            Self::Begins { .. } => "begins",
            Self::Waits { .. } => "waits",
            Self::Ended { .. } => "ended",
            Self::Elsewhere { .. } => "elsewhere",
            Self::Skipped { .. } => "skipped",
            Self::Drains { .. } => "drains",
            Self::Stops => "stops",
            Self::Failing { .. } => "failing",
        }
    }

    /// The pipeline that the event is about.
    pub fn pipeline(&self) -> Option<&str> {
        match self {
            Self::Served { pipeline, .. } => Some(pipeline),
            Self::Begins { unit, .. }
            | Self::Waits { unit, .. }
            | Self::Ended { unit, .. }
            | Self::Elsewhere { unit, .. }
            | Self::Skipped { unit, .. } => Some(&unit.pipeline),
            _ => None,
        }
    }

    /// True if a person may have to do something.
    pub fn is_bad(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Failing { .. } => true,
            Self::Ended { exit_code, .. } => *exit_code != Some(0),
            _ => false,
        }
    }
}

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pipeline, self.line)
    }
}

/// Returns a time to the second, as text.
pub fn second(time: Micros) -> String {
    Value::Timestamp(time).to_string().chars().take(19).collect()
}

impl fmt::Display for ServeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Served { pipeline, file, schedules: 0 } => {
                write!(f, "{pipeline}: {file} has no schedule; only commands run it")
            }
            Self::Served { pipeline, file, schedules } => {
                write!(f, "{pipeline}: {file} is served, schedules: {schedules}")
            }
            Self::Broken { reason, is_served: true, .. } => {
                write!(f, "{reason}\nits schedule stays as it was, and due runs wait until the file is mended")
            }
            Self::Broken { reason, file, .. } => write!(f, "{reason}\n{file} is not served; mend it and send SIGHUP"),
            Self::Begins { unit, due, run_id, is_adopted: false } => {
                write!(f, "{unit}: run {run_id} begins, due {} UTC", second(*due))
            }
            Self::Begins { unit, due, run_id, .. } => {
                write!(f, "{unit}: run {run_id}, due {} UTC, goes on since before", second(*due))
            }
            Self::Waits { unit, why } => write!(f, "{unit}: waits: {why}"),
            Self::Ended { unit, run_id, exit_code, note } => {
                match exit_code {
                    Some(0) => write!(f, "{unit}: run {run_id} succeeded")?,
                    Some(code) => write!(f, "{unit}: run {run_id} ended with exit code {code}")?,
                    None => write!(f, "{unit}: run {run_id} was lost")?,
                }
                note.as_ref().map_or(Ok(()), |note| write!(f, ": {note}"))
            }
            Self::Elsewhere { unit, run_id } => write!(f, "{unit}: another machine has done it by run {run_id}"),
            Self::Skipped { unit, due, why } => write!(f, "{unit}: the time {} UTC is skipped: {why}", second(*due)),
            Self::Drains { runs: 0 } => write!(f, "ends"),
            Self::Drains { runs } => write!(f, "nothing begins any more; waits for the runs that go on: {runs}"),
            Self::Stops => write!(f, "the runs that go on are stopped, and continue from their checkpoints later"),
            Self::Failing { reason } => write!(f, "{reason}; tries again"),
        }
    }
}

//! The folder for the host's own files.

use std::path::PathBuf;

use crate::environment::variable;

/// The folder for the host's own files: `WMSHOST_HOME`, or `.wmshost` in the current folder.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Finds the folder by the environment.
    pub fn find() -> Self {
        Self(variable("WMSHOST_HOME").map_or_else(|| PathBuf::from(".wmshost"), PathBuf::from))
    }

    /// Compiled plugins.
    pub fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// The folder in which refused logins are remembered.
    pub(crate) fn refused_logins(&self) -> PathBuf {
        self.0.join("refused-logins")
    }

    /// The history of runs.
    pub fn history(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The book of schedules.
    pub fn schedules(&self) -> PathBuf {
        self.0.join("schedules.db")
    }

    /// The folder for the artifacts of a pipeline's models.
    pub fn models(&self, pipeline: &str) -> PathBuf {
        self.0.join("models").join(pipeline)
    }

    /// The log of a run.
    pub fn log(&self, run_id: &str) -> PathBuf {
        self.0.join("logs").join(format!("{run_id}.jsonl"))
    }
}

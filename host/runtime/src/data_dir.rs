//! The folder for the host's own files.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use wmshost_sandbox::{Cache, Compiler};

use crate::environment::variable;

/// The folder for the host's own files: `WMSHOST_HOME`, or `.wmshost` in the current folder.
#[derive(Debug, Clone)]
pub struct DataDir {
    folder: PathBuf,
    compiler: Compiler,
}

impl DataDir {
    /// Finds the folder by the environment.
    pub fn find() -> Self {
        let folder = variable("WMSHOST_HOME").map_or_else(|| PathBuf::from(".wmshost"), PathBuf::from);
        Self { folder, compiler: Compiler::default() }
    }

    /// The same, whose plugins are compiled by another compiler.
    #[must_use]
    pub fn compiling_by(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// Compiled plugins, sealed by a key of the user's own: the folder may have come with a repository.
    pub fn plugins(&self) -> Cache {
        let own = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let own = own.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")));
        let key = own.filter(|folder| folder.is_absolute()).map(|folder| folder.join("wmshost/plugins.key"));
        // Without a home, a folder that WMSHOST_HOME names is the operator's own.
        let key = key.or_else(|| self.folder.is_absolute().then(|| self.folder.join("plugins.key")));
        Cache { folder: self.folder.join("plugins"), key, compiler: self.compiler.clone() }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder if it is not there, as a private one.
    pub(crate) fn make(&self) -> io::Result<()> {
        Self::make_private(&self.folder)
    }

    /// Makes a folder, and those above it, for their owner alone if they are not there: logs and rows in them are not for
    /// others. Whatever comes first in the host's own folder makes it in this way.
    pub fn make_private(folder: &Path) -> io::Result<()> {
        const PRIVATE: u32 = 0o700;
        DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)
    }

    /// The folder in which refused logins are remembered.
    pub(crate) fn refused_logins(&self) -> PathBuf {
        self.folder.join("refused-logins")
    }

    /// The folder of the measurements of web services.
    pub(crate) fn measurements(&self) -> PathBuf {
        self.folder.join("measurements")
    }

    /// The history of runs.
    pub fn history(&self) -> PathBuf {
        self.folder.join("state.db")
    }

    /// The book of schedules.
    pub fn schedules(&self) -> PathBuf {
        self.folder.join("schedules.db")
    }

    /// The incidents and the outbox of alerts.
    pub(crate) fn alerts(&self) -> PathBuf {
        self.folder.join("alerts.db")
    }

    /// The folder for the artifacts of a pipeline's models.
    pub fn models(&self, pipeline: &str) -> PathBuf {
        self.folder.join("models").join(pipeline)
    }

    /// The folder of the receipts of all pipelines.
    pub(crate) fn all_receipts(&self) -> PathBuf {
        self.folder.join("receipts")
    }

    /// The folder of a pipeline's receipts.
    pub(crate) fn receipts(&self, pipeline: &str) -> PathBuf {
        self.all_receipts().join(pipeline)
    }

    /// The folder of the logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The folder of the recordings of all runs.
    pub(crate) fn all_recordings(&self) -> PathBuf {
        self.folder.join("recordings")
    }

    /// The folder of the recordings of a run.
    pub fn recordings(&self, run_id: &str) -> PathBuf {
        self.all_recordings().join(run_id)
    }

    /// The log of a run.
    pub fn log(&self, run_id: &str) -> PathBuf {
        self.logs().join(format!("{run_id}.jsonl"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::history::History;
    use crate::serve::Book;

    #[test]
    fn whatever_comes_first_makes_the_folder_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let homes = ["history", "book", "log"].map(|name| folder.path().join(name));
        History::open(&homes[0].join("state.db")).unwrap();
        Book::open(&homes[1].join("schedules.db")).unwrap();
        DataDir::make_private(&homes[2].join("logs")).unwrap();
        for home in homes {
            assert_eq!(home.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", home.display());
        }
    }
}

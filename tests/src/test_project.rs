//! A folder with a pipeline, a source and a target, and running the program on them.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rusqlite::Connection;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::built::{plugin, program, root};

/// A folder of its own, removed at the end.
pub struct TestProject {
    folder: TempDir,
    pipeline: PathBuf,
    variables: Vec<(String, String)>,
}

impl TestProject {
    /// The shipped development pipeline, without its models, over a sample warehouse of this many allocations.
    pub fn sample(allocations: u64, seed: u64) -> Self {
        let mut project = Self::new(PathBuf::new());
        project.pipeline = project.folder.path().join("pipeline.toml");
        let shipped = root().join("pipelines/dev.toml");
        let text = format!("extends = {shipped:?}\n[models]\nafter_load = false\n");
        std::fs::write(&project.pipeline, text).expect("a pipeline file");
        let (count, seed) = (allocations.to_string(), seed.to_string());
        let file = project.source_path();
        project
            .plain(&["sample", "create", &file.to_string_lossy(), "--allocations", &count, "--seed", &seed])
            .succeeded();
        project
    }

    /// A pipeline of one stream, `s`, over a source that these statements create. `stream` is the text after
    /// `[streams.s]`; the stream has no transform if the text names none.
    pub fn with_stream(source: &str, stream: &str) -> Self {
        let mut project = Self::new(PathBuf::new());
        project.pipeline = project.folder.path().join("pipeline.toml");
        project.write_stream(stream);
        project.source().execute_batch(source).expect("valid statements");
        project
    }

    /// A pipeline of its own over a source that these statements make.
    pub fn with_pipeline(source: &str, text: impl FnOnce(&Self) -> String) -> Self {
        let mut project = Self::new(PathBuf::new());
        project.pipeline = project.path("pipeline.toml");
        std::fs::write(&project.pipeline, text(&project)).expect("a pipeline file");
        project.source().execute_batch(source).expect("valid statements");
        project
    }

    fn new(pipeline: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut project = Self { folder, pipeline, variables: Vec::new() };
        for (name, file) in [("WMS_SQLITE", "wms.db"), ("TARGET_SQLITE", "analytics.db"), ("WMSHOST_HOME", "home")] {
            let path = project.folder.path().join(file).to_string_lossy().into_owned();
            project.variables.push((name.to_owned(), path));
        }
        // Compiling a plugin takes long compared with everything else; cached artefacts are verified before they are
        // used.
        let kept = root().join("target/tests-plugins");
        let _ = std::fs::create_dir_all(&kept);
        let home = project.folder.path().join("home");
        std::fs::create_dir_all(&home).expect("a folder");
        std::os::unix::fs::symlink(kept, home.join("plugins")).expect("a link");
        project
    }

    /// Writes the pipeline file of a project with one stream.
    pub fn write_stream(&self, stream: &str) {
        let plugins = [
            ("wms-tables", "wmshost-extractor-wms-tables"),
            ("allocation", "wmshost-transform-allocation"),
            ("hostile", "hostile-transform"),
            ("table", "wmshost-loader-table"),
        ];
        let plugins: String =
            plugins.iter().map(|(label, name)| format!("{label}.path = {:?}\n", plugin(name))).collect();
        let (source, target) = (self.source_path(), self.target_path());
        let text = format!(
            "name = \"lab\"\n[plugins]\n{plugins}\
             [connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
             [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
             [run]\nextract_batch_rows = {{ env = \"WMS_BATCH_SIZE\", default = 100 }}\n\
             load_batch_rows = {{ env = \"TARGET_BATCH_SIZE\", default = 200 }}\nretries = 0\n\
             [streams.s]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\n{stream}\n"
        );
        std::fs::write(&self.pipeline, text).expect("a pipeline file");
    }

    /// Sets a variable for later runs.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The pipeline file.
    pub fn pipeline(&self) -> String {
        self.pipeline.to_string_lossy().into_owned()
    }

    /// The program, for a test that runs it by itself.
    pub fn program(&self) -> PathBuf {
        program()
    }

    /// The variables that a run gets.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The source's file.
    pub fn source_path(&self) -> PathBuf {
        self.path("wms.db")
    }

    /// The target's file.
    pub fn target_path(&self) -> PathBuf {
        self.path("analytics.db")
    }

    /// The source, which a test may change.
    pub fn source(&self) -> Connection {
        Connection::open(self.source_path()).expect("the source")
    }

    /// The target.
    pub fn target(&self) -> Connection {
        Connection::open(self.target_path()).expect("the target")
    }

    /// Changes the source.
    pub fn change(&self, statements: &str) {
        self.source().execute_batch(statements).expect("valid statements");
    }

    /// One number out of the target.
    pub fn number(&self, query: &str) -> i64 {
        self.target().query_row(query, [], |row| row.get(0)).expect("a number")
    }

    /// The rows of a query on the target, as text.
    pub fn rows(&self, query: &str) -> Vec<String> {
        rows_of(&self.target(), query)
    }

    /// A command that needs no pipeline.
    pub fn plain(&self, arguments: &[&str]) -> CommandOutput {
        CommandOutput(self.command(arguments).output().expect("the program runs"))
    }

    /// A command of the program with the pipeline file after its first words: `run`, or `state list`.
    pub fn wmshost(&self, words: &str, rest: &[&str]) -> CommandOutput {
        self.plain(&self.arguments(words, rest).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn arguments(&self, words: &str, rest: &[&str]) -> Vec<String> {
        let pipeline = self.pipeline();
        words.split(' ').chain([pipeline.as_str()]).chain(rest.iter().copied()).map(str::to_owned).collect()
    }

    /// A complete run, as JSON.
    pub fn run(&self) -> Json {
        self.wmshost("run", &["--output", "json"]).succeeded().json()
    }

    /// The only stream, or the one of this name, of a complete run.
    pub fn run_stream(&self, stream: &str) -> Json {
        stream_of(&self.run(), stream)
    }

    /// A run that was started and not waited for.
    pub fn begin_run(&self) -> Child {
        let arguments = self.arguments("run", &[]);
        let mut command = self.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env_remove("RUST_BACKTRACE").env_remove("WMSHOST_PLUGINS");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A stream of a run's JSON.
fn stream_of(run: &Json, stream: &str) -> Json {
    let streams = run["streams"].as_array().expect("streams");
    streams.iter().find(|found| found["stream"] == stream).expect("the stream").clone()
}

/// The rows of a query, as text.
fn rows_of(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect("a query");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|at| {
            Ok(match row.get::<_, rusqlite::types::Value>(at)? {
                rusqlite::types::Value::Null => "NULL".to_owned(),
                rusqlite::types::Value::Integer(value) => value.to_string(),
                rusqlite::types::Value::Real(value) => format!("{value:?}"),
                rusqlite::types::Value::Text(value) => value,
                rusqlite::types::Value::Blob(value) => format!("{value:02x?}"),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    rows.expect("rows").collect::<rusqlite::Result<_>>().expect("rows")
}

/// The result of a command.
pub struct CommandOutput(Output);

impl CommandOutput {
    /// The exit code; `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// Its standard output.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Its standard error.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Asserts that it succeeded.
    pub fn succeeded(self) -> Self {
        self.ended(0)
    }

    /// Asserts its exit code, and that it did not panic.
    pub fn ended(self, code: i32) -> Self {
        let (out, err) = (self.out(), self.err());
        assert_eq!(self.code(), Some(code), "standard output:\n{out}\nstandard error:\n{err}");
        let host_panics = err.lines().any(|line| line.starts_with("thread '"));
        assert!(!host_panics && !err.contains("stack backtrace"), "{err}");
        self
    }

    /// Asserts that its standard error contains these words.
    pub fn says(self, words: &[&str]) -> Self {
        let err = self.err();
        for word in words {
            assert!(err.contains(word), "{word:?} is not in:\n{err}");
        }
        self
    }

    /// Its standard output as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out()).unwrap_or_else(|error| panic!("{error}: {}", self.out()))
    }
}

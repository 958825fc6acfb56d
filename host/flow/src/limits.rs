//! The limits of a plugin: of compiling its component, of an instance of that, and of the SQL that it writes. The sandbox and the drivers
//! enforce them, and a hostile guest in the tests tries to exceed each.

use std::time::Duration;

/// The limits of one plugin instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most linear memory, in bytes.
    pub memory_bytes: usize,
    /// The most core modules in one instance of a component, and likewise the most tables of theirs.
    pub core_instances: usize,
    /// The most elements of all tables of one instance together.
    pub table_elements: usize,
    /// The longest time that one call may compute, not counting the work of databases and web services for it.
    pub call_time: Duration,
    /// The longest time that databases and web services may work for one call.
    pub wait_time: Duration,
    /// The most bytes that the columns of one batch may take; the rows that were taken out of it may take as many
    /// again.
    pub batch_bytes: usize,
    /// The most columns of a batch or a table.
    pub batch_columns: usize,
    /// The most batches that may be open at once.
    pub batches: usize,
    /// The most responses of a web service that may be open at once, each with its body.
    pub responses: usize,
    /// The most batches without a row that an extractor may return one after the other.
    pub empty_batches: u32,
    /// The most handles (batches, cursors, connections) that may be open at once.
    pub handles: usize,
    /// The most messages and printed lines that a plugin may put into the log for one stream, in all instances
    /// together; further ones are counted and left out.
    pub log_messages: u64,
    /// The most bytes of them, likewise.
    pub log_bytes: u64,
    /// The longest message, in bytes; longer ones are cut.
    pub message_bytes: usize,
    /// The most bytes that are kept of a call's standard output, and of its standard error.
    pub output_bytes: usize,
    /// The most bytes that one call of the host may copy out of the plugin.
    pub copied_bytes: usize,
    /// The most models that one plugin may declare.
    pub declared_models: usize,
    /// The most entries of all lists of one declaration: columns, tests, values of fixtures.
    pub declared_parts: usize,
    /// The most bytes of all texts of one declaration.
    pub declared_bytes: usize,
    /// The longest SQL of one model or test, in bytes.
    pub statement_bytes: usize,
    /// The longest time that SQLite computes for a statement of a plugin: a query until its first row, and between two
    /// batches.
    pub statement_time: Duration,
    /// The most bytes of SQLite's temporary files, of all statements of the process together.
    pub temp_bytes: u64,
    /// The limits of all calls together.
    pub total: TotalLimits,
    /// The limits of compiling the component.
    pub compile: CompileLimits,
}

/// The limits of the time of all calls of a plugin in one run, in all instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalLimits {
    /// The longest computing time for one stream.
    pub stream: Duration,
    /// The longest time that databases and web services may work for one stream.
    pub stream_wait: Duration,
    /// The longest computing time for all streams.
    pub run: Duration,
    /// The longest computing time of a row on average, besides the time of one call.
    pub row: Duration,
}

impl Default for TotalLimits {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            stream: Duration::from_secs(12 * HOUR),
            stream_wait: Duration::from_secs(7 * 24 * HOUR),
            run: Duration::from_secs(24 * HOUR),
            row: Duration::from_millis(100),
        }
    }
}

/// The limits of compiling a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompileLimits {
    /// The most memory, in bytes.
    pub bytes: u64,
    /// The longest computing time, of all processors together.
    pub cpu: Duration,
    /// The longest time by the clock.
    pub time: Duration,
    /// The largest body of a function, in bytes.
    pub function_bytes: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            bytes: 2 << 30,
            cpu: Duration::from_secs(300),
            time: Duration::from_secs(600),
            function_bytes: 512 << 10,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            core_instances: 64,
            table_elements: 100_000,
            call_time: Duration::from_secs(30),
            wait_time: Duration::from_secs(3_600),
            batch_bytes: 64 << 20,
            batch_columns: 1_000,
            batches: 4,
            responses: 2,
            empty_batches: 1_000,
            handles: 64,
            log_messages: 10_000,
            log_bytes: 8 << 20,
            message_bytes: 4 << 10,
            output_bytes: 64 << 10,
            copied_bytes: 64 << 20,
            declared_models: 1_000,
            declared_parts: 100_000,
            declared_bytes: 8 << 20,
            statement_bytes: 256 << 10,
            statement_time: Duration::from_secs(1_800),
            temp_bytes: 16 << 30,
            total: TotalLimits::default(),
            compile: CompileLimits::default(),
        }
    }
}

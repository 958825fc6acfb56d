//! The options of a pipeline's runs, and the limits of its plugins.

use std::time::Duration;

use crate::key_type::Key;
use crate::keys::{limits, run};
use crate::section_reader::SectionReader;

/// The options of a pipeline's runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The largest number of rows in one batch from an extractor.
    pub extract_batch_rows: usize,
    /// The number of rows after which the target commits.
    pub load_batch_rows: usize,
    /// The number of streams that run at once.
    pub concurrency: usize,
    /// The number of batches that may wait between two stages of a stream.
    pub queue_batches: usize,
    /// The number of times that a stream is retried after a temporary failure.
    pub retries: u64,
}

/// The limits of one plugin instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// The time limit of one call.
    pub call_timeout: Duration,
    /// The largest number of bytes of columns in one batch.
    pub batch_bytes: usize,
    /// The number of log messages that are kept.
    pub log_messages: usize,
    /// The number of core modules that one component may consist of, and likewise of their tables.
    pub core_instances: usize,
    /// The number of elements of all tables of one instance together.
    pub table_elements: usize,
}

/// Reads the options of runs.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> RunOptions {
    RunOptions {
        extract_batch_rows: size(scope, &run::EXTRACT_BATCH_ROWS),
        load_batch_rows: size(scope, &run::LOAD_BATCH_ROWS),
        concurrency: size(scope, &run::CONCURRENCY),
        queue_batches: size(scope, &run::QUEUE_BATCHES),
        retries: scope.count(&run::RETRIES).unwrap_or_default(),
    }
}

/// Reads the limits of plugins.
pub(crate) fn read_limits(scope: &mut SectionReader<'_>) -> Limits {
    Limits {
        memory_bytes: size(scope, &limits::MEMORY_MIB) << 20,
        call_timeout: scope.span(&limits::CALL_TIMEOUT).unwrap_or_default(),
        batch_bytes: size(scope, &limits::BATCH_MIB) << 20,
        log_messages: size(scope, &limits::LOG_MESSAGES),
        core_instances: size(scope, &limits::CORE_INSTANCES),
        table_elements: size(scope, &limits::TABLE_ELEMENTS),
    }
}

/// Reads a number of things in memory.
fn size(scope: &mut SectionReader<'_>, key: &Key) -> usize {
    scope.count(key).and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

//! The options of a pipeline's runs.

use std::path::PathBuf;

use crate::key_type::Key;
use crate::keys::run;
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
    /// True if every run leaves a receipt.
    pub receipts: bool,
    /// The file of the secret key that signs receipts; `None` if they are not signed.
    pub receipt_key: Option<PathBuf>,
}

/// Reads the options of runs.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> RunOptions {
    RunOptions {
        extract_batch_rows: size(scope, &run::EXTRACT_BATCH_ROWS),
        load_batch_rows: size(scope, &run::LOAD_BATCH_ROWS),
        concurrency: size(scope, &run::CONCURRENCY),
        queue_batches: size(scope, &run::QUEUE_BATCHES),
        retries: scope.count(&run::RETRIES).unwrap_or_default(),
        receipts: scope.flag(&run::RECEIPTS).unwrap_or_default(),
        receipt_key: scope.path(&run::RECEIPT_KEY),
    }
}

/// Reads a number of things in memory.
fn size(scope: &mut SectionReader<'_>, key: &Key) -> usize {
    scope.count(key).and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

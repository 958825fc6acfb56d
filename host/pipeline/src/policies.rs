//! The choices that only runs and alerts have; the policies of a stream are the flow's own types.

use wmshost_flow::choice;

choice!(
    /// The way in which rows are found that commit with a change key older than the lookback.
    LateRows {
        /// They are not searched for.
        Lookback = "lookback",
        /// Source and target are compared, and the rows that differ are loaded.
        Reconcile = "reconcile",
    }
);

/// The batches and readings that a run keeps of its transforms and extractors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Record {
    /// Nothing.
    Off,
    /// The first batch on which each transform fails, and the reading on which the extractor fails.
    Failures,
    /// Those, and this share of all batches and readings: more than 0, and at most 1.
    Sample(f64),
}

impl Record {
    /// The values that are words.
    pub(crate) const WORDS: &'static [(&'static str, Self)] = &[("off", Self::Off), ("failures", Self::Failures)];
    /// The key of a share.
    pub(crate) const SAMPLE: &'static str = "sample";
}

choice!(
    /// The policy for a due time at which no run could begin: the scheduler was not there or was paused, or the run
    /// before had not ended.
    Misfire {
        /// One run begins as soon as it can, however many times were missed.
        Once = "once",
        /// The next due time is waited for.
        Skip = "skip",
    }
);

choice!(
    /// The way in which a connection to a mail server is encrypted.
    MailTls {
        /// It begins in the clear, and the server has to take STARTTLS.
        Starttls = "starttls",
        /// From its first byte.
        Tls = "tls",
        /// Not at all.
        None = "none",
    }
);

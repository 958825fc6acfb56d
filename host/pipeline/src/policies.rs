//! The choices of a stream's policies, with their words in pipeline files.

/// Defines a choice, with the words for its values in a pipeline file.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $value,)*
        }

        impl $name {
            pub(crate) const WORDS: &[(&str, Self)] = &[$(($word, Self::$value),)*];

            /// Returns the word for it in a pipeline file.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}

choice!(
    /// The replication method of a stream.
    Method {
        /// The whole table, every time.
        Full = "full",
        /// The whole table first, and from then on the rows that changed, by the change key.
        Incremental = "incremental",
        /// Only new rows, for tables to which rows are only added: those after the highest key that was read.
        Append = "append",
    }
);

choice!(
    /// The policy for rows without a change key in an incremental read.
    NullKeys {
        /// They are read again in every run.
        Include = "include",
        /// They are not read after the first run.
        Ignore = "ignore",
        /// They go to quarantine.
        Reject = "reject",
        /// The first such row fails the stream.
        Fail = "fail",
    }
);

choice!(
    /// The way in which rows are found that commit with a change key older than the lookback.
    LateRows {
        /// They are not searched for.
        Lookback = "lookback",
        /// Source and target are compared, and the rows that differ are loaded.
        Reconcile = "reconcile",
    }
);

choice!(
    /// The policy for rows that the source no longer has.
    Deletes {
        /// They stay.
        Ignore = "ignore",
        /// They stay, with the time of deletion in `wms_deleted_at`.
        Soft = "soft",
        /// They are deleted.
        Hard = "hard",
    }
);

choice!(
    /// The policy for columns that the target does not have.
    NewColumns {
        /// They are added.
        Evolve = "evolve",
        /// The stream fails before a row is moved.
        Freeze = "freeze",
        /// They are left out.
        Discard = "discard",
    }
);

choice!(
    /// The policy for columns whose values do not fit the target's type.
    NewTypes {
        /// The target's column is widened if that changes no value.
        Evolve = "evolve",
        /// The stream fails before a row is moved.
        Freeze = "freeze",
    }
);

choice!(
    /// The policy for a row with an unusable value: one that does not fit its column's type, the key, a batch or the
    /// target.
    OnBadValue {
        /// It goes to quarantine.
        Reject = "reject",
        /// The run of the stream fails.
        Fail = "fail",
    }
);

choice!(
    /// The reaction when a transform traps, or takes too much time or memory.
    OnTrap {
        /// Find a row that causes it, and fail.
        FailRun = "fail_run",
        /// Try the batch once more in a fresh instance, then as above.
        Retry = "retry",
        /// Find the rows that cause it, put them into quarantine, and continue.
        Quarantine = "quarantine",
    }
);

choice!(
    /// The reaction of a run when the definition of a stream differs from the one that its checkpoint rests on.
    OnChange {
        /// It continues if the bookmark is still valid, and reports the consequences for the rows in the target.
        Tell = "tell",
        /// It reads the whole table again.
        Reload = "reload",
        /// It fails before a row is moved.
        Fail = "fail",
    }
);

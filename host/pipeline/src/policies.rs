//! The words that decide how a stream is moved.

/// A choice, with the words that stand for its values in a pipeline file.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $value,)*
        }

        impl $name {
            pub(crate) const WORDS: &[(&str, Self)] = &[$(($word, Self::$value),)*];

            /// The word that represents it in a pipeline file.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}

choice!(
    /// How a stream is replicated.
    Method {
        /// The whole table, every time.
        Full = "full",
        /// First the whole table, from then on what changed by the change key.
        Incremental = "incremental",
        /// Rows are only ever added: those after the highest key that was read.
        Append = "append",
    }
);

choice!(
    /// What becomes of rows without a change key in an incremental read.
    NullKeys {
        /// They are read again in every run.
        Include = "include",
        /// They are not read after the first run.
        Ignore = "ignore",
        /// They go to quarantine.
        Reject = "reject",
        /// The first of them fails the stream.
        Fail = "fail",
    }
);

choice!(
    /// How rows are found that commit with an older change key than the lookback reaches.
    LateRows {
        /// They are not looked for.
        Lookback = "lookback",
        /// Source and target are compared, and what differs is loaded.
        Reconcile = "reconcile",
    }
);

choice!(
    /// What becomes of rows that the source no longer has.
    Deletes {
        /// They stay.
        Ignore = "ignore",
        /// They stay, marked with the moment in `wms_deleted_at`.
        Soft = "soft",
        /// They are deleted.
        Hard = "hard",
    }
);

choice!(
    /// What becomes of columns that the target does not have.
    NewColumns {
        /// They are added.
        Evolve = "evolve",
        /// The stream fails before it moves a row.
        Freeze = "freeze",
        /// They are left out.
        Discard = "discard",
    }
);

choice!(
    /// What becomes of columns whose values the target's type cannot hold.
    NewTypes {
        /// The target's column is widened where no value changes by it.
        Evolve = "evolve",
        /// The stream fails before it moves a row.
        Freeze = "freeze",
    }
);

choice!(
    /// What becomes of a row with a value that has no place: in its column's type, in the key, in a batch, in the target.
    OnBadValue {
        /// It goes to quarantine.
        Reject = "reject",
        /// The run of the stream fails.
        Fail = "fail",
    }
);

choice!(
    /// What to do when a transform traps, takes too long or too much memory.
    OnTrap {
        /// Find the row that does it, and fail.
        FailRun = "fail_run",
        /// Try the batch once more in a fresh instance, then as above.
        Retry = "retry",
        /// Find the rows that do it, put them into quarantine, and go on.
        Quarantine = "quarantine",
    }
);

choice!(
    /// What a run does when the stream is no longer defined as it was when its checkpoint was made.
    OnChange {
        /// It goes on where the bookmark still holds, and says what that means for the rows in the target.
        Tell = "tell",
        /// It reads the whole table again.
        Reload = "reload",
        /// It fails before a row moves.
        Fail = "fail",
    }
);

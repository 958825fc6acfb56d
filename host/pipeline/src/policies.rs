//! The choice that only a run has; the policies of a stream are the flow's own types.

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

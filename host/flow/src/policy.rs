//! How a stream is moved: what the pipeline file decides, not the plugins.

use crate::failure::{Failure, FailureKind};

/// Below this many rows a share of rejected ones says nothing yet.
const ROWS_FOR_A_SHARE: u64 = 1_000;
/// Fewer deleted rows than this are never stopped by their share.
const DELETES_FOR_A_SHARE: u64 = 100;

/// How a stream is moved.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Rows in one transaction, at least one batch.
    pub load_batch_rows: usize,
    /// Batches that may wait between two stages.
    pub queue_batches: usize,
    /// How many rows may go to quarantine.
    pub budget: Budget,
    /// What becomes of a row with a value that has no place.
    pub on_bad_value: OnBadValue,
    /// What to do when a transform breaks down.
    pub on_trap: OnTrap,
    /// What becomes of rows that the source no longer has.
    pub deletes: Deletes,
    /// How many rows may be deleted from the target.
    pub delete_guard: DeleteGuard,
    /// What becomes of a source that changes its columns.
    pub schema: SchemaPolicy,
    /// What a run does when the stream is no longer defined as it was when its checkpoint was made.
    pub on_change: OnChange,
    /// True to read everything again and put it in the place of what is there.
    pub full_refresh: bool,
}

/// What a run does when a stream is no longer defined as it was when its checkpoint was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// It goes on and says what that means for the rows in the target. Where the bookmark means nothing any more it
    /// reads the whole table again; where rows of two tables or keys would be mixed, or the target lost values, it
    /// fails.
    Tell,
    /// It reads the whole table again.
    Reload,
    /// It fails before a row moves.
    Fail,
}

/// How many rows of one run may go to quarantine; more fail it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// So many rows; `None`: any number.
    pub rows: Option<u64>,
    /// So many of a hundred that were read; `None`: any share. Looked at from the thousandth row on, and at the end.
    pub percent: Option<f64>,
    /// Up to this many rows the share does not count.
    pub floor: u64,
}

impl Budget {
    /// Fails if too many of the rows that were read so far were rejected.
    pub(crate) fn check(&self, rejected: u64, read: u64, at_end: bool) -> Result<(), Failure> {
        const LOOK: &str =
            "too many rows for quarantine; `wmshost quarantine list` shows them, the stream's key lets more pass";
        if let Some(most) = self.rows.filter(|most| rejected > *most) {
            return Err(Failure::limit("max_rejected", most, rejected).within(LOOK));
        }
        if !at_end && read < ROWS_FOR_A_SHARE || rejected <= self.floor {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for a comparison")]
        let share = 100.0 * rejected as f64 / read as f64;
        match self.percent {
            Some(most) if share > most => {
                let asked = format!("{share:.2} ({rejected} of {read} rows)");
                Err(Failure::limit("max_rejected_percent", most, asked).within(LOOK))
            }
            _ => Ok(()),
        }
    }
}

/// How many rows one run may delete from the target, or mark as deleted, because the source no longer has them. More
/// stop the run before any of them is deleted, until a person allows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeleteGuard {
    /// So many rows; `None`: any number.
    pub rows: Option<u64>,
    /// So many of a hundred rows of the target; `None`: any share. Holds from the hundredth deleted row on.
    pub percent: Option<f64>,
    /// True if any number may be deleted this time.
    pub is_lifted: bool,
}

impl DeleteGuard {
    /// No guard: any number of rows may be deleted.
    pub const NONE: Self = Self { rows: None, percent: None, is_lifted: false };

    /// Fails if more rows of the stream's table would be deleted than the guard allows; `of` is how many rows the table
    /// has that are not marked as deleted.
    pub fn check(&self, stream: &str, deleted: u64, of: u64) -> Result<(), Failure> {
        if self.is_lifted || deleted == 0 {
            return Ok(());
        }
        if let Some(most) = self.rows.filter(|most| deleted > *most) {
            return Err(stopped(stream, "max_deleted", &most.to_string(), deleted, of));
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for a comparison")]
        let share = 100.0 * deleted as f64 / of.max(deleted) as f64;
        match self.percent {
            Some(most) if deleted >= DELETES_FOR_A_SHARE && share > most => {
                Err(stopped(stream, "max_deleted_percent", &format!("{most} %"), deleted, of))
            }
            _ => Ok(()),
        }
    }
}

fn stopped(stream: &str, key: &str, most: &str, deleted: u64, of: u64) -> Failure {
    Failure::new(
        FailureKind::Guard,
        format!(
            "the source no longer has {deleted} of the {of} rows of the target, and {key} allows {most}: no row was \
             deleted"
        ),
    )
    .advise(format_args!(
        "Look at the source; if these rows are to be deleted, allow it once by `--allow-deletes {stream}`"
    ))
}

/// What becomes of a row with a value that has no place: in its column's type, in the key, in a batch, in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBadValue {
    /// It goes to quarantine.
    Reject,
    /// The first of them fails the stream's run, which names it.
    Fail,
}

/// What to do when a transform traps, takes too long or too much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTrap {
    /// Find the row that does it, and fail.
    Fail,
    /// Try the batch once more in a fresh instance, then as above.
    Retry,
    /// Find the rows that do it, put them into quarantine, and go on with the others.
    Quarantine,
}

/// What becomes of rows that the source no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// They stay. A table that is replaced has them no longer all the same.
    Ignore,
    /// They stay, marked with the moment in `wms_deleted_at`.
    Soft,
    /// They are deleted.
    Delete,
}

/// What becomes of a source that changes its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaPolicy {
    /// Of columns that the target does not have.
    pub new_columns: NewColumns,
    /// Of columns whose values the target's type cannot hold.
    pub new_types: NewTypes,
}

/// What becomes of columns that the target does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewColumns {
    /// They are added.
    Evolve,
    /// The stream fails before it moves a row.
    Freeze,
    /// They are left out.
    Discard,
}

/// What becomes of columns whose values the target's type cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewTypes {
    /// The target's column is widened where no value changes by it.
    Evolve,
    /// The stream fails before it moves a row.
    Freeze,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_of_rows_holds_from_the_first() {
        let budget = Budget { rows: Some(2), ..Budget::default() };
        assert!(budget.check(2, 2, false).is_ok());
        assert!(budget.check(3, 9_000_000, false).is_err());
        assert!(Budget { rows: Some(0), ..Budget::default() }.check(1, 1, false).is_err());
    }

    #[test]
    fn a_guard_stops_more_deletions_than_it_allows() {
        let guard = DeleteGuard { rows: Some(500), percent: Some(20.0), is_lifted: false };
        // Below a hundred rows the share says nothing.
        assert!(guard.check("s", 99, 99).is_ok());
        assert!(guard.check("s", 0, 0).is_ok());
        assert!(guard.check("s", 100, 500).is_ok());
        let stopped = guard.check("s", 101, 500).expect_err("more than a fifth");
        assert_eq!(stopped.kind, FailureKind::Guard);
        for words in ["101 of the 500 rows", "max_deleted_percent allows 20 %", "--allow-deletes s"] {
            assert!(stopped.to_string().contains(words), "{stopped}");
        }
        let stopped = guard.check("s", 501, 1_000_000).expect_err("too many");
        assert!(stopped.to_string().contains("max_deleted allows 500"), "{stopped}");
        assert!(DeleteGuard { is_lifted: true, ..guard }.check("s", 501, 501).is_ok());
        assert!(DeleteGuard::NONE.check("s", u64::MAX, u64::MAX).is_ok());
    }

    #[test]
    fn a_share_is_looked_at_when_it_says_something() {
        let budget = Budget { percent: Some(1.0), ..Budget::default() };
        assert!(budget.check(5, 10, false).is_ok());
        assert!(budget.check(5, 10, true).is_err());
        assert!(budget.check(10, 1_000, false).is_ok());
        assert!(budget.check(11, 1_000, false).is_err());
        assert!(budget.check(0, 0, true).is_ok());
    }

    #[test]
    fn up_to_the_floor_a_share_does_not_count() {
        let budget = Budget { percent: Some(5.0), floor: 10, ..Budget::default() };
        assert!(budget.check(10, 10, true).is_ok());
        assert!(budget.check(11, 100, true).is_err());
        assert!(budget.check(11, 1_000, true).is_ok());
    }
}

//! The policies of a stream: decisions of the pipeline file, not of the plugins.

use crate::choice;
use crate::failure::Failure;
use crate::failure::kind::FailureKind;

/// The number of rows below which the percentage of rejected ones is not significant.
const ROWS_FOR_A_SHARE: u64 = 1_000;
/// The number of deleted rows below which their percentage is not checked.
const DELETES_FOR_A_SHARE: u64 = 100;

/// The policies of a stream.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The number of rows in one transaction; a transaction has at least one batch.
    pub load_batch_rows: usize,
    /// The number of batches that may wait between two stages.
    pub queue_batches: usize,
    /// The number of rows that may go to quarantine.
    pub budget: Budget,
    /// The policy for a row with an unusable value.
    pub on_bad_value: OnBadValue,
    /// The reaction when a transform traps or exceeds a limit.
    pub on_trap: OnTrap,
    /// The policy for rows that the source no longer has.
    pub deletes: Deletes,
    /// The number of rows that may be deleted from the target.
    pub delete_guard: DeleteGuard,
    /// The policy for changed columns of the source.
    pub schema: SchemaPolicy,
    /// The reaction of a run to a changed definition of the stream.
    pub on_change: OnChange,
    /// True to read everything again and replace the table's rows.
    pub full_refresh: bool,
    /// True if no stream of the run moves a row where this one cannot be opened.
    pub required: bool,
    /// True if the row that is read later is the newer one, whatever its change key: a web service has no snapshot, and
    /// each request returns the present rows.
    pub later_read_wins: bool,
}

impl Policy {
    /// Returns a policy without limits, whose transactions have this number of rows: what can be loaded is loaded, and what
    /// does not fit goes to quarantine.
    pub fn without_limits(load_batch_rows: usize) -> Self {
        Self {
            load_batch_rows,
            queue_batches: 2,
            budget: Budget::default(),
            on_bad_value: OnBadValue::Reject,
            on_trap: OnTrap::Fail,
            deletes: Deletes::Ignore,
            delete_guard: DeleteGuard::NONE,
            schema: SchemaPolicy { new_columns: NewColumns::Evolve, new_types: NewTypes::Evolve },
            on_change: OnChange::Tell,
            full_refresh: false,
            required: true,
            later_read_wins: false,
        }
    }
}

choice!(
    /// The reaction of a run when the definition of a stream differs from the one that its checkpoint rests on.
    OnChange {
        /// It continues and reports the consequences for the rows in the target. If the bookmark has lost its meaning, it
        /// reads the whole table again; if rows of two tables or keys would be mixed, or the target lost values, it fails.
        Tell = "tell",
        /// It reads the whole table again.
        Reload = "reload",
        /// It fails before a row is moved.
        Fail = "fail",
    }
);

/// The number of rows of one run that may go to quarantine; with more the run fails.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// This number of rows; `None` for any number.
    pub rows: Option<u64>,
    /// This percentage of the rows that were read; `None` for any. It is checked from 1,000 rows on, and at the end.
    pub percent: Option<f64>,
    /// The number of rows up to which the percentage is not checked.
    pub floor: u64,
}

impl Budget {
    /// Returns whether the share of rejected rows matters and too few were read to check it. Such rows wait: if the share turns
    /// out to be too large, the next run has to read them again.
    pub(crate) fn cannot_judge(&self, rejected: u64, read: u64) -> bool {
        self.percent.is_some() && rejected > 0 && read < ROWS_FOR_A_SHARE
    }

    /// Fails if too many of the rows that were read so far were rejected.
    pub(crate) fn check(&self, rejected: u64, read: u64, at_end: bool) -> Result<(), Failure> {
        const LOOK: &str =
            "too many rows for quarantine; `wmshost quarantine list` shows them, and the stream's limit can be raised";
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

/// The number of rows that one run may delete from the target, or mark as deleted, because the source no longer has
/// them. If there are more, the run stops before any of them is deleted, until a person allows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeleteGuard {
    /// This number of rows; `None` for any number.
    pub rows: Option<u64>,
    /// This percentage of the target's rows; `None` for any. It is checked from 100 deleted rows on.
    pub percent: Option<f64>,
    /// True if any number of rows may be deleted this time.
    pub is_lifted: bool,
}

impl DeleteGuard {
    /// No guard: any number of rows may be deleted.
    pub const NONE: Self = Self { rows: None, percent: None, is_lifted: false };

    /// Fails if more rows of the stream's table would be deleted than the guard allows; `of` is the number of rows in
    /// the table that are not marked as deleted.
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

choice!(
    /// The policy for triggers that somebody made on a table which is written.
    TargetTriggers {
        /// The table is not written.
        Refuse = "refuse",
        /// They may do what they do.
        Allow = "allow",
    }
);

choice!(
    /// The policy for a row with an unusable value: one that does not fit its column's type, the key, a batch or the
    /// target.
    OnBadValue {
        /// It goes to quarantine.
        Reject = "reject",
        /// The first such row fails the stream's run, and the failure names it.
        Fail = "fail",
    }
);

choice!(
    /// The reaction when a transform traps, or takes too much time or memory.
    OnTrap {
        /// Find a row that causes it, and fail.
        Fail = "fail_run",
        /// Try the batch once more in a fresh instance, then as above.
        Retry = "retry",
        /// Find the rows that cause it, put them into quarantine, and continue with the others.
        Quarantine = "quarantine",
    }
);

choice!(
    /// The policy for rows that the source no longer has.
    Deletes {
        /// They stay. But a table that is replaced does not have them any more.
        Ignore = "ignore",
        /// They stay, with the time of deletion in `wms_deleted_at`.
        Soft = "soft",
        /// They are deleted.
        Delete = "hard",
    }
);

/// The policy for changed columns of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaPolicy {
    /// For columns that the target does not have.
    pub new_columns: NewColumns,
    /// For columns whose values do not fit the target's type.
    pub new_types: NewTypes,
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        // Below 100 rows the percentage is not significant.
        assert!(guard.check("s", 99, 99).is_ok());
        assert!(guard.check("s", 0, 0).is_ok());
        assert!(guard.check("s", 100, 500).is_ok());
        assert!(guard.check("s", 100, 499).is_err());
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

    proptest! {
        /// The rule, written once more without a float: a percentage has two digits after the point.
        #[test]
        fn a_budget_fails_exactly_when_its_number_or_its_share_is_exceeded(
            rows in prop::option::of(0_u64..50),
            hundredths in prop::option::of(0_u32..=10_000),
            floor in 0_u64..50,
            rejected in 0_u64..50,
            others in prop_oneof![0_u64..50, 950_u64..1_050],
            at_end: bool,
        ) {
            let read = rejected + others;
            let percent = hundredths.map(|hundredths| f64::from(hundredths) / 100.0);
            // A share that is equal to the percentage may be rounded either way.
            prop_assume!(hundredths.is_none_or(|most| 10_000 * rejected != u64::from(most) * read));
            let too_many = rows.is_some_and(|most| rejected > most);
            let counts = rejected > floor && (at_end || read >= 1_000);
            let too_much = counts && hundredths.is_some_and(|most| 10_000 * rejected > u64::from(most) * read);
            let checked = Budget { rows, percent, floor }.check(rejected, read, at_end);
            prop_assert_eq!(checked.is_err(), too_many || too_much);
            if let Err(failure) = checked {
                prop_assert_eq!(failure.kind, FailureKind::Limit);
                prop_assert_eq!(failure.message.contains("max_rejected:"), too_many);
            }
        }

        #[test]
        fn a_guard_stops_exactly_what_exceeds_its_number_or_its_share(
            rows in prop::option::of(0_u64..400),
            percent in prop::option::of(0_u32..=100),
            deleted in prop_oneof![0_u64..400, 99_u64..102],
            others in 0_u64..1_000,
            is_lifted: bool,
        ) {
            let of = deleted + others;
            prop_assume!(percent.is_none_or(|most| 100 * deleted != u64::from(most) * of));
            let too_many = deleted > 0 && rows.is_some_and(|most| deleted > most);
            let too_much = deleted >= 100 && percent.is_some_and(|most| 100 * deleted > u64::from(most) * of);
            let guard = DeleteGuard { rows, percent: percent.map(f64::from), is_lifted };
            prop_assert_eq!(guard.check("s", deleted, of).is_err(), !is_lifted && (too_many || too_much));
        }
    }
}

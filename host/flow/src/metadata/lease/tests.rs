//! The lease on a target in memory: the table in the module's documentation, row by row, and the loser of a race.

use std::time::Duration;

use super::{LEASE_SECONDS, Lease, LeaseOwner};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::testing::Bench;

/// Returns the lease of a run in a process.
fn lease(bench: &Bench, run_id: &str, process: u32) -> Lease {
    let holder = LeaseOwner { machine: "there boot-1".to_owned(), process };
    Lease { run_id: run_id.to_owned(), holder, ..bench.lease() }
}

/// Returns the run that holds the lease.
fn holder(bench: &Bench) -> Vec<String> {
    let rows = bench.target.query("SELECT run_id FROM WMSHOST_LEASE");
    rows.into_iter().flatten().map(|value| value.to_string()).collect()
}

#[test]
fn a_lease_is_taken_over_when_its_holder_ended_or_was_silent_for_too_long() {
    let seconds = Duration::from_secs;
    let lifetime = LEASE_SECONDS.unsigned_abs();
    // The time since the last renewal, whether the holder is known to have ended, and whether the lease is taken over.
    for (silence, is_dead, is_taken) in [
        (seconds(0), false, false),
        (seconds(lifetime - 1), false, false),
        (seconds(lifetime), false, true),
        (seconds(0), true, true),
    ] {
        let bench = Bench::new();
        let mut session = bench.target.open();
        let (first, second) = (lease(&bench, "first", 1), lease(&bench, "second", 2));
        first.take(&mut session, &|_| false).expect("a free lease");
        bench.clock.advance(silence);
        let taken = second.take(&mut session, &|holder| is_dead && holder.process == 1);
        let label = format!("{silence:?}, dead: {is_dead}");
        if is_taken {
            assert_eq!((taken, holder(&bench)), (Ok(()), vec!["second".to_owned()]), "{label}");
        } else {
            let failure = taken.expect_err(&label);
            let words =
                format!("run first (process 1 on there) holds the stream, last seen {} s ago", silence.as_secs());
            assert!(failure.kind == FailureKind::Busy && failure.message.starts_with(&words), "{label}: {failure}");
            assert_eq!(holder(&bench), ["first"], "{label}");
        }
    }
}

#[test]
fn a_renewed_lease_lives_for_its_whole_time_again() {
    let bench = Bench::new();
    let mut session = bench.target.open();
    let first = lease(&bench, "first", 1);
    first.take(&mut session, &|_| false).expect("a free lease");
    for _ in 0..3 {
        bench.clock.advance(Duration::from_secs(100));
        first.renew(&mut session).expect("a renewal");
    }
    bench.clock.advance(Duration::from_secs(119));
    assert!(lease(&bench, "second", 2).take(&mut session, &|_| false).is_err());
}

#[test]
fn a_run_that_lost_its_lease_is_refused_at_its_next_renewal_with_the_name_of_the_other() {
    let bench = Bench::new();
    let mut session = bench.target.open();
    let (first, second) = (lease(&bench, "first", 1), lease(&bench, "second", 2));
    first.take(&mut session, &|_| false).expect("a free lease");
    second.take(&mut session, &|_| true).expect("a lease of a dead run");
    let lost = first.renew(&mut session).expect_err("a lost lease");
    assert!(lost.kind == FailureKind::Busy && lost.message.contains("run second (process 2 on there)"), "{lost}");
    // Releasing a lost lease leaves the lease of the other run.
    first.release_now(&mut session).expect("a release");
    assert_eq!(holder(&bench), ["second"]);
    second.release_now(&mut session).expect("a release");
    let removed = second.renew(&mut session).expect_err("a removed lease");
    assert!(removed.kind == FailureKind::Busy && removed.message.contains("was removed"), "{removed}");
}

#[test]
fn leases_of_streams_and_of_the_models_do_not_exclude_each_other() {
    let bench = Bench::new();
    let mut session = bench.target.open();
    let one = lease(&bench, "run", 1);
    let other = Lease { stream: "other".to_owned(), ..lease(&bench, "other-run", 2) };
    let models = Lease::of_models(&one.pipeline, "build", other.holder.clone());
    for lease in [&one, &other, &models] {
        lease.take(&mut session, &|_| false).expect("a free lease");
    }
    let failure = Lease { run_id: "late".to_owned(), ..models }.take(&mut session, &|_| false).expect_err("held");
    assert!(failure.message.contains("run build (process 2 on there) holds the models"), "{failure}");
}

#[test]
fn of_two_runs_that_insert_at_once_the_slower_one_learns_who_was_faster() {
    let bench = Bench::new();
    let mut session = bench.target.open();
    let (first, second) = (lease(&bench, "first", 1), lease(&bench, "second", 2));
    first.take(&mut session, &|_| false).expect("a free lease");
    // The second run saw no row before it inserts its own: its insert fails at the key of the table.
    bench.target.execute("DELETE FROM WMSHOST_LEASE");
    bench.target.fail_at("INSERT INTO WMSHOST_LEASE", Failure::permanent("UNIQUE constraint failed"));
    let failure = second.acquire(&mut session, &|_| false).expect_err("a failure");
    assert_eq!(failure.message, "UNIQUE constraint failed", "no other run holds it");
    first.take(&mut session, &|_| false).expect("a free lease");
    let failure = second.acquire(&mut session, &|_| false).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Busy, "{failure}");
}

#[test]
fn a_change_by_hand_is_undone_with_its_lease_if_it_fails() {
    let bench = Bench::new();
    let mut session = bench.target.open();
    let by_hand = lease(&bench, "command", 1);
    let failure = by_hand.act(&mut session, &|_| false, |_| Err(Failure::permanent("no"))).expect_err("a failure");
    assert_eq!(failure.message, "no");
    assert_eq!(bench.target.query("SELECT name FROM main.sqlite_schema"), Vec::<Vec<_>>::new());
    by_hand.act(&mut session, &|_| false, |_| Ok(())).expect("a change");
    assert_eq!(holder(&bench), Vec::<String>::new());
}

//! A lease that is held over many transactions, on a target and a clock in memory.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{LEASE_SECONDS, LeaseGuard};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::metadata::Lease;
use crate::ports::target::Target;
use crate::testing::Bench;

/// Returns a guard that renews the lease by its transactions alone.
fn guard(bench: &Bench) -> LeaseGuard {
    let lease = bench.lease();
    LeaseGuard {
        target: Arc::new(bench.target.clone()),
        lease: Lease::of_models(&lease.pipeline, &lease.run_id, lease.holder),
        is_dead: |_| false,
        clock: Arc::clone(&bench.clock) as _,
        heartbeat_interval: Duration::from_secs(3_600),
    }
}

/// Writes a table in a transaction.
fn write(target: &dyn Target, table: &str) -> Result<(), Failure> {
    let mut session = target.sql()?;
    session.begin()?;
    session.execute(&format!("CREATE TABLE {table} (id INTEGER, PRIMARY KEY (id))"), &[])?;
    session.commit()
}

/// Lets another build take the lease over.
fn take_over(bench: &Bench) {
    assert_eq!(bench.target.execute("UPDATE WMSHOST_LEASE SET run_id = 'other'"), 1);
}

fn tables(bench: &Bench) -> Vec<String> {
    let rows = bench.target.query("SELECT name FROM main.sqlite_schema WHERE name LIKE 'MODEL%'");
    rows.into_iter().flatten().map(|value| value.to_string()).collect()
}

#[test]
fn a_lease_is_held_while_models_are_built_and_released_after() {
    let bench = Bench::new();
    let built = guard(&bench).run(|target| {
        let second =
            LeaseGuard { lease: Lease { run_id: "second".to_owned(), ..guard(&bench).lease }, ..guard(&bench) };
        let busy = second.run(|_| ()).expect_err("the lease is held");
        assert_eq!(busy.kind, FailureKind::Busy);
        write(target, "MODEL_1")
    });
    assert_eq!(built, Ok(Ok(())));
    assert_eq!(tables(&bench), ["MODEL_1"]);
    assert_eq!(bench.target.query("SELECT run_id FROM WMSHOST_LEASE"), Vec::<Vec<_>>::new());
}

#[test]
fn a_build_that_lost_its_lease_commits_nothing_more() {
    let bench = Bench::new();
    let built = guard(&bench).run(|target| {
        write(target, "MODEL_1").expect("a table");
        take_over(&bench);
        let lost = write(target, "MODEL_2").expect_err("a lost lease");
        assert!(lost.message.contains("run other"), "{lost}");
        // The next write does not even begin.
        let mut session = target.sql().expect("a session");
        assert_eq!(session.execute("DELETE FROM MODEL_1", &[]), Err(lost));
    });
    assert_eq!(built.expect_err("a lost lease").kind, FailureKind::Busy);
    assert_eq!(tables(&bench), ["MODEL_1"]);
    let holder = bench.target.query("SELECT run_id FROM WMSHOST_LEASE");
    assert_eq!(holder[0][0].to_string(), "other", "the lease of the other build is left");
}

#[test]
fn a_build_that_hung_for_a_lease_period_checks_the_lease_before_it_writes() {
    let lifetime = Duration::from_secs(LEASE_SECONDS.unsigned_abs());
    for (hung, is_lost, writes) in
        [(lifetime - Duration::from_secs(1), true, true), (lifetime, true, false), (lifetime, false, true)]
    {
        let bench = Bench::new();
        let _ = guard(&bench).run(|target| {
            bench.clock.advance(hung);
            if is_lost {
                take_over(&bench);
            }
            let mut session = target.sql().expect("a session");
            let table = "CREATE TABLE MODEL_1 (id INTEGER, PRIMARY KEY (id))";
            assert_eq!(session.execute(table, &[]).is_ok(), writes, "{hung:?}, lost: {is_lost}");
        });
    }
}

#[test]
fn a_heartbeat_renews_the_lease_while_a_statement_takes_long() {
    let bench = Bench::new();
    let guard = LeaseGuard { heartbeat_interval: Duration::from_millis(1), ..guard(&bench) };
    let begun = Instant::now();
    let built = guard.run(|_| {
        while bench.target.count_of("UPDATE WMSHOST_LEASE") < 3 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the lease is not renewed");
            thread::yield_now();
        }
    });
    assert_eq!(built, Ok(()));
}

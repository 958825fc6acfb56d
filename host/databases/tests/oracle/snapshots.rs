//! All sessions of a run see one moment, and rows that commit late are not passed over.

use std::time::Duration;

use wmshost_databases::oracle::Snapshot;
use wmshost_flow::FailureKind;
use wmshost_oracle_emulator::{Account, Emulator, Options, Release};

use crate::server::{grant, read, run, settings, settings_of, source};

#[test]
fn what_is_committed_after_the_start_of_a_run_is_not_seen() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let settings = settings(&server, Release::R19);
    run(&settings, &["CREATE TABLE SEEN (ID NUMBER(5))", "INSERT INTO SEEN VALUES (1)"]);
    let source = source(&settings).expect("a source");
    let mut early = source.session(&grant(&["seen"])).expect("a session");
    run(&settings, &["INSERT INTO SEEN VALUES (2)", "DELETE FROM SEEN WHERE id = 1"]);
    let mut late = source.session(&grant(&["seen"])).expect("a session");
    for session in [&mut early, &mut late] {
        let batch = read(session.as_mut(), "SELECT id FROM seen", &[]);
        assert_eq!(crate::server::as_json(&batch), [r#"{"ID":1}"#]);
    }
    let mut loose = settings.clone();
    loose.snapshot = Snapshot::Statement;
    let mut session = crate::server::reader(&loose, &["seen"]);
    assert_eq!(crate::server::as_json(&read(session.as_mut(), "SELECT id FROM seen", &[])), [r#"{"ID":2}"#]);

    let by_statement = wmshost_flow::SourceGrant { by_statement: true, ..grant(&["seen"]) };
    let mut session = source.session(&by_statement).expect("a session");
    assert_eq!(crate::server::as_json(&read(session.as_mut(), "SELECT id FROM seen", &[])), [r#"{"ID":2}"#]);

    server.forget_snapshots();
    let failure = early.query("SELECT id FROM seen", &[]).err().expect("too old");
    assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
    assert!(failure.to_string().contains("ORA-01555") && failure.to_string().contains("new snapshot"), "{failure}");
}

#[test]
fn the_clock_stays_behind_the_oldest_open_transaction() {
    let account = Account::new("BLIND", "b").without_catalogue();
    let server = Emulator::start(Options::default().account(account)).expect("a emulator");
    let settings = settings(&server, Release::R23);
    run(&settings, &["CREATE TABLE LATE (ID NUMBER(5))"]);
    let now = |settings: &wmshost_databases::oracle::Settings| {
        let source = source(settings).expect("a source");
        source.session(&grant(&["late"])).expect("a session").now().expect("a clock")
    };
    let mut admin = server.admin().expect("an admin");
    let free = now(&settings);
    admin.execute("BEGIN").expect("a transaction");
    admin.execute("INSERT INTO wms.late VALUES (1)").expect("a row");
    let begun = clock(&mut server.admin().expect("an admin"));
    // A second passes, because the start of a transaction is known to the second only.
    while clock(&mut server.admin().expect("an admin")) < begun + 1_500_000 {
        std::thread::yield_now();
    }
    let held = now(&settings);
    assert!(free <= begun && held <= begun, "{free} {held} {begun}");
    admin.execute("COMMIT").expect("a commit");
    let after = now(&settings);
    assert!(after > begun, "{after} {begun}");

    // For a user who may not see transactions, the declared lag is subtracted.
    let mut blind = settings_of(&server, Release::R23, "BLIND", "b");
    blind.commit_lag = Duration::from_secs(600);
    let lagging = now(&blind);
    let clock = clock(&mut server.admin().expect("an admin"));
    assert!((clock - lagging - 600_000_000).abs() < 60_000_000, "{lagging} {clock}");
}

/// The difference between the clock of a source and that of the server, in seconds.
fn lag_seconds(server: &Emulator, user: (&str, &str), commit_lag: u64) -> i64 {
    let mut settings = settings_of(server, Release::R19, user.0, user.1);
    settings.commit_lag = Duration::from_secs(commit_lag);
    let source = source(&settings).expect("a source");
    let now = source.session(&grant(&["late"])).expect("a session").now().expect("a clock");
    (clock(&mut server.admin().expect("an admin")) - now) / 1_000_000
}

#[test]
fn a_transaction_of_another_instance_is_seen_or_bounded() {
    let one = Account::new("ONE", "o").without_other_instances();
    let server = Emulator::start(Options::default().account(one).parallel()).expect("an emulator");
    let mut admin = server.admin().expect("an admin");
    let begun =
        "INSERT INTO sys.other_transactions VALUES (clock_timestamp() AT TIME ZONE 'UTC' - interval '10 minutes')";
    admin.execute(begun).expect("a transaction");
    let lag = lag_seconds(&server, ("WMS", "wms"), 60);
    assert!((600..660).contains(&lag), "{lag}");
    // Where the others cannot be seen, the declared lag is the bound.
    let lag = lag_seconds(&server, ("ONE", "o"), 900);
    assert!((900..960).contains(&lag), "{lag}");
}

#[test]
fn one_instance_needs_no_right_to_see_others() {
    let one = Account::new("ONE", "o").without_other_instances();
    let server = Emulator::start(Options::default().account(one)).expect("an emulator");
    let lag = lag_seconds(&server, ("ONE", "o"), 900);
    assert!(lag < 60, "{lag}");
}

#[test]
fn a_standby_is_as_late_as_its_apply_lag_and_the_declared_lag() {
    let blind = Account::new("BLIND", "b").without_catalogue();
    let server = Emulator::start(Options::default().account(blind).standby("+00 00:05:00")).expect("an emulator");
    let lag = lag_seconds(&server, ("WMS", "wms"), 120);
    assert!((421..480).contains(&lag), "{lag}");
    let lag = lag_seconds(&server, ("BLIND", "b"), 120);
    assert!((120..180).contains(&lag), "{lag}");
    let probe = wmshost_databases::oracle::probe_source(settings(&server, Release::R19), &[], "wms").expect("a server");
    assert!(probe.remarks.iter().any(|remark| remark.contains("physical standby")), "{:?}", probe.remarks);
}

/// The server's clock in microseconds.
fn clock(admin: &mut wmshost_oracle_emulator::Admin) -> i64 {
    let rows = admin.rows("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").expect("a clock");
    rows[0][0].as_deref().expect("a number").parse().expect("a number")
}

//! A failure carries the server's code and its class, and what is decided by them.

use wmshost_flow::{ErrorClass, FailureCause, FailureKind, failure_policy};
use wmshost_oracle_emulator::{Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{SHARED, rows, settings, target};

/// The cause of a failure by this code.
fn cause(code: u32, class: ErrorClass) -> Option<FailureCause> {
    Some(FailureCause::Oracle { code: Some(code), class })
}

#[test]
fn the_code_of_the_server_comes_through_with_its_class() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let settings = settings(&server, Release::R19);
    for (code, class) in [
        (439, ErrorClass::Unsupported),
        (942, ErrorClass::Denied),
        (955, ErrorClass::Permanent),
        (1_555, ErrorClass::Snapshot),
        (1_722, ErrorClass::Row),
        (8_177, ErrorClass::Conflict),
        (3_113, ErrorClass::ConnectionLost),
    ] {
        let mut sql = target(&settings).sql().expect("a session");
        server.faults().add(Fault::new(Moment::Statement("1 + 1".into()), Effect::Fail(code)));
        let failure = sql.query("SELECT 1 + 1 FROM dual", &[]).expect_err("a fault");
        assert_eq!((failure.cause, failure.kind), (cause(code, class), class.kind()), "{failure}");
        assert_eq!(failure_policy(&failure).retry, failure.kind == FailureKind::Transient, "{failure}");
    }
}

#[test]
fn a_table_of_the_hosts_own_that_is_there_already_is_as_good() {
    let mut sql = target(&settings(&SHARED, Release::R19)).sql().expect("a session");
    let create = "CREATE TABLE CAUSE_TWICE (A NUMBER(9))";
    for _ in 0..2 {
        sql.create_if_missing(create).expect("it is there");
    }
    let failure = sql.execute(create, &[]).expect_err("it is there");
    assert_eq!(failure.cause, cause(955, ErrorClass::Permanent), "{failure}");
    let failure = sql.create_if_missing("CREATE TABLE CAUSE_TWICE (A NONSENSE)").expect_err("no such type");
    assert_ne!(failure.cause, cause(955, ErrorClass::Permanent), "{failure}");
    assert!(rows(&settings(&SHARED, Release::R19), "SELECT a FROM cause_twice").is_empty());
}

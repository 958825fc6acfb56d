//! The effects of fault scripts on a client, and that it continues after them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oracledb::{Connection, Error, ErrorKind, connect};
use wmshost_oracle_emulator::{Effect, Emulator, Fault, Moment, Release, Transport};

use crate::fixture::emulator;
use crate::native::{code, config, number};

/// Faults of all sessions would strike those of other tests: one test at a time, and by account.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
const WAY: (Release, Transport) = (Release::R23, Transport::Tcp);
const OLD_WAY: (Release, Transport) = (Release::R19, Transport::Tcp);

fn alone() -> Option<(&'static Emulator, MutexGuard<'static, ()>)> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    emulator().map(|emulator| (emulator, guard))
}

fn fault(moment: Moment, effect: Effect) -> Fault {
    Fault::new(moment, effect).account("FAULTS")
}

fn statement(words: &str) -> Moment {
    Moment::Statement(words.to_owned())
}

fn logged_on(emulator: &Emulator, way: (Release, Transport)) -> Connection {
    connect(config(emulator, way, "FAULTS")).expect("a connection")
}

fn table(connection: &Connection, name: &str) {
    let gone = format!("BEGIN EXECUTE IMMEDIATE 'DROP TABLE {name}'; EXCEPTION WHEN OTHERS THEN NULL; END;");
    connection.execute(&gone, &[]).expect("dropped");
    connection.execute(&format!("CREATE TABLE {name} (id NUMBER(10))"), &[]).expect("created");
}

/// True if the connection is lost: the crate has more than one message for it.
fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DeadConnection | ErrorKind::StreamOperation | ErrorKind::NotConnected | ErrorKind::UnableToRecover
    )
}

#[test]
fn a_fault_is_told_by_its_code_and_the_session_goes_on() {
    let Some((emulator, _guard)) = alone() else { return };
    let connection = logged_on(emulator, WAY);
    for wanted in [60, 54, 8177, 1555, 1033, 12170] {
        let id = emulator.faults().add(fault(statement("+ 1 from dual"), Effect::Fail(wanted)));
        let error = connection.query_row("SELECT 1 + 1 FROM dual", &[]).map(drop).expect_err("a fault");
        assert_eq!(code(&error), wanted as usize, "{error}");
        assert_eq!(emulator.faults().struck(id), 1);
        assert_eq!(number(&connection, "SELECT 1 + 1 FROM dual", &[]), 2);
    }
}

#[test]
fn a_connection_is_cut_before_or_after_a_change() {
    let Some((emulator, _guard)) = alone() else { return };
    for way in [WAY, OLD_WAY] {
        for effect in [Effect::DropBefore, Effect::DropAfter, Effect::Half] {
            let connection = logged_on(emulator, way);
            table(&connection, "cut");
            emulator.faults().add(fault(statement("INTO cut"), effect.clone()));
            let error = connection.execute("INSERT INTO cut VALUES (1)", &[]).map(drop).expect_err("cut");
            assert!(is_gone(&error), "{way:?} {effect:?}: {:?}", error.kind());
            // The uncommitted rows are lost in any case.
            assert_eq!(number(&logged_on(emulator, way), "SELECT COUNT(*) FROM cut", &[]), 0);
        }
    }
}

#[test]
fn a_commit_may_have_taken_effect_or_not() {
    let Some((emulator, _guard)) = alone() else { return };
    for (effect, rows) in [(Effect::DropBefore, 0), (Effect::DropAfter, 1), (Effect::Half, 1)] {
        let connection = logged_on(emulator, WAY);
        table(&connection, "doubt");
        connection.execute("INSERT INTO doubt VALUES (1)", &[]).expect("inserted");
        emulator.faults().add(fault(Moment::Commit, effect.clone()));
        let error = connection.commit().expect_err("cut");
        assert!(is_gone(&error), "{effect:?}: {:?}", error.kind());
        assert_eq!(number(&logged_on(emulator, WAY), "SELECT COUNT(*) FROM doubt", &[]), rows, "{effect:?}");
    }
}

#[test]
fn rows_stop_in_the_middle() {
    let Some((emulator, _guard)) = alone() else { return };
    let connection = logged_on(emulator, WAY);
    table(&connection, "stream");
    let fill = "INSERT INTO stream SELECT LENGTH(RPAD('x', 1)) FROM all_objects";
    connection.execute(fill, &[]).expect("filled");
    for _ in 0..8 {
        connection.execute("INSERT INTO stream SELECT id FROM stream", &[]).expect("filled");
    }
    connection.commit().expect("committed");
    emulator.faults().add(fault(Moment::Fetch("FROM stream".to_owned()), Effect::DropBefore).skip(3));
    let cursor = connection.statement("SELECT id FROM stream").expect("a statement").fetch_array_size(10);
    let mut cursor = cursor.build().expect("built").query(&[]).expect("a cursor");
    let error = cursor.find_map(Result::err).expect("cut");
    assert!(is_gone(&error), "{:?}", error.kind());
}

#[test]
fn a_slow_answer_arrives_whole() {
    let Some((emulator, _guard)) = alone() else { return };
    for way in [WAY, OLD_WAY] {
        let connection = logged_on(emulator, way);
        let slow = Effect::Slow { bytes: 7, pause: Duration::from_micros(100) };
        let id = emulator.faults().add(fault(statement("'slow'"), slow));
        let row = connection.query_row("SELECT 'slow', 'but whole' FROM dual", &[]).expect("a row");
        assert_eq!(row.get::<String>(1).expect("text"), "but whole");
        assert_eq!(emulator.faults().struck(id), 1);
    }
}

#[test]
fn a_delayed_call_is_interrupted_by_its_time_limit() {
    let Some((emulator, _guard)) = alone() else { return };
    let connection = logged_on(emulator, WAY);
    connection.set_call_timeout(Some(Duration::from_millis(100))).expect("set");
    emulator.faults().add(fault(statement("'late'"), Effect::Delay(Duration::from_secs(30))));
    let begin = Instant::now();
    let error = connection.query_row("SELECT 'late' FROM dual", &[]).map(drop).expect_err("too late");
    assert!(matches!(error.kind(), ErrorKind::CallTimeoutExceeded), "{:?}", error.kind());
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(number(&connection, "SELECT 1 FROM dual", &[]), 1);
}

#[test]
fn a_late_commit_is_seen_late() {
    let Some((emulator, _guard)) = alone() else { return };
    let connection = logged_on(emulator, WAY);
    table(&connection, "late");
    let mut admin = emulator.admin().expect("a connection");
    admin.execute("BEGIN; INSERT INTO faults.late VALUES (1)").expect("inserted");
    let late = admin.rows("SELECT pg_current_xact_id()").expect("a number")[0][0].clone().expect("a number");
    let open = "SELECT COUNT(*) FROM v$transaction WHERE xidsqn = :1";
    assert_eq!(number(&connection, open, &[&late]), 1);
    let scn = number(&connection, "SELECT current_scn FROM v$database", &[]);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM late", &[]), 0);
    admin.execute("COMMIT").expect("committed");
    assert_eq!(number(&connection, open, &[&late]), 0);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM late", &[]), 1);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM late AS OF SCN :1", &[&scn]), 0);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM late WHERE ORA_ROWSCN > :1", &[&scn]), 1);
}

#[test]
fn a_snapshot_is_too_old_when_it_is_forgotten() {
    let Some((emulator, _guard)) = alone() else { return };
    let connection = logged_on(emulator, WAY);
    table(&connection, "old");
    let scn = number(&connection, "SELECT current_scn FROM v$database", &[]);
    emulator.forget_snapshots();
    let read = |scn: i64| connection.query_row("SELECT COUNT(*) FROM old AS OF SCN :1", &[&scn]).map(drop);
    assert_eq!(code(&read(scn).expect_err("too old")), 1555);
    assert_eq!(code(&read(1).expect_err("unknown")), 8181);
}

#[test]
fn a_listener_refuses_hangs_up_and_is_gone() {
    let Some(_) = emulator() else { return };
    // Faults while connecting have no account yet: this test needs an emulator of its own.
    let emulator = Emulator::start(wmshost_oracle_emulator::Options::default()).expect("an emulator");
    let config = || config(&emulator, WAY, "WMS");
    for wanted in [12514, 12516, 12528, 12541] {
        emulator.faults().add(Fault::new(Moment::Connect, Effect::Refuse(wanted)));
        let error = connect(config()).map(drop).expect_err("refused");
        let told = matches!(
            error.kind(),
            ErrorKind::InvalidServiceName(..)
                | ErrorKind::ListenerRefusedConnection(..)
                | ErrorKind::UnexpectedRefuse(_)
        );
        assert!(told, "{wanted}: {:?}", error.kind());
    }
    emulator.faults().add(Fault::new(Moment::Connect, Effect::DropBefore));
    assert!(connect(config()).is_err());

    // The crate limits the time that TCP takes, not the time until the listener answers: it waits.
    let wait = Duration::from_millis(300);
    emulator.faults().add(Fault::new(Moment::Connect, Effect::Delay(wait)));
    let begin = Instant::now();
    assert!(connect(config().set_transport_connect_timeout(Some(wait / 10))).is_ok());
    assert!(begin.elapsed() >= wait);

    let connection = connect(config()).expect("a connection");
    emulator.cut_connections();
    let error = connection.query_row("SELECT 1 FROM dual", &[]).map(drop).expect_err("cut");
    assert!(is_gone(&error), "{:?}", error.kind());

    let connection = connect(config()).expect("a connection");
    emulator.faults().add(Fault::new(statement("'kill'"), Effect::Kill));
    assert!(connection.query_row("SELECT 'kill' FROM dual", &[]).is_err());
    assert!(connect(config()).is_err());
    emulator.open().expect("open again");
    let connection = connect(config()).expect("a connection");
    assert_eq!(number(&connection, "SELECT 1 FROM dual", &[]), 1);
    emulator.close();
    assert!(connect(config()).is_err());
    emulator.open().expect("open again");
    assert!(connect(config()).is_ok());
}

//! Several sessions that read one table: the rows of one session, in its order, as of the run's moment, whatever the order is
//! by, and never an end before the end.

use std::time::{Duration, Instant};

use wmshost_databases::oracle::Settings;
use wmshost_flow::{FailureKind, Source, SourceSession};
use wmshost_oracle_emulator::{Asked, Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{as_json, grant, reader, run, settings, source};

const ROWS: i64 = 100;
/// An order by each kind of column, by two of them, by columns that may be NULL, have no index or more digits than a place,
/// and whether several read in it.
const ORDERS: [(&str, bool); 10] = [
    (r#""ID""#, true),
    (r#""CODE""#, true),
    (r#""AT""#, true),
    (r#""MOMENT""#, true),
    (r#""PAD", "ID""#, true),
    (r#""CODE", "AT", "ID""#, true),
    (r#""MAYBE", "ID""#, false),
    (r#""PLAIN", "ID""#, false),
    (r#""PAD", "AT""#, false),
    (r#""NANO", "ID""#, false),
];

fn server() -> (Emulator, Settings) {
    let server = Emulator::start(Options::default()).expect("an emulator");
    let settings = settings(&server, Release::R19);
    let made = "CREATE TABLE RANGED (ID NUMBER(10) PRIMARY KEY, CODE VARCHAR2(20) NOT NULL, AT DATE NOT NULL, \
        MOMENT TIMESTAMP(6) NOT NULL, PAD CHAR(6 CHAR) NOT NULL, MAYBE NUMBER(5), TEXT CLOB, \
        PLAIN NUMBER(5) NOT NULL, NANO TIMESTAMP(9) NOT NULL)";
    let indexed = ["CODE, AT", "AT", "MOMENT", "PAD, ID", "MAYBE", "NANO"];
    let indexes = indexed.iter().enumerate();
    let indexes = indexes.map(|(at, columns)| format!("CREATE INDEX RANGED_{at} ON RANGED ({columns})"));
    let rows = (1..=ROWS).map(|row| {
        let maybe = if row % 3 == 0 { "NULL".to_owned() } else { (row % 7).to_string() };
        let text = if row % 40 == 0 { "x".repeat(3_000) } else { format!("text {row}") };
        format!(
            "INSERT INTO RANGED VALUES ({row}, '{}{row:03}', DATE '2026-01-01' + {}, TIMESTAMP '2026-01-01 00:00:00' + {row} / 7, \
             'p{}', {maybe}, '{text}', {row}, TIMESTAMP '2026-01-01 00:00:00' + {row})",
            if row % 2 == 0 { "ä" } else { "Z" },
            row / 9,
            row % 5
        )
    });
    let statements: Vec<String> = [made.to_owned()].into_iter().chain(indexes).chain(rows).collect();
    run(&settings, &statements.iter().map(String::as_str).collect::<Vec<_>>());
    (server, settings)
}

/// The settings with this number of readers; ranges have eight rows.
fn with(settings: &Settings, readers: usize) -> Settings {
    let mut settings = settings.clone();
    (settings.readers, settings.fetch_rows) = (readers, Some(1));
    // With fewer sessions than readers, one reads alone.
    (settings.connect_timeout, settings.connect_budget) = (Duration::from_secs(60), Duration::from_secs(60));
    settings
}

fn statement(order: &str) -> String {
    let columns = r#""ID" AS "id", "CODE", "AT", "MOMENT", "PAD", "MAYBE", "TEXT""#;
    format!(r#"SELECT {columns} FROM "RANGED" WHERE "ID" <> :1 ORDER BY {order}"#)
}

/// The rows of a statement, in batches of this size at most.
fn all(session: &mut dyn SourceSession, order: &str, batch_rows: usize) -> Vec<String> {
    let parameters = [wmshost_flow::Value::Int64(17)];
    let mut cursor = session.query(&statement(order), &parameters).expect("a query");
    let mut rows = Vec::new();
    while let Some(batch) = cursor.next(batch_rows).expect("rows") {
        assert!(batch.rows.num_rows() <= batch_rows && batch.rows.schema() == cursor.schema());
        rows.extend(as_json(&batch));
    }
    assert!(cursor.next(batch_rows).expect("an end").is_none());
    rows
}

/// The number of ranges that readers have asked for the end of.
fn ranges(server: &Emulator) -> usize {
    server.asked().iter().filter(|asked| matches!(asked, Asked::Rows(text, _) if text.contains("OFFSET"))).count()
}

#[test]
fn many_readers_return_what_one_returns_as_of_the_moment() {
    let (server, settings) = server();
    let one = source(&with(&settings, 1)).expect("a source");
    let four = source(&with(&settings, 4)).expect("a source");
    let session = |source: &dyn Source| source.session(&grant(&["ranged"])).expect("a session");
    let (mut one, mut four) = (session(one.as_ref()), session(four.as_ref()));
    let before: Vec<_> = ORDERS.iter().map(|(order, _)| all(one.as_mut(), order, 10)).collect();
    // None of this is of the moment.
    run(
        &settings,
        &["DELETE FROM RANGED WHERE ID < 40", "UPDATE RANGED SET CODE = 'changed' || ID, AT = DATE '2020-01-01'"],
    );
    for ((order, are_several), before) in ORDERS.iter().zip(before) {
        assert_eq!(before.len() as i64, ROWS - 1);
        let asked = ranges(&server);
        for batch_rows in [3, 1_000] {
            assert_eq!(all(four.as_mut(), order, batch_rows), before, "by {order}, {batch_rows} rows at a time");
        }
        // A row without a place in the order would be in no range, and a range without an index would read all rows.
        assert_eq!(ranges(&server) > asked + 10, *are_several, "by {order}");
    }
}

#[test]
fn a_batch_may_be_asked_for_in_another_size() {
    let (_server, settings) = server();
    let rows = |readers: usize| {
        let mut session = reader(&with(&settings, readers), &["ranged"]);
        let mut cursor = session.query(r#"SELECT "ID" FROM "RANGED" ORDER BY "ID""#, &[]).expect("a query");
        let (mut rows, mut sizes) = (Vec::new(), [50, 3, 7].into_iter().cycle());
        while let Some(batch) = cursor.next(sizes.next().expect("a size")).expect("rows") {
            rows.extend(as_json(&batch));
        }
        rows
    };
    assert_eq!(rows(3), rows(1));
}

#[test]
fn a_reader_that_fails_fails_the_cursor_and_never_ends_it() {
    let (server, settings) = server();
    let mut failures = 0;
    for (moment, skip) in [("OFFSET", 3), ("\"TEXT\"", 7)] {
        for effect in [Effect::DropBefore, Effect::Half, Effect::Fail(1_555)] {
            let mut session = reader(&with(&settings, 3), &["ranged"]);
            let name = format!("{moment} {effect:?}");
            let fault = Fault::new(Moment::Statement(moment.to_owned()), effect).skip(skip);
            let id = server.faults().add(fault);
            let mut cursor = session.query(&statement("\"ID\""), &[wmshost_flow::Value::Int64(0)]).expect("a query");
            let mut rows: Vec<String> = Vec::new();
            let failure = loop {
                match cursor.next(4) {
                    Ok(Some(batch)) => rows.extend(as_json(&batch)),
                    // After lost connections one session may read alone, and does not meet the fault.
                    Ok(None) => break None,
                    Err(failure) => break Some(failure),
                }
            };
            match failure {
                Some(failure) => {
                    failures += 1;
                    assert_eq!(failure.kind, FailureKind::Transient, "{name}: {failure}");
                    assert!(cursor.next(4).is_err(), "{name}");
                }
                None => assert_eq!(rows.len() as i64, ROWS, "{name}: it ended before its end"),
            }
            for (at, row) in rows.iter().enumerate() {
                assert!(row.starts_with(&format!("{{\"id\":{},", at + 1)), "{name}: {row} is row {at}");
            }
            server.faults().remove(id);
        }
    }
    assert!(failures >= 3, "{failures} of 6 faults were met");
}

#[test]
fn a_cursor_that_is_dropped_ends_its_readers() {
    let (_server, settings) = server();
    let mut session = reader(&with(&settings, 4), &["ranged"]);
    for taken in [0, 1, 3] {
        let mut cursor = session.query(&statement("\"ID\""), &[wmshost_flow::Value::Int64(0)]).expect("a query");
        for _ in 0..taken {
            assert!(cursor.next(4).expect("rows").is_some());
        }
    }
    assert_eq!(all(session.as_mut(), "\"ID\"", 100).len() as i64, ROWS - 1);
}

/// The time that a reading takes where a round trip takes 40 milliseconds.
#[test]
fn four_readers_wait_for_the_network_together() {
    let (server, settings) = server();
    let delay = Effect::Delay(Duration::from_millis(40));
    server.faults().add(Fault::new(Moment::Call, delay).times(1_000_000));
    let time = |readers: usize| {
        let mut session = reader(&with(&settings, readers), &["ranged"]);
        let query = r#"SELECT "ID", "CODE" FROM "RANGED" WHERE "ID" <= 64 ORDER BY "ID""#;
        let mut cursor = session.query(query, &[]).expect("a query");
        let begun = Instant::now();
        while cursor.next(8).expect("rows").is_some() {}
        begun.elapsed().as_secs_f64()
    };
    // A busy machine can hold up one of them.
    let mut ratios =
        (0..3).map(|_| time(4) / time(1)).inspect(|ratio| println!("four readers took {ratio:.2} of the time of one"));
    assert!(ratios.any(|ratio| ratio < 0.7), "four readers are not quicker than one");
}

//! Large objects: small ones come with their rows, others in pieces, and ones that are too large not at all; they are
//! written at any size.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use wmshost_databases::oracle::Settings;
use wmshost_flow::{Batch, Value};
use wmshost_oracle_emulator::{Asked, Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{read, reader, rows, run, settings, target, writer};

/// The most bytes that come with a row, and the number of bytes that are read at a time.
const INLINE: usize = 64 << 10;
const PIECE: u64 = 256 << 10;

/// Texts of these letters and lengths, each in a row with the number of its place.
fn texts(settings: &Settings, table: &str, texts: &[Option<String>]) {
    run(settings, &[&format!("CREATE TABLE {table} (ID NUMBER(5), V CLOB)")]);
    let rows: Vec<Vec<Value>> = texts
        .iter()
        .enumerate()
        .map(|(id, text)| vec![Value::Int64(id as i64), text.clone().map_or(Value::Null, Value::Text)])
        .collect();
    let mut sql = target(settings).sql().expect("a session");
    for row in &rows {
        sql.execute(&format!("INSERT INTO {table} (id, v) VALUES (:1, :2)"), row).expect("a row");
    }
}

fn of(batch: &Batch) -> Vec<Option<&str>> {
    use arrow_array::cast::AsArray as _;
    batch.rows.column(1).as_string::<i32>().iter().collect()
}

fn all(settings: &Settings, table: &str) -> Batch {
    read(reader(settings, &[table]).as_mut(), &format!("SELECT id, v FROM {table} ORDER BY id"), &[])
}

fn pieces(server: &Emulator) -> Vec<u64> {
    let asked = server.asked().into_iter();
    asked.filter_map(|asked| if let Asked::Piece(units) = asked { Some(units) } else { None }).collect()
}

/// The rows per round trip of the statement's last run.
fn rows_asked(server: &Emulator, words: &str) -> Option<usize> {
    let asked = server.asked().into_iter().rev();
    asked.into_iter().find_map(|asked| match asked {
        Asked::Rows(sql, rows) if sql.contains(words) && !sql.contains("LENGTH") => Some(rows),
        _ => None,
    })
}

#[test]
fn small_texts_come_with_their_rows_as_many_as_a_few_megabytes_hold() {
    for release in Release::ALL {
        let server = Emulator::start(Options::default()).expect("a emulator");
        let settings = settings(&server, release);
        let known = [Some("ä€😀 ".repeat(10)), None, Some("x".to_owned()), Some("y".repeat(INLINE / 3 - 1))];
        texts(&settings, "T", &known);
        let batch = all(&settings, "T");
        assert_eq!(of(&batch), known.iter().map(Option::as_deref).collect::<Vec<_>>(), "{release:?}");
        assert_eq!(pieces(&server), Vec::<u64>::new(), "{release:?}: nothing was read by locator");
        assert_eq!(rows_asked(&server, "FROM T"), Some((4 << 20) / (3 * (INLINE / 3 - 1))), "{release:?}");
    }
}

#[test]
fn large_texts_are_read_in_pieces_and_letters_on_their_border_are_whole() {
    for release in Release::ALL {
        let server = Emulator::start(Options::default()).expect("a emulator");
        let mut settings = settings(&server, release);
        settings.lob_bytes = 8 << 20;
        let units = PIECE as usize / 3;
        let known = [
            Some("x".repeat(INLINE)),
            Some(format!("{}{}", "x".repeat(units - 1), "😀".repeat(units))),
            Some("€".repeat(2 * units + 1)),
            Some(String::new()),
            None,
            Some("x".repeat(PIECE as usize)),
        ];
        texts(&settings, "T", &known);
        // An empty text is NULL to Oracle; an empty large object is not.
        run(&settings, &["UPDATE T SET V = EMPTY_CLOB() WHERE ID = 3"]);
        let batch = all(&settings, "T");
        assert_eq!(batch.rejected.len(), 0, "{:?}", batch.rejected);
        for (found, expected) in of(&batch).into_iter().zip(&known) {
            assert!(
                found == expected.as_deref(),
                "{release:?}: {:?} for {:?}",
                found.map(str::len),
                expected.as_ref().map(String::len)
            );
        }
        let pieces = pieces(&server);
        assert!(pieces.len() > 8 && pieces.iter().all(|units| *units <= PIECE / 3), "{pieces:?}");
    }
}

#[test]
fn objects_at_the_limit_are_read_and_above_it_not_even_asked_for() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut settings = settings(&server, Release::R23);
    settings.lob_bytes = 100_000;
    let at = "ä".repeat(50_000);
    // The last but one has too many bytes only, which shows when it is read.
    let known = ["x".repeat(100_000), at.clone(), format!("{at}ä"), "x".repeat(100_001), "x".to_owned()].map(Some);
    texts(&settings, "T", &known);
    let batch = all(&settings, "T");
    assert_eq!(of(&batch), [known[0].as_deref(), Some(at.as_str()), Some("x")]);
    let reasons: Vec<&str> = batch.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    for reason in reasons {
        for words in ["column V", "CLOB", "lob_mib", "100000 bytes"] {
            assert!(reason.contains(words), "{words} is not in {reason}");
        }
    }
    let read: u64 = pieces(&server).iter().sum();
    assert!(read < 300_000, "the one of 100,001 letters was read: {read}");
}

#[test]
fn binaries_are_read_at_any_size() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut settings = settings(&server, Release::R19);
    settings.lob_bytes = 1 << 20;
    run(&settings, &["CREATE TABLE T (ID NUMBER(5), V BLOB)"]);
    let bytes = |length: usize| (0..length).map(|at| (at % 251) as u8).collect::<Vec<u8>>();
    let sizes = [1, INLINE, INLINE + 1, PIECE as usize, PIECE as usize + 1, 1 << 20, (1 << 20) + 1];
    let mut sql = target(&settings).sql().expect("a session");
    for (id, size) in sizes.iter().enumerate() {
        let row = [Value::Int64(id as i64), Value::Binary(bytes(*size))];
        sql.execute("INSERT INTO t (id, v) VALUES (:1, :2)", &row).expect("a row");
    }
    let batch = all(&settings, "T");
    use arrow_array::cast::AsArray as _;
    let found: Vec<_> =
        batch.rows.column(1).as_binary::<i32>().iter().map(|bytes| bytes.expect("bytes").to_vec()).collect();
    assert!(found == sizes[..6].iter().map(|size| bytes(*size)).collect::<Vec<_>>());
    assert_eq!(batch.rejected.len(), 1);
    assert!(pieces(&server).iter().all(|bytes| *bytes <= PIECE), "{:?}", pieces(&server));
}

#[test]
fn a_connection_that_breaks_off_within_an_object_is_not_used_again() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut settings = settings(&server, Release::R19);
    settings.lob_bytes = 1 << 20;
    texts(&settings, "T", &[Some("x".repeat(INLINE + 1)), Some("y".repeat(INLINE + 1))]);
    let mut session = reader(&settings, &["T"]);
    let mut cursor = session.query("SELECT id, v FROM T", &[]).expect("a cursor");
    server.faults().add(Fault::new(Moment::LargeObject, Effect::DropBefore).skip(1));
    let Err(failure) = cursor.next(10) else { panic!("no fault") };
    assert_eq!(failure.kind, wmshost_flow::FailureKind::Transient, "{failure}");
    drop((cursor, session));
    assert_eq!(all(&settings, "T").rows.num_rows(), 2);
}

#[test]
fn objects_of_any_size_are_written() {
    for release in Release::ALL {
        let server = Emulator::start(Options::default()).expect("a emulator");
        let settings = settings(&server, release);
        run(
            &settings,
            &[
                "CREATE TABLE T (ID NUMBER(19) PRIMARY KEY, V CLOB, W BLOB, WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))",
            ],
        );
        let texts: Vec<Option<String>> = [Some(4_001), Some(32_767), Some(32_768), None, Some(1 << 20)]
            .map(|length| length.map(|length| format!("{}ä€😀", "x".repeat(length))))
            .to_vec();
        let bytes: Vec<Option<Vec<u8>>> = [Some(2_001), None, Some(32_768), Some(1 << 20), Some(1)]
            .map(|length| length.map(|length| vec![7; length]))
            .to_vec();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int64Array::from_iter_values(0..5)) as ArrayRef, true),
            ("v", Arc::new(StringArray::from_iter(texts.iter())), true),
            ("w", Arc::new(BinaryArray::from_iter(bytes.iter())), true),
        ])
        .expect("a batch");
        let mut writer = writer(&settings, "T");
        writer.begin().expect("a transaction");
        writer.insert("T", &batch).expect("rows");
        writer.commit().expect("a commit");
        let lengths = rows(&settings, "SELECT LENGTH(v), LENGTH(w) FROM t ORDER BY id");
        // Of the letters after, the last has two units.
        let units = |text: &Option<String>| {
            text.as_ref().map_or(Value::Null, |text| Value::Int64(text.encode_utf16().count() as i64))
        };
        let sizes =
            |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(Value::Null, |bytes| Value::Int64(bytes.len() as i64));
        let letters =
            |text: &Option<String>| text.as_ref().map_or(Value::Null, |text| Value::Int64(text.chars().count() as i64));
        for (row, (text, bytes)) in lengths.iter().zip(texts.iter().zip(&bytes)) {
            assert!(row[0] == units(text) || row[0] == letters(text), "{release:?}: {row:?}");
            assert_eq!(row[1], sizes(bytes), "{release:?}");
        }
        let mut large = settings.clone();
        large.lob_bytes = 4 << 20;
        let found = all(&large, "T");
        assert!(of(&found) == texts.iter().map(Option::as_deref).collect::<Vec<_>>(), "{release:?}");
    }
}

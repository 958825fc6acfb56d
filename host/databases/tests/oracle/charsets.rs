//! A database whose character set does not hold every letter: no text is changed on its way, neither the rows' nor the
//! host's own.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use wmshost_databases::oracle::{Purpose, Settings, probe_target};
use wmshost_flow::{FailureKind, MergeRule, Refused, TableDefinition, Value};
use wmshost_oracle_emulator::{Charset, Emulator, Options, Release};

use crate::server::{read, reader, rows, run, settings, target, writer};

fn western() -> Emulator {
    Emulator::start(Options::default().charset(Charset::Western)).expect("an emulator")
}

fn notes(texts: &[&str]) -> RecordBatch {
    let ids = Arc::new(Int64Array::from_iter_values(1..=texts.len() as i64)) as ArrayRef;
    let texts = Arc::new(StringArray::from_iter_values(texts.iter().copied())) as ArrayRef;
    RecordBatch::try_from_iter([("id", ids), ("note", texts)]).expect("a batch")
}

/// Loads notes into a table; returns the rows that were refused.
fn load(settings: &Settings, table: &str, rows: &RecordBatch, merges: bool) -> Vec<Refused> {
    let mut session = writer(settings, table);
    session.begin().expect("a transaction");
    if session.describe(table).expect("a description").is_none() {
        let definition = TableDefinition { name: table.to_owned(), columns: rows.schema(), key: vec!["id".to_owned()] };
        session.create(&definition).expect("a table");
    }
    let rule = MergeRule { key: vec!["id".to_owned()], version: None };
    let loaded = if merges { session.merge(table, rows, &rule) } else { session.insert(table, rows) };
    loaded.expect("rows");
    let refused = session.take_refused();
    session.commit().expect("a commit");
    refused
}

#[test]
fn a_letter_that_the_target_cannot_hold_is_refused_with_its_row_and_no_other_is_changed() {
    let server = western();
    for (release, merges) in [(Release::R19, false), (Release::R23, true)] {
        let settings = settings(&server, release);
        let table = format!("letters_{merges}");
        let refused = load(&settings, &table, &notes(&["Käse", "Łódź", "5 €", "plain", "a 😀"]), merges);
        let places: Vec<usize> = refused.iter().map(|refused| refused.row).collect();
        assert_eq!(places, [1, 4], "{refused:?}");
        assert!(refused[0].reason.contains("column note") && refused[0].reason.contains("U+0141"), "{refused:?}");
        assert!(refused[0].reason.contains("WE8MSWIN1252"), "{refused:?}");
        let kept = rows(&settings, &format!("SELECT note FROM {table} ORDER BY id"));
        assert_eq!(kept, ["Käse", "5 €", "plain"].map(|text| vec![Value::Text(text.into())]));
    }
}

#[test]
fn texts_of_the_hosts_own_are_escaped_and_a_statement_is_refused() {
    let server = western();
    let settings = settings(&server, Release::R19);
    run(&settings, &["CREATE TABLE OWN_TEXT (ID NUMBER(5), TEXT VARCHAR2(200 CHAR))"]);
    let mut sql = target(&settings).sql().expect("a session");
    let text = Value::Text(r#"{"city":"Łódź, Köln"}"#.to_owned());
    sql.execute("INSERT INTO OWN_TEXT VALUES (1, :1)", std::slice::from_ref(&text)).expect("a row");
    sql.execute_many("INSERT INTO OWN_TEXT VALUES (2, :1)", &[vec![text]]).expect("a row");
    for row in sql.query("SELECT text FROM own_text", &[]).expect("rows") {
        let Some(Value::Text(kept)) = row.first() else { panic!("{row:?}") };
        assert_eq!(kept, r#"{"city":"\u0141ód\u017a, Köln"}"#);
    }
    let failure = sql.query("SELECT 'Łódź' FROM dual", &[]).expect_err("a letter");
    assert_eq!(failure.kind, FailureKind::InvalidConfig, "{failure}");
    assert!(failure.to_string().contains("U+0141"), "{failure}");
}

#[test]
fn a_comparison_with_a_letter_that_the_source_lacks_is_refused() {
    let server = western();
    let settings = settings(&server, Release::R19);
    run(&settings, &["CREATE TABLE CITY (NAME VARCHAR2(20 CHAR))", "INSERT INTO CITY VALUES ('¿ód¿')"]);
    let mut session = reader(&settings, &["city"]);
    let question = "SELECT name FROM city WHERE name = :1";
    let failure = session.query(question, &[Value::Text("Łódź".into())]).err().expect("it would find another row");
    assert!(failure.to_string().contains("U+0141"), "{failure}");
    let found = read(session.as_mut(), question, &[Value::Text("¿ód¿".into())]);
    assert_eq!(found.rows.num_rows(), 1);
}

#[test]
fn a_test_of_the_connection_says_which_character_set_it_is() {
    let server = western();
    let probe = probe_target(settings(&server, Release::R19), Purpose::default(), "ana").expect("a server");
    assert_eq!((probe.charset.as_str(), probe.national_charset.as_str()), ("WE8MSWIN1252", "AL16UTF16"));
    assert!(probe.remarks.iter().any(|remark| remark.contains("on_bad_value")), "{:?}", probe.remarks);
}

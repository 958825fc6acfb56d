//! What `wmshost singer target` refuses or does so that no record is lost: each test is a loss that happened.

use std::fmt::Write as _;
use std::fs;

use wmshost_tests::{CommandOutput, TestProject};

/// A project whose pipeline file has these streams, and the settings of a target that loads into it.
fn project(streams: &str, more: &str) -> TestProject {
    let project = TestProject::with_pipeline("", |project| {
        format!("name = \"tap\"\n[connections.ana]\ndriver = \"sqlite\"\npath = {:?}\n{streams}", project.target_path())
    });
    settings(&project, more);
    project
}

fn settings(project: &TestProject, more: &str) {
    let text = format!("{{\"pipeline\": {:?}, \"batch_size_rows\": 100{more}}}", project.pipeline());
    fs::write(project.path("settings.json"), text).expect("written");
}

fn load(project: &TestProject, messages: &str) -> CommandOutput {
    fs::write(project.path("messages"), messages).expect("written");
    let path = |name: &str| project.path(name).display().to_string();
    project.plain(&["singer", "target", "--config", &path("settings.json"), "--input", &path("messages")])
}

/// The schema of a stream, and a record for each of these ids and times.
fn records(stream: &str, rows: impl IntoIterator<Item = (u32, u32)>) -> String {
    let mut text = format!(
        "{{\"type\":\"SCHEMA\",\"stream\":{stream:?},\"key_properties\":[\"id\"],\"schema\":{{\"properties\":\
         {{\"id\":{{\"type\":\"integer\"}},\"at\":{{\"type\":\"integer\"}}}}}}}}\n"
    );
    for (id, at) in rows {
        let _ = writeln!(text, r#"{{"type":"RECORD","stream":{stream:?},"record":{{"id":{id},"at":{at}}}}}"#);
    }
    text
}

#[test]
fn a_replacement_that_broke_off_is_not_ended_by_other_records() {
    let mut project = project("", ", \"load_method\": \"overwrite\"");
    load(&project, &records("orders", (0..50).map(|id| (id, 1)))).succeeded();
    project.set("WMSHOST_CRASH_AT", "orders:batch-committed:3");
    assert_eq!(load(&project, &records("orders", (0..1_000).map(|id| (id, 2)))).code(), None);
    project.set("WMSHOST_CRASH_AT", "");
    settings(&project, "");
    let rest = records("orders", (900..1_000).map(|id| (id, 3)));
    load(&project, &rest).ended(2).says(&["was to replace the table of the stream orders broke off", "\"overwrite\""]);
    assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS"), 50, "the table of before");
    settings(&project, ", \"load_method\": \"overwrite\"");
    load(&project, &records("orders", (0..1_000).map(|id| (id, 2)))).succeeded();
    assert_eq!(project.rows("SELECT COUNT(*), SUM(at) FROM ORDERS"), ["1000 2000"]);
}

#[test]
fn columns_and_grants_that_records_do_not_pass_through_are_refused() {
    for part in ["[streams.orders.columns]\nat = \"skip\"\n", "[streams.orders.grants.orders]\nexcept = [\"at\"]\n"] {
        let project = project(&format!("[streams.orders]\ntarget_table = \"ORDERS\"\n{part}"), "");
        load(&project, &records("orders", [(1, 7)])).ended(2).says(&["the stream orders has `columns` or `grants`"]);
        let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'ORDERS'";
        assert_eq!(project.number(tables), 0, "{part}: what was to be left out must not be written");
    }
}

#[test]
fn a_stream_of_the_file_with_a_hyphen_is_that_of_the_tap() {
    let project = project("[streams.main-orders]\ntarget_table = \"MY_ORDERS\"\n", "");
    load(&project, &records("main-orders", [(1, 7), (2, 8)])).succeeded();
    assert_eq!(project.number("SELECT COUNT(*) FROM MY_ORDERS"), 2);
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'MAIN_ORDERS' COLLATE NOCASE";
    assert_eq!(project.number(tables), 0, "the file names the table");
}

#[test]
fn a_change_key_of_the_file_leaves_no_record_out() {
    let stream = "[streams.orders]\ntarget_table = \"ORDERS\"\nmethod = \"incremental\"\nchange_key = \"at\"\n\
                  lookback_versions = 0\n";
    let project = project(stream, "");
    load(&project, &records("orders", [(1, 9), (2, 9)])).succeeded();
    // A record that comes later wins, whatever its change key: the tap decides what it sends.
    load(&project, &records("orders", [(1, 3), (3, 1)])).succeeded();
    assert_eq!(project.rows("SELECT id, at FROM ORDERS ORDER BY id"), ["1 3", "2 9", "3 1"]);
}

#[test]
fn tables_that_are_replaced_are_no_more_than_the_target_has_sessions() {
    let project = project("", ", \"load_method\": \"overwrite\"");
    let text: String = (0..70).map(|number| records(&format!("s{number}"), [(1, 1)])).collect();
    load(&project, &text).ended(2).says(&["more than 64 tables are replaced at once"]);
}

#[test]
fn a_state_with_a_number_that_json_has_no_word_for_is_not_passed_on_as_another() {
    let project = project("", "");
    let text = records("orders", [(1, 1)]) + "{\"type\":\"STATE\",\"value\":{\"orders\":NaN}}\n";
    assert_eq!(load(&project, &text).ended(1).says(&["line 3"]).out(), "");
}

#[test]
fn of_many_states_that_wait_the_last_one_is_passed_on() {
    let project = project("", "");
    let mut text = records("orders", []);
    for id in 0..5_000 {
        let _ = writeln!(text, r#"{{"type":"RECORD","stream":"orders","record":{{"id":{id}}}}}"#);
        let _ = writeln!(text, r#"{{"type":"STATE","value":{id}}}"#);
    }
    assert_eq!(load(&project, &text).succeeded().out().lines().last(), Some("4999"));
    assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS"), 5_000);
}

/// Rows that a tap's stream rejects can be listed and dropped, whether the pipeline file has the stream or not.
#[test]
fn rejected_records_of_a_stream_that_the_file_lacks_can_be_listed() {
    let project = project("", "");
    let mut messages = records("orders", [(1, 7), (3, 9)]);
    messages += "{\"type\":\"RECORD\",\"stream\":\"orders\",\"record\":{\"id\":2,\"at\":\"no number\"}}\n";
    load(&project, &messages).says(&["1 rejected"]);
    let quarantine = |arguments: &[&str]| {
        let (action, rest) = arguments.split_first().expect("an action");
        let pipeline = project.pipeline();
        project.plain(&[&["quarantine", action, &pipeline], rest].concat())
    };
    for selection in [&["list"][..], &["list", "--stream", "orders"]] {
        let listed = quarantine(&[selection, &["--output", "json"]].concat()).succeeded().json();
        let rows = listed.as_array().expect("rows");
        assert_eq!(rows.len(), 1, "{selection:?}: {listed}");
        assert_eq!((&rows[0]["stream"], &rows[0]["key"]), (&"orders".into(), &"id=2".into()));
        let shown = quarantine(&["show", rows[0]["id"].as_str().expect("an id")]).succeeded().out();
        assert!(shown.contains("at = \"no number\""), "{shown}");
    }
    quarantine(&["list", "--stream", "items"]).ended(2).says(&["items"]);
    quarantine(&["drop", "--stream", "orders", "--yes"]).succeeded();
    assert!(quarantine(&["list"]).succeeded().out().contains("0 rows in quarantine"));
}

//! `wmshost singer target`: a tap's messages become tables, states follow commits, and bad input changes nothing by halves.

use std::fmt::Write as _;
use std::fs;

use wmshost_tests::{CommandOutput, TestProject};

/// A project whose pipeline has nothing but a database, and the settings of a target that loads into it.
fn project(more: &str) -> TestProject {
    let project = TestProject::with_pipeline("", |project| {
        format!("name = \"tap\"\n[connections.ana]\ndriver = \"sqlite\"\npath = {:?}\n", project.target_path())
    });
    settings(&project, more);
    project
}

fn settings(project: &TestProject, more: &str) {
    let text = format!("{{\"pipeline\": {:?}{more}}}", project.pipeline());
    fs::write(project.path("settings.json"), text).expect("written");
}

/// Loads these messages.
fn load(project: &TestProject, messages: &str) -> CommandOutput {
    fs::write(project.path("messages"), messages).expect("written");
    let path = |name: &str| project.path(name).display().to_string();
    project.plain(&["singer", "target", "--config", &path("settings.json"), "--input", &path("messages")])
}

/// Loads the same messages once more, with deletions allowed.
fn allowing(project: &TestProject, stream: &str) -> CommandOutput {
    let path = |name: &str| project.path(name).display().to_string();
    let (config, input) = (path("settings.json"), path("messages"));
    project.plain(&["singer", "target", "--config", &config, "--input", &input, "--allow-deletes", stream])
}

const ORDERS: &str = r#"{"type": "SCHEMA", "stream": "orders", "key_properties": ["id"], "schema": {"type": "object", "properties": {
    "id": {"type": "integer"}, "amount": {"type": ["null", "number"]}, "Made At": {"type": "string", "format": "date-time"},
    "tags": {"type": ["null", "array"]}, "note": {"type": ["string", "null"]}}}}"#;

fn orders() -> String {
    ORDERS.replace('\n', " ")
}

#[test]
fn records_become_rows_by_their_digits_and_the_last_of_a_key_wins() {
    let project = project("");
    let schema = orders();
    let messages = [
        schema.as_str(),
        r#"{"type":"RECORD","stream":"orders","record":{"id":1,"amount":0.1000000001,"Made At":"2026-11-16T06:00:00.123456+02:00","tags":[1, {"a": "b c"}],"note":"x"}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":2,"amount":null,"Made At":"2026-11-16T06:00:00","other":7}}"#,
        r#"{"type":"STATE","value":{"bookmarks": {"orders": 2}}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":1,"amount":123456789012345678.5,"note":null}}"#,
        "",
        // Columns are added, and what was before stays.
        r#"{"type":"SCHEMA","stream":"orders","key_properties":["id"],"schema":{"properties":{"id":{"type":"integer"},"size":{"type":"integer"}}}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":3,"size":9007199254740993}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":4,"size":"big"}}"#,
        // Numbers that JSON has no words for, more digits than a column has, and a key that is NULL make bad rows.
        r#"{"type":"RECORD","stream":"orders","record":{"id":5,"size":NaN}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":6,"size":123456789012345678901234567890123456789012345678901234567890}}"#,
        r#"{"type":"RECORD","stream":"orders","record":{"id":null,"size":1}}"#,
        r#"{"type":"LOG","text":"what is not known is skipped"}"#,
        r#"{"type":"STATE","value":{"bookmarks": {"orders": 3}}}"#,
    ];
    let loaded = load(&project, &messages.join("\n")).succeeded().says(&["1 messages of the type LOG were skipped"]);
    assert_eq!(loaded.out().lines().last(), Some(r#"{"bookmarks": {"orders": 3}}"#));
    let rows = project.rows("SELECT id, amount, made_at, tags, note, size FROM ORDERS ORDER BY id");
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[0].starts_with("1 123456789012345678.5") && rows[0].ends_with("NULL NULL NULL"), "{rows:?}");
    assert!(rows[1].contains("2026-11-16 06:00:00") && rows[2].ends_with("9007199254740993"), "{rows:?}");
    assert_eq!(project.number("SELECT COUNT(*) FROM WMSHOST_QUARANTINE WHERE REASON LIKE '%is not a number%'"), 2);
    assert_eq!(project.number("SELECT COUNT(*) FROM WMSHOST_QUARANTINE"), 4);

    // The same again changes nothing, and a table that another pipeline made is left alone.
    load(&project, &messages.join("\n")).succeeded();
    assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS"), 3);
}

/// Records with ids of a range, and a state after every hundred.
fn numbered(ids: std::ops::Range<u32>) -> String {
    let mut text = format!("{}\n", orders());
    for id in ids {
        let _ = writeln!(
            text,
            r#"{{"type":"RECORD","stream":"orders","record":{{"id":{id},"amount":{id}.25,"note":"n{id}"}}}}"#
        );
        if id % 100 == 99 {
            let _ = writeln!(text, r#"{{"type":"STATE","value":{}}}"#, id + 1);
        }
    }
    text
}

#[test]
fn a_state_never_runs_ahead_of_its_rows_and_a_lost_process_goes_on_from_it() {
    for point in ["batch-loaded", "checkpoint-written", "batch-committed"] {
        let mut project = project(", \"batch_size_rows\": 100");
        project.set("WMSHOST_CRASH_AT", &format!("orders:{point}:4"));
        let lost = load(&project, &numbered(0..1_000));
        assert_eq!(lost.code(), None, "{point}: {}", lost.err());
        let state: u32 = lost.out().lines().last().and_then(|line| line.parse().ok()).unwrap_or(0);
        let committed = project.number("SELECT COUNT(*) FROM ORDERS");
        assert!(i64::from(state) <= committed && committed < 1_000, "{point}: {state} of {committed}");
        project.set("WMSHOST_CRASH_AT", "");
        let rest = load(&project, &numbered(state..1_000)).succeeded();
        assert_eq!(rest.out().lines().last(), Some("1000"));
        let sums = project.rows("SELECT COUNT(*), SUM(id), SUM(amount) FROM ORDERS");
        assert_eq!(sums, ["1000 499500 499750.0"], "{point}");
    }
}

#[test]
fn bad_input_is_told_by_its_line_and_what_was_before_it_stays() {
    for (bad, what) in [
        ("{\"type\":\"RECORD\",\"stream\":\"orders\",\"record\":{\"id\":", "line 102: the line ends in the middle"),
        ("nonsense", "line 102: it is not JSON"),
        (r#"{"type":"RECORD","stream":"lines","record":{}}"#, "line 102: the stream lines has no SCHEMA before it"),
        (
            r#"{"type":"SCHEMA","stream":"lines","key_properties":["x"],"schema":{"properties":{"a":{"$ref":"y"},"B":{},"b":{}}}}"#,
            "line 102, stream lines: the property \"a\": it has a $ref, which the tap has to resolve; \
             the properties \"B\" and \"b\" would both be the column b; the key property \"x\" is not in the schema",
        ),
        (
            r#"{"type":"SCHEMA","stream":"Orders","key_properties":[],"schema":{"properties":{"a":{}}}}"#,
            "line 102, stream Orders: it and the stream orders would both be orders",
        ),
    ] {
        let project = project("");
        let messages = numbered(0..100).trim_end().rsplit_once('\n').expect("a state").0.to_owned();
        let messages = format!("{messages}\n{bad}\n{{\"type\":\"STATE\",\"value\":7}}\n");
        let failed = load(&project, &messages).ended(1).says(&[what]);
        assert_eq!(failed.out(), "", "{bad}: no state");
    }
}

#[test]
fn a_stream_without_a_key_needs_one_or_is_replaced() {
    let keyless = r#"{"type":"SCHEMA","stream":"lines","schema":{"properties":{"a":{"type":"integer"}}}}
{"type":"RECORD","stream":"lines","record":{"a":1}}
{"type":"RECORD","stream":"lines","record":{"a":1}}
{"type":"STATE","value":1}"#;
    let project = project("");
    load(&project, keyless)
        .ended(2)
        .says(&["the stream lines has no key_properties", "\"append-only\" or \"overwrite\""]);
    settings(&project, ", \"load_method\": \"overwrite\"");
    for _ in 0..2 {
        assert_eq!(load(&project, keyless).succeeded().out(), "1\n");
        assert_eq!(project.number("SELECT COUNT(*) FROM LINES"), 2);
    }
    // A table that would be replaced stays as it is if the input breaks off.
    let broken = format!("{keyless}\n{{\"type\":\"RECORD\",\"stream\":\"lines\",\"record\":{{\"a\":2}}}}\nnonsense");
    assert_eq!(load(&project, &broken).ended(1).out(), "");
    assert_eq!(project.number("SELECT SUM(a) FROM LINES"), 2);
    // The first part of a table that is replaced would be lost if its second part replaced it again.
    let other = r#"{"type":"SCHEMA","stream":"lines","schema":{"properties":{"b":{"type":"integer"}}}}"#;
    let changed = format!("{keyless}\n{other}\n{{\"type\":\"RECORD\",\"stream\":\"lines\",\"record\":{{\"b\":2}}}}");
    load(&project, &changed).ended(1).says(&["line 5, stream lines: its columns or its key change after records"]);
    assert_eq!(project.number("SELECT SUM(a) FROM LINES"), 2);
}

#[test]
fn records_that_are_appended_are_rows_of_their_own() {
    let project = project(", \"load_method\": \"append-only\"");
    for _ in 0..2 {
        assert_eq!(load(&project, &numbered(0..100)).succeeded().out(), "100\n");
    }
    let rows = project.rows("SELECT COUNT(*), COUNT(DISTINCT id), COUNT(DISTINCT _sdc_row) FROM ORDERS");
    assert_eq!(rows, ["200 100 200"]);
}

#[test]
fn a_stream_that_the_file_replaces_passes_its_state_at_the_end() {
    let mut project = project(", \"batch_size_rows\": 100");
    let file = fs::read_to_string(project.pipeline()).expect("read");
    fs::write(project.pipeline(), file + "[streams.orders]\ntarget_table = \"ORDERS\"\nmethod = \"full\"\n")
        .expect("written");
    project.set("WMSHOST_CRASH_AT", "orders:batch-committed:4");
    let lost = load(&project, &numbered(0..1_000));
    assert_eq!((lost.code(), lost.out().as_str()), (None, ""), "{}", lost.err());
    project.set("WMSHOST_CRASH_AT", "");
    assert_eq!(load(&project, &numbered(0..1_000)).succeeded().out(), "1000\n");
    assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS"), 1_000);
}

#[test]
fn many_streams_side_by_side_are_all_loaded() {
    let project = project("");
    let names: Vec<String> = (0..70).map(|number| format!("s{number}")).collect();
    let mut text: String = names
        .iter()
        .fold(String::new(), |text, name| text + &orders().replace("\"orders\"", &format!("{name:?}")) + "\n");
    for id in 0..3 {
        for name in &names {
            let _ = writeln!(text, r#"{{"type":"RECORD","stream":"{name}","record":{{"id":{id}}}}}"#);
        }
        let _ = writeln!(text, r#"{{"type":"STATE","value":{id}}}"#);
    }
    assert_eq!(load(&project, &text).succeeded().out(), "2\n");
    assert!(names.iter().all(|name| project.number(&format!("SELECT COUNT(*) FROM {name}")) == 3));
}

/// The orders with these ids, of a version that is activated after them.
fn versioned(ids: std::ops::Range<u32>, version: u32) -> String {
    let mut text = format!("{}\n", orders());
    for id in ids {
        let _ = writeln!(text, r#"{{"type":"RECORD","stream":"orders","version":{version},"record":{{"id":{id}}}}}"#);
    }
    text + &format!("{{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"orders\",\"version\":{version}}}\n")
}

#[test]
fn rows_of_older_versions_are_marked_or_deleted_within_the_guard() {
    for (more, left) in [("", 200), (", \"hard_delete\": true", 190)] {
        let project = project(more);
        load(&project, &versioned(0..200, 1)).succeeded();
        load(&project, &versioned(10..200, 2)).succeeded().says(&["10 removed"]);
        assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS"), left, "{more}");
        if more.is_empty() {
            assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS WHERE wms_deleted_at IS NOT NULL"), 10);
        }
        load(&project, &versioned(0..20, 3)).ended(1).says(&["max_deleted_percent allows 20 %: no row was deleted"]);
        assert_eq!(project.number("SELECT COUNT(*) FROM ORDERS WHERE id >= 20"), 180, "{more}");
        allowing(&project, "orders").succeeded();
        let kept = "SELECT COUNT(*) FROM ORDERS WHERE wms_deleted_at IS NULL";
        let kept = if more.is_empty() { kept } else { "SELECT COUNT(*) FROM ORDERS" };
        assert_eq!(project.number(kept), 20, "{more}");
    }
}

#[test]
fn a_row_whose_new_version_is_rejected_stays() {
    let project = project(", \"hard_delete\": true");
    load(&project, &versioned(0..200, 1)).succeeded();
    let second = versioned(1..200, 2).replacen("\"record\":{\"id\":7}", "\"record\":{\"id\":7,\"amount\":\"x\"}", 1);
    load(&project, &second).succeeded().says(&["1 rejected, 1 removed"]);
    assert_eq!(project.rows("SELECT MIN(id), COUNT(*), SUM(id = 7) FROM ORDERS"), ["1 199 1"]);
}

#[test]
fn settings_are_checked_before_a_message_is_read() {
    let project = project(", \"target\": \"nowhere\", \"loader\": \"tabel\"");
    load(&project, "nonsense").ended(2).says(&["there is no connection `nowhere`", "tabel"]);
    settings(&project, ", \"paswort\": \"hush\"");
    let wrong = load(&project, "nonsense").ended(2).says(&["there is no setting \"paswort\""]);
    assert!(!wrong.err().contains("hush"));
}

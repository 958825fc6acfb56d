//! `wmshost singer tap`: the rows of a stream as messages, which a target makes equal to the source, whatever is lost between.

use std::fs;

use serde_json::{Value as Json, json};
use wmshost_tests::{CommandOutput, TestProject};

/// Rows of every kind, each kind with values at its ends.
const SOURCE: &str = "
    CREATE TABLE part (id INTEGER PRIMARY KEY, amount TEXT, share REAL, name TEXT, body BLOB, made DATE,
        at TIMESTAMP, is_new BOOLEAN, big INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO part SELECT i, printf('%d.%09d', i, i), i / 7.0, 'n\"' || i || char(10) || 'é', CAST(x'00ff' || i AS BLOB),
        date('2000-02-29', i || ' days'), printf('2026-01-%02d %02d:00:00.%06d', 1 + i % 28, i % 24, i), i % 2,
        9223372036854775807 - i FROM n;
    UPDATE part SET amount = NULL, share = NULL, name = NULL, body = NULL, made = NULL, is_new = NULL, big = NULL WHERE id % 5 = 0;
    UPDATE part SET amount = '-12345678901234567890123456789.000000001', name = '', body = x'' WHERE id = 7;
";
const STREAM: &str = "table = \"part\"\ntarget_table = \"PART\"\nkey = [\"id\"]\nmethod = \"incremental\"\nchange_key = \"at\"\ncolumns = { amount = \"decimal(38, 9)\" }";
const COLUMNS: &str = "id, CAST(amount AS TEXT), share, name, hex(body), made, at, is_new, big";

fn project() -> TestProject {
    let mut project = TestProject::with_stream(SOURCE, STREAM);
    project.set("WMS_BATCH_SIZE", "2000");
    let loaded =
        format!("name = \"loaded\"\n[connections.ana]\ndriver = \"sqlite\"\npath = {:?}\n", project.path("loaded.db"));
    fs::write(project.path("load.toml"), loaded).expect("written");
    write(&project, "target.json", &json!({"pipeline": project.path("load.toml")}).to_string());
    write(&project, "tap.json", &json!({"pipeline": project.pipeline()}).to_string());
    project
}

fn write(project: &TestProject, name: &str, text: &str) {
    fs::write(project.path(name), text).expect("written");
}

/// The tap with these arguments, of which those that end in `.json` are files of the project.
fn tap(project: &TestProject, arguments: &[&str]) -> CommandOutput {
    let place = |word: &&str| {
        if word.ends_with(".json") { project.path(word).display().to_string() } else { (*word).to_owned() }
    };
    let words: Vec<String> = ["singer", "tap", "--config", "tap.json"].iter().chain(arguments).map(place).collect();
    project.plain(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Loads messages into the other database.
fn load(project: &TestProject, messages: &str) -> CommandOutput {
    write(project, "messages", messages);
    let path = |name: &str| project.path(name).display().to_string();
    project.plain(&["singer", "target", "--config", &path("target.json"), "--input", &path("messages")])
}

/// Asserts that the messages have made what an ordinary run makes.
fn assert_equals_run(project: &TestProject) {
    project.run();
    let target = project.target();
    target.execute("ATTACH ?1 AS loaded", [project.path("loaded.db").display().to_string()]).expect("attached");
    let one = format!("SELECT {COLUMNS} FROM main.PART");
    let other = format!("SELECT {COLUMNS} FROM loaded.S");
    for (left, right) in [(&one, &other), (&other, &one)] {
        let differ = format!("SELECT COUNT(*) FROM ({left} EXCEPT {right})");
        assert_eq!(target.query_row(&differ, [], |row| row.get::<_, i64>(0)), Ok(0), "{differ}");
    }
    let count = "SELECT (SELECT COUNT(*) FROM main.PART), (SELECT COUNT(*) FROM loaded.S)";
    let counts = target.query_row(count, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).expect("counts");
    assert_eq!(counts.0, counts.1);
}

/// The last state among messages.
fn last_state(messages: &str) -> Option<Json> {
    let mut states = messages.lines().filter(|line| line.starts_with("{\"type\":\"STATE\""));
    states.next_back().map(|line| serde_json::from_str::<Json>(line).expect("JSON")["value"].clone())
}

#[test]
fn a_tap_and_a_target_make_what_a_run_makes_and_go_on_from_the_state() {
    let project = project();
    let messages = tap(&project, &[]).succeeded().says(&["s: 12000 records, 0 bad rows left out"]).out();
    assert_eq!(messages.lines().filter(|line| line.starts_with("{\"type\":\"STATE\"")).count(), 2);
    let state = load(&project, &messages).succeeded().out();
    assert_equals_run(&project);
    let printed: Json = serde_json::from_str(state.lines().last().expect("a state")).expect("JSON");
    assert_eq!(Some(&printed), last_state(&messages).as_ref());
    let pair = &printed["bookmarks"]["s"];
    assert_eq!(
        (&pair["replication_key"], &pair["replication_key_value"]),
        (&json!("at"), &json!("2026-01-28T23:00:00.011927"))
    );

    project.change("UPDATE part SET name = 'changed', at = '2026-02-01 00:00:00.000000' WHERE id IN (3, 5)");
    write(&project, "state.json", &printed.to_string());
    let changes = tap(&project, &["--state", "state.json"]).succeeded().out();
    let records = changes.lines().filter(|line| line.starts_with("{\"type\":\"RECORD\"")).count();
    assert!((2..12_000).contains(&records), "{records}");
    load(&project, &changes).succeeded();
    assert_equals_run(&project);
}

#[test]
fn whatever_is_lost_between_nothing_is_missing_afterwards() {
    let project = project();
    let all = tap(&project, &[]).succeeded().out();
    // The pipe breaks before the first state, after it, and in the middle of a line.
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    let state_at = lines.iter().position(|line| line.starts_with("{\"type\":\"STATE\"")).expect("a state");
    let cut = |lines: &[&str]| lines.concat();
    let half = cut(&lines[..state_at + 500]) + &lines[state_at + 500][..40];
    load(&project, &cut(&lines[..state_at])).succeeded();
    let lost = load(&project, &half).ended(1);
    let mut state =
        lost.out().lines().last().map_or_else(|| json!({}), |line| serde_json::from_str(line).expect("JSON"));
    let whole = load(&project, &cut(&lines[..=state_at + 200])).succeeded().out();
    if let Some(line) = whole.lines().last() {
        state = serde_json::from_str(line).expect("JSON");
    }
    write(&project, "state.json", &state.to_string());
    let rest = tap(&project, &["--state", "state.json"]).succeeded().out();
    assert!(rest.lines().count() < lines.len(), "the tap goes on from its state");
    load(&project, &rest).succeeded();
    assert_equals_run(&project);
}

#[test]
fn a_catalog_chooses_columns_and_methods() {
    let project = project();
    let catalog = tap(&project, &["--discover"]).succeeded().json();
    let stream = &catalog["streams"][0];
    assert_eq!((&stream["tap_stream_id"], &stream["key_properties"]), (&json!("s"), &json!(["id"])));
    assert_eq!(stream["schema"]["properties"]["amount"]["x-wmshost-type"], "decimal(38, 9)");
    let metadata = stream["metadata"].as_array().expect("metadata");
    let of = |column: &str| {
        metadata.iter().find(|entry| entry["breadcrumb"] == json!(["properties", column])).expect("a column")
    };
    assert_eq!(of("id")["metadata"]["inclusion"], "automatic");
    assert_eq!(of("name")["metadata"]["inclusion"], "available");

    let mut chosen = catalog.clone();
    for entry in chosen["streams"][0]["metadata"].as_array_mut().expect("metadata") {
        match entry["breadcrumb"].as_array().map(Vec::as_slice) {
            Some([]) => entry["metadata"]["replication-method"] = json!("FULL_TABLE"),
            Some([_, column]) => entry["metadata"]["selected"] = json!(column == "name"),
            _ => {}
        }
    }
    write(&project, "catalog.json", &chosen.to_string());
    write(
        &project,
        "tap.json",
        &json!({"pipeline": project.pipeline(), "emit_activate_version_messages": true}).to_string(),
    );
    let messages = tap(&project, &["--catalog", "catalog.json"]).succeeded().out();
    let parsed: Vec<Json> = messages.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let record = parsed.iter().find(|message| message["type"] == "RECORD").expect("a record");
    let names: Vec<&String> = record["record"].as_object().expect("an object").keys().collect();
    assert_eq!(names, ["at", "id", "name"], "columns of the keys are automatic");
    let activated = &parsed[parsed.len() - 2];
    assert_eq!((&activated["type"], &activated["version"]), (&json!("ACTIVATE_VERSION"), &record["version"]));
    write(&project, "state.json", &last_state(&messages).expect("a state").to_string());
    let again = tap(&project, &["--properties", "catalog.json", "--state", "state.json"]).succeeded().out();
    let later: Json = serde_json::from_str(again.lines().nth(1).expect("a record")).expect("JSON");
    assert!(later["version"].as_i64() > record["version"].as_i64(), "{later}");

    chosen["streams"][0]["tap_stream_id"] = json!("other");
    write(&project, "catalog.json", &chosen.to_string());
    tap(&project, &["--catalog", "catalog.json"])
        .ended(2)
        .says(&["selects other, which the pipeline lab does not have"]);
}

#[test]
fn what_cannot_be_meant_is_refused_before_a_record() {
    let project = project();
    write(
        &project,
        "state.json",
        r#"{"bookmarks":{"s":{"replication_key":"at","replication_key_value":"2026-01-01"}}}"#,
    );
    let foreign = tap(&project, &["--state", "state.json"]).ended(2).says(&["the stream s", "written by another tap"]);
    assert_eq!(foreign.out(), "");
    write(&project, "state.json", "{");
    tap(&project, &["--state", "state.json"]).ended(2).says(&["the state: line 1, column 1: it is not JSON"]);
    write(&project, "catalog.json", "{}");
    tap(&project, &["--catalog", "catalog.json"]).ended(2).says(&["the catalog: it has no list `streams`"]);
    write(&project, "tap.json", r#"{"pipeline":"nowhere.toml","start_date":"2026-01-01"}"#);
    tap(&project, &[]).ended(2).says(&["there is no setting \"start_date\""]);
}

#[test]
fn a_bad_row_ends_the_tap_unless_bad_rows_are_left_out() {
    let project = project();
    project.change("UPDATE part SET made = 'nonsense' WHERE id = 77");
    let failed = tap(&project, &[]).ended(1).says(&["stream s: ", "skip_bad_rows"]);
    assert!(last_state(&failed.out()).is_none());
    write(&project, "tap.json", &json!({"pipeline": project.pipeline(), "skip_bad_rows": true}).to_string());
    tap(&project, &[]).succeeded().says(&["s: 11999 records, 1 bad rows left out"]);
}

#[test]
fn the_description_is_for_people_and_programs() {
    let project = project();
    let about = project.plain(&["singer", "tap", "--about", "--format", "json"]).succeeded().json();
    assert_eq!((&about["name"], &about["settings"]["required"]), (&json!("tap-wmshost"), &json!(["pipeline"])));
    let words = project.plain(&["singer", "tap", "--about"]).succeeded().out();
    assert!(words.contains("skip_bad_rows (boolean)"), "{words}");
}

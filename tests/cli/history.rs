//! The history and the log of everything that was done.

use serde_json::Value as Json;
use wmshost_tests::{TestProject, plugin};

fn runs(project: &TestProject, filter: &[&str]) -> Vec<Json> {
    let arguments: Vec<&str> = ["runs", "list", "--output", "json"].iter().chain(filter).copied().collect();
    project.plain(&arguments).succeeded().json().as_array().expect("a list").clone()
}

/// The kind, status and exit code of each run, the newest first.
fn acts(project: &TestProject, filter: &[&str]) -> Vec<String> {
    let act = |run: &Json| {
        let word = |key: &str| run[key].as_str().expect("a word").to_owned();
        format!("{} {} {}", word("kind"), word("status"), run["exit_code"])
    };
    runs(project, filter).iter().map(act).collect()
}

/// The lines of a run's log.
fn log(project: &TestProject, run: &Json) -> Vec<Json> {
    let run = run["run_id"].as_str().expect("an id");
    let printed = project.plain(&["logs", "--run", run, "--output", "json"]).succeeded().out();
    printed.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER, changed TIMESTAMP);
    INSERT INTO s VALUES (1, 1, '2026-01-01 00:00:00'), (2, 2, '2026-01-02 00:00:00');";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\non_bad_value = \"reject\"";

#[test]
fn every_command_that_changes_or_examines_rows_is_one_run_of_the_history() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    project.wmshost("run", &[]).succeeded();
    project.wmshost("verify", &[]).succeeded();
    project.target().execute_batch("DELETE FROM WMS_S WHERE id = 1").expect("a deletion");
    project.wmshost("verify", &[]).ended(1);
    project.wmshost("verify", &["--repair"]).succeeded();
    let window = ["--stream", "s", "--from", "2026-01-01", "--to", "2026-01-03", "--window", "1d"];
    project.wmshost("backfill", &window).succeeded();
    project.change("INSERT INTO s VALUES (3, 'x', '2026-01-03 00:00:00')");
    project.wmshost("run", &[]).succeeded();
    project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    project.wmshost("quarantine drop", &["--stream", "s", "--yes"]).succeeded();
    project.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
    let all = [
        "state-reset succeeded 0",
        "drop succeeded 0",
        "replay failed 1",
        "run succeeded 0",
        "backfill succeeded 0",
        "repair succeeded 0",
        "verify failed 1",
        "verify succeeded 0",
        "run succeeded 0",
    ];
    assert_eq!(acts(&project, &[]), all);
    assert_eq!(acts(&project, &["--failed"]), ["replay failed 1", "verify failed 1"]);
    assert_eq!(acts(&project, &["--kind", "run", "--limit", "1"]), ["run succeeded 0"]);
    assert_eq!(acts(&project, &["--pipeline", "other"]), [""; 0]);
    let messages: Vec<Json> = runs(&project, &[]).into_iter().take(3).map(|run| run["message"].clone()).collect();
    assert_eq!(messages, ["reset: s", "s: 1 rows deleted", "s: 0 rows loaded, 1 stay"]);
}

#[test]
fn a_run_that_never_moves_a_row_is_in_the_history_too() {
    let project = TestProject::with_stream(SOURCE, "change_kye = \"changed\"");
    let refused = project.wmshost("run", &["--output", "json"]).ended(2).json();
    assert_eq!(refused["exit_code"], 2);
    assert!(refused["error"]["message"].as_str().expect("a message").contains("change_kye"), "{refused:#}");
    project.write_stream("table = \"missing\"");
    project.wmshost("run", &[]).ended(2);
    assert_eq!(acts(&project, &["--pipeline", "lab"]), ["run failed 2"]);
    assert_eq!(acts(&project, &[]), ["run failed 2", "run failed 2"]);
}

#[test]
fn each_line_of_a_log_names_the_run_and_a_failure_is_an_error_with_its_reason() {
    let project = TestProject::with_stream(SOURCE, "on_bad_value = \"fail\"");
    project.change("UPDATE s SET v = 'many' WHERE id = 2");
    project.wmshost("run", &[]).ended(1);
    let run = &runs(&project, &[])[0];
    let lines = log(&project, run);
    for line in &lines {
        assert_eq!((&line["span"]["run_id"], &line["span"]["pipeline"]), (&run["run_id"], &"lab".into()), "{line:#}");
    }
    let errors: Vec<&Json> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let [stream, end] = errors.as_slice() else { panic!("{errors:#?}") };
    assert_eq!((&stream["fields"]["stream"], &stream["fields"]["rows_read"]), (&"s".into(), &0.into()));
    assert!(stream["fields"]["message"].as_str().expect("a message").contains("the column v"), "{stream:#}");
    assert_eq!((&end["fields"]["status"], &end["fields"]["exit_code"]), (&"failed".into(), &1.into()));
    let text = project.plain(&["logs", "--level", "error"]).succeeded().out();
    assert!(text.contains("ERROR s: the stream failed"), "{text}");
}

/// A pipeline of two streams, `good` and `bad`, of which the second has no table.
fn two_streams(bad: &str) -> TestProject {
    let source = "CREATE TABLE good (id INTEGER PRIMARY KEY); INSERT INTO good VALUES (1);";
    TestProject::with_pipeline(source, |project| {
        let (extractor, loader) = (plugin("wmshost-extractor-wms-tables"), plugin("wmshost-loader-table"));
        let (source, target) = (project.source_path(), project.target_path());
        format!(
            "name = \"two\"\n[plugins]\ntables.path = {extractor:?}\ntable.path = {loader:?}\n\
             [connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
             [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
             [stream_defaults]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"tables\"\nloader = \"table\"\n\
             [streams.good]\ntags = [\"nightly\"]\n[streams.bad]\n{bad}\n"
        )
    })
}

#[test]
fn a_stream_that_cannot_be_opened_stops_the_others_unless_it_is_not_required() {
    let statuses = |run: &Json| {
        let streams = run["streams"].as_array().expect("streams");
        streams.iter().map(|end| end["status"].as_str().expect("a status").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let project = two_streams("");
    let run = project.wmshost("run", &["--output", "json"]).ended(2).json();
    assert_eq!(statuses(&run), "not-run failed", "{run:#}");
    let run = project.wmshost("run", &["--keep-going", "--output", "json"]).ended(2).json();
    assert_eq!(statuses(&run), "succeeded failed", "{run:#}");
    let project = two_streams("required = false");
    let run = project.wmshost("run", &["--output", "json"]).ended(2).json();
    assert_eq!((statuses(&run).as_str(), &run["status"]), ("succeeded failed", &"failed".into()), "{run:#}");
    let tagged = project.wmshost("run", &["--stream", "tag:nightly", "--output", "json"]).succeeded().json();
    assert_eq!(statuses(&tagged), "succeeded");
    let unknown = project.wmshost("run", &["--stream", "tag:nigthly"]).ended(2).err();
    assert!(unknown.contains("no stream has the tag `nigthly`") && unknown.contains("`nightly`"), "{unknown}");
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let project = two_streams("enabled = false");
    let run = project.wmshost("run", &["--quiet"]).succeeded();
    assert_eq!((run.out(), run.err()), (String::new(), String::new()));
    let json = project.wmshost("run", &["--quiet", "--output", "json"]).succeeded().json();
    assert_eq!(json["status"], "succeeded");
    let failed = two_streams("").wmshost("run", &["--quiet"]).ended(2);
    assert!(failed.out().is_empty() && failed.err().starts_with("error: "), "{}", failed.err());
}

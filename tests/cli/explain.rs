//! `wmshost explain`: what failed, where, what was committed, the likely cause and the next command.

use serde_json::Value as Json;
use wmshost_tests::TestProject;

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER, changed TIMESTAMP);
    INSERT INTO s VALUES (1, 1, '2026-01-01 00:00:00'), (2, 2, '2026-01-02 00:00:00');";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\non_bad_value = \"fail\"\n";

/// The only finding about this subject.
fn finding(project: &TestProject, subject: &[&str]) -> Json {
    let explained = project.wmshost("explain", &[subject, &["--output", "json"]].concat()).succeeded().json();
    assert_eq!(explained["findings"].as_array().map(Vec::len), Some(1), "{explained:#}");
    explained["findings"][0].clone()
}

fn text<'a>(finding: &'a Json, key: &str) -> &'a str {
    finding[key].as_str().unwrap_or_else(|| panic!("{key}: {finding:#}"))
}

/// The next commands.
fn next(finding: &Json) -> Vec<&str> {
    finding["next"].as_array().expect("steps").iter().map(|step| text(step, "command")).collect()
}

#[test]
fn a_stream_and_a_run_are_explained_by_kind_place_and_what_was_committed() {
    let mut project = TestProject::with_stream(SOURCE, STREAM);
    let run_it = format!("wmshost run {} --stream s", project.pipeline());
    let never = finding(&project, &[]);
    assert!(
        text(&never, "cause").contains("no run has loaded it") && next(&never).contains(&run_it.as_str()),
        "{never:#}"
    );
    project.wmshost("run", &[]).succeeded();
    let well = project.wmshost("explain", &[]).succeeded();
    assert_eq!(well.out(), "pipeline lab: no stream needs a person\n");
    project.change("INSERT INTO s VALUES (3, 'many', '2026-01-03 00:00:00')");
    project.wmshost("run", &[]).ended(1);
    let failed = finding(&project, &["s"]);
    assert_eq!((text(&failed, "subject"), text(&failed, "place")), ("s", "extract, batch 1"), "{failed:#}");
    assert!(text(&failed, "happened").contains("the column v"), "{failed:#}");
    assert_eq!(text(&failed, "cause"), "the data, or a plugin's call, is wrong and stays wrong");
    let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
    let run_id = text(&runs[0], "run_id").to_owned();
    assert_eq!(next(&failed)[0], format!("wmshost logs --run {run_id} --level warn"));
    // The run is explained in the same words, also by the beginning of its id and for people.
    assert_eq!(finding(&project, &[&run_id]), failed);
    let said = project.wmshost("explain", &[&run_id[..run_id.len() - 1]]).succeeded().out();
    for part in ["s\n", "  happened      stream s, extract", "  likely cause  the data", "  committed     ", &run_id] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    // On another machine there is no history, but the target knows of the failure.
    let other = project.path("other").to_string_lossy().into_owned();
    project.set("WMSHOST_HOME", &other);
    let elsewhere = finding(&project, &["s"]);
    assert!(text(&elsewhere, "happened").contains("the column v"), "{elsewhere:#}");
    assert!(text(&elsewhere, "committed").contains("2026-01-02"), "{elsewhere:#}");
    let refused = project.wmshost("explain", &["nothing"]).ended(2);
    refused.says(&["no run begins with \"nothing\"", "nor is it a stream of lab: s"]);
}

#[test]
fn a_run_that_succeeded_or_compared_is_explained_too() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    let run_id = text(&project.run(), "run_id").to_owned();
    let said = project.wmshost("explain", &[&run_id]).succeeded().out();
    assert!(said.contains("succeeded: nothing to explain"), "{said}");
    project.target().execute_batch("DELETE FROM WMS_S WHERE id = 1").expect("a deleted row");
    project.wmshost("verify", &[]).ended(1);
    let runs = project.plain(&["runs", "list", "--kind", "verify", "--output", "json"]).succeeded().json();
    let differs = finding(&project, &[text(&runs[0], "run_id")]);
    assert!(next(&differs).iter().any(|command| command.ends_with("--stream s --repair")), "{differs:#}");
}

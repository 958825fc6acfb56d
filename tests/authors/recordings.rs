//! Batches that a run records, and a later component that is tried on them before it runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, plugin, with_text};

/// A warehouse of which a share of batches was recorded; with the run's id.
fn recorded(share: &str) -> (TestProject, String) {
    let mut project = TestProject::sample(400, 7);
    project.set("WMS_BATCH_SIZE", "40");
    let text = fs::read_to_string(project.pipeline()).expect("a pipeline");
    let record = format!(
        "[streams.allocation]\nrecord = {{ sample = {share} }}\n\
         columns.allocated_by_user = {{ mask = \"last-four\" }}\n"
    );
    fs::write(project.pipeline(), text + &record).expect("a pipeline");
    let run = project.wmshost("run", &["--output", "json"]).succeeded().json();
    let run_id = run["run_id"].as_str().expect("an id").to_owned();
    (project, run_id)
}

/// The recordings of a run, in order.
fn recordings(project: &TestProject, run_id: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(project.path("home/recordings").join(run_id)).into_iter().flatten();
    let mut folders: Vec<_> = folders.map(|folder| folder.expect("a folder").path()).collect();
    folders.sort();
    folders
}

/// The allocation's transform with another word for fulfilled orders.
fn changed(project: &TestProject) -> String {
    let bytes = fs::read(plugin("wmshost-transform-allocation")).expect("a component");
    let file = project.path("changed.wasm");
    fs::write(&file, with_text(&bytes, "Fulfilled", "Satisfied")).expect("a component");
    file.display().to_string()
}

#[test]
fn a_sample_of_batches_is_kept_privately_and_as_it_was_masked() {
    let (project, run_id) = recorded("1");
    let mut folders = recordings(&project, &run_id);
    assert_eq!(folders.len(), 11, "{folders:?}");
    // That of the extractor has files of its own.
    folders.retain(|folder| folder.join("input.csv").exists());
    let mut rows = 0;
    for folder in &folders {
        let recording = fs::read_to_string(folder.join("recording.json")).expect("a recording");
        let recording: Json = serde_json::from_str(&recording).expect("JSON");
        assert_eq!((&recording["name"], &recording["failure"]), (&"allocation".into(), &Json::Null));
        rows += recording["rows"].as_u64().expect("a number");
        for file in fs::read_dir(folder).expect("a folder") {
            let rights = file.expect("a file").metadata().expect("its rights").permissions().mode();
            assert_eq!(rights & 0o077, 0, "{}", folder.display());
        }
        let input = fs::read_to_string(folder.join("input.csv")).expect("rows");
        let users = source_users(&project);
        assert!(users.iter().all(|user| !input.contains(user.as_str())), "{input}");
    }
    assert_eq!(rows, 400);
    let replayed = project.plain(&["plugin", "replay", &run_id]).succeeded();
    assert!(replayed.out().contains("11 recordings were replayed, 0 fail"), "{}", replayed.out());
    let case = project.path("cases/third").display().to_string();
    let transform = ["plugin", "fixture", &run_id, "--plugin", "allocation", "--to", &case];
    let several = project.plain(&transform).ended(2);
    several.says(&["has 10 such recordings", "--stream allocation --plugin allocation --batch 1"]);
    project.plain(&[&transform[..], &["--batch", "3"]].concat()).succeeded();
    let third = fs::read_to_string(project.path("cases/third/input.csv")).expect("rows");
    assert_eq!(third, fs::read_to_string(folders[2].join("input.csv")).expect("rows"));
    project.plain(&["clean", "--logs", "0s"]).succeeded();
    assert!(!project.path("home/recordings").join(&run_id).exists());
}

#[test]
fn the_reading_of_a_sample_becomes_a_case_that_needs_no_database() {
    let (project, run_id) = recorded("1");
    let extractor = plugin("wmshost-extractor-wms-tables").display().to_string();
    let case = project.path("cases/reading").display().to_string();
    let users_before = source_users(&project);
    assert!(!users_before.is_empty());
    let batches = ["plugin", "fixture", &run_id, "--plugin", "wms-tables", "--to", &case];
    project.plain(&batches).succeeded();
    fs::remove_file(project.source_path()).expect("a source");
    for file in fs::read_dir(&case).expect("a folder") {
        let file = file.expect("a file").path();
        assert_eq!(file.metadata().expect("its rights").permissions().mode() & 0o077, 0, "{}", file.display());
    }
    let files = fs::read_dir(&case).expect("a folder").map(|file| file.expect("a file").path());
    let answers: String = files.map(|file| fs::read_to_string(file).expect("a text")).collect();
    assert!(answers.contains("allocated_by_user:utf8"), "{answers}");
    let users = users_before.iter().filter(|user| answers.contains(user.as_str()));
    assert_eq!(users.count(), 0, "masked columns are masked");
    let test = ["plugin", "test", &case, "--component", &extractor];
    project.plain(&[&test[..], &["--update"]].concat()).succeeded();
    project.plain(&test).succeeded();
    let read = fs::read_to_string(project.path("cases/reading/expected.csv")).expect("rows");
    assert_eq!(read.lines().count(), 401);
    let same = project.plain(&["plugin", "diff", &extractor, &extractor, "--recording", &run_id]).succeeded();
    assert!(same.out().contains("they state the same; 0 of 1 cases differ"), "{}", same.out());
    // Another component asks for something else.
    let bytes = fs::read(&extractor).expect("a component");
    let other = project.path("other.wasm").display().to_string();
    fs::write(&other, with_text(&bytes, " ORDER BY ", " order by ")).expect("a component");
    let differs = project.plain(&["plugin", "diff", &extractor, &other, "--recording", &run_id]).ended(1);
    assert!(differs.out().contains("the recording has no answer to this: SELECT"), "{}", differs.out());
}

#[test]
fn a_reading_that_fails_is_kept_and_fails_again_without_the_database() {
    let mut project = TestProject::sample(200, 3);
    project.set("WMS_BATCH_SIZE", "40");
    let text = fs::read_to_string(project.pipeline()).expect("a pipeline");
    let record = "[streams.allocation]\nrecord = \"failures\"\nnull_keys = \"fail\"\n";
    fs::write(project.pipeline(), text + record).expect("a pipeline");
    project.wmshost("run", &[]).succeeded();
    assert!(!project.path("home/recordings").exists(), "nothing failed");
    project
        .source()
        .execute("UPDATE allocation SET last_updated = NULL WHERE allocation_id % 100 = 77", [])
        .expect("a row");
    let failed = project.wmshost("run", &["--output", "json"]).ended(1);
    let run_id = failed.json()["run_id"].as_str().expect("an id").to_owned();
    fs::remove_file(project.source_path()).expect("a source");
    let replayed = project.plain(&["plugin", "replay", &run_id]).ended(1);
    for words in ["1 recordings were replayed, 1 fail", "now it", "last_updated"] {
        assert!(replayed.out().contains(words), "{words}: {}", replayed.out());
    }
}

/// The users that the source has, longer than what a mask leaves.
fn source_users(project: &TestProject) -> Vec<String> {
    let source = project.source();
    let mut users = source
        .prepare("SELECT DISTINCT allocated_by_user FROM allocation WHERE length(allocated_by_user) > 6")
        .expect("a query");
    let users = users.query_map([], |row| row.get(0)).expect("rows").collect::<Result<Vec<String>, _>>();
    users.expect("users")
}

#[test]
fn a_share_of_none_of_few_batches_is_none() {
    let (project, run_id) = recorded("0.000001");
    assert!(recordings(&project, &run_id).is_empty());
}

#[test]
fn a_later_component_is_held_against_recorded_batches_cell_by_cell() {
    let (project, run_id) = recorded("1");
    let old = plugin("wmshost-transform-allocation").display().to_string();
    let new = changed(&project);
    let same = project.plain(&["plugin", "diff", &old, &old, "--recording", &run_id]).succeeded();
    assert!(same.out().contains("they state the same; 0 of 10 cases differ"), "{}", same.out());
    let differs = project.plain(&["plugin", "diff", &old, &new, "--recording", &run_id]).ended(1);
    assert!(differs.out().contains(": \"Fulfilled\" → \"Satisfied\""), "{}", differs.out());
    assert!(differs.out().contains("instructions per row"), "{}", differs.out());
    let differs = project.plain(&["plugin", "diff", &old, &new, "--recording", &run_id, "--output", "json"]).ended(1);
    let fulfilled = project.number("SELECT count(*) FROM WMS_ALLOCATION WHERE status_group = 'Fulfilled'");
    let document = differs.json();
    let cases = document["cases"].as_array().expect("recordings");
    let sum = |name: &str| -> i64 { cases.iter().filter_map(|case| case["rows"][name].as_i64()).sum() };
    assert_eq!((sum("cells"), sum("differing"), sum("rows")), (fulfilled, fulfilled, 400), "{document:#}");
    assert!(cases.iter().all(|case| case["rows"]["shown"].as_array().is_some_and(|shown| shown.len() <= 20)));
    assert!(cases[0]["name"] == "allocation, allocation, batch 1", "{document:#}");
    assert!(document.to_string().contains("(allocation_id = "), "{document:#}");
}

#[test]
fn a_recording_of_another_plugin_is_refused() {
    let (project, run_id) = recorded("1");
    let [allocation, items] =
        ["wmshost-transform-allocation", "wmshost-transform-items"].map(|name| plugin(name).display().to_string());
    let words = ["is the plugin items, and the run", "has recordings of allocation"];
    project.plain(&["plugin", "diff", &items, &allocation, "--recording", &run_id]).ended(2).says(&words);
    project.plain(&["plugin", "replay", &run_id, "--component", &items]).ended(2).says(&words);
    let none = ["plugin", "diff", &allocation, &allocation, "--recording", "20260101-000000-0000000000000000"];
    project.plain(&none).ended(2).says(&["there is no recording of the run"]);
}

//! A batch on which a transform fails in a run is recorded, replayed without the run, and made a case.

use std::fs;

use crate::program::{Site, text};

/// A site whose stream records failures, after a run that failed; with the run's id.
fn failed(behaviour: &str, record: &str) -> (Site, String) {
    let site = Site::new(behaviour);
    let pipeline = fs::read_to_string(site.path("pipeline.toml")).expect("a pipeline");
    let pipeline = pipeline.replace("[streams.orders]\n", &format!("[streams.orders]\nrecord = \"{record}\"\n"));
    fs::write(site.path("pipeline.toml"), pipeline).expect("written");
    let run = site.wmshost(&["run", "pipeline.toml", "--output", "json"]);
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
    let run: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    (site, run["run_id"].as_str().expect("an id").to_owned())
}

#[test]
fn a_failing_batch_is_recorded_and_replayed_until_the_plugin_is_mended() {
    let (site, run_id) = failed("panic", "failures");
    let folder = site.path(&format!("home/recordings/{run_id}/orders-hostile"));
    let rows = fs::read_to_string(folder.join("input.csv")).expect("rows");
    assert_eq!(rows.lines().count(), 9, "{rows}");
    let replay = site.wmshost(&["plugin", "replay", &run_id]);
    assert_eq!(replay.status.code(), Some(1), "{}", text(&replay.stderr));
    let shown = text(&replay.stdout);
    assert!(shown.contains("fails: ") && shown.contains("the answer is not 42"), "{shown}");
    assert!(shown.contains("the recorded one"), "{shown}");
    let fixture = site.wmshost(&["plugin", "fixture", &run_id, "--to", "cases/orders"]);
    assert_eq!(fixture.status.code(), Some(0), "{}", text(&fixture.stderr));
    assert_eq!(fs::read_to_string(site.path("cases/orders/input.csv")).expect("rows"), rows);
    let again = site.wmshost(&["plugin", "fixture", &run_id, "--to", "cases/orders"]);
    assert!(text(&again.stderr).contains("it exists already"), "{}", text(&again.stderr));
    // A setting takes the place of a mended plugin.
    let case = fs::read_to_string(folder.join("case.toml")).expect("a case");
    fs::write(folder.join("case.toml"), case.replace("\"panic\"", "\"none\"")).expect("written");
    let mended = site.wmshost(&["plugin", "replay", &run_id, "--output", "json"]);
    assert_eq!(mended.status.code(), Some(0), "{}", text(&mended.stderr));
    let mended: serde_json::Value = serde_json::from_slice(&mended.stdout).expect("JSON");
    assert_eq!((&mended[0]["rows"], &mended[0]["failure"]), (&8.into(), &serde_json::Value::Null), "{mended:#}");
    let clean = site.wmshost(&["clean", "--logs", "0s"]);
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stderr));
    assert!(!site.path(&format!("home/recordings/{run_id}")).exists(), "{}", text(&clean.stdout));
}

#[test]
fn nothing_is_recorded_unasked_and_of_other_runs_there_is_nothing_to_replay() {
    let (site, run_id) = failed("panic", "off");
    assert!(!site.path("home/recordings").exists());
    for id in [run_id.as_str(), "../logs", "20260101-000000-0000000000000000"] {
        let replay = site.wmshost(&["plugin", "replay", id]);
        assert_eq!(replay.status.code(), Some(2));
        assert!(text(&replay.stderr).contains("there is no recording"), "{}", text(&replay.stderr));
    }
}

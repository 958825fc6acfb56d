//! Models of a folder of SQL files, without a plugin: the shipped example, mistakes, and building on save.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value as Json;
use wmshost_tests::root;

use crate::{ModelsTestProject, actions};

/// The shipped example in a folder of the test's own, so that its files can be changed.
fn example() -> ModelsTestProject {
    let place = ModelsTestProject::new("");
    let pipelines = root().join("pipelines");
    copy(&pipelines.join("sql-project"), &place.path("sql-project"));
    let text = fs::read_to_string(pipelines.join("sql-project.toml")).expect("the example");
    let base = format!("extends = \"{}/base.toml\"", pipelines.display());
    fs::write(place.path("example.toml"), text.replace("extends = \"base.toml\"", &base)).expect("written");
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn count(place: &ModelsTestProject, query: &str) -> i64 {
    place.target().query_row(query, [], |row| row.get(0)).expect("a number")
}

#[test]
fn the_example_is_built_tested_and_followed() {
    let place = example();
    let first = place.ends(0, &["run", "example.toml"]);
    assert!(first.contains("models of sql-project succeeded"), "{first}");
    let reserving = "SELECT COUNT(*) FROM WMS_ALLOCATION WHERE quantity_allocated >= 1";
    assert!(count(&place, reserving) > 1_000);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM ALLOCATION_HISTORY"), count(&place, reserving));
    let list = place.json(&["models", "list", "example.toml"]);
    let nodes = list.as_array().or_else(|| list["nodes"].as_array()).expect("nodes");
    let load = nodes.iter().find(|node| node["name"] == "location_load").expect("the model");
    assert_eq!(load["plugin"], "sql-project");

    place.ends(0, &["sample", "change", "wms.db", "--percent", "2", "--seed", "2"]);
    place.ends(0, &["run", "example.toml", "--no-models"]);
    let again: Json = place.json(&["models", "build", "example.toml"]);
    let followed = actions(&again).into_iter().find(|(name, _)| *name == "allocation_history");
    assert_eq!(followed, Some(("allocation_history", "incremental")), "{again}");
    let differing = "SELECT COUNT(*) FROM (SELECT allocation_id, quantity_allocated, status, last_updated FROM STG_ALLOCATIONS \
        EXCEPT SELECT allocation_id, quantity_allocated, status, last_updated FROM ALLOCATION_HISTORY)";
    assert_eq!(count(&place, differing), 0);
    // What has a type is not asked for again, and nothing has changed.
    let third = place.json(&["models", "build", "example.toml"]);
    assert!(actions(&third).iter().all(|(_, action)| *action == "unchanged"), "{third}");
}

#[test]
fn all_mistakes_are_reported_with_file_and_line_and_nothing_is_built() {
    let place = example();
    fs::write(
        place.path("sql-project/other.yml"),
        "models:\n  - name: gone\n  - name: stg_allocations\nsemantic_models: []\n",
    )
    .expect("written");
    fs::write(place.path("sql-project/jinja.sql"), "SELECT *\nFROM {{ ref('stg_allocations') }}\n").expect("written");
    fs::write(place.path("sql-project/seeds/status_groups.csv"), "a,b\n1\n").expect("written");
    let check = place.ends(2, &["check", "example.toml", "--offline"]);
    for part in [
        "jinja.sql:2: this is Jinja",
        "other.yml:2: there is no file gone.sql or gone.csv",
        "other.yml:3: stg_allocations is described twice; the first time in models.yml:13",
        "other.yml:4: `semantic_models` is not known here",
        "seeds/status_groups.csv:2: it has 1 cells for 2 columns",
    ] {
        assert!(check.contains(part), "{part:?} is not in\n{check}");
    }
    assert_eq!(place.run(&["run", "example.toml"]).status.code(), Some(2));
    assert!(
        !place.path("target.db").exists()
            || count(&place, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'STG_ALLOCATIONS'") == 0
    );
}

/// The same guard as over the SQL of plugins.
#[test]
fn sql_of_files_reaches_no_table_that_it_does_not_name_by_a_placeholder() {
    let place = example();
    fs::write(place.path("sql-project/sly.sql"), "SELECT name\nFROM sqlite_master").expect("written");
    let check = place.ends(2, &["check", "example.toml", "--offline"]);
    assert!(check.contains("model sly, SQL 2:6: it names the table sqlite_master"), "{check}");
    // A run that builds models finds the mistake before it loads a row; another one does not look for it.
    place.ends(2, &["run", "example.toml"]);
    assert!(!place.path("target.db").exists());
    place.ends(0, &["run", "example.toml", "--no-models"]);
}

#[test]
fn a_column_that_a_stream_lacks_is_reported_in_the_file() {
    let place = example();
    place.ends(0, &["run", "example.toml", "--no-models"]);
    let file = place.path("sql-project/stg_allocations.sql");
    let text = fs::read_to_string(&file).expect("the model").replace("item_id,", "item_idd,");
    fs::write(file, text).expect("written");
    let broken = place.ends(2, &["models", "build", "example.toml"]);
    assert!(
        broken.contains("model stg_allocations, SQL 6:5") && broken.contains("no such column: item_idd"),
        "{broken}"
    );
    assert!(!broken.contains("model allocation_history"), "one mistake is one message: {broken}");
}

#[test]
fn a_saved_file_is_built() {
    let place = example();
    place.ends(0, &["run", "example.toml", "--no-models"]);
    let mut command = place.command(&["models", "dev", "example.toml", "--builds", "2"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("messages")).lines();
    let waits = lines.by_ref().map_while(Result::ok).any(|line| line.contains("waiting for a change"));
    assert!(waits, "the first build ends");
    fs::write(place.path("sql-project/busiest.sql"), "SELECT MAX(allocations) AS allocations FROM {location_load}")
        .expect("written");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(child.wait().expect("an end").success(), "{rest:?}");
    assert!(count(&place, "SELECT allocations FROM BUSIEST") > 0);
}

/// The SQL of a model whose statement never ends.
const ENDLESS: &str = "WITH RECURSIVE n(value) AS (SELECT 1 AS value UNION ALL SELECT n.value + 1 AS value FROM n) \
                       SELECT SUM(n.value) AS total FROM n";

fn add_endless(place: &ModelsTestProject) {
    fs::write(place.path("sql-project/endless.sql"), ENDLESS).expect("written");
    let table = "models:\n  - name: endless\n    config: {materialized: table}\n";
    fs::write(place.path("sql-project/endless.yml"), table).expect("written");
}

#[test]
fn a_statement_that_never_ends_is_ended_and_the_others_are_built() {
    let place = example();
    let text = fs::read_to_string(place.path("example.toml")).expect("the pipeline");
    fs::write(place.path("example.toml"), format!("{text}\n[limits]\nstatement_timeout = \"1s\"\n")).expect("written");
    place.ends(0, &["run", "example.toml", "--no-models"]);
    add_endless(&place);
    let started = std::time::Instant::now();
    let built = place.ends(1, &["models", "build", "example.toml"]);
    assert!(started.elapsed().as_secs() < 30, "{built}");
    assert!(built.contains("limit statement_timeout: 1 s allowed"), "{built}");
    assert!(count(&place, "SELECT COUNT(*) FROM ALLOCATION_HISTORY") > 0);
}

#[test]
fn the_first_signal_ends_a_statement_that_never_ends() {
    let place = example();
    place.ends(0, &["run", "example.toml", "--no-models"]);
    add_endless(&place);
    let mut command = place.command(&["models", "build", "example.toml", "--select", "endless"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    std::thread::sleep(std::time::Duration::from_secs(2));
    wmshost_tests::signal(&child, "-INT");
    let started = std::time::Instant::now();
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert!(started.elapsed().as_secs() < 15);
}

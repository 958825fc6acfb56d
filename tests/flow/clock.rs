//! T16: the clock of the machine that runs the program is an hour fast or slow against the source's, and is set between
//! runs. Rows, bookmarks and models are not affected.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, assert_target_equals_source};

/// The error of the clock in seconds, run after run.
const SKEWS: [i64; 5] = [3_600, -3_600, 0, -3_600, 3_600];

/// The rows of all models, without the audit columns.
fn models(project: &TestProject) -> BTreeMap<String, Vec<String>> {
    let relations = project.rows(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'WMS%' AND name NOT LIKE 'sqlite%'",
    );
    let rows_of = |relation: &String| {
        let columns = project.rows(&format!(
            "SELECT name FROM pragma_table_info('{relation}') WHERE name NOT IN ('wms_run_id', 'wms_loaded_at')"
        ));
        let columns = columns.join(", ");
        (relation.clone(), project.rows(&format!("SELECT {columns} FROM {relation} ORDER BY {columns}")))
    };
    relations.iter().map(rows_of).collect()
}

fn actions(built: &Json) -> Vec<String> {
    let nodes = built["nodes"].as_array().expect("nodes").iter();
    nodes.filter_map(|node| Some(format!("{} {}", node["name"].as_str()?, node["action"].as_str()?))).collect()
}

#[test]
fn rows_and_models_are_right_whatever_the_clock_says() {
    let mut project = TestProject::sample(4_000, 16);
    let source = project.source_path().to_string_lossy().into_owned();
    for (day, skew) in (1..).zip(SKEWS) {
        project.set("WMSHOST_CLOCK_AHEAD", &skew.to_string());
        project.run();
        assert_target_equals_source(&project);
        let built = project.wmshost("models build", &["--output", "json"]).succeeded().json();
        let kept = models(&project);
        assert!(kept.len() > 10 && kept.values().all(|rows| !rows.is_empty()), "{:?}", kept.keys());
        if day > 1 {
            let actions = actions(&built);
            let incremental = "int_inventory_movements incremental".to_owned();
            assert!(actions.contains(&incremental), "{skew} s, day {day}: {actions:?}");
        }
        // The models that were kept up to date equal those of a full build.
        let beside = project.path("analytics.db").with_extension("copy");
        std::fs::copy(project.target_path(), &beside).expect("a copy");
        project.wmshost("models build", &["--full-refresh"]).succeeded();
        let made = models(&project);
        let different: Vec<&String> = made.keys().filter(|relation| kept[*relation] != made[*relation]).collect();
        assert!(different.is_empty(), "{skew} s, day {day}: {different:?} are not what a full build gives");
        std::fs::copy(beside, project.target_path()).expect("put back");
        project.plain(&["sample", "change", &source, "--percent", "2", "--seed", &day.to_string()]).succeeded();
    }
}

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\n";

/// A row that changed this many seconds from now, by the source's clock.
fn put(project: &TestProject, id: u32, seconds: i64) {
    project.change(&format!(
        "INSERT OR REPLACE INTO s VALUES ({id}, 'at {seconds}', strftime('%Y-%m-%d %H:%M:%f000', 'now', '{seconds} seconds'))"
    ));
}

#[test]
fn the_bookmark_knows_the_clock_of_the_source_only() {
    let mut project = TestProject::with_stream(TABLE, STREAM);
    put(&project, 1, -1_800);
    for (id, skew) in (2..).step_by(2).zip(SKEWS) {
        project.set("WMSHOST_CLOCK_AHEAD", &skew.to_string());
        // One that is new, and one that the source itself dates in the future.
        put(&project, id, -60);
        put(&project, id + 1, 1_200);
        let before = project.number("SELECT unixepoch() - 61");
        project.run();
        let source = "ATTACH '{}' AS source".replace("{}", &project.source_path().to_string_lossy());
        let target = project.target();
        target.execute_batch(&source).expect("the source");
        let different = "SELECT count(*) FROM source.s AS o LEFT JOIN WMS_S AS n USING (id) WHERE n.v IS NOT o.v";
        let different: i64 = target.query_row(different, [], |row| row.get(0)).expect("a number");
        assert_eq!(different, 0, "{skew} s");
        let watermark = project.number(
            "SELECT json_extract(part.value, '$.value') / 1000000 FROM WMSHOST_CHECKPOINT, json_each(bookmark) AS part \
             WHERE json_extract(part.value, '$.name') = 'watermark' ORDER BY sequence DESC LIMIT 1",
        );
        let after = project.number("SELECT unixepoch()");
        assert!((before..=after).contains(&watermark), "{skew} s: {watermark} is not in {before}..={after}");
    }
}

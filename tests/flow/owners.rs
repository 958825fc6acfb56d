//! Ownership of tables. Objects of another owner in the target are never touched, by any command, under any name that a
//! stream has; and a table that is taken over is taken over as a whole, wherever the process dies.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP);
    INSERT INTO s VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-01-02'), (3, 'c', '2026-01-03');";

/// Objects that another owner may have in the target.
const STRANGERS: [&str; 4] = [
    "CREATE TABLE {} (id INTEGER PRIMARY KEY, v TEXT)",
    "CREATE TABLE {} (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP); INSERT INTO {} VALUES (1, 'theirs', NULL)",
    "CREATE TABLE {} (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6));
     INSERT INTO {} VALUES (1, 'theirs', NULL, NULL, NULL)",
    "CREATE VIEW {} AS SELECT 1 AS id, 'theirs' AS v",
];

const METHODS: [&str; 3] = [
    "method = \"full\"",
    "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"hard\"",
    "method = \"append\"\nkey = [\"id\"]",
];

fn make(project: &TestProject, stranger: &str, name: &str) {
    project.target().execute_batch(&stranger.replace("{}", name)).expect("valid statements");
}

/// Everything in the target except the host's own tables: definitions and rows.
fn seen(project: &TestProject) -> Vec<String> {
    let names =
        project.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'");
    let mut seen = project.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY name");
    for name in names {
        seen.extend(project.rows(&format!("SELECT '{name}', * FROM \"{name}\"")));
    }
    seen
}

/// The commands that write, and `check` before them.
fn commands() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("check", vec![]),
        ("run", vec![]),
        ("run", vec!["--full-refresh"]),
        ("verify", vec!["--repair"]),
        ("quarantine replay", vec!["--stream", "s"]),
        ("backfill", vec!["--stream", "s", "--from", "2026-01-01", "--to", "2026-02-01", "--window", "31d"]),
    ]
}

#[test]
fn no_command_touches_a_table_of_somebody_else() {
    for method in METHODS {
        for stranger in STRANGERS {
            for name in ["WMS_S", "wms_s", "WMS_S__NEXT"] {
                let project = TestProject::with_stream(TABLE, method);
                make(&project, stranger, name);
                make(&project, STRANGERS[1], "BYSTANDER");
                let before = seen(&project);
                for (command, rest) in commands() {
                    if command == "backfill" && !method.contains("incremental") {
                        continue;
                    }
                    let file = project.pipeline();
                    let place = format!("{file}: streams.s.target_table: the ");
                    project.wmshost(command, &rest).ended(2).says(&[&place, "not made by wmshost"]);
                    assert_eq!(seen(&project), before, "{command} {rest:?}, {method}, {stranger}, {name}");
                }
            }
        }
    }
}

#[test]
fn no_command_begins_where_an_object_of_somebody_else_has_the_name_of_a_metadata_table() {
    for stranger in ["CREATE TABLE {} (pipeline TEXT, stream TEXT)", "CREATE VIEW {} AS SELECT 1 AS x"] {
        for name in ["WMSHOST_CHECKPOINT", "WMSHOST_LEASE", "WMSHOST_LOAD_CLOCK", "WMSHOST_QUARANTINE", "WMSHOST_TABLE"]
        {
            let project = TestProject::with_stream(TABLE, METHODS[1]);
            make(&project, stranger, name);
            let before = seen(&project);
            for (command, rest) in commands() {
                let what = format!(" {name} was not made by wmshost (it ");
                let advice = "drop it yourself, or use another target";
                project.wmshost(command, &rest).ended(2).says(&[&what, advice]);
                assert_eq!(seen(&project), before, "{command} {rest:?}, {stranger}, {name}");
            }
        }
    }
}

/// A second pipeline, or the same one with other names, over the same target.
fn second(project: &TestProject, name: &str, stream: &str, rest: &str) -> String {
    let text = std::fs::read_to_string(project.pipeline()).expect("the pipeline file");
    let (head, _) = text.split_once("[streams.s]").expect("a stream");
    let head = head.replace("name = \"lab\"", &format!("name = {name:?}"));
    let file = project.path("second.toml");
    let stream = format!(
        "{head}[streams.{stream}]\nsource = \"wms\"\ntarget = \"ana\"\ntable = \"s\"\nextractor = \"wms-tables\"\n\
         loader = \"table\"\n{rest}\n"
    );
    std::fs::write(&file, stream).expect("a file");
    file.to_string_lossy().into_owned()
}

#[test]
fn two_that_meet_in_one_table_are_kept_apart_and_the_owner_is_named() {
    for first in METHODS {
        for method in METHODS {
            let project = TestProject::with_stream(TABLE, first);
            project.run();
            let before = seen(&project);
            for (pipeline, stream, table) in [("other", "s", "WMS_S"), ("other", "t", "wms_S"), ("lab", "t", "Wms_s")] {
                let file = second(&project, pipeline, stream, &format!("target_table = {table:?}\n{method}"));
                let owner = if pipeline == "lab" { "of this pipeline" } else { "of the pipeline lab" };
                let owner = format!("belongs to the stream s {owner}");
                let key = format!("{file}: streams.{stream}.target_table: ");
                let wish = format!("take_over = \"{table} of lab\" in [streams.{stream}]");
                for command in ["check", "run"] {
                    project.plain(&[command, &file]).ended(2).says(&[&owner, &key, &wish]);
                    assert_eq!(seen(&project), before, "{command}, {pipeline} {stream} {table}, {first}, {method}");
                }
            }
            project.run();
        }
    }
}

#[test]
fn a_stream_that_was_renamed_takes_its_table_with_it_by_take_over() {
    let project = TestProject::with_stream(TABLE, METHODS[1]);
    project.run();
    let named = format!("target_table = \"WMS_S\"\n{}\n", METHODS[1]);
    let file = second(&project, "lab", "t", &format!("{named}take_over = \"WMS_S of lab\""));
    project.plain(&["plan", &file]).succeeded();
    project.plain(&["run", &file]).succeeded();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 3);
    // The key has no effect any more, and the program says so; the former stream is refused.
    project
        .plain(&["run", &file])
        .succeeded()
        .says(&["take_over: the table is the stream's own by now; remove the key"]);
    project.wmshost("run", &[]).ended(2).says(&["belongs to the stream t of this pipeline"]);
    let file = second(&project, "lab", "t", &named);
    project.plain(&["check", &file]).succeeded();
}

#[test]
fn a_wish_to_take_over_reaches_no_other_table() {
    let project = TestProject::with_stream(TABLE, "take_over = \"WMS_T\"");
    project
        .wmshost("check", &[])
        .ended(2)
        .says(&["streams.s.take_over", "it names `WMS_T`, and the stream writes `WMS_S`"]);
    // It names the owner of the table, and that owner is wrong.
    make(&project, STRANGERS[1], "WMS_S");
    let before = seen(&project);
    project.write_stream("take_over = \"WMS_S of other\"");
    project.wmshost("run", &[]).ended(2).says(&["not made by wmshost"]);
    assert_eq!(seen(&project), before);
    project.write_stream("take_over = \"wms_s\"");
    project.run();
    assert_eq!(project.rows("SELECT v FROM WMS_S ORDER BY id"), ["a", "b", "c"]);
    // A view is never taken over by a stream.
    let project = TestProject::with_stream(TABLE, "take_over = \"WMS_S\"");
    make(&project, STRANGERS[3], "WMS_S");
    project.wmshost("run", &[]).ended(2).says(&["the view WMS_S", "drop it yourself"]);
}

#[test]
fn names_of_staging_tables_are_reserved() {
    for table in ["WMS_S__NEXT", "wms_s__next", "T__Merge", "wmshost_new_x"] {
        let project = TestProject::with_stream(TABLE, &format!("target_table = {table:?}"));
        project.wmshost("check", &[]).ended(2).says(&["streams.s.target_table", "which the host keeps"]);
    }
}

const POINTS: [&str; 9] = [
    "lease-taken",
    "table-prepared",
    "batch-gathered",
    "batch-loaded",
    "checkpoint-written",
    "batch-committed",
    "finish-begun",
    "finished",
    "end-committed",
];

/// Wherever the process dies, the table is the stranger's as it was or the stream's; and the next run completes it.
#[test]
fn a_take_over_or_creation_that_dies_at_any_point_is_ended_by_the_next_run() {
    for method in &METHODS[..2] {
        for point in POINTS {
            for is_there in [false, true] {
                let case = format!("{method}, {point}, {is_there}");
                let mut project = TestProject::with_stream(TABLE, &format!("{method}\ntake_over = \"WMS_S\""));
                make(&project, STRANGERS[1], "BYSTANDER");
                let bystander = project.rows("SELECT * FROM BYSTANDER");
                if is_there {
                    make(&project, STRANGERS[1], "WMS_S");
                }
                project.set("WMSHOST_CRASH_AT", &format!("s:{point}:1"));
                let died = project.wmshost("run", &[]);
                assert_eq!(died.code(), None, "{case}: {}", died.err());
                project.set("WMSHOST_CRASH_AT", "");
                let owners = "SELECT count(*) FROM sqlite_schema WHERE name = 'WMSHOST_TABLE'";
                let is_owned = project.number(owners) == 1
                    && project.number("SELECT count(*) FROM WMSHOST_TABLE WHERE table_name = 'WMS_S'") == 1;
                if is_there && !is_owned {
                    assert_eq!(project.rows("SELECT * FROM WMS_S"), ["1 theirs NULL"], "{case}");
                }
                project.run();
                assert_eq!(project.rows("SELECT id, v FROM WMS_S ORDER BY id"), ["1 a", "2 b", "3 c"], "{case}");
                assert_eq!(
                    project.number("SELECT count(*) FROM WMSHOST_TABLE WHERE table_name = 'WMS_S'"),
                    1,
                    "{case}"
                );
                assert_eq!(project.rows("SELECT * FROM BYSTANDER"), bystander, "{case}");
                // It needs no key from then on.
                project.write_stream(method);
                project.change("INSERT INTO s VALUES (4, 'd', '2026-01-04')");
                project.run();
                assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 4, "{case}");
            }
        }
    }
}

/// The digest of each plugin is in the log, in the history and in the plan, and a file with another one is not loaded.
#[test]
fn the_digests_of_the_bytes_that_moved_the_rows_are_reported() {
    let project = TestProject::with_stream(TABLE, "");
    let run = project.run();
    let run_id = run["run_id"].as_str().expect("an id");
    let plan = project.wmshost("plan", &["--output", "json"]).succeeded().json();
    let planned = plan["streams"][0]["plugins"].as_array().expect("plugins").clone();
    assert_eq!(planned.iter().map(|used| &used["plugin"]).collect::<Vec<_>>(), ["wms-tables", "table"]);
    let shown = project.plain(&["runs", "show", run_id, "--output", "json"]).succeeded().json();
    let log = std::fs::read_to_string(project.path(&format!("home/logs/{run_id}.jsonl"))).expect("a log");
    for (used, kept) in planned.iter().zip(shown["plugins"].as_array().expect("plugins")) {
        let digest = used["digest"].as_str().expect("a digest");
        assert!(digest.starts_with("blake3:") && digest.len() == 71, "{digest}");
        assert_eq!(kept["digest"], digest);
        assert!(log.contains(digest), "{digest} is not in {log}");
        let text = project.plain(&["runs", "show", run_id]).succeeded().out();
        assert!(text.contains(digest), "{digest} is not in {text}");
        assert!(project.wmshost("plan", &[]).succeeded().out().contains(&digest[..19]));
    }
    let digest = |hex: &str| {
        let text = std::fs::read_to_string(project.pipeline()).expect("the pipeline file");
        let text = text.replacen("[plugins]\n", &format!("[plugins]\nwms-tables.digest = {hex:?}\n"), 1);
        let file = project.path("pinned.toml");
        std::fs::write(&file, text).expect("a file");
        file.to_string_lossy().into_owned()
    };
    let right = planned[0]["digest"].as_str().expect("a digest");
    project.plain(&["run", &digest(right)]).succeeded();
    let wrong = format!("blake3:{}", "0".repeat(64));
    project.plain(&["run", &digest(&wrong)]).ended(2).says(&["plugins.wms-tables.digest", right, "not the one given"]);
    project.plain(&["check", &digest("sha256:00")]).ended(2).says(&["plugins.wms-tables.digest", "blake3:"]);
}

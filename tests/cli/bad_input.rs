//! Mistakes: one clear message each, all of a file's at once, exit code 2, nothing written.

use std::fs;

use wmshost_tests::{TestProject, plugin};

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO s VALUES (1, 'a');";

/// A project whose pipeline file gets this text, and the messages of `check` and `run` about it.
fn refused(change: impl Fn(String) -> String, words: &[&str]) {
    let project = TestProject::with_stream(TABLE, "");
    let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
    fs::write(project.pipeline(), change(text)).expect("written");
    for command in ["check", "run"] {
        project.wmshost(command, &[]).ended(2).says(words);
        assert!(!project.target_path().exists(), "{command} wrote a target");
    }
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once_with_line_and_key() {
    refused(
        |text| text.replace("loader = \"table\"", "loader = \"tabel\"\nmethod = \"some\"\ncolour = 1\nkey = 5"),
        &[
            "streams.s.loader: there is no plugin `tabel`; did you mean `table`?",
            "streams.s.method",
            "streams.s.colour: unknown key",
            "streams.s.key: must be a list",
            "4 mistakes",
        ],
    );
}

#[test]
fn what_the_file_refers_to_must_be_there_and_be_what_it_is_used_as() {
    refused(
        |text| text.replace("[streams.s]", "[streams.s]\ntable = { env = \"WMSHOST_NOT_SET\" }"),
        &["WMSHOST_NOT_SET", "not set"],
    );
    refused(
        |text| text.replace("extractor = \"wms-tables\"", "extractor = \"table\""),
        &["plugin `table` is a loader"],
    );
    refused(|text| text.replace("wmshost_loader_table.wasm", "missing.wasm"), &["missing.wasm", "make plugins"]);
    refused(|text| format!("extends = \"pipeline.toml\"\n{text}"), &["extends"]);
    refused(
        |text| {
            format!(
                "{text}\n[streams.t]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\ntable = \"s\"\ntarget_table = \"WMS_S\""
            )
        },
        &["WMS_S", "is written by the stream"],
    );
    refused(|text| text.replace("source = \"wms\"", "source = \"oracle\""), &["there is no connection `oracle`"]);
}

#[test]
fn a_client_that_this_program_lacks_is_reported_by_check_without_a_server() {
    let project = TestProject::with_stream(TABLE, "");
    let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
    let other =
        "host = \"localhost\"\nservice_name = \"S\"\nusername = \"u\"\npassword = { env = \"HOME\" }\nclient = \"oci\"";
    let (before, behind) = text.split_once("[connections.wms]").expect("the source");
    let rest = behind.find("\n[").map_or("", |at| &behind[at..]);
    fs::write(project.pipeline(), format!("{before}[connections.wms]\ndriver = \"oracle\"\n{other}\n{rest}"))
        .expect("written");
    project.wmshost("check", &["--offline"]).ended(2).says(&["connection wms", "built without", "--features oci"]);
}

#[test]
fn a_component_that_is_none_or_is_damaged_is_refused() {
    for (bytes, words) in [
        (b"\x7fELF-something-else".to_vec(), "not a component"),
        (b"\0asm\x01\0\0\0".to_vec(), "core wasm module"),
        (fs::read(plugin("wmshost-loader-table")).expect("a plugin")[..5_000].to_vec(), "component"),
    ] {
        let project = TestProject::with_stream(TABLE, "");
        let file = project.path("damaged.wasm");
        fs::write(&file, bytes).expect("written");
        let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
        let good = plugin("wmshost-loader-table").to_string_lossy().into_owned();
        fs::write(project.pipeline(), text.replace(&good, &file.to_string_lossy())).expect("written");
        project.wmshost("run", &[]).ended(2).says(&["damaged.wasm", words]);
    }
}

#[test]
fn a_table_or_column_that_is_not_there_is_reported_before_anything_is_written() {
    for (stream, words) in [
        ("table = \"nothing\"", "no table nothing"),
        ("key = [\"nobody\"]", "key column nobody is not in table s"),
        ("method = \"incremental\"\nchange_key = \"v\"", "must be a timestamp"),
        ("method = \"incremental\"", "change_key"),
        ("transforms = [\"allocation\"]", "allocation_id"),
    ] {
        let project = TestProject::with_stream(TABLE, stream);
        project.wmshost("check", &[]).ended(2).says(&[words]);
        project.wmshost("run", &[]).ended(2).says(&[words]);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'WMS_S'";
        assert!(!project.target_path().exists() || project.number(tables) == 0, "{stream}");
    }
}

#[test]
fn one_streams_mistake_keeps_all_streams_from_writing() {
    let project = TestProject::with_stream(
        TABLE,
        "\n[streams.t]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"",
    );
    project.wmshost("run", &[]).ended(2).says(&["stream t, extract", "no table t"]);
    assert_eq!(project.number("SELECT count(*) FROM sqlite_schema WHERE name = 'WMS_S'"), 0);
}

#[test]
fn databases_that_are_none_or_cannot_be_written_are_reported() {
    let project = TestProject::with_stream(TABLE, "");
    fs::write(
        project.target_path(),
        "this is a text file, long enough to be looked at as a database file, and then some more of it",
    )
    .expect("written");
    project.wmshost("run", &[]).ended(2).says(&["target ana", "file is not a database"]);
    let project = TestProject::with_stream(TABLE, "");
    fs::write(project.source_path(), "nothing of the kind").expect("written");
    let reported = project.wmshost("run", &[]);
    assert_ne!(reported.code(), Some(0));
    reported.says(&["source wms"]);
    let mut project = TestProject::with_stream(TABLE, "");
    project.set("WMSHOST_HOME", "/proc/nowhere");
    project.wmshost("run", &[]).ended(2).says(&["/proc/nowhere", "WMSHOST_HOME"]);
}

#[test]
fn streams_that_do_not_exist_are_reported_with_a_guess() {
    let project = TestProject::sample(50, 1);
    project
        .wmshost("run", &["--stream", "alocation"])
        .ended(2)
        .says(&["there is no stream `alocation`", "did you mean `allocation`"]);
    project.plain(&["run", "/nowhere/pipeline.toml"]).ended(2).says(&["/nowhere/pipeline.toml", "no such file"]);
}

/// A setting that names a file, and its text with another file's name.
const FILE_SETTINGS: [(&str, &str); 5] = [
    ("connections.wms.path", "wms.db"),
    ("connections.ana.path", "analytics.db"),
    ("plugins.table.path", "wmshost_loader_table.wasm"),
    ("extends", ""),
    ("streams.s.table", ""),
];

#[test]
fn a_pipe_a_device_or_a_folder_is_no_file_for_any_setting() {
    for (key, file) in FILE_SETTINGS {
        for (what, words) in [("pipe", "a pipe, a socket or a device"), ("zero", "a device"), ("folder", "a folder")] {
            let project = TestProject::with_stream(TABLE, "");
            let special = project.path(what);
            match what {
                "pipe" => {
                    let made = std::process::Command::new("mkfifo").arg(&special).status().expect("mkfifo");
                    assert!(made.success());
                }
                "zero" => std::os::unix::fs::symlink("/dev/zero", &special).expect("a link"),
                _ => fs::create_dir(&special).expect("a folder"),
            }
            let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
            let other = match key {
                "extends" => format!("extends = {special:?}\n{text}"),
                "streams.s.table" => {
                    text.replace("[streams.s]", &format!("[streams.s]\ntable = {{ file = {special:?} }}"))
                }
                _ => text
                    .lines()
                    .map(|line| if line.contains(file) { with_path(line, &special) } else { line.to_owned() + "\n" })
                    .collect(),
            };
            fs::write(project.pipeline(), other).expect("written");
            for command in ["check", "run", "verify"] {
                project.wmshost(command, &[]).ended(2).says(&[key, words]);
            }
        }
    }
}

/// A line of a pipeline file with another path.
fn with_path(line: &str, path: &std::path::Path) -> String {
    let (key, _) = line.split_once('=').expect("a key");
    format!("{key}= {path:?}\n")
}

#[test]
fn one_file_as_source_and_target_is_refused_by_whatever_name() {
    for kind in ["same", "dotted", "link", "hard link"] {
        let project = TestProject::with_stream(TABLE, "");
        let (source, target) = (project.source_path(), project.target_path());
        match kind {
            "link" => std::os::unix::fs::symlink(&source, &target).expect("a link"),
            "hard link" => fs::hard_link(&source, &target).expect("a link"),
            _ => {
                let folder = source.parent().expect("a folder");
                let other = if kind == "same" { source.clone() } else { folder.join("./home/../wms.db") };
                let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
                let text = text.replace(&format!("{target:?}"), &format!("{other:?}"));
                fs::write(project.pipeline(), text).expect("written");
            }
        }
        for command in ["check", "run"] {
            let ended = project.wmshost(command, &[]).ended(2);
            ended.says(&["streams.s.target: source and target are one file", "a file of its own"]);
        }
        let tables = project.source().query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
        assert_eq!(tables.expect("a count"), 1, "{kind}");
    }
}

#[test]
fn a_change_key_that_goes_backwards_is_reported() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, version INTEGER); INSERT INTO s VALUES (1, 100), (2, 200);",
        "method = \"incremental\"\nchange_key = \"version\"\nlookback_versions = 0",
    );
    let quiet = |command: &str| {
        let said = project.wmshost(command, &[]).ended(0).err();
        assert!(!said.contains("goes backwards"), "{command}: {said}");
    };
    for command in ["check", "run", "check"] {
        quiet(command);
    }
    project.change("UPDATE s SET version = id");
    for command in ["check", "plan", "run"] {
        project.wmshost(command, &[]).ended(0).says(&["table s: its change key goes backwards", "--full-refresh"]);
    }
    project.change("UPDATE s SET version = 300 WHERE id = 1");
    quiet("check");
}

#[test]
fn a_counter_that_is_about_to_begin_again_is_reported() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, version INTEGER); INSERT INTO s VALUES (1, 2147482000);",
        "method = \"incremental\"\nchange_key = \"version\"\nlookback_versions = 10",
    );
    let said = project.wmshost("check", &[]).ended(0).err();
    assert!(!said.contains("begins again"), "{said}");
    project.change("UPDATE s SET version = 2147483000");
    for command in ["check", "plan", "run"] {
        project
            .wmshost(command, &[])
            .ended(0)
            .says(&["2147483647 is the greatest number of 32 bits", "--full-refresh"]);
    }
}

#[test]
fn a_change_key_that_is_often_null_is_reported() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, changed TIMESTAMP);
         INSERT INTO s VALUES (1, '2026-01-01 10:00:00'), (2, NULL), (3, NULL), (4, NULL);",
        "method = \"incremental\"\nchange_key = \"changed\"",
    );
    let words = ["stream s: its change key changed is NULL in 75.0 % of the first 4 rows", "reads these rows again"];
    project.wmshost("check", &["--connect"]).ended(0).says(&words);
    let checked = project.wmshost("check", &["--connect", "--output", "json"]).ended(0).json();
    assert_eq!(checked["notes"].as_array().map(Vec::len), Some(1), "{checked}");
    project.change("UPDATE s SET changed = '2026-01-01 11:00:00'");
    let checked = project.wmshost("check", &["--connect", "--output", "json"]).ended(0).json();
    assert_eq!(checked["notes"].as_array().map(Vec::len), Some(0), "{checked}");
}

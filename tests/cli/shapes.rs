//! Help, JSON for scripts, exit codes, and the output on each stream.

use wmshost_tests::TestProject;

#[test]
fn every_command_has_help_and_the_exit_codes_are_reported() {
    let project = TestProject::sample(50, 1);
    let help = project.plain(&["--help"]).succeeded().out();
    for words in ["Exit codes:", "130", "WMSHOST_HOME", "Examples:"] {
        assert!(help.contains(words), "{words:?} is not in:\n{help}");
    }
    for command in ["run", "check", "plan", "verify", "backfill", "state", "quarantine", "runs", "plugin", "sample"] {
        assert!(help.contains(command), "{command}");
        let own = project.plain(&[command, "--help"]).succeeded().out();
        assert!(own.contains("Usage: wmshost"), "{own}");
    }
    assert!(project.plain(&["completions", "bash"]).succeeded().out().contains("wmshost"));
    project.plain(&["keys"]).succeeded();
    project.plain(&["nonsense"]).ended(2);
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_and_a_reader_that_went_away_is_none() {
    let project = TestProject::sample(50, 1);
    project.run();
    let program = |arguments: &[&str], output: std::process::Stdio| {
        let mut command = std::process::Command::new(project.program());
        command.args(arguments).envs(project.variables()).stdout(output).stderr(std::process::Stdio::piped());
        command.output().expect("the program")
    };
    let pipeline = project.pipeline();
    for arguments in [&["keys"][..], &["completions", "bash"], &["state", "export", &pipeline]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
        let output = program(arguments, full.into());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("the result is not complete"), "{arguments:?}: {said}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program(arguments, writer.into());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_run_as_json_has_the_documented_shape_and_nothing_else_on_standard_output() {
    let project = TestProject::sample(300, 1);
    let run = project.run();
    for key in ["run_id", "pipeline", "status", "seconds", "streams"] {
        assert!(!run[key].is_null(), "{key} is not in {run}");
    }
    for stream in run["streams"].as_array().expect("streams") {
        for key in
            ["stream", "status", "rows_read", "rows_written", "rows_unchanged", "rows_rejected", "seconds", "bookmark"]
        {
            assert!(!stream[key].is_null(), "{key} is not in {stream}");
        }
    }
    let id = run["run_id"].as_str().expect("an id");
    let shown = project.plain(&["runs", "show", id, "--output", "json"]).succeeded().json();
    assert_eq!(shown["streams"].as_array().map(Vec::len), Some(5));
    project.plain(&["runs", "show", "nobody"]).ended(2).says(&["no run begins with"]);
    // The run's log is JSON, line by line, and names the run.
    let log = std::fs::read_to_string(project.path("home/logs").join(format!("{id}.jsonl"))).expect("a log");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn a_plan_tells_from_where_and_by_which_policies() {
    let project = TestProject::sample(300, 1);
    let before = project.wmshost("plan", &["--stream", "allocation"]).succeeded().out();
    for words in ["read the whole table by key", "late rows", "deletes", "plugin fails", "wms-tables", "→ allocation"]
    {
        assert!(before.contains(words), "{words:?} is not in:\n{before}");
    }
    assert!(!project.target_path().exists(), "a plan writes nothing");
    project.run();
    let after = project.wmshost("plan", &["--output", "json"]).succeeded().json();
    let allocation = &after["streams"][0];
    assert!(allocation["next"].as_str().is_some_and(|next| next.starts_with("read changes since")), "{allocation}");
}

#[test]
fn colours_and_moving_lines_appear_on_a_terminal_only() {
    let project = TestProject::sample(300, 1);
    let ran = project.wmshost("run", &[]).succeeded();
    assert!(!ran.out().contains('\u{1b}') && !ran.err().contains('\u{1b}'), "{}{}", ran.out(), ran.err());
}

#[test]
fn plugins_are_listed_and_looked_into() {
    let project = TestProject::sample(50, 1);
    let list = project.wmshost("plugin list", &["--output", "json"]).succeeded().json();
    assert!(list.as_array().is_some_and(|plugins| plugins.len() >= 6), "{list}");
    let file = wmshost_tests::plugin("wmshost-transform-allocation");
    let shown = project.plain(&["plugin", "inspect", &file.to_string_lossy()]).succeeded().out();
    for words in ["transform (contract 0.1", "blake3", "invalid-quantity", "wmshost:plugin/batches"] {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
}

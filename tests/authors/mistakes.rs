//! Mistakes of authors: each is answered with the file, the mistake and what to do, and with an exit code for CI.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wmshost_tests::plugin;

use crate::wmshost;

/// A folder with one case of the rogue transform.
fn case(case: &str, input: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("cases/one")).expect("a folder");
    fs::write(folder.path().join("cases/one/case.toml"), case).expect("a file");
    fs::write(folder.path().join("cases/one/input.csv"), input).expect("a file");
    folder
}

const INPUT: &str = "id:int64!,name:utf8,amount:decimal(10,2)\n1,Ada,1.50\n2,,\n";

fn test_of(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let component = plugin("hostile_rogue_transform").display().to_string();
    let arguments = [["plugin", "test", "cases", "--component", &component].as_slice(), more].concat();
    wmshost(folder, &arguments)
}

#[test]
fn cases_that_are_wrong_are_answered_with_file_and_line() {
    for (toml, input, words) in [
        ("key = [\"id\"]\nkez = 1\n", INPUT, "case.toml: TOML parse error at line 2"),
        ("key = [\"nobody\"]\n", INPUT, "the column nobody is not in"),
        ("[settings]\nbreks = \"none\"\n", INPUT, "settings.breks: the plugin has no such setting; it has breaks"),
        ("[settings]\nbreaks = 7\n", INPUT, "settings.breaks: the value is not a text"),
        ("", "id:int64!,name\n1,a\n", "input.csv: line 1: the heading `name` has no type"),
        ("", "id:int64!,name:utf8,amount:decimal(10,2)\nx,a,1.234\n,b\n", "input.csv: line 3: 2 fields for 3 columns"),
        (
            "",
            "id:int64!,name:utf8,amount:decimal(10,2)\nx,a,1\n",
            "input.csv: line 2: column id: the value is not a valid Int64",
        ),
        ("on_trap = \"ignore\"\n", INPUT, "on_trap: `ignore` is not one of fail_run, retry, quarantine"),
    ] {
        let folder = case(toml, input);
        let (code, output) = test_of(folder.path(), &[]);
        assert_eq!((code, output.contains(words)), (Some(2), true), "{words:?} is not in {output}");
    }
}

#[test]
fn a_case_without_expected_files_fails_and_update_writes_them() {
    let folder = case("key = [\"id\"]\n", INPUT);
    let (code, output) = test_of(folder.path(), &[]);
    assert_eq!((code, output.contains("expected.csv is not there; `--update` writes it")), (Some(1), true), "{output}");
    assert_eq!(test_of(folder.path(), &["--update"]).0, Some(0));
    let junit = folder.path().join("cases.xml");
    let (code, output) = test_of(folder.path(), &["--junit", &junit.display().to_string(), "--output", "json"]);
    let document: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &document["passed"], &document["cases"][0]["result"]), (Some(0), &true.into(), &"passed".into()));
    assert!(fs::read_to_string(junit).expect("a file").contains("<testcase name=\"one\""));
    fs::write(folder.path().join("cases/one/expected.csv"), "id:int64!\n1\n").expect("a file");
    let (code, output) = test_of(folder.path(), &[]);
    assert_eq!((code, output.contains("expected.csv differs")), (Some(1), true), "{output}");
}

#[test]
fn two_cases_of_one_name_and_none_at_all_are_refused() {
    let folder = case("", INPUT);
    let other = folder.path().join("more/one");
    fs::create_dir_all(&other).expect("a folder");
    fs::write(other.join("case.toml"), "").expect("a file");
    let component = plugin("hostile_rogue_transform").display().to_string();
    let (code, output) = wmshost(folder.path(), &["plugin", "test", "cases", "more", "--component", &component]);
    assert_eq!((code, output.contains("two cases are named one")), (Some(2), true), "{output}");
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    let (code, output) = wmshost(folder.path(), &["plugin", "test", "empty", "--component", &component]);
    assert_eq!((code, output.contains("there is no case in empty")), (Some(2), true), "{output}");
}

#[test]
fn a_component_that_is_none_and_a_project_that_is_none_are_refused() {
    let folder = case("", INPUT);
    fs::write(folder.path().join("core.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    for (arguments, words) in [
        (["plugin", "check", "core.wasm"].as_slice(), "a core wasm module, not a component"),
        (&["plugin", "check", "missing.wasm"], "there is no such component"),
        (&["plugin", "check"], "`wmshost plugin new NAME` makes a project"),
        (&["plugin", "check", "--explain", "nobody"], "there is no clause `nobody`"),
        (&["plugin", "build"], "`wmshost plugin new NAME` makes a project"),
        (&["plugin", "new", "Bad_Name", "--kind", "transform"], "`Bad_Name` cannot be the name of a plugin"),
        (&["plugin", "new", "cases", "--kind", "models"], "it exists and is not an empty folder"),
    ] {
        let (code, output) = wmshost(folder.path(), arguments);
        assert_eq!((code, output.contains(words)), (Some(2), true), "{arguments:?}: {words:?} is not in {output}");
    }
}

#[test]
fn a_trap_in_a_case_is_shown_with_its_text_and_place() {
    let folder = case("key = [\"id\"]\n[settings]\nbreaks = \"null-values\"\n", INPUT);
    let (code, output) = test_of(folder.path(), &[]);
    for words in
        ["panicked at hostile/rogue/transform/src/lib.rs:", "a value that the plugin does not expect", "id = 2"]
    {
        assert_eq!((code, output.contains(words)), (Some(1), true), "{words:?} is not in {output}");
    }
    let expected = "key = [\"id\"]\nfails = \"does not expect\"\n[settings]\nbreaks = \"null-values\"\n";
    assert_eq!(test_of(case(expected, INPUT).path(), &[]).0, Some(0));
}

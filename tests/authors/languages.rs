//! Projects in JavaScript and Python: what they lack to be built, the arguments of their tools, and the columns of all types as
//! their SDKs read and write them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use wmshost_tests::{is_long, plugin};

use crate::wmshost;

/// A new project in a language; with its folder.
fn project(language: &str) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a folder");
    let arguments = ["plugin", "new", "own-clean", "--kind", "transform", "--language", language];
    let (code, output) = wmshost(scratch.path(), &arguments);
    assert_eq!(code, Some(0), "{output}");
    let folder = scratch.path().join("own-clean");
    (scratch, folder)
}

/// A program in a project's folder of tools, which is this script.
fn tool(project: &Path, name: &str, script: &str) {
    let file = project.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its rights");
}

#[test]
fn a_language_without_its_tool_or_without_a_template_says_what_to_do() {
    for (language, words) in [
        ("javascript", "componentize-js and jco are not installed: run `npm install`"),
        ("python", "run `python3 -m venv .venv && .venv/bin/pip install componentize-py=="),
    ] {
        let (scratch, folder) = project(language);
        let built = Command::new(wmshost_tests::program())
            .args(["plugin", "build"])
            .current_dir(&folder)
            .env("PATH", scratch.path())
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&built.stderr);
        assert_eq!((built.status.code(), said.contains(words)), (Some(2), true), "{said}");
        let arguments = ["plugin", "new", "other", "--kind", "loader", "--language", language];
        let (code, output) = wmshost(scratch.path(), &arguments);
        assert_eq!((code, output.contains("no template of the world loader")), (Some(2), true), "{output}");
        assert!(!scratch.path().join("other").exists());
    }
}

#[test]
fn the_tool_of_the_project_is_run_and_its_component_is_the_plugin() {
    let component = plugin("hostile_echo").display().to_string();
    let write = format!(
        "echo \"$@\" >told\nwhile [ $# -gt 1 ]; do\n  case $1 in --out*) cp {component} $2;; esac\n  shift\ndone"
    );
    for (language, name, told) in [
        (
            "javascript",
            "node_modules/.bin/componentize-js",
            "src/plugin.js --disable stdio random clocks http fetch-event",
        ),
        ("javascript", "node_modules/.bin/jco", "componentize src/plugin.js --disable all"),
        ("python", ".venv/bin/componentize-py", "--world transform componentize plugin --stub-wasi"),
    ] {
        let (_scratch, folder) = project(language);
        tool(&folder, name, &write);
        let (code, output) = wmshost(&folder, &["plugin", "build"]);
        assert_eq!((code, output.contains("target/own_clean.wasm (")), (Some(0), true), "{output}");
        let arguments = fs::read_to_string(folder.join("told")).expect("what the tool was told");
        assert!(arguments.contains(told) && arguments.contains("vendor/wmshost/wit"), "{arguments}");
        let (code, output) = wmshost(&folder, &["plugin", "test"]);
        // It is a different component, of which the case knows nothing.
        assert_eq!((code, output.contains("cleans")), (Some(1), true), "{output}");
        tool(&folder, name, "echo 'line 7: a word is missing' >&2; exit 3");
        let (code, output) = wmshost(&folder, &["plugin", "build"]);
        let words = ["line 7: a word is missing", "the plugin was not built; the messages of component"];
        let words = if name.ends_with("jco") { ["line 7", "the messages of jco are above"] } else { words };
        assert_eq!((code, words.iter().all(|words| output.contains(words))), (Some(2), true), "{output}");
        tool(&folder, name, "exit 0");
        fs::remove_file(folder.join("target/own_clean.wasm")).expect("a component");
        let (code, output) = wmshost(&folder, &["plugin", "build"]);
        assert_eq!((code, output.contains("own_clean.wasm was not written")), (Some(2), true), "{output}");
    }
}

/// Columns of all types, each with a value, NULL, and the most that fits.
const INPUT: &str = "\
id:int64!,word:utf8,bytes:binary,flag:boolean,share:float64,price:decimal(38,4),whole:int64,day:date,at:timestamp,utc:timestamp_utc
1,Öl,00ff,true,0.1,12.5000,7,2026-01-31,2026-01-31 12:00:00.000001,2026-01-31 12:00:00.000000Z
2,,,,,,,,,
3,\"\",,false,-1.5e+300,-9999999999999999999999999999999999.9999,-9223372036854775808,0001-01-01,0001-01-01 00:00:00.000000,9999-12-31 23:59:59.999999Z
4,late,,false,0.0,0.0000,9223372036854775807,9999-12-31,1969-12-31 23:59:59.999999,1970-01-01 00:00:00.000000Z
5,odd,,true,0.0,1.0000,0,1970-01-01,1970-01-01 00:00:00.000000,1970-01-01 00:00:00.000000Z
6,wrong,,true,0.0,1.0000,0,1970-01-01,1970-01-01 00:00:00.000000,1970-01-01 00:00:00.000000Z
";

const CASE: &str = "key = [\"id\"]\nrandom = 20\n[settings]\nodd = \"odd\"\n";

const PYTHON: &str = r#"
from wmshost_plugin import Reject
from wmshost_plugin.transform import *

def copy(odd, most, part, words, strict, word, **columns):
    if word == odd:
        raise Reject("odd", "an odd word")
    if word in words:
        raise Reject("word", "a word that is not allowed")
    if word == "late":
        raise Reject("odd", "an odd word")
    if strict or (most, part) != (7, 0.5):
        raise ValueError("the settings are not as declared")
    return {"word": word, **{"own_" + name: value for name, value in columns.items()}}

TYPES = dict(bytes=BINARY, flag=BOOLEAN, share=FLOAT64, price=decimal(38, 4), whole=decimal(19, 0), day=DATE, at=TIMESTAMP, utc=TIMESTAMP_UTC)
About, Transformation = transform(
    name="own-clean", version="0.1.0", summary="Copies all types.",
    reads={"word": TEXT, **TYPES},
    writes={"word": TEXT, **{"own_" + name: kind for name, kind in TYPES.items()}},
    settings={"odd": ("", "A word."), "most": (7, "A number."), "part": (0.5, "A share."), "words": (["wrong"], "Words."), "strict": (False, "A flag.")},
    row=copy,
)
"#;

const JAVASCRIPT: &str = r#"
import * as sdk from "../vendor/wmshost/plugins/sdk/javascript/transform.js";
import { reject } from "../vendor/wmshost/plugins/sdk/javascript/reject.js";

function copy({ odd, most, part, words, strict, word, ...columns }) {
  if (word === odd) return reject("odd", "an odd word");
  if (words.includes(word)) return reject("word", "a word that is not allowed");
  if (word === "late") return reject("odd", "an odd word");
  if (strict || most !== 7n || part !== 0.5) throw new Error("the settings are not as declared");
  return { word, ...Object.fromEntries(Object.entries(columns).map(([name, value]) => ["own_" + name, value])) };
}

const types = {
  bytes: sdk.binary, flag: sdk.boolean, share: sdk.float64, price: sdk.decimal(38, 4), whole: sdk.decimal(19, 0),
  day: sdk.date, at: sdk.timestamp, utc: sdk.timestampUtc,
};
export const { about, transformation } = sdk.transform({
  name: "own-clean", version: "0.1.0", summary: "Copies all types.",
  reads: { word: sdk.text, ...types },
  writes: { word: sdk.text, ...Object.fromEntries(Object.entries(types).map(([name, kind]) => ["own_" + name, kind])) },
  settings: {
    odd: ["", "A word."], most: [7n, "A number."], part: [0.5, "A share."], words: [["wrong"], "Words."],
    strict: [false, "A flag."],
  },
  row: copy,
});
"#;

/// A project in a language, with its tool installed; `None` where it cannot be.
fn installed(language: &str) -> Option<(TempDir, PathBuf)> {
    if !is_long() {
        return None;
    }
    let (scratch, folder) = project(language);
    let install = match language {
        "javascript" => "npm install --silent --no-audit --no-fund",
        _ => {
            "python3 -m venv .venv && .venv/bin/pip install --quiet \"$(sed -n 's/^build = \\[\"\\(.*\\)\"\\]/\\1/p' pyproject.toml)\""
        }
    };
    let done = Command::new("sh").args(["-c", install]).current_dir(&folder).status();
    if done.is_ok_and(|done| done.success()) {
        return Some((scratch, folder));
    }
    eprintln!("not tried: `{install}` fails here");
    None
}

fn all_types(language: &str, file: &str, source: &str, mistake: (&str, &str), place: &str) {
    let Some((_scratch, folder)) = installed(language) else { return };
    fs::write(folder.join(file), source).expect("a plugin");
    fs::remove_dir_all(folder.join("cases")).expect("the template's cases");
    fs::create_dir_all(folder.join("cases/types")).expect("a folder");
    fs::write(folder.join("cases/types/case.toml"), CASE).expect("a case");
    fs::write(folder.join("cases/types/input.csv"), INPUT).expect("rows");
    let succeeded = |arguments: &[&str]| {
        let (code, output) = wmshost(&folder, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {output}");
        output
    };
    succeeded(&["plugin", "build"]);
    succeeded(&["plugin", "test", "--update"]);
    succeeded(&["plugin", "test"]);
    let made = fs::read_to_string(folder.join("cases/types/expected.csv")).expect("rows");
    let mut lines = made.lines();
    let head = lines.next().expect("a head");
    assert!(head.ends_with("own_bytes:binary,own_flag:boolean,own_share:float64,own_price:decimal(38,4),own_whole:decimal(19,0),own_day:date,own_at:timestamp,own_utc:timestamp_utc"), "{head}");
    let kept: Vec<&str> = INPUT.lines().skip(1).take(3).collect();
    for (made, given) in lines.zip(&kept) {
        // The columns that are copied are those after `word`.
        let copied = given.splitn(3, ',').nth(2).expect("columns");
        assert!(made.ends_with(copied), "{made} does not end with {copied}");
    }
    let rejected = fs::read_to_string(folder.join("cases/types/rejected.csv")).expect("rows");
    let rules: Vec<&str> = rejected.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(rules, ["odd", "odd", "word"], "{rejected}");
    // A mistake in the function of a row: file and line, and the row.
    fs::write(folder.join(file), source.replace(mistake.0, mistake.1)).expect("a plugin");
    succeeded(&["plugin", "build"]);
    let (code, output) = wmshost(&folder, &["plugin", "test"]);
    assert_eq!((code, output.contains(place) && output.contains("id = 4")), (Some(1), true), "{output}");
}

#[test]
fn a_transform_in_python_reads_and_writes_all_types() {
    let mistake = ("raise Reject(\"odd\", \"an odd word\")\n    if strict", "word.nonsense()\n    if strict");
    all_types("python", "src/plugin.py", PYTHON, mistake, "plugin.py, line 11: AttributeError");
}

#[test]
fn a_transform_in_javascript_reads_and_writes_all_types() {
    let mistake = ("return reject(\"odd\", \"an odd word\");\n  if (strict", "word.nonsense();\n  if (strict");
    all_types("javascript", "src/plugin.js", JAVASCRIPT, mistake, "plugin.js:8");
}

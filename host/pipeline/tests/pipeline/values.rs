//! Single values: durations, secrets, references, the selection of streams, mistakes as JSON fields.

use std::fs;
use std::path::Path;
use std::time::Duration;

use wmshost_pipeline::{Secret, check_file, duration_text, load, parse_duration};

use crate::world::{ByFileName, set};

#[test]
fn durations_are_read_and_written() {
    for (text, seconds) in [("0s", 0), ("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800)] {
        assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        assert_eq!(duration_text(Duration::from_secs(seconds)), text);
    }
    for text in
        ["", "s", "90", "1.5h", "-1s", "+1s", "2 h", "1h30m", "7w", "99999999999999999999d", "2é", "213503982334602d"]
    {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret} {secret:?}"), "… Secret(…)");
    assert_eq!(secret.reveal(), "hunter2");
}

fn checked_dev(names: &[&str]) -> Result<Vec<String>, String> {
    let checked =
        check_file(Path::new("tests/cases/complete/pipeline.toml"), &set(&[]), &ByFileName::Installed).unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    match checked.select(&names) {
        Ok(streams) => Ok(streams.iter().map(|stream| stream.plan.name.clone()).collect()),
        Err(diagnostics) => Err(diagnostics.to_string()),
    }
}

#[test]
fn streams_are_selected_by_name() {
    assert_eq!(checked_dev(&[]).unwrap(), ["allocation", "order-hdr"]);
    assert_eq!(checked_dev(&["order-hdr", "order-hdr"]).unwrap(), ["order-hdr"]);
    insta::assert_snapshot!(checked_dev(&["alocation", "location", "nothing"]).unwrap_err(), @r"
    tests/cases/complete/pipeline.toml: streams: there is no stream `alocation`; did you mean `allocation`?
    tests/cases/complete/pipeline.toml: streams: the stream `location` is disabled; set `enabled = true`
    tests/cases/complete/pipeline.toml: streams: there is no stream `nothing`; known here: allocation, order-hdr
    3 mistakes
    ");
}

#[test]
fn state_can_be_reset_of_streams_that_are_disabled() {
    let resolved = load(Path::new("tests/cases/complete/pipeline.toml"), &set(&[])).unwrap();
    let selected = resolved.select(&["location".to_owned()]).unwrap();
    assert_eq!(selected.len(), 1);
    assert!(resolved.select(&["locations".to_owned()]).unwrap_err().to_string().contains("did you mean `location`?"));
}

#[test]
fn a_mistake_has_fields() {
    let path = Path::new("tests/cases/unknown-keys/pipeline.toml");
    let diagnostics = check_file(path, &set(&[]), &ByFileName::Installed).unwrap_err();
    let first = &diagnostics.list()[0];
    assert_eq!(first.file, "tests/cases/unknown-keys/pipeline.toml");
    assert_eq!((first.line, first.key.as_str()), (Some(2), "nmae"));
    assert_eq!(first.message, "unknown key");
    assert_eq!(first.advice.as_deref(), Some("did you mean `name`?"));
}

#[test]
fn unreadable_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let reported = |name: &str| {
        let diagnostics = load(&folder.path().join(name), &set(&[])).unwrap_err().to_string();
        diagnostics.replace(&format!("{}/", folder.path().display()), "")
    };
    fs::write(folder.path().join("binary.toml"), [0xff, 0xfe, 0]).unwrap();
    fs::write(folder.path().join("large.toml"), "#".repeat(2 << 20)).unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    fs::write(folder.path().join("empty.toml"), "").unwrap();
    let all = ["none.toml", "binary.toml", "large.toml", "folder", "empty.toml"].map(reported).join("\n");
    insta::assert_snapshot!(all, @r"
    none.toml: no such file; correct the path
    1 mistake
    binary.toml: is not UTF-8 text; save it as UTF-8
    1 mistake
    large.toml: has 2,097,152 bytes; a pipeline file has at most 1,048,576; name the right file
    1 mistake
    folder: is not a file; name the pipeline file itself
    1 mistake
    empty.toml:1: name: is missing; add `name = …`: a name
    1 mistake
    ");
}

/// A password at a wrong position does not get into a message.
#[test]
fn what_comes_by_reference_is_never_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    fs::write(folder.path().join("secret"), "hunter two\n").unwrap();
    let keys = [
        "name = \"wms\"\n[run]\nconcurrency = R\n[limits]\ncall_timeout = R\n[connections.a]\ndriver = R",
        "[connections.b]\ndriver = \"oracle\"\nhost = R\nport = R\nsid = R\nusername = R\npassword = R\nschema = R",
        "[streams.s]\nenabled = R\nsource = R\ntarget_table = R\nmethod = R\nextractor = \"p\"\nloader = \"p\"",
        "[streams.s.settings.p]\nlabel = \"x\"\nmode = R\nrows = R\nshare = R\ntrim = R\nrules = R",
        "[plugins.p]\npath = \"settings.wasm\"",
    ]
    .join("\n");
    for reference in ["{ env = \"V\" }", "{ file = \"secret\" }"] {
        fs::write(&path, keys.replace(" R", &format!(" {reference}"))).unwrap();
        let diagnostics = check_file(&path, &set(&[("V", "hunter two")]), &ByFileName::Installed).unwrap_err();
        assert!(!diagnostics.to_string().contains("hunter"), "{diagnostics}");
        assert!(diagnostics.list().len() >= 14, "{diagnostics}");
    }
}

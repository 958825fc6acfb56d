//! Whatever a file contains, there is a result, and a rejection has a mistake to read.

use std::path::Path;

use proptest::prelude::*;
use wmshost_pipeline::check_file;

use crate::world::{ByFileName, set};

/// Pieces of pipeline files, so that random text gets beyond the first syntax error.
const PIECES: &[&str] = &[
    "[streams.a]\n",
    "[streams.'b c']\n",
    "[stream_defaults]\n",
    "[connections.wms]\n",
    "[plugins]\n",
    "[run]\n",
    "[limits]\n",
    "[streams.a.settings.x]\n",
    "[[streams]]\n",
    "[streams]\n",
    "name",
    "extends",
    "path",
    "driver",
    "source",
    "target",
    "lookback",
    "key",
    "transforms",
    "port",
    "password",
    "enabled",
    "x",
    " = ",
    " = ",
    " = ",
    "\"wms\"",
    "\"sqlite\"",
    "\"oracle\"",
    "\"2h\"",
    "\"\"",
    "\"é\\u0000\"",
    "1",
    "-9223372036854775808",
    "0x1F",
    "99999999999999999999",
    "1.5",
    "inf",
    "true",
    "1979-05-27",
    "[",
    "]",
    "{ env = \"A\" }",
    "{ env = \"UNSET\" }",
    "{ file = \"pipeline.toml\" }",
    "{ env = \"A\", default = 3 }",
    "{ }",
    ".",
    ",",
    "\n",
    "\n",
    "\n",
    "#",
    "\"",
];

fn answers(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("pipeline.toml");
    std::fs::write(path, text).unwrap();
    if let Err(diagnostics) = check_file(path, &set(&[("A", "7d"), ("B", "")]), &ByFileName::Installed) {
        assert!(!diagnostics.list().is_empty(), "refused without a reason:\n{text}");
        for diagnostic in diagnostics.list() {
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            assert!(diagnostic.line.is_none_or(|line| (1..=lines).contains(&line)), "{diagnostic}\n{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC*") {
        answers(&text);
    }

    #[test]
    fn any_bits_of_pipelines_are_answered(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        answers(&pieces.concat());
    }

    #[test]
    fn a_spoiled_reference_is_answered(at in 0..wmshost_pipeline::HELP.len(), byte in "[\\x20-\\x7e\\n]") {
        let mut text: String = wmshost_pipeline::HELP.chars().filter(char::is_ascii).collect();
        let at = at.min(text.len() - 1);
        text.replace_range(at..=at, &byte);
        answers(&text);
    }
}

//! The JSON Schema of pipeline files has every key and agrees with the reader about files.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;
use wmshost_pipeline::{all_keys, check_file, schema};

use crate::world::{ByFileName, variables};

/// The first problem of a value, with its path. Panics at a keyword that is not known here, so that the schema has
/// none that is not tested.
fn problem(schema: &Value, value: &Value, path: &str) -> Option<String> {
    let keywords = schema.as_object().expect("a schema");
    keywords.iter().find_map(|(keyword, limit)| {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" => true,
            "type" => match limit.as_array() {
                Some(kinds) => kinds.iter().any(|kind| is_of(value, kind)),
                None => is_of(value, limit),
            },
            "enum" => limit.as_array().expect("a list").contains(value),
            "pattern" => value.as_str().is_none_or(|text| pattern(limit).is_match(text)),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= limit.as_u64().expect("a number")),
            "minimum" => value.as_f64().is_none_or(|number| number >= limit.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|number| number <= limit.as_f64().expect("a number")),
            "anyOf" => limit.as_array().expect("a list").iter().any(|one| problem(one, value, path).is_none()),
            "required" => {
                limit.as_array().expect("a list").iter().all(|name| value.get(name.as_str().expect("a name")).is_some())
            }
            "items" => return first(value.as_array()?.iter().map(|item| problem(limit, item, path))),
            "propertyNames" => {
                return first(value.as_object()?.keys().map(|name| problem(limit, &name.as_str().into(), path)));
            }
            "properties" => {
                let known = value.as_object()?.iter().filter_map(|(name, value)| Some((name, limit.get(name)?, value)));
                return first(known.map(|(name, schema, value)| problem(schema, value, &format!("{path}.{name}"))));
            }
            "additionalProperties" => {
                let other = |name: &String| schema.get("properties").is_none_or(|known| known.get(name).is_none());
                let mut others = value.as_object()?.iter().filter(|(name, _)| other(name));
                if limit == false {
                    return others.next().map(|(name, _)| format!("{path}.{name}: unknown"));
                }
                return first(others.map(|(name, value)| problem(limit, value, &format!("{path}.{name}"))));
            }
            _ => panic!("{keyword}: not known to this test"),
        };
        (!fits).then(|| format!("{path}: {value} against {keyword} {limit}"))
    })
}

fn first(mut problems: impl Iterator<Item = Option<String>>) -> Option<String> {
    problems.find_map(|problem| problem)
}

fn pattern(limit: &Value) -> Regex {
    Regex::new(limit.as_str().expect("a pattern")).expect("a pattern")
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        kind => panic!("{kind}: not known to this test"),
    }
}

fn problem_of(file: &Path) -> Option<String> {
    problem_of_text(&fs::read_to_string(file).expect("a file"))
}

fn problem_of_text(text: &str) -> Option<String> {
    let value: Value = toml::from_str(text).expect("TOML");
    problem(&schema(), &value, "")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect()
}

#[test]
fn every_shipped_pipeline_validates() {
    let files = files(Path::new("../../pipelines"));
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        assert_eq!(problem_of(&file), None, "{}", file.display());
    }
}

#[test]
fn every_good_case_validates() {
    let mut good = 0;
    for folder in fs::read_dir("tests/cases").expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let environment = fs::read_to_string(folder.join("environment")).unwrap_or_default();
        let pairs = environment.lines().filter_map(|line| line.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if check_file(&folder.join("pipeline.toml"), &variables(pairs), &ByFileName::Installed).is_err() {
            continue;
        }
        for file in files(&folder) {
            assert_eq!(problem_of(&file), None, "{}", file.display());
            good += 1;
        }
    }
    assert!(good >= 4, "{good}");
}

#[test]
fn mistakes_that_one_file_shows_are_refused() {
    for (case, expected) in [("unknown-keys", ": unknown"), ("ranges", "against"), ("literal-secret", "against anyOf")]
    {
        let found = problem_of(&Path::new("tests/cases").join(case).join("pipeline.toml"));
        assert!(found.as_ref().is_some_and(|found| found.contains(expected)), "{case}: {found:?}");
    }
    for (text, expected) in [
        ("name = 5", ".name: 5 against type"),
        ("[run]\nconcurrency = [1]", ".run.concurrency: [1] against anyOf"),
        ("[limits]\ncall_timeout = 30", ".limits.call_timeout: 30 against anyOf"),
        ("[streams.allocation]\nmethod = \"whole\"", ".streams.allocation.method: \"whole\" against anyOf"),
        ("[streams.allocation]\nkey = \"id\"", ".streams.allocation.key: \"id\" against type"),
        ("[connections.wms]\npassword = \"x\"", ".connections.wms.password: \"x\" against anyOf"),
        ("[streams.Allocation]", "\"Allocation\" against pattern"),
        ("[models]\nthreads = 65", ".models.threads: 65 against anyOf"),
    ] {
        let found = problem_of_text(text);
        assert!(found.as_ref().is_some_and(|found| found.contains(expected)), "{text}: {found:?}");
    }
}

#[test]
fn every_key_is_in_the_schema_with_its_default_and_documentation() {
    let schema = schema();
    for key in all_keys() {
        let found = key.path.split('.').fold(&schema, |around, part| match part {
            "*" => &around["additionalProperties"],
            name => &around["properties"][name],
        });
        assert_eq!(found["description"], key.description.as_str(), "{}", key.path);
        let expected = key.fallback.map_or(Value::Null, |text| {
            let value: Value = toml::from_str(&format!("value = {text}")).expect("a value");
            value["value"].clone()
        });
        assert_eq!(found["default"], expected, "{}", key.path);
    }
}

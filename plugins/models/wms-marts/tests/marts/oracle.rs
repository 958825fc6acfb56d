//! The SQL for Oracle is Oracle's: sqlglot, which knows that dialect, parses every statement, and no statement has
//! words that only SQLite knows. Without a real server this tests the syntax, not the results.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use wmshost_plugin::Sql;
use wmshost_plugin::contract::modelling::{Assertion, Declaration, Materialization};

use crate::build::{Moment, cloud_settings, declared, render, streams};
use crate::moment::DAY;
use crate::warehouse::{TODAY, Terms};

/// Reads files of SQL and prints those that sqlglot does not parse, or would have to guess at.
const PARSE: &str = "
import sys, logging, sqlglot
from sqlglot import exp
logging.getLogger('sqlglot').setLevel(logging.ERROR)
wrong = 0
for path in sys.argv[1:]:
    try:
        parsed = sqlglot.parse(open(path).read(), read='oracle')
        assert len(parsed) == 1, f'{len(parsed)} statements'
        assert not list(parsed[0].find_all(exp.Command)), 'a part is not understood'
    except Exception as error:
        wrong += 1
        print(f'{path}: {error}')
print(f'{len(sys.argv) - 1 - wrong} of {len(sys.argv) - 1} statements are parsed')
sys.exit(wrong != 0)
";

/// Words that only SQLite has, and functions that servers newer than 19c have.
const FOREIGN: [&str; 14] = [
    "unixepoch(",
    "strftime(",
    "substr(created",
    " LIMIT ",
    "datetime(",
    "julianday(",
    " EXCEPT",
    " AS REAL",
    " AS TEXT",
    " IS TRUE",
    " GLOB ",
    "ifnull(",
    "group_concat(",
    "QUALIFY",
];

/// The statements of all settings, by a descriptive name.
fn statements() -> HashMap<String, String> {
    let everything = Terms { today: TODAY, zoned: true, soft_deletes: true, receipts: true };
    let mut all = HashMap::new();
    let settings =
        [("plain", Terms::default().settings()), ("everything", everything.settings()), ("cloud", cloud_settings())];
    for (what, settings) in settings {
        let declaration = declared(&settings, Sql::oracle());
        for (name, statement) in written(&declaration) {
            all.insert(format!("{what}-{name}"), statement);
        }
    }
    all
}

fn written(declaration: &Declaration) -> Vec<(String, String)> {
    let moment = Moment { now: TODAY * DAY, watermark: Some(TODAY * DAY) };
    let mut relations = streams();
    let mut all = Vec::new();
    for model in &declaration.models {
        relations.insert("this".to_owned(), model.name.to_uppercase());
        let write = |sql: &str, incremental| as_oracle(&render(sql, &relations, &moment, incremental));
        let statement = write(&model.statement, false);
        let inlined = matches!(model.materialization, Materialization::Ephemeral);
        let relation = if inlined { format!("({statement})") } else { model.name.to_uppercase() };
        all.push((model.name.clone(), statement));
        if let Materialization::Incremental(increment) = &model.materialization {
            all.push((format!("{}-incremental", model.name), write(&model.statement, true)));
            all.extend(increment.changes.iter().map(|sql| (format!("{}-changes", model.name), write(sql, true))));
        }
        for test in &model.tests {
            match &test.assertion {
                Assertion::Custom(sql) => all.push((format!("{}-{}", model.name, test.name), write(sql, false))),
                Assertion::Expression(condition) => {
                    let rows = format!("SELECT * FROM {{this}} WHERE NOT ({condition})");
                    all.push((format!("{}-{}", model.name, test.name), write(&rows, false)));
                }
                _ => {}
            }
        }
        relations.insert(model.name.clone(), relation);
    }
    all
}

/// Timestamps as the host writes them for Oracle, and the work table of changes.
fn as_oracle(rendered: &str) -> String {
    let day = crate::moment::date_text(TODAY);
    rendered
        .replace("temp.changes", "WMSHOST_CHANGES")
        .replace(&format!("'{day} 00:00:00.000000'"), &format!("TIMESTAMP '{day} 00:00:00.000000'"))
        .replace(&format!("'{day}'"), &format!("DATE '{day}'"))
        .replace("DATE DATE", "DATE")
}

#[test]
fn no_statement_for_oracle_has_words_of_another_dialect() {
    for (name, statement) in statements() {
        let found: Vec<_> = FOREIGN.iter().filter(|word| statement.contains(*word)).collect();
        assert!(found.is_empty(), "{name} has {found:?}:\n{statement}");
        assert!(statement.len() < 30_000, "{name} is long");
    }
}

#[test]
fn every_statement_for_oracle_is_parsed() {
    let Some(python) = python_with_sqlglot() else {
        let why = "tests/sqlglot.sh could not install sqlglot: no Python 3 with venv, or no package index";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
        eprintln!("skipped: {why}");
        return;
    };
    let folder = std::env::temp_dir().join(format!("wms-marts-oracle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let files: Vec<PathBuf> = statements()
        .into_iter()
        .map(|(name, statement)| {
            let file = folder.join(format!("{name}.sql"));
            std::fs::write(&file, statement).expect("a file");
            file
        })
        .collect();
    let output = Command::new(python).arg("-c").arg(PARSE).args(&files).output().expect("Python runs");
    let reported = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{reported}{}\nthe statements are in {}",
        String::from_utf8_lossy(&output.stderr),
        folder.display()
    );
    println!("{reported}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// The Python of a virtual environment with sqlglot, made by a script beside the tests.
fn python_with_sqlglot() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sqlglot.sh");
    let output = Command::new(script).arg(env!("CARGO_TARGET_TMPDIR")).output().ok()?;
    let python = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(python.trim()))
}

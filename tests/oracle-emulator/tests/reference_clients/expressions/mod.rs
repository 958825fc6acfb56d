//! Expressions with the results that Oracle documents: a table of them, and series whose results follow from a rule. The
//! emulator has to answer as Oracle does, or to refuse.
//!
//! | module | its series |
//! |---|---|
//! | `dates` | months, days, parts of dates |
//! | `logic` | NULL in conditions and functions |
//! | `numbers` | rounding, remainders, formats of numbers |
//! | `texts` | parts, padding, searching, replacing |

mod dates;
mod logic;
mod numbers;
mod texts;

use oracledb::{Connection, connect};
use wmshost_oracle_emulator::{Release, Transport};

use crate::fixture::emulator;
use crate::native::{code, config};

const TABLE: &str = include_str!("documented.txt");
/// The expressions of one query.
const AT_ONCE: usize = 40;

/// An expression and its result, as text.
struct Case {
    expression: String,
    result: String,
}

fn case(expression: impl Into<String>, result: impl Into<String>) -> Case {
    Case { expression: expression.into(), result: result.into() }
}

/// The results of a query as text; the error is its code.
fn answers(connection: &Connection, cases: &[Case]) -> Result<Vec<String>, String> {
    let columns: Vec<_> = cases.iter().map(|case| format!("TO_CHAR({})", case.expression)).collect();
    let query = format!("SELECT {} FROM dual", columns.join(", "));
    let row = connection.query_row(&query, &[]).map_err(|error| match code(&error) {
        0 => error.to_string(),
        code => format!("ORA-{code:05}"),
    })?;
    let text = |at: usize| row.get::<Option<String>>(at).expect("a text").unwrap_or_else(|| "NULL".to_owned());
    Ok((0..cases.len()).map(text).collect())
}

/// The cases whose answers differ.
fn wrong(connection: &Connection, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for cases in cases.chunks(AT_ONCE) {
        let together = answers(connection, cases);
        for (at, case) in cases.iter().enumerate() {
            let alone =
                || answers(connection, std::slice::from_ref(case)).map_or_else(|code| code, |mut got| got.remove(0));
            let got = together.as_ref().map_or_else(|_| alone(), |all| all[at].clone());
            if got != case.result {
                wrong.push(format!("{} is {got}, not {}", case.expression, case.result));
            }
        }
    }
    wrong
}

fn check(cases: &[Case], least: usize) {
    assert!(cases.len() >= least, "{} cases", cases.len());
    println!("{} expressions", cases.len());
    let Some(emulator) = emulator() else { return };
    let connection = connect(config(emulator, (Release::R23, Transport::Tcp), "NATIVE")).expect("a connection");
    let wrong = wrong(&connection, cases);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn documented_results_are_those_of_oracle() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let cases: Vec<Case> = lines
        .map(|line| line.rsplit_once(" => ").unwrap_or_else(|| panic!("no result: {line}")))
        .map(|(expression, result)| case(expression, result))
        .collect();
    check(&cases, 140);
}

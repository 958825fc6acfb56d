//! Random schemas with random values, through the real program, against an oracle in plain Rust.
//!
//! Tables with and without a row number, STRICT, views, computed columns, declared types and none, 1 to 2,000 columns, names
//! with blanks, quotes, reserved words and those of the host, rules of the pipeline, text in UTF-8 and UTF-16. After each of
//! five commands (a run, one after changes, one after none, a full refresh, a verify) each stream is either equal to what
//! the oracle expects, with every row that does not fit in quarantine for the column that does not, or it was refused before
//! anything was written, by a message that names what is in the way.
//!
//! | file | purpose |
//! |---|---|
//! | `kinds` | the meaning of a stored value by the type of its column: the oracle |
//! | `values` | the values of columns |
//! | `spec` | random tables as numbers |
//! | `table` | such a table with names, statements, rows and stream |
//! | `database` | a database of them, its pipeline, its changes, and what is stored in it |
//! | `expected` | the rows that the target must have, and those in quarantine |
//!
//! `make test-long` runs ten times as many. A failure prints the smallest schema that proptest finds.

mod database;
mod expected;
mod kinds;
mod spec;
mod table;
mod values;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::database::Database;
use crate::expected::Expected;
use crate::spec::table;

/// The number of databases.
const CASES: u32 = 24;

/// The cases of a seed, which are the same every time: `WMSHOST_SCHEMAS_SEED` tries others, `WMSHOST_SCHEMAS` as many as it
/// says.
fn cases() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let times = if wmshost_tests::is_long() { 10 } else { 1 };
    let cases = number("WMSHOST_SCHEMAS").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(CASES * times);
    let rng_seed = RngSeed::Fixed(number("WMSHOST_SCHEMAS_SEED").unwrap_or(13));
    ProptestConfig { cases, rng_seed, max_shrink_iters: 150, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn every_schema_arrives_equal_or_is_refused(
        specs in prop::collection::vec(table(), 1..8),
        is_wide in prop::bool::weighted(0.2),
    ) {
        let database = Database::new(specs, is_wide);
        try_all(&database).map_err(|why| TestCaseError::fail(format!("{why}\n{}", database.text())))?;
    }
}

/// Runs the five commands, and checks the target after each.
fn try_all(database: &Database) -> Result<(), String> {
    let mut expected = Expected::default();
    let run = |name: &str, expected: &Expected, options: &[&str]| {
        let outcomes = database.run(&[&["--keep-going"], options].concat());
        outcomes.and_then(|outcomes| database.check(&outcomes, expected)).map_err(|why| format!("{name}: {why}"))
    };
    expected.read(database);
    run("the first run", &expected, &[])?;
    database.change();
    expected.read(database);
    run("the run after changes", &expected, &[])?;
    run("the run after none", &expected, &[])?;
    database.verify(&expected).map_err(|why| format!("verify: {why}"))?;
    expected.replace(database);
    run("the full refresh", &expected, &["--full-refresh"])
}

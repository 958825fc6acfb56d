//! The main job compared with the same job done in two other ways, all in one run on one machine:
//!
//! | way | what it is |
//! |---|---|
//! | `wmshost` | `wmshost run` with the shipped plugins in their sandbox |
//! | `sql` | one `INSERT … SELECT` over an attached database, in the same SQLite |
//! | `native` | the same drivers and the same flow with stages in plain Rust, no sandbox |
//!
//! Each measurement is a process of its own; time, CPU and memory are those that the system reports. The three ways
//! must leave the same rows, or there is no result.
//!
//! | module | purpose |
//! |---|---|
//! | `job` | the table, the rules, and the files of a job |
//! | `sql` | the job in plain SQL |
//! | `native` | the job in native Rust |
//! | `oracle` | another contest: the Oracle driver against python-oracledb |
//! | `cloud` | pages of Oracle WMS Cloud made into batches, against Python |
//! | `schema` | a table of another schema, small batches, and a run of one row, against plain copies |
//! | `models` | the models against the same statements by hand |
//! | `contest` | the order of the runs, and the check that all ended with the same rows |
//! | `report` | medians and ratios, for people and programs |

mod cloud;
mod contest;
mod job;
mod models;
mod native;
mod oracle;
mod report;
mod schema;
mod sql;

use std::path::Path;

use anyhow::{Context as _, bail};

const USAGE: &str = "usage: wmshost-bench [oracle|cloud|schema]   (BENCH_ROWS=1000000 BENCH_ROUNDS=3 BENCH_PERCENT=1; BENCH_MODELS=1: \
                     the models instead)";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] if std::env::var_os("BENCH_MODELS").is_some() => {
            models::run(number("BENCH_ROWS", 200_000)?, Path::new("target/bench-models.json"))
        }
        [] => {
            let setup = contest::Setup {
                rows: number("BENCH_ROWS", 1_000_000)?,
                rounds: number("BENCH_ROUNDS", 3)?.max(1),
                percent: number("BENCH_PERCENT", 1)?,
            };
            let results = contest::run(&setup)?;
            report::table(&setup, &results);
            report::json(&setup, &results, Path::new("target/bench.json"))?;
            schema::contest(setup.rows, setup.rounds)
        }
        ["oracle"] => oracle::contest(
            number("BENCH_ROWS", 200_000)?,
            number("BENCH_ROUNDS", 3)?.max(1),
            Path::new("target/bench-oracle.json"),
        ),
        ["schema"] => schema::contest(number("BENCH_ROWS", 1_000_000)?, number("BENCH_ROUNDS", 3)?.max(1)),
        ["schema-copy", source, target] => schema::copy(Path::new(source), Path::new(target)),
        ["cloud"] => cloud::contest(number("BENCH_ROWS", 200_000)?),
        ["cloud-client", pages] => cloud::client(pages.parse()?),
        ["oracle-client", way, address, rows, array] => oracle::client(way, address, rows.parse()?, array.parse()?),
        ["models-by-hand", models, target, host] => {
            models::by_hand(Path::new(models), Path::new(target), Path::new(host))
        }
        ["sql", phase, source, target] => sql::run(phase.parse()?, Path::new(source), Path::new(target)),
        ["native", phase, source, target] => native::run(phase.parse()?, Path::new(source), Path::new(target)),
        _ => bail!(USAGE),
    }
}

fn number(variable: &str, usual: u64) -> anyhow::Result<u64> {
    match std::env::var(variable) {
        Ok(text) => text.parse().with_context(|| format!("{variable}: {text:?} is no number; {USAGE}")),
        Err(_) => Ok(usual),
    }
}

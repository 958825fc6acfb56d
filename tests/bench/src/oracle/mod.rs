//! The Oracle driver compared with python-oracledb, both as clients of one emulator: rows per CPU second of the client,
//! because the server's share is the emulator's and says nothing about a real one.

mod client;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use wmshost_oracle_emulator::{Account, Emulator, Options, Release, Transport};

pub(crate) use client::run as client;

const USER: &str = "BENCH";
const PASSWORD: &str = "bench";
/// The table that the driver fills and all clients fetch.
const TABLE: &str = "BENCH_ROWS";

/// The comparisons: our work, the other client's, and a description.
const MATCHES: [(&str, &str, &str); 4] = [
    ("insert", "insert", "executemany of tuples"),
    ("insert", "insert-frame", "executemany of Arrow columns"),
    ("fetch", "fetch", "fetch_df_batches, decimals exact"),
    ("fetch", "fetch-float", "fetch_df_batches, decimals as floats"),
];

/// The sizes of the batches that are merged both ways.
const BATCHES: [u64; 7] = [10, 50, 100, 500, 1_000, 5_000, 10_000];

/// Runs every client and prints the figures; writes them to `file` as JSON.
pub(crate) fn contest(rows: u64, rounds: u64, file: &Path) -> anyhow::Result<()> {
    let emulator = Emulator::start(Options::default().account(Account::new(USER, PASSWORD)))?;
    let port = emulator.port(Release::R23, Transport::Tcp);
    let descriptor = format!(
        "(DESCRIPTION=(SDU=65535)(ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=STANDIN)))"
    );
    let own = |way: &str, rows: u64, array: u64| {
        let mut command = Command::new("/proc/self/exe");
        measure(command.args(["oracle-client", way, &descriptor, &rows.to_string(), &array.to_string()]), rounds)
    };
    let ours = |way: &str| own(way, rows, 0);
    let python = String::from_utf8(Command::new("tests/oracle-emulator/setup.sh").output()?.stdout)?;
    let theirs = |way: &str| {
        let mut command = Command::new(python.trim());
        command.args(["tests/bench/oracle_client.py", way, &descriptor, &rows.to_string(), "5000"]);
        measure(&mut command, rounds)
    };
    // The driver inserts the rows that all clients fetch.
    let inserted = ours("insert")?;
    let fetched = ours("fetch")?;
    println!("{rows} allocations of 12 columns, 23ai over TCP, best of {rounds}; rows per CPU second of the client");
    println!("{:<8} {:>12} {:>12}  beside", "way", "wmshost", "python");
    let mut results = Vec::new();
    for (way, other, what) in MATCHES {
        let ours = if way == "insert" { &inserted } else { &fetched };
        let theirs = theirs(other)?;
        let [own, other] = [ours, &theirs].map(rate);
        println!("{way:<8} {own:>12.0} {other:>12.0}  {:.2} × {what}", own / other);
        results.push(json!({ "way": way, "beside": what, "wmshost": ours, "python": theirs, "ratio": own / other }));
    }
    let walked = ours("walk")?;
    let [walked_rate, fetched_rate] = [&walked, &fetched].map(rate);
    println!(
        "fetch    {fetched_rate:>12.0} {walked_rate:>12.0}  {:.2} × the crate oracledb alone, its rows dropped",
        fetched_rate / walked_rate
    );
    results.push(json!({ "way": "walk", "crate": walked }));
    merges(rows, &own, &mut results)?;
    std::fs::write(file, format!("{:#}\n", json!({ "rows": rows, "results": results })))?;
    println!("written to {}", file.display());
    Ok(())
}

/// Merges batches of each size both ways.
fn merges(
    rows: u64,
    own: &impl Fn(&str, u64, u64) -> anyhow::Result<Value>,
    results: &mut Vec<Value>,
) -> anyhow::Result<()> {
    println!("merging into a table, batch by batch: seconds in all, server included, row by row and at once");
    for batch in BATCHES {
        let rows = (batch * 20).min(rows);
        let [single, bulk] = [own("merge", rows, batch)?, own("merge-bulk", rows, batch)?];
        let [single, bulk] = [&single, &bulk].map(|cost| cost["seconds"].as_f64().unwrap_or_default());
        println!("{batch:>8} rows {single:>9.3} {bulk:>9.3}  {:.2} ×", single / bulk);
        results.push(json!({ "way": "merge", "batch": batch, "row_by_row_seconds": single, "at_once_seconds": bulk }));
    }
    Ok(())
}

/// Rows per CPU second.
fn rate(cost: &Value) -> f64 {
    cost["rows"].as_f64().unwrap_or_default() / cost["cpu_seconds"].as_f64().unwrap_or_default()
}

/// The cheapest of `rounds` runs, by CPU time.
fn measure(command: &mut Command, rounds: u64) -> anyhow::Result<Value> {
    let mut best: Option<Value> = None;
    for _ in 0..rounds {
        let output = command.output().context("a client")?;
        ensure!(output.status.success(), "a client failed: {}", String::from_utf8_lossy(&output.stderr));
        let cost: Value = serde_json::from_slice(&output.stdout)?;
        let cpu = |cost: &Value| cost["cpu_seconds"].as_f64().unwrap_or(f64::MAX);
        if best.as_ref().is_none_or(|known| cpu(&cost) < cpu(known)) {
            best = Some(cost);
        }
    }
    best.context("no round")
}

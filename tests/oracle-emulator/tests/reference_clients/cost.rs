//! The cost of the emulator itself: rows per second inserted and fetched. The limit is far below the usual rate, so
//! that a deterioration by orders of magnitude is noticed and a busy machine is not.

use std::process::Command;
use std::time::{Duration, Instant};

use oracledb::{BindParameters, Connection, connect};
use wmshost_oracle_emulator::{Release, Transport};

use crate::fixture::emulator;
use crate::native::config;
use crate::python::{python, script};

const ROWS: i64 = 50_000;
const BATCH: i64 = 5_000;
const SLOWEST: u64 = 2_000;

fn per_second(time: Duration) -> u64 {
    (ROWS as f64 / time.as_secs_f64()) as u64
}

fn insert(connection: &Connection) -> Duration {
    let begin = Instant::now();
    for first in (0..ROWS).step_by(BATCH as usize) {
        let rows: Vec<(i64, String, i64)> =
            (first..first + BATCH).map(|id| (id, format!("a name of item {id}"), id * 7)).collect();
        let values: Vec<[&dyn oracledb::ToDbValue; 3]> =
            rows.iter().map(|(id, name, quantity)| [id as _, name as _, quantity as _]).collect();
        let slices: Vec<&[&dyn oracledb::ToDbValue]> = values.iter().map(|row| &row[..]).collect();
        let sql = "INSERT INTO cost_item VALUES (:1, :2, :3)";
        connection.execute_batch(sql, BindParameters::Slice(&slices)).expect("inserted");
    }
    connection.commit().expect("committed");
    begin.elapsed()
}

fn fetch(connection: &Connection) -> Duration {
    let begin = Instant::now();
    let statement = connection.statement("SELECT id, name, quantity FROM cost_item").expect("a statement");
    let cursor = statement.fetch_array_size(1000).build().expect("built").query(&[]).expect("a cursor");
    let rows = cursor.collect::<Result<Vec<_>, _>>().expect("rows");
    assert_eq!(rows.len() as i64, ROWS);
    begin.elapsed()
}

#[test]
fn rows_come_and_go_fast_enough() {
    let Some(emulator) = emulator() else { return };
    for release in Release::ALL {
        let connection = connect(config(emulator, (release, Transport::Tcp), "COST")).expect("a connection");
        let gone = "BEGIN EXECUTE IMMEDIATE 'DROP TABLE cost_item'; EXCEPTION WHEN OTHERS THEN NULL; END;";
        connection.execute(gone, &[]).expect("dropped");
        let made = "CREATE TABLE cost_item (id NUMBER(10) PRIMARY KEY, name VARCHAR2(40), quantity NUMBER(12,2))";
        connection.execute(made, &[]).expect("created");
        let (inserted, fetched) = (per_second(insert(&connection)), per_second(fetch(&connection)));
        println!("{release:?}: {inserted} rows/s inserted, {fetched} rows/s fetched, by the crate oracledb");
        assert!(inserted > SLOWEST && fetched > SLOWEST, "{inserted} and {fetched} rows/s");
    }
}

#[test]
fn rows_come_and_go_with_python_too() {
    let (Some(emulator), Some(python)) = (emulator(), python()) else { return };
    for release in Release::ALL {
        let mut command = Command::new(&python);
        command.arg(script("cost.py")).arg(emulator.address(release, Transport::Tcp));
        let done = command.output().expect("python runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        println!("{release:?}: {}, by python-oracledb", String::from_utf8_lossy(&done.stdout).trim());
    }
}

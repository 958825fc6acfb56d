//! The time that the models take over a large warehouse: built in full, and after a change of 1 % of the allocations.
//!
//! ```sh
//! wmshost sample create wms.db --allocations 1000000
//! WMS_SQLITE=wms.db TARGET_SQLITE=analytics.db wmshost run pipelines/dev.toml
//! MARTS_DATABASE=analytics.db cargo test --release -p wmshost-models-wms-marts -- --ignored --nocapture speed
//! ```

use std::time::Instant;

use rusqlite::Connection;
use wmshost_plugin::Sql;
use wmshost_plugin::contract::modelling::{Declaration, Materialization};

use crate::build::{Moment, build, declared, execute, streams};
use crate::moment::{DAY, moment_text};

/// After the sample was made, and before anything that the test loads.
const BUILT: i64 = 30_000 * DAY;
/// The sample ends on 2026-06-30.
const TODAY: &str = "2026-06-30";

#[test]
#[ignore = "needs a loaded warehouse: set MARTS_DATABASE to its target file"]
fn a_large_warehouse_is_built_in_seconds() {
    let database = std::env::var("MARTS_DATABASE").expect("MARTS_DATABASE");
    let copy = std::env::temp_dir().join(format!("wms-marts-speed-{}.db", std::process::id()));
    std::fs::copy(&database, &copy).unwrap_or_else(|error| panic!("{database}: {error}"));
    let connection = Connection::open(&copy).expect("a database");
    execute(
        &connection,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144; PRAGMA temp_store = FILE",
    );
    let declaration = declared(&[("today", wmshost_plugin::Setting::Text(TODAY.to_owned()))], Sql::sqlite());

    time(&connection, &declaration, "in full", &Moment { now: BUILT, watermark: None });
    // 1 % of the allocations, all of the last days as in a real warehouse, with the load time that the loader would
    // set.
    let loaded = moment_text(BUILT + 1);
    let change = format!(
        "UPDATE WMS_ALLOCATION SET allocation_status_clean = 'SHIPPED', status_group = 'Fulfilled', wms_loaded_at = '{loaded}'
         WHERE allocation_id > (SELECT MAX(allocation_id) - COUNT(*) / 100 FROM WMS_ALLOCATION)"
    );
    execute(&connection, &change);
    time(&connection, &declaration, "after 1 %", &Moment { now: BUILT + 2, watermark: Some(BUILT) });
    time(&connection, &declaration, "after nothing", &Moment { now: BUILT + 4, watermark: Some(BUILT + 2) });
    drop(connection);
    std::fs::remove_file(&copy).expect("removed");
}

fn time(connection: &Connection, declaration: &Declaration, what: &str, moment: &Moment) {
    let (mut relations, begin) = (streams(), Instant::now());
    println!("{what}:");
    for model in &declaration.models {
        if matches!(model.materialization, Materialization::Ephemeral) {
            build(connection, model, &mut relations, moment);
            continue;
        }
        let begin = Instant::now();
        execute(connection, "BEGIN");
        build(connection, model, &mut relations, moment);
        execute(connection, "COMMIT");
        let built = begin.elapsed();
        // A view costs nothing until it is read.
        let sum = format!("SELECT COUNT(*), MAX({}) FROM {}", model.columns.last().expect("columns").name, model.name);
        let rows: i64 = connection.query_row(&sum, [], |row| row.get(0)).expect("rows");
        let read = begin.elapsed() - built;
        println!(
            "  {:<28} {rows:>9} rows  built {:>6.2} s  read {:>5.2} s",
            model.name,
            built.as_secs_f64(),
            read.as_secs_f64()
        );
    }
    println!("  {:<28} {:>31.2} s", "all", begin.elapsed().as_secs_f64());
}

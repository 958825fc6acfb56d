//! Many rows from one server to the other: complete, equal on both sides, in memory that does not grow with them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wmshost_oracle_emulator::{Emulator, Options};

use crate::warehouse::{Warehouse, reported};

/// The peak of memory of a full load of this number of allocations, in MiB; the load is checked row by row.
fn load(allocations: u32) -> u64 {
    let warehouse = Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), allocations);
    let pipeline = warehouse.pipeline(
        &warehouse.server.wallet().join("ca.pem"),
        "load_batch_rows = 10000\nextract_batch_rows = 5000\n[models]\nafter_load = false\n",
    );
    // The emulator may be busy for long.
    let text = std::fs::read_to_string(&pipeline).expect("the pipeline").replace("\"10s\"", "\"5m\"");
    std::fs::write(&pipeline, text).expect("the pipeline");
    let begin = Instant::now();
    let mut run = warehouse.command(&["run", &pipeline, "--output", "json"], &[]);
    let mut run = run.stdout(Stdio::null()).spawn().expect("a run");
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_of(run.id()));
        if let Some(status) = run.try_wait().expect("its state") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success());
    println!("{allocations} allocations in {:.1?}, {peak} MiB at most", begin.elapsed());

    let verified = warehouse.wmshost(&["verify", &pipeline, "--output", "json"], &[]);
    assert!(verified.status.success(), "{}", reported(&verified));
    let counted = |user: &str, password: &str, table: &str| {
        let rows = warehouse.sql(user, password).query(&format!("SELECT COUNT(*) FROM {table}"), &[]).expect("a count");
        rows[0][0].to_string()
    };
    assert_eq!(counted("WMS", "wms", "allocation"), allocations.to_string());
    assert_eq!(counted("MART", "mart", "wms_allocation"), allocations.to_string());
    peak
}

/// The peak of a process's memory so far, in MiB. The system's figure at its end would include its parent's.
fn peak_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() >> 10
}

#[test]
fn many_rows_arrive_and_memory_stays_flat() {
    let many = if wmshost_tests::is_long() { 1_000_000 } else { 40_000 };
    let [few, many] = [many / 10, many].map(load);
    assert!(many < few + few / 2 + 16, "{few} MiB for a tenth of the rows, {many} MiB for all");
}

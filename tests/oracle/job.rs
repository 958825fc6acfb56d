//! The job: full, incremental, late commits, faults, a killed server, a wrong certificate, an expired password.

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wmshost_oracle_emulator::{Account, AccountState, Effect, Emulator, Fault, Moment, Options};

use crate::warehouse::{Warehouse, reported};

const ALLOCATIONS: u32 = 3_000;

fn warehouse() -> Warehouse {
    Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), ALLOCATIONS)
}

#[test]
fn the_job_ends_as_it_does_on_sqlite() {
    let warehouse = warehouse();
    let pipeline = warehouse.usual_pipeline();
    let checked = warehouse.wmshost(&["check", "--connect", &pipeline], &[]);
    let text = reported(&checked);
    assert!(checked.status.success(), "{text}");
    assert!(text.contains("Oracle 19.") && text.contains("Oracle 23.") && text.contains("round trip"), "{text}");

    warehouse.run(&pipeline);
    warehouse.assert_same_as_sqlite("after the first run");
    // Seeds of days on which no item is deleted that many rows refer to: with others the tests of the models would
    // rightly fail.
    for day in 3..=4 {
        warehouse.change_sample(day);
        warehouse.copy_sample();
        warehouse.run(&pipeline);
        warehouse.assert_same_as_sqlite("after a day of changes");
    }
    let nothing = warehouse.wmshost(&["run", &pipeline, "--output", "json"], &[]);
    let report: serde_json::Value = serde_json::from_slice(&nothing.stdout).expect("a report");
    let written: u64 =
        report["streams"].as_array().expect("streams").iter().filter_map(|s| s["written"].as_u64()).sum();
    assert_eq!(written, 0, "nothing has changed: {report:#}");
    let state = reported(&warehouse.wmshost(&["state", "list", &pipeline], &[]));
    assert!(state.contains("allocation") && state.contains("complete"), "{state}");
    let plan = reported(&warehouse.wmshost(&["plan", &pipeline], &[]));
    assert!(plan.contains("read changes since"), "{plan}");
}

#[test]
fn a_row_that_commits_late_is_read_by_the_next_run() {
    let warehouse = warehouse();
    // Without a lookback only the bound of open transactions is left.
    let pipeline = warehouse.pipeline(
        &warehouse.server.wallet().join("ca.pem"),
        "\n[streams.allocation]\nlookback = \"0s\"\n[streams.order_hdr]\nenabled = false\n[streams.order_dtl]\n\
         enabled = false\n[streams.item_master]\nenabled = false\n[streams.location]\nenabled = false\n",
    );
    warehouse.run(&pipeline);
    let mut late = warehouse.server.admin().expect("an admin");
    late.execute("BEGIN").expect("a transaction");
    let insert = |id: u32| {
        format!(
            "INSERT INTO wms.allocation (allocation_id, order_id, item_id, location_id, quantity_allocated, \
             allocation_status, created_date, last_updated) VALUES ({id}, 1, 1, 1, 1, 'PICKED', \
             clock_timestamp() AT TIME ZONE 'UTC', clock_timestamp() AT TIME ZONE 'UTC')"
        )
    };
    late.execute(&insert(9_000_001)).expect("a row");
    let mut other = warehouse.server.admin().expect("an admin");
    // Time passes: the start of a transaction is known only to the second.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2_100) {
        std::thread::yield_now();
    }
    other.execute(&insert(9_000_002)).expect("a row");
    warehouse.run(&pipeline);
    late.execute("COMMIT").expect("a commit");
    warehouse.run(&pipeline);
    let mut sql = warehouse.sql("MART", "mart");
    let found = sql
        .query("SELECT allocation_id FROM wms_allocation WHERE allocation_id IN (9000001, 9000002) ORDER BY 1", &[])
        .expect("rows");
    let found: Vec<String> = found.iter().map(|row| row[0].to_string()).collect();
    assert_eq!(found, ["9000001", "9000002"]);
}

#[test]
fn whatever_fails_the_next_run_ends_with_the_same_rows() {
    for (name, fault) in [
        ("cut before a commit", Fault::new(Moment::Commit, Effect::DropBefore).skip(6).account("MART")),
        ("cut after a commit", Fault::new(Moment::Commit, Effect::DropAfter).skip(6).account("MART")),
        ("half an answer to a commit", Fault::new(Moment::Commit, Effect::Half).skip(8).account("MART")),
        ("a deadlock", Fault::new(Moment::Statement("WHEN NOT MATCHED".into()), Effect::Fail(60)).skip(2)),
        ("a lost read", Fault::new(Moment::Fetch("ALLOCATION".into()), Effect::DropBefore).skip(3)),
        ("a snapshot that is too old", Fault::new(Moment::Fetch("ALLOCATION".into()), Effect::Fail(1_555)).skip(2)),
        ("a killed server", Fault::new(Moment::Commit, Effect::Kill).skip(7).account("MART")),
    ] {
        let warehouse = warehouse();
        let pipeline = warehouse.usual_pipeline();
        let kills = name.contains("killed");
        let id = warehouse.server.faults().add(fault);
        let output = warehouse.wmshost(&["run", &pipeline], &[]);
        assert_eq!(warehouse.server.faults().struck(id), 1, "{name}: it did not strike: {}", reported(&output));
        if name != "cut after a commit" && name != "half an answer to a commit" {
            assert!(!output.status.success(), "{name}: {}", reported(&output));
        }
        let text = reported(&output);
        assert!(!text.contains("wms/") && !text.contains("panicked"), "{name}: {text}");
        if kills {
            let end = Instant::now() + Duration::from_secs(30);
            while let Err(error) = warehouse.server.open() {
                assert!(Instant::now() < end, "{error}");
                std::thread::yield_now();
            }
        }
        warehouse.run(&pipeline);
        warehouse.assert_same_as_sqlite(name);
    }
}

#[test]
fn what_differs_between_two_servers_is_found_and_repaired() {
    let warehouse = warehouse();
    let pipeline = warehouse.usual_pipeline();
    warehouse.run(&pipeline);
    let verified = warehouse.wmshost(&["verify", &pipeline], &[]);
    assert!(verified.status.success(), "{}", reported(&verified));
    let mut sql = warehouse.sql("MART", "mart");
    let mut number = |query: &str| sql.query(query, &[]).expect("a number")[0][0].to_string();
    let gone = number("SELECT MIN(allocation_id) FROM wms_allocation");
    let changed = number("SELECT MAX(allocation_id) FROM wms_allocation");
    let item = number("SELECT MAX(item_id) FROM wms_item_master");
    for statement in [
        format!("DELETE FROM wms_allocation WHERE allocation_id = {gone}"),
        format!("UPDATE wms_allocation SET priority_level = 99 WHERE allocation_id = {changed}"),
        format!("UPDATE wms_item_master SET item_description = NULL WHERE item_id = {item}"),
        "INSERT INTO wms_order_hdr (order_id, customer_id, order_date) VALUES (88888888, 1, SYSDATE)".to_owned(),
    ] {
        assert_eq!(sql.execute(&statement, &[]), Ok(1), "{statement}");
    }
    let verified = warehouse.wmshost(&["verify", &pipeline, "--output", "json"], &[]);
    let text = reported(&verified);
    assert!(!verified.status.success(), "{text}");
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).expect("a report");
    let mut found: Vec<String> = Vec::new();
    for stream in report["streams"].as_array().expect("streams") {
        for row in stream["rows"].as_array().expect("rows") {
            let difference = row["difference"].as_str().expect("a kind");
            found.push(format!("{difference}: {}", row["key"]));
        }
    }
    found.sort();
    let expected = [
        format!("different: {{\"allocation_id\":{changed}}}"),
        format!("different: {{\"item_id\":{item}}}"),
        "extra: {\"order_id\":88888888}".to_owned(),
        format!("missing: {{\"allocation_id\":{gone}}}"),
    ];
    assert_eq!(found, expected, "{report:#}");
    // Extra rows stay, because the stream does not delete.
    let repaired = warehouse.wmshost(&["verify", &pipeline, "--repair"], &[]);
    assert!(reported(&repaired).contains("1 extra rows stay"), "{}", reported(&repaired));
    assert_eq!(sql.execute("DELETE FROM wms_order_hdr WHERE order_id = 88888888", &[]), Ok(1));
    let verified = warehouse.wmshost(&["verify", &pipeline], &[]);
    assert!(verified.status.success(), "{}", reported(&verified));
    warehouse.assert_same_as_sqlite("after a repair");
}

#[test]
fn a_comparison_whose_connection_is_lost_deletes_nothing() {
    let warehouse = warehouse();
    let pipeline = warehouse.pipeline(
        &warehouse.server.wallet().join("ca.pem"),
        "\n[models]\nafter_load = false\n[streams.allocation]\ndeletes = \"hard\"\n\
         reconcile_every = \"0s\"\n",
    );
    warehouse.run(&pipeline);
    let gone = "DELETE FROM allocation WHERE allocation_id <= (SELECT MIN(allocation_id) + 6 FROM allocation)";
    assert_eq!(warehouse.sql("WMS", "wms").execute(gone, &[]), Ok(7));
    let left = || {
        let mut target = warehouse.sql("MART", "mart");
        target.query("SELECT COUNT(*) FROM wms_allocation", &[]).expect("a number")[0][0].to_string()
    };
    // Both sides, at their beginning and later on.
    for (account, moment, effect) in [
        ("WMS", Moment::Fetch("ALLOCATION".into()), Effect::DropBefore),
        ("WMS", Moment::Fetch("ALLOCATION".into()), Effect::Fail(1_555)),
        ("MART", Moment::Fetch("FROM \"WMS_ALLOCATION\"".into()), Effect::DropBefore),
        ("MART", Moment::Fetch("FROM \"WMS_ALLOCATION\"".into()), Effect::Half),
        ("MART", Moment::Statement("DELETE FROM \"WMS_ALLOCATION\"".into()), Effect::DropAfter),
    ] {
        for skip in [0, 1] {
            let name = format!("{account} {moment:?} {effect:?} {skip}");
            let id =
                warehouse.server.faults().add(Fault::new(moment.clone(), effect.clone()).skip(skip).account(account));
            let output = warehouse.wmshost(&["verify", &pipeline, "--stream", "allocation", "--repair"], &[]);
            if warehouse.server.faults().struck(id) == 0 {
                // There are fewer fetches than that, or a deletion is only one statement: the run succeeded.
                assert!(output.status.success(), "{name}: {}", reported(&output));
                assert_eq!(left(), (ALLOCATIONS - 7).to_string(), "{name}");
                return;
            }
            assert!(!output.status.success(), "{name}: {}", reported(&output));
            assert!(reported(&output).contains("none was deleted"), "{name}: {}", reported(&output));
            assert_eq!(left(), ALLOCATIONS.to_string(), "{name}");
        }
    }
}

#[test]
fn rows_that_the_source_no_longer_has_are_taken_away_or_marked() {
    let warehouse = warehouse();
    let pipeline = warehouse.pipeline(
        &warehouse.server.wallet().join("ca.pem"),
        "\n[models]\nafter_load = false\n[streams.allocation]\ndeletes = \"hard\"\nreconcile_every = \"0s\"\n\
         [streams.order_dtl]\ndeletes = \"soft\"\nreconcile_every = \"0s\"\n",
    );
    warehouse.run(&pipeline);
    let mut source = warehouse.sql("WMS", "wms");
    for (table, key) in [("allocation", "allocation_id"), ("order_dtl", "order_detail_id")] {
        let gone = format!("DELETE FROM {table} WHERE {key} <= (SELECT MIN({key}) + 6 FROM {table})");
        assert_eq!(source.execute(&gone, &[]), Ok(7), "{table}");
    }
    warehouse.run(&pipeline);
    let mut target = warehouse.sql("MART", "mart");
    let mut number = |query: &str| target.query(query, &[]).expect("a number")[0][0].to_string();
    assert_eq!(number("SELECT COUNT(*) FROM wms_allocation"), (ALLOCATIONS - 7).to_string());
    assert_eq!(number("SELECT COUNT(*) FROM wms_order_dtl WHERE wms_deleted_at IS NOT NULL"), "7");
    let verified = warehouse.wmshost(&["verify", &pipeline], &[]);
    assert!(verified.status.success(), "{}", reported(&verified));
}

/// Bytes that change in transit can make the driver fail, and the process with it; whatever it does, the next run
/// corrects it.
#[test]
fn a_garbled_answer_does_no_harm() {
    for seed in 1..=4 {
        let warehouse = warehouse();
        let pipeline = warehouse.usual_pipeline();
        let garbled = Fault::new(Moment::Commit, Effect::Garble { seed }).skip(5).account("MART");
        let id = warehouse.server.faults().add(garbled);
        let output = warehouse.wmshost(&["run", &pipeline], &[]);
        assert_eq!(warehouse.server.faults().struck(id), 1, "seed {seed}: it did not strike: {}", reported(&output));
        warehouse.run(&pipeline);
        warehouse.assert_same_as_sqlite(&format!("a garbled answer, seed {seed}"));
    }
}

#[test]
fn a_process_that_dies_anywhere_is_made_good_by_the_next_run() {
    for point in [
        "allocation:batch-loaded:2",
        "allocation:batch-committed:2",
        "item_master:finished:1",
        "item_master:end-committed:1",
    ] {
        let warehouse = warehouse();
        let pipeline = warehouse.usual_pipeline();
        let output = warehouse.wmshost(&["run", &pipeline], &[("WMSHOST_CRASH_AT", point)]);
        assert!(output.status.code().is_none(), "{point}: it did not die: {}", reported(&output));
        warehouse.run(&pipeline);
        warehouse.assert_same_as_sqlite(point);
    }
}

#[test]
fn a_connection_that_cannot_be_had_is_reported_with_its_label_alone() {
    let account = Account::new("OLD", "old").state(AccountState::Expired);
    let server = Emulator::start(Options::default().account(account)).expect("an emulator");
    let warehouse = Warehouse::new(server, 100);
    let right = warehouse.server.wallet().join("ca.pem");
    let wrong = warehouse.server.wrong_wallet().join("ca.pem");
    for (ca_file, variables, words) in [
        (&wrong, &[][..], "no trusted authority has signed"),
        (&right, &[("TARGET_ORACLE_USERNAME", "OLD"), ("TARGET_ORACLE_PASSWORD", "old")][..], "ORA-28001"),
        (&right, &[("TARGET_ORACLE_PASSWORD", "not-the-word")][..], "ORA-01017"),
    ] {
        let pipeline = warehouse.pipeline(ca_file, "");
        for command in [&["run", &pipeline][..], &["check", "--connect", &pipeline]] {
            let output = warehouse.wmshost(command, variables);
            let text = reported(&output);
            assert!(!output.status.success() && text.contains(words), "{words}: {text}");
            assert!(!text.contains("not-the-word"), "{text}");
        }
    }
}

#[test]
fn a_refused_login_is_one_cause_for_an_alert_however_many_streams_it_stops() {
    let warehouse = Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), 100);
    let pages = warehouse.path("pages");
    let pager = format!(
        "[models]\nafter_load = false\n[alerts.channels.pager]\nkind = \"command\"\n\
         command = [\"/bin/sh\", \"-c\", \"cat >> {pages}; echo >> {pages}\"]\n"
    );
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), &pager);
    // A required stream would fail the whole run, which has a cause of its own.
    let output = warehouse.wmshost(&["run", &pipeline, "--keep-going"], &[("TARGET_ORACLE_PASSWORD", "not-the-word")]);
    assert!(!output.status.success(), "{}", reported(&output));
    warehouse.run(&pipeline);
    let pages = std::fs::read_to_string(pages).expect("messages");
    let messages: Vec<Json> =
        serde_json::Deserializer::from_str(&pages).into_iter().map(|it| it.expect("JSON")).collect();
    let said: Vec<_> = messages.iter().map(|it| (it["kind"].as_str(), it["cause"].as_str())).collect();
    let cause = Some("wms/login");
    assert_eq!(said, [(Some("alert"), cause), (Some("recovery"), cause)], "{pages}");
    assert!(messages[0]["subjects"].as_array().is_some_and(|streams| streams.len() > 3), "{pages}");
    assert!(pages.contains("ORA-01017") && !pages.contains("not-the-word"), "{pages}");
}

#[test]
fn receipts_prove_what_oracle_has_of_a_first_load_and_of_changes() {
    let warehouse = warehouse();
    let more = "receipts = true\n[models]\nafter_load = false\n";
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), more);
    for (run, scope) in [(1, "whole"), (2, "read")] {
        if run == 2 {
            warehouse.change_sample(3);
            warehouse.copy_sample();
        }
        let output = warehouse.wmshost(&["run", &pipeline, "--output", "json"], &[]);
        assert!(output.status.success(), "{}", reported(&output));
        let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
        let file = document["receipt"]["file"].as_str().expect("a receipt");
        let receipt: Json = serde_json::from_slice(&std::fs::read(file).expect("a receipt")).expect("JSON");
        for stream in receipt["streams"].as_array().expect("streams") {
            let proof = &stream["proof"];
            assert_eq!((&proof["equal"], &proof["as_oracle"]), (&true.into(), &true.into()), "{stream:#}");
            assert!(run == 2 || proof["scope"] == scope, "{stream:#}");
        }
        let scopes = receipt["streams"].as_array().expect("streams").iter();
        assert!(scopes.filter(|stream| stream["proof"]["scope"] == scope).count() > 1, "{receipt:#}");
    }
}

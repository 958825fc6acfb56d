//! `wmshost singer target` with an Oracle server as its target.

use std::fmt::Write as _;

use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

use crate::warehouse::{Warehouse, reported};

/// Orders with these ids in a version that is activated after them.
fn orders(ids: std::ops::Range<u32>, version: u32) -> String {
    let schema = r#"{"type":"SCHEMA","stream":"my-orders","key_properties":["_id"],"schema":{"properties":{"_id":{"type":"integer"},"amount":{"type":"number"},"at":{"type":"string","format":"date-time"},"day":{"type":"string","format":"date"},"note":{"type":"string"},"tags":{"type":"array"}}}}"#;
    let mut text = format!("{schema}\n");
    for id in ids {
        let _ = writeln!(
            text,
            r#"{{"type":"RECORD","stream":"my-orders","version":{version},"record":{{"_id":{id},"amount":{id}.1234567891,"at":"2026-11-16T06:00:00.{id:06}+02:00","day":"2026-02-28","note":"é {id}","tags":[1, {{"a": 1.50}}]}}}}"#
        );
    }
    let end = format!("{{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"my-orders\",\"version\":{version}}}");
    text + &end + &format!("\n{{\"type\":\"STATE\",\"value\":{version}}}\n")
}

#[test]
fn records_become_rows_and_those_of_older_versions_go() {
    let warehouse = Warehouse::of(Emulator::start(Options::default()).expect("an emulator"), &[]);
    let port = warehouse.server.port(Release::R23, Transport::Tcp);
    let pipeline = format!(
        "name = \"tap\"\n[connections.mart]\ndriver = \"oracle\"\nhost = \"localhost\"\nport = {port}\nservice_name = \"STANDIN\"\n\
         protocol = \"tcp\"\nusername = {{ env = \"TARGET_ORACLE_USERNAME\" }}\npassword = {{ env = \"TARGET_ORACLE_PASSWORD\" }}\n"
    );
    std::fs::write(warehouse.path("tap.toml"), pipeline).expect("written");
    let settings =
        format!("{{\"pipeline\":{:?},\"hard_delete\":true,\"add_record_metadata\":true}}", warehouse.path("tap.toml"));
    std::fs::write(warehouse.path("settings.json"), settings).expect("written");
    for (ids, version) in [(0..200, 1), (10..210, 2)] {
        std::fs::write(warehouse.path("messages"), orders(ids, version)).expect("written");
        let (settings, messages) = (warehouse.path("settings.json"), warehouse.path("messages"));
        let loaded = warehouse.wmshost(&["singer", "target", "--config", &settings, "--input", &messages], &[]);
        assert!(loaded.status.success(), "{}", reported(&loaded));
        assert_eq!(String::from_utf8_lossy(&loaded.stdout), format!("{version}\n"));
    }
    let mut sql = warehouse.sql("MART", "mart");
    let query =
        "SELECT COUNT(*), MIN(\"_ID\"), MAX(\"_ID\"), SUM(amount), COUNT(DISTINCT at), MIN(tags) FROM my_orders";
    let rows = sql.query(query, &[]).expect("rows");
    let row: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(row, ["200", "10", "209", "21924.69135782", "200", "[1,{\"a\":1.50}]"]);
}

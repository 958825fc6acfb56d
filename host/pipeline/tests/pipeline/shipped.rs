//! The shipped pipeline files are valid, and help.toml is a complete reference of the format.

use std::path::Path;
use std::time::Duration;

use wmshost_pipeline::oracle::{Address, Service};
use wmshost_pipeline::{Checked, Connection, HELP, KeyHelp, Method, all_keys, check_file, load};

use crate::world::{ByFileName, set};

const CREDENTIALS: &[(&str, &str)] = &[
    ("WMS_ORACLE_HOST", "wms-oracle.example.com"),
    ("WMS_ORACLE_USERNAME", "wms_reader"),
    ("WMS_ORACLE_PASSWORD", "hunter2"),
    ("TARGET_ORACLE_HOST", "analytics.example.com"),
    ("TARGET_ORACLE_USERNAME", "wms_loader"),
    ("TARGET_ORACLE_PASSWORD", "hunter3"),
];

fn shipped(name: &str, variables: &[(&str, &str)]) -> Checked {
    let path = Path::new("../../pipelines").join(name);
    check_file(&path, &set(variables), &ByFileName::Installed).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

#[test]
fn development_runs_on_two_files() {
    let dev = shipped("dev.toml", &[]);
    assert_eq!((dev.run.extract_batch_rows, dev.run.load_batch_rows), (1_000, 5_000));
    assert_eq!(dev.connections["wms"].to_string(), "sqlite .wmshost/wms.db");
    assert_eq!(dev.connections["analytics"].to_string(), "sqlite .wmshost/analytics.db");
    let moved = shipped("dev.toml", &[("TARGET_SQLITE", "/tmp/a.db"), ("WMS_BATCH_SIZE", "250")]);
    assert_eq!(moved.connections["analytics"].to_string(), "sqlite /tmp/a.db");
    assert_eq!(moved.run.extract_batch_rows, 250);
}

#[test]
fn the_streams_of_the_warehouse_are_those_of_the_contract() {
    let streams = shipped("dev.toml", &[]).streams;
    let reported: Vec<_> = streams
        .iter()
        .map(|stream| {
            let plan = &stream.plan;
            let transforms = plan.transforms.join(" ");
            (plan.table.as_str(), plan.target_table.as_str(), plan.method, plan.key.join(" "), transforms)
        })
        .collect();
    let row = |table, target, method, key: &str, transforms: &str| {
        (table, target, method, key.to_owned(), transforms.to_owned())
    };
    use Method::{Full, Incremental};
    assert_eq!(
        reported,
        [
            row("allocation", "WMS_ALLOCATION", Incremental, "allocation_id", "allocation"),
            row("order_hdr", "WMS_ORDER_HDR", Incremental, "order_id", "orders"),
            row("order_dtl", "WMS_ORDER_DTL", Incremental, "order_detail_id", ""),
            row("item_master", "WMS_ITEM_MASTER", Full, "item_id", "items"),
            row("location", "WMS_LOCATION", Full, "location_id", "locations"),
        ]
    );
    assert!(streams.iter().all(|stream| stream.plan.lookback == Duration::from_secs(7_200)));
}

#[test]
fn staging_and_production_run_on_oracle() {
    for (name, rows, sid) in [("staging.toml", (2_000, 7_000), "WMSSTAGING"), ("prod.toml", (5_000, 10_000), "WMSPROD")]
    {
        let checked = shipped(name, CREDENTIALS);
        assert_eq!((checked.run.extract_batch_rows, checked.run.load_batch_rows), rows);
        let Connection::Oracle(wms) = &checked.connections["wms"] else { panic!("{name} is not Oracle") };
        let Address::Host { port, service, .. } = &wms.address else { panic!("{name} names no host") };
        assert_eq!(*service, Service::Sid(sid.to_owned()));
        assert_eq!((*port, wms.password.reveal()), (1521, "hunter2"));
        assert!(!format!("{checked:?}").contains("hunter"), "{name} shows a password");
    }
}

#[test]
fn the_cloud_is_read_by_tokens() {
    let cloud = [
        ("WMS_CLOUD_URL", "https://wms.example.com:443"),
        ("WMS_CLOUD_ENVIRONMENT", "dev"),
        ("WMS_CLOUD_TOKEN_URL", "https://identity.example.com/oauth2/v1/token"),
        ("WMS_CLOUD_CLIENT_ID", "wmshost"),
        ("WMS_CLOUD_CLIENT_SECRET", "hunter2"),
    ];
    let checked = shipped("wms-cloud.toml", &cloud);
    assert_eq!(checked.connections["cloud"].to_string(), "http https://wms.example.com/dev/ (client_credentials)");
    assert!(!format!("{checked:?}").contains("hunter"), "it shows a secret");
    let incremental = checked.streams.iter().filter(|stream| stream.plan.method == Method::Incremental).count();
    assert_eq!((checked.streams.len(), incremental), (13, 8));
    let diagnostics =
        check_file(Path::new("../../pipelines/wms-cloud.toml"), &set(&[]), &ByFileName::Installed).unwrap_err();
    assert_eq!(diagnostics.list().len(), cloud.len(), "{diagnostics}");
}

#[test]
fn production_without_variables_names_each_of_them() {
    let diagnostics =
        check_file(Path::new("../../pipelines/prod.toml"), &set(&[]), &ByFileName::Installed).unwrap_err();
    let reported = diagnostics.to_string();
    for (name, _) in CREDENTIALS {
        assert!(reported.contains(&format!("the variable {name} is not set")), "{reported}");
    }
    assert_eq!(diagnostics.list().len(), CREDENTIALS.len(), "{reported}");
}

#[test]
fn the_base_alone_lacks_only_its_connections() {
    let reported = check_file(Path::new("../../pipelines/base.toml"), &set(&[]), &ByFileName::Installed).unwrap_err();
    insta::assert_snapshot!(reported.to_string(), @r"
    ../../pipelines/base.toml:8: stream_defaults.source: there is no connection `wms`; add a table `[connections.wms]`
    ../../pipelines/base.toml:9: stream_defaults.target: there is no connection `analytics`; add a table `[connections.analytics]`
    2 mistakes
    ");
}

#[test]
fn the_reference_is_a_pipeline_that_passes() {
    let others = [
        ("OPENLINEAGE_API_KEY", "hunter4"),
        ("WMS_MASK_KEY", "hunter5"),
        ("WMS_ALERTS_KEY", "hunter6"),
        ("WMS_ALERTS_URL", "https://hooks.example.com/hunter7"),
        ("WMS_HEARTBEAT_URL", "https://beats.example.com/hunter8"),
        ("WMS_MAIL_PASSWORD", "hunter9"),
    ];
    let variables = [CREDENTIALS, &others].concat();
    let help = shipped("help.toml", &variables);
    assert_eq!(help.streams.len(), 5);
    let path = Path::new("../../pipelines/help.toml");
    assert!(load(path, &set(&variables)).is_ok());
    assert_eq!(std::fs::read_to_string(path).unwrap(), HELP);
}

/// Every key that the reader knows is in the reference, under a comment; if the value of a key differs from stream to
/// stream, the comment states the default.
#[test]
fn the_reference_has_every_key_with_its_default() {
    for key in all_keys() {
        let KeyHelp { path, fallback, description, example, .. } = key;
        assert!(!example.is_empty(), "help.toml lacks {path}");
        let Some(fallback) = fallback else {
            continue;
        };
        let reported = description.replace(',', "").contains(&format!("Default: {}", fallback.replace(',', "")));
        let from_streams = path.starts_with("stream_defaults.");
        assert!(reported || from_streams, "{path}: say \"Default: {fallback}\"");
        if path.starts_with("run.") || path.starts_with("limits.") || from_streams {
            assert_eq!(example, fallback, "{path}");
        }
    }
}

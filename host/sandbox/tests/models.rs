//! Plugins of models: an honest plugin's declaration arrives whole; a plugin that declares too much, or never ends,
//! gets a failure that says so. Needs the components that `make plugins` builds.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use wmshost_flow::model::{Assertion, Declaration, Layer, Materialization};
use wmshost_flow::{Dialect, Failure, FailureKind, Setting, Value};
use wmshost_sandbox::{Cache, Identity, Limits, Sandbox, World};

fn declare(behaviour: &str, dialect: Dialect) -> Result<Declaration, Failure> {
    let component =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/wasm32-wasip2/release/hostile_models.wasm");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let plugin = Sandbox::new(Cache::beside(cache))?.load("small", &component)?;
    assert_eq!(plugin.world, World::Models);
    let settings = BTreeMap::from([("behaviour".to_owned(), Setting::Text(behaviour.to_owned()))]);
    let identity = Identity { plugin: "small".into(), settings, ..Identity::default() };
    // Cases that are not about time have plenty of it, also on a busy machine.
    let call_time = if behaviour == "loop" { Duration::from_millis(500) } else { Duration::from_secs(60) };
    let limits = Limits { call_time, ..Limits::default() };
    plugin.models(identity, limits, dialect)
}

#[test]
fn a_declaration_arrives_whole() {
    let declared = declare("none", Dialect::Sqlite).expect("declared");
    let names: Vec<_> = declared.models.iter().map(|model| (model.name.as_str(), model.layer)).collect();
    assert_eq!(names, [("stg_small", Layer::Staging), ("per_day", Layer::Mart)]);
    let [staging, mart] = declared.models.as_slice() else { panic!("two models") };
    assert_eq!(staging.materialization, Materialization::View);
    assert_eq!(staging.depends_on, ["allocation"]);
    assert!(staging.statement.contains("substr(created_date, 1, 10)"), "{}", staging.statement);
    assert_eq!(mart.tests[0].assertion, Assertion::Unique(vec!["day".into()]));
    let proof = &mart.unit_tests[0];
    assert_eq!(proof.given[0].1.rows[1], [Value::Int64(2), Value::Text("2026-01-06".into())]);
    assert_eq!(declared.sources[0].freshness.as_ref().and_then(|fresh| fresh.error_after), Some(14_400));

    let oracle = declare("none", Dialect::Oracle).expect("declared");
    assert!(oracle.models[0].statement.contains("TRUNC(created_date)"), "{}", oracle.models[0].statement);
}

#[test]
fn what_is_too_much_is_refused() {
    for (behaviour, kind, message) in [
        ("many-models", FailureKind::Limit, "limit declared_models: 1000 allowed, 100002 asked for"),
        ("many-tests", FailureKind::Limit, "limit declared_parts: 100000 allowed"),
        ("many-columns", FailureKind::Limit, "limit declared_parts: 100000 allowed"),
        ("long-sql", FailureKind::Limit, "limit statement_bytes: 262144 allowed, 9437184 asked for"),
        ("long-name", FailureKind::Limit, "limit declared name (bytes): 128 allowed, 1048576 asked for"),
        ("many-rows", FailureKind::Limit, "limit"),
        ("loop", FailureKind::Timeout, "limit call_time: 500ms allowed"),
        ("panic", FailureKind::Trap, "it panicked at hostile/stages/models/src/lib.rs:"),
        ("fail", FailureKind::InvalidConfig, "these models want another setting"),
    ] {
        let failure = declare(behaviour, Dialect::Sqlite).expect_err(behaviour);
        assert_eq!(failure.kind, kind, "{behaviour}: {failure}");
        assert!(failure.to_string().contains(message), "{behaviour}: {failure}");
        let site = failure.site.expect("a call site");
        assert_eq!((site.plugin.as_str(), site.function), ("small", "declare"), "{behaviour}");
    }
}

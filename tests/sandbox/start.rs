//! Code that runs before a stage does: the start of an instance, and the plugin's description of itself.

use std::fs;
use std::time::{Duration, Instant};

use wmshost_flow::FailureKind::{InvalidConfig, Limit, Timeout, Trap};
use wmshost_sandbox::{Limits, World};

use crate::world::{SANDBOX, identity, plugin};

#[test]
fn code_that_runs_at_the_start_has_the_same_limits() {
    let limits = Limits { call_time: Duration::from_millis(300), ..Limits::default() };
    let small = Limits { memory_bytes: 1 << 16, ..Limits::default() };
    for (behaviour, limits, kind, words) in [
        ("loop-in-start", limits.clone(), Timeout, "limit call_time: 300ms allowed, more asked for"),
        ("trap-in-start", limits, Trap, "trapped at the start"),
        ("none", small, Limit, "limit memory_bytes: 65536 allowed, "),
    ] {
        let plugin = plugin("hostile_transform");
        let Err(failure) = plugin.transform(identity("hostile", behaviour), limits) else {
            panic!("{behaviour}: it was made");
        };
        assert_eq!((failure.kind, failure.to_string().contains(words)), (kind, true), "{behaviour}: {failure}");
        let site = failure.site.expect("a site");
        assert_eq!((site.plugin.as_str(), site.function), ("hostile", "instantiate"), "{behaviour}");
        plugin.transform(identity("hostile", "none"), Limits::default()).expect("a fresh instance");
    }
}

#[test]
fn a_plugin_that_never_ends_to_describe_itself_is_stopped() {
    let began = Instant::now();
    let failure = plugin("hostile_slow_describe").describe().expect_err("it never ends");
    assert!(began.elapsed() >= Duration::from_secs(5));
    assert_eq!((failure.kind, failure.message.as_str()), (Timeout, "limit call_time: 5s allowed, more asked for"));
    assert_eq!(failure.site.map(|site| site.function), Some("describe"));
}

#[test]
fn guests_say_what_they_are() {
    for (name, world, settings) in [
        ("hostile_echo", World::Transform, 0),
        ("hostile_transform", World::Transform, 1),
        ("hostile_extractor", World::Extractor, 1),
        ("hostile_loader", World::Loader, 1),
    ] {
        let plugin = plugin(name);
        let said = plugin.describe().expect("a description");
        assert_eq!((plugin.world, said.settings.len()), (world, settings), "{name}");
        assert_eq!((said.name.replace('-', "_").as_str(), said.version.as_str()), (name, "0.1.0"));
    }
}

#[test]
fn a_plugin_is_of_one_world_only() {
    let Err(failure) = plugin("hostile_loader").transform(identity("hostile", "none"), Limits::default()) else {
        panic!("a loader was taken for a transform");
    };
    assert!(failure.to_string().contains("is of the world loader, and transform is needed here"), "{failure}");
}

#[test]
fn functions_of_another_shape_are_not_called() {
    let plugin = plugin("hostile_misshapen");
    let made = plugin.transform(identity("hostile", "none"), Limits::default()).map(drop);
    for failure in [made.expect_err("misshapen"), plugin.describe().map(drop).expect_err("misshapen")] {
        assert_eq!(failure.kind, InvalidConfig, "{failure}");
        assert!(failure.to_string().starts_with("it is not of this contract: "), "{failure}");
    }
}

/// The resources that a component has before any of its code runs are under the same limits: all of them together.
#[test]
fn what_a_component_begins_with_is_limited() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, module, instances, words) in [
        ("memory", "(memory 2000)", 1, "limit memory_bytes: 67108864 allowed, 131072000 asked for"),
        ("memories", "(memory 600)", 2, "limit memory_bytes: 67108864 allowed, 78643200 asked for"),
        ("table", "(table 200000 funcref)", 1, "limit table_elements: 100000 allowed, 200000 asked for"),
        ("tables", "(table 60000 funcref)", 2, "limit table_elements: 100000 allowed, 120000 asked for"),
        ("small tables", &"(table 1 funcref)".repeat(65), 1, "resource limit exceeded: table count too high at "),
        ("instances", "", 65, "too high at 65; `core_instances` in [limits] raises it"),
        ("small memories", "(memory 1)", 5, "resource limit exceeded: memory count too high at "),
    ] {
        let text = format!(
            "(component (core module $m {module}) {}
             (core module $code (func (export \"f\"))) (core instance $code (instantiate $code))
             (func $f (canon lift (core func $code \"f\")))
             (instance $about (export \"describe\" (func $f)))
             (instance $stage (export \"output-schema\" (func $f)) (export \"keeps-state\" (func $f))
              (export \"process\" (func $f)))
             (export \"wmshost:plugin/about@0.1.0\" (instance $about))
             (export \"wmshost:plugin/transformation@0.1.0\" (instance $stage)))",
            "(core instance (instantiate $m))".repeat(instances)
        );
        let file = folder.path().join(format!("{name}.wasm"));
        fs::write(&file, wat::parse_str(text).expect("a component")).expect("a file");
        let plugin = SANDBOX.load("hostile", &file).expect("nothing to refuse yet");
        let Err(failure) = plugin.transform(identity("hostile", "none"), Limits::default()) else {
            panic!("{name}: it was made");
        };
        assert_eq!((failure.kind, failure.to_string().contains(words)), (Limit, true), "{name}: {failure}");
        let raised =
            Limits { core_instances: 80, table_elements: 200_000, memory_bytes: 128 << 20, ..Limits::default() };
        let made = plugin.transform(identity("hostile", "none"), raised).map(drop);
        assert_eq!(made.is_err_and(|failure| failure.kind == Limit), name == "small memories", "{name}, limits raised");
    }
}

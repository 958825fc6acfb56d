//! What runs before a stage does: the code that makes an instance, and the plugin's word on itself.

use std::time::{Duration, Instant};

use wmshost_flow::FailureKind::{Limit, Trap};
use wmshost_sandbox::{Limits, World};

use crate::world::{identity, plugin};

#[test]
fn code_that_runs_at_the_start_has_the_same_limits() {
    let limits = Limits { call_time: Duration::from_millis(300), ..Limits::default() };
    let small = Limits { memory_bytes: 1 << 16, ..Limits::default() };
    for (behaviour, limits, kind, words) in [
        ("loop-in-start", limits.clone(), Limit, "limit call_time: 300ms allowed, more asked for"),
        ("trap-in-start", limits, Trap, "trapped at the start"),
        ("none", small, Limit, "limit memory_bytes: 65536 allowed, "),
    ] {
        let plugin = plugin("hostile_transform");
        let Err(failure) = plugin.transform(identity("hostile", behaviour), limits) else {
            panic!("{behaviour}: it was made");
        };
        assert_eq!((failure.kind, failure.message.contains(words)), (kind, true), "{behaviour}: {failure}");
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
    assert_eq!((failure.kind, failure.message.as_str()), (Limit, "limit call_time: 5s allowed, more asked for"));
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
    assert!(failure.message.contains("is of the world loader, and transform is needed here"), "{failure}");
}

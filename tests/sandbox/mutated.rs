//! Components that are damaged at random: each is refused, or it runs within its limits and its grants. The host never
//! panics and never waits without end.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, NoObserver};
use wmshost_runtime::doctor::Arena;
use wmshost_sandbox::{Cache, Compiler, Limits, Sandbox};
use wmshost_tests::{damaged, is_long, plugin as component};

use crate::world::{Attack, plugin, try_rows};

#[test]
fn a_damaged_component_is_refused_or_stays_within_its_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache { folder: folder.path().join("cache"), key: None, compiler: Compiler::default() };
    let sandbox = Sandbox::new(cache).expect("a sandbox");
    let time = Duration::from_millis(500);
    let limits = Limits { call_time: time, wait_time: time, ..Limits::default() };
    let seeds = if is_long() { 1_000 } else { 60 };
    let (mut refused, mut ran) = (0, 0);
    for guest in ["hostile_transform", "hostile_loader", "hostile_extractor"] {
        let whole = fs::read(component(guest)).expect("a component");
        let file = folder.path().join("damaged.wasm");
        for seed in 0..seeds {
            fs::write(&file, damaged(&whole, seed)).expect("written");
            let began = Instant::now();
            let case = format!("{guest}, seed {seed}");
            let Ok(loaded) = sandbox.load(guest, &file) else {
                refused += 1;
                continue;
            };
            let _ = loaded.describe();
            let arena = Arena::new().expect("an arena");
            let of = |name: &'static str| Ok(if name == guest { loaded.clone() } else { plugin(name) });
            let attack = Attack::by(guest, "none", limits.clone());
            let _ = arena.run(&attack, &of, Arc::new(NoObserver), Cancel::default());
            ran += 1;
            assert!(began.elapsed() < Duration::from_secs(60), "{case}: {:?}", began.elapsed());
            let secret = try_rows(&arena.source().expect("the source"), "SELECT * FROM secret");
            assert_eq!(secret, ["Integer(1) Text(\"hush\")"], "{case}");
            assert!(!arena.holdings().expect("rows").contains("hush"), "{case}: it reached what it was not granted");
        }
    }
    println!("{refused} damaged components were refused, {ran} ran");
    assert!(refused > 0 && ran > 0, "{refused} refused, {ran} ran");
}

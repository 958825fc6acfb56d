//! Components that are damaged at random: each is refused, or it runs within its limits and its grants. The host never
//! panics and never waits without end.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, NoObserver};
use wmshost_runtime::doctor::Arena;
use wmshost_sandbox::{Cache, Compiler, Limits, Sandbox};
use wmshost_tests::{is_long, plugin as component};

use crate::world::{Attack, plugin, try_rows};

/// A generator of numbers (SplitMix64, Steele and others 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// A component with one to four places damaged: a bit, a byte, a stretch left out, doubled or cut off.
fn damaged(whole: &[u8], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = whole.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + 1 + numbers.below(64)).min(bytes.len());
        match numbers.below(16) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let stretch = bytes[at..end].to_vec();
                bytes.splice(at..at, stretch);
            }
            2 => bytes.truncate(at),
            3..=8 => bytes[at] = numbers.next() as u8,
            _ => bytes[at] ^= 1 << numbers.below(8),
        }
    }
    bytes
}

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
            let Ok(damaged) = sandbox.load(guest, &file) else {
                refused += 1;
                continue;
            };
            let _ = damaged.describe();
            let arena = Arena::new().expect("an arena");
            let of = |name: &'static str| Ok(if name == guest { damaged.clone() } else { plugin(name) });
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

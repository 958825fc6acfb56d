//! Components that are refused before any of their code runs: the code of each could do harm, and none of it runs.

use std::fs;
use std::path::Path;

use wmshost_flow::FailureKind::{self, Denied, InvalidConfig};

use wmshost_tests::plugin as component;

use crate::world::SANDBOX;

/// The failure with which loading a file is refused.
fn refusal(file: &Path) -> wmshost_flow::Failure {
    match SANDBOX.load("hostile", file) {
        Err(failure) => failure,
        Ok(plugin) => panic!("{} was loaded as {}", file.display(), plugin.world),
    }
}

fn check(file: &Path, kind: FailureKind, words: &str) {
    let failure = refusal(file);
    assert_eq!((failure.kind, failure.message.contains(words)), (kind, true), "{words:?} in {failure}");
    assert!(failure.message.contains(&file.display().to_string()), "{failure}");
}

#[test]
fn who_asks_for_too_much_is_refused() {
    for (name, kind, words) in [
        (
            "hostile_wants_source",
            Denied,
            "it asks for wmshost:plugin/source@0.1.0, which the world transform does not grant; it may have types, \
             batches, log, settings",
        ),
        ("hostile_wants_network", Denied, "wasi:sockets/instance-network@0.2."),
        ("hostile_stageless", InvalidConfig, "it exports no stage of the contract"),
        ("hostile_two_stages", InvalidConfig, "it is both transform and loader; a plugin has one world"),
        ("hostile_next_contract", InvalidConfig, "(contract 0.2.0), this host offers 0.1.0; build it with a matching"),
    ] {
        check(&component(name), kind, words);
    }
}

#[test]
fn what_is_no_component_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(component("hostile_echo")).expect("a component");
    let core_module = [b"\0asm\x01\0\0\0".as_slice(), &[0; 64]].concat();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0xff;
    for (name, bytes, words) in [
        ("empty.wasm", b"".as_slice(), "not WebAssembly, not a component"),
        ("text.wasm", b"#!/bin/sh\n", "not WebAssembly, not a component"),
        ("core.wasm", &core_module, "a core wasm module, not a component"),
        ("header.wasm", &whole[..8], "it exports no stage of the contract"),
        ("cut.wasm", &whole[..whole.len() / 2], "not a valid component"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).expect("a file");
        check(&file, InvalidConfig, words);
    }
    check(&folder.path().join("nothing.wasm"), InvalidConfig, "`make plugins`");
    check(folder.path(), InvalidConfig, "the plugin cannot be read");
}

/// Every version is as long as ours, so that a component can be made from another one by overwriting it.
#[test]
fn another_version_of_the_contract_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(component("hostile_echo")).expect("a component");
    for version in ["0.1.1", "0.2.0", "1.0.0"] {
        let file = folder.path().join(format!("{version}.wasm"));
        fs::write(&file, with_version(&whole, version)).expect("a file");
        check(&file, InvalidConfig, "it asks for ");
        check(&file, InvalidConfig, &format!("(contract {version}), this host offers 0.1.0"));
    }
}

fn with_version(component: &[u8], version: &str) -> Vec<u8> {
    let (ours, theirs) = (b"@0.1.0", format!("@{version}"));
    let mut changed = component.to_vec();
    let mut found = 0;
    for at in 0..changed.len() - ours.len() {
        let of_contract = changed[..at].ends_with(b"wasi") || !changed[at.saturating_sub(40)..at].contains(&b':');
        if changed[at..].starts_with(ours) && !of_contract {
            changed[at..at + ours.len()].copy_from_slice(theirs.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the component names its contract");
    changed
}

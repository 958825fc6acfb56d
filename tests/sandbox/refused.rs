//! Components that are refused before any of their code runs: the code of each could do harm, and none of it runs.

use std::fs;
use std::path::Path;

use wmshost_flow::FailureKind::{self, Denied, InvalidConfig};

use wmshost_tests::{plugin as component, with_contract_version, with_text};

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
    assert_eq!((failure.kind, failure.to_string().contains(words)), (kind, true), "{words:?} in {failure}");
    assert!(failure.to_string().contains(&file.display().to_string()), "{failure}");
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
        ("hostile_next_contract", InvalidConfig, "it was built for version 0.2.0 of the contract"),
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

#[test]
fn another_version_of_the_contract_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(component("hostile_echo")).expect("a component");
    for version in ["0.2.0", "1.0.0"] {
        let file = folder.path().join(format!("{version}.wasm"));
        fs::write(&file, with_contract_version(&whole, version)).expect("a file");
        check(
            &file,
            InvalidConfig,
            &format!(
                "built for version {version} of the contract (about); this host has 0.1.0 and runs plugins of 0.1"
            ),
        );
        check(&file, InvalidConfig, "use a later wmshost, or build the plugin with wmshost-plugin 0.1");
    }
}

/// A function that only a later patch has is refused by name; all else of that patch is ours.
#[test]
fn what_a_later_contract_has_more_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("later.wasm");
    let later = |name| with_contract_version(&fs::read(component(name)).expect("a component"), "0.1.1");
    let words = "built for version 0.1.1 of the contract; this host has 0.1.0, which lacks something that it calls: use a \
                 later wmshost, or build the plugin with wmshost-plugin 0.1.0";
    fs::write(&file, with_text(&later("hostile_echo"), "read-dates", "read-weeks")).expect("a file");
    check(&file, InvalidConfig, words);
    check(&file, InvalidConfig, "read-weeks");
    fs::write(&file, with_text(&later("hostile_wants_source"), "plugin/source@", "plugin/shelve@")).expect("a file");
    check(&file, Denied, "it asks for wmshost:plugin/shelve@0.1.1, which the world transform does not grant");
    check(&file, Denied, "It was built for a later contract: a later wmshost may grant it");
}

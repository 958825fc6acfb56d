//! The table in `worlds.wit` is the truth about each world's imports and exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wit_parser::{WorldItem, WorldKey};
use wmshost_sandbox::{Cache, Sandbox};
use wmshost_tests::plugins;

use crate::wit::{Contract, folder};

type Names = BTreeSet<String>;

/// The interfaces that every stage has: the types of the contract, and the batches that it is passed. They give no
/// access to anything that was not passed.
const WORDS: [&str; 2] = ["types", "batches"];

/// Each world with its imports and its exports.
fn table() -> BTreeMap<String, (Names, Names)> {
    let text = std::fs::read_to_string(folder().join("worlds.wit")).expect("worlds.wit");
    let rows = text.lines().filter_map(|line| line.trim().strip_prefix("/// |"));
    let names = |cell: &str| cell.split(',').map(|name| name.trim().to_owned()).collect();
    let rows = rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
        let [world, calls, offers] = cells[..] else { panic!("three columns: {row}") };
        let is_head = world == "world" || world.starts_with('-');
        (!is_head).then(|| (world.to_owned(), (names(calls), names(offers))))
    });
    rows.collect()
}

fn interfaces<'a>(contract: &Contract, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Names {
    let name = |(key, item): (&WorldKey, &WorldItem)| match item {
        WorldItem::Interface { id, .. } => contract.resolve.interfaces[*id].name.clone().expect("a name"),
        _ => panic!("a world has interfaces only: {key:?}"),
    };
    items.map(name).collect()
}

#[test]
fn worlds_call_and_offer_what_the_table_says() {
    let contract = Contract::read();
    let found: BTreeMap<_, _> = contract
        .worlds()
        .map(|(name, world)| {
            let mut calls = interfaces(&contract, world.imports.iter());
            calls.retain(|name| !WORDS.contains(&name.as_str()));
            (name.to_owned(), (calls, interfaces(&contract, world.exports.iter())))
        })
        .collect();
    assert_eq!(found, table());
}

/// The components that are shipped with the host import no more than that, and the host accepts them.
#[test]
fn shipped_plugins_keep_to_the_table() {
    let folder = plugins();
    let sandbox =
        Sandbox::new(Cache::beside(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins"))).expect("a sandbox");
    let table = table();
    let files = std::fs::read_dir(&folder).map(|files| files.map(|file| file.expect("a file").path()).collect());
    let mut files: Vec<_> = files.unwrap_or_default();
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("wmshost_") && name.ends_with(".wasm")
    });
    assert!(!files.is_empty(), "{} has no plugins: build them first (`make plugins`)", folder.display());
    for file in files {
        let plugin = sandbox.load("plugin", &file).expect("a plugin of this contract");
        let (calls, _) = &table[plugin.world.name()];
        for import in &plugin.imports {
            let name = import.strip_prefix("wmshost:plugin/").and_then(|name| name.split('@').next());
            let granted = name.is_some_and(|name| calls.contains(name) || WORDS.contains(&name));
            assert!(granted, "{}: {import}", file.display());
        }
    }
}

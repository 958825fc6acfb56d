//! One version, and no change of the contract without a new one.

use std::collections::BTreeMap;
use std::fs;

use wmshost_sandbox::CONTRACT_VERSION;

use crate::wit::{Contract, folder};

/// Version and digest of every contract so far, one per line.
const VERSIONS: &str = include_str!("versions.txt");

/// The contract without comments, however it is laid out.
fn normalised() -> String {
    let files = fs::read_dir(folder()).expect("the contract").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "wit")).collect();
    files.sort();
    let text = files.iter().map(|file| fs::read_to_string(file).expect("a file"));
    let code =
        text.map(|text| text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join(" "));
    code.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_host_speaks_the_version_of_the_package() {
    let contract = Contract::read();
    let version = contract.package().name.version.as_ref().expect("a version").to_string();
    assert_eq!(CONTRACT_VERSION, version);
}

#[test]
fn a_changed_contract_has_a_new_version() {
    let versions: BTreeMap<_, _> = VERSIONS.lines().filter_map(|line| line.split_once(' ')).collect();
    let digest = blake3::hash(normalised().as_bytes()).to_hex().to_string();
    assert_eq!(
        versions.get(CONTRACT_VERSION),
        Some(&digest.as_str()),
        "the contract is not the one that {CONTRACT_VERSION} stands for in tests/contract/versions.txt. Plugins out \
         there were built for that one: give the packages in wit/ and CONTRACT_VERSION a new version, and add the line \
         `VERSION {digest}`. Only while {CONTRACT_VERSION} was never released, replace its line instead"
    );
}

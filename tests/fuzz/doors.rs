//! Damaged examples at each door, by a seed; and the targets of cargo-fuzz, one for each door.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wmshost_fuzz::{DOORS, examples};
use wmshost_tests::damaged;

/// The number of damaged examples of each door.
const TRIES: u64 = 400;

fn tries() -> u64 {
    if wmshost_tests::is_long() { 20 * TRIES } else { TRIES }
}

#[test]
fn nothing_that_comes_in_harms_the_host() {
    for (name, door) in DOORS {
        let mut examples = examples(name);
        if name == "component" {
            examples.push(fs::read(wmshost_tests::plugin("hostile_echo")).expect("a component"));
        }
        assert!(!examples.is_empty(), "{name}");
        assert!(examples.iter().any(|example| door(example)), "{name}: none of the examples is taken");
        let (began, mut taken) = (Instant::now(), 0);
        // Components are compiled, which takes its time.
        let tries = if name == "component" { tries() / 10 } else { tries() };
        for seed in 0..tries {
            let example = &examples[seed as usize % examples.len()];
            println!("{name}, seed {seed}");
            let began = Instant::now();
            taken += u64::from(door(&damaged(example, seed)));
            assert!(began.elapsed() < Duration::from_secs(30), "{name}, seed {seed}: {:?}", began.elapsed());
        }
        println!("{name}: {taken} of {tries} were taken, in {:.1?}", began.elapsed());
        assert!(taken > 0 && taken < tries, "{name}: {taken} of {tries} were taken");
    }
}

#[test]
#[ignore = "writes the examples from which `make fuzz` begins"]
fn examples_are_written_for_cargo_fuzz() {
    let corpus = std::env::var_os("WMSHOST_FUZZ_CORPUS").map(PathBuf::from).expect("WMSHOST_FUZZ_CORPUS");
    for (name, _) in DOORS {
        fs::create_dir_all(corpus.join(name)).expect("a folder");
        for (at, example) in examples(name).into_iter().enumerate() {
            fs::write(corpus.join(name).join(format!("example-{at}")), example).expect("an example");
        }
    }
}

#[test]
fn each_door_has_its_target() {
    let folder = wmshost_tests::root().join("fuzz");
    let targets = fs::read_dir(folder.join("fuzz_targets")).expect("the targets");
    let mut targets: Vec<String> = targets
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    targets.sort();
    assert_eq!(targets, DOORS.map(|(name, _)| name.to_owned()));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest");
    for (name, _) in DOORS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let target = fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).expect("a target");
        assert!(target.contains(&format!("wmshost_fuzz::{name}(bytes)")), "{name}");
    }
}

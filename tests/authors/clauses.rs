//! Each clause of certification fails for a component that breaks it, and passes for one that keeps it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use wmshost_plugin_kit::{Finding, Verdict, clauses, examine};
use wmshost_sandbox::{Cache, Plugin, Sandbox, World};
use wmshost_tests::{plugin as component, with_text};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(Cache::beside(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins"))).expect("a sandbox")
});

/// A folder with one case, whose setting is the clause to break.
fn case(files: &[(&str, &str)], breaks: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let file = folder.path().join("case").join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        let settings =
            if *path == "case.toml" { format!("\n[settings]\nbreaks = \"{breaks}\"\n") } else { String::new() };
        fs::write(file, format!("{text}{settings}")).expect("a file");
    }
    folder
}

const ROWS: &str = "id:int64!,name:utf8,amount:decimal(10,2)\n1,Ada,1.50\n2,,2.00\n3,Cid,\n4,Dora,4.25\n";
const TRANSFORM: &[(&str, &str)] = &[("case.toml", "key = [\"id\"]\n"), ("input.csv", ROWS)];
const EXTRACTOR: &[(&str, &str)] = &[
    ("case.toml", "table = \"items\"\nmethod = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]\n"),
    (
        "tables/items.csv",
        "id:int64!,name:utf8,changed:timestamp!\n1,Ada,2026-01-01 08:00:00\n2,Bob,2026-01-01 08:00:00\n\
         3,Cid,2026-01-02 09:00:00\n",
    ),
];
const LOADER: &[(&str, &str)] = &[
    ("case.toml", "key = [\"id\"]\nchange_key = \"changed\"\n"),
    (
        "input.csv",
        "id:int64!,changed:timestamp!,name:utf8\n1,2026-01-01 08:00:00,Ada\n2,2026-01-01 08:00:00,Bob\n\
         3,2026-01-02 09:00:00,\n",
    ),
];
const MODELS: &[(&str, &str)] =
    &[("case.toml", "[streams]\nitems = \"WMS_ITEMS\"\n"), ("tables/items.csv", "id:int64!\n1\n2\n")];

fn load(file: &Path) -> Plugin {
    SANDBOX.load("rogue", file).expect("a component")
}

fn verdicts(plugin: &Plugin, files: &[(&str, &str)], breaks: &str, only: &[&str]) -> Vec<Finding> {
    let folder = case(files, breaks);
    examine(plugin, &[PathBuf::from(folder.path())], only).expect("a case")
}

fn of<'f>(findings: &'f [Finding], clause: &str) -> &'f Verdict {
    &findings.iter().find(|finding| finding.clause.name == clause).expect("a clause").verdict
}

fn rogue(world: World) -> (Plugin, &'static [(&'static str, &'static str)]) {
    let files = match world {
        World::Transform => TRANSFORM,
        World::Extractor => EXTRACTOR,
        World::Loader => LOADER,
        World::Models => MODELS,
    };
    (load(&component(&format!("hostile_rogue_{world}"))), files)
}

/// The clauses of a world alone, each broken by its rogue.
fn each_clause_fails_alone(world: World) {
    let (plugin, files) = rogue(world);
    let kept = verdicts(&plugin, files, "none", &[]);
    assert_eq!(kept.len(), clauses(Some(world)).len());
    for finding in &kept {
        assert_eq!(finding.verdict, Verdict::Pass, "{} of a {world} that keeps it", finding.clause.name);
    }
    let own = clauses(Some(world)).into_iter().filter(|clause| clause.world.is_some());
    for clause in own {
        let findings = verdicts(&plugin, files, clause.name, &[clause.name]);
        let verdict = of(&findings, clause.name);
        // Filtering may be a transform's purpose: it is a skip, which has to be accepted.
        let is_broken = matches!(verdict, Verdict::Fail(_))
            || clause.name == "rows-not-dropped" && matches!(verdict, Verdict::Skip(_));
        assert!(is_broken, "{} is {verdict:?} for a {world} that breaks it", clause.name);
    }
}

#[test]
fn each_clause_of_transforms_fails_for_one_that_breaks_it() {
    each_clause_fails_alone(World::Transform);
}

#[test]
fn each_clause_of_extractors_fails_for_one_that_breaks_it() {
    each_clause_fails_alone(World::Extractor);
}

#[test]
fn each_clause_of_loaders_fails_for_one_that_breaks_it() {
    each_clause_fails_alone(World::Loader);
}

#[test]
fn each_clause_of_models_fails_for_one_that_breaks_it() {
    each_clause_fails_alone(World::Models);
}

#[test]
fn each_clause_about_descriptions_fails_for_one_that_breaks_it() {
    let bytes = fs::read(component("hostile_rogue_transform")).expect("a component");
    let folder = tempfile::tempdir().expect("a folder");
    for (clause, text, other) in [
        ("described-name", "rogue-transform", "Rogue transform"),
        ("described-version", "1.2.3", "1.2.x"),
        ("described-summary", "Breaks a clause of certification.", "                                 "),
    ] {
        let file = folder.path().join(format!("{clause}.wasm"));
        fs::write(&file, with_text(&bytes, text, other)).expect("a file");
        let findings = verdicts(&load(&file), TRANSFORM, "none", &[clause]);
        assert!(matches!(of(&findings, clause), Verdict::Fail(_)), "{clause}: {:?}", of(&findings, clause));
    }
    let slow =
        verdicts(&load(&component("hostile_slow_describe")), TRANSFORM, "none", &["described-name", "split-invariant"]);
    assert!(matches!(of(&slow, "describes-itself"), Verdict::Fail(_)));
    assert!(matches!(of(&slow, "described-name"), Verdict::NotReached(_)));
    assert!(matches!(of(&slow, "split-invariant"), Verdict::NotReached(_)));
    let clock = verdicts(&load(&component("hostile_transform")), TRANSFORM, "none", &["imports-no-clock"]);
    assert!(matches!(of(&clock, "imports-no-clock"), Verdict::Fail(_)));
}

#[test]
fn a_component_without_a_case_is_skipped_and_not_certified() {
    let plugin = load(&component("hostile_rogue_transform"));
    let findings = examine(&plugin, &[], &[]).expect("no case");
    assert!(matches!(of(&findings, "schema-made"), Verdict::Skip(_)));
    assert!(matches!(of(&findings, "split-invariant"), Verdict::NotReached(_)));
    assert_eq!(of(&findings, "described-name"), &Verdict::Pass);
}

#[test]
fn there_are_many_clauses_with_different_names() {
    let all = clauses(None);
    let mut of_worlds: Vec<_> = all.iter().map(|clause| (clause.world.map(World::name), clause.name)).collect();
    of_worlds.sort_unstable();
    of_worlds.dedup();
    assert_eq!(of_worlds.len(), all.len());
    assert!(all.len() >= 50, "{}", all.len());
}

//! Components of each version of the contract, as they were built when it was released: every later host of the range
//! loads them and runs them to the same end. `golden/README.md` says how they were made.

use std::fs;
use std::path::{Path, PathBuf};

use wmshost_sandbox::{CONTRACT_VERSION, Cache, Sandbox};
use wmshost_tests::{TestProject, with_contract_version};

const WORLDS: [&str; 4] = ["extractor", "transform", "loader", "models"];

/// One table with a column of each type of the contract.
const SOURCE: &str = "
    CREATE TABLE parts (id INTEGER PRIMARY KEY, whole INTEGER, flag BOOLEAN, share DOUBLE, amount DECIMAL(12,2),
        big DECIMAL_TEXT(38,4), word TEXT, bytes BLOB, day DATE_ONLY, moment TIMESTAMP(6), zoned TIMESTAMPTZ(6),
        spare TEXT, old TEXT);
    INSERT INTO parts (id) VALUES (2);
    WITH ids(id) AS (VALUES (1), (3), (4), (5), (6), (7)) INSERT INTO parts
    SELECT id, id, id % 2, id / 8.0, id * 1000 + 0.25, '123456789012345678901234567890.125' || id, 'word ' || id,
        CAST('b' || id AS BLOB), '2026-01-0' || id, '2026-01-05 10:00:00.00000' || id,
        '2026-01-05 10:00:00.000000+00:00', 'spare', 'old ' || id FROM ids;";

/// The folder of each version.
fn versions() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/golden");
    let entries = fs::read_dir(golden).expect("the golden components").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<_> = entries.filter(|path| path.join("extractor.wasm").is_file()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "there are no golden components");
    folders
}

fn pipeline(project: &TestProject, components: &Path) -> String {
    let plugins: String = WORLDS
        .iter()
        .map(|world| format!("golden-{world}.path = {:?}\n", components.join(format!("{world}.wasm"))))
        .collect();
    let (source, target) = (project.source_path(), project.target_path());
    let stream = "table = \"parts\"\nkey = [\"id\"]\ntransforms = [\"golden-transform\"]\n";
    format!(
        "name = \"golden\"\n[plugins]\n{plugins}\
         [connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
         [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
         [run]\nextract_batch_rows = 3\nload_batch_rows = 2\nretries = 0\n\
         [stream_defaults]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"golden-extractor\"\n\
         loader = \"golden-loader\"\nmax_rejected_percent = 100\n\
         [streams.merged]\nmethod = \"append\"\n{stream}target_table = \"MERGED\"\n\
         [streams.merged.settings.golden-extractor]\ntexts = [\"a\", \"b\"]\n\
         [streams.replaced]\nmethod = \"full\"\n{stream}target_table = \"REPLACED\"\n\
         [models]\nplugins = [\"golden-models\"]\n"
    )
}

/// Everything in the target that a plugin had a part in.
fn outcome(project: &TestProject) -> Vec<String> {
    let columns = "id, whole, flag, share, amount, big, word, hex(bytes), day, moment, zoned, \"new\", size";
    let mut seen = Vec::new();
    for table in ["MERGED", "REPLACED"] {
        seen.extend(project.rows(&format!("SELECT '{table}', {columns} FROM {table} ORDER BY id")));
    }
    let gone = "SELECT 'gone', stream, stage, rule, reason FROM WMSHOST_QUARANTINE ORDER BY stream, stage";
    seen.extend(project.rows(gone));
    seen.extend(project.rows("SELECT 'day', day, amount, parts FROM PER_DAY ORDER BY day"));
    seen
}

/// The messages that the extractor logs when it opens a stream.
fn logged(project: &TestProject) -> String {
    let logs = fs::read_dir(project.path("home/logs")).expect("logs").map(|log| log.expect("a log").path());
    let texts = logs.map(|log| fs::read_to_string(log).expect("a log"));
    texts.collect()
}

/// Two runs of the golden pipeline with the components of a folder.
fn runs(components: &Path) -> Vec<String> {
    let project = TestProject::with_pipeline(SOURCE, |project| pipeline(project, components));
    project.wmshost("check", &[]).succeeded();
    project.wmshost("run", &[]).succeeded();
    assert!(logged(&project).contains("settings one 7 half true a+b none, before nothing"), "{}", logged(&project));
    let first = outcome(&project);
    project.change("INSERT INTO parts (id, whole) VALUES (8, 8)");
    project.wmshost("run", &[]).succeeded();
    assert!(logged(&project).contains("settings one 7 half true a+b none, before 7"), "{}", logged(&project));
    assert_eq!(project.rows("SELECT id FROM MERGED ORDER BY id"), ["1", "2", "3", "7", "8"]);
    assert_eq!(project.rows("SELECT id FROM REPLACED ORDER BY id"), ["1", "2", "3", "7", "8"]);
    first
}

/// The components of a folder, as if they were built for another version of the contract.
fn rewritten(components: &Path, version: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for world in WORLDS {
        let file = format!("{world}.wasm");
        let component = fs::read(components.join(&file)).expect("a component");
        fs::write(folder.path().join(&file), with_contract_version(&component, version)).expect("a file");
    }
    folder
}

fn expected() -> Vec<String> {
    let row = |table: &str, id: i64, size: &str| {
        let (share, bytes) = (id as f64 / 8.0, 0x6230 + id);
        format!(
            "{table} {id} {id} {} {share:?} {}.25 123456789012345678901234567890.125{id} word {id} {bytes:X} 2026-01-0{id} \
             2026-01-05 10:00:00.00000{id} 2026-01-05 10:00:00.000000Z old {id} {size}",
            id % 2,
            id * 1000
        )
    };
    let nulls = |table: &str| format!("{table} 2{}  {}", " NULL".repeat(6), ["NULL"; 5].join(" "));
    let mut expected = Vec::new();
    for table in ["MERGED", "REPLACED"] {
        expected.extend([row(table, 1, "small"), nulls(table), row(table, 3, "big"), row(table, 7, "big")]);
    }
    for stream in ["merged", "replaced"] {
        for (stage, plugin, id) in [("extract", "extractor", 6), ("transform", "transform", 4)] {
            expected.push(format!("gone {stream} {stage} golden the {plugin} takes row {id} out"));
        }
    }
    expected.push("day NULL NULL 1".to_owned());
    expected.extend([1, 3, 7].map(|id| format!("day 2026-01-0{id} {id}000.25 1")));
    expected
}

#[test]
fn golden_components_of_every_version_run() {
    for components in versions() {
        assert_eq!(runs(&components), expected(), "{}", components.display());
    }
}

/// A later patch of the contract only adds to it: what a plugin calls is there.
#[test]
fn components_of_a_later_patch_run() {
    let components = rewritten(&versions()[0], "0.1.1");
    assert_eq!(runs(components.path()), expected());
}

#[test]
fn components_of_the_next_contract_are_refused_by_name() {
    let components = rewritten(&versions()[0], "0.2.0");
    let project = TestProject::with_pipeline(SOURCE, |project| pipeline(project, components.path()));
    let words = "does not fit this host: it was built for version 0.2.0 of the contract (about); this host has 0.1.0 and runs plugins of 0.1";
    let files = WORLDS.map(|world| format!("{world}.wasm {words}"));
    project.wmshost("check", &[]).ended(2).says(&files.each_ref().map(String::as_str));
    project.wmshost("run", &[]).ended(2);
    assert!(!project.target_path().exists(), "a refused plugin has run");
}

/// The host has golden components of its own version, and of every one before it that it runs.
#[test]
fn the_version_of_the_host_has_golden_components() {
    let sandbox =
        Sandbox::new(Cache::beside(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins"))).expect("a sandbox");
    let of_host = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/golden").join(CONTRACT_VERSION);
    for world in WORLDS {
        let plugin = sandbox.load("golden", &of_host.join(format!("{world}.wasm"))).expect("a plugin");
        assert_eq!((plugin.world.name(), plugin.contract.as_str()), (world, CONTRACT_VERSION));
    }
}

//! `wmshost import meltano`: projects of both kinds become pipelines that pass `check`, bookmarks carry over, and what cannot
//! be carried is said by file and line.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use wmshost_tests::{CommandOutput, TestProject, root};

/// The variables that the projects' files refer to.
const VARIABLES: [&str; 12] = [
    "WMS_ORACLE_HOST",
    "WMS_ORACLE_SID",
    "WMS_ORACLE_USERNAME",
    "WMS_ORACLE_PASSWORD",
    "TARGET_ORACLE_HOST",
    "TARGET_ORACLE_SERVICE_NAME",
    "TARGET_ORACLE_USERNAME",
    "TARGET_ORACLE_PASSWORD",
    "WMS_USERNAME",
    "WMS_PASSWORD",
    "TAP_HALF_USERNAME",
    "TAP_HALF_PASSWORD",
];

pub(crate) fn project() -> TestProject {
    TestProject::with_pipeline("", |_| String::new())
}

fn shipped(name: &str) -> PathBuf {
    root().join("tests/meltano").join(name)
}

/// Imports a project into the folder `to`.
pub(crate) fn import(project: &TestProject, folder: &Path, more: &[&str]) -> CommandOutput {
    let (folder, to) = (folder.display().to_string(), project.path("to").display().to_string());
    let words = ["import", "meltano", &folder, "--to", &to, "--output", "json"];
    project.plain(&[&words[..], more].concat())
}

/// The item of this name; of several, the first.
pub(crate) fn item<'r>(report: &'r Json, kind: &str, name: &str) -> &'r Json {
    let items = report["items"].as_array().expect("items");
    let found = items.iter().find(|item| item["kind"] == kind && item["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {report:#}"))
}

/// Asserts an item: its outcome, the line of its file, which has this text, and a part of the reason.
fn assert_outcome(folder: &Path, report: &Json, (kind, name): (&str, &str), outcome: &str, text: &str, reason: &str) {
    let item = item(report, kind, name);
    assert_eq!(item["outcome"], outcome, "{item:#}");
    let file = fs::read_to_string(folder.join(item["file"].as_str().expect("a file"))).expect("a file");
    let line = usize::try_from(item["line"].as_u64().expect("a line")).expect("a line");
    assert!(file.lines().nth(line - 1).is_some_and(|line| line.contains(text)), "{text}: {item:#}");
    assert!(item["reason"].as_str().unwrap_or_default().contains(reason), "{reason}: {item:#}");
}

/// Reads a file of the folder `to`.
pub(crate) fn written(project: &TestProject, file: &str) -> String {
    fs::read_to_string(project.path("to").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Asserts that a file of the folder `to` has no mistake; its servers do not exist.
fn check_offline(project: &TestProject, file: &str) {
    project.plain(&["check", "--offline", &project.path("to").join(file).display().to_string()]).succeeded();
}

#[test]
fn a_warehouse_in_three_environments_passes_check_and_leaves_no_secret_behind() {
    let mut project = project();
    let imported = import(&project, &shipped("warehouse"), &["--accept"]).succeeded();
    let report = imported.json();
    let stream = ("stream", "tap-oracle-wms-allocation.WMS-ALLOCATION");
    assert_eq!(item(&report, stream.0, stream.1)["to"], "oracle_wms_allocation: streams.allocation");
    for (part, outcome, text, reason) in [
        (stream, "mapped", "WMS-ALLOCATION:", ""),
        (("setting", "tap-oracle-wms-allocation.username"), "carried", "username: $WMS", ""),
        (("setting", "tap-oracle-wms-allocation.sid"), "mapped", "sid:", "the variable WMS_ORACLE_SID wins here"),
        (("setting", "tap-oracle-wms-allocation.start_date"), "changed", "start_date:", "is read whole"),
        (("setting", "tap-oracle-wms-master-data.start_date"), "dropped", "start_date:", "every table is read whole"),
        (
            ("setting", "target-oracle.password"),
            "by hand",
            "password: not-a",
            "set the variable TARGET_ORACLE_PASSWORD",
        ),
        (("setting", "target-oracle.add_record_metadata"), "dropped", "add_record", "no _sdc_ columns"),
        (("setting", "target-oracle.pool_recycle"), "by hand", "pool_recycle", "it is not known here"),
        (("plugin", "tap-oracle-wms"), "mapped", "name: tap-oracle-wms", "others inherit from it"),
        (("plugin", "dbt-oracle"), "by hand", "name: dbt-oracle", "wmshost import dbt"),
        (("plugin", "sqlfluff"), "dropped", "name: sqlfluff", ""),
        (("job", "sync-allocation"), "by hand", "name: sync-allocation", "dbt-oracle:run"),
        (("job", "sync-all"), "changed", "name: sync-all", "not in turn"),
        (("schedule", "allocation"), "carried", "name: allocation", "wmshost serve"),
        (("schedule", "once"), "dropped", "name: once", "runs it once"),
        (("environment", "prod"), "mapped", "name: prod", "a file of each pipeline"),
        (("setting", "project_id"), "dropped", "project_id", "a matter of Meltano itself"),
    ] {
        assert_outcome(&shipped("warehouse"), &report, part, outcome, text, reason);
    }
    // What the environments share is in one file, and what differs in those that extend it.
    let base = written(&project, "oracle_wms_allocation.toml");
    assert!(base.contains("schedule = \"0 */2 * * *\"") && base.contains("change_key = \"last_updated\""), "{base}");
    assert!(base.contains("password = { env = \"TARGET_ORACLE_PASSWORD\" }"), "{base}");
    let dev = written(&project, "oracle_wms_allocation.dev.toml");
    assert!(dev.contains("extends = \"oracle_wms_allocation.toml\""), "{dev}");
    assert!(dev.contains("host = \"wms-dev-oracle.example.com\"") && dev.contains("default = 1000"), "{dev}");
    assert!(dev.contains("except = [\"allocated_by_*\"]"), "{dev}");
    assert!(!written(&project, "oracle_wms_allocation.prod.toml").contains("except"), "prod selects all columns");
    for variable in VARIABLES {
        project.set(variable, "x");
    }
    let files: Vec<String> = report["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| file.as_str().expect("a path").to_owned())
        .collect();
    assert_eq!(files.iter().filter(|file| file.ends_with(".toml")).count(), 12, "{files:?}");
    for file in &files {
        let text = written(&project, file);
        assert!(!text.contains("not-a-real-secret"), "{file}: {text}");
        if file.matches('.').count() == 2 && file.ends_with(".toml") {
            check_offline(&project, file);
        }
    }
    assert!(!imported.out().contains("not-a-real-secret") && !imported.err().contains("not-a-real-secret"));
    // The report beside the pipelines has the same lines.
    let line = "| by hand | setting | target-oracle.password | meltano.yml:";
    assert!(written(&project, "parity-report.md").contains(line));
}

#[test]
fn a_service_and_a_source_that_is_half_a_database_pass_check() {
    let mut project = project();
    let state = project.path("state.json").display().to_string();
    let bookmark = r#"{"replication_key": "mod_ts", "replication_key_value": "2026-01-31T09:00:00-03:00"}"#;
    let states = format!(r#"{{"dev:tap-oracle-wms-to-target-sqlite": {{"bookmarks": {{"allocation": {bookmark}}}}}}}"#);
    fs::write(&state, states).expect("written");
    let imported = import(&project, &shipped("service"), &["--state", &state]).ended(1);
    let report = imported.json();
    for (part, outcome, text, reason) in [
        (("setting", "tap-oracle-wms.base_url"), "mapped", "base_url", ""),
        (("setting", "tap-oracle-wms.company_code"), "by hand", "company_code", "it is not known here"),
        (("setting", "tap-oracle-wms.request_timeout"), "mapped", "request_timeout", ""),
        (("stream", "tap-oracle-wms.order_hdr"), "mapped", "entities:", "settings of the extractor"),
        (("stream", "tap-oracle-wms.item"), "carried", "item: {", ""),
        (("setting", "tap-half.base_url"), "by hand", "base_url", "it is not known here"),
        (("setting", "tap-oracle-wms.select *.*"), "by hand", "select:", "no catalog says"),
        (("plugin", "tap-postgres"), "by hand", "name: tap-postgres", "wmshost singer target"),
        (("plugin", "target-jsonl"), "by hand", "name: target-jsonl", "wmshost singer tap"),
        (("schedule", "half"), "mapped", "name: half", ""),
        (("schedule", "others"), "by hand", "name: others", "no pipeline was written"),
    ] {
        assert_outcome(&shipped("service"), &report, part, outcome, text, reason);
    }
    let service = written(&project, "oracle_wms.toml");
    for line in [
        "url = \"https://wms.example.com/wms_dev\"",
        "auth = \"basic\"",
        "response_timeout = \"120s\"",
        "extractor = \"wms-cloud\"",
        "schedule = \"@hourly\"",
        "[streams.order_hdr.settings.wms-cloud]",
        "exclude = [\"cust_name\"]",
    ] {
        assert!(service.contains(line), "{line}: {service}");
    }
    let state = written(&project, "oracle_wms.state.json");
    assert!(state.contains("idle") && state.contains("1769850000000000") && !state.contains("\"item\""), "{state}");
    let database = shipped("service").join("output/warehouse.db").display().to_string();
    assert!(written(&project, "half.toml").contains(&database), "a path is that of the project");
    for variable in VARIABLES {
        project.set(variable, "x");
    }
    for file in ["oracle_wms.toml", "half.toml"] {
        let text = written(&project, file);
        assert!(!text.contains("real-secret"), "{text}");
        check_offline(&project, file);
    }
}

/// A tap for SQLite with a target for SQLite, in a folder of its own.
pub(crate) fn sqlite_project(project: &TestProject) -> PathBuf {
    let folder = project.path("meltano");
    fs::create_dir_all(&folder).expect("a folder");
    let (source, target) = (project.source_path(), project.target_path());
    let text = format!(
        "version: 1\nplugins:\n  extractors:\n    - name: tap-sqlite\n      config:\n        path_to_database: {}\n      \
         select: [main-orders.*, main-kinds.*, '!main-orders.card']\n      metadata:\n        main-orders:\n          \
         replication-method: INCREMENTAL\n          replication-key: updated_at\n          table-key-properties: [id]\n  \
         loaders:\n    - name: target-sqlite\n      config:\n        path_to_database: {}\njobs:\n  - name: nightly\n    \
         tasks: [tap-sqlite target-sqlite]\n",
        source.display(),
        target.display(),
    );
    fs::write(folder.join("meltano.yml"), text).expect("written");
    folder
}

#[test]
fn a_secret_below_env_is_copied_neither_as_a_default_nor_within_a_text() {
    let project = project();
    let folder = sqlite_project(&project);
    let path = folder.join("meltano.yml");
    let text = fs::read_to_string(&path).expect("read");
    let target = format!("path_to_database: {}", project.target_path().display());
    for value in ["$DB_PASSWORD", "${OTHER}", "data/${DB_PASSWORD}.db", "data/$OTHER.db"] {
        let env = "env: { DB_PASSWORD: not-a-real-secret, OTHER: $DB_PASSWORD }\n";
        fs::write(&path, text.replace(&target, &format!("path_to_database: {value}")) + env).expect("written");
        let imported = import(&project, &folder, &["--force"]).ended(1);
        assert_eq!(item(&imported.json(), "setting", "target-sqlite.path_to_database")["outcome"], "by hand");
        for file in ["sqlite.toml", "parity-report.md"] {
            let text = written(&project, file);
            assert!(!text.contains("not-a-real-secret"), "{value}: {text}");
        }
        assert!(!imported.out().contains("not-a-real-secret"), "{value}");
    }
}

#[test]
fn a_catalog_of_the_project_says_what_patterns_mean() {
    let project = project();
    let folder = sqlite_project(&project);
    let path = folder.join("meltano.yml");
    let text = fs::read_to_string(&path).expect("read");
    let select = "select: [main-orders.*, main-kinds.*, '!main-orders.card']";
    fs::write(&path, text.replace(select, "select: ['main-k*.*', main-gone.*, main-orders.total]")).expect("written");
    let kept = folder.join(".meltano/run/tap-sqlite");
    fs::create_dir_all(&kept).expect("a folder");
    let stream = |name: &str, key: &str| {
        format!(
            r#"{{"tap_stream_id": "main-{name}", "table_name": "{name}", "key_properties": ["{key}"], "schema":
                {{"properties": {{"{key}": {{"type": ["string"]}}}}}}, "metadata": [{{"breadcrumb": [], "metadata": {{}}}}]}}"#
        )
    };
    let catalog =
        format!(r#"{{"streams": [{}, {}, {}]}}"#, stream("orders", "id"), stream("kinds", "code"), stream("x", "a"));
    fs::write(kept.join("tap.properties.json"), catalog).expect("written");
    let report = import(&project, &folder, &[]).ended(1).json();
    let gone = item(&report, "setting", "tap-sqlite.select main-gone.*");
    assert_eq!(gone["outcome"], "by hand", "{gone:#}");
    let text = written(&project, "sqlite.toml");
    assert!(text.contains("[streams.kinds]") && !text.contains("streams.x"), "{text}");
    assert!(text.contains("key = [\"code\"]"), "{text}");
    // What identifies a row and its version is always among the columns.
    assert!(text.contains("columns = [\"total\", \"id\", \"updated_at\"]"), "{text}");
    fs::write(kept.join("tap.properties.json"), "{\n").expect("written");
    import(&project, &folder, &["--force"]).ended(2);
    assert_eq!(written(&project, "sqlite.toml"), text, "nothing half done");
}

#[test]
fn mistakes_are_told_all_at_once_by_file_and_line_and_nothing_is_written() {
    let project = project();
    let folder = sqlite_project(&project);
    let path = folder.join("meltano.yml");
    let text = fs::read_to_string(&path).expect("read");
    let refused = |text: &str, words: &[&str]| {
        fs::write(&path, text).expect("written");
        let output = import(&project, &folder, &[]).ended(2);
        let said = output.out() + &output.err();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!project.path("to").exists(), "{said}");
    };
    let more = "schedules:\n  - { name: a, interval: '@daily', job: nigthly }\n  - { name: b, interval: '@daily', \
                extractor: tap-sqlit, loader: target-sqlite }\n  - { name: c }\nenvironments:\n  - name: dev\n    config: \
                { plugins: { loaders: [{ name: target-x }] } }\n";
    refused(
        &format!("{text}{more}")
            .replace("[tap-sqlite target-sqlite]", "[tap-sqlite target-sqlite, tap-b target-sqlite]"),
        &[
            "meltano.yml:19: the project has no plugin \"tap-b\"",
            "meltano.yml:21: the project has no job \"nigthly\": it has nightly",
            "meltano.yml:22: the project has no extractor \"tap-sqlit\": it has tap-sqlite",
            "meltano.yml:23: a schedule has either a `job`",
            "meltano.yml:26: the project has no plugin \"target-x\"",
        ],
    );
    let mut bomb = format!("{text}x0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for level in 1..12 {
        bomb += &format!("x{level}: &x{level} [{}]\n", vec![format!("*x{}", level - 1); 9].join(", "));
    }
    refused(&bomb, &["with its aliases it has more than 200000 values"]);
    refused("plugins: [\n", &["meltano.yml:", "it is not YAML"]);
    refused("plugins:\n  extractors: {}\njobs: 7\n", &["meltano.yml:2: it is a list", "meltano.yml:3: it is a list"]);
    refused(&format!("{text}include_paths: [../other.yml]\n"), &["no pattern of files below the folder"]);
    refused(
        &text.replace("name: tap-sqlite\n", "name: tap-sqlite\n      inherit_from: tap-sqlite\n"),
        &["or from itself"],
    );
    fs::write(&path, &text).expect("written");
    import(&project, &folder, &["--environment", "prod"]).ended(2);
    let state = project.path("state.json").display().to_string();
    for wrong in ["{", "[]", r#"{"dev:tap-b-to-target-c": {"bookmarks": {}}}"#] {
        fs::write(&state, wrong).expect("written");
        import(&project, &folder, &["--state", &state]).ended(2);
    }
    assert!(!project.path("to").exists());
}

#[test]
fn a_folder_is_replaced_only_if_nothing_of_others_is_in_it() {
    let project = project();
    let folder = sqlite_project(&project);
    import(&project, &folder, &[]).succeeded();
    let before = written(&project, "sqlite.toml");
    import(&project, &folder, &[]).ended(2);
    let own = project.path("to").join("mine.toml");
    fs::write(&own, "name = \"mine\"\n").expect("written");
    import(&project, &folder, &["--force"]).ended(2);
    assert_eq!((written(&project, "sqlite.toml"), own.exists()), (before, true));
    fs::remove_file(&own).expect("removed");
    import(&project, &folder, &["--force"]).succeeded();
    // A folder that no import wrote is not replaced.
    let other = project.path("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("sqlite.toml"), "name = \"mine\"\n").expect("written");
    let (folder, other) = (folder.display().to_string(), other.display().to_string());
    project.plain(&["import", "meltano", &folder, "--to", &other, "--force"]).ended(2).says(&["parity-report.md"]);
}

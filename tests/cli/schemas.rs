//! The outputs for programs have the form that `wmshost schema` documents.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, plugin, root};

use crate::json_schema::mistakes;

/// The inputs among them, which have tests where they are read.
const INPUTS: &[&str] = &["pipeline"];

/// Runs commands and holds their outputs against their schemas.
struct Checker<'a> {
    project: &'a TestProject,
    checked: BTreeSet<String>,
}

impl Checker<'_> {
    fn schema(&self, name: &str) -> Json {
        let schema = self.project.plain(&["schema", name]).succeeded().json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        schema
    }

    /// Checks an output, and returns it.
    fn hold(&mut self, name: &str, output: Json) -> Json {
        let found = mistakes(&self.schema(name), &output);
        assert!(found.is_empty(), "{name}: {}\n{output:#}", found.join("\n"));
        self.checked.insert(name.to_owned());
        output
    }

    /// Checks the output of a command about the pipeline.
    fn run(&mut self, name: &str, code: i32, words: &str, rest: &[&str]) -> Json {
        let rest: Vec<&str> = rest.iter().copied().chain(["--output", "json"]).collect();
        let output = self.project.wmshost(words, &rest).ended(code).json();
        self.hold(name, output)
    }
}

fn list<'a>(output: &'a Json, key: &str) -> &'a Vec<Json> {
    let list = output[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {output:#}"));
    assert!(!list.is_empty(), "{key} is empty, so that its form was not checked: {output:#}");
    list
}

#[test]
fn every_output_has_the_form_of_its_schema() {
    let project = TestProject::sample(2_000, 1);
    let pipeline = fs::read_to_string(project.pipeline()).expect("a file");
    fs::write(project.pipeline(), format!("{pipeline}[run]\nreceipts = true\n")).expect("a file");
    let mut outputs = Checker { project: &project, checked: BTreeSet::new() };
    let sample = project.plain(&["sample", "change", &project.source_path().to_string_lossy(), "--output", "json"]);
    outputs.hold("sample", sample.succeeded().json());
    project.change("UPDATE allocation SET quantity_allocated = 'many' WHERE allocation_id % 1000 = 7");
    outputs.run("plan", 0, "plan", &[]);
    let source = format!("sqlite:{}", project.source_path().display());
    let tables = project.plain(&["discover", &source, "--output", "json"]).succeeded().json();
    let tables = outputs.hold("discover", tables);
    assert!(tables.as_array().is_some_and(|tables| tables.iter().any(|table| table["misfits"][0].is_object())));
    let tap = outputs.run("tap", 0, "tap", &["--stream", "allocation"]);
    list(&tap["plugins"][0], "rows");
    outputs.run("check", 0, "check", &["--connect"]);
    outputs.run("doctor", 0, "doctor", &[]);
    let run = outputs.run("run", 0, "run", &[]);
    list(&run, "streams");
    receipts(&mut outputs, run["receipt"]["file"].as_str().expect("a receipt"));
    runs_and_state(&mut outputs, run["run_id"].as_str().expect("an id"));
    quarantine(&mut outputs);
    differences(&mut outputs);
    plugins(&mut outputs);
    recordings_and_bundles(&mut outputs);
    models(&mut outputs);
    let dbt = root().join("tests/dbt/shop").display().to_string();
    let words = ["import", "dbt", &dbt, "--dialect", "sqlite", "--report-only", "--accept", "--output", "json"];
    let import = outputs.hold("import-dbt", project.plain(&words).succeeded().json());
    list(&import, "items");
    let meltano = root().join("tests/meltano/warehouse").display().to_string();
    let words = ["import", "meltano", &meltano, "--report-only", "--accept", "--output", "json"];
    let import = outputs.hold("import-meltano", project.plain(&words).succeeded().json());
    list(&import, "items");
    outputs
        .hold("singer-about", project.plain(&["singer", "target", "--about", "--format", "json"]).succeeded().json());
    let failed = project.wmshost("state show", &["--stream", "nothing", "--output", "json"]).ended(2).json();
    outputs.hold("error", failed);
    let listing = project.plain(&["schema"]).succeeded().out();
    let names = listing.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let unchecked: Vec<_> = names.filter(|name| !outputs.checked.contains(*name) && !INPUTS.contains(name)).collect();
    assert!(unchecked.is_empty(), "outputs that this test does not check: {unchecked:?}");
}

fn receipts(outputs: &mut Checker<'_>, file: &str) {
    let receipt = |words: &str| outputs.project.plain(&["receipt", words, file, "--output", "json"]).succeeded().json();
    let (shown, checked) = (receipt("show"), receipt("check"));
    let shown = outputs.hold("receipt", shown);
    assert!(list(&shown, "streams").iter().any(|stream| stream["proof"]["ranges"][0].is_object()), "{shown:#}");
    let checked = outputs.hold("receipt-check", checked);
    list(&checked[0], "streams");
}

fn runs_and_state(outputs: &mut Checker<'_>, run_id: &str) {
    let project = outputs.project;
    outputs.run("schedule-list", 0, "schedule list", &[]);
    outputs.hold("runs-list", project.plain(&["runs", "list", "--output", "json"]).succeeded().json());
    let shown =
        outputs.hold("runs-show", project.plain(&["runs", "show", run_id, "--output", "json"]).succeeded().json());
    list(&shown, "plugins");
    let stream = ["--stream", "allocation"];
    list(&outputs.run("state-list", 0, "state list", &[]), "streams");
    let export = project.wmshost("state export", &[]).succeeded().json();
    list(&outputs.hold("state-export", export), "streams");
    // The bookmark of an incremental stream has positions of several types.
    outputs.run("plan", 0, "plan", &[]);
    outputs.run("state-show", 0, "state show", &stream);
    project.wmshost("state reset", &["--stream", "allocation", "--yes"]).succeeded();
    outputs.run("state-show", 0, "state show", &stream);
    let log = outputs.run("state-log", 0, "state log", &stream);
    assert_eq!(list(&log, "history").len(), 2, "{log:#}");
    outputs.run("state-diff", 0, "state diff", &["--stream", "allocation", "--from", run_id]);
    let update = "UPDATE WMSHOST_CHECKPOINT SET BOOKMARK = 'damaged' WHERE STREAM = 'order_hdr'";
    project.target().execute_batch(update).expect("a damaged row");
    let damaged = outputs.run("state-log", 0, "state log", &["--stream", "order_hdr"]);
    assert!(list(&damaged, "history").iter().any(|row| row["damage"].is_string()), "{damaged:#}");
    outputs.run("state-list", 1, "state list", &[]);
    let failed = outputs.run("run", 1, "run", &["--stream", "order_hdr"]);
    assert!(list(&failed, "streams").iter().all(|stream| stream["error"]["message"].is_string()), "{failed:#}");
    project.wmshost("state reset", &["--stream", "order_hdr", "--yes"]).succeeded();
    list(&outputs.run("status", 1, "status", &[]), "streams");
    assert!(!list(&outputs.run("explain", 0, "explain", &[]), "findings").is_empty());
    outputs.run("explain", 0, "explain", &[run_id]);
    alerts(outputs);
    let folder = project.path("backup").to_string_lossy().into_owned();
    list(&outputs.run("backup", 0, "backup", &["--to", &folder]), "databases");
    outputs.run("restore", 0, "restore", &["--from", &folder, "--yes"]);
    outputs.hold("clean", project.plain(&["clean", "--dry-run", "--output", "json"]).succeeded().json());
}

/// A command keeps what it was sent, for its form.
fn alerts(outputs: &mut Checker<'_>) {
    let kept = outputs.project.path("alert.json");
    let file = outputs.project.pipeline();
    let before = fs::read_to_string(&file).expect("a pipeline");
    let channel = format!(
        "[alerts.channels.kept]\nkind = \"command\"\ncommand = [\"/usr/bin/tee\", {:?}]\n",
        kept.display().to_string()
    );
    fs::write(&file, format!("{before}{channel}")).expect("a pipeline");
    let sent = outputs.run("alerts-send", 0, "alerts send", &[]);
    assert!(sent.as_array().is_some_and(|sent| !sent.is_empty()), "{sent:#}");
    list(&outputs.run("alerts-list", 0, "alerts list", &[]), "messages");
    let message = fs::read_to_string(kept).expect("an alert");
    list(&outputs.hold("alert", serde_json::from_str(&message).expect("JSON")), "findings");
    fs::write(file, before).expect("a pipeline");
}

fn quarantine(outputs: &mut Checker<'_>) {
    let rows = outputs.run("quarantine-list", 0, "quarantine list", &[]);
    let row = rows.as_array().and_then(|rows| rows.first()).expect("a rejected row");
    outputs.run("quarantine-show", 0, "quarantine show", &[row["id"].as_str().expect("an id")]);
    let stream = row["stream"].as_str().expect("a stream");
    let replayed = outputs.run("quarantine-replay", 1, "quarantine replay", &["--stream", stream]);
    list(&replayed, "kept");
}

fn differences(outputs: &mut Checker<'_>) {
    outputs.project.wmshost("run", &[]).succeeded();
    outputs
        .project
        .target()
        .execute_batch("DELETE FROM WMS_ALLOCATION WHERE allocation_id % 50 = 0")
        .expect("rows are gone");
    let verified = outputs.run("verify", 1, "verify", &["--stream", "allocation"]);
    list(&list(&verified, "streams")[0], "rows");
    let span = ["--stream", "allocation", "--from", "2026-01-01", "--to", "2026-01-10"];
    let filled = outputs.run("backfill", 0, "backfill", &span);
    list(&filled, "windows");
    let again = outputs.run("backfill", 0, "backfill", &span);
    assert!(list(&again, "windows").iter().all(|window| window["status"] == "already-done"), "{again:#}");
}

fn plugins(outputs: &mut Checker<'_>) {
    outputs.run("plugin-list", 0, "plugin list", &[]);
    outputs.run("plugin-grants", 0, "plugin grants", &[]);
    let file = plugin("wmshost-transform-allocation");
    let inspected = outputs.project.plain(&["plugin", "inspect", &file.to_string_lossy(), "--output", "json"]);
    list(&outputs.hold("plugin-inspect", inspected.succeeded().json()), "settings");
    let case = outputs.project.path("cases/one");
    fs::create_dir_all(&case).expect("a folder");
    fs::write(case.join("case.toml"), "key = [\"id\"]\n").expect("a case");
    fs::write(case.join("input.csv"), "id:int64!,name:utf8,amount:decimal(10,2)\n1,Ada,1.50\n2,,\n").expect("rows");
    let (component, cases) = (plugin("hostile_rogue_transform"), case.to_string_lossy().into_owned());
    let component = component.to_string_lossy();
    let tested = ["plugin", "test", &cases, "--component", &component, "--output", "json"];
    let tested = outputs.project.plain(&tested).ended(1).json();
    list(&outputs.hold("plugin-test", tested), "cases");
    let echo = plugin("hostile_echo");
    let (echo, cases_of) = (echo.to_string_lossy(), cases.as_str());
    let same = outputs.project.plain(&["plugin", "diff", &echo, &echo, cases_of]).succeeded();
    assert!(same.out().contains("they state the same; 0 of 1 cases differ"), "{}", same.out());
    let differs = ["plugin", "diff", &echo, &component, cases_of, "--output", "json"];
    let differs = outputs.hold("plugin-diff", outputs.project.plain(&differs).ended(1).json());
    let case = &list(&differs, "cases")[0];
    assert!(list(&case["rows"], "columns").iter().any(|text| text == "+ column flag:int64!"), "{case:#}");
    assert!(case["new_instructions_per_row"].as_u64() > case["old_instructions_per_row"].as_u64(), "{case:#}");
    assert!(list(&differs, "description").iter().any(|text| text == "version: 0.1.0 → 1.2.3"), "{differs:#}");
    let bench = ["plugin", "bench", &component, "--cases", &cases, "--rows", "1000", "--output", "json"];
    let bench = outputs.hold("plugin-bench", outputs.project.plain(&bench).succeeded().json());
    assert!(bench["with_ns_per_row"].as_f64() > bench["without_ns_per_row"].as_f64(), "{bench:#}");
    assert!(bench["border_percent"].as_f64().is_some_and(|share| share > 0.0 && share < 100.0), "{bench:#}");
    let checked = ["plugin", "check", &component, "--cases", &cases, "--only", "described-name", "--output", "json"];
    let checked = outputs.project.plain(&checked).succeeded().json();
    list(&outputs.hold("plugin-check", checked), "clauses");
}

fn recordings_and_bundles(outputs: &mut Checker<'_>) {
    let (run, echo) = ("20260101-000000-0123456789abcdef", plugin("hostile_echo"));
    let recorded = outputs.project.path(&format!("home/recordings/{run}/one"));
    fs::create_dir_all(&recorded).expect("a folder");
    for name in ["case.toml", "input.csv"] {
        fs::copy(outputs.project.path("cases/one").join(name), recorded.join(name)).expect("a copy");
    }
    let recording = serde_json::json!({
        "run_id": run, "stream": "one", "plugin": "echo", "name": "hostile-echo", "version": "0.1.0", "digest": "blake3:0",
        "component": echo, "batch": 1, "rows": 2, "failure": "it trapped",
    });
    fs::write(recorded.join("recording.json"), recording.to_string()).expect("written");
    let replayed = outputs.project.plain(&["plugin", "replay", run, "--output", "json"]).succeeded().json();
    let replayed = outputs.hold("plugin-replay", replayed);
    assert_eq!(replayed[0]["rows"], 2, "{replayed:#}");
    let echo = echo.display().to_string();
    let same = ["plugin", "diff", &echo, &echo, "--recording", run, "--output", "json"];
    let same = outputs.project.plain(&same).succeeded().json();
    assert_eq!(outputs.hold("plugin-diff", same)["cases"][0]["rows"]["rows"], 2);
    let [archive, folder] = ["all.tar", "installed"].map(|name| outputs.project.path(name).display().to_string());
    let bundle = outputs.run("plugin-bundle", 0, "plugin bundle", &["--to", &archive]);
    assert!(bundle["plugins"]["table"].is_object(), "{bundle:#}");
    let install = ["plugin", "install", &archive, "--to", &folder, "--output", "json"];
    let installed = outputs.project.plain(&install).succeeded().json();
    let installed = outputs.hold("plugin-install", installed);
    assert!(installed.as_array().is_some_and(|plugins| !plugins.is_empty()), "{installed:#}");
}

fn models(outputs: &mut Checker<'_>) {
    let built = outputs.run("run-results", 0, "models run", &["--select", "+kpi_daily"]);
    list(&built, "nodes");
    // Nothing failed, so that nothing is built again.
    let again = outputs.run("run-results", 0, "models retry", &[]);
    assert!(again["nodes"].as_array().is_some_and(Vec::is_empty), "{again:#}");
    let manifest = fs::read_to_string(outputs.project.path("home/models/wms/manifest.json")).expect("a manifest");
    let manifest = outputs.hold("manifest", serde_json::from_str(&manifest).expect("JSON"));
    list(&manifest, "nodes");
    let listed = outputs.run("models-list", 0, "models list", &[]);
    assert!(listed.as_array().is_some_and(|nodes| !nodes.is_empty()), "{listed:#}");
    let compiled = outputs.run("models-compile", 0, "models compile", &[]);
    assert!(compiled.as_array().is_some_and(|models| !models.is_empty()), "{compiled:#}");
    let planned = outputs.run("models-diff", 0, "models diff", &[]);
    assert!(planned.as_array().is_some_and(|models| !models.is_empty()), "{planned:#}");
    compared(outputs);
    outputs.run("models-show", 0, "models show", &["dim_items"]);
    let fresh = outputs.project.wmshost("models freshness", &["--output", "json"]);
    let fresh = outputs.hold("models-freshness", fresh.json());
    assert!(fresh.as_array().is_some_and(|ages| !ages.is_empty()), "{fresh:#}");
    let metrics = outputs.run("kpi", 0, "kpi", &[]);
    let is_drawn = |metric: &Json| metric["days"].as_array().is_some_and(|days| !days.is_empty());
    assert!(metrics.as_array().is_some_and(|metrics| metrics.iter().any(is_drawn)), "{metrics:#}");
}

/// A build is compared with a copy of it in which rows, cells and columns differ.
fn compared(outputs: &mut Checker<'_>) {
    let (copy, file) = (outputs.project.path("copy.db"), outputs.project.path("copy.toml"));
    let into = "VACUUM INTO ?1";
    outputs.project.target().execute(into, [copy.to_string_lossy()]).expect("a copy");
    let other = format!("extends = {:?}\n[connections.analytics]\npath = {copy:?}\n", outputs.project.pipeline());
    fs::write(&file, other).expect("a pipeline");
    rusqlite::Connection::open(copy)
        .and_then(|copy| {
            copy.execute_batch(
                "DELETE FROM KPI_DAILY WHERE allocation_date = (SELECT min(allocation_date) FROM KPI_DAILY);
                 UPDATE KPI_DAILY SET allocation_count = -1 WHERE allocation_date = (SELECT max(allocation_date) FROM KPI_DAILY);
                 ALTER TABLE KPI_DAILY ADD COLUMN more TEXT",
            )
        })
        .expect("a changed copy");
    let file = file.to_string_lossy();
    let compared = outputs.run("models-compare", 1, "models compare", &[&file, "--select", "kpi_daily"]);
    let found = &list(&compared, "models")[0]["found"];
    assert!(list(found, "rows").iter().any(|row| row["cells"][0].is_object()), "{compared:#}");
    list(found, "columns_only_second");
    let failed = outputs.run(
        "models-compare",
        1,
        "models compare",
        &[&file, "--select", "kpi_daily", "--table", "kpi_daily=gone"],
    );
    assert!(failed["models"][0]["error"].is_string(), "{failed:#}");
}

#[test]
fn a_run_that_compares_keys_has_the_form_of_its_schema() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, changed TIMESTAMP); INSERT INTO s VALUES (1, '2026-01-01')",
        "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"soft\"\nreconcile_every = \"0s\"",
    );
    let mut outputs = Checker { project: &project, checked: BTreeSet::new() };
    outputs.run("run", 0, "run", &[]);
    project.change("INSERT INTO s VALUES (2, '2026-01-02')");
    let run = outputs.run("run", 0, "run", &[]);
    let reconciled = &run["streams"][0]["reconciled"];
    assert!(reconciled["extra"] == 0 && reconciled["different"].is_null(), "{run:#}");
}

#[test]
fn the_mistakes_of_a_pipeline_have_the_form_of_the_schema() {
    let project = TestProject::with_stream("CREATE TABLE s (id INTEGER PRIMARY KEY)", "colour = 1");
    let mut outputs = Checker { project: &project, checked: BTreeSet::new() };
    let checked = outputs.run("check", 2, "check", &[]);
    assert_eq!((list(&checked, "mistakes").len(), &checked["ok"]), (1, &Json::Bool(false)));
    project.write_stream("table = \"nothing\"");
    let checked = outputs.run("check", 2, "check", &[]);
    list(&checked, "failures");
    let planned = outputs.run("plan", 2, "plan", &[]);
    assert!(list(&planned, "streams")[0]["failure"].is_string(), "{planned:#}");
}

#[test]
fn an_unknown_output_is_reported_with_the_way_to_the_list() {
    let project = TestProject::with_stream("CREATE TABLE s (id INTEGER PRIMARY KEY)", "");
    project.plain(&["schema", "nothing"]).ended(2).says(&["nothing", "wmshost schema"]);
    fs::remove_file(project.pipeline()).expect("no pipeline is needed");
    assert!(project.plain(&["schema"]).succeeded().out().contains("wmshost run --output json"));
}

/// The check itself: an output that lacks a key, has one too many or a value of another type is found.
#[test]
fn an_output_of_another_form_is_found() {
    let project = TestProject::with_stream("CREATE TABLE s (id INTEGER PRIMARY KEY); INSERT INTO s VALUES (1)", "");
    let schema = project.plain(&["schema", "run"]).succeeded().json();
    let run = project.run();
    assert!(mistakes(&schema, &run).is_empty());
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut run = run.clone();
        change(&mut run);
        mistakes(&schema, &run)
    };
    assert_eq!(
        changed(&|run| drop(run.as_object_mut().expect("an object").remove("run_id"))),
        ["$: run_id is missing"]
    );
    assert_eq!(changed(&|run| run["other"] = Json::from(1)), ["$: other is not documented"]);
    assert_eq!(
        changed(&|run| run["streams"][0]["bytes"] = Json::from("many")),
        ["$.streams[0].bytes: not of type integer"]
    );
    assert!(!changed(&|run| run["streams"][0]["error"] = Json::from(1)).is_empty());
}

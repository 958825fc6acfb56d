//! Standard plugins, which pipelines name without a path.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, plugin, root};

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO s VALUES (1, 'a'), (2, 'b');";

/// A project of one stream whose pipeline declares no plugin.
fn project() -> TestProject {
    TestProject::with_pipeline(TABLE, |project| {
        let (source, target) = (project.source_path(), project.target_path());
        format!(
            "name = \"lab\"\n[connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
             [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
             [streams.s]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\n"
        )
    })
}

/// A folder of the project with the extractor under its plain name.
fn folder_with_extractor(project: &TestProject, mode: u32) -> String {
    let folder = project.path("standard");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("wms-tables.wasm");
    fs::copy(plugin("wmshost-extractor-wms-tables"), &file).expect("a copy");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a file of its owner alone");
    fs::set_permissions(&folder, Permissions::from_mode(mode)).expect("a mode");
    folder.to_string_lossy().into_owned()
}

/// The file of a plugin in a list.
fn file_of<'j>(list: &'j Json, name: &str) -> &'j str {
    let found = list.as_array().expect("a list").iter().find(|plugin| plugin["plugin"] == name);
    found.and_then(|plugin| plugin["file"].as_str()).unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn a_pipeline_names_standard_plugins_without_a_path() {
    let project = project();
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
    let used = project.wmshost("plugin list", &["--output", "json"]).succeeded().json();
    assert_eq!(used.as_array().map(Vec::len), Some(2), "{used}");
    let all = project.plain(&["plugin", "list", "--output", "json"]).succeeded().json();
    for name in ["allocation", "items", "locations", "orders", "table", "wms-marts", "wms-tables"] {
        assert!(Path::new(file_of(&all, name)).is_file());
    }
    // No two of them have one name.
    let files = fs::read_dir(root().join("plugins/target/wasm32-wasip2/release")).expect("the built plugins");
    let names = files.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let built = names.filter(|name| name.starts_with("wmshost_") && name.ends_with(".wasm")).count();
    assert_eq!(all.as_array().map(Vec::len), Some(built), "{all}");
    let shown = project.plain(&["plugin", "inspect", "wms-tables"]).succeeded().out();
    assert!(shown.contains(file_of(&all, "wms-tables")), "{shown}");
}

#[test]
fn the_folders_of_the_environment_come_first_and_must_be_safe() {
    let mut project = project();
    let folder = folder_with_extractor(&project, 0o755);
    project.set("WMSHOST_PLUGINS", &folder);
    let used = project.wmshost("plugin list", &["--output", "json"]).succeeded().json();
    assert!(file_of(&used, "wms-tables").starts_with(&folder), "{used}");
    assert!(!file_of(&used, "table").starts_with(&folder), "a plugin that the folder lacks comes from the next one");
    folder_with_extractor(&project, 0o777);
    project.wmshost("check", &[]).ended(2).says(&["`wms-tables` is not used", &folder, "can be written by every user"]);
    project.wmshost("plugin list", &[]).ended(2).says(&["`wms-tables` is not used", "can be written by every user"]);
    project.set("WMSHOST_PLUGINS", "standard");
    project.wmshost("check", &[]).ended(2).says(&["WMSHOST_PLUGINS names standard", "not an absolute path"]);
}

#[test]
fn plugins_in_the_current_folder_are_not_used() {
    let project = project();
    let here = project.path("here");
    for folder in ["", "lib/wmshost/plugins", "plugins/target/wasm32-wasip2/release"] {
        let folder = here.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        for name in ["wms-tables.wasm", "wmshost_extractor_wms_tables.wasm"] {
            fs::write(folder.join(name), "no component").expect("a file");
        }
    }
    let mut command = Command::new(project.program());
    command
        .args(["run", &project.pipeline()])
        .current_dir(here)
        .envs(project.variables())
        .env_remove("WMSHOST_PLUGINS");
    let ended = command.output().expect("the program runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

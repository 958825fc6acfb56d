//! Objects of others with the names of the host's tables about models, and tables that are not there yet.

use crate::ModelsTestProject;

#[test]
fn nothing_begins_where_somebody_elses_object_has_the_name_of_a_table_about_models() {
    let place = ModelsTestProject::new("");
    for stranger in ["CREATE TABLE {} (pipeline TEXT, model TEXT)", "CREATE VIEW {} AS SELECT 1 AS pipeline"] {
        for name in ["WMSHOST_MODEL", "WMSHOST_TEST", "WMSHOST_TEST_FAILURES"] {
            std::fs::remove_file(place.path("target.db")).ok();
            place.target().execute_batch(&stranger.replace("{}", name)).expect("made");
            for command in [&["check", "p.toml"][..], &["run", "p.toml"], &["models", "run", "p.toml"]] {
                let said = place.ends(2, command);
                assert!(said.contains(&format!(" {name} was not made by wmshost (it ")), "{command:?}: {said}");
                let objects = "SELECT group_concat(name) FROM sqlite_schema";
                let objects: String = place.target().query_row(objects, [], |row| row.get(0)).expect("a name");
                assert_eq!(objects, name, "{command:?}");
            }
        }
    }
}

#[test]
fn tests_of_what_is_not_there_yet_say_what_makes_it() {
    let place = ModelsTestProject::new("after_load = false\n");
    let said = place.ends(1, &["models", "test", "p.toml"]);
    assert!(said.contains("was never loaded: `wmshost run` loads it") || said.contains("was not built"), "{said}");
    place.ends(0, &["run", "p.toml"]);
    let said = place.ends(1, &["models", "test", "p.toml"]);
    assert!(said.contains("there is no table STG_SMALL of stg_small; the model was not built"), "{said}");
    assert!(said.contains("`wmshost models build` builds it"), "{said}");
}

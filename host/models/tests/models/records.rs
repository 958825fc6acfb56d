//! The records of builds and tests, and the documents about them.

use schemars::schema_for;
use serde_json::Value;
use wmshost_flow::model::{Assertion, Materialization, Model, Snapshot, Strategy};
use wmshost_models::{Manifest, NodeHistory, Profile, RunResults, TestStatus};

use crate::warehouse::{HOUR, Warehouse, action, incremental, model, names, node, project, test, view};

fn models() -> Vec<Model> {
    let snapshot =
        Snapshot { key: names(&["item"]), check_columns: Vec::new(), updated_at: None, invalidate_deleted: true };
    let mut appended = incremental(
        Strategy::Append,
        None,
        model(
            "appended",
            &["stock"],
            &["id", "amount"],
            "SELECT id, amount FROM {stock} {when incremental} WHERE wms_loaded_at > {watermark} {end}",
        ),
    );
    appended.tests = vec![test("filled", Assertion::NotNull(names(&["amount"])))];
    let versions = model("versions", &["item"], &["item", "name"], "SELECT item, name FROM {item}");
    vec![
        appended,
        Model { materialization: Materialization::Snapshot(snapshot), ..versions },
        view("seen", &["stock"], &["id"], "SELECT id FROM {stock}"),
    ]
}

#[test]
fn records_of_an_earlier_form_lead_to_a_rebuild_that_keeps_versions() {
    let warehouse = Warehouse::new();
    let project = project(models());
    warehouse.build(&project);
    warehouse.later(HOUR);
    warehouse.item(1, "big box");
    warehouse.build(&project);
    let versions = "SELECT item, name FROM VERSIONS ORDER BY item, name";
    assert_eq!(warehouse.rows(versions), ["1 big box", "1 box", "2 crate"]);
    let old = r#"{"item":"2026-01-05 13:00:00.000001","{item}":"2 ","stock":"2026-01-05 12:00:00","{stock}":"3 "}"#;
    warehouse.run_sql(&format!("UPDATE WMSHOST_MODEL SET inputs = '{old}'"));
    warehouse.run_sql(r##"UPDATE WMSHOST_TEST SET seen = '{"#":"0123","stock":"2026-01-05 12:00:00"}'"##);

    let ended = warehouse.build(&project);
    assert!(!ended.has_failed(), "{ended:#?}");
    assert_eq!(action(&ended, "appended"), "full");
    assert_eq!(warehouse.rows("SELECT COUNT(*) FROM APPENDED"), ["3"]);
    assert_eq!(warehouse.rows(versions), ["1 big box", "1 box", "2 crate"]);
    assert_eq!(node(&ended, "appended").tests[0].status, TestStatus::Passed);

    let again = warehouse.build(&project);
    for name in ["appended", "versions", "seen"] {
        assert_eq!(action(&again, name), "unchanged", "{name}");
    }
    assert_eq!(node(&again, "appended").tests[0].status, TestStatus::Unchanged);
}

#[test]
fn a_view_that_became_a_table_stays_the_models_own() {
    let warehouse = Warehouse::new();
    let (columns, sql) = (&["id"], "SELECT id FROM {stock}");
    warehouse.build(&project(vec![view("mine", &["stock"], columns, sql)]));
    let table = project(vec![model("mine", &["stock"], columns, sql)]);
    assert_eq!(action(&warehouse.build(&table), "mine"), "full");
    warehouse.later(HOUR);
    warehouse.stock(4, 2, "B", 7);
    let ended = warehouse.build(&table);
    assert!(!ended.has_failed(), "{ended:#?}");
    assert_eq!(warehouse.rows("SELECT COUNT(*) FROM MINE"), ["4"]);
}

#[test]
fn documents_are_read_back_as_they_were_written() {
    let warehouse = Warehouse::new();
    let project = project(models());
    let manifest = project.manifest("wms", 0);
    let json = serde_json::to_value(&manifest).expect("JSON");
    assert_eq!(serde_json::from_value::<Manifest>(json.clone()).expect("a manifest"), manifest);
    let of = |name: &str| {
        let nodes = json["nodes"].as_array().expect("nodes");
        nodes.iter().find(|node| node["name"] == name).unwrap_or_else(|| panic!("no node {name}")).clone()
    };
    let (model, stream) = (of("appended"), of("stock"));
    assert_eq!((&model["kind"], &model["materialized"]), (&"model".into(), &"incremental append".into()));
    assert!(model["compiled_incremental"].is_string() && model["changes_sql"].is_null());
    assert!(model.get("changes_sql").is_some(), "a field without a value is null, not absent");
    assert_eq!((&stream["kind"], stream.get("compiled")), (&"stream".into(), None));

    let results = warehouse.build(&project).results("wms");
    let json = serde_json::to_value(&results).expect("JSON");
    assert_eq!(serde_json::from_value::<RunResults>(json.clone()).expect("results"), results);
    assert_eq!((&json["status"], &json["nodes"][0]["result"]), (&"succeeded".into(), &"success".into()));
}

/// The names of the properties in a schema that have no description of their own, with their paths.
fn undocumented(schema: &Value, path: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["description"].as_str().is_none_or(str::is_empty) {
            missing.push(format!("{path}.{name}"));
        }
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        missing.extend(undocumented(definition, &format!("{path}.{name}")));
    }
    missing
}

#[test]
fn documents_have_a_schema_that_names_and_describes_every_field() {
    let project = project(models());
    let manifest = serde_json::to_value(project.manifest("wms", 0)).expect("JSON");
    let results = serde_json::to_value(Warehouse::new().build(&project).results("wms")).expect("JSON");
    for (schema, document, node) in [
        (schema_for!(Manifest).to_value(), manifest, "ManifestNode"),
        (schema_for!(RunResults).to_value(), results, "NodeOutcome"),
        (schema_for!(NodeHistory).to_value(), Value::Null, ""),
        (schema_for!(Profile).to_value(), Value::Null, ""),
    ] {
        assert_eq!(undocumented(&schema, ""), Vec::<String>::new());
        let nodes = document["nodes"].as_array().into_iter().flatten();
        let described = nodes.map(|of| (of, &schema["$defs"][node])).chain([(&document, &schema)]);
        for (value, schema) in described {
            for name in value.as_object().into_iter().flat_map(|value| value.keys()) {
                assert!(schema["properties"].get(name).is_some(), "{node}: the schema has no {name}");
            }
        }
    }
}

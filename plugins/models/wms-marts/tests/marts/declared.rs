//! The declaration itself: it is complete, its unit tests pass, and its assertions about models hold over any
//! warehouse.

use std::collections::HashSet;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use wmshost_plugin::Sql;
use wmshost_plugin::contract::modelling::{Assertion, Declaration, Materialization, Model, Severity, Test, UnitTest};
use wmshost_plugin::contract::types::Value;

use crate::any::any_warehouse;
use crate::build::{Moment, build_all, cloud_settings, declared, execute, render, select, stored, streams};
use crate::cell::{Cell, Row};
use crate::moment::DAY;
use crate::properties::cases;
use crate::tables::database_of;
use crate::warehouse::{TODAY, Terms};

const EVERYTHING: Terms = Terms { today: TODAY, zoned: true, soft_deletes: true, receipts: true };

/// The declarations for SQLite and for Oracle, of both kinds of source.
fn both_dialects() -> [[Declaration; 2]; 2] {
    [EVERYTHING.settings(), cloud_settings()]
        .map(|settings| [Sql::sqlite(), Sql::oracle()].map(|sql| declared(&settings, sql)))
}

#[test]
fn the_models_of_a_warehouse_are_there() {
    let declaration = declared(&[], Sql::sqlite());
    let names: HashSet<_> = declaration.models.iter().map(|model| model.name.as_str()).collect();
    for name in [
        "stg_wms_allocation",
        "stg_wms_orders",
        "stg_wms_items",
        "stg_wms_locations",
        "int_allocation_performance",
        "dim_items",
        "fact_allocation_performance",
        "fact_inventory_movement",
        "kpi_daily",
    ] {
        assert!(names.contains(name), "{name}");
    }
    assert!(!declaration.metrics.is_empty() && !declaration.exposures.is_empty());
}

#[test]
fn every_model_is_described_tested_and_proven() {
    for model in both_dialects().iter().flatten().flat_map(|declaration| &declaration.models) {
        let name = &model.name;
        assert!(!model.summary.is_empty() && !model.tags.is_empty() && model.owner.is_some(), "{name}");
        assert!(model.columns.iter().all(|column| !column.summary.is_empty()), "{name}");
        assert!(!model.unit_tests.is_empty(), "{name} has a unit test");
        // A view over tables that are tested row by row may have no tests of its own.
        let is_tested = !model.tests.is_empty() || matches!(model.materialization, Materialization::View);
        assert!(is_tested || matches!(model.materialization, Materialization::Ephemeral), "{name} is tested");
        let names: HashSet<_> = model.tests.iter().map(|test| &test.name).collect();
        assert_eq!(names.len(), model.tests.len(), "{name}: tests have names of their own");
        if !model.tests.is_empty() {
            let is = |wanted: fn(&Assertion) -> bool| model.tests.iter().any(|test| wanted(&test.assertion));
            assert!(is(|assertion| matches!(assertion, Assertion::Unique(_))), "{name} has a key");
            assert!(is(|assertion| matches!(assertion, Assertion::NotNull(_))), "{name}");
        }
    }
}

#[test]
fn every_source_is_described_tested_and_has_to_be_fresh() {
    let declaration = declared(&[], Sql::sqlite());
    let tests: usize = declaration.sources.iter().map(|source| source.tests.len()).sum();
    assert!(tests >= 45, "{tests}");
    let fresh = |name: &str| {
        let source = declaration.sources.iter().find(|source| source.name == name).expect("a source");
        let freshness = source.freshness.clone().expect("a freshness");
        (freshness.warn_after.expect("a warning") / 3_600, freshness.error_after.expect("an error") / 3_600)
    };
    let found = ["allocation", "order_hdr", "order_dtl", "item_master", "location"].map(fresh);
    assert_eq!(found, [(2, 4), (24, 48), (24, 48), (168, 336), (168, 336)]);
}

#[test]
fn both_dialects_declare_the_same() {
    for [sqlite, oracle] in both_dialects() {
        assert_eq!(sqlite.models.len(), oracle.models.len());
        for (sqlite, oracle) in sqlite.models.iter().zip(&oracle.models) {
            assert_eq!((&sqlite.name, &sqlite.columns), (&oracle.name, &oracle.columns));
            assert_eq!((&sqlite.depends_on, &sqlite.storage), (&oracle.depends_on, &oracle.storage));
            assert_eq!(sqlite.tests.len(), oracle.tests.len(), "{}", sqlite.name);
        }
    }
}

#[test]
fn both_kinds_of_source_have_the_same_models_after_their_own() {
    let [tables, cloud] = both_dialects().map(|[sqlite, _]| sqlite.models);
    let named = |models: &[Model]| -> Vec<(String, Vec<String>)> {
        let shared =
            models.iter().filter(|model| !model.name.starts_with("stg_cloud_") && model.name != "stg_wms_receipts");
        let columns = |model: &Model| model.columns.iter().map(|column| column.name.clone()).collect();
        shared.map(|model| (model.name.clone(), columns(model))).collect()
    };
    assert_eq!(named(&tables), named(&cloud));
    assert_eq!(cloud.iter().filter(|model| model.name.starts_with("stg_cloud_")).count(), 5);
}

#[test]
fn all_unit_tests_pass() {
    for settings in [Vec::new(), EVERYTHING.settings(), cloud_settings()] {
        let declaration = declared(&settings, Sql::sqlite());
        for model in &declaration.models {
            for test in &model.unit_tests {
                assert_proven(&declaration, model, test);
            }
        }
    }
}

fn assert_proven(declaration: &Declaration, model: &Model, test: &UnitTest) {
    let database = Connection::open_in_memory().expect("a database");
    let mut relations = streams();
    let own = ("this".to_owned(), model.name.clone());
    let reads = model.depends_on.iter().map(|name| (name.clone(), name.clone()));
    for (name, declared) in reads.chain([own]) {
        let table = format!("FIXTURE_{}", name.to_uppercase());
        let given = |name: &str| test.given.iter().find(|given| given.name == name);
        fixture(&database, declaration, &declared, &table, given(&name));
        fixture(&database, declaration, &declared, &format!("WAS_{table}"), given(&format!("before:{name}")));
        relations.insert(name, table);
    }
    let noon = 20_468 * DAY + DAY / 2;
    let moment = Moment { now: test.now.unwrap_or(noon), watermark: test.watermark };
    let incremental = test.watermark.is_some();
    if let (Materialization::Incremental(increment), true) = (&model.materialization, incremental) {
        let changes = render(increment.changes.as_deref().expect("changes"), &relations, &moment, true);
        execute(&database, &format!("CREATE TEMP TABLE changes AS {changes}"));
    }
    let columns = test.expected.columns.join(", ");
    let statement = render(&model.statement, &relations, &moment, incremental);
    let found = select(&database, &format!("SELECT {columns} FROM ({statement})"));
    let expected = test.expected.rows.iter().map(|row| {
        let cells = row.iter().map(|value| Cell::from(stored(value)));
        test.expected.columns.iter().cloned().zip(cells).collect::<Row>()
    });
    let key: Vec<&str> = test.expected.columns.iter().map(String::as_str).collect();
    crate::cell::assert_same(&format!("{}, {}", model.name, test.name), &key, found, expected.collect());
}

/// The table of a dependency, with the declared columns and the host's own.
fn fixture(
    database: &Connection,
    declaration: &Declaration,
    name: &str,
    table: &str,
    given: Option<&wmshost_plugin::contract::modelling::Fixture>,
) {
    let model = declaration.models.iter().find(|model| model.name == name).map(|model| &model.columns);
    let source = declaration.sources.iter().find(|source| source.name == name).map(|source| &source.columns);
    let columns = model.or(source).unwrap_or_else(|| panic!("{name} is not declared"));
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    // Before images existed at the last build, and were replaced since.
    for own in ["wms_run_id", "wms_loaded_at DEFAULT ''", "wms_replaced_at DEFAULT '9999-12-31'"] {
        if !names.iter().any(|name| own.starts_with(name)) {
            names.push(own);
        }
    }
    execute(database, &format!("CREATE TABLE {table} ({})", names.join(", ")));
    let Some(given) = given else { return };
    let places = vec!["?"; given.rows.columns.len()].join(", ");
    let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", given.rows.columns.join(", "));
    for row in &given.rows.rows {
        let values = row.iter().map(stored).collect::<Vec<Stored>>();
        database.execute(&insert, rusqlite::params_from_iter(values)).expect("a row");
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Dirty data of any kind may make a source's test fail, never a model's.
    #[test]
    fn what_models_assert_holds_over_any_warehouse(warehouse in any_warehouse()) {
        let declaration = declared(&warehouse.terms.settings(), Sql::sqlite());
        let database = database_of(&warehouse);
        let moment = Moment { now: TODAY * DAY + DAY / 2, watermark: None };
        build_all(&database, &declaration, &moment);
        for model in &declaration.models {
            for test in model.tests.iter().filter(|test| test.severity == Severity::Error) {
                assert_holds(&database, &declaration, model, test, &moment);
            }
        }
    }
}

fn assert_holds(database: &Connection, declaration: &Declaration, model: &Model, test: &Test, moment: &Moment) {
    let table = model.name.to_uppercase();
    let only = test.only_where.as_deref().unwrap_or("1 = 1");
    let text = |value: &Value| match stored(value) {
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => number.to_string(),
        Stored::Text(text) => format!("'{text}'"),
        other => panic!("no test has {other:?}"),
    };
    let wrong = match &test.assertion {
        Assertion::NotNull(columns) => {
            columns.iter().map(|column| format!("{column} IS NULL")).collect::<Vec<_>>().join(" OR ")
        }
        Assertion::Unique(columns) => {
            let (columns, filled) = (columns.join(", "), columns.join(" IS NOT NULL AND "));
            format!(
                "({columns}) IN (SELECT {columns} FROM {table} WHERE {filled} IS NOT NULL GROUP BY {columns} HAVING COUNT(*) > 1)"
            )
        }
        Assertion::AcceptedValues(allowed) => {
            let values = allowed.values.iter().map(text).collect::<Vec<_>>().join(", ");
            format!("{} NOT IN ({values})", allowed.column)
        }
        Assertion::Range(range) => {
            let least = range.least.as_ref().map(|least| format!("{} < {}", range.column, text(least)));
            let most = range.most.as_ref().map(|most| format!("{} > {}", range.column, text(most)));
            least.into_iter().chain(most).collect::<Vec<_>>().join(" OR ")
        }
        Assertion::Expression(condition) => format!("({condition}) IS NOT TRUE"),
        Assertion::Custom(rows) => {
            let mut relations = streams();
            let tables = declaration.models.iter().map(|model| (model.name.clone(), model.name.to_uppercase()));
            relations.extend(tables.chain([("this".to_owned(), table.clone())]));
            format!("EXISTS ({})", render(rows, &relations, moment, false))
        }
        Assertion::Relationship(reference) => {
            let (column, to) = (&reference.column, reference.to.to_uppercase());
            format!("{column} IS NOT NULL AND {column} NOT IN (SELECT {} FROM {to})", reference.to_column)
        }
        other => panic!("no model is tested by {other:?}"),
    };
    let rows = select(database, &format!("SELECT * FROM {table} WHERE ({only}) AND ({wrong})"));
    assert!(rows.is_empty(), "{}, {}: {rows:?}", model.name, test.name);
}

//! Over random warehouses, the rows of the models are those that plain Rust computes from the same rows: built in full,
//! and built incrementally after changes.

use proptest::prelude::*;
use rusqlite::Connection;
use wmshost_plugin::Sql;
use wmshost_plugin::contract::modelling::{Declaration, Materialization};

use crate::any::{any_loaded_warehouse, any_warehouse};
use crate::build::{Moment, build_all, declared, execute, rows_of};
use crate::cell::assert_same;
use crate::expected;
use crate::moment::DAY;
use crate::tables::{database_of, load};
use crate::warehouse::{TODAY, Terms, Warehouse};

/// The number of random warehouses; the environment variable raises it.
pub(crate) fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(128);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Noon of a day.
fn noon(day: i64) -> i64 {
    day * DAY + DAY / 2
}

fn assert_as_expected(what: &str, database: &Connection, declaration: &Declaration, warehouse: &Warehouse) {
    let kept = |materialization: &Materialization| !matches!(materialization, Materialization::Ephemeral);
    for model in declaration.models.iter().filter(|model| kept(&model.materialization)) {
        let (key, expected) = expected::rows(&model.name, warehouse);
        assert_same(&format!("{what}, {}", model.name), key, rows_of(database, model), expected);
    }
}

fn assert_full_build(warehouse: &Warehouse) {
    let declaration = declared(&warehouse.terms.settings(), Sql::sqlite());
    let database = database_of(warehouse);
    build_all(&database, &declaration, &Moment { now: noon(TODAY), watermark: None });
    assert_as_expected("full build", &database, &declaration, warehouse);
}

#[test]
fn an_empty_warehouse_makes_empty_models() {
    for receipts in [false, true] {
        assert_full_build(&Warehouse { terms: Terms { receipts, ..Terms::default() }, ..Warehouse::default() });
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_full_build_gives_what_plain_rust_computes(warehouse in any_warehouse()) {
        assert_full_build(&warehouse);
    }

    /// Rows are added, changed, marked as deleted or deleted, days pass; sometimes nothing happens.
    #[test]
    fn an_incremental_build_gives_the_same_as_a_full_one(
        warehouse in any_loaded_warehouse(),
        later in any_loaded_warehouse(),
        days in 0..3_i64,
        gone in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let declaration = declared(&warehouse.terms.settings(), Sql::sqlite());
        let database = database_of(&warehouse);
        build_all(&database, &declaration, &Moment { now: noon(TODAY), watermark: None });

        let again = Moment { now: noon(TODAY) + 1, watermark: Some(noon(TODAY)) };
        build_all(&database, &declaration, &again);
        assert_as_expected("nothing happened", &database, &declaration, &warehouse);

        let mut changed = warehouse.changed_by(later, noon(TODAY) + 2);
        let mut gone = gone.into_iter();
        changed.allocations.retain(|_| !gone.next().unwrap_or(false));
        changed.terms.today += days;
        load(&database, &changed);
        build_all(&database, &declaration, &Moment { now: noon(TODAY + days) + DAY / 4, watermark: Some(again.now) });
        assert_as_expected("after changes", &database, &declaration, &changed);
    }
}

/// An incremental build touches only what changed.
#[test]
fn a_window_without_changes_is_not_built_again() {
    let allocation = |id: i64, day: i64, loaded: i64| crate::warehouse::Allocation {
        id,
        item: Some(id),
        location: Some(id),
        created: Some(noon(day)),
        updated: Some(noon(day)),
        mark: crate::warehouse::Mark { loaded, deleted: false },
        ..Default::default()
    };
    let mut warehouse =
        Warehouse { allocations: vec![allocation(1, TODAY - 1, 0), allocation(2, TODAY, 0)], ..Warehouse::default() };
    let declaration = declared(&[], Sql::sqlite());
    let database = database_of(&warehouse);
    build_all(&database, &declaration, &Moment { now: noon(TODAY), watermark: None });
    warehouse.allocations.push(allocation(3, TODAY, noon(TODAY) + 1));
    load(&database, &warehouse);
    execute(
        &database,
        "UPDATE FACT_ALLOCATION_PERFORMANCE SET wms_run_id = 'first'; UPDATE INT_INVENTORY_MOVEMENTS SET wms_run_id = 'first'",
    );
    build_all(&database, &declaration, &Moment { now: noon(TODAY) + 2, watermark: Some(noon(TODAY)) });
    let untouched = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).expect("a row");
    let facts = "SELECT group_concat(item_id) FROM (SELECT item_id FROM FACT_ALLOCATION_PERFORMANCE WHERE wms_run_id = 'first' ORDER BY 1)";
    assert_eq!(untouched(facts), "1,2", "3 is of the same day as 2");
    let items = "SELECT group_concat(item_id) FROM (SELECT item_id FROM INT_INVENTORY_MOVEMENTS WHERE wms_run_id = 'first' ORDER BY 1)";
    assert_eq!(untouched(items), "1,2");
}

/// Old rows are no longer recent, even where nothing is loaded and no quantity changes.
#[test]
fn a_day_that_goes_by_counts() {
    let at = noon(TODAY - 90);
    let movement = crate::warehouse::Allocation { id: 1, item: Some(1), created: Some(at), ..Default::default() };
    let mut warehouse = Warehouse { allocations: vec![movement], ..Warehouse::default() };
    let declaration = declared(&[], Sql::sqlite());
    let database = database_of(&warehouse);
    build_all(&database, &declaration, &Moment { now: noon(TODAY), watermark: None });
    assert_as_expected("today", &database, &declaration, &warehouse);
    warehouse.terms.today += 1;
    build_all(&database, &declaration, &Moment { now: noon(TODAY + 1), watermark: Some(noon(TODAY)) });
    assert_as_expected("tomorrow", &database, &declaration, &warehouse);
}

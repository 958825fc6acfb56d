//! The cost of the host compared with the same SQL by hand, in the same engine. Not part of the usual tests, because a
//! busy machine proves nothing: `cargo test --release -p wmshost-models -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use wmshost_flow::model::{Assertion, Materialization, Model};
use wmshost_models::Project;

use crate::warehouse::{Warehouse, model, names, project, test, view};

/// Nine models in four layers, as a warehouse has them.
fn nine() -> Vec<Model> {
    let columns = ["id", "item", "place", "amount", "at", "changed", "status", "user"];
    let clean = "SELECT id, item, upper(trim(place)) AS place, amount, at, wms_loaded_at AS changed, \
                 CASE id % 4 WHEN 0 THEN 'ALLOCATED' WHEN 1 THEN 'RESERVED' WHEN 2 THEN 'PICKED' ELSE 'SHIPPED' END AS status, \
                 'user' || (id % 10) AS user FROM {stock} WHERE amount IS NOT NULL";
    let ranked = "SELECT id, item, place, amount, at, changed, status, user, \
                  row_number() OVER (PARTITION BY item ORDER BY id) AS number, \
                  sum(amount) OVER (PARTITION BY item ORDER BY id) AS total FROM {stg_stock}";
    let mut models = vec![
        view("stg_stock", &["stock"], &columns, clean),
        view("stg_item", &["item"], &["item", "name"], "SELECT item, name FROM {item}"),
        view("stg_place", &["stock"], &["place"], "SELECT DISTINCT place FROM {stock}"),
        model("ranked", &["stg_stock"], &[&columns[..], &["number", "total"]].concat(), ranked),
        model(
            "per_item",
            &["stg_stock"],
            &["item", "amount"],
            "SELECT item, SUM(amount) AS amount FROM {stg_stock} GROUP BY item",
        ),
        model(
            "per_place",
            &["stg_stock"],
            &["place", "amount"],
            "SELECT place, SUM(amount) AS amount FROM {stg_stock} GROUP BY place",
        ),
        model(
            "fact",
            &["ranked", "per_item"],
            &[&columns[..], &["share"]].concat(),
            "SELECT r.id, r.item, r.place, r.amount, r.at, r.changed, r.status, r.user, \
             100 * r.amount / max(p.amount, 1) AS share FROM {ranked} r JOIN {per_item} p ON p.item = r.item",
        ),
        model(
            "dim",
            &["per_item", "stg_item"],
            &["item", "name", "amount"],
            "SELECT p.item, i.name, p.amount FROM {per_item} p LEFT JOIN {stg_item} i ON i.item = p.item",
        ),
        model("kpi", &["fact"], &["place", "rows"], "SELECT place, COUNT(*) AS rows FROM {fact} GROUP BY place"),
    ];
    for model in &mut models {
        let first = model.columns[0].name.clone();
        model.tests =
            vec![test("filled", Assertion::NotNull(names(&[&first]))), test("once", Assertion::Unique(vec![first]))];
    }
    models[3].tests.pop();
    models
}

/// The same SQL as a person would run it: a table created from each SELECT, each in a transaction.
fn by_hand(warehouse: &Warehouse, models: &[Model], project: &Project) -> Duration {
    let tables: Vec<_> = models.iter().filter(|model| model.materialization == Materialization::Table).collect();
    let mut sql = warehouse.target.sql().expect("a session");
    let begin = Instant::now();
    for model in &tables {
        let select = project.compiled(&model.name, 0).expect("a model").full;
        sql.begin().expect("begun");
        for statement in [
            format!("DROP TABLE IF EXISTS HAND_{}", model.name),
            format!("CREATE TABLE HAND_{} AS {select}", model.name),
        ] {
            sql.execute(&statement, &[]).expect("made by hand");
        }
        sql.commit().expect("committed");
    }
    begin.elapsed()
}

#[test]
#[ignore = "a figure, not a proof"]
fn speed_of_nine_models_over_hardly_any_rows() {
    let warehouse = Warehouse::new();
    let models = project(nine());
    warehouse.build(&models);
    let times: Vec<Duration> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            warehouse.examine(&models).expect("sound");
            let report = warehouse.run(&models, |options| options.force = true);
            assert!(!report.has_failed(), "{report:#?}");
            begin.elapsed()
        })
        .collect();
    let best = times.iter().min().expect("a time");
    println!("nine models, three rows, checked, built and tested: {best:?}");
    assert!(*best < Duration::from_millis(300));
}

#[test]
#[ignore = "a figure, not a proof"]
fn speed_of_a_million_rows_beside_the_same_sql_by_hand() {
    let warehouse = Warehouse::new();
    warehouse.run_sql(
        "INSERT INTO WMS_STOCK WITH RECURSIVE n(id) AS (SELECT 10 UNION ALL SELECT id + 1 FROM n WHERE id < 1000009) \
         SELECT id, id * 7919 % 20000, 'P' || (id * 31 % 500), id * 17 % 1000, '2026-01-05 12:00:00.000000', 'load', \
         '2026-01-05 12:00:00.000000' FROM n",
    );
    let declared = nine();
    let models = project(declared.clone());
    warehouse.build(&models);
    let (mut host, mut hand) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        hand = hand.min(by_hand(&warehouse, &declared, &models));
        let begin = Instant::now();
        let report = warehouse.run(&models, |options| {
            options.force = true;
            options.test = false;
        });
        assert!(!report.has_failed(), "{report:#?}");
        host = host.min(begin.elapsed());
    }
    let ratio = host.as_secs_f64() / hand.as_secs_f64();
    println!("nine models, 1,000,000 rows: host {host:?}, by hand {hand:?}, {ratio:.2} times");
    assert!(ratio < 1.2);
}

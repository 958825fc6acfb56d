//! Whatever happens to the rows, tests that read new rows alone have the result of tests that read all rows.

use std::collections::BTreeMap;

use wmshost_flow::model::{Assertion, Materialization, Severity, Snapshot, Strategy, Test, Threshold};
use wmshost_flow::{Clock as _, Value};
use wmshost_models::{Project, Report, TestResult, TestStatus};

use crate::warehouse::{HOUR, Warehouse, incremental, model, names, setup, source, test, view};

/// A pseudo-random generator with the same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// The number of times that each case of interest occurred.
#[derive(Debug, Default)]
struct Seen {
    unchanged: u32,
    bounded: u32,
    loose: u32,
    warned: u32,
    failed: u32,
}

fn threshold(chance: &mut Chance) -> Threshold {
    match chance.below(4) {
        0 => Threshold::Rows(0),
        1 => Threshold::Rows(chance.below(6)),
        _ => Threshold::Percent(chance.below(70) as f64),
    }
}

/// Every assertion that new rows may decide, and some that they may not, with random thresholds.
fn tests(to: Option<&str>, chance: &mut Chance) -> Vec<Test> {
    let range = Assertion::Range { column: "amount".into(), least: Some(Value::Int64(1)), most: None };
    let places = ["A", "B"].map(|place| Value::Text(place.to_owned())).to_vec();
    let mut assertions = vec![
        ("filled", Assertion::NotNull(names(&["place"]))),
        ("all_filled", Assertion::NotNull(names(&["place", "item"]))),
        ("positive", range),
        ("places", Assertion::AcceptedValues { column: "place".into(), values: places }),
        ("not_three", Assertion::Expression("amount <> 3".into())),
        ("one_amount", Assertion::Unique(names(&["amount"]))),
        ("one_per_place", Assertion::Unique(names(&["item", "place"]))),
        ("as_the_mean", Assertion::Expression("amount >= (SELECT AVG(amount) FROM {this})".into())),
    ];
    if let Some(to) = to {
        let there = Assertion::Relationship { column: "item".into(), to: to.into(), to_column: "item".into() };
        assertions.push(("known", there.clone()));
        assertions.push(("known_again", there));
    }
    let mut one = |(name, assertion): (&str, Assertion)| Test {
        severity: if chance.one_in(6) { Severity::Error } else { Severity::Warn },
        only_where: chance.one_in(4).then(|| "amount > 30".to_owned()),
        warn_if: threshold(chance),
        error_if: threshold(chance),
        ..test(name, assertion)
    };
    assertions.into_iter().map(&mut one).collect()
}

/// Two streams and models of them: rows by window, versions, a table that is built in full each time, a view.
fn declared(chance: &mut Chance) -> Project {
    let columns = ["id", "item", "place", "amount"];
    let all = "SELECT id, item, place, amount FROM {stock}";
    let heads = "SELECT item, name FROM {item} {when incremental} WHERE item IN (SELECT item FROM {changes}) {end}";
    let heads_changed = "SELECT item FROM {item} WHERE wms_loaded_at > {watermark} \
                         UNION SELECT item FROM {this} WHERE item NOT IN (SELECT item FROM {item})";
    let lines = "SELECT id, item, place, amount FROM {stock} WHERE item IS NOT NULL \
                 {when incremental} AND item IN (SELECT item FROM {changes}) {end}";
    let lines_changed = "SELECT item FROM {stock} WHERE wms_loaded_at > {watermark} AND item IS NOT NULL UNION \
                         SELECT l.item FROM {this} l WHERE NOT EXISTS \
                         (SELECT 1 FROM {stock} s WHERE s.id = l.id AND s.item = l.item)";
    let by_item = || Strategy::Replace(names(&["item"]));
    let mut lines = incremental(by_item(), Some(lines_changed), model("lines", &["stock"], &columns, lines));
    let mut versions = model("versions", &["stock"], &columns, all);
    let key = names(&["id"]);
    versions.materialization = Materialization::Snapshot(Snapshot {
        key,
        check_columns: Vec::new(),
        updated_at: None,
        invalidate_deleted: true,
    });
    let mut again = model("again", &["stock"], &columns, all);
    let mut seen = view("seen", &["stock"], &columns, all);
    for (model, to) in
        [(&mut lines, Some("heads")), (&mut versions, Some("item")), (&mut again, None), (&mut seen, Some("heads"))]
    {
        model.tests = tests(to, chance);
    }
    let heads = incremental(by_item(), Some(heads_changed), model("heads", &["item"], &["item", "name"], heads));
    let mut setup = setup(vec![lines, versions, again, seen, heads]);
    setup.plugins[0].1.sources = vec![source("stock", tests(Some("item"), chance))];
    Project::new(setup).expect("sound")
}

/// Rows are loaded, changed, made dirty and deleted; the rows that they refer to appear and disappear. Each load has a
/// load time of its own, except for some rows of a commit that has the time of the last one.
fn happen(warehouse: &Warehouse, chance: &mut Chance) {
    warehouse.later(HOUR);
    if chance.one_in(3) {
        if chance.one_in(2) {
            warehouse.run_sql(&format!("DELETE FROM WMS_ITEM WHERE item = {}", chance.below(5)));
        }
        warehouse.item(chance.below(5) as i64, chance.of(&["box", "crate", "sack"]));
    }
    if chance.one_in(4) {
        return;
    }
    let last = warehouse.rows("SELECT coalesce(max(wms_loaded_at), '2026-01-05 12:00:00.000000') FROM WMS_STOCK");
    if chance.one_in(3) {
        warehouse.run_sql(&format!("DELETE FROM WMS_STOCK WHERE id % 7 = {}", chance.below(7)));
    }
    let now = Value::Timestamp(warehouse.clock.now()).to_string();
    for moment in [&last[0], &now] {
        let few = if chance.one_in(5) { 20 } else { 4 };
        for _ in 0..=chance.below(few) {
            let id = 1 + chance.below(40);
            let item = chance.of(&["NULL", "1", "1", "2", "2", "3", "4"]);
            let place = chance.of(&["NULL", "'A'", "'A'", "'B'", "'B'", "'B'", "'C'"]);
            let amount = if chance.one_in(9) { "NULL".to_owned() } else { chance.below(60).to_string() };
            warehouse.run_sql(&format!(
                "INSERT OR REPLACE INTO WMS_STOCK VALUES ({id}, {item}, {place}, {amount}, '{now}', 'load', '{moment}')"
            ));
        }
    }
}

fn by_test(report: &Report) -> BTreeMap<(String, String), TestResult> {
    let tests = report.nodes.iter().flat_map(|node| node.tests.iter().map(|test| (node.name.clone(), test)));
    tests.map(|(node, test)| ((node, test.name.clone()), test.clone())).collect()
}

/// Each test that was run, or skipped as unchanged, in a build has the result that it has when it reads all rows.
fn compare(warehouse: &Warehouse, models: &Project, change: &str, seen: &mut Seen, when: &str) {
    let built = by_test(&warehouse.run(models, |options| {
        options.full_refresh = change == "refresh";
        options.force = change == "force";
    }));
    let whole = by_test(&warehouse.run_as("whole", models, |options| options.build = false));
    for (key, test) in &built {
        let all = whole.get(key).unwrap_or_else(|| panic!("{when}: {key:?} was not looked at"));
        let status = if test.status == TestStatus::Unchanged { TestStatus::Passed } else { test.status };
        assert_eq!(status, all.status, "{when}: {key:?}: {test:?}, of all {all:?}");
        match test.status {
            TestStatus::Unchanged => seen.unchanged += 1,
            _ if test.at_most => {
                assert!(test.failing >= all.failing, "{when}: {key:?}: {test:?}, of all {all:?}");
                assert_eq!(test.message, format!("at most {} rows fail", test.failing));
                seen.bounded += 1;
                seen.loose += u32::from(test.failing > all.failing);
            }
            status => {
                assert_eq!(test.failing, all.failing, "{when}: {key:?}: {test:?}");
                let kept = format!(
                    "SELECT count(*) FROM WMSHOST_TEST_FAILURES WHERE pipeline = 'wms' AND node = '{}' AND test = '{}'",
                    key.0, key.1
                );
                assert_eq!(warehouse.rows(&kept), [test.failing.to_string()], "{when}: {key:?}: {test:?}");
                seen.warned += u32::from(status == TestStatus::Warned);
                seen.failed += u32::from(status == TestStatus::Failed);
            }
        }
    }
}

#[test]
fn new_rows_say_what_all_rows_say() {
    let mut seen = Seen::default();
    let histories = if std::env::var_os("WMSHOST_TEST_LONG").is_some() { 100 } else { 16 };
    for seed in 0..histories {
        let mut chance = Chance(seed);
        let warehouse = Warehouse::new();
        let mut models = declared(&mut chance);
        for step in 0..10 {
            let change = chance.of(&["", "", "", "", "", "", "", "", "", "refresh", "force", "thresholds"]);
            if change == "thresholds" {
                models = declared(&mut chance);
            }
            compare(&warehouse, &models, change, &mut seen, &format!("history {seed}, step {step} {change}"));
            happen(&warehouse, &mut chance);
        }
    }
    println!("{histories} histories: {seen:?}");
    let Seen { unchanged, bounded, loose, warned, failed } = seen;
    let least = unchanged.min(bounded).min(loose).min(warned).min(failed);
    assert!(least > 3 * histories as u32 / 2, "too little of what is tried: {seen:?}");
}

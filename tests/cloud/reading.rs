//! The target is equal to the mock's truth, or to the documented difference, under each quirk and under several at once,
//! while rows change as they are read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::types::Value;
use wmshost_tests::{CommandOutput, Numbers, TestProject, root};
use wmshost_wms_cloud_mock::Quirk::{self, *};
use wmshost_wms_cloud_mock::{CLIENT_ID, CLIENT_SECRET, Fate, Mock, Options, Quirks};

/// The entities that change.
const CHANGING: [&str; 6] = ["allocation", "order_hdr", "order_dtl", "inventory", "item", "location"];
/// Quirks under which a run fails with a clear error, as it should.
const FATAL: [Quirk; 4] = [LoginPage, Redirect, Forbidden, FacilityLost];
/// Random combinations of quirks, and those in `make test-long`.
const COMBINATIONS: u64 = 6;
const MANY_COMBINATIONS: u64 = 200;

/// A pipeline over a mock.
struct Cloud {
    mock: Mock,
    project: TestProject,
}

impl Cloud {
    fn new(seed: u64, quirks: Quirks) -> Self {
        let options = Options { seed, allocations: 300, quirks, fault_every: 9, hang_ms: 1_500, ..Options::default() };
        let mock = Mock::start(&options).expect("a mock");
        let shipped: PathBuf = root().join("pipelines/wms-cloud.toml");
        let pipeline = |_: &TestProject| {
            format!(
                "extends = {shipped:?}\n[stream_defaults]\non_bad_value = \"reject\"\nmax_rejected_percent = 50\n\
                 [models]\nafter_load = false\n[connections.cloud]\nresponse_timeout = \"1s\"\n"
            )
        };
        let mut project = TestProject::with_pipeline("", pipeline);
        let variables = [
            ("WMS_CLOUD_URL", mock.host_url()),
            ("WMS_CLOUD_ENVIRONMENT", "dev".to_owned()),
            ("WMS_CLOUD_TOKEN_URL", mock.token_url()),
            ("WMS_CLOUD_CLIENT_ID", CLIENT_ID.to_owned()),
            ("WMS_CLOUD_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("WMS_CLOUD_ALLOW_PRIVATE", "true".to_owned()),
            ("WMS_CLOUD_RATE", "1000".to_owned()),
            ("WMS_BATCH_SIZE", "60".to_owned()),
        ];
        variables.iter().for_each(|(name, value)| project.set(name, value));
        Self { mock, project }
    }

    fn run(&self) -> CommandOutput {
        self.project.wmshost("run", &["--output", "json"])
    }

    /// The differences between the target's rows of an entity and the true ones.
    fn differences(&self, entity: &str) -> Vec<String> {
        let target = self.project.target();
        let query = format!("SELECT * FROM CLOUD_{} WHERE wms_deleted_at IS NULL", entity.to_uppercase());
        let mut statement = target.prepare(&query).expect("the table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            let cell = |at: usize| Ok((names[at].clone(), row.get::<_, Value>(at)?));
            (0..names.len()).map(cell).collect::<rusqlite::Result<BTreeMap<_, _>>>()
        });
        let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for row in rows.expect("rows").map(|row| row.expect("a row")) {
            found.insert(text(&row["id"]).unwrap_or_default(), row);
        }
        let unseen = self.mock.unseen(entity);
        let mut differences = Vec::new();
        for row in self.mock.truth(entity).iter().filter(|row| !unseen.contains(&row.id)) {
            match (found.remove(&row.id.to_string()), row.fate) {
                (Some(_), Fate::Rejected) => differences.push(format!("{entity} {}: not rejected", row.id)),
                (None, Fate::Kept) => differences.push(format!("{entity} {}: missing", row.id)),
                (None, _) => {}
                (Some(cells), _) => {
                    for (name, wanted) in &row.values {
                        let Some(cell) = cells.get(*name) else { continue };
                        if !is_equal(cell, wanted.as_deref()) {
                            differences.push(format!("{entity} {}: {name} is {cell:?}, {wanted:?} in truth", row.id));
                        }
                    }
                }
            }
        }
        let surplus = found.keys().filter(|id| !id.parse().is_ok_and(|id: i64| unseen.contains(&id)));
        differences.extend(surplus.map(|id| format!("{entity} {id}: no such row")));
        differences
    }

    fn assert_equal(&self, when: &str) {
        let differences: Vec<String> = CHANGING.iter().flat_map(|entity| self.differences(entity)).collect();
        let first: Vec<&String> = differences.iter().take(5).collect();
        let quirks = self.mock.quirks();
        assert!(differences.is_empty(), "{quirks}, {when}: {} differences: {first:#?}", differences.len());
    }

    /// A first load while rows change, and a second run after a day.
    fn two_runs(&self) {
        self.mock.begin_changes(5, 15.0, 1);
        self.run().ended(0);
        self.mock.settle();
        self.mock.advance(86_400);
        self.mock.begin_changes(6, 5.0, 1);
        self.mock.settle();
        // Rows that the server dates into the future are past by then.
        self.mock.advance(4 * 3_600);
        self.mock.set_quirks(self.mock.quirks().without(Moving));
        self.run().ended(0);
        self.assert_equal("after the second run");
        assert_eq!(self.mock.strays(), [], "{}", self.mock.quirks());
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(value) => Some(value.to_string()),
        Value::Real(value) => Some(value.to_string()),
        Value::Text(value) => Some(value.clone()),
        Value::Blob(value) => Some(format!("{value:?}")),
    }
}

fn is_equal(cell: &Value, wanted: Option<&str>) -> bool {
    match (cell, wanted) {
        (Value::Real(value), Some(wanted)) => wanted.parse() == Ok(*value),
        // An instant.
        (Value::Text(value), Some(wanted)) if value.len() == 27 => value.trim_end_matches('Z') == wanted,
        // A decimal of a column that was widened: SQLite keeps wide ones as text with all digits of the scale.
        (Value::Text(value), Some(wanted)) if value.contains('.') && value.parse::<f64>().is_ok() => {
            value.trim_end_matches('0').trim_end_matches('.') == wanted
        }
        (value, wanted) => text(value).as_deref() == wanted,
    }
}

#[test]
fn the_target_is_equal_to_the_truth_without_quirks() {
    Cloud::new(1, Quirks::default()).two_runs();
}

#[test]
fn each_quirk_alone() {
    let only = std::env::var("WMSHOST_TEST_QUIRK").ok();
    let is_meant = |quirk: &Quirk| only.as_ref().is_none_or(|only| only.parse() == Ok(*quirk));
    let failed: Vec<String> = Quirk::all()
        .filter(is_meant)
        .filter(|quirk| !FATAL.contains(quirk))
        .filter_map(|quirk| {
            let run = || Cloud::new(2, [quirk].into_iter().collect()).two_runs();
            let panicked = std::panic::catch_unwind(run).err()?;
            let message = panicked.downcast_ref::<String>().cloned().unwrap_or_default();
            Some(format!("Q{}: {}", quirk.number(), message.chars().take(1_500).collect::<String>()))
        })
        .collect();
    assert!(failed.is_empty(), "{} quirks fail:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn random_combinations_of_quirks() {
    let is_long = std::env::var_os("WMSHOST_TEST_LONG").is_some();
    for seed in 0..if is_long { MANY_COMBINATIONS } else { COMBINATIONS } {
        let mut numbers = Numbers(seed);
        let all: Vec<Quirk> = Quirk::all().filter(|quirk| !FATAL.contains(quirk)).collect();
        let quirks = (0..4).map(|_| all[numbers.below(all.len() as u64) as usize]).collect();
        Cloud::new(seed, quirks).two_runs();
    }
}

#[test]
fn replies_that_are_no_data_end_a_run_and_leave_the_target_as_it_is() {
    for quirk in [LoginPage, Redirect, Forbidden] {
        let cloud = Cloud::new(3, Quirks::default());
        cloud.run().ended(0);
        cloud.mock.set_quirks([quirk].into_iter().collect());
        let failed = cloud.run();
        assert_ne!(failed.code(), Some(0), "{quirk:?}");
        cloud.assert_equal("after the failure");
        assert_eq!(cloud.mock.strays(), [], "{quirk:?}");
    }
}

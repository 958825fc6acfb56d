//! A pipeline over a mock, and the comparison of its target with the mock's truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rusqlite::types::Value;
use wmshost_tests::{CommandOutput, TestProject, root};
use wmshost_wms_cloud_mock::{CLIENT_ID, CLIENT_SECRET, Fate, Mock, Options, Quirk, Quirks};

/// The entities that change.
pub(crate) const CHANGING: [&str; 6] = ["allocation", "order_hdr", "order_dtl", "inventory", "item", "location"];

/// The size of a mock, its quirks, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) quirks: Quirks,
    pub(crate) allocations: u64,
    /// Every request of this number meets a fault.
    pub(crate) fault_every: u64,
    /// The rows of a page.
    pub(crate) page_rows: u64,
    /// More lines of the pipeline's `stream_defaults`.
    pub(crate) defaults: &'static str,
    /// More tables of the pipeline.
    pub(crate) tables: &'static str,
}

impl Setup {
    pub(crate) fn new(seed: u64, quirks: Quirks) -> Self {
        Self { seed, quirks, allocations: 300, fault_every: 9, page_rows: 60, defaults: "", tables: "" }
    }
}

/// A pipeline over a mock.
pub(crate) struct Cloud {
    pub(crate) mock: Mock,
    pub(crate) project: TestProject,
}

impl Cloud {
    pub(crate) fn new(setup: &Setup) -> Self {
        let &Setup { seed, quirks, allocations, fault_every, page_rows, defaults, tables } = setup;
        let options = Options { seed, allocations, quirks, fault_every, hang_ms: 1_500, ..Options::default() };
        let mock = Mock::start(&options).expect("a mock");
        let shipped: PathBuf = root().join("pipelines/wms-cloud.toml");
        let pipeline = |_: &TestProject| {
            format!(
                "extends = {shipped:?}\n[stream_defaults]\non_bad_value = \"reject\"\nmax_rejected_percent = 50\n\
                 {defaults}\n[models]\nafter_load = false\n[connections.cloud]\nresponse_timeout = \"1s\"\nlongest_pause = \"1s\"\n\
                 retry_budget = 100000\n{tables}"
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
            ("WMS_BATCH_SIZE", page_rows.to_string()),
        ];
        variables.iter().for_each(|(name, value)| project.set(name, value));
        Self { mock, project }
    }

    pub(crate) fn run(&self) -> CommandOutput {
        self.project.wmshost("run", &["--output", "json"])
    }

    /// Lets everything happen that is to happen, and what the server dates into the future be past.
    pub(crate) fn settle(&self) {
        self.mock.settle();
        self.mock.set_quirks(self.mock.quirks().without(Quirk::Moving));
        self.mock.advance(4 * 3_600);
    }

    /// The differences between the target's rows of an entity and the true ones, but for these ids.
    fn differences(&self, entity: &str, unseen: &BTreeSet<i64>) -> Vec<String> {
        let target = self.project.target();
        let query = format!("SELECT * FROM CLOUD_{} WHERE wms_deleted_at IS NULL", entity.to_uppercase());
        let mut statement = target.prepare(&query).expect("the table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            let cell = |at: usize| Ok((names[at].clone(), row.get::<_, Value>(at)?));
            (0..names.len()).map(cell).collect::<rusqlite::Result<BTreeMap<_, _>>>()
        });
        let mut differences = Vec::new();
        let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for row in rows.expect("rows").map(|row| row.expect("a row")) {
            let id = text(&row["id"]).unwrap_or_default();
            if found.insert(id.clone(), row).is_some() {
                differences.push(format!("{entity} {id}: twice"));
            }
        }
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

    /// Asserts that the target is equal to the truth, but for changes that only a comparison finds.
    pub(crate) fn assert_equal(&self, when: &str) {
        self.assert_equal_except(when, |entity| self.mock.unseen(entity));
    }

    /// Asserts that the target's rows of one entity are the true ones.
    pub(crate) fn assert_entity_equal(&self, entity: &str, when: &str) {
        let differences = self.differences(entity, &BTreeSet::new());
        assert!(differences.is_empty(), "{when}: {} differences: {:#?}", differences.len(), &differences[..1]);
    }

    /// Asserts that the target is equal to the truth.
    pub(crate) fn assert_all_equal(&self, when: &str) {
        self.assert_equal_except(when, |_| BTreeSet::new());
    }

    fn assert_equal_except(&self, when: &str, unseen: impl Fn(&str) -> BTreeSet<i64>) {
        let differences: Vec<String> =
            CHANGING.iter().flat_map(|entity| self.differences(entity, &unseen(entity))).collect();
        let first: Vec<&String> = differences.iter().take(5).collect();
        let quirks = self.mock.quirks();
        assert!(differences.is_empty(), "{quirks}, {when}: {} differences: {first:#?}", differences.len());
        assert_eq!(self.mock.strays(), [], "{quirks}, {when}");
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

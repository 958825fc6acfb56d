//! Whatever the history of the source, the faults and the sizes of batches: in the end the target equals the source.

use proptest::prelude::*;
use wmshost_tests::TestProject;

/// A change of the source between two runs.
#[derive(Debug, Clone)]
enum Change {
    /// Rows with one change key, this number of minutes after the last one.
    Ties { rows: u64, minutes: u64 },
    /// A row that commits late, this number of minutes before the last change key.
    Late { minutes: u64 },
    /// A row is updated, with a newer change key.
    Update { row: u64 },
    /// A row without a change key.
    WithoutKey,
    /// A row without a change key is changed.
    TouchWithoutKey,
    /// A row is deleted and inserted again as a newer one.
    Reinsert { row: u64 },
}

/// A run: its batches, and the point where it dies, if it does.
#[derive(Debug, Clone)]
struct Run {
    changes: Vec<Change>,
    extract_rows: u64,
    load_rows: u64,
    dies_at: Option<(usize, u64)>,
}

const POINTS: [&str; 8] = [
    "lease-taken",
    "table-prepared",
    "batch-gathered",
    "batch-loaded",
    "checkpoint-written",
    "batch-committed",
    "finished",
    "end-committed",
];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (1_u64..60, 0_u64..100).prop_map(|(rows, minutes)| Change::Ties { rows, minutes }),
        2 => (0_u64..119).prop_map(|minutes| Change::Late { minutes }),
        2 => (0_u64..1_000).prop_map(|row| Change::Update { row }),
        1 => Just(Change::WithoutKey),
        1 => Just(Change::TouchWithoutKey),
        1 => (0_u64..1_000).prop_map(|row| Change::Reinsert { row }),
    ]
}

fn run() -> impl Strategy<Value = Run> {
    let dies_at = prop::option::weighted(0.6, (0..POINTS.len(), 1_u64..4));
    (prop::collection::vec(change(), 0..6), 1_u64..40, 1_u64..80, dies_at)
        .prop_map(|(changes, extract_rows, load_rows, dies_at)| Run { changes, extract_rows, load_rows, dies_at })
}

/// The source's clock of a history: minutes after its beginning.
struct Source {
    minute: u64,
    next_id: u64,
}

impl Source {
    fn at(&self, minute: u64) -> String {
        format!("strftime('%Y-%m-%d %H:%M:%S', '2026-01-01', '+{minute} minutes') || '.000001'")
    }

    fn apply(&mut self, project: &TestProject, change: &Change) {
        let text = match change {
            Change::Ties { rows, minutes } => {
                self.minute += minutes;
                let (first, at) = (self.next_id, self.at(self.minute));
                self.next_id += rows;
                format!(
                    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {first} + {rows} - 1)
                     INSERT INTO s SELECT i, 'v' || i, {at} FROM n"
                )
            }
            Change::Late { minutes } => {
                self.next_id += 1;
                let at = self.at(self.minute.saturating_sub(*minutes));
                format!("INSERT INTO s VALUES ({}, 'late', {at})", self.next_id - 1)
            }
            Change::Update { row } => {
                self.minute += 1;
                let at = self.at(self.minute);
                format!(
                    "UPDATE s SET v = v || 'u', changed = {at} WHERE id = {} AND changed IS NOT NULL",
                    row % self.next_id
                )
            }
            Change::WithoutKey => {
                self.next_id += 1;
                format!("INSERT INTO s VALUES ({}, 'null', NULL)", self.next_id - 1)
            }
            Change::TouchWithoutKey => "UPDATE s SET v = v || 't' WHERE changed IS NULL".to_owned(),
            Change::Reinsert { row } => {
                self.minute += 1;
                let (id, at) = (row % self.next_id, self.at(self.minute));
                format!("DELETE FROM s WHERE id = {id}; INSERT INTO s VALUES ({id}, 'again', {at})")
            }
        };
        project.change(&text);
    }
}

const EQUAL: &str =
    "SELECT (SELECT count(*) FROM (SELECT id, v, changed FROM WMS_S EXCEPT SELECT id, v, changed FROM source.s))
    + (SELECT count(*) FROM (SELECT id, v, changed FROM source.s EXCEPT SELECT id, v, changed FROM WMS_S))
    + abs((SELECT count(*) FROM WMS_S) - (SELECT count(*) FROM source.s))";

fn cases() -> ProptestConfig {
    let cases = u32::try_from(crate::times(24)).unwrap_or(240);
    ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn every_history_ends_with_the_target_equal_to_the_source(runs in prop::collection::vec(run(), 1..5)) {
        let mut project = TestProject::with_stream(
            "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6)); CREATE INDEX s_changed ON s (changed, id);",
            "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"2h\"",
        );
        let mut source = Source { minute: 300, next_id: 1 };
        for run in &runs {
            for change in &run.changes {
                source.apply(&project, change);
            }
            project.set("WMS_BATCH_SIZE", &run.extract_rows.to_string());
            project.set("TARGET_BATCH_SIZE", &run.load_rows.to_string());
            let dies_at = run.dies_at.map(|(point, times)| format!("s:{}:{times}", POINTS[point]));
            project.set("WMSHOST_CRASH_AT", dies_at.as_deref().unwrap_or_default());
            let code = project.wmshost("run", &[]).code();
            prop_assert!(code == Some(0) || code.is_none() && dies_at.is_some(), "{code:?}");
        }
        project.set("WMSHOST_CRASH_AT", "");
        project.run();
        let target = project.target();
        target.execute("ATTACH ?1 AS source", [project.source_path().to_string_lossy()]).expect("the source");
        let different: i64 = target.query_row(EQUAL, [], |row| row.get(0)).expect("a number");
        prop_assert_eq!(different, 0);
    }
}

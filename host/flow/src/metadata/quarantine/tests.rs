//! Quarantine on a target in memory: a row is in it once, counts as new until a run has passed it, and leaves it when
//! the source has another version.

use super::{Quarantine, QuarantineFilter, RejectedIn};
use crate::failure::Stage;
use crate::metadata::row_key::digest_of_json;
use crate::rows::batch::{Cause, Rejected};
use crate::testing::{Bench, PIPELINE, STREAM};

const QUARANTINE: Quarantine<'static> = Quarantine { pipeline: PIPELINE };

/// Returns a row that a rule rejects; without an id it has no whole key.
fn row(id: Option<i64>, name: &str) -> Rejected {
    let id = id.map_or("null".to_owned(), |id| id.to_string());
    Rejected {
        cause: Cause::Rule,
        rule: "rule".to_owned(),
        reason: "a reason".to_owned(),
        value: Some("a value".to_owned()),
        stage: Stage::Transform,
        by: "plugin".to_owned(),
        digest: None,
        row: format!("{{\"id\":{id},\"name\":\"{name}\"}}"),
        place: None,
    }
}

fn key() -> Vec<String> {
    vec!["id".to_owned()]
}

/// Adds rows as a run at a minute; returns the number of those that are new.
fn add(bench: &Bench, run: u32, passes: bool, rows: &[Rejected]) -> u64 {
    let (run_id, at) = (format!("run-{run}"), format!("2026-01-01 00:{run:02}:00.000000"));
    let run = RejectedIn { stream: STREAM, run_id: &run_id, at: &at, passes };
    QUARANTINE.add(&mut bench.target.open(), run, rows, &key()).expect("an addition")
}

/// Returns the run of each row in quarantine and the row.
fn rows(bench: &Bench) -> Vec<(String, String)> {
    bench.quarantined().into_iter().map(|row| (row.run_id, row.row)).collect()
}

#[test]
fn a_row_is_new_until_a_run_has_passed_it_and_is_kept_once() {
    let bench = Bench::new();
    let one = [row(Some(1), "a"), row(Some(1), "a")];
    assert_eq!(add(&bench, 1, false, &one), 1, "twice in a batch");
    assert_eq!(add(&bench, 2, false, &one[..1]), 1, "the first run ended because of it");
    assert_eq!(add(&bench, 3, true, &one[..1]), 1);
    assert_eq!(add(&bench, 4, true, &one[..1]), 0);
    assert_eq!(add(&bench, 5, false, &one[..1]), 0, "passed once is passed");
    assert_eq!(add(&bench, 6, true, &one[..1]), 0);
    assert_eq!(rows(&bench), [("run-6".to_owned(), one[0].row.clone())]);
    let shown = &bench.quarantined()[0];
    assert_eq!((shown.reason.as_str(), shown.key.as_deref()), ("a reason: a value", Some("id=1")));
}

#[test]
fn another_version_of_a_row_replaces_the_one_of_an_earlier_run() {
    let bench = Bench::new();
    add(&bench, 1, true, &[row(Some(1), "a"), row(Some(2), "a"), row(None, "a")]);
    assert_eq!(add(&bench, 2, true, &[row(Some(1), "b")]), 1);
    let names: Vec<_> = rows(&bench).into_iter().map(|(_, row)| row).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(!names.contains(&row(Some(1), "a").row) && names.contains(&row(Some(1), "b").row), "{names:?}");
}

#[test]
fn more_rows_than_fit_one_query_and_one_page_are_all_found() {
    let bench = Bench::new();
    let many: Vec<_> = (0..612).map(|id| row((id > 0).then_some(id), "a")).collect();
    assert_eq!(add(&bench, 1, true, &many), 612);
    assert_eq!(add(&bench, 2, true, &many[..150]), 0);
    let mut sql = bench.target.open();
    let known = QUARANTINE.of_stream(&mut sql, STREAM).expect("the rows");
    assert_eq!((known.keys.len(), known.without_key.len()), (611, 1));
    let filter = QuarantineFilter { stream: STREAM.to_owned(), ..QuarantineFilter::default() };
    let (mut seen, mut last) = (0, None);
    loop {
        let page = QUARANTINE.page(&mut sql, &filter, last.as_ref(), 100, false).expect("a page");
        seen += page.len();
        let Some(end) = page.last().cloned() else { break };
        last = Some(end);
    }
    assert_eq!((seen, QUARANTINE.count(&mut sql, &filter)), (612, Ok(612)));
}

#[test]
fn a_row_that_is_loaded_leaves_unless_the_same_run_rejected_it() {
    let bench = Bench::new();
    add(&bench, 1, true, &[row(Some(1), "a"), row(Some(2), "a")]);
    add(&bench, 2, true, &[row(Some(2), "a")]);
    let digests = [1, 2].map(|id| digest_of_json(&row(Some(id), "a").row, &key()).expect("a key")).to_vec();
    let gone = QUARANTINE.forget(&mut bench.target.open(), STREAM, "run-2", digests).expect("a deletion");
    assert_eq!((gone, rows(&bench)), (1, vec![("run-2".to_owned(), row(Some(2), "a").row)]));
}

#[test]
fn a_row_without_a_whole_key_leaves_when_all_of_the_source_was_read_without_it() {
    let bench = Bench::new();
    let mut sql = bench.target.open();
    QUARANTINE.forget_unmet(&mut sql, STREAM, "run-1").expect("no quarantine yet");
    add(&bench, 1, true, &[row(None, "a"), row(None, "b"), row(Some(1), "a")]);
    add(&bench, 2, true, &[row(None, "b")]);
    QUARANTINE.forget_unmet(&mut sql, STREAM, "run-2").expect("a deletion");
    let left: Vec<_> = rows(&bench).into_iter().map(|(_, row)| row).collect();
    assert_eq!(left, [row(Some(1), "a").row, row(None, "b").row]);
}

#[test]
fn rows_of_an_interrupted_run_are_those_of_the_run_that_continues_it() {
    let bench = Bench::new();
    add(&bench, 1, true, &[row(None, "a")]);
    let mut sql = bench.target.open();
    QUARANTINE.adopt(&mut sql, STREAM, "run-1", "run-2").expect("an adoption");
    QUARANTINE.forget_unmet(&mut sql, STREAM, "run-2").expect("a deletion");
    assert_eq!(rows(&bench), [("run-2".to_owned(), row(None, "a").row)]);
}

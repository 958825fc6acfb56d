//! The reactions to a changed definition: the table in the module's documentation, row by row.

use crate::definition::reaction::reaction;
use crate::definition::{DefinitionChange, Impact, PluginUse, Reaction};
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::metadata::checkpoint::LoadMode;
use crate::ports::events::{StreamStatus, StreamSummary};
use crate::ports::extractor::{Method, NullKeys};
use crate::stream::Stream;
use crate::stream::policy::OnChange;
use crate::testing::{Bench, MemoryExtractor, TABLE, bookmark_at};

const POLICIES: [OnChange; 3] = [OnChange::Tell, OnChange::Reload, OnChange::Fail];

#[test]
fn every_impact_has_its_reaction_under_every_policy() {
    use Impact::{Identity, None as Nothing, Position, Rows, Selection, Target};
    use Reaction::{Fail, Reload, Replace, Tell};
    // The reactions under `tell`, `reload` and `fail`: of a load that merges, and of one that replaces the table anyway.
    let table = [
        (Identity, [Fail, Replace, Fail], [Tell, Tell, Fail]),
        (Position, [Reload, Reload, Fail], [Tell, Tell, Fail]),
        (Selection, [Reload, Reload, Fail], [Tell, Tell, Fail]),
        (Target, [Fail, Reload, Fail], [Tell, Tell, Fail]),
        (Rows, [Tell, Reload, Fail], [Tell, Tell, Fail]),
        (Nothing, [Tell, Tell, Tell], [Tell, Tell, Tell]),
    ];
    for (impact, merging, whole) in table {
        let reactions = |whole| POLICIES.map(|policy| Reaction::to(impact, policy, whole));
        assert_eq!((reactions(false), reactions(true)), (merging, whole), "{impact:?}");
    }
}

#[test]
fn the_strongest_reaction_counts() {
    use Reaction::{Fail, Reload, Replace, Tell};
    let changes = |reactions: &[Reaction]| -> Vec<DefinitionChange> {
        let one = |reaction: &Reaction| DefinitionChange {
            subject: "it".to_owned(),
            before: String::new(),
            after: String::new(),
            impact: Impact::Rows,
            reaction: *reaction,
            consequence: String::new(),
            new_column: None,
        };
        reactions.iter().map(one).collect()
    };
    let all = [Tell, Reload, Replace, Fail];
    assert_eq!(reaction(&changes(&[])), Tell);
    for strongest in 0..all.len() {
        for other in 0..=strongest {
            assert_eq!(reaction(&changes(&[all[other], all[strongest]])), all[strongest]);
            assert_eq!(reaction(&changes(&[all[strongest], all[other]])), all[strongest]);
        }
    }
}

/// A change of a stream's definition.
type Change = (&'static str, Impact, fn(&mut Stream));

/// The changes of a stream that the table names, and their impacts.
const CHANGES: [Change; 10] = [
    ("table", Impact::Identity, |stream| stream.definition.table = "other".to_owned()),
    ("key", Impact::Identity, |stream| {
        stream.request.key = vec!["changed".to_owned()];
        stream.definition.key = stream.request.key.clone();
    }),
    ("change key", Impact::Position, |stream| stream.definition.change_key = Some("id".to_owned())),
    ("another extractor", Impact::Position, |stream| stream.definition.plugins = vec![plugin(Stage::Extract, "other")]),
    ("its settings", Impact::Selection, |stream| {
        stream.definition.plugins[0].settings.insert("where".to_owned(), "1".to_owned());
    }),
    ("another transform", Impact::Rows, |stream| stream.definition.plugins.push(plugin(Stage::Transform, "new"))),
    ("option", Impact::Rows, |stream| {
        stream.definition.options.insert("column name".to_owned(), "bytes".to_owned());
    }),
    ("source", Impact::None, |stream| stream.definition.source = "other".to_owned()),
    ("lookback", Impact::None, |stream| stream.definition.lookback_micros = 60_000_000),
    ("null keys", Impact::None, |stream| stream.definition.null_keys = NullKeys::Ignore),
];

fn plugin(stage: Stage, name: &str) -> PluginUse {
    let (label, version, digest) = (name.to_owned(), "1".to_owned(), "1".to_owned());
    PluginUse { stage, label, name: name.to_owned(), version, digest, settings: Default::default() }
}

/// Returns a stream of these rows, before any change of its definition.
fn stream(bench: &Bench, extractor: MemoryExtractor, method: Method) -> Stream {
    let mut stream = bench.stream(extractor);
    stream.definition.plugins = vec![plugin(Stage::Extract, "tables")];
    stream.definition.options.insert("column name".to_owned(), "text".to_owned());
    (stream.request.method, stream.definition.method) = (method, method);
    stream
}

/// Runs a stream of four rows, and again after a change and with two rows fewer and three more; returns the second
/// run's summary, and the bookmark from which it read.
fn run_changed(
    change: fn(&mut Stream),
    on_change: OnChange,
    method: Method,
    full_refresh: bool,
) -> (Bench, StreamSummary, Option<i64>) {
    let mut bench = Bench::new();
    let first = stream(&bench, MemoryExtractor::new(1..=4, 2), method);
    assert_eq!(bench.run(first).status, StreamStatus::Succeeded);
    let extractor = MemoryExtractor::new(3..=7, 2);
    let mut second = stream(&bench, extractor.clone(), method);
    (second.policy.on_change, second.policy.full_refresh) = (on_change, full_refresh);
    change(&mut second);
    let summary = bench.run(second);
    let requests = extractor.requests();
    let bookmark = requests.lock().expect("requests").last().and_then(|request| request.bookmark.clone());
    let at = bookmark.map(|bookmark| (1..9).find(|id| bookmark == bookmark_at(*id)).expect("a position"));
    (bench, summary, at)
}

/// Checks that a run reacted to a change in the way in which it says.
fn check(label: &str, reaction: Reaction, bench: &Bench, summary: &StreamSummary, bookmark: Option<i64>, whole: bool) {
    let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
    if reaction == Reaction::Fail {
        let failure = summary.failure.as_ref().unwrap_or_else(|| panic!("{label}: no failure"));
        assert_eq!(failure.failure.kind, FailureKind::InvalidConfig, "{label}: {failure}");
        assert_eq!(bench.target.ids(TABLE), [1, 2, 3, 4], "{label}");
        assert_eq!(checkpoint.run_id, "run-1", "{label}");
        return;
    }
    assert_eq!(summary.status, StreamStatus::Succeeded, "{label}: {:?}", summary.failure);
    let (mode, read_from, rows): (_, _, &[i64]) = match reaction {
        _ if whole => (LoadMode::Replace, None, &[3, 4, 5, 6, 7]),
        Reaction::Tell => (LoadMode::Merge, Some(4), &[1, 2, 3, 4, 5, 6, 7]),
        Reaction::Reload => (LoadMode::Reload, None, &[1, 2, 3, 4, 5, 6, 7]),
        _ => (LoadMode::Replace, None, &[3, 4, 5, 6, 7]),
    };
    assert_eq!((checkpoint.mode, bookmark), (mode, read_from), "{label}");
    assert_eq!(bench.target.ids(TABLE), rows, "{label}");
}

#[test]
fn a_run_reacts_to_each_change_as_its_policy_says() {
    for (name, impact, change) in CHANGES {
        for on_change in POLICIES {
            for (method, full_refresh) in [(Method::Incremental, false), (Method::Full, false), (Method::Full, true)] {
                let label = format!("{name}, {on_change:?}, {method:?}, full refresh: {full_refresh}");
                let (bench, summary, bookmark) = run_changed(change, on_change, method, full_refresh);
                let whole = method == Method::Full || full_refresh;
                if summary.definition_changes.is_empty() {
                    // A table that is replaced in every run has neither change key nor lookback.
                    assert!(whole && matches!(name, "change key" | "lookback" | "null keys"), "{label}");
                    continue;
                }
                let expected = Reaction::to(impact, if full_refresh { OnChange::Tell } else { on_change }, whole);
                let found = &summary.definition_changes[0];
                assert_eq!((found.impact, found.reaction), (impact, expected), "{label}");
                assert!(!found.consequence.is_empty(), "{label}");
                check(&label, expected, &bench, &summary, bookmark, whole);
            }
        }
    }
}

#[test]
fn a_column_that_the_target_lost_is_not_filled_as_if_it_were_new() {
    for (on_change, full_refresh, reaction) in [
        (OnChange::Tell, false, Reaction::Fail),
        (OnChange::Reload, false, Reaction::Reload),
        (OnChange::Fail, false, Reaction::Fail),
        (OnChange::Fail, true, Reaction::Tell),
    ] {
        let mut bench = Bench::new();
        let first = stream(&bench, MemoryExtractor::new(1..=4, 2), Method::Incremental);
        assert_eq!(bench.run(first).status, StreamStatus::Succeeded);
        bench.target.drop_column(TABLE, "name");
        let extractor = MemoryExtractor::new(1..=7, 2);
        let mut second = stream(&bench, extractor, Method::Incremental);
        (second.policy.on_change, second.policy.full_refresh) = (on_change, full_refresh);
        let summary = bench.run(second);
        let label = format!("{on_change:?}, full refresh: {full_refresh}");
        let lost = summary.definition_changes.iter().find(|change| change.impact == Impact::Target);
        assert_eq!(lost.map(|change| change.reaction), Some(reaction), "{label}");
        assert_eq!(summary.failure.is_some(), reaction == Reaction::Fail, "{label}");
        if reaction != Reaction::Fail {
            let empty = bench.target.query("SELECT COUNT(*) FROM ITEM WHERE name IS NULL");
            assert_eq!(empty[0][0].to_string(), "0", "{label}");
        }
    }
}

#[test]
fn a_reload_that_dies_is_continued_by_the_next_run() {
    let mut bench = Bench::new();
    let first = stream(&bench, MemoryExtractor::new(1..=4, 2), Method::Incremental);
    assert_eq!(bench.run(first).status, StreamStatus::Succeeded);
    // It dies before and after its first load batch.
    for after in [0, 1] {
        let mut second = stream(&bench, MemoryExtractor::new(1..=7, 2), Method::Incremental);
        second.definition.change_key = Some("id".to_owned());
        bench.target.fail_after("merge", after, Failure::transient("lost"));
        let summary = bench.run(second);
        assert_eq!(summary.status, StreamStatus::Failed);
        let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
        assert_eq!((checkpoint.mode, checkpoint.complete), (LoadMode::Reload, false));
    }
    let mut last = stream(&bench, MemoryExtractor::new(1..=7, 2), Method::Incremental);
    last.definition.change_key = Some("id".to_owned());
    let summary = bench.run(last);
    assert_eq!(
        (summary.status, summary.stats.read),
        (StreamStatus::Succeeded, 5),
        "it continues after the first batch"
    );
    let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
    assert_eq!((checkpoint.mode, checkpoint.complete), (LoadMode::Reload, true));
}

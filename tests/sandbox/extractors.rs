//! Extractors that misbehave.

use std::sync::Arc;
use std::time::Duration;

use wmshost_databases::sqlite;
use wmshost_flow::FailureKind::{self, Denied, InvalidConfig, Limit, Permanent, Timeout, Transient, Trap};
use wmshost_flow::{SourceGrant, StreamStatus, TotalLimits};
use wmshost_sandbox::{Granted, GrantedSource, Limits, Offer};

use crate::world::{
    Attack, End, Warehouse, attack_by, check_recovery, ends_well, fails, identity, plugin, prepared, try_rows,
};

fn attack(behaviour: &str) -> Attack {
    attack_by("hostile_extractor", behaviour)
}

fn in_function(function: &'static str, rows: &[(&'static str, FailureKind, &'static str)]) {
    for (behaviour, kind, words) in rows {
        fails(&attack(behaviour), End { function, kind: *kind, words });
    }
}

#[test]
fn what_is_not_granted_is_not_possible() {
    in_function(
        "open",
        &[
            ("label-denied", Denied, "the source \"analytics\" is not granted to this stream; \"wms\" is"),
            ("label-unknown", InvalidConfig, "the pipeline has no connection \"nowhere\""),
            ("label-empty", InvalidConfig, "the pipeline has no connection \"\""),
            ("label-path", InvalidConfig, "the pipeline has no connection \"/etc/passwd\""),
            ("label-other-case", InvalidConfig, "the pipeline has no connection \"WMS\""),
            ("describe-other", Denied, "source wms: the table secret is not granted"),
            ("describe-schema", Denied, "source wms: the table sqlite_master is not granted"),
            ("other-table", Denied, "source wms: the table secret is not granted"),
            ("other-table-hidden", Denied, "source wms: the table secret is not granted"),
            ("other-table-union", Denied, "source wms: the table secret is not granted"),
            ("schema-table", Denied, "source wms: the table sqlite_master of SQLite itself is not allowed"),
            ("two-statements", Denied, "one statement"),
            ("insert", Denied, "only SELECT is allowed, not INSERT"),
            ("insert-returning", Denied, "only SELECT is allowed, not INSERT"),
            ("delete", Denied, "only SELECT is allowed, not DELETE"),
            ("create", Denied, "only SELECT is allowed, not "),
            ("create-temp", Denied, "only SELECT is allowed, not "),
            ("pragma", Denied, "PRAGMA query_only is not allowed"),
            ("pragma-table", Denied, "pragma_table_info"),
            ("attach", Denied, "not ATTACH"),
            ("begin", Denied, "not a transaction"),
            ("load-extension", Denied, "the function load_extension is not allowed"),
            ("write-a-file", Permanent, "no such function: writefile"),
            ("read-a-file", Permanent, "no such function: readfile"),
        ],
    );
    let tables = ends_well(&attack("tables"));
    assert_eq!(tables.both_sides().0, tables.both_sides().1);
}

#[test]
fn statements_and_parameters_have_limits() {
    in_function(
        "open",
        &[
            ("statement-empty", Permanent, "the statement is empty"),
            ("no-statement", Permanent, "syntax error"),
            ("statement-long", Limit, "source wms"),
            ("statement-deep", Permanent, "source wms"),
            ("statement-chain", Permanent, "source wms"),
            ("statement-endless", Limit, "source wms: limit statement_timeout: 2 s allowed"),
            ("statement-fills-disk", Limit, "source wms: limit temp_mib: 64 allowed"),
            ("parameters-many", Permanent, "source wms"),
            ("parameters-missing", Permanent, "the statement has 2 parameters, 1 values were given"),
            ("parameter-huge", Permanent, "parameter 1 has a value that SQLite cannot hold"),
            (
                "parameter-decimal",
                Permanent,
                "a decimal is an optional minus, digits, and an optional point with digits",
            ),
            ("value-huge", Limit, "source wms"),
        ],
    );
    let limits = Limits { copied_bytes: 1 << 20, ..Limits::default() };
    let end = End { function: "open", kind: Limit, words: "limit copied_bytes: 1048576 allowed, more asked for" };
    fails(&Attack { limits, ..attack("parameters-copied") }, end);
}

#[test]
fn handles_are_counted() {
    in_function(
        "open",
        &[
            ("connections", Limit, "limit handles: 64 allowed, 65 asked for"),
            ("cursors", Limit, "limit handles: 64 allowed, 65 asked for"),
            ("batches", Limit, "limit batches: 4 allowed, 5 asked for"),
        ],
    );
    let end = End { function: "open", kind: Limit, words: "limit handles: 8 allowed, 9 asked for" };
    fails(&Attack { limits: Limits { handles: 8, ..Limits::default() }, ..attack("cursors") }, end);
    ends_well(&attack("fleeting"));
}

#[test]
fn time_is_limited_in_every_function() {
    for (behaviour, function) in [("loop-in-open", "open"), ("loop-in-schema", "schema"), ("loop-in-next", "next")] {
        fails(
            &attack(behaviour),
            End { function, kind: Timeout, words: "limit call_time: 300ms allowed, more asked for" },
        );
    }
    // Whichever of the two is used up first.
    let words = "_time: 300ms allowed, more asked for";
    fails(&attack("queries-without-end"), End { function: "open", kind: Timeout, words });
    fails(&attack("clock-without-end"), End { function: "open", kind: Timeout, words });
}

#[test]
fn waiting_for_a_database_is_limited_too() {
    let limits =
        Limits { call_time: Duration::from_secs(60), wait_time: Duration::from_millis(100), ..Limits::default() };
    let words = "limit wait_time: 100ms allowed, more asked for";
    fails(&Attack { limits, ..attack("queries-without-end") }, End { function: "open", kind: Timeout, words });
}

#[test]
fn all_calls_together_have_a_time_too() {
    let (little, wide) = (Duration::from_millis(300), TotalLimits::default());
    let no_rows = TotalLimits { row: Duration::from_millis(1), ..wide };
    for (behaviour, total, call_time, words) in [
        (
            "trickle",
            TotalLimits { stream: little, ..wide },
            20,
            "limit stream_time: 300ms allowed, more asked for; `stream_timeout` in [limits] raises it",
        ),
        (
            "trickle",
            TotalLimits { run: little, ..wide },
            20,
            "limit run_time: 300ms allowed, more asked for; `run_timeout` in [limits] raises it",
        ),
        (
            "trickle-of-queries",
            TotalLimits { stream_wait: little, ..wide },
            20,
            "limit stream_wait_time: 300ms allowed, more asked for; `stream_wait_timeout` in [limits] raises it",
        ),
        (
            "trickle-of-no-rows",
            no_rows,
            2,
            "limit row_time: 1ms allowed, more asked for; `row_ms` in [limits] raises it; 0 rows took ",
        ),
    ] {
        let limits = Limits { total, call_time: Duration::from_secs(call_time), ..Limits::default() };
        let end = End { function: "next", kind: Timeout, words };
        fails(&Attack { limits, loaded_before: false, ..attack(behaviour) }, end);
    }
}

#[test]
fn bookmarks_are_bounded() {
    in_function(
        "next",
        &[
            ("bookmark-positions", Limit, "limit bookmark_positions: 16 allowed, 17 asked for"),
            ("bookmark-millions", Limit, "limit bookmark_positions: 16 allowed, 100000 asked for"),
            ("bookmark-text", Limit, "limit bookmark_position_bytes: 4096 allowed, 5121 asked for"),
            ("bookmark-binary", Limit, "limit bookmark_position_bytes: 4096 allowed, 5121 asked for"),
            ("bookmark-digits", Limit, "limit bookmark_position_bytes: 4096 allowed, 5121 asked for"),
            ("bookmark-name", Limit, "limit bookmark_position_bytes: 4096 allowed, "),
            ("bookmark-decimal", Permanent, "a decimal is an optional minus, digits"),
            ("end-bookmark-positions", Limit, "limit bookmark_positions: 16 allowed, 17 asked for"),
            ("end-bookmark-text", Limit, "limit bookmark_position_bytes: 4096 allowed, 5121 asked for"),
            ("end-bookmark-decimal", Permanent, "a decimal is an optional minus, digits"),
        ],
    );
    // Values of every type and of every extreme are kept as they are, and returned to the next run.
    let attack = attack("bookmark-types");
    let warehouse = ends_well(&attack);
    assert_eq!(warehouse.run(&attack).expect("the streams are made").status, StreamStatus::Succeeded);
    check_recovery(&warehouse, &attack, "bookmark-types");
}

#[test]
fn state_is_bounded() {
    in_function(
        "next",
        &[
            ("state-key", Limit, "limit state_key_bytes: 128 allowed, 129 asked for"),
            ("state-key-forgotten", Limit, "limit state_key_bytes: 128 allowed, 129 asked for"),
            ("state-value", Limit, "limit state_value_bytes: 65536 allowed, 65537 asked for"),
            ("state-keys", Limit, "limit state_keys: 64 allowed, 65 asked for"),
        ],
    );
    for (behaviour, bytes) in [
        ("state-full", 64 * (128 + 2 * (64 << 10))),
        ("state-forget", 0),
        ("state-churn", 0),
        ("state-refused-then-on", 0),
    ] {
        let attack = attack(behaviour);
        let warehouse = ends_well(&attack);
        let state = "SELECT max(length(state)) FROM WMSHOST_CHECKPOINT WHERE stream = 'orders'";
        let length = &try_rows(&warehouse.target(), state)[0];
        let length: usize = length.trim_start_matches("Integer(").trim_end_matches(')').parse().expect("a length");
        assert!((bytes..bytes + 1_000).contains(&length), "{behaviour}: {length}");
        check_recovery(&warehouse, &attack, behaviour);
    }
}

#[test]
fn what_it_says_of_its_rows_is_checked_and_kept() {
    in_function(
        "schema",
        &[
            ("schema-double", Permanent, "two columns are called id"),
            ("schema-many", Limit, "limit batch_columns: 1000 allowed, 100003 asked for"),
            ("schema-decimal", Permanent, "column d: decimal(39, 2) does not exist"),
            ("schema-nameless", Permanent, "a column has no name"),
            ("key-unknown", Permanent, "the key column nobody is not among the columns"),
            ("key-other", Permanent, "it reads by the key (name) instead of (id)"),
            ("key-none", Permanent, "it reads by the key () instead of (id)"),
            ("key-double", Permanent, "the key names the column id twice"),
            ("key-many", Permanent, "a key of 100000 columns in a table of 3"),
        ],
    );
    let lies: &[(&str, &str)] = &[
        ("schema-more", "column never-there (int64) was promised and is missing"),
        ("schema-fewer", "was not promised"),
        ("schema-other-type", "column name was promised as int64 and is utf8"),
        ("schema-other-order", "the columns were promised as ("),
        ("chunk-foreign", "column seven (int64) was not promised"),
        ("chunk-renamed", "column nom (utf8) was not promised"),
        ("chunk-more", "was not promised"),
        ("chunk-dropped-column", "column name (utf8) was promised and is missing"),
    ];
    for (behaviour, words) in lies {
        // Into an empty target: its claims must not even reach a comparison with an existing table.
        let attack = Attack { loaded_before: false, ..attack(behaviour) };
        let warehouse = prepared(&attack);
        let end = warehouse.run(&attack).expect("the streams are made");
        let at = end.failure.unwrap_or_else(|| panic!("{behaviour}: no failure"));
        assert_eq!((at.failure.kind, at.failure.to_string().contains(words)), (Permanent, true), "{behaviour}: {at}");
        assert_eq!(at.failure.site.map(|site| site.function), Some("next"), "{behaviour}");
        assert_eq!(warehouse.both_sides().0, Vec::<String>::new(), "{behaviour}");
    }
}

#[test]
fn batches_cannot_be_forged() {
    in_function(
        "next",
        &[("chunk-forged", Trap, "unknown handle index"), ("chunk-used-after", Trap, "unknown handle index")],
    );
}

#[test]
fn a_trap_ends_the_stream_wherever_it_happens() {
    in_function("open", &[("trap-in-open", Trap, "never opened")]);
    in_function("schema", &[("trap-in-schema", Trap, "no columns")]);
    in_function("next", &[("trap-in-next", Trap, "no more")]);
}

#[test]
fn what_was_committed_before_a_failure_stays() {
    for (behaviour, kind) in [("trap-in-second", Trap), ("fail-in-second", Transient), ("loop-in-second", Timeout)] {
        let attack = Attack { batch_rows: 3, loaded_before: false, ..attack(behaviour) };
        let warehouse = prepared(&attack);
        let end = warehouse.run(&attack).expect("the streams are made");
        let at = end.failure.unwrap_or_else(|| panic!("{behaviour}: no failure"));
        assert_eq!((at.failure.kind, at.batch), (kind, Some(2)), "{behaviour}: {at}");
        let (target, source) = warehouse.both_sides();
        assert_eq!(target, source[..3], "{behaviour}: batch 1 of 3 rows");
        assert_eq!(end.bookmark.map(|bookmark| bookmark.to_string()).as_deref(), Some("steps=1"), "{behaviour}");
        check_recovery(&warehouse, &attack, behaviour);
    }
}

#[test]
fn batches_have_no_more_rows_than_asked_for() {
    // It asks its cursor for four billion rows.
    for (batch_rows, batches) in [(3, 3), (1, 8), (8, 1), (100, 1)] {
        let attack = Attack { batch_rows, ..attack("none") };
        let warehouse = prepared(&attack);
        assert_eq!(warehouse.run(&attack).expect("the streams are made").stats.batches, batches);
    }
}

#[test]
fn a_stream_without_end_is_stopped() {
    let words = "limit empty_batches: 1000 allowed, 1001 asked for";
    let attack = attack("empty-for-ever");
    let warehouse = prepared(&attack);
    let end = warehouse.run(&attack).expect("the streams are made");
    let failure = end.failure.expect("a failure").failure;
    assert_eq!((failure.kind, failure.message.as_str()), (Limit, words));
    check_recovery(&warehouse, &attack, "empty-for-ever");
    // The operator must stop rows without end: they are committed until then.
    let attack = Attack { batch_rows: 1, ..attack_by("hostile_extractor", "same-for-ever") };
    let warehouse = prepared(&attack);
    let end = warehouse.run_until(&attack, 3).expect("the streams are made");
    assert_eq!(end.status, StreamStatus::Cancelled);
    check_recovery(&warehouse, &attack, "same-for-ever");
}

fn discover(behaviour: &str, limits: Limits) -> Result<Vec<Offer>, wmshost_flow::Failure> {
    let warehouse = Warehouse::new();
    let source = sqlite::open_source(&warehouse.path("source.db"), 1, "wms").expect("a source");
    let session = source.session(&SourceGrant::of(Default::default())).expect("a session");
    drop(Arc::clone(&source));
    let granted = GrantedSource { label: "wms".to_owned(), known_labels: vec!["wms".to_owned()], session };
    let granted = Granted::Database(granted);
    plugin("hostile_extractor").discover(identity("hostile_extractor", behaviour), limits, granted)
}

#[test]
fn discovery_has_limits() {
    let quick = Limits { call_time: Duration::from_millis(300), ..Limits::default() };
    for (behaviour, limits, kind, words) in [
        ("trap-in-discover", Limits::default(), Trap, "nothing to see"),
        ("loop-in-discover", quick, Timeout, "limit call_time: 300ms allowed"),
        ("offers-many", Limits::default(), Limit, "limit offers: 10000 allowed, 200000 asked for"),
        ("offer-columns-many", Limits::default(), Limit, "limit batch_columns: 1000 allowed, 100000 asked for"),
    ] {
        let failure = discover(behaviour, limits).expect_err(behaviour);
        assert_eq!((failure.kind, failure.to_string().contains(words)), (kind, true), "{behaviour}: {failure}");
        assert_eq!(failure.site.map(|site| site.function), Some("discover"), "{behaviour}");
    }
    assert_eq!(discover("none", Limits::default()).expect("offers").len(), 1);
}

//! Transforms that misbehave.

use wmshost_flow::FailureKind::{self, Limit, Permanent, Trap};
use wmshost_sandbox::Limits;

use crate::world::{Attack, End, ends_well, fails, try_rows};

fn attack(behaviour: &str) -> Attack {
    Attack::by("hostile_transform", behaviour)
}

fn in_process(rows: &[(&'static str, FailureKind, &'static str)]) {
    for (behaviour, kind, words) in rows {
        fails(&attack(behaviour), End { function: "process", kind: *kind, words });
    }
}

#[test]
fn computing_has_limits() {
    in_process(&[
        ("loop", Limit, "limit call_time: 300ms allowed, more asked for"),
        ("loop-of-calls", Limit, "limit call_time: 300ms allowed, more asked for"),
        ("memory", Limit, "limit memory_bytes: 67108864 allowed, "),
        ("memory-at-once", Limit, "limit memory_bytes: 67108864 allowed, "),
        ("panic", Trap, "the answer is not 42"),
        ("unreachable", Trap, "it trapped: wasm trap: wasm `unreachable` instruction executed"),
        ("stack", Trap, "out of bounds memory access"),
        ("exit", Trap, "it called exit(0)"),
        ("exit-1", Trap, "it called exit(1)"),
        ("long-failure", Permanent, "no no no"),
        ("print-then-trap", Trap, "red"),
    ]);
}

/// Every guest that prints imports a clock where its toolchain is new enough, so that the import cannot be refused.
#[test]
fn a_clock_ends_the_call_that_reads_it() {
    in_process(&[
        ("instant", Trap, "wasi:clocks/monotonic-clock; no plugin is granted a clock"),
        ("wall-clock", Trap, "wasi:clocks/wall-clock; no plugin is granted a clock"),
        ("sleep", Trap, "no plugin is granted a clock"),
    ]);
}

#[test]
fn columns_are_checked_before_they_are_columns() {
    in_process(&[
        ("columns", Limit, "limit batch_columns: 1000 allowed, 1001 asked for"),
        ("columns-ignored", Limit, "limit batch_columns: 1000 allowed, 1001 asked for"),
        ("bytes", Limit, "limit batch_bytes: 67108864 allowed, "),
        ("bytes-ignored", Limit, "limit batch_bytes: 67108864 allowed, "),
        ("category-bomb-long", Permanent, "column bomb: 8388608 values for 8 rows"),
        ("too-few", Permanent, "column bad: 7 values for 8 rows"),
        ("too-many", Permanent, "column bad: 9 values for 8 rows"),
        ("replace-too-few", Permanent, "column id: 0 values for 8 rows"),
        ("bits-few", Permanent, "column bad: 0 values for 8 rows"),
        ("bits-many", Permanent, "column bad: 72 values for 8 rows"),
        ("validity", Permanent, "column bad: 16 values for 8 rows"),
        ("validity-none", Permanent, "column bad: 0 values for 8 rows"),
        ("code-without-label", Permanent, "column bad: no label has the code 3"),
        ("code-without-labels", Permanent, "column bad: no label has the code 0"),
        ("labels-many", Limit, "limit labels: 256 allowed, 257 asked for"),
        ("codes-few", Permanent, "column bad: 7 values for 8 rows"),
        ("decimal-beyond", Permanent, "column bad: a value has more than 5 digits"),
        ("decimal-beyond-below", Permanent, "column bad: a value has more than 5 digits"),
        ("decimal-far-beyond", Permanent, "column bad: a value has more than 38 digits"),
        ("decimal-precision", Permanent, "column bad: "),
        ("decimal-precision-0", Permanent, "column bad: "),
        ("decimal-scale", Permanent, "column bad: "),
        ("decimal-scale-255", Permanent, "column bad: "),
        ("decimal-cut", Permanent, "column bad: a decimal has 16 bytes"),
        ("name-long", Limit, "limit column_name_bytes: 128 allowed, 300 asked for"),
        ("name-empty", Permanent, "a column has no name"),
        ("utf8", Permanent, "column bad: "),
        ("utf8-cut", Permanent, "column bad: "),
        ("offsets-descend", Permanent, "column bad: the offsets do not ascend within its bytes"),
        ("offsets-negative", Permanent, "column bad: the offsets do not ascend within its bytes"),
        ("offsets-beyond", Permanent, "column bad: the offsets do not ascend within its bytes"),
        ("offsets-none", Permanent, "column bad: 0 values for 8 rows"),
        ("offsets-few", Permanent, "column bad: 1 values for 8 rows"),
    ]);
}

#[test]
fn rows_and_names_are_checked() {
    in_process(&[
        ("reject-beyond", Permanent, "reject: row 8 of a batch of 8 rows"),
        ("reject-far-beyond", Permanent, "reject: row 4294967295 of a batch of 8 rows"),
        ("filter-short", Permanent, "column filter: 0 values for 8 rows"),
        ("filter-long", Permanent, "column filter: 16 values for 8 rows"),
        ("drop-unknown", Permanent, "the batch has no column nobody"),
        ("drop-twice", Permanent, "was promised"),
        ("drop-all", Permanent, "the batch has 0 columns where 3 were promised"),
        ("drop-millions", Permanent, "100000 columns to drop from a batch of 3"),
        ("rename-double", Permanent, "the batch has a column name already"),
        ("rename-unknown", Permanent, "the batch has no column nobody"),
        ("rename-empty", Permanent, "a column has no name"),
        ("rename-long", Limit, "limit column_name_bytes: 128 allowed, 300 asked for"),
        ("read-unknown", Permanent, "the batch has no column nobody"),
        ("read-other-type", Permanent, "column id is Int64, not utf8"),
        ("read-decimal", Permanent, "column id is Int64, not decimal"),
    ]);
}

#[test]
fn handles_cannot_be_forged() {
    in_process(&[
        ("forged-handle", Trap, "unknown handle index"),
        ("drop-lent-twice", Trap, "unknown handle index"),
        ("name-not-utf8", Trap, "utf-8"),
        ("reject-billions", Trap, "out of bounds"),
    ]);
}

#[test]
fn promises_are_checked_and_kept() {
    let in_schema = |behaviour, kind, words| fails(&attack(behaviour), End { function: "output-schema", kind, words });
    in_schema("promise-double", Permanent, "two columns are called id");
    in_schema("promise-decimal", Permanent, "column bad: decimal(99, 3) does not exist");
    in_schema("promise-decimal-0", Permanent, "column bad: decimal(0, 0) does not exist");
    in_schema("promise-scale", Permanent, "column bad: decimal(5, 6) does not exist");
    in_schema("promise-empty-name", Permanent, "a column has no name");
    in_schema("promise-long-name", Limit, "limit column_name_bytes: 128 allowed, 300 asked for");
    in_schema("promise-many", Limit, "limit batch_columns: 1000 allowed, 100003 asked for");
    in_schema("promise-trap", Trap, "no promise");
    in_process(&[("promise-more", Permanent, "the batch has 3 columns where 4 were promised")]);
}

#[test]
fn limits_are_those_that_were_given() {
    for (behaviour, limits, words) in [
        ("memory", Limits { memory_bytes: 4 << 20, ..Limits::default() }, "limit memory_bytes: 4194304 allowed, "),
        ("columns", Limits { batch_columns: 5, ..Limits::default() }, "limit batch_columns: 5 allowed, 6 asked for"),
        ("bytes", Limits { batch_bytes: 1 << 20, ..Limits::default() }, "limit batch_bytes: 1048576 allowed, "),
        (
            "category-bomb",
            Limits { batch_bytes: 1 << 20, ..Limits::default() },
            "column bomb: limit batch_bytes: 1048576 allowed, ",
        ),
        ("copied", Limits { copied_bytes: 1 << 20, ..Limits::default() }, "limit copied_bytes: 1048576 allowed, more"),
        (
            "reject-big-rows",
            Limits { batch_bytes: 1 << 20, ..Limits::default() },
            "limit batch_bytes of rejected rows: 1048576 allowed, ",
        ),
    ] {
        fails(&Attack { limits, ..attack(behaviour) }, End { function: "process", kind: Limit, words });
    }
}

#[test]
fn what_harms_nobody_is_let_pass() {
    for behaviour in
        ["none", "memory-refused", "stdout", "stderr", "stdin", "log", "environment", "arguments", "files", "process"]
    {
        let warehouse = ends_well(&attack(behaviour));
        let (target, source) = warehouse.both_sides();
        assert_eq!(target, source, "{behaviour}");
    }
}

#[test]
fn rows_that_are_taken_out_are_accounted_for() {
    for (behaviour, rejected) in
        [("reject-twice", 2), ("reject-all", 8), ("reject-millions", 1), ("reject-long-reason", 8), ("filter-none", 0)]
    {
        let attack = attack(behaviour);
        let warehouse = ends_well(&attack);
        let lengths = "SELECT length(rule) <= 131 AND length(reason) <= 1027";
        let found = try_rows(&warehouse.target(), &format!("{lengths} FROM {}", warehouse.quarantine()));
        assert_eq!(found, vec!["Integer(1)"; rejected], "{behaviour}");
        crate::world::check_recovery(&warehouse, &attack, behaviour);
    }
}

#[test]
fn a_handle_is_worth_nothing_after_its_call() {
    // Eight batches of one row: the second call tries the first one's handle.
    let attack = Attack { batch_rows: 1, ..attack("keep-lent") };
    ends_well(&attack);
}

#[test]
fn chance_is_the_same_in_every_run() {
    let seeds = [(); 2].map(|()| {
        let warehouse = ends_well(&Attack { loaded_before: false, ..attack("seed") });
        try_rows(&warehouse.target(), "SELECT DISTINCT seed FROM WMS_ORDERS")
    });
    assert_eq!(seeds[0].len(), 1);
    assert_eq!(seeds[0], seeds[1]);
}

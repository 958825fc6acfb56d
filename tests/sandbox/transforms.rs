//! Transforms that misbehave.

use std::time::Duration;

use wmshost_flow::FailureKind::{self, Limit, Permanent, Timeout, Trap};
use wmshost_flow::{OnTrap, TotalLimits};
use wmshost_sandbox::Limits;

use crate::world::{Attack, End, attack_by, ends_well, fails, try_rows};

fn attack(behaviour: &str) -> Attack {
    attack_by("hostile_transform", behaviour)
}

fn in_process(rows: &[(&'static str, FailureKind, &'static str)]) {
    for (behaviour, kind, words) in rows {
        fails(&attack(behaviour), End { function: "process", kind: *kind, words });
    }
}

#[test]
fn computing_has_limits() {
    in_process(&[
        ("loop", Timeout, "limit call_time: 300ms allowed, more asked for"),
        ("loop-of-calls", Timeout, "limit call_time: 300ms allowed, more asked for"),
        ("memory", Limit, "limit memory_bytes: 67108864 allowed, "),
        ("memory-at-once", Limit, "limit memory_bytes: 67108864 allowed, "),
        ("panic", Trap, "it panicked at hostile/stages/transform/src/compute.rs:"),
        ("panic", Trap, ": the answer is not 42; row 1 of the batch causes it (id = 1)"),
        ("unreachable", Trap, "it trapped: wasm trap: wasm `unreachable` instruction executed"),
        // The place of the stack in memory, and so the kind of trap, depends on the toolchain.
        ("stack", Trap, "recurs"),
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
        ("offsets-few", Permanent, "column bad: 3 values for "),
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
        ("drop-twice", Permanent, "column id identifies a row and is missing"),
        ("drop-all", Permanent, "column id identifies a row and is missing"),
        ("drop-millions", Permanent, "100000 columns to drop from a batch of 3"),
        ("rename-double", Permanent, "the batch has a column name already"),
        ("rename-unknown", Permanent, "the batch has no column nobody"),
        ("rename-empty", Permanent, "a column has no name"),
        ("rename-long", Limit, "limit column_name_bytes: 128 allowed, 300 asked for"),
        ("read-unknown", Permanent, "the batch has no column nobody"),
        ("read-other-type", Permanent, "column id is int64, not utf8"),
        ("read-decimal", Permanent, "column id is int64, not decimal"),
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
    in_schema("promise-no-key", Permanent, "column id identifies a row and is missing from what the transform makes");
    in_process(&[
        ("promise-more", Permanent, "a batch without rows: column never-made (int64) was promised and is missing"),
        ("other-type", Permanent, "a batch without rows: column extra was promised as int64 and is date"),
        (
            "other-order",
            Permanent,
            "a batch without rows: the columns were promised as (id, name, amount) and are (id, amount, name)",
        ),
        (
            "null-against-promise",
            Permanent,
            "column extra was promised without NULL, and row 4 of the batch (id = 4) has it",
        ),
    ]);
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
            "reject-long-reason",
            Limits { batch_bytes: 8 << 10, ..Limits::default() },
            "limit batch_bytes of rejected rows: 8192 allowed, ",
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
    // The values that a transform wrote into a row before it rejects it are not kept, however large they are.
    for (behaviour, rejected) in [
        ("reject-twice", 2),
        ("reject-all", 8),
        ("reject-millions", 1),
        ("reject-long-reason", 8),
        ("reject-big-rows", 8),
        ("filter-none", 0),
    ] {
        let attack = attack(behaviour);
        let warehouse = ends_well(&attack);
        let lengths = "SELECT length(rule) <= 131 AND length(reason) <= 1027 AND length(row_json) < 200";
        let found = try_rows(&warehouse.target(), &format!("{lengths} FROM {}", warehouse.quarantine()));
        assert_eq!(found, vec!["Integer(1)"; rejected], "{behaviour}");
        crate::world::check_recovery(&warehouse, &attack, behaviour);
    }
}

#[test]
fn a_handle_is_worth_nothing_after_its_call() {
    // Eight batches of one row: the second call uses the first one's handle.
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

#[test]
fn what_identifies_a_row_stays_as_it_is() {
    in_process(&[
        (
            "key-overwrite",
            Permanent,
            "column id identifies a row, and the transform changed it in row 2 of the batch (id = 2)",
        ),
        ("key-double", Permanent, "the transform changed it in row 2 of the batch (id = 2)"),
        ("key-reverse", Permanent, "the transform changed it in row 1 of the batch (id = 1)"),
        ("key-inherit", Permanent, "the transform changed it in row 2 of the batch (id = 2)"),
        ("key-null", Permanent, "the transform changed it in row 1 of the batch (id = 1)"),
        ("key-drop", Permanent, "column id identifies a row and is missing"),
    ]);
    let warehouse = ends_well(&attack("key-same"));
    let (target, source) = warehouse.both_sides();
    assert_eq!(target, source);
}

#[test]
fn a_rejected_row_is_as_the_source_had_it() {
    let warehouse = ends_well(&Attack { loaded_before: false, ..attack("key-in-place") });
    let rows = try_rows(&warehouse.target(), "SELECT id, amount FROM WMS_ORDERS ORDER BY id LIMIT 3");
    assert_eq!(rows, ["Integer(1) Integer(1)", "Integer(2) Integer(2)", "Integer(4) Integer(4)"]);
    let columns = "SELECT row_json LIKE '%\"amount\":30%', rule FROM ";
    let rejected = try_rows(&warehouse.target(), &format!("{columns}{}", warehouse.quarantine()));
    assert_eq!(rejected, ["Integer(1) Text(\"third\")"]);
}

/// Eight batches of one row, and memory for five.
fn hoarding(behaviour: &str, on_trap: OnTrap) -> Attack {
    let limits = Limits { memory_bytes: 7 << 20, ..Limits::default() };
    Attack { batch_rows: 1, limits, on_trap, loaded_before: false, ..attack(behaviour) }
}

#[test]
fn what_a_plugin_gathers_is_no_fault_of_a_row() {
    for on_trap in [OnTrap::Fail, OnTrap::Quarantine] {
        fails(
            &hoarding("hoard", on_trap),
            End {
                function: "process",
                kind: Limit,
                words: "a fresh instance processes the same batch, so that no row",
            },
        );
    }
    let warehouse = ends_well(&hoarding("hoard", OnTrap::Retry));
    let (target, source) = warehouse.both_sides();
    assert_eq!(target, source);
}

#[test]
fn a_plugin_that_keeps_state_ends_the_run_at_its_first_failure() {
    let words = "the plugin keeps state from batch to batch, so that the host neither searches for a row";
    fails(&hoarding("stateful-hoard", OnTrap::Fail), End { function: "process", kind: Limit, words });
    fails(&attack("stateful-trap"), End { function: "process", kind: Trap, words });
    for on_trap in [OnTrap::Retry, OnTrap::Quarantine] {
        let attack = Attack { on_trap, ..attack("stateful-trap") };
        let words = "on_trap must be \"fail_run\"";
        fails(&attack, End { function: "keeps-state", kind: FailureKind::InvalidConfig, words });
    }
}

#[test]
fn rows_that_fail_together_are_named_together() {
    let words = "rows 1 to 8 of the batch cause it together (id = 1 to id = 8), but none of them alone";
    // The names have changed since: for the pair to exist, the rows must be the first ones.
    let attack = Attack { loaded_before: false, on_trap: OnTrap::Quarantine, ..attack("trap-at-pair") };
    fails(&attack, End { function: "process", kind: Trap, words });
}

#[test]
fn sums_that_are_too_great_trap() {
    in_process(&[("overflow", Trap, "attempt to add with overflow")]);
}

#[test]
fn an_endless_row_costs_little_more_than_one_limit() {
    let limits = Limits { call_time: Duration::from_secs(4), ..Limits::default() };
    let began = std::time::Instant::now();
    let words = "limit call_time: 4s allowed, more asked for; row 1 of the batch alone (id = 1) takes longer than";
    fails(&Attack { limits, ..attack("loop") }, End { function: "process", kind: Timeout, words });
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// Each call is short, and no row is the cause: none goes to quarantine. The eight calls take 50,000,000 steps each, which is more
/// than the limit on any machine.
#[test]
fn a_total_time_that_is_used_up_ends_the_stream_and_rejects_no_row() {
    for on_trap in [OnTrap::Fail, OnTrap::Retry, OnTrap::Quarantine] {
        let total = TotalLimits { stream: Duration::from_millis(20), ..TotalLimits::default() };
        let limits = Limits { total, ..Limits::default() };
        let words = "limit stream_time: 20ms allowed, more asked for; `stream_timeout` in [limits] raises it";
        fails(
            &Attack { limits, on_trap, batch_rows: 1, loaded_before: false, ..attack("slow") },
            End { function: "process", kind: Timeout, words },
        );
    }
}

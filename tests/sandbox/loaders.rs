//! Loaders that misbehave.

use wmshost_flow::FailureKind::{self, Denied, InvalidConfig, Limit, Permanent, Timeout, Transient, Trap};
use wmshost_flow::Method;

use crate::world::{Attack, End, attack_by, check_recovery, ends_well, fails, try_rows};

fn attack(behaviour: &str) -> Attack {
    attack_by("hostile_loader", behaviour)
}

/// An attack on a stream that replaces its table.
fn replacing(behaviour: &str) -> Attack {
    Attack { method: Method::Full, ..attack(behaviour) }
}

/// An attack on a stream whose table does not exist yet.
fn creating(behaviour: &str) -> Attack {
    Attack { loaded_before: false, ..attack(behaviour) }
}

type Row = (&'static str, FailureKind, &'static str);

fn in_function(function: &'static str, attack: impl Fn(&str) -> Attack, rows: &[Row]) {
    for (behaviour, kind, words) in rows {
        fails(&attack(behaviour), End { function, kind: *kind, words });
    }
}

const OTHER_TABLES: [&str; 14] = [
    "other",
    "unknown",
    "checkpoint",
    "quarantine",
    "schema",
    "sqlite",
    "host",
    "qualified",
    "quoted",
    "begin",
    "staged",
    "staged-own",
    "empty",
    "nul",
];

#[test]
fn no_table_but_its_own() {
    for table in OTHER_TABLES {
        for verb in ["describe", "create", "add-columns"] {
            let end = End { function: "prepare", kind: Denied, words: "is not granted, WMS_ORDERS is" };
            fails(&attack(&format!("{verb} {table}")), end);
        }
        for verb in ["insert-into", "merge-into"] {
            let end = End { function: "load", kind: Denied, words: "is not granted, WMS_ORDERS is" };
            fails(&attack(&format!("{verb} {table}")), end);
        }
        for verb in ["stage", "stage-on"] {
            let end = End { function: "prepare", kind: Denied, words: "is not granted, WMS_ORDERS is" };
            fails(&replacing(&format!("{verb} {table}")), end);
        }
        let end = End { function: "prepare", kind: Denied, words: "swapping is for finish" };
        fails(&replacing(&format!("swap {table}")), end);
    }
}

#[test]
fn absurd_tables_are_not_made() {
    const ABSURD: [Row; 13] = [
        ("columns-many", Limit, "limit batch_columns: 1000 allowed, 100003 asked for"),
        ("columns-double", Permanent, "two columns are called id"),
        ("columns-double-case", Permanent, "duplicate column name: ID"),
        ("columns-nameless", Permanent, "a column has no name"),
        ("columns-long", Limit, "limit column_name_bytes: 128 allowed, 129 asked for"),
        ("columns-nul", Permanent, "target analytics, "),
        ("columns-decimal", Permanent, "column d: decimal(99, 2) does not exist"),
        ("columns-scale", Permanent, "column d: decimal(5, 6) does not exist"),
        ("columns-of-the-host", InvalidConfig, "has a name that is reserved for the host"),
        ("columns-none", Permanent, "a key of 1 columns in a table of 0"),
        ("key-absent", Permanent, "the key column nobody is not among the columns"),
        ("key-twice", Permanent, "the key names the column id twice"),
        ("key-many", Permanent, "a key of 100000 columns in a table of 3"),
    ];
    for (what, kind, words) in ABSURD {
        let end = End { function: "prepare", kind, words };
        fails(&creating(&format!("create: {what}")), end);
        fails(&replacing(&format!("stage: {what}")), end);
    }
    in_function(
        "prepare",
        creating,
        &[
            ("add: columns-many", Limit, "limit batch_columns: 1000 allowed, 100000 asked for"),
            ("add: columns-double", Permanent, "duplicate column name: id"),
            ("add: columns-double-case", Permanent, "duplicate column name: ID"),
            ("add: columns-nameless", Permanent, "a column has no name"),
            ("add: columns-of-the-host", InvalidConfig, "has a name that is reserved for the host"),
        ],
    );
}

#[test]
fn names_are_names_and_no_statements() {
    let attack = creating("create-statement");
    let warehouse = ends_well(&attack);
    let names = "SELECT count(*) FROM pragma_table_info('WMS_ORDERS') WHERE name LIKE 'x\" TEXT); DROP%'";
    assert_eq!(try_rows(&warehouse.target(), names), ["Integer(2)"]);
    check_recovery(&warehouse, &attack, "create-statement");
}

#[test]
fn rows_are_written_once_each_and_as_they_are() {
    in_function(
        "load",
        attack,
        &[
            ("merge-other-key", Permanent, "the merge rule differs from the stream's: key (id), version none"),
            ("merge-more-key", Permanent, "the merge rule differs"),
            ("merge-no-key", Permanent, "the merge rule differs"),
            ("merge-unknown-key", Permanent, "the merge rule differs"),
            ("merge-other-version", Permanent, "the merge rule differs"),
            ("merge-into-staged", Denied, "staging is for prepare, in a load that replaces the table"),
            ("empty-the-table", Denied, "staging is for prepare, in a load that replaces the table"),
            ("swallow-failure", Permanent, "a write in this transaction failed; it can only be rolled back"),
            ("write-half-twice", Denied, "a loader writes its batches as they are"),
            ("change-values", Denied, "a loader writes its batches as they are"),
            ("add-column", Denied, "a loader writes its batches as they are"),
            ("drop-column", Denied, "a loader writes its batches as they are"),
            ("rename-column", Denied, "a loader writes its batches as they are"),
            ("filter", Denied, "a loader writes its batches as they are"),
            ("reject", Denied, "a loader writes its batches as they are"),
            ("fail-half-way", Transient, "the other half is lost"),
        ],
    );
    in_function(
        "load",
        replacing,
        &[
            ("insert-past-the-stage", Permanent, ""),
            ("merge-past-the-stage", Permanent, "the rows of this load go into the staged table"),
            ("insert-then-swap", Denied, "swapping is for finish, in a load that replaces the table"),
            ("stage-again", Denied, "staging is for prepare, in a load that replaces the table"),
            ("write-half-twice", Denied, "a loader writes its batches as they are"),
        ],
    );
}

#[test]
fn the_end_is_the_end() {
    in_function(
        "finish",
        replacing,
        &[
            ("no-swap", Permanent, "it finished without a swap; the rows are still in the staged table"),
            ("swap-twice", Permanent, "nothing is staged; stage it first"),
            ("swap-nothing", Denied, "staging is for prepare"),
            ("trap-in-finish", Trap, "at the end"),
            ("fail-in-finish", Permanent, "so near"),
            ("loop-in-finish", Timeout, "limit call_time: 300ms allowed, more asked for"),
        ],
    );
}

#[test]
fn a_transaction_that_breaks_off_leaves_nothing() {
    for attack in [attack, replacing] {
        in_function(
            "prepare",
            attack,
            &[
                ("trap-in-prepare", Trap, "prepared for nothing"),
                ("loop-in-prepare", Timeout, "limit call_time: 300ms allowed, more asked for"),
                ("fail-in-prepare", Transient, "the table is away"),
            ],
        );
        in_function(
            "load",
            attack,
            &[
                ("trap-in-load", Trap, "no load"),
                ("trap-half-way", Trap, "half way"),
                ("loop-half-way", Timeout, "limit call_time: 300ms allowed, more asked for"),
                ("describe-without-end", Timeout, "_time: 300ms allowed, more asked for"),
            ],
        );
    }
    in_function("load", creating, &[("prepare-nothing", Permanent, "")]);
    in_function("load", replacing, &[("prepare-nothing", Permanent, "")]);
}

#[test]
fn the_host_counts_what_was_written() {
    for attack in [attack("write-nothing"), replacing("write-nothing"), attack("write-twice"), replacing("write-twice")]
    {
        let warehouse = crate::world::prepared(&attack);
        let before = warehouse.holdings();
        let end = warehouse.run(&attack).expect("the streams are made");
        let failure = end.failure.unwrap_or_else(|| panic!("{}: no failure", attack.behaviour)).failure;
        // Rows that are inserted twice have the same key twice.
        let reported =
            ["it must write each of them once", "UNIQUE"].iter().any(|words| failure.to_string().contains(words));
        assert_eq!((failure.kind, reported), (Permanent, true), "{}: {failure}", attack.behaviour);
        assert_eq!(warehouse.holdings(), before, "{}", attack.behaviour);
        check_recovery(&warehouse, &attack, &attack.behaviour);
    }
}

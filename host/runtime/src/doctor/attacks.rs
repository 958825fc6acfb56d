//! The attacks that `wmshost doctor --sandbox` runs, by the promise that each tries to break: one for each limit, grant
//! and lie. The tests of the sandbox know more of them, with their exact messages.

use wmshost_flow::FailureKind::{self, Denied, InvalidConfig, Limit, Permanent, Timeout, Trap};
use wmshost_flow::Method;

use super::arena::GUESTS;

/// The attacks on one promise.
pub(super) struct Group {
    /// The promise.
    pub(super) promise: &'static str,
    pub(super) guest: &'static str,
    pub(super) method: Method,
    /// True if the target has rows of an earlier run.
    pub(super) loaded_before: bool,
    /// The behaviours of the guest, and the kinds of failure in which they end.
    pub(super) attacks: &'static [(&'static str, FailureKind)],
}

const fn group(promise: &'static str, guest: &'static str, attacks: &'static [(&'static str, FailureKind)]) -> Group {
    Group { promise, guest, method: Method::Incremental, loaded_before: true, attacks }
}

const EXTRACTOR: &str = GUESTS[0];
const TRANSFORM: &str = GUESTS[1];
const LOADER: &str = GUESTS[2];

/// All groups.
pub(super) const GROUPS: [Group; 17] = [
    group("a call ends in its time", TRANSFORM, &[("loop", Timeout), ("loop-of-calls", Timeout)]),
    group(
        "a database works for a plugin only so long",
        EXTRACTOR,
        &[("queries-without-end", Timeout), ("loop-in-open", Timeout), ("loop-in-next", Timeout)],
    ),
    group(
        "all calls together end in their time, also if each of them is short",
        EXTRACTOR,
        &[("trickle", Timeout), ("trickle-of-queries", Timeout), ("trickle-of-no-rows", Timeout)],
    ),
    group(
        "an instance has its memory and no more",
        TRANSFORM,
        &[("memory", Limit), ("memory-at-once", Limit), ("stack", Trap)],
    ),
    group(
        "a trap ends one stream and names the row",
        TRANSFORM,
        &[("panic", Trap), ("unreachable", Trap), ("exit", Trap), ("overflow", Trap)],
    ),
    group(
        "a batch has its size",
        TRANSFORM,
        &[
            ("columns", Limit),
            ("columns-ignored", Limit),
            ("bytes", Limit),
            ("bytes-ignored", Limit),
            ("name-long", Limit),
            ("labels-many", Limit),
        ],
    ),
    group(
        "columns are checked before they are columns",
        TRANSFORM,
        &[
            ("too-few", Permanent),
            ("validity", Permanent),
            ("code-without-label", Permanent),
            ("decimal-beyond", Permanent),
            ("decimal-precision", Permanent),
            ("utf8", Permanent),
            ("offsets-descend", Permanent),
            ("offsets-beyond", Permanent),
        ],
    ),
    group(
        "a transform keeps rows, keys and its word",
        TRANSFORM,
        &[
            ("reject-beyond", Permanent),
            ("filter-short", Permanent),
            ("drop-all", Permanent),
            ("rename-double", Permanent),
            ("key-overwrite", Permanent),
            ("key-null", Permanent),
            ("other-type", Permanent),
            ("null-against-promise", Permanent),
        ],
    ),
    group(
        "handles cannot be forged and are counted",
        EXTRACTOR,
        &[
            ("connections", Limit),
            ("cursors", Limit),
            ("batches", Limit),
            ("chunk-forged", Trap),
            ("chunk-used-after", Trap),
        ],
    ),
    group("no plugin has a clock", TRANSFORM, &[("instant", Trap), ("wall-clock", Trap), ("sleep", Trap)]),
    group(
        "a stream reads what it is granted",
        EXTRACTOR,
        &[
            ("label-denied", Denied),
            ("label-unknown", InvalidConfig),
            ("describe-other", Denied),
            ("other-table", Denied),
            ("other-table-hidden", Denied),
            ("other-table-union", Denied),
            ("schema-table", Denied),
        ],
    ),
    group(
        "a statement is one SELECT",
        EXTRACTOR,
        &[
            ("two-statements", Denied),
            ("insert", Denied),
            ("insert-returning", Denied),
            ("delete", Denied),
            ("create", Denied),
            ("pragma", Denied),
            ("attach", Denied),
            ("begin", Denied),
            ("load-extension", Denied),
            ("write-a-file", Permanent),
            ("read-a-file", Permanent),
            ("statement-long", Limit),
            ("statement-chain", Permanent),
            ("statement-endless", Limit),
            ("statement-fills-disk", Limit),
            ("value-huge", Limit),
        ],
    ),
    group(
        "bookmarks and state are small",
        EXTRACTOR,
        &[
            ("bookmark-positions", Limit),
            ("bookmark-text", Limit),
            ("state-key", Limit),
            ("state-value", Limit),
            ("state-keys", Limit),
            ("empty-for-ever", Limit),
        ],
    ),
    group(
        "a loader writes its own table",
        LOADER,
        &[
            ("create other", Denied),
            ("insert-into checkpoint", Denied),
            ("insert-into quarantine", Denied),
            ("merge-into quoted", Denied),
            ("describe schema", Denied),
        ],
    ),
    group(
        "a loader writes each row once, as it is",
        LOADER,
        &[
            ("merge-other-key", Permanent),
            ("merge-into-staged", Denied),
            ("empty-the-table", Denied),
            ("swallow-failure", Permanent),
            ("change-values", Denied),
            ("filter", Denied),
            ("write-nothing", Permanent),
            ("write-twice", Permanent),
        ],
    ),
    Group {
        method: Method::Full,
        ..group(
            "a replaced table is whole",
            LOADER,
            &[
                ("stage other", Denied),
                ("swap other", Denied),
                ("insert-then-swap", Denied),
                ("no-swap", Permanent),
                ("swap-twice", Permanent),
                ("trap-in-finish", Trap),
                ("loop-in-finish", Timeout),
            ],
        )
    },
    Group {
        loaded_before: false,
        ..group(
            "absurd tables are not made",
            LOADER,
            &[
                ("create: columns-many", Limit),
                ("create: columns-double", Permanent),
                ("create: columns-of-the-host", InvalidConfig),
                ("create: key-absent", Permanent),
            ],
        )
    },
];

//! The likely cause and the next commands for each kind of failure, each class of a database's error, and each state. This is
//! the one table: `wmshost explain` and the page of a run take their words from here. The meaning of a single code of Oracle
//! is in the failure's own words, from the driver's table of codes.
//!
//! In commands, `{file}` is the pipeline file, `{run}` the run and `{subject}` the stream or model. A test of the program holds each
//! command against its command line.

use wmshost_flow::{ErrorClass, FailureKind};

use crate::history::RunStatus;
use crate::status::Health;

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The likely cause.
    pub cause: &'static str,
    /// The next commands, each with its purpose.
    pub next: &'static [(&'static str, &'static str)],
}

const AGAIN: (&str, &str) = ("run it again: it goes on from its checkpoint", "wmshost run {file} --stream {subject}");
const CONNECT: (&str, &str) = ("try each connection by itself", "wmshost check {file} --connect");
const LOG: (&str, &str) = ("read what went before", "wmshost logs --run {run} --level warn");
const CHECK: (&str, &str) = ("see all mistakes of the file at once", "wmshost check {file}");
const HOLDER: (&str, &str) = ("see which run holds what", "wmshost status {file}");
const REJECTED: (&str, &str) = ("see the rows and the rules", "wmshost quarantine list {file} --stream {subject}");

const fn entry(cause: &'static str, next: &'static [(&'static str, &'static str)]) -> Entry {
    Entry { cause, next }
}

/// By the class of a database's error.
const CLASSES: [(ErrorClass, Entry); 10] = [
    (
        ErrorClass::ConnectionLost,
        entry("the database, the network or a limit of the session ended the connection", &[CONNECT, AGAIN]),
    ),
    (
        ErrorClass::Unknown,
        entry(
            "the connection was lost while committing: the checkpoint in the target says whether it took place",
            &[("see the last checkpoints", "wmshost state list {file}"), AGAIN],
        ),
    ),
    (
        ErrorClass::Conflict,
        entry(
            "another session holds the rows, the table or the room that the transaction needs; its owner has to end it",
            &[HOLDER, AGAIN],
        ),
    ),
    (
        ErrorClass::Snapshot,
        entry(
            "the database keeps too little of the past for so long a read (undo), or the table was changed meanwhile",
            &[AGAIN, ("see `snapshot` and the batch sizes", "wmshost keys")],
        ),
    ),
    (
        ErrorClass::Timeout,
        entry(
            "a statement took longer than its limit: a missing index, a busy server, or too many rows at a time",
            &[LOG, ("see the limits of calls and the batch sizes", "wmshost keys"), AGAIN],
        ),
    ),
    (ErrorClass::Denied, entry("the database user lacks a right, or the table does not exist", &[CONNECT])),
    (
        ErrorClass::Login,
        entry(
            "user name or password is wrong, expired or locked; it is not tried again, so that the account is not locked",
            &[("try the login once, after the password was changed", "wmshost check {file} --connect")],
        ),
    ),
    (
        ErrorClass::Row,
        entry(
            "a row breaks a rule of the table; with `on_bad_value = \"reject\"` it goes to quarantine",
            &[LOG, REJECTED],
        ),
    ),
    (
        ErrorClass::Unsupported,
        entry("the server or its edition lacks a feature that the statement asks for", &[CONNECT]),
    ),
    (
        ErrorClass::Permanent,
        entry("the database refuses the statement and will refuse it again: room, a quota, or a name", &[LOG, CONNECT]),
    ),
];

/// By the kind of a failure that is not of a database.
const KINDS: [(FailureKind, Entry); 10] = [
    (FailureKind::InvalidConfig, entry("the pipeline file and the databases or plugins do not fit", &[CHECK, CONNECT])),
    (
        FailureKind::Denied,
        entry(
            "a plugin or a user asked for what was not granted",
            &[("see what each plugin may do", "wmshost plugin grants {file}"), CONNECT],
        ),
    ),
    (FailureKind::Transient, entry("a state that passes, which lasted longer than the retries", &[CONNECT, AGAIN])),
    (FailureKind::Permanent, entry("the data, or a plugin's call, is wrong and stays wrong", &[LOG, REJECTED])),
    (
        FailureKind::Limit,
        entry(
            "a limit of the host was reached, which the message names; the file can raise it",
            &[("see the limits with their defaults", "wmshost keys"), LOG],
        ),
    ),
    (
        FailureKind::Timeout,
        entry(
            "a plugin's call took longer than `call_timeout`: a slow database, or a plugin that does not end",
            &[LOG, ("see `call_timeout`", "wmshost keys"), AGAIN],
        ),
    ),
    (
        FailureKind::Trap,
        entry(
            "a plugin broke off: a mistake in it, or a row that it does not expect; `on_trap = \"quarantine\"` leaves such rows out",
            &[LOG, ("see the plugins with their versions", "wmshost plugin list {file}")],
        ),
    ),
    (FailureKind::Busy, entry("another run holds the stream, or builds the models", &[HOLDER, AGAIN])),
    (FailureKind::Cancelled, entry("it was stopped on request", &[AGAIN])),
    (
        FailureKind::Guard,
        entry(
            "the run would delete more rows than `max_deleted` and `max_deleted_percent` allow: the source may be cut or empty",
            &[
                ("compare the two", "wmshost verify {file} --stream {subject}"),
                (
                    "allow it once, if the rows are to go",
                    "wmshost run {file} --stream {subject} --allow-deletes {subject}",
                ),
            ],
        ),
    ),
];

/// By the state of a stream.
const STATES: [(Health, Entry); 5] = [
    (
        Health::Late,
        entry(
            "no run was begun, all of them failed, or the scheduler does not run or is paused",
            &[
                ("see the due times and what became of them", "wmshost schedule list {file}"),
                ("see the last runs", "wmshost runs list"),
                ("run it now", "wmshost run {file} --stream {subject}"),
            ],
        ),
    ),
    (Health::Rejected, entry("every row that was read breaks a rule: the source or a plugin has changed", &[REJECTED])),
    (Health::Failed, entry("its last run failed; on this machine the history has no more of it", &[LOG, AGAIN])),
    (
        Health::Never,
        entry(
            "no run has loaded it completely",
            &[
                ("see what a run would do", "wmshost plan {file} --stream {subject}"),
                ("run it now", "wmshost run {file} --stream {subject}"),
            ],
        ),
    ),
    (Health::Unknown, entry("the target cannot be read", &[CONNECT])),
];

/// A comparison of a stream found differences.
pub(super) const DIFFERS: Entry = entry(
    "rows were changed late, deleted, or written into the target by others, or a repair was not asked for",
    &[
        ("see which rows differ", "wmshost verify {file} --stream {subject}"),
        ("load them again", "wmshost verify {file} --stream {subject} --repair"),
    ],
);

/// By the outcome of a model.
const MODELS: [(&str, Entry); 3] = [
    (
        "errored",
        entry(
            "the database refused the model's statement, or its rows are not of the declared types",
            &[
                ("see the statement as it is run", "wmshost models compile {file} --select {subject}"),
                ("build again what failed", "wmshost models retry {file}"),
            ],
        ),
    ),
    (
        "failed",
        entry(
            "the rows break a test that is declared for them",
            &[
                ("see the test and rows that fail it", "wmshost models show {file} {subject}"),
                ("test it again, after the rows were mended", "wmshost models test {file} --select {subject}"),
            ],
        ),
    ),
    (
        "skipped",
        entry("a model or stream that it reads failed", &[("build again what failed", "wmshost models retry {file}")]),
    ),
];

/// A run failed, and nothing more is known.
const FAILED: Entry = entry("the message says it", &[LOG, CHECK]);

/// By the outcome of a run of which nothing more is known.
const RUNS: [(RunStatus, Entry); 4] = [
    (
        RunStatus::Interrupted,
        entry(
            "the process was killed, or the machine went down",
            &[LOG, ("run it again: it goes on from its checkpoints", "wmshost run {file}")],
        ),
    ),
    (
        RunStatus::Cancelled,
        entry("it was stopped on request", &[("run it again: it goes on from its checkpoints", "wmshost run {file}")]),
    ),
    (
        RunStatus::Rejected,
        entry(
            "every row of a stream was rejected",
            &[("see the rows and the rules", "wmshost quarantine list {file}")],
        ),
    ),
    (RunStatus::Failed, FAILED),
];

/// All entries.
pub fn entries() -> impl Iterator<Item = Entry> {
    let classes = CLASSES.iter().map(|(_, entry)| *entry);
    let kinds = KINDS.iter().map(|(_, entry)| *entry);
    let states = STATES.iter().map(|(_, entry)| *entry);
    let models = MODELS.iter().map(|(_, entry)| *entry);
    let runs = RUNS.iter().map(|(_, entry)| *entry).chain([DIFFERS]);
    classes.chain(kinds).chain(states).chain(models).chain(runs)
}

fn find<K: PartialEq>(table: &'static [(K, Entry)], key: &K) -> Option<&'static Entry> {
    table.iter().find(|(known, _)| known == key).map(|(_, entry)| entry)
}

/// The entry of a failure: that of the database's error, if it is one.
pub(super) fn of_failure(kind: FailureKind, class: Option<ErrorClass>) -> &'static Entry {
    let of_class = class.and_then(|class| find(&CLASSES, &class));
    of_class.or_else(|| find(&KINDS, &kind)).unwrap_or(&FAILED)
}

/// The entry of a stream's state; `None` if it needs no person.
pub(super) fn of_health(health: Health) -> Option<&'static Entry> {
    find(&STATES, &health)
}

/// The entry of a model's outcome; `None` if it needs no person.
pub(super) fn of_model(status: &str) -> Option<&'static Entry> {
    MODELS.iter().find(|(known, _)| *known == status).map(|(_, entry)| entry)
}

/// The entry of a run's outcome.
pub(super) fn of_run(status: RunStatus) -> &'static Entry {
    find(&RUNS, &status).unwrap_or(&FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_class_and_state_that_needs_a_person_has_an_entry_of_its_own() {
        for class in ErrorClass::ALL {
            assert!(find(&CLASSES, &class).is_some(), "{class:?}");
        }
        for (name, kind) in FailureKind::VALUES {
            assert!(find(&KINDS, kind).is_some(), "{name}");
        }
        for health in Health::ALL {
            assert_eq!(find(&STATES, &health).is_some(), health.is_broken(), "{health:?}");
        }
        for entry in entries() {
            assert!(!entry.cause.is_empty() && !entry.next.is_empty(), "{entry:?}");
        }
    }
}

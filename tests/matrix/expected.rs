//! The oracle: the states that the target may have after each command, computed from the rows and the policies alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::{Cell, Deletes, Late, Method, NullChange};
use crate::history::{Pending, Row};

/// The meanings of a key's columns, as canonical texts.
pub(crate) type Key = Vec<String>;

/// The state of the target under a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// No row.
    Absent,
    /// This version.
    Live(String),
    /// This version, marked as deleted.
    Marked(String),
}

/// A row of the target.
#[derive(Debug)]
pub(crate) struct Found {
    /// The meaning of its key; `None` if a part of it is NULL.
    pub(crate) key: Option<Key>,
    /// The version by which it is named.
    pub(crate) label: String,
    /// Its column `q`.
    pub(crate) q: Option<i64>,
    /// True if it is marked as deleted.
    pub(crate) is_marked: bool,
}

type Options = BTreeSet<State>;

/// The effect of a command on the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// A run by the stream's method.
    Run,
    /// A load that replaces the table.
    Replace,
    /// A comparison that repairs.
    Repair,
    /// A backfill of what changed from one moment up to another.
    Window(i64, i64),
    /// The rows in quarantine, once more.
    Replay,
}

/// The states that the target may have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    keys: BTreeMap<Key, Options>,
    /// True if a run was completed.
    pub(crate) was_loaded: bool,
}

/// The rows of the source by key.
struct Source<'a> {
    good: BTreeMap<Key, Vec<&'a Row>>,
    bad: BTreeSet<Key>,
    /// True if any row does not fit: a comparison deletes no row that such a row may be.
    has_unfit: bool,
}

impl<'a> Source<'a> {
    fn of(rows: &'a [Row], cell: &Cell) -> Self {
        let mut source = Self { good: BTreeMap::new(), bad: BTreeSet::new(), has_unfit: false };
        for row in rows {
            source.has_unfit |= row.bad || row.means().is_none() || is_rejected(row, cell);
            let Some(key) = row.means() else { continue };
            if row.bad || is_rejected(row, cell) {
                source.bad.insert(key);
            } else {
                source.good.entry(key).or_default().push(row);
            }
        }
        source
    }
}

/// True if a row goes into quarantine because it has no change key.
pub(crate) fn is_rejected(row: &Row, cell: &Cell) -> bool {
    row.changed.is_none() && cell.null_change == NullChange::Reject
}

fn only(state: State) -> Options {
    Options::from([state])
}

fn live(rows: &[&Row]) -> Options {
    rows.iter().map(|row| State::Live(row.label())).collect()
}

/// The options when the source no longer has the key.
fn gone(before: &Options, deletes: Deletes) -> Options {
    let after = |state: &State| match (state, deletes) {
        (State::Live(version), Deletes::Soft) => State::Marked(version.clone()),
        (State::Live(_) | State::Marked(_), Deletes::Hard) => State::Absent,
        (state, _) => state.clone(),
    };
    before.iter().map(after).collect()
}

impl Expected {
    /// The options under a key.
    pub(crate) fn under(&self, key: &Key) -> Options {
        self.keys.get(key).cloned().unwrap_or_else(|| only(State::Absent))
    }

    /// All keys that were ever expected.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys()
    }

    /// Updates the options after a completed command.
    pub(crate) fn done(&mut self, effect: Effect, rows: &[Row], cell: &Cell) {
        let source = Source::of(rows, cell);
        let all: BTreeSet<Key> = self.keys.keys().chain(source.good.keys()).chain(&source.bad).cloned().collect();
        for key in all {
            let mut options = self.after(effect, &key, &source, cell);
            if cell.duplicates {
                // A row with an older change key does not replace one with the same key that the source has deleted.
                options.extend(self.under(&key).into_iter().filter(|state| matches!(state, State::Live(_))));
            }
            if source.good.is_empty() {
                // A load of which every row is rejected leaves the table as it is.
                options.extend(self.under(&key));
            }
            self.keys.insert(key, options);
        }
        self.was_loaded |= matches!(effect, Effect::Run | Effect::Replace);
    }

    /// Updates the options after an interrupted command: each key has the old state, or the one after the command.
    pub(crate) fn broken_off(&mut self, effect: Effect, rows: &[Row], cell: &Cell) {
        let before = self.clone();
        self.done(effect, rows, cell);
        for (key, options) in &mut self.keys {
            options.extend(before.under(key));
        }
        self.was_loaded = before.was_loaded;
    }

    fn after(&self, effect: Effect, key: &Key, source: &Source<'_>, cell: &Cell) -> Options {
        let before = self.under(key);
        let none = Vec::new();
        let rows = source.good.get(key).unwrap_or(&none);
        let is_bad = source.bad.contains(key);
        match effect {
            Effect::Run if cell.method == Method::Full => replaced(&before, rows, is_bad, cell),
            Effect::Replace => replaced(&before, rows, is_bad, cell),
            Effect::Run => {
                let read = merged(&before, rows, is_bad, cell);
                if cell.reconciles() { self.reconciled(read, source, key, cell) } else { read }
            }
            Effect::Repair if rows.is_empty() && !is_bad => deleted(&before, source.has_unfit, cell),
            // They do not fit any more: the target keeps what it has.
            Effect::Repair if rows.is_empty() => before,
            Effect::Repair => live(rows),
            Effect::Window(from, to) => {
                let is_within = |row: &&&Row| row.changed.is_some_and(|at| from <= at && at < to);
                let within: Vec<&Row> = rows.iter().filter(is_within).copied().collect();
                match within.is_empty() {
                    true => before,
                    // Of rows that share a key, any may have been the last.
                    false if rows.len() > 1 => live(rows),
                    // The row that was deleted may be newer than the one that has its key now.
                    false if cell.duplicates => before.into_iter().chain(live(&within)).collect(),
                    false => live(&within),
                }
            }
            // What a policy has rejected is rejected once more.
            Effect::Replay => before,
        }
    }

    /// The options after the comparison that follows a load.
    fn reconciled(&self, read: Options, source: &Source<'_>, key: &Key, cell: &Cell) -> Options {
        let none = Vec::new();
        let rows = source.good.get(key).unwrap_or(&none);
        if rows.is_empty() && !source.bad.contains(key) {
            let mut options = deleted(&read, source.has_unfit, cell);
            if !self.was_loaded {
                // A first load compares only if it was interrupted.
                options.extend(read);
            }
            return options;
        }
        match (cell.late, self.was_loaded) {
            (Late::Reconcile, true) if !rows.is_empty() => live(rows),
            // A row that is marked as deleted and is there again is loaded as the source has it.
            (_, true) if !rows.is_empty() => {
                let heals = |state: State| if matches!(state, State::Marked(_)) { live(rows) } else { only(state) };
                read.into_iter().flat_map(heals).collect()
            }
            _ => read,
        }
    }
}

/// The options of a key that the source does not have, after a comparison: unchanged, if a row that does not fit may
/// have it.
fn deleted(before: &Options, has_unfit: bool, cell: &Cell) -> Options {
    let mut options = gone(before, cell.deletes);
    if has_unfit {
        options.extend(before.iter().cloned());
    }
    options
}

/// The options of a table that replaces the old one.
fn replaced(before: &Options, rows: &[&Row], is_bad: bool, cell: &Cell) -> Options {
    if !rows.is_empty() {
        return live(rows);
    }
    let mut options = if cell.deletes == Deletes::Soft { gone(before, Deletes::Soft) } else { only(State::Absent) };
    if is_bad {
        options.extend(before.iter().cloned());
    }
    options
}

/// The options of a key after a run that reads changes, or new rows.
fn merged(before: &Options, rows: &[&Row], is_bad: bool, cell: &Cell) -> Options {
    let is_due = |row: &&&Row| row.pending == Pending::Must;
    // An append does not read a row again that changed after its key was passed.
    let must = rows.iter().filter(is_due).any(|row| cell.method != Method::Append || row.version == 1);
    let may = rows.iter().any(|row| row.pending != Pending::No);
    let mut options = before.clone();
    if may {
        options.extend(live(rows));
    }
    if must && cell.method == Method::Append {
        // An older version may have been read before it changed.
        options.retain(|state| matches!(state, State::Live(_)));
    } else if must && !is_bad {
        options = live(rows);
    } else if must {
        options.remove(&State::Absent);
    }
    options
}

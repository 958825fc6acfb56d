//! The source: its table, its rows, and their changes between two runs. The rows are kept here as well as in the
//! database, so that the expected state of the target is known without any code under test.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_tests::{EPOCH, Numbers};

use crate::cell::{Bad, Cell, Deletes, Late, Method, NullChange};
use crate::source::{self, Source};
use crate::values::{Stored, Value};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// The state of a row for the next run of a stream that only reads changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// It was read since it last changed.
    No,
    /// It may be read: it changed without a new change key, or too late.
    May,
    /// It must be read.
    Must,
}

/// A row of the source.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: u32,
    /// The key; `None` is NULL.
    pub(crate) key: Vec<Option<Value>>,
    pub(crate) version: u32,
    /// True if its column `q` holds a value that does not fit.
    pub(crate) bad: bool,
    /// The change key in microseconds since 1970; `None` is NULL.
    pub(crate) changed: Option<i64>,
    pub(crate) pending: Pending,
}

impl Row {
    /// The meaning of the key; `None` if a part of it is NULL or does not fit.
    pub(crate) fn means(&self) -> Option<Vec<String>> {
        self.key.iter().map(|value| value.as_ref()?.means.clone()).collect()
    }

    /// The name of this version, in the column `v`.
    pub(crate) fn label(&self) -> String {
        format!("r{}.{}", self.id, self.version)
    }

    fn tag(&self) -> String {
        format!("r{}", self.id)
    }
}

/// The source's table.
pub(crate) struct History<'a> {
    cell: &'a Cell,
    source: Source,
    numbers: Numbers,
    pub(crate) rows: Vec<Row>,
    /// Keys that no row had yet, in ascending order.
    unused: Vec<Vec<Value>>,
    next_id: u32,
    /// The latest change key that each key ever had: only `verify` finds rows of a database that restores older
    /// timestamps.
    latest: BTreeMap<Vec<String>, i64>,
    clock: i64,
    /// Rows with an unusable key that were added between runs.
    misfits: u8,
    /// The latest change key at the last run that was tried.
    watermark: i64,
    /// True if a run was tried.
    tried: bool,
    /// Every statement, for a reproduction.
    pub(crate) statements: Vec<String>,
}

impl<'a> History<'a> {
    /// An empty table.
    pub(crate) fn new(cell: &'a Cell, source: Source) -> Self {
        let numbers = Numbers(cell.seed ^ 0x5eed);
        let (rows, statements, unused) = (Vec::new(), Vec::new(), Vec::new());
        let mut history = Self {
            cell,
            source,
            numbers,
            rows,
            unused,
            next_id: 1,
            latest: BTreeMap::new(),
            clock: EPOCH,
            misfits: 0,
            watermark: EPOCH,
            tried: false,
            statements,
        };
        for statement in source::definitions(cell) {
            history.execute(&statement, &[]);
        }
        history.unused = keys(cell, &mut history.numbers);
        history
    }

    fn execute(&mut self, statement: &str, values: &[Stored]) {
        self.statements.push(spelled_out(statement, values));
        self.source.execute(statement, values);
    }

    /// The rows of the first run.
    pub(crate) fn begin(&mut self) {
        let count = 4 + self.numbers.place(24);
        for _ in 0..count {
            self.insert();
        }
        // A key that is NULL or does not fit is among the first rows of each cell that has the dimension.
        if self.cell.null_in_key {
            self.insert_with(|key, numbers| {
                let at = numbers.place(key.len());
                key[at] = None;
            });
        }
        if self.cell.bad == Bad::Key {
            let family = self.cell.kind().family;
            self.insert_with(|key, _| key[0] = family.misfit());
        }
        if self.cell.duplicates {
            self.insert_duplicate();
        }
    }

    /// Changes rows between two runs.
    pub(crate) fn change(&mut self) {
        for _ in 0..1 + self.numbers.place(5) {
            self.update(false);
        }
        for _ in 0..self.numbers.place(5) {
            self.insert();
        }
        for _ in 0..self.numbers.place(4) {
            self.delete();
        }
        if self.cell.duplicates && self.numbers.chance(50) {
            self.insert_duplicate();
        }
        if self.cell.bad == Bad::Key && self.numbers.chance(50) {
            self.misfits += 1;
            if let Some(misfit) = self.cell.kind().family.added_misfit(self.misfits) {
                self.insert_with(|key, _| key[0] = Some(misfit));
            }
        }
    }

    /// Changes rows without a new change key: only a comparison or a backfill finds them.
    pub(crate) fn change_silently(&mut self) {
        for _ in 0..1 + self.numbers.place(3) {
            self.update(true);
        }
    }

    /// Corrects every value that does not fit, so that a stream that fails because of them can continue.
    pub(crate) fn mend(&mut self) {
        for at in 0..self.rows.len() {
            if self.rows[at].bad {
                self.rows[at].bad = false;
                self.rewrite(at, false);
            }
        }
        let unfit = |row: &Row| row.key.iter().any(|part| part.as_ref().is_none_or(|value| value.means.is_none()));
        let doomed: Vec<String> = self.rows.iter().filter(|row| unfit(row)).map(Row::tag).collect();
        for tag in doomed {
            self.execute(&format!("DELETE FROM {} WHERE tag = ?1", self.cell.table()), &[Stored::Text(tag.clone())]);
            self.rows.retain(|row| row.tag() != tag);
        }
    }

    /// Records that a run was tried: late rows are late for it.
    pub(crate) fn was_tried(&mut self) {
        self.tried = true;
        self.watermark =
            self.rows.iter().filter_map(|row| row.changed).max().unwrap_or(self.watermark).max(self.watermark);
    }

    /// Records that a run has read everything that it must.
    pub(crate) fn was_read(&mut self) {
        let always = self.cell.null_change == NullChange::Include && self.cell.method == Method::Incremental;
        for row in &mut self.rows {
            row.pending = if always && row.changed.is_none() { Pending::Must } else { Pending::No };
        }
    }

    fn insert(&mut self) {
        self.insert_with(|_, _| {});
    }

    fn insert_with(&mut self, change: impl FnOnce(&mut Vec<Option<Value>>, &mut Numbers)) {
        if self.unused.is_empty() {
            return;
        }
        let appends = self.cell.method == Method::Append;
        let at = if appends { 0 } else { self.numbers.place(self.unused.len()) };
        let mut key = self.unused.remove(at).into_iter().map(Some).collect();
        change(&mut key, &mut self.numbers);
        self.add(key);
    }

    fn insert_duplicate(&mut self) {
        let good: Vec<_> = self.rows.iter().filter(|row| row.means().is_some()).map(|row| row.key.clone()).collect();
        if !good.is_empty() {
            let key = self.numbers.pick(&good);
            self.add(key);
            if let (Method::Append, true, Some(row)) = (self.cell.method, self.tried, self.rows.last_mut()) {
                // Its key was passed.
                row.pending = Pending::May;
            }
        }
    }

    fn add(&mut self, key: Vec<Option<Value>>) {
        let bad = self.is_bad();
        let mut row = Row { id: self.next_id, key, version: 1, bad, changed: None, pending: Pending::No };
        (row.changed, row.pending) = self.next_change(&row, true);
        self.next_id += 1;
        let mut values: Vec<Stored> = row.key.iter().map(stored).collect();
        values.extend([
            Stored::Text(row.tag()),
            Stored::Text(row.label()),
            source::q(&row),
            self.changed_cell(row.changed),
        ]);
        let marks: Vec<_> = (1..=values.len()).map(|at| format!("?{at}")).collect();
        self.execute(&format!("INSERT INTO {} VALUES ({})", self.cell.table(), marks.join(", ")), &values);
        self.rows.push(row);
    }

    fn is_bad(&mut self) -> bool {
        matches!(self.cell.bad, Bad::Reject | Bad::Fail) && self.numbers.chance(12)
    }

    fn update(&mut self, silently: bool) {
        if self.rows.is_empty() {
            return;
        }
        let at = self.numbers.place(self.rows.len());
        self.rows[at].bad = self.is_bad();
        self.rewrite(at, silently);
    }

    /// Writes a new version of a row.
    fn rewrite(&mut self, at: usize, silently: bool) {
        let before = self.rows[at].clone();
        let (changed, pending) = if silently {
            (before.changed, if before.pending == Pending::Must { Pending::Must } else { Pending::May })
        } else {
            self.next_change(&before, false)
        };
        let row = &mut self.rows[at];
        (row.version, row.changed, row.pending) = (before.version + 1, changed, pending);
        let row = row.clone();
        let values = [Stored::Text(row.tag()), Stored::Text(row.label()), source::q(&row), self.changed_cell(changed)];
        let update = format!("UPDATE {} SET v = ?2, q = ?3, changed = ?4 WHERE tag = ?1", self.cell.table());
        self.execute(&update, &values);
    }

    fn delete(&mut self) {
        if self.rows.len() < 2 {
            return;
        }
        let at = self.numbers.place(self.rows.len());
        let row = self.rows.remove(at);
        self.execute(&format!("DELETE FROM {} WHERE tag = ?1", self.cell.table()), &[Stored::Text(row.tag())]);
        // The key may be inserted again, except where rows are only ever added.
        let key: Option<Vec<Value>> = row.key.into_iter().collect();
        let fits = |key: &Vec<Value>| key.iter().all(|value| value.means.is_some());
        if let Some(key) = key.filter(fits).filter(|_| self.cell.method != Method::Append) {
            self.unused.push(key);
        }
    }

    /// A change key for a row that changes now, and whether the next run must read it.
    fn next_change(&mut self, row: &Row, is_new: bool) -> (Option<i64>, Pending) {
        let (changed, pending) = self.later_change(row, is_new);
        if let (Some(key), Some(changed)) = (row.means(), changed) {
            let latest = self.latest.entry(key).or_insert(changed);
            *latest = changed.max(*latest);
        }
        (changed, pending)
    }

    fn later_change(&mut self, row: &Row, is_new: bool) -> (Option<i64>, Pending) {
        let Cell { method, null_change, late, deletes, .. } = *self.cell;
        let was_must = row.pending == Pending::Must;
        if null_change != NullChange::None && self.numbers.chance(15) {
            let must = null_change == NullChange::Include || is_new && !self.tried;
            return (None, if must { Pending::Must } else { Pending::May });
        }
        if method == Method::Append && !is_new {
            return (Some(self.advance()), if was_must { Pending::Must } else { Pending::May });
        }
        let latest = row.means().and_then(|key| self.latest.get(&key).copied());
        let has_returned = is_new && self.tried && latest.is_some();
        if has_returned && deletes == Deletes::Soft && late == Late::None && self.numbers.chance(60) {
            // A row that was deleted is there again as it was long ago: a comparison of keys finds it if it is marked.
            return (Some(EPOCH - DAY * (1 + self.numbers.below(20) as i64)), Pending::May);
        }
        let floor = latest.or(row.changed).unwrap_or(EPOCH);
        if self.tried && self.numbers.chance(40) {
            let back = match late {
                Late::None => None,
                Late::Lookback if self.cell.change.grain() == DAY => Some((0, Pending::Must)),
                Late::Lookback => Some((self.numbers.below(119) as i64 * MINUTE, Pending::Must)),
                Late::Reconcile => Some((DAY * (1 + self.numbers.below(20) as i64), Pending::May)),
            };
            if let Some((back, pending)) = back
                && self.watermark - back >= floor
            {
                let pending = if was_must { Pending::Must } else { pending };
                // A row that had to be read anyway and is late now may be missed by the reading of changes.
                let pending = if back >= DAY { Pending::May } else { pending };
                return (Some(self.watermark - back), pending);
            }
        }
        (Some(self.advance()), Pending::Must)
    }

    /// The next moment of the source's clock, in the precision of the change key.
    fn advance(&mut self) -> i64 {
        let is_tie = self.cell.ties && self.numbers.chance(60);
        let step = match (is_tie, self.cell.change.grain()) {
            (true, _) => 0,
            (_, 1) => match self.numbers.below(3) {
                0 => 1 + self.numbers.below(10) as i64,
                1 => 1_000_000 * (1 + self.numbers.below(60) as i64),
                _ => MINUTE * (1 + self.numbers.below(600) as i64),
            },
            (_, DAY) => DAY * (1 + self.numbers.below(3) as i64),
            (_, grain) => grain * (1 + self.numbers.below(9_000) as i64),
        };
        self.clock += step;
        self.clock
    }

    fn changed_cell(&mut self, changed: Option<i64>) -> Stored {
        let Some(micros) = changed else { return Stored::Null };
        let spelling = self.numbers.draw() >> 8;
        source::changed(self.cell, micros, spelling)
    }
}

fn stored(value: &Option<Value>) -> Stored {
    value.as_ref().map_or(Stored::Null, |value| value.stored.clone())
}

/// All keys of a cell, in ascending order.
fn keys(cell: &Cell, numbers: &mut Numbers) -> Vec<Vec<Value>> {
    let plain = cell.method == Method::Append;
    let collation = source::collation(cell);
    let columns = cell.kinds().count();
    let per_column = |at: usize| match (columns, at) {
        (1, _) => 60,
        (_, 0) => 8,
        _ => 4,
    };
    let mut all: Vec<Vec<Value>> = vec![Vec::new()];
    for (at, kind) in cell.kinds().enumerate() {
        let collation = if at == 0 { collation } else { "BINARY" };
        let values = kind.family.ascending(per_column(at), collation, plain, numbers);
        all = all
            .into_iter()
            .flat_map(|key| values.iter().map(move |value| [key.clone(), vec![value.clone()]].concat()))
            .collect();
    }
    let mut taken = BTreeSet::new();
    while taken.len() < all.len().min(60) {
        taken.insert(numbers.place(all.len()));
    }
    taken.into_iter().map(|at| all[at].clone()).collect()
}

/// A statement with its values in it.
pub(crate) fn spelled_out(statement: &str, values: &[Stored]) -> String {
    let mut text = statement.to_owned();
    for (at, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("?{}", at + 1), &source::literal(value));
    }
    text
}

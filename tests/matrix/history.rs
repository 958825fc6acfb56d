//! The source: its table, its rows, and what happens to them between two runs. The rows are kept here as well as in
//! the database, so that what the target must hold is known without asking any code under test.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};
use wmshost_tests::Numbers;

use crate::cell::{Bad, Cell, Change, Encoding, Late, Method, NullChange, Shape};
use crate::values::{EPOCH, Value, day_text, moment_text, spelled};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// How the next run of a stream that only reads changes meets a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// It was read since it last changed.
    No,
    /// It may be read: it changed without a sign, or too late.
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
    /// Whether its column `q` holds what does not fit.
    pub(crate) bad: bool,
    /// The change key in microseconds since 1970; `None` is NULL.
    pub(crate) changed: Option<i64>,
    pub(crate) pending: Pending,
}

impl Row {
    /// What the key means; `None` if a part of it is NULL or does not fit.
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
    connection: Connection,
    numbers: Numbers,
    pub(crate) rows: Vec<Row>,
    /// Keys that no row had yet, in ascending order.
    unused: Vec<Vec<Value>>,
    next_id: u32,
    /// The latest change key that each key ever had: a database that restores older moments is for `verify` to find.
    latest: BTreeMap<Vec<String>, i64>,
    clock: i64,
    /// The latest change key of the last run that was tried.
    watermark: i64,
    /// Whether a run was tried.
    tried: bool,
    /// Every statement, for a reproduction.
    pub(crate) statements: Vec<String>,
}

impl<'a> History<'a> {
    /// An empty table in a new file.
    pub(crate) fn new(cell: &'a Cell, connection: Connection) -> Self {
        let numbers = Numbers(cell.seed ^ 0x5eed);
        let (rows, statements, unused) = (Vec::new(), Vec::new(), Vec::new());
        let mut history = Self {
            cell,
            connection,
            numbers,
            rows,
            unused,
            next_id: 1,
            latest: BTreeMap::new(),
            clock: EPOCH,
            watermark: EPOCH,
            tried: false,
            statements,
        };
        let encoding = match cell.encoding {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16le => "UTF-16le",
            Encoding::Utf16be => "UTF-16be",
        };
        history.execute(&format!("PRAGMA encoding = '{encoding}'"), &[]);
        history.execute("PRAGMA synchronous = OFF", &[]);
        for statement in table(cell) {
            history.execute(&statement, &[]);
        }
        history.unused = keys(cell, &mut history.numbers);
        history
    }

    fn execute(&mut self, statement: &str, values: &[Stored]) {
        let mut text = statement.to_owned();
        for (at, value) in values.iter().enumerate().rev() {
            text = text.replace(&format!("?{}", at + 1), &literal(value));
        }
        self.statements.push(text);
        // A pragma returns its value.
        let mut prepared = self.connection.prepare(statement).expect("a statement");
        let mut rows = prepared.query(params_from_iter(values)).expect("a statement that runs");
        while rows.next().expect("a statement that runs").is_some() {}
    }

    /// The rows of the first run.
    pub(crate) fn begin(&mut self) {
        let count = 4 + self.numbers.place(24);
        for _ in 0..count {
            self.insert();
        }
        // A key that is NULL or does not fit is among the first rows of each cell that asks for it.
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

    /// What happens between two runs.
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
    }

    /// Rows that change without a new change key: only a comparison or a backfill finds them.
    pub(crate) fn change_silently(&mut self) {
        for _ in 0..1 + self.numbers.place(3) {
            self.update(true);
        }
    }

    /// Puts right every value that does not fit, so that a stream that fails by them can go on.
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
            self.execute("DELETE FROM t WHERE tag = ?1", &[Stored::Text(tag.clone())]);
            self.rows.retain(|row| row.tag() != tag);
        }
    }

    /// Notes that a run was tried: what is late is late for it.
    pub(crate) fn was_tried(&mut self) {
        self.tried = true;
        self.watermark =
            self.rows.iter().filter_map(|row| row.changed).max().unwrap_or(self.watermark).max(self.watermark);
    }

    /// Notes that a run has read all that it must.
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
        values.extend([Stored::Text(row.tag()), Stored::Text(row.label()), q(&row), self.changed_cell(row.changed)]);
        let marks: Vec<_> = (1..=values.len()).map(|at| format!("?{at}")).collect();
        self.execute(&format!("INSERT INTO t VALUES ({})", marks.join(", ")), &values);
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
        let values = [Stored::Text(row.tag()), Stored::Text(row.label()), q(&row), self.changed_cell(changed)];
        self.execute("UPDATE t SET v = ?2, q = ?3, changed = ?4 WHERE tag = ?1", &values);
    }

    fn delete(&mut self) {
        if self.rows.len() < 2 {
            return;
        }
        let at = self.numbers.place(self.rows.len());
        let row = self.rows.remove(at);
        self.execute("DELETE FROM t WHERE tag = ?1", &[Stored::Text(row.tag())]);
        // The key may come back; not where rows are only ever added.
        let key: Option<Vec<Value>> = row.key.into_iter().collect();
        let fits = |key: &Vec<Value>| key.iter().all(|value| value.means.is_some());
        if let Some(key) = key.filter(fits).filter(|_| self.cell.method != Method::Append) {
            self.unused.push(key);
        }
    }

    /// A change key for a row that changes now, and whether the next run must see it.
    fn next_change(&mut self, row: &Row, is_new: bool) -> (Option<i64>, Pending) {
        let (changed, pending) = self.later_change(row, is_new);
        if let (Some(key), Some(changed)) = (row.means(), changed) {
            let latest = self.latest.entry(key).or_insert(changed);
            *latest = changed.max(*latest);
        }
        (changed, pending)
    }

    fn later_change(&mut self, row: &Row, is_new: bool) -> (Option<i64>, Pending) {
        let Cell { method, null_change, late, .. } = *self.cell;
        let was_must = row.pending == Pending::Must;
        if null_change != NullChange::None && self.numbers.chance(15) {
            let must = null_change == NullChange::Include || is_new && !self.tried;
            return (None, if must { Pending::Must } else { Pending::May });
        }
        if method == Method::Append && !is_new {
            return (Some(self.advance()), if was_must { Pending::Must } else { Pending::May });
        }
        let latest = row.means().and_then(|key| self.latest.get(&key).copied());
        let floor = latest.or(row.changed).unwrap_or(EPOCH);
        if self.tried && self.numbers.chance(40) {
            let back = match late {
                Late::None => None,
                Late::Lookback if self.cell.change == Change::Day => Some((0, Pending::Must)),
                Late::Lookback => Some((self.numbers.below(119) as i64 * MINUTE, Pending::Must)),
                Late::Reconcile => Some((DAY * (1 + self.numbers.below(20) as i64), Pending::May)),
            };
            if let Some((back, pending)) = back
                && self.watermark - back >= floor
            {
                let pending = if was_must { Pending::Must } else { pending };
                // A row that was to be read anyway and is late now may be missed by the read of changes.
                let pending = if back >= DAY { Pending::May } else { pending };
                return (Some(self.watermark - back), pending);
            }
        }
        (Some(self.advance()), Pending::Must)
    }

    /// The next moment of the source's clock, in the precision of the change key.
    fn advance(&mut self) -> i64 {
        let is_tie = self.cell.ties && self.numbers.chance(60);
        let step = match (is_tie, self.cell.change) {
            (true, _) => 0,
            (_, Change::Micros | Change::Mixed | Change::Zoned) => match self.numbers.below(3) {
                0 => 1 + self.numbers.below(10) as i64,
                1 => 1_000_000 * (1 + self.numbers.below(60) as i64),
                _ => MINUTE * (1 + self.numbers.below(600) as i64),
            },
            (_, Change::Seconds | Change::Date) => 1_000_000 * (1 + self.numbers.below(9_000) as i64),
            (_, Change::Day) => DAY * (1 + self.numbers.below(3) as i64),
        };
        self.clock += step;
        self.clock
    }

    fn changed_cell(&mut self, changed: Option<i64>) -> Stored {
        let Some(micros) = changed else { return Stored::Null };
        let spelling = self.numbers.draw() >> 8;
        Stored::Text(match self.cell.change {
            Change::Micros => moment_text(micros),
            Change::Seconds | Change::Date => moment_text(micros)[..19].to_owned(),
            Change::Mixed => spelled(micros, false, spelling),
            Change::Zoned => spelled(micros, true, spelling),
            Change::Day => day_text(micros),
        })
    }
}

fn stored(value: &Option<Value>) -> Stored {
    value.as_ref().map_or(Stored::Null, |value| value.stored.clone())
}

fn q(row: &Row) -> Stored {
    if row.bad { Stored::Text("n/a".to_owned()) } else { Stored::Integer(i64::from(row.id * 100 + row.version)) }
}

fn literal(value: &Stored) -> String {
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(value) => value.to_string(),
        Stored::Real(value) => format!("{value:?}"),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

/// The declared type of the change key.
pub(crate) fn change_type(cell: &Cell) -> &'static str {
    match cell.change {
        _ if cell.shape == Shape::Strict => "TEXT",
        Change::Micros => "TIMESTAMP(6)",
        Change::Seconds => "TIMESTAMP(0)",
        Change::Date => "DATE",
        Change::Mixed => "DATETIME",
        Change::Zoned => "TIMESTAMP WITH TIME ZONE",
        Change::Day => "DATE_ONLY",
    }
}

/// The statements that make the table.
fn table(cell: &Cell) -> Vec<String> {
    let names: Vec<String> = (1..=cell.kinds().count()).map(|at| format!("k{at}")).collect();
    let collation = match cell.collation_name() {
        "BINARY" => String::new(),
        name => format!(" COLLATE {name}"),
    };
    let mut columns: Vec<String> = Vec::new();
    for (at, kind) in cell.kinds().enumerate() {
        let collation = if at == 0 { collation.as_str() } else { "" };
        columns.push(format!("k{} {}{collation}", at + 1, kind.declared));
    }
    columns.extend(["tag TEXT", "v TEXT", "q INTEGER"].map(str::to_owned));
    columns.push(format!("changed {}", change_type(cell)));
    let key = names.join(", ");
    let (constraint, behind) = match cell.shape {
        Shape::PrimaryKey => (format!(", PRIMARY KEY ({key})"), ""),
        Shape::WithoutRowid => (format!(", PRIMARY KEY ({key})"), " WITHOUT ROWID"),
        Shape::Strict => (format!(", PRIMARY KEY ({key})"), " STRICT"),
        Shape::UniqueIndex | Shape::NoConstraint => (String::new(), ""),
    };
    let mut all = vec![format!("CREATE TABLE t ({}{constraint}){behind}", columns.join(", "))];
    if cell.shape == Shape::UniqueIndex {
        all.push(format!("CREATE UNIQUE INDEX t_key ON t ({key})"));
    }
    all
}

/// All keys of a cell, in ascending order.
fn keys(cell: &Cell, numbers: &mut Numbers) -> Vec<Vec<Value>> {
    let plain = cell.method == Method::Append;
    let collation = if cell.shape == Shape::NoConstraint { "BINARY" } else { cell.collation_name() };
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

//! The story of one cell: runs, changes between them, an interruption, a command afterwards, and the checks after each.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wmshost_flow::{Comparison, Window};
use wmshost_runtime::PluginRegistry;
use wmshost_tests::EPOCH;

use crate::cell::{Bad, Cell, FollowUp, Method, When};
use crate::expected::{Effect, Expected, Key, State, is_rejected};
use crate::faults::Trap;
use crate::history::{History, Pending, Row};
use crate::test_bed::{Ended, TestBed, untrapped};

const DAY: i64 = 86_400_000_000;

/// The verdict on a cell.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// All checks passed.
    Held(Facts),
    /// The stream was refused before anything was written, with this message.
    Refused(String),
    /// A check failed; with everything that is needed to reproduce it.
    Broken(String),
}

/// The facts about a cell that passed.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// True if the interruption happened.
    pub(crate) was_broken_off: bool,
    /// The number of rows in the target at the end.
    pub(crate) rows: usize,
    /// The number of rows in quarantine at the end.
    pub(crate) quarantined: usize,
    /// Points of the flow that no breakage names.
    pub(crate) unknown_points: Vec<&'static str>,
}

/// The reason why a cell does not go on.
enum Stop {
    Refused(String),
    Broken(String),
}

type Held = Result<(), Stop>;

struct Story<'a> {
    cell: &'a Cell,
    bed: TestBed<'a>,
    history: History<'a>,
    expected: Expected,
    facts: Facts,
    steps: Vec<String>,
    strangers: Vec<String>,
}

/// Runs the story of a cell; a panic is a verdict too.
pub(crate) fn tell(cell: &Cell, registry: &PluginRegistry) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| reported(cell, registry))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
        Verdict::Broken(format!("{cell}\n  it panicked: {text}"))
    })
}

fn reported(cell: &Cell, registry: &PluginRegistry) -> Verdict {
    let bed = TestBed::new(cell, registry);
    let history = History::new(cell, bed.place.source());
    let strangers = bed.place.strangers();
    let mut story = Story {
        cell,
        bed,
        history,
        expected: Expected::default(),
        facts: Facts::default(),
        steps: Vec::new(),
        strangers,
    };
    match story.go() {
        Ok(()) => Verdict::Held(story.facts),
        Err(Stop::Refused(why)) => Verdict::Refused(why),
        Err(Stop::Broken(what)) => Verdict::Broken(format!(
            "{cell}\n  {what}\nSource and steps:\n  {}\nLedger:\n  {}\nPipeline:\n{}",
            story.steps_and_statements(),
            story.bed.place.ledger().join("\n  "),
            story.bed.place.text(cell)
        )),
    }
}

impl Story<'_> {
    fn go(&mut self) -> Held {
        self.history.begin();
        self.run_until_done(When::First)?;
        self.history.change();
        self.run_until_done(When::Second)?;
        self.history.change();
        self.follow_up()?;
        self.settle()
    }

    /// A line of the reproduction.
    fn step(&mut self, text: String) {
        self.history.statements.push(format!("-- {text}"));
        self.steps.push(text);
    }

    fn steps_and_statements(&self) -> String {
        self.history.statements.join(";\n  ")
    }

    fn trap(&self, when: When) -> Arc<Trap> {
        if self.cell.when == when { Trap::new(self.cell.breakage, self.cell.occurrence) } else { untrapped() }
    }

    /// A run, which the cell may interrupt, and then, after more changes, one that is completed.
    fn run_until_done(&mut self, when: When) -> Held {
        let trap = self.trap(when);
        if !self.run(Effect::Run, &trap)? {
            self.history.change();
            self.run_to_the_end(Effect::Run)?;
        }
        Ok(())
    }

    /// A run without interruption. Values that make it fail are corrected, and then it must succeed.
    fn run_to_the_end(&mut self, effect: Effect) -> Held {
        if self.run(effect, &untrapped())? {
            return Ok(());
        }
        self.broken("it did not come to its end".to_owned())
    }

    /// Runs the stream; `false` if it was interrupted.
    fn run(&mut self, effect: Effect, trap: &Arc<Trap>) -> Result<bool, Stop> {
        let window = match effect {
            Effect::Window(from, to) => Some(self.window(from, to)),
            _ => None,
        };
        self.history.was_tried();
        let ended = self.bed.run(effect == Effect::Replace, window.clone(), trap);
        self.step(format!("{effect:?}: {}", outline(&ended)));
        self.note(trap);
        match ended {
            Ended::Done(_) => {
                self.expected.done(effect, &self.history.rows, self.cell);
                self.check_target()?;
                if effect == Effect::Run || effect == Effect::Replace {
                    self.check_quarantine()?;
                    self.history.was_read();
                }
                Ok(true)
            }
            Ended::Refused(why) if !trap.was_sprung() => self.was_refused(&why).map(|()| false),
            Ended::Failed(why) if !trap.was_sprung() => {
                self.expected.broken_off(effect, &self.history.rows, self.cell);
                self.check_target()?;
                self.check_cause(&why)?;
                self.history.mend();
                self.run(effect, &untrapped())
            }
            _ => {
                self.expected.broken_off(effect, &self.history.rows, self.cell);
                self.check_target()?;
                Ok(false)
            }
        }
    }

    fn note(&mut self, trap: &Trap) {
        self.facts.was_broken_off |= trap.was_sprung();
        self.facts.unknown_points.extend(trap.unknown_points());
    }

    /// Checks that a stream failed for a valid reason: only because of a value that does not fit or a duplicate key,
    /// and naming its column.
    fn check_cause(&mut self, why: &str) -> Held {
        let names_key = (1..=self.cell.kinds().count()).any(|at| why.contains(&format!("k{at}")));
        let has_misfit = self.history.rows.iter().any(|row| row.bad || row.means().is_none());
        if self.cell.bad == Bad::Fail && has_misfit && (why.contains('q') || names_key) {
            return Ok(());
        }
        if names_key && self.is_of_another_type(why) {
            return Err(Stop::Refused(why.to_owned()));
        }
        if self.cell.duplicates && names_key && !why.contains("is NULL") {
            return Err(Stop::Refused(why.to_owned()));
        }
        self.broken(format!("it failed: {why}"))
    }

    /// True if a column has another type than in the runs before. The type of a column that declares none depends on
    /// its rows: a bookmark or a table of the type of other rows is refused, before a row is lost.
    fn is_of_another_type(&self, why: &str) -> bool {
        let is_measured = self.cell.kinds().any(|kind| kind.may_be_refused);
        let says = ["the bookmark cannot be used", "no type holds both", "the method append would miss it"];
        is_measured && says.iter().any(|words| why.contains(words))
    }

    /// Checks that a refusal comes before anything is written, and names the column.
    fn was_refused(&mut self, why: &str) -> Held {
        let names = (1..=self.cell.kinds().count()).map(|at| format!("k{at}")).chain(["changed".to_owned()]);
        let tables = self.bed.place.tables();
        if !self.is_of_another_type(why) && (!tables.is_empty() || self.expected.was_loaded) {
            return self.broken(format!("it was refused after something was written ({tables:?}): {why}"));
        }
        if !self.cell.kinds().any(|kind| kind.may_be_refused) {
            return self.broken(format!("a key that has an order was refused: {why}"));
        }
        if !names.into_iter().any(|name| why.contains(&name)) {
            return self.broken(format!("the refusal names no column: {why}"));
        }
        Err(Stop::Refused(why.to_owned()))
    }

    fn window(&self, from: i64, to: i64) -> Window {
        Window { start: self.cell.change.value(from), end: self.cell.change.value(to) }
    }

    fn follow_up(&mut self) -> Held {
        let trap = self.trap(When::FollowUp);
        match self.cell.follow_up {
            FollowUp::Run => self.command(Effect::Run, &trap),
            FollowUp::FullRefresh => self.command(Effect::Replace, &trap),
            FollowUp::Backfill => {
                let end = self.history.rows.iter().filter_map(|row| row.changed).max().unwrap_or(EPOCH);
                let whole = Effect::Window(EPOCH, end + DAY);
                self.history.change_silently();
                self.command(whole, &trap)?;
                // What was done once can be done again.
                self.history.change_silently();
                let forgotten = self.bed.forget(self.window(EPOCH, end + DAY));
                self.step(format!("Forget: {}", outline(&forgotten)));
                self.command(whole, &untrapped())
            }
            FollowUp::Verify => {
                self.history.change_silently();
                self.verify(&trap).map(drop)
            }
            FollowUp::Repair => {
                self.history.change_silently();
                let ended = self.bed.verify(true, &trap);
                self.after_other(Effect::Repair, &ended, &trap)
            }
            FollowUp::Replay => {
                let ended = self.bed.replay(&trap);
                self.after_other(Effect::Replay, &ended, &trap)
            }
        }
    }

    fn command(&mut self, effect: Effect, trap: &Arc<Trap>) -> Held {
        if self.run(effect, trap)? { Ok(()) } else { self.run_to_the_end(effect) }
    }

    fn after_other<T: std::fmt::Debug>(&mut self, effect: Effect, ended: &Ended<T>, trap: &Trap) -> Held {
        self.step(format!("{effect:?}: {}", outline(ended)));
        self.note(trap);
        match ended {
            Ended::Done(_) => self.expected.done(effect, &self.history.rows, self.cell),
            Ended::Failed(why) | Ended::Refused(why) if !trap.was_sprung() => {
                self.expected.broken_off(effect, &self.history.rows, self.cell);
                self.check_target()?;
                return self.check_cause(why);
            }
            _ => self.expected.broken_off(effect, &self.history.rows, self.cell),
        }
        self.check_target()
    }

    /// Compares, and checks that it reports equality only of equal rows.
    fn verify(&mut self, trap: &Arc<Trap>) -> Result<Option<Comparison>, Stop> {
        let ended = self.bed.verify(false, trap);
        self.step(format!("Verify: {}", outline(&ended)));
        self.note(trap);
        self.check_target()?;
        match ended {
            Ended::Done(found) => {
                self.check_comparison(&found)?;
                Ok(Some(found))
            }
            Ended::Failed(why) | Ended::Refused(why) if !trap.was_sprung() => self.check_cause(&why).map(|()| None),
            _ => Ok(None),
        }
    }

    /// The last run: it reads everything that has happened, and source and target are compared.
    fn settle(&mut self) -> Held {
        self.history.change();
        self.run_to_the_end(Effect::Run)?;
        self.verify(&untrapped())?;
        let ended = self.bed.verify(true, &untrapped());
        self.after_other(Effect::Repair, &ended, &untrapped())?;
        self.verify(&untrapped())?;
        self.facts.quarantined = self.bed.place.quarantined().len();
        Ok(())
    }

    fn broken<T>(&self, what: String) -> Result<T, Stop> {
        Err(Stop::Broken(what))
    }

    /// The state of the target under each key.
    fn found(&self) -> Result<BTreeMap<Key, State>, Stop> {
        let mut found = BTreeMap::new();
        for row in self.bed.place.found(self.cell) {
            let Some(key) = row.key else { return self.broken("the target has a key with NULL".to_owned()) };
            self.check_values(&key, &row.label, row.q)?;
            let state = if row.is_marked { State::Marked(row.label) } else { State::Live(row.label) };
            if found.insert(key.clone(), state).is_some() {
                return self.broken(format!("the target has the key {key:?} twice"));
            }
        }
        Ok(found)
    }

    /// Checks that all columns of a row are of the version that it is named by.
    fn check_values(&self, key: &Key, label: &str, q: Option<i64>) -> Held {
        let parts = label
            .trim_start_matches('r')
            .split_once('.')
            .and_then(|(id, version)| Some((id.parse::<i64>().ok()?, version.parse::<i64>().ok()?)));
        match (parts, q) {
            (Some((id, version)), Some(value)) if value == id * 100 + version => Ok(()),
            _ => self.broken(format!("{key:?}: {label} has {q:?} in its column q")),
        }
    }

    fn check_target(&mut self) -> Held {
        if self.bed.place.strangers() != self.strangers {
            return self.broken("a stranger's table was touched".to_owned());
        }
        let found = self.found()?;
        self.facts.rows = found.len();
        for (key, state) in &found {
            let options = self.expected.under(key);
            if !options.contains(state) {
                return self.broken(format!("key {key:?}: the target has {state:?}, expected {options:?}"));
            }
        }
        let lost = self
            .expected
            .keys()
            .find(|key| !found.contains_key(*key) && !self.expected.under(key).contains(&State::Absent));
        match lost {
            Some(key) => {
                self.broken(format!("key {key:?}: the target has nothing, expected {:?}", self.expected.under(key)))
            }
            None => Ok(()),
        }
    }

    /// Checks that every row that was read and does not fit is in quarantine, and no row that was loaded since.
    fn check_quarantine(&mut self) -> Held {
        let rows = self.bed.place.quarantined();
        let must_be_there = |row: &&Row| {
            let unfit = row.bad || row.means().is_none() || is_rejected(row, self.cell);
            unfit && (row.pending == Pending::Must || self.cell.method == Method::Full)
        };
        // An append reads the rows after the last key, once: one that changed may have been read before, and one that has
        // an earlier row's key is not after the last. Rows without a whole key are met by every run.
        let appends = self.cell.method == Method::Append;
        let is_read = |row: &&Row| !appends || row.means().is_none() || row.version == 1 && !self.cell.duplicates;
        for row in self.history.rows.iter().filter(must_be_there).filter(is_read) {
            let label = format!("\"{}\"", row.label());
            if !rows.iter().any(|quarantined| quarantined.contains(&label)) {
                return self.broken(format!("{} is neither in the target nor in quarantine", row.label()));
            }
        }
        let loaded = |row: &&Row| !row.bad && !is_rejected(row, self.cell) && row.pending == Pending::Must;
        for row in self.history.rows.iter().filter(loaded) {
            let Some(key) = row.means() else { continue };
            if self.cell.method == Method::Append && row.version > 1 {
                continue;
            }
            if self.history.rows.iter().filter(|other| other.means().as_ref() == Some(&key)).count() > 1 {
                continue;
            }
            let tag = format!("\"r{}.", row.id);
            if let Some(stale) = rows.iter().find(|quarantined| quarantined.contains(&tag)) {
                return self.broken(format!("{} was loaded, and quarantine still has {stale}", row.label()));
            }
        }
        Ok(())
    }

    /// Checks that a comparison reports equality exactly if target and source are equal.
    fn check_comparison(&mut self, compared: &Comparison) -> Held {
        let found = self.found()?;
        let mut good: BTreeMap<Key, Vec<String>> = BTreeMap::new();
        for row in &self.history.rows {
            match row.means() {
                Some(key) if !row.bad && !is_rejected(row, self.cell) => good.entry(key).or_default().push(row.label()),
                _ => {}
            }
        }
        let live: BTreeMap<&Key, &String> = found
            .iter()
            .filter_map(|(key, state)| match state {
                State::Live(label) => Some((key, label)),
                _ => None,
            })
            .collect();
        let is_same = |(key, labels): (&Key, &Vec<String>)| labels.len() == 1 && live.get(key) == Some(&&labels[0]);
        let equal = good.iter().all(is_same) && live.keys().all(|key| good.contains_key(*key));
        if equal != compared.is_equal() {
            return self
                .broken(format!("verify says equal: {}, and that is {equal}: {compared:?}", compared.is_equal()));
        }
        Ok(())
    }
}

fn outline<T: std::fmt::Debug>(ended: &Ended<T>) -> String {
    match ended {
        Ended::Done(_) => "done".to_owned(),
        other => format!("{other:?}"),
    }
}

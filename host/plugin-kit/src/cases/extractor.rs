//! A case of an extractor: tables in, rows and a bookmark out; and the same rows if it is stopped after any batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use arrow_array::RecordBatch;
use serde_json::Value as Json;
use wmshost_flow::{
    Bookmark, ExtractRequest, Extractor, Failure, Method, Opened, Rejected, Step, bookmark_from_json, bookmark_to_json,
    row_as_json,
};
use wmshost_sandbox::{Granted, GrantedSource, Identity, Limits, Plugin};

use super::case::Case;
use super::database::{Database, Recording, Statements};
use super::golden::Made;
use super::host::{STREAM, identity};
use super::log;
use super::transform::rejected_csv;
use crate::error::{Error, Result};
use crate::rows;

/// The label of the source.
pub(crate) const SOURCE: &str = "source";
/// The sizes of batches that must read the same rows.
const BATCHES: [usize; 3] = [1, 2, 7];
/// The size of the batches of the first reading: all rows of a case.
pub(crate) const ALL: usize = 100_000;
/// The most batches that are read of an extractor that does not end.
pub(crate) const MOST_BATCHES: usize = 10_000;

/// An extractor, and the database that it reads.
pub(crate) struct Run<'a> {
    pub(crate) plugin: &'a Plugin,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) database: &'a Database,
    pub(crate) tables: Vec<String>,
    pub(crate) request: ExtractRequest,
}

/// The rows that were read.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) opened: Opened,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) rejected: Vec<Rejected>,
    /// The bookmark and the state after each batch, and at last after the end.
    pub(crate) bookmarks: Vec<(Bookmark, BTreeMap<String, Vec<u8>>)>,
    /// True if the end was reached.
    pub(crate) ended: bool,
}

impl Read {
    /// The number of rows.
    pub(crate) fn count(&self) -> u64 {
        self.batches.iter().map(|rows| rows.num_rows() as u64).sum()
    }

    /// The rows, each as JSON, as a set: a row that is read twice is merged once.
    pub(crate) fn rows(&self) -> BTreeSet<String> {
        let of = |rows: &RecordBatch| (0..rows.num_rows()).map(|row| row_as_json(rows, row)).collect::<Vec<_>>();
        self.batches.iter().flat_map(of).collect()
    }
}

impl Run<'_> {
    /// Returns an instance of the extractor.
    pub(crate) fn extractor(&self, statements: &Statements) -> std::result::Result<Box<dyn Extractor>, Failure> {
        let session = self.database.reader(&self.tables, &self.request.key);
        let session = session.map_err(|error| Failure::permanent(error.to_string()))?;
        let granted = Granted::Database(GrantedSource {
            label: SOURCE.to_owned(),
            known_labels: vec![SOURCE.to_owned(), "target".to_owned()],
            session: Box::new(Recording { session, statements: Statements::clone(statements) }),
        });
        self.plugin.extractor(self.identity.clone(), self.limits.clone(), granted)
    }

    /// Reads with batches of this size, until the end or after this many batches.
    pub(crate) fn read(
        &self,
        batch_rows: usize,
        most: usize,
        from: Option<(Bookmark, BTreeMap<String, Vec<u8>>)>,
        statements: &Statements,
    ) -> std::result::Result<Read, Failure> {
        let mut extractor = self.extractor(statements)?;
        let (bookmark, state) = from.map_or_else(
            || (self.request.bookmark.clone(), self.request.state.clone()),
            |(bookmark, state)| (Some(bookmark), state),
        );
        let request = ExtractRequest { batch_rows, bookmark, state, ..self.request.clone() };
        read(extractor.as_mut(), &request, most)
    }
}

/// Reads until the end, or until this many batches were read.
pub(super) fn read(
    extractor: &mut dyn Extractor,
    request: &ExtractRequest,
    most: usize,
) -> std::result::Result<Read, Failure> {
    let opened = extractor.open(request)?;
    let mut state = request.state.clone();
    let mut read = Read { opened, batches: vec![], rejected: vec![], bookmarks: vec![], ended: false };
    for _ in 0..most {
        match extractor.next()? {
            Step::Chunk(chunk) => {
                for (key, value) in chunk.state {
                    match value {
                        Some(value) => drop(state.insert(key, value)),
                        None => drop(state.remove(&key)),
                    }
                }
                read.batches.push(chunk.batch.rows);
                read.rejected.extend(chunk.batch.rejected);
                read.bookmarks.push((chunk.bookmark, state.clone()));
            }
            Step::End(bookmark) => {
                read.bookmarks.push((bookmark, state));
                read.ended = true;
                return Ok(read);
            }
        }
    }
    Ok(read)
}

/// The database of a case, and the request that it makes.
pub(crate) struct Prepared {
    pub(crate) database: Database,
    pub(crate) tables: Vec<String>,
    pub(crate) request: ExtractRequest,
    pub(crate) identity: Identity,
}

impl Prepared {
    /// Makes the database of a case.
    pub(crate) fn of(case: &Case, plugin: &Plugin) -> Result<Self> {
        let table = case.file.table.clone();
        let table = table.ok_or_else(|| case.mistake("`table` is missing: the table that the stream reads"))?;
        let database = Database::new()?;
        let key = case.file.key.clone();
        let key_of = |name: &str| if name == table { key.clone() } else { Vec::new() };
        let there = database.fill(case, key_of, str::to_owned, false)?;
        let tables: Vec<String> = [&table].into_iter().chain(&case.file.reads).cloned().collect();
        if let Some(missing) = tables.iter().find(|name| !there.contains(name)) {
            return Err(case.mistake(format_args!("the table {missing} has no file tables/{missing}.csv")));
        }
        let settings = case.settings(&plugin.describe()?)?;
        let request = ExtractRequest {
            key,
            change_key: case.file.change_key.clone(),
            lookback_micros: case.file.lookback.saturating_mul(1_000_000),
            null_keys: case.null_keys()?,
            bookmark: bookmark_before(case)?,
            ..ExtractRequest::of_table(STREAM, (SOURCE, &table), case.method(Method::Full)?, ALL)
        };
        Ok(Self { database, tables, request, identity: identity(plugin, settings) })
    }

    /// Returns the extractor over this database.
    pub(crate) fn run<'a>(&'a self, plugin: &'a Plugin, limits: &Limits) -> Run<'a> {
        Run {
            plugin,
            identity: self.identity.clone(),
            limits: limits.clone(),
            database: &self.database,
            tables: self.tables.clone(),
            request: self.request.clone(),
        }
    }
}

/// Runs the case.
pub(super) fn run(case: &Case, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    let prepared = Prepared::of(case, plugin)?;
    let run = prepared.run(plugin, limits);
    let statements = Statements::default();
    let (read, messages) = log::collected(|| run.read(ALL, MOST_BATCHES, None, &statements));
    let read = match read {
        Err(failure) => return Ok(Made::failed(failure.to_string(), messages)),
        Ok(read) => read,
    };
    let mut made = made_of(&read, messages)?;
    let statements = std::mem::take(&mut *statements.lock().unwrap_or_else(PoisonError::into_inner));
    if case.folder.join("statements.txt").exists() {
        made.file("statements.txt", statements.join("\n") + "\n");
    }
    made.objections = objections(&run, &read, case.file.batches.as_deref().unwrap_or(&BATCHES));
    Ok(made)
}

/// The files of a reading: rows, rejected rows and the last bookmark.
pub(super) fn made_of(read: &Read, log: Vec<String>) -> Result<Made> {
    let mut made = Made { log, ..Made::default() };
    let all = rows::with_columns(&read.opened.schema, &read.batches)?;
    made.input_rows = all.num_rows() as u64;
    made.file("expected.csv", rows::to_csv(&all));
    if !read.rejected.is_empty() {
        made.file("rejected.csv", rejected_csv(&read.rejected));
    }
    if let Some((bookmark, _)) = read.bookmarks.last() {
        made.file("bookmark.json", format!("{:#}\n", bookmark_to_json(bookmark)));
    }
    Ok(made)
}

/// The batch sizes, and the places at which it is stopped, that read other rows.
fn objections(run: &Run<'_>, whole: &Read, sizes: &[usize]) -> Vec<String> {
    let mut objections = Vec::new();
    let expected = whole.rows();
    for size in sizes.iter().copied().filter(|size| *size > 0) {
        match run.read(size, MOST_BATCHES, None, &Statements::default()) {
            Ok(read) if read.rows() == expected => {}
            Ok(read) => objections.push(format!("batches of {size} rows: {}", differing(&expected, &read.rows()))),
            Err(failure) => objections.push(format!("batches of {size} rows: it fails: {failure}")),
        }
    }
    objections.extend(stopped(run, &expected).err());
    objections
}

/// Reads one row at a time, is stopped after each batch, and goes on from its bookmark; fails if a row is lost.
pub(crate) fn stopped(run: &Run<'_>, expected: &BTreeSet<String>) -> std::result::Result<(), String> {
    let whole = run.read(1, MOST_BATCHES, None, &Statements::default()).map_err(|failure| failure.to_string())?;
    for stop in 0..whole.batches.len() {
        let (bookmark, state) = &whole.bookmarks[stop];
        let rest = run.read(ALL, MOST_BATCHES, Some((bookmark.clone(), state.clone())), &Statements::default());
        let rest = rest.map_err(|failure| format!("stopped after batch {} and started again: {failure}", stop + 1))?;
        let before = Read { batches: whole.batches[..=stop].to_vec(), ..whole.clone() };
        let both: BTreeSet<String> = before.rows().union(&rest.rows()).cloned().collect();
        if both != *expected {
            return Err(format!("stopped after batch {} and started again: {}", stop + 1, differing(expected, &both)));
        }
    }
    Ok(())
}

pub(crate) fn differing(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> String {
    let lost = expected.difference(found).next().map(|row| format!("the row {row} is lost"));
    let more = || found.difference(expected).next().map(|row| format!("the row {row} is new"));
    lost.or_else(more).unwrap_or_default()
}

fn bookmark_before(case: &Case) -> Result<Option<Bookmark>> {
    let file = case.folder.join("bookmark_before.json");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(None) };
    let json: Option<Json> = serde_json::from_str(&text).ok();
    match json.as_ref().and_then(bookmark_from_json) {
        Some(bookmark) => Ok(Some(bookmark)),
        None => Err(Error::mistakes(
            &file,
            vec!["it is no bookmark: a list of { \"name\", \"type\", \"value\" }, as bookmark.json has it".to_owned()],
        )),
    }
}

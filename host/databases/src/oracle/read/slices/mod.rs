//! Several sessions that read one statement in ranges of its order, as of the run's one system change number. The rows come
//! as one session would return them: range after range, so that a bookmark, a crash and a retry mean the same.
//!
//! | subject | rule |
//! |---|---|
//! | the end of a range | the place that is a number of rows further on, which the reader asks for when it takes the range |
//! | rows in two ranges or in none | impossible: a row is up to a range's end or after it, as of the same number |
//! | ranges that are read ahead | as many as there are readers |
//! | a reader that fails | the ranges before its own are complete; the cursor fails where its range begins or breaks off |
//! | read by one session | statements of another form, an order by columns that may be NULL, and reading without a number |
//!
//! | module | what it is for |
//! |---|---|
//! | `shape` | statements that can be read in ranges |
//! | `worker` | the readers |

mod shape;
mod worker;

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use arrow_schema::SchemaRef;
use wmshost_flow::{Batch, Cursor, Failure};
use wmshost_sql::Value;

pub(crate) use self::shape::Shape;
use self::worker::{Message, Ranges, Slice, read_ranges};
use super::session::Session;

/// The fewest round trips of a range: below that, finding its end costs too much.
const ROUND_TRIPS: usize = 8;

/// The rows of a statement, read by several sessions.
pub(crate) struct SliceCursor {
    place: Arc<str>,
    schema: SchemaRef,
    state: State,
    /// Rows that were read and are more than was asked for.
    rest: Option<Batch>,
}

/// The work of the readers before it begins.
pub(crate) struct Prepared {
    pub(crate) place: Arc<str>,
    pub(crate) schema: SchemaRef,
    pub(crate) shape: Shape,
    pub(crate) parameters: Vec<Value>,
    /// A session for each reader.
    pub(crate) sessions: Vec<Session>,
    /// The rows of a round trip.
    pub(crate) fetch_rows: usize,
}

enum State {
    Prepared(Box<Prepared>),
    Reading(Reading),
    Ended,
    /// Every call fails from then on, so that no caller takes it for the end.
    Broken(Failure),
}

/// The readers at work.
struct Reading {
    slices: Option<Receiver<Slice>>,
    slice: Option<Slice>,
    readers: Vec<JoinHandle<()>>,
}

impl SliceCursor {
    pub(crate) fn new(prepared: Prepared) -> Self {
        let (place, schema) = (Arc::clone(&prepared.place), Arc::clone(&prepared.schema));
        Self { place, schema, state: State::Prepared(Box::new(prepared)), rest: None }
    }

    /// The next batch, whatever its size.
    fn batch(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        if let State::Prepared(_) = self.state {
            let State::Prepared(prepared) = std::mem::replace(&mut self.state, State::Ended) else { return Ok(None) };
            self.state = match Reading::begin(*prepared, max_rows) {
                Ok(reading) => State::Reading(reading),
                Err(failure) => {
                    self.state = State::Broken(failure.clone());
                    return Err(failure);
                }
            };
        }
        let next = match &mut self.state {
            State::Reading(reading) => reading.next(),
            State::Broken(failure) => return Err(failure.clone()),
            State::Prepared(_) | State::Ended => return Ok(None),
        };
        match next {
            Ok(Some(batch)) => return Ok(Some(batch)),
            Ok(None) => self.state = State::Ended,
            Err(failure) => {
                let failure = failure.unwrap_or_else(|| {
                    Failure::transient(format!("{}: a reader of the table stopped before its end", self.place))
                });
                self.state = State::Broken(failure.clone());
                return Err(failure);
            }
        }
        Ok(None)
    }
}

impl Cursor for SliceCursor {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        let batch = match self.rest.take() {
            Some(rest) => Some(rest),
            None => self.batch(max_rows)?,
        };
        Ok(batch.map(|batch| {
            let rows = batch.rows.num_rows();
            if rows <= max_rows {
                return batch;
            }
            self.rest = Some(Batch::new(batch.rows.slice(max_rows, rows - max_rows)));
            Batch::read(batch.rows.slice(0, max_rows), batch.rejected)
        }))
    }
}

impl Reading {
    fn begin(prepared: Prepared, batch_rows: usize) -> Result<Self, Failure> {
        let Prepared { place, shape, parameters, sessions, fetch_rows, .. } = prepared;
        let batch_rows = batch_rows.max(1);
        // With the range that is taken, as many as there are readers.
        let (sender, slices) = sync_channel(sessions.len().saturating_sub(1));
        let rows = (ROUND_TRIPS * fetch_rows).next_multiple_of(batch_rows);
        let ranges = Ranges { shape, parameters, rows, batch_rows, after: None, is_done: false, slices: sender };
        let ranges = Arc::new(Mutex::new(ranges));
        let mut reading = Self { slices: Some(slices), slice: None, readers: Vec::new() };
        for session in sessions {
            let ranges = Arc::clone(&ranges);
            let reader = thread::Builder::new().name("oracle-reader".to_owned());
            let reader = reader.spawn(move || read_ranges(session, &ranges));
            let failed = |error| Failure::transient(format!("{place}: no thread could be started: {error}"));
            reading.readers.push(reader.map_err(failed)?);
        }
        Ok(reading)
    }

    /// The next batch, `None` at the end of the last range; the error is empty if a reader ended without a word.
    fn next(&mut self) -> Result<Option<Batch>, Option<Failure>> {
        loop {
            let Some(slice) = &self.slice else {
                let slices = self.slices.as_ref().ok_or(None)?;
                self.slice = Some(slices.recv().map_err(|_| None)?);
                continue;
            };
            match slice.messages.recv().map_err(|_| None)?? {
                Message::Rows(batch) => return Ok(Some(batch)),
                Message::End if slice.is_last => return Ok(None),
                Message::End => self.slice = None,
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // A reader that finds nobody waiting ends after the call that it is in.
        (self.slice, self.slices) = (None, None);
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

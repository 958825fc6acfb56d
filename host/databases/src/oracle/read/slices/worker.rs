//! The readers of a statement's ranges. Each takes the next range, reads it on a session of its own, and hands its batches
//! over one by one. The ranges are handed over in their order, whichever reader has them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use wmshost_flow::{Batch, Cursor, Failure};
use wmshost_sql::Value;

use super::shape::Shape;
use crate::oracle::read::session::Session;

/// A message of a reader. A range ends with `End`: one that stops before it is not complete.
pub(super) enum Message {
    Rows(Batch),
    End,
}

/// A range that is being read.
pub(super) struct Slice {
    pub(super) messages: Receiver<Result<Message, Failure>>,
    /// True if no range follows.
    pub(super) is_last: bool,
}

/// The ranges of a statement that are not taken yet.
pub(super) struct Ranges {
    pub(super) shape: Shape,
    /// The statement's own parameters.
    pub(super) parameters: Vec<Value>,
    /// The rows of a range.
    pub(super) rows: usize,
    /// The rows of a batch.
    pub(super) batch_rows: usize,
    /// The last place of the range before.
    pub(super) after: Option<Vec<Value>>,
    /// True if the last range is taken, or a reader has failed.
    pub(super) is_done: bool,
    /// The ranges, in order.
    pub(super) slices: SyncSender<Slice>,
}

/// The range that a reader takes.
struct Task {
    statement: String,
    values: Vec<Value>,
    batch_rows: usize,
    messages: SyncSender<Result<Message, Failure>>,
}

impl Ranges {
    /// Takes the next range; `None` if there is none, or nobody waits for it.
    fn take(&mut self, session: &mut Session) -> Option<Task> {
        if self.is_done {
            return None;
        }
        let (messages, received) = sync_channel((self.rows / self.batch_rows.max(1)).max(1));
        let until = match self.end_of_next(session) {
            // A place that does not go on would go on for ever.
            Ok(until) => until.filter(|until| self.after.as_ref() != Some(until)),
            Err(failure) => {
                self.is_done = true;
                // The channel has room for it.
                let _ = messages.send(Err(failure));
                let _ = self.slices.send(Slice { messages: received, is_last: true });
                return None;
            }
        };
        let after = std::mem::replace(&mut self.after, until);
        let (statement, values) = self.shape.rows(&self.parameters, after.as_deref(), self.after.as_deref());
        self.is_done = self.after.is_none();
        let slice = Slice { messages: received, is_last: self.is_done };
        if self.slices.send(slice).is_err() {
            self.is_done = true;
            return None;
        }
        Some(Task { statement, values, batch_rows: self.batch_rows, messages })
    }

    /// The last place of the next range; `None` if the rest of the rows is the last range.
    fn end_of_next(&self, session: &mut Session) -> Result<Option<Vec<Value>>, Failure> {
        let (statement, values) = self.shape.places(&self.parameters, self.after.as_deref());
        session.place_at(&statement, &values, self.rows)
    }
}

/// Reads ranges until there is none left.
pub(super) fn read_ranges(mut session: Session, ranges: &Arc<Mutex<Ranges>>) {
    let take = |session: &mut Session| ranges.lock().unwrap_or_else(PoisonError::into_inner).take(session);
    while let Some(task) = take(&mut session) {
        if let Err(failure) = read(&mut session, &task) {
            // Who waits for this range fails, before the lock is waited for: its holder may wait for the same one.
            let _ = task.messages.send(Err(failure));
            ranges.lock().unwrap_or_else(PoisonError::into_inner).is_done = true;
            return;
        }
    }
}

/// Hands the rows of a range over; ends early if nobody waits for them.
fn read(session: &mut Session, task: &Task) -> Result<(), Failure> {
    let mut cursor: Box<dyn Cursor> = session.query_alone(&task.statement, &task.values)?;
    while let Some(batch) = cursor.next(task.batch_rows)? {
        if task.messages.send(Ok(Message::Rows(batch))).is_err() {
            return Ok(());
        }
    }
    let _ = task.messages.send(Ok(Message::End));
    Ok(())
}

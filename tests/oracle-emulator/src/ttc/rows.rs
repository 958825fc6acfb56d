//! Rows of a query, a number at a time.

use super::answer::Answer;
use super::bind::Bind;
use super::conversation::{Conversation, Next};
use super::lob::Lobs;
use super::message::{End, kind};
use crate::engine::{Refusal, Rows};
use crate::faults::Happening;
use crate::net::Broken;
use crate::server::Asked;
use crate::values::cell::national;
use crate::values::codes::wire;
use crate::values::kind::Kind;

/// A NULL in a column that is fetched as LONG.
const NULL_FETCHED: u64 = 1405;

/// The rows of a cursor, and the number of those already fetched.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    pub(super) rows: Rows,
    pub(super) next: usize,
    /// The types in which the client wants the columns.
    pub(super) defines: Option<Vec<Bind>>,
}

impl Fetching {
    /// The error that there are no more rows.
    pub(super) fn no_more() -> Refusal {
        Refusal::new(1403, "no data found")
    }

    /// True if large objects are among the columns: the client must then say how it wants them before it fetches.
    pub(super) fn has_lobs(&self) -> bool {
        self.rows.columns.iter().any(|column| column.kind.is_lob())
    }

    /// Writes the next rows and returns true if they were the last.
    pub(super) fn write(&mut self, answer: &mut Answer, count: usize, lobs: &mut Lobs) -> bool {
        answer.byte(kind::ROW_HEADER).byte(0).integer(0).integer(0).count(count).integer(0).integer(0).integer(0);
        let end = self.next.saturating_add(count).min(self.rows.len());
        let compresses = !self.has_lobs()
            && !self.rows.columns.iter().any(|column| matches!(column.kind, Kind::Long | Kind::LongRaw));
        for row in self.next..end {
            let sent = self.sent(row, compresses);
            if let Some(sent) = &sent {
                self.announce(answer, sent);
            }
            answer.byte(kind::ROW_DATA);
            for column in 0..self.rows.columns.len() {
                if sent.as_ref().is_none_or(|sent| sent[column]) {
                    self.cell(answer, row, column, lobs);
                }
            }
        }
        self.next = end;
        end == self.rows.len()
    }

    /// The columns that differ from the row before and so are sent; `None`: all, as in a first row.
    fn sent(&self, row: usize, compresses: bool) -> Option<Vec<bool>> {
        let before = row.checked_sub(1).filter(|_| compresses)?;
        let columns = 0..self.rows.columns.len();
        let sent: Vec<bool> =
            columns.map(|column| self.rows.cell(row, column) != self.rows.cell(before, column)).collect();
        // The driver oracledb keeps a vector until the next one, so a complete row has one, too.
        Some(sent)
    }

    fn announce(&self, answer: &mut Answer, sent: &[bool]) {
        answer.byte(kind::BIT_VECTOR).count(sent.iter().filter(|sent| **sent).count());
        for columns in sent.chunks(8) {
            answer.byte(columns.iter().enumerate().fold(0, |bits, (at, sent)| bits | (u8::from(*sent) << at)));
        }
    }

    fn cell(&self, answer: &mut Answer, row: usize, column: usize, lobs: &mut Lobs) {
        let value = self.rows.cell(row, column);
        let kind = &self.rows.columns[column].kind;
        let wanted =
            self.defines.as_ref().and_then(|defines| defines.get(column)).map_or(kind.wire(), |bind| bind.kind);
        if kind.is_lob() && matches!(wanted, wire::CLOB | wire::BLOB) {
            return lobs.cell(*kind != Kind::Blob, value, answer);
        }
        match value {
            Some(text) if *kind == Kind::NClob => answer.value(&national(text)),
            value => answer.value(value.unwrap_or_default()),
        };
        if matches!(wanted, wire::LONG | wire::LONG_RAW) {
            answer.integer(0).integer(if value.is_none() { NULL_FETCHED } else { 0 });
        }
    }
}

impl Conversation {
    pub(super) fn fetch(&mut self) -> Result<Next, Broken> {
        let number = self.line.small()?;
        let count = self.line.small()?;
        let sql = self.cursors.get(&number).map(|cursor| cursor.sql.clone()).unwrap_or_default();
        match self.strike(Happening::Fetch(&sql))? {
            Some(refusal) => self.refuse(number, 0, &refusal),
            None => self.fetch_rows(number, count),
        }
    }

    pub(super) fn fetch_rows(&mut self, number: u16, count: usize) -> Result<Next, Broken> {
        let Some(mut cursor) = self.cursors.remove(&number) else {
            return self.refuse(0, 0, &Refusal::new(1001, "invalid cursor"));
        };
        self.server.ask(Asked::Rows(cursor.sql.clone(), count));
        let mut answer = Answer::default();
        let last = cursor.fetching.write(&mut answer, count, &mut self.lobs);
        let no_more = Fetching::no_more();
        let error = last.then_some(&no_more);
        let rows = cursor.fetching.next as u64;
        let in_transaction = self.in_transaction();
        answer.end(self.agreed, &End { in_transaction, cursor: number, rows, error, ..End::default() });
        self.cursors.insert(number, cursor);
        self.reply(answer)
    }
}

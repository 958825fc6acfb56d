//! Statements: parsed, executed, fetched from.

use std::sync::Arc;
use std::time::Duration;

use super::answer::Answer;
use super::bind::{Bind, read_rows};
use super::conversation::{Conversation, Next};
use super::message::{End, FIELDS_12_2, FIELDS_12_2_1};
use super::rows::Fetching;
use crate::engine::{Changed, Parameter, Refusal};
use crate::faults::Happening;
use crate::net::Broken;
use crate::server::Asked;
use crate::sql::{Control, Statement};

/// The interval at which a waiting call checks its client.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// The value of OPEN_CURSORS: a client that leaves cursors open must notice.
const MOST_CURSORS: usize = 300;

/// The options of an EXECUTE.
mod option {
    pub(super) const BIND: u64 = 0x08;
    pub(super) const DEFINE: u64 = 0x10;
    pub(super) const EXECUTE: u64 = 0x20;
    pub(super) const FETCH: u64 = 0x40;
    pub(super) const COMMIT: u64 = 0x100;
    pub(super) const BATCH_ERRORS: u64 = 0x8_0000;
    pub(super) const ROW_COUNTS: u64 = 0x4000;
    /// An option among the second options of a re-execution.
    pub(super) const COMMIT_AGAIN: u64 = 1;
}

/// A cursor: a statement and the state of its execution.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(super) sql: String,
    pub(super) statement: Option<Arc<Statement>>,
    pub(super) binds: Vec<Bind>,
    pub(super) fetching: Fetching,
}

/// The operations that are requested on a statement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    pub(super) cursor: u16,
    rows: usize,
    fetches: bool,
    executes: bool,
    describes: bool,
    pub(super) commits: bool,
    pub(super) goes_on: bool,
    pub(super) counts: bool,
}

/// The fields of an EXECUTE before its values.
struct Request {
    options: u64,
    cursor: u16,
    sql: Option<String>,
    prefetch: usize,
    binds: usize,
    defines: usize,
    executions: usize,
    flags: u64,
}

/// The number of integers after the statement's text.
const NUMBERS: usize = 13;

impl Conversation {
    fn read_execute(&mut self) -> Result<Request, Broken> {
        let fields = self.agreed.fields;
        let charset = self.server.options.charset;
        let line = &mut self.line;
        let options = line.integer()?;
        let cursor = line.small()?;
        let has_sql = line.flag()?;
        line.integer()?;
        line.byte()?;
        line.integer()?;
        line.skip(2)?;
        line.integer()?;
        let prefetch = line.small()?;
        line.integer()?;
        line.byte()?;
        let binds = line.small()?;
        line.skip(6)?;
        let defines = line.small()?;
        line.integer()?;
        line.skip(3)?;
        line.integer()?;
        line.byte()?;
        line.skip_integers(2)?;
        line.byte()?;
        line.integer()?;
        line.byte()?;
        if fields >= FIELDS_12_2 {
            line.byte()?;
            line.integer()?;
            line.byte()?;
            line.integer()?;
            line.byte()?;
        }
        if fields >= FIELDS_12_2_1 {
            line.byte()?;
            line.integer()?;
        }
        let sql = if has_sql { Some(charset.kept(line.text()?)) } else { None };
        let numbers = (0..NUMBERS).map(|_| line.integer()).collect::<Result<Vec<_>, _>>()?;
        let (executions, flags) = (numbers[1] as usize, numbers[9]);
        Ok(Request { options, cursor, sql, prefetch, binds, defines, executions, flags })
    }

    fn take_cursor(&mut self, number: u16, sql: Option<String>) -> (u16, Cursor) {
        let number = if number == 0 {
            self.last_cursor = self.last_cursor.wrapping_add(1).max(1);
            self.last_cursor
        } else {
            number
        };
        let mut cursor = self.cursors.remove(&number).unwrap_or_default();
        if let Some(sql) = sql.filter(|sql| *sql != cursor.sql) {
            cursor = Cursor { sql, ..Cursor::default() };
        }
        (number, cursor)
    }

    pub(super) fn execute(&mut self) -> Result<Next, Broken> {
        let request = self.read_execute()?;
        let has = |option: u64| request.options & option != 0;
        let too_many = request.cursor == 0 && self.cursors.len() >= MOST_CURSORS;
        let (number, mut cursor) = self.take_cursor(request.cursor, request.sql);
        if has(option::DEFINE) {
            let columns = request.defines.max(cursor.fetching.rows.columns.len());
            let defines = (0..columns).map(|_| Bind::read(&mut self.line, self.agreed)).collect::<Result<_, _>>()?;
            cursor.fetching.defines = Some(defines);
            self.cursors.insert(number, cursor);
            if has(option::FETCH) {
                return self.fetch_rows(number, request.prefetch);
            }
            let mut answer = Answer::default();
            self.finish(&mut answer, number, 0);
            return self.reply(answer);
        }
        let mut rows = Ok(vec![Vec::new()]);
        let understood = self.understand(&mut cursor);
        if request.binds > 0 && has(option::BIND) {
            let binds = (0..request.binds).map(|_| Bind::read(&mut self.line, self.agreed));
            cursor.binds = binds.collect::<Result<_, _>>()?;
            rows = self.read_values(&cursor, request.executions)?;
        }
        let statement = match understood {
            Ok(_) if too_many => return self.refuse(0, 0, &Refusal::new(1000, "maximum open cursors exceeded")),
            Ok(statement) => statement,
            Err(refusal) => return self.refuse(0, 0, &refusal),
        };
        let wish = Wish {
            cursor: number,
            rows: request.prefetch,
            fetches: has(option::FETCH),
            executes: has(option::EXECUTE),
            describes: true,
            commits: has(option::COMMIT),
            goes_on: has(option::BATCH_ERRORS),
            counts: request.flags & option::ROW_COUNTS != 0,
        };
        self.run(wish, cursor, &statement, rows)
    }

    pub(super) fn reexecute(&mut self, fetches: bool) -> Result<Next, Broken> {
        let number = self.line.small()?;
        let count: usize = self.line.small()?;
        self.line.integer()?;
        let options = self.line.integer()?;
        let Some(mut cursor) = self.cursors.remove(&number) else {
            return self.refuse(0, 0, &Refusal::new(1001, "invalid cursor"));
        };
        let understood = self.understand(&mut cursor);
        let mut rows = Ok(vec![Vec::new()]);
        if !cursor.binds.is_empty() {
            rows = self.read_values(&cursor, if fetches { 1 } else { count })?;
        }
        let statement = match understood {
            Ok(statement) => statement,
            Err(refusal) => return self.refuse(0, 0, &refusal),
        };
        let commits = options & option::COMMIT_AGAIN != 0;
        let wish = Wish { cursor: number, rows: count, fetches, executes: true, commits, ..Wish::default() };
        self.run(wish, cursor, &statement, rows)
    }

    fn understand(&self, cursor: &mut Cursor) -> Result<Arc<Statement>, Refusal> {
        if let Some(statement) = &cursor.statement {
            return Ok(Arc::clone(statement));
        }
        let statement = Arc::new(Statement::read(&cursor.sql)?);
        cursor.statement = Some(Arc::clone(&statement));
        Ok(statement)
    }

    fn read_values(
        &mut self,
        cursor: &Cursor,
        executions: usize,
    ) -> Result<Result<Vec<Vec<Parameter>>, Refusal>, Broken> {
        let (count, sent, long_last) = match cursor.statement.as_deref() {
            Some(Statement::Query(_)) => (1, cursor.binds.len(), true),
            Some(Statement::Block(_)) => (executions.max(1), cursor.binds.len(), false),
            // The client sends nothing for returned values.
            Some(Statement::Change(_, Some(returning))) => {
                (executions.max(1), cursor.binds.len().saturating_sub(returning.columns), true)
            }
            _ => (executions.max(1), cursor.binds.len(), true),
        };
        if sent == 0 {
            return Ok(Ok(vec![Vec::new(); count]));
        }
        let charset = self.server.options.charset;
        read_rows(&mut self.line, &self.lobs, charset, &cursor.binds[..sent], (count, long_last))
    }

    /// Runs a statement whose request was read completely.
    fn run(
        &mut self,
        wish: Wish,
        cursor: Cursor,
        statement: &Statement,
        rows: Result<Vec<Vec<Parameter>>, Refusal>,
    ) -> Result<Next, Broken> {
        let happening = match statement {
            Statement::Control(Control::Commit) => Happening::Commit,
            _ if wish.commits => Happening::Commit,
            _ => Happening::Statement(&cursor.sql),
        };
        let mut struck = self.strike(happening)?;
        if struck.is_none() && matches!(happening, Happening::Commit) {
            struck = self.strike(Happening::Statement(&cursor.sql))?;
        }
        let rows = match struck.map_or(rows, Err) {
            Ok(rows) => rows,
            Err(refusal) => {
                self.cursors.insert(wish.cursor, cursor);
                return self.refuse(wish.cursor, 0, &refusal);
            }
        };
        match statement {
            Statement::Query(_) if wish.executes => self.run_query(wish, cursor, statement, &rows),
            Statement::Query(_) => self.describe_query(wish, cursor, statement),
            _ if !wish.executes => {
                self.cursors.insert(wish.cursor, cursor);
                let mut answer = Answer::default();
                self.finish(&mut answer, wish.cursor, 0);
                self.reply(answer)
            }
            Statement::Change(_, Some(returning)) => self.run_returning(wish, cursor, statement, *returning, &rows),
            Statement::Change(..) => self.run_change(wish, cursor, statement, &rows),
            Statement::Block(block) => self.run_block(wish, cursor, block, rows),
            Statement::Define(definition) => {
                let line = &self.line;
                let session = self.session.as_mut().ok_or(Broken::Closed)?;
                let done = session.define(definition, &|| line.is_interrupted(LOOK));
                self.ran(wish, cursor, done)
            }
            Statement::Control(control) => {
                let done = self.session().and_then(|session| session.control(control));
                self.ran(wish, cursor, done)
            }
        }
    }

    /// Answers to a statement that returns nothing.
    pub(super) fn ran(&mut self, wish: Wish, cursor: Cursor, done: Result<(), Refusal>) -> Result<Next, Broken> {
        self.cursors.insert(wish.cursor, cursor);
        match done {
            Ok(()) => {
                let mut answer = Answer::default();
                answer.call_values(None);
                self.finish(&mut answer, wish.cursor, 0);
                self.reply(answer)
            }
            Err(refusal) => self.refuse(wish.cursor, 0, &refusal),
        }
    }

    fn run_query(
        &mut self,
        wish: Wish,
        mut cursor: Cursor,
        statement: &Statement,
        rows: &[Vec<Parameter>],
    ) -> Result<Next, Broken> {
        let Statement::Query(query) = statement else { return Err(Broken::Unknown("no query".to_owned())) };
        if query.reads_sessions
            && let Err(refusal) = self.server.publish_sessions()
        {
            return self.refuse(0, 0, &refusal);
        }
        let kinds: Vec<u32> = cursor.binds.iter().map(Bind::parameter_kind).collect();
        let parameters = rows.first().map_or(&[][..], Vec::as_slice);
        let line = &self.line;
        let session = self.session.as_mut().ok_or(Broken::Closed)?;
        let read = session.query(query, &kinds, parameters, &|| line.is_interrupted(LOOK));
        let defines = cursor.fetching.defines.take();
        cursor.fetching = match read {
            Ok(rows) => Fetching { rows, next: 0, defines },
            Err(refusal) => return self.refuse(0, 0, &refusal),
        };
        let mut answer = Answer::default();
        if wish.describes {
            answer.description(self.agreed, &cursor.fetching.rows.columns);
        }
        let fetches = wish.fetches && (!cursor.fetching.has_lobs() || cursor.fetching.defines.is_some());
        let no_more = Fetching::no_more();
        if fetches {
            self.server.ask(Asked::Rows(cursor.sql.clone(), wish.rows));
        }
        let last = fetches && cursor.fetching.write(&mut answer, wish.rows, &mut self.lobs);
        if fetches {
            answer.call_values(None);
        }
        let error = last.then_some(&no_more);
        let rows = cursor.fetching.next as u64;
        let in_transaction = self.in_transaction();
        answer.end(self.agreed, &End { in_transaction, cursor: wish.cursor, rows, error, ..End::default() });
        self.cursors.insert(wish.cursor, cursor);
        self.reply(answer)
    }

    fn describe_query(&mut self, wish: Wish, cursor: Cursor, statement: &Statement) -> Result<Next, Broken> {
        let Statement::Query(query) = statement else { return Err(Broken::Unknown("no query".to_owned())) };
        let kinds: Vec<u32> = cursor.binds.iter().map(Bind::parameter_kind).collect();
        let columns = match self.session().and_then(|session| session.describe(query, &kinds)) {
            Ok(columns) => columns,
            Err(refusal) => return self.refuse(0, 0, &refusal),
        };
        let mut answer = Answer::default();
        answer.description(self.agreed, &columns);
        self.finish(&mut answer, wish.cursor, 0);
        self.cursors.insert(wish.cursor, cursor);
        self.reply(answer)
    }

    fn run_change(
        &mut self,
        wish: Wish,
        cursor: Cursor,
        statement: &Statement,
        rows: &[Vec<Parameter>],
    ) -> Result<Next, Broken> {
        let Statement::Change(query, _) = statement else { return Err(Broken::Unknown("no change".to_owned())) };
        if rows.iter().any(|row| row.len() != query.binds.len()) {
            self.cursors.insert(wish.cursor, cursor);
            return self.refuse(wish.cursor, 0, &Refusal::new(1008, "not all variables bound"));
        }
        let kinds: Vec<u32> = cursor.binds.iter().map(Bind::parameter_kind).collect();
        let line = &self.line;
        let session = self.session.as_mut().ok_or(Broken::Closed)?;
        let changed = session.change(query, &kinds, rows, wish.goes_on, &|| line.is_interrupted(LOOK));
        self.cursors.insert(wish.cursor, cursor);
        match changed {
            Ok(changed) => self.changed(wish, &changed),
            Err((done, refusal)) => self.refuse(wish.cursor, done, &refusal),
        }
    }

    fn changed(&mut self, wish: Wish, changed: &Changed) -> Result<Next, Broken> {
        if wish.commits
            && let Err(refusal) = self.session().and_then(crate::engine::Session::commit)
        {
            return self.refuse(wish.cursor, 0, &refusal);
        }
        let mut answer = Answer::default();
        answer.call_values(wish.counts.then_some(&changed.counts));
        let some = Refusal::new(24381, "error(s) in array DML");
        let error = (!changed.refused.is_empty()).then_some(&some);
        let in_transaction = self.in_transaction();
        let rows = changed.counts.iter().sum();
        let refused = &changed.refused;
        answer.end(self.agreed, &End { in_transaction, cursor: wish.cursor, rows, error, refused });
        self.reply(answer)
    }
}

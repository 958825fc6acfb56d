//! An incremental extractor of one SELECT: rows in the order of a few columns, a bookmark after each batch, and the next run
//! after it. The order is by `(change key, key)`, so that rows of the same moment are neither lost nor read twice.

use crate::batch::{Batch, Rows};
use crate::capability::source::{Cursor as _, Dialect, Granted, Session};
use crate::contract::extraction::{Method, NullKeys, Request};
use crate::contract::types::{Bookmark, Position, Schema, Value};
use crate::failure::{Result, invalid_config};
use crate::stage::{Reader, Step};

/// A SELECT that is read in the order of columns that identify a row.
///
/// ```ignore
/// fn open(_: &Settings, request: Request) -> Result<Keyset> {
///     Keyset::open(request, Select {
///         rows: "SELECT l.id, l.changed, o.customer FROM order_line l JOIN order_hdr o ON o.id = l.order_id",
///         change_key: "l.changed",
///         key: &["l.id"],
///     })
/// }
/// ```
///
/// The SELECT has no `WHERE` and no `ORDER BY` of its own, or is a part in parentheses: `SELECT … FROM (SELECT …) l`. The
/// names of the columns are those after the last point: `l.changed` is the column `changed` of the result. A run begins at
/// the request's lookback before its bookmark and the bookmark never passes the source's clock, where the change key is a
/// timestamp: one of another type has neither. Rows without a change key are read first, as the request says.
pub struct Keyset<S: Session = Granted> {
    session: S,
    request: Request,
    select: Select,
    cursor: S::Cursor,
    /// The position after the rows so far.
    bookmark: Bookmark,
    /// The source's time when reading began.
    now: i64,
    /// True while the rows without a change key are read. They are the first, while the bookmark is still that of the
    /// beginning: a run that goes on after an interruption reads them again.
    in_nulls: bool,
}

/// The SELECT of a [`Keyset`].
#[derive(Clone, Copy, Debug)]
pub struct Select {
    /// The rows: a SELECT without `WHERE` and `ORDER BY`.
    pub rows: &'static str,
    /// The column that says when a row was changed last.
    pub change_key: &'static str,
    /// The columns that identify a row.
    pub key: &'static [&'static str],
}

/// The name of a column in the result.
fn name(column: &str) -> &str {
    column.rsplit('.').next().unwrap_or(column)
}

impl Select {
    /// The columns that rows are read by: a table that is read in full has no changes to look for.
    fn order(&self, method: Method) -> Vec<&'static str> {
        let change_key = (method == Method::Incremental).then_some(self.change_key);
        change_key.into_iter().chain(self.key.iter().copied()).collect()
    }

    /// The statement for rows with a change key, after this position and within the request's window, and its parameters.
    fn after(&self, dialect: Dialect, from: &[Position], request: &Request) -> (String, Vec<Value>) {
        let mut parameters = Vec::new();
        let mut parameter = |value: &Value| {
            parameters.push(value.clone());
            let mark = if dialect == Dialect::Oracle { ':' } else { '?' };
            format!("{mark}{}", parameters.len())
        };
        let order = self.order(request.method);
        let mut conditions = Vec::new();
        if request.method == Method::Incremental {
            conditions.push(format!("{} IS NOT NULL", self.change_key));
        }
        let alternatives = (0..from.len().min(order.len())).map(|last| {
            let equal =
                (0..last).map(|at| format!("{} = {}", order[at], parameter(&from[at].value))).collect::<Vec<_>>();
            let after = format!("{} > {}", order[last], parameter(&from[last].value));
            equal.into_iter().chain([after]).collect::<Vec<_>>().join(" AND ")
        });
        let alternatives: Vec<String> = alternatives.map(|part| format!("({part})")).collect();
        if !alternatives.is_empty() {
            conditions.push(format!("({})", alternatives.join(" OR ")));
        }
        if let Some(window) = &request.window {
            conditions.push(format!("{} >= {}", self.change_key, parameter(&window.start)));
            conditions.push(format!("{} < {}", self.change_key, parameter(&window.end)));
        }
        let conditions = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        (format!("{} WHERE {conditions} ORDER BY {}", self.rows, order.join(", ")), parameters)
    }

    /// The statement for the rows without a change key.
    fn without_change_key(&self) -> String {
        format!("{} WHERE {} IS NULL ORDER BY {}", self.rows, self.change_key, self.key.join(", "))
    }
}

/// The position after which reading begins: the bookmark, or the lookback before it.
fn begin(request: &Request) -> Bookmark {
    let bookmark = request.bookmark.clone().unwrap_or_default();
    match bookmark.first() {
        Some(Position { name, value: Value::Timestamp(at) })
            if request.method == Method::Incremental && request.lookback > 0 =>
        {
            let back = i64::try_from(request.lookback).unwrap_or(i64::MAX);
            vec![Position { name: name.clone(), value: Value::Timestamp(at.saturating_sub(back)) }]
        }
        _ => bookmark,
    }
}

/// The rows after the position at which a request begins.
fn rows_after<S: Session>(session: &S, select: &Select, request: &Request) -> Result<S::Cursor> {
    let (text, parameters) = select.after(session.dialect(), &begin(request), request);
    session.query(&text, &parameters)
}

impl<S: Session> Keyset<S> {
    /// Begins to read. The stream's `key` and `change_key` in the pipeline file must be the SELECT's, where they are given.
    pub fn open(request: Request, select: Select) -> Result<Self> {
        let key: Vec<&str> = select.key.iter().map(|column| name(column)).collect();
        let fits = |asked: &str, own: &str| asked.eq_ignore_ascii_case(own);
        let is_own = request.key.len() == key.len() && request.key.iter().zip(&key).all(|(a, b)| fits(a, b));
        if !request.key.is_empty() && !is_own {
            return Err(invalid_config(format!(
                "the plugin reads by the key ({}): remove `key`, or name it",
                key.join(", ")
            )));
        }
        let change_key = name(select.change_key);
        if request.change_key.as_deref().is_some_and(|asked| !fits(asked, change_key)) {
            return Err(invalid_config(format!("the plugin reads changes by {change_key}: name it as `change_key`")));
        }
        if request.method == Method::Append {
            return Err(invalid_config("the plugin reads changes: `method` is full or incremental"));
        }
        let session = S::open(&request.source)?;
        let now = session.now()?;
        let in_nulls = request.method == Method::Incremental
            && request.window.is_none()
            && (request.bookmark.is_none() || request.null_keys != NullKeys::Ignore);
        let cursor = match in_nulls {
            true => session.query(&select.without_change_key(), &[])?,
            false => rows_after(&session, &select, &request)?,
        };
        let bookmark = request.bookmark.clone().unwrap_or_default();
        Ok(Self { session, request, select, cursor, bookmark, now, in_nulls })
    }

    /// Moves the bookmark to the last row of a batch, unless that row is before it or after the source's clock.
    fn move_to_the_end_of(&mut self, batch: &Batch) -> Result<()> {
        let rows = Rows::of(batch);
        let Some(last) = rows.count().checked_sub(1) else { return Ok(()) };
        let position = |column: &&'static str| {
            let name = name(column);
            let value = rows.any(name)?.value(last).unwrap_or(Value::Null);
            Ok(Position { name: name.to_owned(), value })
        };
        let reached: Bookmark = self.select.order(self.request.method).iter().map(position).collect::<Result<_>>()?;
        let moment = |bookmark: &[Position]| match bookmark.first().map(|position| &position.value) {
            Some(Value::Timestamp(at)) => Some(*at),
            _ => None,
        };
        let (now, before) = (self.now, moment(&self.bookmark));
        // Rows within the lookback were read before; those of the bookmark's own moment are among them.
        let is_later = |at, before| before < at || (before == at && self.request.lookback == 0);
        let is_within = moment(&reached).is_none_or(|at| at <= now && before.is_none_or(|before| is_later(at, before)));
        if is_within {
            self.bookmark = reached;
        }
        Ok(())
    }

    /// Removes the columns that the request does not ask for.
    fn narrow(&self, batch: &Batch) -> Result<()> {
        let unwanted: Vec<String> =
            batch.schema().into_iter().map(|column| column.name).filter(|name| !self.is_wanted(name)).collect();
        if unwanted.is_empty() { Ok(()) } else { batch.drop_columns(&unwanted) }
    }

    fn is_wanted(&self, column: &str) -> bool {
        let wanted = &self.request.columns;
        wanted.is_empty() || wanted.iter().any(|name| name == column) || self.key().iter().any(|name| name == column)
    }
}

impl<S: Session> Reader for Keyset<S> {
    fn schema(&self) -> Schema {
        self.cursor.schema().into_iter().filter(|column| self.is_wanted(&column.name)).collect()
    }

    fn key(&self) -> Vec<String> {
        self.select.key.iter().map(|column| name(column).to_owned()).collect()
    }

    fn expected_rows(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Step> {
        loop {
            if let Some(batch) = self.cursor.next(self.request.batch_rows)? {
                if !self.in_nulls {
                    self.move_to_the_end_of(&batch)?;
                }
                self.narrow(&batch)?;
                return Ok(Step::Chunk(batch, self.bookmark.clone()));
            }
            if !std::mem::take(&mut self.in_nulls) {
                return Ok(Step::End(self.bookmark.clone()));
            }
            self.cursor = rows_after(&self.session, &self.select, &self.request)?;
        }
    }
}

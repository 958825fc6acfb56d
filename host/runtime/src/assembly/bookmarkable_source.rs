//! A source whose every row can be the position of a bookmark: a row with a key that is too long for one is rejected when it
//! is read. If it were the last row of a batch, the stream could not go on after it.

use arrow_schema::SchemaRef;
use wmshost_flow::{
    Batch, Cursor, Dialect, Failure, Micros, SourceSession, TableDescription, Value, without_long_keys,
};

/// A session that rejects rows with such a key.
pub(super) struct BookmarkableSource {
    session: Box<dyn SourceSession>,
    /// The columns that the stream names as its key; if it names none, those of the tables that were described.
    key: Vec<String>,
    is_named: bool,
}

impl BookmarkableSource {
    pub(super) fn new(session: Box<dyn SourceSession>, key: &[String]) -> Self {
        Self { session, key: key.to_vec(), is_named: !key.is_empty() }
    }
}

impl SourceSession for BookmarkableSource {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        self.session.now()
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        self.session.tables()
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        let described = self.session.describe(table)?;
        if let Some(described) = described.as_ref().filter(|_| !self.is_named) {
            self.key.extend_from_slice(&described.key);
        }
        Ok(described)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let cursor = self.session.query(statement, parameters)?;
        Ok(Box::new(BookmarkableRows { cursor, key: self.key.clone() }))
    }
}

struct BookmarkableRows {
    cursor: Box<dyn Cursor>,
    key: Vec<String>,
}

impl Cursor for BookmarkableRows {
    fn schema(&self) -> SchemaRef {
        self.cursor.schema()
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        let batch = self.cursor.next(max_rows)?;
        batch.map(|batch| without_long_keys(batch, &self.key)).transpose()
    }
}

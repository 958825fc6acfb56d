//! A source as a stream reads it: of tables that wmshost wrote without what it noted there, and only rows that a bookmark
//! can point at.

use arrow_schema::{DataType, Schema, SchemaRef, TimeUnit};
use wmshost_flow::{
    AUDIT_COLUMNS, Batch, Cursor, Dialect, Failure, Micros, SourceSession, TableDescription, Value, without_long_keys,
};

/// A session for one stream.
///
/// In a table that was written by wmshost, the columns in which the host notes the run and the load time of each row are
/// those of the earlier load, and the next target gets its own: they are left out. A table that keeps deleted rows has a
/// third one, which is not, so that such a table is refused: its deleted rows would be read as if they were there. A table
/// that has only one of the two columns, or has them with other types, was not written by wmshost. The column is the
/// source's own, so that the stream is refused until the column has another name.
///
/// A row with a key that is too long for a bookmark is rejected when it is read. If it were the last row of a batch, the
/// stream could not go on after it.
pub(super) struct StreamSource {
    session: Box<dyn SourceSession>,
    table: String,
    /// The columns that the stream names as its key; if it names none, those of its table, once that was described.
    key: Vec<String>,
    is_named: bool,
}

impl StreamSource {
    /// The session of a stream that moves this table, with the key that it names.
    pub(super) fn new(session: Box<dyn SourceSession>, table: &str, key: &[String]) -> Self {
        Self { session, table: table.to_owned(), key: key.to_vec(), is_named: !key.is_empty() }
    }
}

impl SourceSession for StreamSource {
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
        let Some(mut described) = self.session.describe(table)? else { return Ok(None) };
        if has_audit_columns(&described.columns) {
            described = described.without(&AUDIT_COLUMNS);
        }
        if !self.is_named && table.eq_ignore_ascii_case(&self.table) {
            self.key.clone_from(&described.key);
        }
        Ok(Some(described))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let cursor = self.session.query(statement, parameters)?;
        Ok(Box::new(BookmarkableRows { cursor, key: self.key.clone() }))
    }
}

/// Returns whether a table has both of the host's columns, with the types that the host declares for them.
fn has_audit_columns(columns: &Schema) -> bool {
    let types = [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)];
    AUDIT_COLUMNS.iter().zip(types).all(|(name, data_type)| {
        let mut fields = columns.fields().iter();
        fields.any(|field| field.name().eq_ignore_ascii_case(name) && *field.data_type() == data_type)
    })
}

/// Rows without those whose keys are too long for a bookmark.
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

#[cfg(test)]
mod tests {
    use wmshost_databases::sqlite::open_source_of;
    use wmshost_flow::{SourceGrant, StatementLimit};

    use super::*;

    /// A stream that reads a second table, too: long values of that one's key column are no keys of the stream.
    #[test]
    fn only_the_key_of_the_streams_own_table_has_to_fit_into_a_bookmark() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let long = "x".repeat(5000);
        rusqlite::Connection::open(file.path())
            .and_then(|connection| {
                connection.execute_batch(&format!(
                    "CREATE TABLE own (id TEXT PRIMARY KEY, note TEXT); CREATE TABLE other (note TEXT PRIMARY KEY);
                     INSERT INTO own VALUES ('a', '{long}'), ('{long}', 'b'); INSERT INTO other VALUES ('{long}')"
                ))
            })
            .expect("tables");
        let source = open_source_of(file.path(), 1, "s", 1 << 20, &StatementLimit::default()).expect("a source");
        let grant = SourceGrant::of(["own", "other"].map(str::to_owned).into());
        let mut session = StreamSource::new(source.session(&grant).expect("a session"), "OWN", &[]);
        for table in ["other", "own", "other"] {
            session.describe(table).expect("described").expect("a table");
        }
        let mut rows = session.query("SELECT id, note FROM own ORDER BY id", &[]).expect("rows");
        let batch = rows.next(10).expect("a batch").expect("rows");
        assert_eq!(batch.rows.num_rows(), 1);
        assert_eq!(batch.rejected.len(), 1);
        assert!(batch.rejected[0].reason.contains("the key column id has 5000 bytes"), "{}", batch.rejected[0].reason);
    }
}

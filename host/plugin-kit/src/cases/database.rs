//! SQLite databases of a case, made of tables in files; and the rows of a table, read back.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Cursor, Dialect, Failure, Micros, SourceGrant, SourceSession, TableDescription, Target, Value, cell_as_json,
    timestamp_from_text,
};
use wmshost_sql::{ColumnPurpose, days_of};

use super::case::Case;
use super::host::{NOW, clock};
use crate::error::{Error, Result};
use crate::rows;

/// A database of a case, in a folder that is removed with it.
pub(crate) struct Database {
    folder: TempDir,
    pub(crate) target: Arc<dyn Target>,
}

impl Database {
    /// Returns an empty database.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| Error::file(&std::env::temp_dir(), &error))?;
        let target = sqlite::open_target(&folder.path().join("case.db"), "case", clock())?;
        Ok(Self { folder, target })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("case.db")
    }

    /// Returns a session that may read these tables.
    pub(crate) fn reader(&self, tables: &[String], key: &[String]) -> Result<Box<dyn SourceSession>> {
        let grant = SourceGrant { key: key.to_vec(), ..SourceGrant::of(tables.iter().cloned().collect()) };
        Ok(sqlite::open_source(&self.path(), 1, "case")?.session(&grant)?)
    }

    /// Returns the rows of a query over one table.
    pub(crate) fn rows(&self, table: &str, query: &str) -> Result<RecordBatch> {
        let mut session = self.reader(&[table.to_owned()], &[])?;
        let mut cursor = session.query(query, &[])?;
        let (columns, mut parts) = (cursor.schema(), Vec::new());
        while let Some(batch) = cursor.next(10_000)? {
            parts.push(batch.rows);
        }
        Ok(rows::with_columns(&columns, &parts)?)
    }

    /// Creates a table with these rows; `more` are further columns, as they are declared, and the values of every row.
    pub(crate) fn create(&self, table: &str, rows: &RecordBatch, key: &[String], more: &[(&str, Value)]) -> Result<()> {
        let mut sql = self.target.sql()?;
        let columns = rows.schema();
        let column = |field: &arrow_schema::FieldRef| {
            let kind = Dialect::Sqlite.declared_type(field.data_type(), ColumnPurpose::Loaded);
            let kind =
                kind.ok_or_else(|| Error::new(format_args!("column {}: SQLite has no such type", field.name())))?;
            let null = if field.is_nullable() { "" } else { " NOT NULL" };
            Ok(format!("{} {kind}{null}", quoted(field.name())))
        };
        let mut declared = columns.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
        declared.extend(more.iter().map(|(declaration, _)| (*declaration).to_owned()));
        let marks: Vec<_> = (1..=declared.len()).map(|at| format!("?{at}")).collect();
        if !key.is_empty() {
            declared
                .push(format!("PRIMARY KEY ({})", key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")));
        }
        sql.execute(&format!("CREATE TABLE {} ({})", quoted(table), declared.join(", ")), &[])?;
        let row = |row: usize| {
            let own = rows.columns().iter().map(|column| value(column, row));
            own.chain(more.iter().map(|(_, value)| value.clone())).collect()
        };
        let values: Vec<Vec<Value>> = (0..rows.num_rows()).map(row).collect();
        let insert = format!("INSERT INTO {} VALUES ({})", quoted(table), marks.join(", "));
        sql.begin()?;
        sql.execute_many(&insert, &values)?;
        Ok(sql.commit()?)
    }

    /// Creates a table for each file in the case's folder `tables`; returns their names. `name` names a file's table.
    pub(crate) fn fill(
        &self,
        case: &Case,
        key_of: impl Fn(&str) -> Vec<String>,
        name: impl Fn(&str) -> String,
        audited: bool,
    ) -> Result<Vec<String>> {
        let folder = case.folder.join("tables");
        let mut files: Vec<_> = fs::read_dir(&folder)
            .map_err(|error| Error::file(&folder, &error))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.is_file())
            .collect();
        files.sort();
        let more = [
            ("wms_run_id TEXT", Value::Text("load".to_owned())),
            ("wms_loaded_at TIMESTAMP(6)", Value::Timestamp(NOW - 1_000_000)),
        ];
        let mut tables = Vec::new();
        for file in files {
            let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            let rows = rows::read(&file)?;
            let table = name(&stem);
            self.create(&table, &rows, &key_of(&table), if audited { &more } else { &[] })
                .map_err(|error| Error::new(format_args!("{}: {error}", file.display())))?;
            tables.push(table);
        }
        Ok(tables)
    }
}

/// Returns a name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    Dialect::Sqlite.quoted(name)
}

/// Returns the value of a cell.
pub(crate) fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let json = cell_as_json(column.as_ref(), row);
    let text = serde_json::from_str::<String>(&json).unwrap_or(json);
    match column.data_type() {
        DataType::Boolean => Value::Boolean(text == "true"),
        DataType::Int64 => text.parse().map_or(Value::Null, Value::Int64),
        DataType::Float64 => text.parse().map_or(Value::Null, Value::Float64),
        DataType::Decimal128(..) => Value::Decimal(text),
        DataType::Binary => {
            let pairs =
                text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            pairs.collect::<Option<_>>().map_or(Value::Null, Value::Binary)
        }
        DataType::Date32 => {
            let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().unwrap_or_default());
            let mut part = || parts.next().unwrap_or_default();
            let days = days_of(part(), part(), part());
            i32::try_from(days).map_or(Value::Null, Value::Date)
        }
        DataType::Timestamp(..) => timestamp_from_text(&text).map_or(Value::Null, Value::Timestamp),
        _ => Value::Text(text),
    }
}

/// A session that keeps the statements of a component.
pub(crate) struct Recording {
    pub(crate) session: Box<dyn SourceSession>,
    pub(crate) statements: Statements,
}

/// The statements of a component, with their parameters.
pub(crate) type Statements = Arc<Mutex<Vec<String>>>;

impl SourceSession for Recording {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }
    /// The time of the case.
    fn now(&mut self) -> std::result::Result<Micros, Failure> {
        Ok(NOW)
    }
    fn tables(&mut self) -> std::result::Result<Vec<String>, Failure> {
        self.session.tables()
    }
    fn describe(&mut self, table: &str) -> std::result::Result<Option<TableDescription>, Failure> {
        self.session.describe(table)
    }
    fn query(&mut self, statement: &str, parameters: &[Value]) -> std::result::Result<Box<dyn Cursor>, Failure> {
        let mut line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        if !parameters.is_empty() {
            let values: Vec<_> = parameters.iter().map(ToString::to_string).collect();
            line += &format!("  -- {}", values.join(", "));
        }
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        self.session.query(statement, parameters)
    }
}

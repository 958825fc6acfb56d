//! The server's description of a table that is written. Its types are read differently from those of a source: a table
//! that was created here must be described as it was asked for.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use wmshost_flow::Failure;
use wmshost_sql::{Dialect, Value};

use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::connect::manager::PooledConnection;
use crate::oracle::connect::settings::BareNumber;
use crate::oracle::names::{exactly, quoted, shown, spelled};
use crate::oracle::sql_session::{failed, query, with_client};
use crate::oracle::types::{reading, timestamp};

const KEY: &str = "SELECT cc.column_name FROM all_constraints c JOIN all_cons_columns cc \
     ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name \
     WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND c.table_name = :1 AND c.constraint_type = 'P' \
     ORDER BY cc.position";

const UNIQUE: &str = "SELECT i.index_name, ic.column_name FROM all_indexes i JOIN all_ind_columns ic \
     ON ic.index_owner = i.owner AND ic.index_name = i.index_name \
     WHERE i.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND i.table_name = :1 \
     AND i.uniqueness = 'UNIQUE' ORDER BY i.index_name, ic.column_position";

/// Facts about columns that the description of a query lacks: invisible ones, those that the database fills, and the unit of
/// a length.
const TRAITS: &str = "SELECT column_name, virtual_column, hidden_column, char_used, \
     (SELECT generation_type FROM all_tab_identity_cols i WHERE i.owner = c.owner AND i.table_name = c.table_name \
     AND i.column_name = c.column_name) FROM all_tab_cols c \
     WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1 AND user_generated = 'YES' \
     AND (virtual_column = 'YES' OR hidden_column = 'YES' OR identity_column = 'YES' OR data_type = 'CHAR')";

/// A column that is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Its name as the host spells it.
    pub(crate) name: String,
    /// Its type as the server calls it.
    pub(crate) declared: String,
    /// The type of the values that it takes; `None` if the host has no such type.
    pub(crate) arrow: Option<DataType>,
    /// True if NULL may occur.
    pub(crate) nullable: bool,
    /// The number of characters to which the server pads it with blanks; 0 if it does not.
    pub(crate) padded_to: usize,
    /// The number of digits of a second that it keeps, if it is a moment.
    pub(crate) second_digits: u32,
    /// True if it is padded to a number of bytes, not of characters.
    pub(crate) counts_bytes: bool,
    /// The way in which it is compared with others.
    pub(crate) comparison: Comparison,
    /// The reason why the database alone fills it; `None` if it is written.
    pub(crate) filled_by: Option<&'static str>,
}

/// The way in which the values of a column are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// By the operators of SQL.
    Plain,
    /// As large objects.
    Lob,
    /// Not at all: a LONG.
    Impossible,
}

/// A table that is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Its columns in order.
    pub(crate) columns: Vec<Column>,
    /// The columns of its primary key, in order.
    pub(crate) key: Vec<String>,
}

impl Table {
    /// The table of this name; `None` if there is none.
    pub(crate) fn find(connection: &mut PooledConnection, place: &str, name: &str) -> Result<Option<Self>, Failure> {
        let mut nothing = format!("SELECT * FROM {} WHERE 1 = 0", quoted(name));
        let mut columns: Vec<Column> = match connection.client().and_then(|client| client.describe(&nothing)) {
            Ok(columns) => columns.iter().map(Column::of).collect(),
            Err(oracle_error) if oracle_error.code == Some(942) => return Ok(None),
            Err(oracle_error) => return Err(failed(connection, &oracle_error, format_args!("{place}, table {name}"))),
        };
        let traits = query(connection, place, TRAITS, &[Value::Text(spelled(name))])?;
        let traits: Vec<Traits> = traits.into_iter().filter_map(Traits::of).collect();
        let invisible: Vec<String> = traits.iter().filter(|of| of.is_hidden).map(|of| exactly(&of.column)).collect();
        if !invisible.is_empty() {
            nothing = format!("SELECT {} FROM {} WHERE 1 = 0", invisible.join(", "), quoted(name));
            let described = with_client(connection, place, |client| client.describe(&nothing))?;
            columns.extend(described.iter().map(Column::of));
        }
        for of in traits {
            if let Some(column) = columns.iter_mut().find(|column| spelled(&column.name) == spelled(&of.column)) {
                (column.counts_bytes, column.filled_by) = (of.counts_bytes, of.filled_by);
            }
        }
        let key = query(connection, place, KEY, &[Value::Text(spelled(name))])?;
        let key = key.into_iter().filter_map(|row| text(row.into_iter().next())).collect();
        Ok(Some(Self { columns, key }))
    }

    /// The table with its columns spelled as these, where they are the same to the server.
    pub(crate) fn spelled_as(mut self, names: &[String]) -> Self {
        let columns = self.columns.iter_mut().map(|column| &mut column.name);
        for name in columns.chain(&mut self.key) {
            *name = Dialect::Oracle.spelled_as(name, names).to_owned();
        }
        self
    }

    /// The column of this name, in any case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| spelled(&column.name) == spelled(name))
    }

    /// The columns, but for those that `leave_out` names.
    pub(crate) fn schema(&self, leave_out: &[&str]) -> SchemaRef {
        let kept = self.columns.iter().filter(|column| !leave_out.contains(&column.name.as_str()));
        // A column that the host cannot write has the type Null, which matches no other.
        let field =
            |column: &Column| Field::new(&column.name, column.arrow.clone().unwrap_or(DataType::Null), column.nullable);
        Arc::new(Schema::new(kept.map(field).collect::<Vec<_>>()))
    }

    /// Returns whether a merge can tell rows apart by these columns: the primary key or a unique index has just them.
    pub(crate) fn is_unique(
        &self,
        connection: &mut PooledConnection,
        place: &str,
        name: &str,
        key: &[String],
    ) -> Result<bool, Failure> {
        if same_names(&self.key, key) {
            return Ok(true);
        }
        Ok(self.unique_indexes(connection, place, name)?.iter().any(|(_, columns)| same_names(columns, key)))
    }

    /// The unique indexes, each with its columns.
    pub(crate) fn unique_indexes(
        &self,
        connection: &mut PooledConnection,
        place: &str,
        name: &str,
    ) -> Result<Vec<(String, Vec<String>)>, Failure> {
        let rows = query(connection, place, UNIQUE, &[Value::Text(spelled(name))])?;
        let mut indexes: Vec<(String, Vec<String>)> = Vec::new();
        for row in rows {
            let mut cells = row.into_iter();
            let (Some(index), Some(column)) = (text(cells.next()), text(cells.next())) else { continue };
            match indexes.last_mut() {
                Some((last, columns)) if *last == index => columns.push(shown(&column)),
                _ => indexes.push((index, vec![shown(&column)])),
            }
        }
        Ok(indexes)
    }
}

/// The facts about a column that the description of a query lacks.
struct Traits {
    column: String,
    is_hidden: bool,
    counts_bytes: bool,
    filled_by: Option<&'static str>,
}

impl Traits {
    fn of(row: Vec<Value>) -> Option<Self> {
        let [Value::Text(column), of_virtual, hidden, unit, generation] = <[Value; 5]>::try_from(row).ok()? else {
            return None;
        };
        let is = |value: &Value, text: &str| matches!(value, Value::Text(found) if found == text);
        let filled_by = match () {
            () if is(&of_virtual, "YES") => Some("is a virtual column, which the database computes"),
            () if is(&generation, "ALWAYS") => Some("is GENERATED ALWAYS AS IDENTITY, so that the database fills it"),
            () => None,
        };
        Some(Self { column, is_hidden: is(&hidden, "YES"), counts_bytes: is(&unit, "B"), filled_by })
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(shown(&text)),
        _ => None,
    }
}

/// Returns whether both have the same names, in any order; there has to be one.
pub(crate) fn same_names(a: &[String], b: &[String]) -> bool {
    let within =
        |a: &[String], b: &[String]| a.iter().all(|name| b.iter().any(|other| spelled(name) == spelled(other)));
    a.len() == b.len() && !a.is_empty() && within(a, b) && within(b, a)
}

impl Column {
    fn of(column: &ColumnInfo) -> Self {
        let moment = matches!(column.kind, Kind::Timestamp | Kind::TimestampTz);
        Self {
            name: shown(&column.name),
            declared: column.declared.clone(),
            arrow: written_type(column),
            nullable: column.nullable,
            padded_to: column.letters,
            second_digits: if moment { column.scale.unsigned_abs().into() } else { 0 },
            counts_bytes: false,
            comparison: match column.kind {
                Kind::Clob | Kind::Blob => Comparison::Lob,
                Kind::Long | Kind::LongRaw => Comparison::Impossible,
                _ => Comparison::Plain,
            },
            filled_by: None,
        }
    }
}

/// The type of the values that a column takes. The inverse of `types::declared_type`.
fn written_type(column: &ColumnInfo) -> Option<DataType> {
    match (column.kind, column.precision, column.scale) {
        (Kind::Number, 1, 0) => return Some(DataType::Boolean),
        (Kind::Number, 19, 0) => return Some(DataType::Int64),
        (Kind::Number, precision @ 1..=38, scale @ 0..=38) if scale <= precision as i8 => {
            return Some(DataType::Decimal128(precision, scale));
        }
        (Kind::Date, ..) => return Some(timestamp(false)),
        (Kind::Timestamp, _, 0) => return Some(DataType::Date32),
        (Kind::BinaryDouble, ..) => return Some(DataType::Float64),
        _ => {}
    }
    reading(column, BareNumber::Decimal).map(crate::oracle::types::Reading::arrow)
}

//! Creating and changing tables. A table gets the host's own two columns after those it was asked for; of its columns
//! only the key is NOT NULL, because a column that a source always fills today may be empty tomorrow.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use wmshost_flow::{Failure, TableDefinition};
use wmshost_sql::{Dialect, stored_decimal};

use super::session::{AUDIT_COLUMNS, DELETED_AT, SYSTEM_COLUMNS, SqliteTargetSession, WriteTable};
use crate::sqlite::decimal::REAL_DIGITS;
use crate::sqlite::table::{Column, Table, quoted, quoted_list};
use crate::sqlite::types::{INT64_DIGITS, declared_type, same_type};
use crate::write_session::is_same;

impl SqliteTargetSession {
    /// Creates the granted table.
    pub(crate) fn create_table(&mut self, definition: &TableDefinition) -> Result<(), Failure> {
        self.resolve_table(&definition.name)?;
        self.plans.clear();
        self.create_as(&definition.name, definition)
    }

    fn create_as(&self, name: &str, definition: &TableDefinition) -> Result<(), Failure> {
        let body = self.table_body(definition)?;
        let sql = format!("CREATE TABLE main.{} ({body})", quoted(name));
        self.run(&format!("creating the table {name}"), &sql)
    }

    /// The text between the parentheses of CREATE TABLE.
    fn table_body(&self, definition: &TableDefinition) -> Result<String, Failure> {
        let key = &definition.key;
        if let Some(missing) = key.iter().find(|name| definition.columns.index_of(name).is_err()) {
            return Err(self.refused(&definition.name, missing, "is a key but not among the columns"));
        }
        let mut parts = Vec::new();
        for field in definition.columns.fields() {
            let declared = self.declared(&definition.name, field)?;
            let constraint = match key.contains(field.name()) {
                // Such a column is an alias of the row number, and needs no separate index.
                true if key.len() == 1 && declared == "INTEGER" => " PRIMARY KEY",
                true => " NOT NULL",
                false => "",
            };
            parts.push(format!("{} {declared}{constraint}", quoted(field.name())));
        }
        let audit_columns = AUDIT_COLUMNS.into_iter().zip(Dialect::Sqlite.declared_audit_types());
        parts.extend(audit_columns.map(|(column, declared)| format!("{column} {declared}")));
        if !key.is_empty() && !parts.iter().any(|part| part.ends_with(" PRIMARY KEY")) {
            parts.push(format!("PRIMARY KEY ({})", quoted_list(key)));
        }
        Ok(parts.join(", "))
    }

    fn declared(&self, table: &str, field: &Field) -> Result<String, Failure> {
        if SYSTEM_COLUMNS.iter().any(|own| field.name().eq_ignore_ascii_case(own)) {
            return Err(self.refused(table, field.name(), "has a name that is reserved for the host"));
        }
        declared_type(field.data_type()).ok_or_else(|| {
            let why = format!("has the type {}, for which SQLite has no type", field.data_type());
            self.refused(table, field.name(), &why)
        })
    }

    fn refused(&self, table: &str, column: &str, why: &str) -> Failure {
        Failure::invalid_config(format!("{}, table {table}: the column {column} {why}", self.place))
    }

    /// Adds columns after the existing ones.
    pub(crate) fn add_table_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.resolve_table(table)?;
        self.plans.clear();
        for field in columns.fields() {
            let declared = self.declared(table, field)?;
            let column = quoted(field.name());
            let sql = format!("ALTER TABLE main.{} ADD COLUMN {column} {declared}", quoted(table));
            self.run(&format!("adding the column {} to {table}", field.name()), &sql)?;
        }
        Ok(())
    }

    /// Widens the types of columns: SQLite cannot change a declared type, so the table is built again under another name.
    pub(crate) fn widen_table_columns(&mut self, table: &str, wider: &SchemaRef) -> Result<(), Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: a staged table is not widened", self.place)));
        }
        self.plans.clear();
        let missing = || Failure::permanent(format!("{}: there is no table {table}", self.place));
        let old = self.find(table)?.ok_or_else(missing)?;
        self.check_rebuild(&old)?;
        let column = |field: &Arc<Field>| match wider_type(wider, field.name()) {
            Some(wide) => Arc::new(field.as_ref().clone().with_data_type(wide.clone())),
            None => Arc::clone(field),
        };
        let columns = old.schema(&SYSTEM_COLUMNS);
        let columns = Arc::new(Schema::new(columns.fields().iter().map(column).collect::<Vec<_>>()));
        let definition = TableDefinition { name: old.name.clone(), columns, key: old.key() };
        let copied = copied_cells(&old, wider).map_err(|why| self.refused(table, &why.0, &why.1))?;
        let beside = self.staged_name();
        self.run(&format!("dropping the table {beside}"), &format!("DROP TABLE IF EXISTS main.{}", quoted(&beside)))?;
        self.create_as(&beside, &definition)?;
        if old.column(DELETED_AT).is_some() {
            let alter = format!("ALTER TABLE main.{} ADD COLUMN {DELETED_AT} TIMESTAMP(6)", quoted(&beside));
            self.run("adding the host's own column", &alter)?;
        }
        let names = old.columns.iter().map(|column| &column.name);
        let copy = format!(
            "INSERT INTO main.{} ({}) SELECT {copied} FROM main.{}",
            quoted(&beside),
            quoted_list(names),
            quoted(&old.name)
        );
        self.run(&format!("widening the table {table}"), &copy)?;
        self.put_in_place(&old, &beside)
    }

    /// Creates the staged table, or continues with the one that an interrupted load left.
    pub(crate) fn stage_table(&mut self, definition: &TableDefinition, resume: bool) -> Result<String, Failure> {
        if self.resolve_table(&definition.name)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: a staged table is not staged", self.place)));
        }
        self.plans.clear();
        let name = self.staged_name();
        let old = self.find(&definition.name)?;
        if let Some(old) = &old {
            self.check_rebuild(old)?;
        }
        if resume {
            return match self.find(&name)? {
                Some(staged) if is_same(&staged.schema(&SYSTEM_COLUMNS), &staged.key(), definition, same_type) => {
                    self.copy_unique_indexes(&definition.name, &name)?;
                    Ok(name)
                }
                found => {
                    let what = if found.is_some() { "has other columns by now" } else { "is gone" };
                    Err(Failure::permanent(format!("{}: the table {name} of the interrupted load {what}", self.place))
                        .advise("reset the stream's checkpoint to load it from the start"))
                }
            };
        }
        let drop = format!("DROP TABLE IF EXISTS main.{}", quoted(&name));
        self.run(&format!("dropping the table {name}"), &drop)?;
        self.create_as(&name, definition)?;
        let keeps_deleted = old.is_some_and(|old| old.column(DELETED_AT).is_some());
        if keeps_deleted && !definition.key.is_empty() {
            // A unique index may leave out rows that are marked as deleted.
            self.add_deleted_column(&name)?;
        }
        self.copy_unique_indexes(&definition.name, &name)?;
        Ok(name)
    }
}

/// The type that a column is widened to.
fn wider_type<'w>(wider: &'w Schema, name: &str) -> Option<&'w DataType> {
    let wide = wider.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name));
    wide.map(|field| field.data_type())
}

/// The cells of a table as its wider copy stores them; the error is the column that cannot be widened, and the reason.
fn copied_cells(old: &Table, wider: &SchemaRef) -> Result<String, (String, String)> {
    let cell = |column: &Column| {
        let name = quoted(&column.name);
        let Some(wide) = wider_type(wider, &column.name) else { return Ok(name) };
        widened_cell(&name, &column.arrow, wide).ok_or_else(|| {
            let why = format!("is {} and cannot be widened to {wide}", column.declared);
            (column.name.clone(), why)
        })
    };
    Ok(old.columns.iter().map(cell).collect::<Result<Vec<_>, _>>()?.join(", "))
}

/// A number in the form in which a wider decimal is stored: as it is, or with all its digits as text.
fn widened_cell(name: &str, old: &DataType, wide: &DataType) -> Option<String> {
    let (digits, scale) = match old {
        DataType::Int64 => (INT64_DIGITS, 0),
        DataType::Decimal128(digits, scale) => (*digits, *scale),
        _ => return same_type(old, wide).then(|| name.to_owned()),
    };
    let DataType::Decimal128(most, most_behind) = wide else { return None };
    let fits =
        *most_behind >= scale && i16::from(*most) - i16::from(*most_behind) >= i16::from(digits) - i16::from(scale);
    let was_text = matches!(old, DataType::Decimal128(..)) && digits > REAL_DIGITS;
    let zeros = "0".repeat(usize::from((most_behind - scale).unsigned_abs()));
    let point = if scale == 0 && *most_behind > 0 { "." } else { "" };
    fits.then(|| match *most > REAL_DIGITS {
        false => name.to_owned(),
        true if was_text => format!("{name} || '{point}{zeros}'"),
        // Up to 15 digits survive the way through a binary fraction.
        true => stored_decimal(name, wide).unwrap_or_else(|| name.to_owned()),
    })
}

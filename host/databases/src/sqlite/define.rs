//! Creating and changing tables. A table gets the host's own two columns behind those it was asked for; of its
//! columns only the key is NOT NULL, for what a source never leaves out today it may leave out tomorrow.

use arrow_schema::{Field, SchemaRef};
use wmshost_flow::{Failure, TableDefinition};

use super::table::{Table, quoted, quoted_list};
use super::types::{declared_type, same_type};
use super::writer::{MARKS, Writer, Written};

impl Writer {
    /// Creates the granted table.
    pub(super) fn create_table(&mut self, definition: &TableDefinition) -> Result<(), Failure> {
        self.written(&definition.name)?;
        self.plans.clear();
        self.create_as(&definition.name, definition)
    }

    fn create_as(&self, name: &str, definition: &TableDefinition) -> Result<(), Failure> {
        let body = self.table_body(definition)?;
        let sql = format!("CREATE TABLE main.{} ({body})", quoted(name));
        self.execute(&format!("creating the table {name}"), &sql)
    }

    /// What stands in the parentheses of CREATE TABLE.
    fn table_body(&self, definition: &TableDefinition) -> Result<String, Failure> {
        let key = &definition.key;
        if let Some(missing) = key.iter().find(|name| definition.columns.index_of(name).is_err()) {
            return Err(self.refused(&definition.name, missing, "is a key but not among the columns"));
        }
        let mut parts = Vec::new();
        for field in definition.columns.fields() {
            let declared = self.declared(&definition.name, field)?;
            let constraint = match key.contains(field.name()) {
                // Such a column is the row's own number, with no index beside the table.
                true if key.len() == 1 && declared == "INTEGER" => " PRIMARY KEY",
                true => " NOT NULL",
                false => "",
            };
            parts.push(format!("{} {declared}{constraint}", quoted(field.name())));
        }
        parts.push(format!("{} TEXT", MARKS[0]));
        parts.push(format!("{} TIMESTAMP(6)", MARKS[1]));
        if !key.is_empty() && !parts.iter().any(|part| part.ends_with(" PRIMARY KEY")) {
            parts.push(format!("PRIMARY KEY ({})", quoted_list(key)));
        }
        Ok(parts.join(", "))
    }

    fn declared(&self, table: &str, field: &Field) -> Result<String, Failure> {
        if MARKS.iter().any(|mark| field.name().eq_ignore_ascii_case(mark)) {
            return Err(self.refused(table, field.name(), "has a name that the host keeps for itself"));
        }
        declared_type(field.data_type()).ok_or_else(|| {
            let why = format!("has the type {}, for which SQLite has no place", field.data_type());
            self.refused(table, field.name(), &why)
        })
    }

    fn refused(&self, table: &str, column: &str, why: &str) -> Failure {
        Failure::invalid_config(format!("{}, table {table}: the column {column} {why}", self.place))
    }

    /// Adds columns behind those that are there.
    pub(super) fn add_table_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.written(table)?;
        self.plans.clear();
        for field in columns.fields() {
            let declared = self.declared(table, field)?;
            let column = quoted(field.name());
            let sql = format!("ALTER TABLE main.{} ADD COLUMN {column} {declared}", quoted(table));
            self.execute(&format!("adding the column {} to {table}", field.name()), &sql)?;
        }
        Ok(())
    }

    /// Makes the staged table, or goes on with the one that an interrupted load left.
    pub(super) fn stage_table(&mut self, definition: &TableDefinition, resume: bool) -> Result<String, Failure> {
        if self.written(&definition.name)? != Written::Table {
            return Err(Failure::denied(format!("{}: a staged table is not staged", self.place)));
        }
        self.plans.clear();
        let name = self.staged_name();
        if resume {
            return match self.find(&name)? {
                Some(staged) if is_same(&staged, definition) => Ok(name),
                found => {
                    let what = if found.is_some() { "has other columns by now" } else { "is gone" };
                    Err(Failure::permanent(format!(
                        "{}: the table {name} of the interrupted load {what}; reset the stream's checkpoint \
                         to load it from the start",
                        self.place
                    )))
                }
            };
        }
        let drop = format!("DROP TABLE IF EXISTS main.{}", quoted(&name));
        self.execute(&format!("dropping the table {name}"), &drop)?;
        self.create_as(&name, definition)?;
        Ok(name)
    }
}

/// Whether a table is what a definition says.
fn is_same(table: &Table, definition: &TableDefinition) -> bool {
    let columns = table.schema(&MARKS);
    let wanted = &definition.columns;
    columns.fields().len() == wanted.fields().len()
        && columns
            .fields()
            .iter()
            .zip(wanted.fields())
            .all(|(found, wanted)| found.name() == wanted.name() && same_type(found.data_type(), wanted.data_type()))
        && table.key() == definition.key
}

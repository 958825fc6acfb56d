//! Creating and changing tables. Oracle commits whatever precedes such a statement, so none runs at once: a change that
//! a loader asks for is deferred, described as if it were done, and carried out on a connection of its own before the
//! first row is written or the transaction is committed. A transaction that is rolled back before that leaves no trace.

use arrow_schema::{DataType, Field, SchemaRef};
use wmshost_flow::{Failure, TableDefinition};
use wmshost_sql::Dialect;

use super::session::{AUDIT_COLUMNS, DELETED_AT, OracleTargetSession, PendingDdl, SYSTEM_COLUMNS, WriteTable};
use super::table::{Comparison, Table};
use crate::oracle::failure::is_code;
use crate::oracle::names::{check, quoted, quoted_list, spelled};
use crate::oracle::sql_session::execute_autonomous;
use crate::oracle::types::declared_type;
use crate::write_session::is_same;

/// ORA-01031: insufficient privileges.
const MISSING_PRIVILEGE: u32 = 1_031;

impl OracleTargetSession {
    /// Defers a change, after checking what can be checked now.
    pub(crate) fn defer(&mut self, table: &str, change: PendingDdl) -> Result<(), Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: a staged table is not changed", self.place)));
        }
        if self.has_written {
            return Err(Failure::permanent(format!(
                "{}: rows were written in this transaction; Oracle would commit them at a change of the table",
                self.place
            )));
        }
        match &change {
            PendingDdl::Create(definition) | PendingDdl::Stage(definition) => drop(self.table_body(definition, &[])?),
            PendingDdl::Add(columns) | PendingDdl::Widen(columns) => {
                for field in columns.fields() {
                    self.declared(table, field, false)?;
                }
            }
            PendingDdl::KeepDeleted => {}
        }
        self.changes.push(change);
        Ok(())
    }

    /// Carries out the deferred changes.
    pub(crate) fn apply(&mut self) -> Result<(), Failure> {
        for change in std::mem::take(&mut self.changes) {
            self.forget_tables();
            let which = if matches!(change, PendingDdl::Stage(_)) { WriteTable::Staged } else { WriteTable::Table };
            self.secure_before_change(which)?;
            for statement in self.statements(&change)? {
                execute_autonomous(&self.connections, &statement, &[]).map_err(|failure| {
                    match is_code(&failure, MISSING_PRIVILEGE) {
                        true => failure.advise("GRANT CREATE TABLE to the user, and a quota on its tablespace"),
                        false => failure,
                    }
                })?;
            }
            if let PendingDdl::Stage(definition) = &change {
                self.copy_constraints(definition)?;
            }
        }
        Ok(())
    }

    fn statements(&mut self, change: &PendingDdl) -> Result<Vec<String>, Failure> {
        let (table, staged) = (quoted(&self.grant.table), quoted(&self.staged_name()));
        Ok(match change {
            PendingDdl::Create(definition) => {
                vec![format!("CREATE TABLE {table} ({})", self.table_body(definition, &[])?)]
            }
            PendingDdl::Add(columns) => {
                let fields = columns.fields().iter();
                let added = fields.map(|field| {
                    Ok(format!("{} {}", quoted(field.name()), self.declared(&self.grant.table, field, false)?))
                });
                let added = added.collect::<Result<Vec<_>, Failure>>()?;
                if added.is_empty() {
                    Vec::new()
                } else {
                    vec![format!("ALTER TABLE {table} ADD ({})", added.join(", "))]
                }
            }
            PendingDdl::Widen(columns) => {
                let fields = columns.fields().iter();
                let wider = fields.map(|field| {
                    Ok(format!("{} {}", quoted(field.name()), self.declared(&self.grant.table, field, false)?))
                });
                vec![format!("ALTER TABLE {table} MODIFY ({})", wider.collect::<Result<Vec<_>, Failure>>()?.join(", "))]
            }
            PendingDdl::KeepDeleted => match self.find_now(&self.grant.table.clone())? {
                Some(found) if found.column(DELETED_AT).is_none() => {
                    vec![format!("ALTER TABLE {table} ADD ({} TIMESTAMP(6))", quoted(DELETED_AT))]
                }
                _ => Vec::new(),
            },
            PendingDdl::Stage(definition) => {
                let name = self.staged_name();
                let mut statements = Vec::new();
                if self.find_now(&name)?.is_some() {
                    statements.push(format!("DROP TABLE {staged} PURGE"));
                }
                let large = self.find_now(&self.grant.table)?.map(|table| large_columns(&table)).unwrap_or_default();
                statements.push(format!("CREATE TABLE {staged} ({})", self.table_body(definition, &large)?));
                statements
            }
        })
    }

    /// The text between the parentheses of CREATE TABLE. `large` has the columns that take large objects, with their
    /// types.
    fn table_body(&self, definition: &TableDefinition, large: &[(String, String)]) -> Result<String, Failure> {
        let key = &definition.key;
        if let Some(missing) = key.iter().find(|name| definition.columns.index_of(name).is_err()) {
            return Err(self.refused(&definition.name, missing, "is a key but not among the columns"));
        }
        self.check_name(&self.staged_name())?;
        let mut parts = Vec::new();
        for field in definition.columns.fields() {
            let in_key = key.contains(field.name());
            let mut declared = self.declared(&definition.name, field, in_key)?;
            if let Some((_, lob)) = large.iter().find(|(name, _)| spelled(name) == spelled(field.name())) {
                declared.clone_from(lob);
            }
            parts.push(format!("{} {declared}{}", quoted(field.name()), if in_key { " NOT NULL" } else { "" }));
        }
        let audit_columns = AUDIT_COLUMNS.into_iter().zip(Dialect::Oracle.declared_audit_types());
        parts.extend(audit_columns.map(|(column, declared)| format!("{} {declared}", quoted(column))));
        if !key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", quoted_list("", key.iter().map(String::as_str))));
        }
        Ok(parts.join(", "))
    }

    fn declared(&self, table: &str, field: &Field, in_key: bool) -> Result<String, Failure> {
        if SYSTEM_COLUMNS.iter().any(|own| spelled(field.name()) == spelled(own)) {
            return Err(self.refused(table, field.name(), "has a name that is reserved for the host"));
        }
        self.check_name(field.name())?;
        declared_type(field.data_type(), in_key).ok_or_else(|| {
            let why = format!("has the type {}, for which Oracle has no type", field.data_type());
            self.refused(table, field.name(), &why)
        })
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), Failure> {
        check(name, self.name_bytes()).map_err(|failure| failure.within(&self.place))
    }

    fn refused(&self, table: &str, column: &str, why: &str) -> Failure {
        Failure::invalid_config(format!("{}, table {table}: the column {column} {why}", self.place))
    }

    /// The table as it will be once all deferred changes are carried out.
    pub(crate) fn foreseen(&mut self) -> Result<Option<TableDefinition>, Failure> {
        let name = self.grant.table.clone();
        let found = self.find_now(&name)?;
        let mut seen = found.map(|table| TableDefinition {
            columns: table.schema(&SYSTEM_COLUMNS),
            key: table.key.clone(),
            name: name.clone(),
        });
        for change in &self.changes {
            match (change, &mut seen) {
                (PendingDdl::Create(definition), seen) => *seen = Some(definition.clone()),
                (PendingDdl::Add(columns) | PendingDdl::Widen(columns), Some(seen)) => {
                    seen.columns = with_fields(&seen.columns, columns);
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    /// Creates the staged table, or continues with the one that an interrupted load left. The table itself is created
    /// now, empty, so that the swap changes rows only.
    pub(crate) fn stage_table(&mut self, definition: &TableDefinition, resume: bool) -> Result<String, Failure> {
        let name = self.staged_name();
        let table = definition.name.clone();
        match self.foreseen()? {
            None => self.defer(&table, PendingDdl::Create(definition.clone()))?,
            Some(there) => {
                let lacking = self.lacking(&there, definition)?;
                if !lacking.fields().is_empty() {
                    self.defer(&table, PendingDdl::Add(lacking))?;
                }
            }
        }
        if !resume {
            self.defer(&table, PendingDdl::Stage(definition.clone()))?;
            return Ok(name);
        }
        match self.find_now(&name)? {
            Some(staged) if is_same(&staged.schema(&SYSTEM_COLUMNS), &staged.key, definition, accepts) => Ok(name),
            found => {
                let what = if found.is_some() { "has other columns by now" } else { "is gone" };
                let why = format!("{}: the table {name} of the interrupted load {what}", self.place);
                Err(Failure::permanent(why).advise("reset the stream's state to load it from the start"))
            }
        }
    }

    /// The columns that a table must get before the rows of another can replace its own.
    fn lacking(&self, there: &TableDefinition, wanted: &TableDefinition) -> Result<SchemaRef, Failure> {
        let mut lacking = Vec::new();
        for field in wanted.columns.fields() {
            match there.columns.field_with_name(field.name()) {
                Err(_) => lacking.push(Field::new(field.name(), field.data_type().clone(), true)),
                Ok(old) if accepts(old.data_type(), field.data_type()) => {}
                Ok(old) => {
                    let why = format!(
                        "is {} there and {} in the stream; rows are replaced within the table, so drop or change it",
                        old.data_type(),
                        field.data_type()
                    );
                    return Err(self.refused(&wanted.name, field.name(), &why));
                }
            }
        }
        Ok(std::sync::Arc::new(arrow_schema::Schema::new(lacking)))
    }
}

/// The columns of a table that take large objects, with their types.
fn large_columns(table: &Table) -> Vec<(String, String)> {
    let columns = table.columns.iter().filter(|column| column.comparison == Comparison::Lob);
    columns.map(|column| (column.name.clone(), column.declared.clone())).collect()
}

fn with_fields(columns: &SchemaRef, changed: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = columns.fields().iter().cloned().collect();
    for field in changed.fields() {
        match fields.iter_mut().find(|there| there.name() == field.name()) {
            Some(there) => *there = std::sync::Arc::clone(field),
            None => fields.push(std::sync::Arc::clone(field)),
        }
    }
    std::sync::Arc::new(arrow_schema::Schema::new(fields))
}

/// Returns whether a column of one type takes all values of another.
pub(crate) fn accepts(there: &DataType, here: &DataType) -> bool {
    match (there, here) {
        (DataType::Decimal128(most, most_behind), DataType::Decimal128(digits, behind)) => {
            let whole = |digits: u8, behind: i8| i16::from(digits) - i16::from(behind);
            behind <= most_behind && whole(*digits, *behind) <= whole(*most, *most_behind)
        }
        (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, Some(_))) => true,
        _ => there == here,
    }
}

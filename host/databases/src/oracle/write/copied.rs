//! The constraints of a table that is replaced as a whole. The staged table gets the same ones while it is filled, so
//! that a row which breaks one is refused with its batch, as in a load that merges, and not at the swap, where the
//! source's row is no longer known.

use wmshost_flow::{Failure, TableDefinition};
use wmshost_sql::Value;

use super::session::OracleTargetSession;
use super::table::{Table, same_names};
use crate::oracle::names::{exactly, quoted, quoted_list, spelled};
use crate::oracle::sql_session::{execute_autonomous, query};

/// The conditions of a table; the text is a LONG, which can be selected and nothing else.
const CHECKS: &str = "SELECT search_condition FROM all_constraints \
     WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1 AND constraint_type = 'C' \
     AND status = 'ENABLED' ORDER BY constraint_name";

/// The foreign keys of a table, with the columns they refer to.
const REFERENCES: &str = "SELECT c.constraint_name, cc.column_name, rc.owner, rc.table_name, rc.column_name \
     FROM all_constraints c JOIN all_cons_columns cc \
     ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name JOIN all_cons_columns rc \
     ON rc.owner = c.r_owner AND rc.constraint_name = c.r_constraint_name AND rc.position = cc.position \
     WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND c.table_name = :1 AND c.constraint_type = 'R' \
     AND c.status = 'ENABLED' ORDER BY c.constraint_name, cc.position";

impl OracleTargetSession {
    /// Copies the table's constraints to the staged table. Those that cannot be copied, because they are about columns
    /// that the stream does not have or about tables that may not be referred to, are checked at the swap.
    pub(crate) fn copy_constraints(&mut self, definition: &TableDefinition) -> Result<(), Failure> {
        let name = self.grant.table.clone();
        let Some(table) = self.find_now(&name)? else { return Ok(()) };
        let mut added = self.required(&table, definition);
        let indexes = table.unique_indexes(&mut self.connection, &self.place, &name)?;
        let is_staged = |column: &String| has(definition, column);
        let columns = indexes.iter().map(|(_, columns)| columns);
        let others = columns.filter(|columns| !same_names(columns, &definition.key) && columns.iter().all(is_staged));
        added.extend(others.map(|columns| format!("ADD UNIQUE ({})", list(columns))));
        let name = [Value::Text(spelled(&name))];
        for row in query(&mut self.connection, &self.place, CHECKS, &name)? {
            match row.into_iter().next() {
                // `required` has these, by the columns.
                Some(Value::Text(condition)) if !condition.ends_with(" IS NOT NULL") => {
                    added.push(format!("ADD CHECK ({condition})"));
                }
                _ => {}
            }
        }
        added.extend(references(query(&mut self.connection, &self.place, REFERENCES, &name)?));
        let staged = quoted(&self.staged_name());
        for demand in added {
            if let Err(failure) = execute_autonomous(&self.connections, &format!("ALTER TABLE {staged} {demand}"), &[])
            {
                tracing::debug!("{}: {demand} is checked when the rows are swapped: {failure}", self.place);
            }
        }
        Ok(())
    }

    /// The statements for the columns in which the table allows no NULL and the staged one would.
    fn required(&self, table: &Table, definition: &TableDefinition) -> Vec<String> {
        let columns = table.columns.iter().filter(|column| !column.nullable && has(definition, &column.name));
        let columns = columns.filter(|column| !definition.key.contains(&column.name));
        columns.map(|column| format!("MODIFY ({} NOT NULL)", quoted(&column.name))).collect()
    }
}

fn has(definition: &TableDefinition, column: &str) -> bool {
    definition.columns.fields().iter().any(|field| spelled(field.name()) == spelled(column))
}

fn list(columns: &[String]) -> String {
    quoted_list("", columns.iter().map(String::as_str))
}

/// The foreign keys, from rows of (constraint, column, owner, table, column there).
fn references(rows: Vec<Vec<Value>>) -> Vec<String> {
    let mut found: Vec<(String, Vec<String>, String, Vec<String>)> = Vec::new();
    for row in rows {
        let texts: Vec<String> = row.into_iter().map(|value| value.to_string()).collect();
        let [constraint, column, owner, table, other] = texts.as_slice() else { continue };
        match found.last_mut() {
            Some((last, columns, _, others)) if last == constraint => {
                columns.push(exactly(column));
                others.push(exactly(other));
            }
            _ => {
                let there = format!("{}.{}", exactly(owner), exactly(table));
                found.push((constraint.clone(), vec![exactly(column)], there, vec![exactly(other)]));
            }
        }
    }
    let text = |(_, columns, there, others): (String, Vec<String>, String, Vec<String>)| {
        format!("ADD FOREIGN KEY ({}) REFERENCES {there} ({})", columns.join(", "), others.join(", "))
    };
    found.into_iter().map(text).collect()
}

//! The types of the columns of a table, and the order by them. Where the declared type does not say, the stored values
//! decide for the columns of keys and indexes: their order decides which rows a run reads.

use std::collections::BTreeSet;

use arrow_schema::DataType;
use rusqlite::{Connection, OptionalExtension as _};
use wmshost_flow::{ColumnOrder, SourceGrant, TableDescription};

use super::computed_types::{computed, decide_computed};
use super::decided::{Decided, all_of, decided_by_name};
use super::order::{order_of, order_with_misfits_last};
use super::refusals::{is_strict, source_column};
use crate::forms::Conversion;
use crate::sqlite::statement::{Database, Statement, lock};
use crate::sqlite::table::{Column, Table, is_binary, quoted};
use crate::sqlite::types::{arrow_type, is_undecided};

/// The reason why a view's column has no order.
const COMPUTED: &str = "a view computes it, so that its type is that of the rows that are there now; declare its type \
                        in `columns`, or use a column of a table";

/// The reason why a column has no order if its values differ in how they are stored, but not as text.
const AMBIGUOUS: &str = "it holds rows whose keys differ only in how SQLite stores them, such as the number 1 and the \
     text '1', and both would become one key; correct those rows, or declare the column's type";

/// Why a column has no order in which rows that are added come last.
const UNORDERED: &str = "no type of it says what it holds, and it holds numbers beside texts or fractions, so that a row \
     that is added need not come last and the method append would miss it; declare the column's type, or use the method \
     incremental or full";

/// The columns of a table that a stream names, by their names in the table.
pub(crate) struct Named {
    /// Its key, besides the columns of the table's own key and indexes.
    pub(crate) key: Vec<String>,
    /// Those whose types the pipeline declares, in lower case.
    pub(crate) declared: BTreeSet<String>,
}

impl Named {
    fn declares(&self, column: &Column) -> bool {
        self.declared.contains(&column.name.to_ascii_lowercase())
    }
}

/// Decides the columns of a table whose declared types say nothing. A view's columns have the types of its tables'
/// columns.
pub(crate) fn decide(
    database: &Database,
    table: &mut Table,
    named: &Named,
    decided: &mut Decided,
) -> rusqlite::Result<()> {
    if table.is_view {
        decide_view(database, table, named, decided)?;
        return decide_computed(database, table, &named.declared, decided);
    }
    for column in table.columns.iter().filter(|column| named.declares(column)) {
        decided.insert((table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase()), conversion(column));
    }
    decide_stored(&lock(database), table, named, decided)
}

fn conversion(column: &Column) -> Conversion {
    Conversion { kind: column.arrow.clone(), form: column.form }
}

fn decide_view(database: &Database, view: &mut Table, named: &Named, decided: &mut Decided) -> rusqlite::Result<()> {
    let mut statement = Statement::prepare(database, &all_of(&view.name))?;
    let running = statement.run();
    let columns: Vec<_> = (0..running.column_count()).map(|at| (running.declared(at), running.origin(at))).collect();
    drop(running);
    for (column, (declared, origin)) in view.columns.iter_mut().zip(columns) {
        if named.declares(column) {
            column.declared = declared.unwrap_or_default();
            match origin {
                Some((table, of)) => {
                    decided.insert((table.to_ascii_lowercase(), of.to_ascii_lowercase()), conversion(column));
                }
                None => decided_by_name(decided, &column.name, conversion(column)),
            }
            continue;
        }
        let Some(declared) = declared else { continue };
        // For a view, SQLite reports the affinity where its table's column has no type.
        column.arrow = arrow_type(&declared).unwrap_or(DataType::Utf8);
        column.declared = declared;
        let Some((name, of)) = origin.filter(|_| is_undecided(&column.declared)) else { continue };
        // The connection is locked again below.
        let below = Table::find(&lock(database), &name);
        if let Ok(Some(mut below)) = below {
            let key = if is_in(&named.key, &column.name) { vec![of.clone()] } else { Vec::new() };
            decide_stored(&lock(database), &mut below, &Named { key, declared: BTreeSet::new() }, decided)?;
        }
        if let Some(known) = decided.get(&(name.to_ascii_lowercase(), of.to_ascii_lowercase())) {
            column.arrow = known.kind.clone();
        }
    }
    Ok(())
}

fn decide_stored(
    connection: &Connection,
    table: &mut Table,
    named: &Named,
    decided: &mut Decided,
) -> rusqlite::Result<()> {
    let is_open = |column: &Column| is_undecided(&column.declared) && !named.declares(column);
    if !table.columns.iter().any(is_open) {
        return Ok(());
    }
    let indexed = indexed_columns(connection, &table.name)?;
    let name = table.name.clone();
    for column in table.columns.iter_mut().filter(|column| is_open(column)) {
        let is_key = column.key_position > 0 || is_in(&indexed, &column.name) || is_in(&named.key, &column.name);
        if is_key && kinds(connection, &name, column)? == Kinds::Whole {
            column.arrow = DataType::Int64;
            decided.insert((name.to_ascii_lowercase(), column.name.to_ascii_lowercase()), DataType::Int64.into());
        }
    }
    Ok(())
}

fn is_in(names: &[String], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

fn indexed_columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT i.name FROM pragma_index_list(?1, 'main') l, pragma_index_info(l.name, 'main') i \
         WHERE i.seqno = 0 AND i.name IS NOT NULL",
    )?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// The kinds of values that are stored in a column, apart from bytes, which are neither a number nor a text.
#[derive(PartialEq)]
enum Kinds {
    /// Only numbers, of which the least and the greatest are whole.
    Whole,
    /// Numbers, of which one of these is not.
    Numbers,
    /// Numbers beside texts.
    Mixed,
    /// Texts, or nothing.
    Texts,
}

/// SQLite sorts numbers before texts before bytes, so that the first and the last value show what all are.
fn kinds(connection: &Connection, table: &str, column: &Column) -> rusqlite::Result<Kinds> {
    let (name, table) = (quoted(&column.name), quoted(table));
    let end = |way: &str| -> rusqlite::Result<Option<String>> {
        let sql = format!("SELECT typeof({name}) FROM main.{table} WHERE {name} < x'' ORDER BY {name} {way} LIMIT 1");
        connection.query_row(&sql, [], |row| row.get(0)).optional()
    };
    let (first, last) = (end("ASC")?, end("DESC")?);
    Ok(match (first.as_deref(), last.as_deref()) {
        (Some("integer"), Some("integer")) => Kinds::Whole,
        (Some("integer" | "real"), Some("text")) => Kinds::Mixed,
        (Some("integer" | "real"), _) => Kinds::Numbers,
        _ => Kinds::Texts,
    })
}

/// The description of a table, for a reader with this grant.
pub(crate) fn description(
    database: &Database,
    table: &Table,
    (grant, named): (&SourceGrant, &Named),
    wide: bool,
) -> rusqlite::Result<TableDescription> {
    let computed = if table.is_view { computed(database, &table.name)? } else { Vec::new() };
    let connection = lock(database);
    let strict = !table.is_view && is_strict(&connection, &table.name)?;
    let source =
        |column: &Column| source_column(column, strict, computed.contains(&column.name), named.declares(column));
    let sources = table.columns.iter().map(source).collect();
    let order_of = |column: &Column| match computed.contains(&column.name) && !named.declares(column) {
        true => Err(COMPUTED.to_owned()),
        false => Ok(order_of(column, wide, is_binary(&connection, table, column))),
    };
    let mut order: Vec<Result<ColumnOrder, String>> = table.columns.iter().map(order_of).collect();
    if !table.is_view && has_ambiguous_keys(&connection, table, &order)? {
        for (column, order) in table.columns.iter().zip(&mut order) {
            if column.key_position > 0 && is_text_of_anything(column) {
                *order = Err(AMBIGUOUS.to_owned());
            }
        }
    }
    if grant.appends {
        let key = |column: &Column| column.key_position > 0 || is_in(&named.key, &column.name);
        for (column, order) in table.columns.iter().zip(&mut order).filter(|(column, _)| key(column)) {
            check_added(&connection, &table.name, column, order)?;
        }
    }
    Ok(TableDescription { columns: table.schema(&[]), key: table.key(), name: table.name.clone(), order, sources })
}

/// Ensures that an added row comes after those that were read, even if its key does not fit its column: that sorts after
/// all that fit, so that every run meets and rejects it. Where numbers are read as text there is no such order.
fn check_added(
    connection: &Connection,
    table: &str,
    column: &Column,
    order: &mut Result<ColumnOrder, String>,
) -> rusqlite::Result<()> {
    if is_text_of_anything(column) && order.is_ok() && kinds(connection, table, column)? != Kinds::Texts {
        *order = Err(UNORDERED.to_owned());
    } else if let (true, Some(last)) = (order.is_ok(), order_with_misfits_last(column)) {
        *order = Ok(last);
    }
    Ok(())
}

fn is_text_of_anything(column: &Column) -> bool {
    column.arrow == DataType::Utf8 && is_undecided(&column.declared)
}

/// Returns whether two rows have keys that differ for SQLite and are the same for everyone else.
fn has_ambiguous_keys(
    connection: &Connection,
    table: &Table,
    order: &[Result<ColumnOrder, String>],
) -> rusqlite::Result<bool> {
    let mut is_mixed = false;
    for column in table.columns.iter().filter(|column| column.key_position > 0 && is_text_of_anything(column)) {
        is_mixed |= kinds(connection, &table.name, column)? == Kinds::Mixed;
    }
    if !is_mixed {
        return Ok(false);
    }
    let key = table.columns.iter().zip(order).filter(|(column, _)| column.key_position > 0);
    let key: Vec<&str> = key.filter_map(|(_, order)| Some(order.as_ref().ok()?.expression.as_str())).collect();
    let twice = format!(
        "SELECT EXISTS (SELECT 1 FROM main.{} GROUP BY {} HAVING count(*) > 1)",
        quoted(&table.name),
        key.join(", ")
    );
    connection.query_row(&twice, [], |row| row.get(0))
}

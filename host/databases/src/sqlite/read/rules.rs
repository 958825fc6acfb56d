//! A table as a stream reads it, by the rules and grants of the pipeline: columns that are left out, masked, have another
//! type, form or name, or are computed, and rows that a condition chooses. Where a table is not read as it is, a SELECT
//! takes its place in a statement; SQLite merges it into the statement, so that indexes serve as before.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use wmshost_flow::{ColumnRule, ColumnRules, SourceColumn, TableDescription, type_name};
use wmshost_sql::Dialect;

use super::decided::{Decided, decided_by_name};
use super::masks::{conversion, masked};
use super::order::{order_of_computed, sort_key_of};
use crate::sqlite::table::{Column, Table, quoted};

/// Sets the types and forms of the table's columns that the rules declare; returns their names in lower case. The errors
/// are all mistakes of the rules.
pub(crate) fn declare(table: &mut Table, rules: &ColumnRules) -> Result<BTreeSet<String>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut declared = BTreeSet::new();
    for (name, rule) in rules {
        let found = table.columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(name));
        match (rule, found) {
            (ColumnRule::RowScn, _) => mistakes.push(format!("column {name}: only Oracle has ORA_ROWSCN")),
            (ColumnRule::Greatest(_), Some(_)) => {
                mistakes.push(format!("column {name} is computed, but the table has a column of that name"));
            }
            (ColumnRule::Greatest(_), None) => {}
            (_, None) => mistakes.push(unknown(name, &table.name, table.columns.iter().map(|c| c.name.as_str()))),
            (ColumnRule::Skip, Some(column)) if column.key_position > 0 => mistakes.push(format!(
                "column {name} is part of the primary key, which tells rows apart, and cannot be skipped or left out of a grant"
            )),
            (rule, Some(column)) if column.key_position > 0 && rule.mask().is_some() => mistakes.push(format!(
                "column {name} is part of the primary key, which tells rows apart, and cannot be masked"
            )),
            (ColumnRule::Skip, Some(_)) => {}
            (ColumnRule::Read(reading), Some(column)) => {
                if let Some(kind) = reading.declared() {
                    (column.arrow, column.form) = (kind, reading.form);
                    declared.insert(column.name.to_ascii_lowercase());
                }
            }
        }
    }
    for (name, rule) in rules {
        if let ColumnRule::Greatest(columns) = rule {
            mistakes.extend(greatest(name, columns, table, rules).err());
        }
    }
    mistakes.extend(twice(table, rules));
    if mistakes.is_empty() { Ok(declared) } else { Err(mistakes) }
}

fn unknown<'a>(name: &str, table: &str, columns: impl Iterator<Item = &'a str>) -> String {
    let columns: Vec<_> = columns.take(20).collect();
    format!("column {name} is not in table {table}, which has {}", columns.join(", "))
}

/// The columns of which the greatest value is taken.
fn greatest<'t>(
    name: &str,
    columns: &[String],
    table: &'t Table,
    rules: &ColumnRules,
) -> Result<Vec<&'t Column>, String> {
    let find = |column: &String| {
        table.column(column).ok_or_else(|| {
            unknown(column, &table.name, table.columns.iter().map(|c| c.name.as_str()))
                + &format!("; {name} is the greatest of it and others")
        })
    };
    let found = columns.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if let Some(hidden) =
        found.iter().find(|column| rule_of(&column.name, rules).is_some_and(|rule| rule.mask().is_some()))
    {
        return Err(format!("column {name} is the greatest of {}, which is masked", hidden.name));
    }
    let [first, rest @ ..] = found.as_slice() else { return Err(format!("column {name} is the greatest of nothing")) };
    let can_be = matches!(&first.arrow, DataType::Timestamp(..) | DataType::Int64)
        || first.arrow == DataType::Date32 && found.iter().all(|column| column.form.is_none());
    if !can_be {
        return Err(format!(
            "column {name}: the greatest of {} columns cannot be taken, only of timestamps, dates kept as text, or int64",
            type_name(&first.arrow)
        ));
    }
    match rest.iter().find(|column| column.arrow != first.arrow) {
        Some(other) => Err(format!(
            "column {name}: {} is {} and {} is {}; declare one type for both",
            first.name,
            type_name(&first.arrow),
            other.name,
            type_name(&other.arrow)
        )),
        None => Ok(found),
    }
}

/// Names that two columns of the stream would have.
fn twice(table: &Table, rules: &ColumnRules) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let columns = table.columns.iter().filter_map(|column| stream_name(&column.name, rules));
    let computed = rules.iter().filter(|(_, rule)| rule.is_computed()).map(|(name, _)| name.as_str());
    let twice = columns.chain(computed).filter(|name| !seen.insert(name.to_ascii_lowercase()));
    twice.map(|name| format!("two columns would have the name {name}; rename or skip one of them")).collect()
}

/// The rule for a column of the table, in whatever case it is written.
fn rule_of<'r>(column: &str, rules: &'r ColumnRules) -> Option<&'r ColumnRule> {
    rules.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, rule)| rule)
}

/// The name of the table's column in the stream; `None` if it is left out.
pub(crate) fn stream_name<'a>(column: &'a str, rules: &'a ColumnRules) -> Option<&'a str> {
    rule_of(column, rules).map_or(Some(column), |rule| rule.stream_name(column))
}

/// The names in the table of columns that are named as in the stream.
pub(crate) fn table_names(names: &[String], table: &Table, rules: &ColumnRules) -> Vec<String> {
    let in_table = |name: &String| {
        let renamed = table
            .columns
            .iter()
            .find(|column| stream_name(&column.name, rules).is_some_and(|known| known.eq_ignore_ascii_case(name)));
        renamed.map_or_else(|| name.clone(), |column| column.name.clone())
    };
    names.iter().map(in_table).collect()
}

/// The description of the table as the stream has it, and the SELECT that takes the table's place, if that needs one. The
/// errors are masks that a column cannot have.
pub(crate) fn as_stream_has_it(
    described: TableDescription,
    table: &Table,
    (rules, rows): (&ColumnRules, Option<&str>),
    decided: &mut Decided,
) -> Result<(TableDescription, Option<String>), Vec<String>> {
    if rules.is_empty() && rows.is_none() {
        return Ok((described, None));
    }
    let (mut fields, mut orders, mut sources, mut selected) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut is_plain, mut mistakes) = (rows.is_none(), Vec::new());
    let columns = described.columns.fields().iter().zip(described.order);
    for ((field, order), source) in columns.zip(described.sources) {
        let rule = rule_of(field.name(), rules);
        let Some(name) = stream_name(field.name(), rules) else {
            is_plain = false;
            continue;
        };
        sources.push(source);
        if let (Some(mask), Some(column)) = (rule.and_then(ColumnRule::mask), table.column(field.name())) {
            is_plain = false;
            match mask.masked_type(field.data_type()) {
                Ok(kind) => {
                    decided_by_name(decided, name, conversion(kind.clone()));
                    fields.push(Field::new(name, kind, true));
                    orders.push(Err(format!("it is masked by {}", mask.name())));
                    selected.push(format!("{} AS {}", masked(mask, column), quoted(name)));
                }
                Err(why) => mistakes.push(format!("column {} {why}", field.name())),
            }
            continue;
        }
        let (old, new) = (quoted(field.name()), quoted(name));
        fields.push(field.as_ref().clone().with_name(name));
        orders.push(order.map(|mut order| {
            order.expression = order.expression.replace(&old, &new);
            order
        }));
        is_plain &= old == new;
        selected.push(if old == new { old } else { format!("{old} AS {new}") });
    }
    for (name, rule) in rules {
        let ColumnRule::Greatest(columns) = rule else { continue };
        // `declare` has checked them.
        let Ok(columns) = greatest(name, columns, table, rules) else { continue };
        let kind = columns[0].arrow.clone();
        decided_by_name(decided, name, conversion(kind.clone()));
        orders.push(Ok(order_of_computed(name, &kind)));
        sources.push(SourceColumn { declared: rule.to_string(), ..SourceColumn::default() });
        fields.push(Field::new(name, kind, true));
        selected.push(format!("{} AS {}", greatest_expression(&columns), quoted(name)));
        is_plain = false;
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    // An index could let SQLite evaluate a plugin's condition first, whose errors would show values of other rows.
    let condition = rows.map(|rows| format!(" NOT INDEXED WHERE ({rows})")).unwrap_or_default();
    let select = format!("SELECT {} FROM main.{}{condition}", selected.join(", "), quoted(&table.name));
    let key = described.key.iter().filter_map(|name| stream_name(name, rules)).map(str::to_owned).collect();
    let described =
        TableDescription { name: described.name, columns: Arc::new(Schema::new(fields)), key, order: orders, sources };
    Ok((described, (!is_plain).then_some(select)))
}

/// The greatest value that is not NULL.
fn greatest_expression(columns: &[&Column]) -> String {
    Dialect::Sqlite.greatest(&columns.iter().map(|column| sort_key_of(column)).collect::<Vec<_>>())
}

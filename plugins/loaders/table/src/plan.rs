//! What a table needs before a stream can be merged into it, and what is wrong with it.

use wmshost_plugin::contract::loading::{Mode, Request};
use wmshost_plugin::contract::types::{Column, ColumnType};
use wmshost_plugin::target::Definition;
use wmshost_plugin::{Result, all_mistakes, type_name};

/// What makes the table ready.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// There is no table: create it.
    Create(Definition),
    /// There is a table: add these columns, if any.
    Add(Vec<Column>),
}

/// The table as the stream asks for it. Its key columns are never NULL; the others may be, since what the source says
/// of them can change.
pub(crate) fn definition(request: &Request) -> Definition {
    let column = |column: &Column| Column {
        nullable: !request.key.contains(&column.name),
        name: column.name.clone(),
        ..*column
    };
    Definition {
        name: request.table.clone(),
        columns: request.columns.iter().map(column).collect(),
        key: request.key.clone(),
    }
}

/// Finds all that is wrong with a request by itself.
pub(crate) fn check(request: &Request) -> Result<()> {
    let mut mistakes = Vec::new();
    if request.mode == Mode::Merge && request.key.is_empty() {
        mistakes.push(format!("stream {}: merging needs a key; set `key`, or replace the table", request.name));
    }
    let named = request.key.iter().map(|name| ("key", name));
    for (what, name) in named.chain(request.version.iter().map(|name| ("version", name))) {
        if find(&request.columns, name).is_none() {
            mistakes.push(format!("stream {}: it has no {what} column {name}", request.name));
        }
    }
    all_mistakes(&mistakes)
}

/// Compares the table that is there with what the stream asks for.
pub(crate) fn plan(request: &Request, existing: Option<&Definition>) -> Result<Plan> {
    let wanted = definition(request);
    let Some(existing) = existing else { return Ok(Plan::Create(wanted)) };
    all_mistakes(&mistakes(request, existing))?;
    let missing = wanted.columns.into_iter().filter(|column| find(&existing.columns, &column.name).is_none());
    Ok(Plan::Add(missing.map(|column| Column { nullable: true, ..column }).collect()))
}

/// What is wrong with a table that is there.
fn mistakes(request: &Request, existing: &Definition) -> Vec<String> {
    let table = &request.table;
    let mut mistakes = Vec::new();
    for column in &request.columns {
        let there = find(&existing.columns, &column.name);
        if let Some(there) = there.filter(|there| !holds(there.kind, column.kind)) {
            let (there, here) = (type_name(there.kind), type_name(column.kind));
            mistakes.push(format!("column {table}.{} is {there}, the stream has {here}", column.name));
        }
    }
    if request.mode == Mode::Merge {
        mistakes.extend(obstacles(request, existing));
    }
    mistakes
}

/// What keeps rows from being merged into a table that is there, and does not matter where it is replaced.
fn obstacles(request: &Request, existing: &Definition) -> Vec<String> {
    let table = &request.table;
    let mut mistakes = Vec::new();
    for name in request.key.iter().filter(|name| find(&existing.columns, name).is_none()) {
        mistakes.push(format!("table {table} lacks the key column {name}"));
    }
    for column in &existing.columns {
        if !column.nullable && find(&request.columns, &column.name).is_none() {
            mistakes
                .push(format!("column {table}.{} must not be NULL, and the stream has no such column", column.name));
        }
    }
    if !existing.key.is_empty() && !same_names(&existing.key, &request.key) {
        let (there, here) = (existing.key.join(", "), request.key.join(", "));
        mistakes.push(format!("the key of table {table} is ({there}), the stream's is ({here})"));
    }
    mistakes
}

/// Whether a column of one type takes all values of the other: the same type, or a wider decimal.
fn holds(there: ColumnType, here: ColumnType) -> bool {
    match (there, here) {
        (ColumnType::Decimal(there), ColumnType::Decimal(here)) => {
            let whole_digits = |kind: wmshost_plugin::contract::types::DecimalType| kind.precision - kind.scale;
            there.scale >= here.scale && whole_digits(there) >= whole_digits(here)
        }
        (there, here) => there == here,
    }
}

fn find<'c>(columns: &'c [Column], name: &str) -> Option<&'c Column> {
    columns.iter().find(|column| column.name == name)
}

fn same_names(one: &[String], two: &[String]) -> bool {
    one.len() == two.len() && one.iter().all(|name| two.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wmshost_plugin::contract::types::DecimalType;

    fn column(name: &str, kind: ColumnType, nullable: bool) -> Column {
        Column { name: name.into(), kind, nullable }
    }

    fn decimal(precision: u8, scale: u8) -> ColumnType {
        ColumnType::Decimal(DecimalType { precision, scale })
    }

    fn request() -> Request {
        Request {
            name: "allocation".into(),
            table: "allocation".into(),
            mode: Mode::Merge,
            columns: vec![column("id", ColumnType::Int64, true), column("quantity", decimal(10, 2), true)],
            key: vec!["id".into()],
            version: None,
            resume: false,
        }
    }

    fn table(columns: Vec<Column>) -> Definition {
        Definition { name: "allocation".into(), columns, key: vec!["id".into()] }
    }

    fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.expect_err("a mistake").to_string()
    }

    #[test]
    fn merging_needs_a_key() {
        let message = message(check(&Request { key: vec![], ..request() }));
        assert!(message.contains("merging needs a key"), "{message}");
        let replacing = Request { key: vec![], mode: Mode::Replace, ..request() };
        assert!(check(&replacing).is_ok());
    }

    #[test]
    fn key_and_version_must_be_columns() {
        let request = Request { key: vec!["a".into()], version: Some("b".into()), ..request() };
        let message = message(check(&request));
        assert!(message.contains("no key column a") && message.contains("no version column b"), "{message}");
    }

    #[test]
    fn a_table_that_is_not_there_is_created() {
        let Ok(Plan::Create(definition)) = plan(&request(), None) else { panic!("a creation expected") };
        assert!(!definition.columns[0].nullable, "a key column is never NULL");
        assert_eq!(definition.key, ["id"]);
    }

    #[test]
    fn a_new_column_is_added() {
        let existing = table(vec![column("id", ColumnType::Int64, false)]);
        let added = Plan::Add(vec![column("quantity", decimal(10, 2), true)]);
        assert_eq!(plan(&request(), Some(&existing)), Ok(added));
    }

    #[test]
    fn a_table_that_fits_needs_nothing() {
        let columns = vec![
            column("id", ColumnType::Int64, false),
            column("quantity", decimal(12, 2), true),
            column("note", ColumnType::Utf8, true),
        ];
        assert_eq!(plan(&request(), Some(&table(columns))), Ok(Plan::Add(vec![])));
    }

    #[test]
    fn all_types_that_differ_are_named() {
        let existing = table(vec![column("id", ColumnType::Utf8, false), column("quantity", decimal(10, 1), true)]);
        let message = message(plan(&request(), Some(&existing)));
        assert!(message.contains("allocation.id is utf8, the stream has int64"), "{message}");
        assert!(message.contains("allocation.quantity is decimal(10, 1), the stream has decimal(10, 2)"), "{message}");
    }

    #[test]
    fn a_column_that_must_not_be_null_must_come_from_the_stream() {
        let existing = table(vec![column("id", ColumnType::Int64, false), column("site", ColumnType::Utf8, false)]);
        let message = message(plan(&request(), Some(&existing)));
        assert!(message.contains("allocation.site must not be NULL"), "{message}");
    }

    #[test]
    fn a_table_that_is_replaced_may_have_had_other_columns() {
        let existing = table(vec![column("site", ColumnType::Utf8, false)]);
        let request = Request { mode: Mode::Replace, ..request() };
        assert!(plan(&request, Some(&existing)).is_ok());
    }

    #[test]
    fn another_key_is_a_mistake() {
        let existing =
            Definition { key: vec!["quantity".into()], ..table(vec![column("id", ColumnType::Int64, false)]) };
        let message = message(plan(&request(), Some(&existing)));
        assert!(message.contains("is (quantity), the stream's is (id)"), "{message}");
    }
}

//! The changes that a table needs before a stream can be merged into it, and its mistakes.

use wmshost_plugin::contract::loading::{Mode, NewColumns, NewTypes, Request};
use wmshost_plugin::contract::types::{Column, ColumnType, DecimalType};
use wmshost_plugin::target::Definition;
use wmshost_plugin::{Result, all_mistakes, type_name};

/// The changes that make the table ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The table's name.
    pub(crate) table: String,
    /// The table as the stream needs it, for creating it.
    pub(crate) wanted: Definition,
    /// Columns that an existing table lacks.
    pub(crate) add: Vec<Column>,
    /// Columns of an existing table that need a wider type.
    pub(crate) widen: Vec<Column>,
    /// Columns that are not written.
    pub(crate) left_out: Vec<String>,
}

/// The table as the stream needs it. Its key columns are never NULL; the others may be, because the source's
/// declarations can change.
fn definition(request: &Request, left_out: &[String]) -> Definition {
    let column = |column: &Column| Column {
        nullable: !request.key.contains(&column.name),
        name: column.name.clone(),
        ..*column
    };
    let kept = request.columns.iter().filter(|column| !left_out.contains(&column.name));
    Definition { name: request.table.clone(), columns: kept.map(column).collect(), key: request.key.clone() }
}

/// Finds all mistakes of a request that can be seen without the table.
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

/// Compares the existing table with the stream's request. All mistakes are reported at once.
pub(crate) fn plan(request: Request, existing: Option<&Definition>) -> Result<Plan> {
    let table = request.table.clone();
    let Some(existing) = existing else {
        let wanted = definition(&request, &[]);
        return Ok(Plan { table, wanted, add: Vec::new(), widen: Vec::new(), left_out: Vec::new() });
    };
    let mut mistakes = if request.mode == Mode::Merge { obstacles(&request, existing) } else { Vec::new() };
    let widen = widened(&request, existing, &mut mistakes);
    let missing = request.columns.iter().filter(|column| find(&existing.columns, &column.name).is_none());
    let missing: Vec<&Column> = missing.collect();
    let (mut add, mut left_out) = (Vec::new(), Vec::new());
    match request.new_columns {
        NewColumns::Evolve => {
            add =
                missing.iter().map(|column| Column { nullable: true, name: column.name.clone(), ..**column }).collect();
        }
        NewColumns::Freeze => mistakes.extend(missing.iter().map(|column| {
            format!(
                "column {} ({}) is new, and table {table} is frozen: add it there, or let new_columns be \"evolve\" or \
                 \"discard\"",
                column.name,
                type_name(column.kind)
            )
        })),
        NewColumns::Discard => left_out = missing.iter().map(|column| column.name.clone()).collect(),
    }
    all_mistakes(&mistakes)?;
    Ok(Plan { table, wanted: definition(&request, &left_out), add, widen, left_out })
}

/// The columns that the table cannot hold as it is, with a type that can; a column without such a type is a mistake. A
/// table that is replaced has its types from the stream: only with `freeze` are they compared.
fn widened(request: &Request, existing: &Definition, mistakes: &mut Vec<String>) -> Vec<Column> {
    let mut widen = Vec::new();
    for column in &request.columns {
        let there = find(&existing.columns, &column.name);
        let Some(there) = there.filter(|there| !holds(there.kind, column.kind)) else { continue };
        match (request.new_types, request.mode, both(there.kind, column.kind)) {
            (NewTypes::Evolve, Mode::Replace, _) => {}
            (NewTypes::Evolve, Mode::Merge, Some(kind)) => widen.push(Column { kind, ..there.clone() }),
            (policy, ..) => {
                let (place, name) = (&request.table, &column.name);
                let (there, here) = (type_name(there.kind), type_name(column.kind));
                let advice = match policy {
                    NewTypes::Freeze => "types are frozen: change it there, or let new_types be \"evolve\"",
                    NewTypes::Evolve => "no type holds both: load the stream again with --full-refresh",
                };
                mistakes.push(format!("column {place}.{name} is {there}, the stream has {here}; {advice}"));
            }
        }
    }
    widen
}

/// The decimal that holds the numbers of both types, if there is one.
fn both(there: ColumnType, here: ColumnType) -> Option<ColumnType> {
    let digits = |kind: ColumnType| match kind {
        ColumnType::Int64 => Some((19, 0)),
        ColumnType::Decimal(kind) => Some((kind.precision - kind.scale, kind.scale)),
        _ => None,
    };
    // An int64 column of the stream does not fit a decimal column: its values would have to be converted.
    if matches!(here, ColumnType::Int64) {
        return None;
    }
    let ((one, one_behind), (two, two_behind)) = (digits(there)?, digits(here)?);
    let (whole, scale) = (one.max(two), one_behind.max(two_behind));
    let precision = whole + scale;
    (precision <= 38).then_some(ColumnType::Decimal(DecimalType { precision, scale }))
}

/// The obstacles to merging rows into an existing table, which do not matter where it is replaced.
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

/// True if a column of one type holds all values of the other: the same type, or a wider decimal.
fn holds(there: ColumnType, here: ColumnType) -> bool {
    match (there, here) {
        (ColumnType::Decimal(there), ColumnType::Decimal(here)) => {
            let whole_digits = |kind: DecimalType| kind.precision - kind.scale;
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
            new_columns: NewColumns::Evolve,
            new_types: NewTypes::Evolve,
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
        let wanted = plan(request(), None).expect("a plan").wanted;
        assert!(!wanted.columns[0].nullable, "a key column is never NULL");
        assert_eq!(wanted.key, ["id"]);
    }

    #[test]
    fn a_new_column_is_added() {
        let existing = table(vec![column("id", ColumnType::Int64, false)]);
        assert_eq!(plan(request(), Some(&existing)).expect("a plan").add, [column("quantity", decimal(10, 2), true)]);
    }

    #[test]
    fn a_new_column_is_left_out_or_refused_by_policy() {
        let existing = table(vec![column("id", ColumnType::Int64, false)]);
        let discard = Request { new_columns: NewColumns::Discard, ..request() };
        let plan_of = plan(discard, Some(&existing)).expect("a plan");
        assert_eq!((plan_of.left_out, plan_of.add), (vec!["quantity".to_owned()], vec![]));
        let freeze = Request { new_columns: NewColumns::Freeze, ..request() };
        let message = message(plan(freeze, Some(&existing)));
        assert!(message.contains("quantity (decimal(10, 2)) is new"), "{message}");
    }

    #[test]
    fn a_type_is_widened_or_refused_by_policy() {
        let existing = table(vec![column("id", ColumnType::Int64, false), column("quantity", ColumnType::Int64, true)]);
        let widen = plan(request(), Some(&existing)).expect("a plan").widen;
        assert_eq!(widen, [column("quantity", decimal(21, 2), true)]);
        let freeze = Request { new_types: NewTypes::Freeze, ..request() };
        assert!(message(plan(freeze, Some(&existing))).contains("types are frozen"));
        let replaced = Request { mode: Mode::Replace, ..request() };
        assert_eq!(plan(replaced, Some(&existing)).expect("a plan").widen, []);
    }

    #[test]
    fn a_table_that_fits_needs_nothing() {
        let columns = vec![
            column("id", ColumnType::Int64, false),
            column("quantity", decimal(12, 2), true),
            column("note", ColumnType::Utf8, true),
        ];
        let plan = plan(request(), Some(&table(columns))).expect("a plan");
        assert_eq!((plan.add, plan.widen, plan.left_out), (vec![], vec![], vec![]));
    }

    #[test]
    fn all_types_that_differ_are_named() {
        let existing = table(vec![column("id", ColumnType::Utf8, false), column("quantity", ColumnType::Date, true)]);
        let message = message(plan(request(), Some(&existing)));
        assert!(message.contains("allocation.id is utf8, the stream has int64"), "{message}");
        assert!(message.contains("allocation.quantity is date, the stream has decimal(10, 2)"), "{message}");
    }

    #[test]
    fn a_column_that_must_not_be_null_must_come_from_the_stream() {
        let existing = table(vec![column("id", ColumnType::Int64, false), column("site", ColumnType::Utf8, false)]);
        let message = message(plan(request(), Some(&existing)));
        assert!(message.contains("allocation.site must not be NULL"), "{message}");
    }

    #[test]
    fn a_table_that_is_replaced_may_have_had_other_columns() {
        let existing = table(vec![column("site", ColumnType::Utf8, false)]);
        let request = Request { mode: Mode::Replace, ..request() };
        assert!(plan(request, Some(&existing)).is_ok());
    }

    #[test]
    fn another_key_is_a_mistake() {
        let existing =
            Definition { key: vec!["quantity".into()], ..table(vec![column("id", ColumnType::Int64, false)]) };
        let message = message(plan(request(), Some(&existing)));
        assert!(message.contains("is (quantity), the stream's is (id)"), "{message}");
    }
}

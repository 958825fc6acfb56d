//! The table of a stream: the columns that are read, the key, and the change key.

use wmshost_plugin::contract::extraction::{Method, Request};
use wmshost_plugin::contract::types::{Column, ColumnType};
use wmshost_plugin::source::{ColumnOrder, Dialect, TableDescription};
use wmshost_plugin::{Result, all_mistakes, log, type_name};

use crate::dialect::{Named, display_column};

/// The greatest number of columns that can order a table: a bookmark has 16 positions, four of them for other things.
const MOST_KEY_COLUMNS: usize = 12;

/// A table, checked against the request.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Field>,
    /// The key, as places in `columns`.
    pub(crate) key: Vec<usize>,
    /// The order of rows: the key, then those columns of the primary key that are not in it, so that no two rows are
    /// equal. Empty for a table without a key, whose rows come in any order.
    pub(crate) order: Vec<usize>,
    /// The change key, as a place in `columns`.
    pub(crate) change_key: Option<usize>,
}

/// A column of the table.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name as the source spells it.
    pub(crate) name: String,
    /// Its name in batches.
    pub(crate) display_column: String,
    pub(crate) kind: ColumnType,
    pub(crate) nullable: bool,
    /// The way the source orders by it in the host's order; otherwise the reason why it cannot.
    pub(crate) order: std::result::Result<ColumnOrder, String>,
}

impl Table {
    /// Checks the request. All mistakes are reported at once.
    pub(crate) fn check(request: &Request, description: &TableDescription, dialect: Dialect) -> Result<Self> {
        let columns = wanted(fields(description, dialect), request, description);
        let mut mistakes = Vec::new();
        let key = key(request, description, &columns, &mut mistakes);
        let mut order = key.clone();
        order.extend(places(&columns, &description.key).filter(|place| !key.contains(place)));
        check_order(request, &columns, &order, &mut mistakes);
        let change_key = change_key(request, &columns, &mut mistakes);
        if let Some(Field { display_column, order: Err(why), .. }) = change_key.map(|place| &columns[place]) {
            mistakes.push(format!("change key {display_column} has no order: {why}"));
        }
        all_mistakes(&mistakes)?;
        if description.key.is_empty() && !key.is_empty() {
            let table = &description.name;
            log::warn(format!("table {table} has no primary key: a key that is not unique can lose rows on a restart"));
        }
        Ok(Self { name: description.name.clone(), columns, key, order, change_key })
    }

    /// The columns as they will be in batches.
    pub(crate) fn schema(&self) -> Vec<Column> {
        schema(&self.columns)
    }

    /// The columns that order the table.
    pub(crate) fn order_names(&self) -> Vec<Named<'_>> {
        self.order.iter().map(|place| self.columns[*place].named()).collect()
    }
}

impl Field {
    pub(crate) fn named(&self) -> Named<'_> {
        Named { name: &self.name, nullable: self.nullable, order: self.order.as_ref().ok() }
    }
}

/// The columns of a table, with the names they have in batches.
pub(crate) fn fields(description: &TableDescription, dialect: Dialect) -> Vec<Field> {
    let unknown = || Err("the source does not say how it orders by it".to_owned());
    let orders = description.order.iter().cloned().chain(std::iter::repeat_with(unknown));
    let field = |(column, order): (&Column, _)| Field {
        name: column.name.clone(),
        display_column: display_column(dialect, &column.name),
        kind: column.kind,
        nullable: column.nullable,
        order,
    };
    description.columns.iter().zip(orders).map(field).collect()
}

/// The requested columns, and those of the key and the change key.
fn wanted(columns: Vec<Field>, request: &Request, description: &TableDescription) -> Vec<Field> {
    if request.columns.is_empty() {
        return columns;
    }
    let names = [&request.columns, &request.key, &description.key].into_iter().flatten();
    let names: Vec<&String> = names.chain(request.change_key.iter()).collect();
    let is_wanted = |field: &Field| names.iter().any(|name| **name == field.display_column || **name == field.name);
    columns.into_iter().filter(is_wanted).collect()
}

/// Columns as they will be in batches.
pub(crate) fn schema(fields: &[Field]) -> Vec<Column> {
    fields
        .iter()
        .map(|field| Column { name: field.display_column.clone(), kind: field.kind, nullable: field.nullable })
        .collect()
}

fn key(request: &Request, description: &TableDescription, columns: &[Field], mistakes: &mut Vec<String>) -> Vec<usize> {
    let names = if request.key.is_empty() { &description.key } else { &request.key };
    for name in names.iter().filter(|name| place(columns, name).is_none()) {
        mistakes.push(format!("key column {name} is not in table {}", description.name));
    }
    if names.is_empty() && (request.method != Method::Full || request.window.is_some()) {
        mistakes.push(format!(
            "table {} has no primary key; set `key` to columns that identify a row, or read the table whole by the method \
             \"full\"",
            description.name
        ));
    }
    places(columns, names).collect()
}

fn check_order(request: &Request, columns: &[Field], order: &[usize], mistakes: &mut Vec<String>) {
    for place in order {
        let Field { display_column, kind, order, .. } = &columns[*place];
        if let Err(why) = order {
            mistakes.push(format!("key column {display_column} has no order: {why}"));
        } else if matches!(kind, ColumnType::Float64) {
            mistakes.push(format!(
                "key column {display_column} is {}: such numbers cannot be distinguished safely",
                type_name(*kind)
            ));
        }
    }
    if order.len() > MOST_KEY_COLUMNS {
        let (table, count) = (&request.table, order.len());
        mistakes.push(format!("the key of table {table} has {count} columns, the most are {MOST_KEY_COLUMNS}"));
    }
}

fn change_key(request: &Request, columns: &[Field], mistakes: &mut Vec<String>) -> Option<usize> {
    if request.method != Method::Incremental && request.window.is_none() {
        return None;
    }
    let Some(name) = &request.change_key else {
        mistakes.push("reading incrementally needs a change key; set `change-key`, or read the table whole".to_owned());
        return None;
    };
    let Some(place) = place(columns, name) else {
        mistakes.push(format!("change key {name} is not in table {}", request.table));
        return None;
    };
    let kind = columns[place].kind;
    if !is_moment(kind) && kind != ColumnType::Int64 {
        let (kind, needed) = (type_name(kind), "must be a timestamp, a date or int64");
        mistakes.push(format!("change key {name} is {kind}, {needed}; `columns` of the pipeline can declare its type"));
    }
    Some(place)
}

/// True if a column holds dates or timestamps.
pub(crate) fn is_moment(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Timestamp(_) | ColumnType::Date)
}

fn places<'p>(columns: &'p [Field], names: &'p [String]) -> impl Iterator<Item = usize> + 'p {
    names.iter().filter_map(|name| place(columns, name))
}

/// A column by either of its names.
fn place(columns: &[Field], name: &str) -> Option<usize> {
    let by = |is_it: &dyn Fn(&Field) -> bool| columns.iter().position(is_it);
    // Databases do not distinguish the case of most names.
    by(&|field| field.display_column == name)
        .or_else(|| by(&|field| field.name == name))
        .or_else(|| by(&|field| field.display_column.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use wmshost_plugin::contract::extraction::NullKeys;
    use wmshost_plugin::contract::types::Zone;

    pub(crate) fn allocation() -> TableDescription {
        let column = |name: &str, kind, nullable| Column { name: name.into(), kind, nullable };
        TableDescription {
            name: "ALLOCATION".into(),
            columns: vec![
                column("ALLOCATION_ID", ColumnType::Int64, false),
                column("SITE", ColumnType::Utf8, true),
                column("WEIGHT", ColumnType::Float64, true),
                column("LAST_UPDATED", ColumnType::Timestamp(Zone::None), true),
            ],
            key: vec!["ALLOCATION_ID".into()],
            order: ["ALLOCATION_ID", "SITE", "WEIGHT", "LAST_UPDATED"].map(|name| Ok(plain(name))).into(),
        }
    }

    /// The order of a column that its own index serves.
    pub(crate) fn plain(name: &str) -> ColumnOrder {
        ColumnOrder { expression: format!("\"{name}\""), function: None, bounds: None }
    }

    pub(crate) fn request() -> Request {
        Request {
            name: "allocation".into(),
            source: "wms".into(),
            table: "allocation".into(),
            method: Method::Incremental,
            key: vec![],
            change_key: Some("last_updated".into()),
            lookback: 0,
            null_keys: NullKeys::Ignore,
            window: None,
            columns: vec![],
            bookmark: None,
            batch_rows: 100,
        }
    }

    #[test]
    fn without_a_key_the_primary_key_is_taken() {
        let table = Table::check(&request(), &allocation(), Dialect::Oracle).expect("no mistake");
        assert_eq!((table.key, table.order), (vec![0], vec![0]));
        assert_eq!(table.change_key, Some(3));
    }

    #[test]
    fn the_primary_key_breaks_ties_of_another_key() {
        let request = Request { key: vec!["site".into()], ..request() };
        let table = Table::check(&request, &allocation(), Dialect::Oracle).expect("no mistake");
        assert_eq!((table.key, table.order), (vec![1], vec![1, 0]));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let request = Request { key: vec!["id".into(), "weight".into()], change_key: Some("site".into()), ..request() };
        let message = Table::check(&request, &allocation(), Dialect::Oracle).expect_err("mistakes").to_string();
        for part in ["id is not in", "weight is float64", "site is utf8, must be a timestamp, a date or int64"] {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    }

    #[test]
    fn what_has_no_order_is_no_key() {
        let mut description = allocation();
        description.order[0] = Err("its reason".into());
        description.order[3] = Err("another".into());
        let message = Table::check(&request(), &description, Dialect::Oracle).expect_err("mistakes").to_string();
        for part in ["allocation_id has no order: its reason", "change key last_updated has no order: another"] {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    }

    #[test]
    fn a_table_needs_a_key_and_a_change_key() {
        let request = Request { change_key: None, ..request() };
        let description = TableDescription { key: vec![], ..allocation() };
        let message = Table::check(&request, &description, Dialect::Oracle).expect_err("mistakes").to_string();
        assert!(message.contains("has no primary key") && message.contains("needs a change key"), "{message}");
    }

    #[test]
    fn a_whole_table_needs_no_change_key() {
        let request = Request { change_key: None, method: Method::Full, ..request() };
        assert!(Table::check(&request, &allocation(), Dialect::Oracle).is_ok());
    }
}

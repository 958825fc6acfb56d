//! The statements of a table. Every value is a parameter, every name is quoted.

use wmshost_plugin::contract::types::Value;
use wmshost_plugin::source::Dialect;

use crate::dialect::{Named, Statement, quoted};
use crate::table::{Field, Table};

/// The number of rows that are read to find one with a valid change key.
const ROWS_LOOKED_AT: u32 = 100;

/// The rows of one part of a reading, and their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReadStep {
    /// All rows by key, those after this place.
    ByKey { after: Option<Vec<Value>> },
    /// The rows after this place with a whole key, by key.
    Added { after: Vec<Value> },
    /// The rows with a NULL in their key, by key.
    WithoutKey,
    /// The rows without a change key, by key.
    WithoutChangeKey,
    /// The rows with a change key, by it and by key.
    ByChange(From),
    /// The rows with a change key before this value.
    Within(From, Value),
}

/// The start of rows by change key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum From {
    /// At the first row.
    Start,
    /// At this change key.
    At(Value),
    /// After this change key and key.
    Behind { moment: Value, key: Vec<Value> },
}

/// The rows of a part.
pub(crate) fn rows(dialect: Dialect, table: &Table, part: &ReadStep) -> Statement {
    let columns: Vec<String> = table.columns.iter().map(selected).collect();
    let mut statement = Statement::new(dialect, format!("SELECT {}", columns.join(", ")));
    from(&mut statement, table, part);
    let mut order: Vec<Named<'_>> = Vec::new();
    if let ReadStep::ByChange(_) | ReadStep::Within(..) = part {
        // Rows without a change key are not among these.
        order.extend(change_key(table).map(|field| Named { nullable: false, ..field.named() }));
    }
    order.extend(table.order_names());
    statement.order(&order);
    statement
}

/// The number of rows a part has.
pub(crate) fn count(dialect: Dialect, table: &Table, part: &ReadStep) -> Statement {
    let mut statement = Statement::new(dialect, format!("SELECT COUNT(*) AS {}", quoted(COUNT)));
    from(&mut statement, table, part);
    statement
}

/// The name of the count.
pub(crate) const COUNT: &str = "row_count";

/// The greatest change key as SQLite stores it, whatever the time. The inner SELECT takes the column from the row with that
/// value, so that it keeps its type. Without an index this costs a fraction of sorting.
pub(crate) fn stored_greatest(table: &Table, change_key: &Field) -> Statement {
    let name = quoted(&change_key.name);
    let mut statement = Statement::new(Dialect::Sqlite, format!("SELECT {name} FROM (SELECT {name}, MAX("));
    statement.stored_order(change_key.named()).push(") FROM ").name(&table.name).push(")");
    statement
}

/// The stored change keys that sort last up to now, the latest first. Where they have several spellings, others may be
/// later, but not by much; an index answers at once.
pub(crate) fn stored_latest(dialect: Dialect, table: &Table, change_key: &Field, now: &Value) -> Statement {
    let mut statement = Statement::new(dialect, format!("SELECT {} FROM ", selected(change_key)));
    statement.name(&table.name).push(" WHERE ").is_mostly_before(change_key.named(), now);
    statement.push(" ORDER BY ").stored_order(change_key.named()).push(" DESC").limit(ROWS_LOOKED_AT);
    statement
}

/// The latest change key up to now; with `from`, only from that value on.
pub(crate) fn latest(
    dialect: Dialect,
    table: &Table,
    change_key: &Field,
    from: Option<&Value>,
    now: &Value,
) -> Statement {
    let named = Named { nullable: false, ..change_key.named() };
    let mut statement = Statement::new(dialect, format!("SELECT {} FROM ", selected(change_key)));
    statement.name(&table.name).push(" WHERE ");
    // First what is false for nearly all rows.
    if let Some(from) = from {
        statement.is_at_least(named, from).push(" AND ");
    }
    statement.is_at_most(named, now, "<=");
    statement.order(&[named]).push(" DESC").limit(ROWS_LOOKED_AT);
    statement
}

fn change_key(table: &Table) -> Option<&Field> {
    table.change_key.map(|place| &table.columns[place])
}

fn selected(field: &Field) -> String {
    if field.name == field.display_column {
        quoted(&field.name)
    } else {
        format!("{} AS {}", quoted(&field.name), quoted(&field.display_column))
    }
}

fn from(statement: &mut Statement, table: &Table, part: &ReadStep) {
    statement.push(" FROM ").name(&table.name);
    let key = table.order_names();
    match (part, change_key(table)) {
        (ReadStep::ByKey { after: Some(after) }, _) => {
            statement.push(" WHERE ").is_behind(&key, after);
        }
        (ReadStep::Added { after }, _) => {
            statement.push(" WHERE ").is_behind(&key, after);
            for column in key.iter().filter(|column| column.nullable) {
                statement.push(" AND ").name(column.name).push(" IS NOT NULL");
            }
        }
        (ReadStep::WithoutKey, _) => {
            for (at, column) in key.iter().filter(|column| column.nullable).enumerate() {
                statement.push(if at == 0 { " WHERE " } else { " OR " }).name(column.name).push(" IS NULL");
            }
        }
        (ReadStep::WithoutChangeKey, Some(change_key)) => {
            statement.push(" WHERE ").name(&change_key.name).push(" IS NULL");
        }
        (ReadStep::ByChange(from), Some(change_key)) => begins(statement, change_key, &key, from),
        (ReadStep::Within(from, end), Some(change_key)) => {
            begins(statement, change_key, &key, from);
            statement.push(" AND ").is_at_most(change_key.named(), end, "<");
        }
        (
            ReadStep::ByKey { after: None } | ReadStep::WithoutChangeKey | ReadStep::ByChange(_) | ReadStep::Within(..),
            _,
        ) => {}
    }
}

/// The first of two comparisons is implied by the second; with it a database can use an index.
fn begins(statement: &mut Statement, change_key: &Field, key: &[Named<'_>], from: &From) {
    statement.push(" WHERE ");
    match from {
        From::Start => {
            statement.name(&change_key.name).push(" IS NOT NULL");
        }
        From::At(moment) => {
            statement.is_at_least(change_key.named(), moment);
        }
        From::Behind { moment, key: place } => {
            statement.is_at_least(change_key.named(), moment).push(" AND ");
            let columns: Vec<Named<'_>> = [change_key.named()].into_iter().chain(key.iter().copied()).collect();
            let place: Vec<Value> = [moment].into_iter().chain(place).cloned().collect();
            statement.is_behind(&columns, &place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::{allocation, plain, request};
    use wmshost_plugin::contract::extraction::Request;
    use wmshost_plugin::source::{ColumnBounds, ColumnOrder};

    fn text(dialect: Dialect, part: &ReadStep) -> (String, Vec<Value>) {
        let mut description = allocation();
        description.columns.retain(|column| column.name != "WEIGHT");
        let _weight = description.order.remove(2);
        let table = Table::check(&request(), &description, Dialect::Oracle).expect("a table");
        let statement = rows(dialect, &table, part);
        (statement.text, statement.parameters)
    }

    fn behind(text: &str) -> &str {
        text.split_once(" FROM ").expect("a FROM").1
    }

    #[test]
    fn a_whole_table_is_read_by_key() {
        let (text, parameters) = text(Dialect::Oracle, &ReadStep::ByKey { after: None });
        let columns = r#""ALLOCATION_ID" AS "allocation_id", "SITE" AS "site", "LAST_UPDATED" AS "last_updated""#;
        assert_eq!(text, format!(r#"SELECT {columns} FROM "ALLOCATION" ORDER BY "ALLOCATION_ID""#));
        assert!(parameters.is_empty());
    }

    #[test]
    fn a_table_goes_on_behind_a_key() {
        let (text, parameters) = text(Dialect::Sqlite, &ReadStep::ByKey { after: Some(vec![Value::Int64(7)]) });
        assert_eq!(behind(&text), r#""ALLOCATION" WHERE "ALLOCATION_ID" > ?1 ORDER BY "ALLOCATION_ID""#);
        assert_eq!(parameters, [Value::Int64(7)]);
    }

    #[test]
    fn what_is_added_is_read_apart_from_rows_without_a_whole_key() {
        let request = Request { key: vec!["site".into()], ..request() };
        let table = Table::check(&request, &allocation(), Dialect::Oracle).expect("a table");
        let read = |part: &ReadStep| rows(Dialect::Sqlite, &table, part).text;
        let after = vec![Value::Text("A".into()), Value::Int64(7)];
        let order = r#"ORDER BY "SITE", "ALLOCATION_ID""#;
        let condition = r#"("SITE", "ALLOCATION_ID") > (?1, ?2) AND "SITE" IS NOT NULL"#;
        let added = read(&ReadStep::Added { after });
        assert_eq!(behind(&added), format!(r#""ALLOCATION" WHERE {condition} {order}"#));
        let without = read(&ReadStep::WithoutKey);
        assert_eq!(behind(&without), format!(r#""ALLOCATION" WHERE "SITE" IS NULL {order}"#));
    }

    #[test]
    fn changes_are_read_by_change_key_and_key() {
        let order = r#"ORDER BY "LAST_UPDATED", "ALLOCATION_ID""#;
        let (text, _) = text(Dialect::Sqlite, &ReadStep::ByChange(From::At(Value::Timestamp(9))));
        assert_eq!(behind(&text), format!(r#""ALLOCATION" WHERE "LAST_UPDATED" >= ?1 {order}"#));
    }

    #[test]
    fn changes_go_on_within_equal_change_keys() {
        let order = r#"ORDER BY "LAST_UPDATED", "ALLOCATION_ID""#;
        let (moment, key) = (Value::Timestamp(9), vec![Value::Int64(7)]);
        let part = ReadStep::ByChange(From::Behind { moment, key });
        let (sqlite, parameters) = text(Dialect::Sqlite, &part);
        let condition = r#""LAST_UPDATED" >= ?1 AND ("LAST_UPDATED", "ALLOCATION_ID") > (?2, ?3)"#;
        assert_eq!(behind(&sqlite), format!(r#""ALLOCATION" WHERE {condition} {order}"#));
        assert_eq!(parameters, [Value::Timestamp(9), Value::Timestamp(9), Value::Int64(7)]);

        let (oracle, parameters) = text(Dialect::Oracle, &part);
        let condition = concat!(
            r#""LAST_UPDATED" >= :1 AND ("LAST_UPDATED" > :2 "#,
            r#"OR ("LAST_UPDATED" = :3 AND "ALLOCATION_ID" > :4))"#
        );
        assert_eq!(behind(&oracle), format!(r#""ALLOCATION" WHERE {condition} {order}"#));
        assert_eq!(parameters.len(), 4);
    }

    #[test]
    fn values_are_compared_and_ordered_by_the_expressions_of_the_source() {
        let mut description = allocation();
        description.columns.retain(|column| column.name != "WEIGHT");
        let _weight = description.order.remove(2);
        description.order[1] = Ok(ColumnOrder { expression: "\"SITE\" COLLATE BINARY".into(), ..plain("SITE") });
        description.order[2] = Ok(ColumnOrder {
            expression: "f(\"LAST_UPDATED\")".into(),
            function: Some("f".into()),
            bounds: Some(ColumnBounds { least: "least".into(), most: "most".into() }),
        });
        let request = Request { key: vec!["site".into()], ..request() };
        let table = Table::check(&request, &description, Dialect::Oracle).expect("a table");
        let moment = Value::Timestamp(9);
        let from = From::Behind { moment: moment.clone(), key: vec![Value::Text("a".into()), Value::Int64(7)] };
        let statement = rows(Dialect::Sqlite, &table, &ReadStep::Within(from, moment.clone()));
        let condition = concat!(
            r#""LAST_UPDATED" >= least(?1) AND f("LAST_UPDATED") >= f(?2) AND "#,
            r#"(f("LAST_UPDATED"), "SITE" COLLATE BINARY, "ALLOCATION_ID") > (f(?3), ?4, ?5) AND "#,
            r#""LAST_UPDATED" <= most(?6) AND f("LAST_UPDATED") < f(?7)"#
        );
        let order = r#"ORDER BY f("LAST_UPDATED"), "SITE" COLLATE BINARY, "ALLOCATION_ID""#;
        assert_eq!(behind(&statement.text), format!(r#""ALLOCATION" WHERE {condition} {order}"#));
        let change_key = change_key(&table).expect("one");
        let stored = stored_latest(Dialect::Sqlite, &table, change_key, &moment).text;
        let condition = r#""LAST_UPDATED" <= most(?1) AND ("LAST_UPDATED" < least(?2) OR f("LAST_UPDATED") <= f(?3))"#;
        let order = r#"ORDER BY "LAST_UPDATED" COLLATE BINARY DESC LIMIT 100"#;
        assert_eq!(behind(&stored), format!(r#""ALLOCATION" WHERE {condition} {order}"#));
        let greatest = stored_greatest(&table, change_key).text;
        let inner = r#"(SELECT "LAST_UPDATED", MAX("LAST_UPDATED" COLLATE BINARY) FROM "ALLOCATION")"#;
        assert_eq!(greatest, format!(r#"SELECT "LAST_UPDATED" FROM {inner}"#));
        let exact = latest(Dialect::Sqlite, &table, change_key, Some(&moment), &moment).text;
        assert!(exact.ends_with(r#" ORDER BY f("LAST_UPDATED") DESC LIMIT 100"#), "{exact}");
    }

    #[test]
    fn rows_without_a_change_key_are_read_by_key() {
        let (text, _) = text(Dialect::Oracle, &ReadStep::WithoutChangeKey);
        let condition = r#""LAST_UPDATED" IS NULL"#;
        assert_eq!(behind(&text), format!(r#""ALLOCATION" WHERE {condition} ORDER BY "ALLOCATION_ID""#));
    }
}

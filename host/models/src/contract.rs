//! Checks that the values of a model's SQL have the types that the model declares. SQLite keeps any value in any
//! column, so the built rows are checked before they replace the old ones; Oracle reports the types of a SELECT before
//! it is run, and its columns hold no other type.

use arrow_schema::DataType;
use wmshost_flow::model::ModelColumn;
use wmshost_flow::{Failure, Sql};
use wmshost_sql::{Dialect, NUMBER_DIGITS};

use crate::store::{text_of, whole};

/// Checks staged rows, in a table whose columns are declared as the model's. The failure names the first column that
/// has values of another type, their type and their number.
pub(crate) fn check_rows(
    dialect: Dialect,
    table: &str,
    columns: &[ModelColumn],
    sql: &mut dyn Sql,
) -> Result<(), Failure> {
    if dialect.enforces_types() {
        return Ok(());
    }
    let breaks = |column: &ModelColumn| breaks(&dialect.quoted(&column.name), &column.kind);
    let conditions: Vec<(&ModelColumn, String)> =
        columns.iter().filter_map(|column| Some((column, breaks(column)?))).collect();
    if conditions.is_empty() {
        return Ok(());
    }
    let any: Vec<&str> = conditions.iter().map(|(_, condition)| condition.as_str()).collect();
    if sql.query(&format!("SELECT 1 FROM {table} WHERE {} LIMIT 1", any.join(" OR ")), &[])?.is_empty() {
        return Ok(());
    }
    for (column, condition) in conditions {
        let name = dialect.quoted(&column.name);
        let rows = sql.query(
            &format!(
                "SELECT typeof({name}), COUNT(*) FROM {table} WHERE {condition} GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            ),
            &[],
        )?;
        if let Some(row) = rows.first() {
            let (found, count) = (text_of(row, 0), row.get(1).and_then(whole).unwrap_or(0));
            let found = if found == "integer" && column.kind == DataType::Boolean {
                "a number other than 0 and 1"
            } else {
                &found
            };
            return Err(Failure::permanent(format!(
                "the column {} is declared {}, and its SQL returns {found} there, in {count} rows",
                column.name, column.kind
            ))
            .advise("cast it, or declare what it is"));
        }
    }
    Ok(())
}

/// The condition that a value is not of a type, as SQLite stores it; `None` where the column's affinity excludes other
/// types. Numbers sort before all texts and texts before all bytes; comparing costs half as much as `typeof`.
fn breaks(name: &str, kind: &DataType) -> Option<String> {
    Some(match kind {
        DataType::Boolean => format!("{name} NOT IN (0, 1)"),
        // Only a whole number equals itself without its fraction.
        DataType::Int64 => format!("({name} | 0) <> {name}"),
        DataType::Float64 => format!("{name} >= ''"),
        DataType::Decimal128(precision, _) if *precision <= NUMBER_DIGITS => format!("{name} >= ''"),
        DataType::Decimal128(..) => format!("{name} >= x''"),
        DataType::Date32 | DataType::Timestamp(..) => format!("{name} < '' OR {name} >= x''"),
        DataType::Binary => format!("{name} < x''"),
        _ => return None,
    })
}

/// True if a column with this type name in Oracle's dictionary can hold the declared type.
pub(crate) fn fits(declared: &DataType, described: &str) -> bool {
    let is = |names: &[&str]| names.iter().any(|name| described.starts_with(name));
    match declared {
        DataType::Boolean | DataType::Int64 | DataType::Float64 | DataType::Decimal128(..) => {
            is(&["NUMBER", "FLOAT", "BINARY_DOUBLE", "BINARY_FLOAT", "INTEGER"])
        }
        DataType::Utf8 => is(&["VARCHAR", "CHAR", "NVARCHAR", "NCHAR", "CLOB", "NCLOB"]),
        DataType::Date32 | DataType::Timestamp(..) => is(&["DATE", "TIMESTAMP"]),
        DataType::Binary => is(&["RAW", "BLOB", "LONG RAW"]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::TimeUnit;
    use wmshost_sql::ColumnPurpose;

    use super::*;

    /// SQLite itself decides which of these values each type accepts.
    #[test]
    fn every_type_takes_its_own_values_only() {
        let mut sql = wmshost_databases::sqlite::open_scratch().expect("a database");
        let values = ["NULL", "0", "1", "-7", "9223372036854775807", "0.5", "1e300", "''", "'1x'", "x''", "x'31'"];
        for (kind, taken) in [
            (DataType::Boolean, &values[..3]),
            (DataType::Int64, &values[..5]),
            (DataType::Float64, &values[..7]),
            (DataType::Decimal128(15, 2), &values[..7]),
            (DataType::Decimal128(30, 2), &values[..9]),
            (DataType::Date32, &["NULL", "''", "'1x'"]),
            (DataType::Timestamp(TimeUnit::Microsecond, None), &["NULL", "''", "'1x'"]),
            (DataType::Binary, &["NULL", "x''", "x'31'"]),
        ] {
            let declared = Dialect::Sqlite.declared_type(&kind, ColumnPurpose::Modelled).expect("a type");
            let condition = breaks("value", &kind).expect("a condition");
            for value in values {
                sql.execute("DROP TABLE IF EXISTS kept", &[]).expect("dropped");
                sql.execute(&format!("CREATE TABLE kept (value {declared})"), &[]).expect("made");
                sql.execute(&format!("INSERT INTO kept VALUES ({value})"), &[]).expect("kept");
                let found = sql.query(&format!("SELECT 1 FROM kept WHERE {condition}"), &[]).expect("rows");
                assert_eq!(found.is_empty(), taken.contains(&value), "{kind}: {value}");
            }
        }
    }

    #[test]
    fn oracles_types_fit_by_their_family() {
        assert!(fits(&DataType::Int64, "NUMBER") && fits(&DataType::Float64, "BINARY_DOUBLE"));
        assert!(fits(&DataType::Date32, "TIMESTAMP(6)") && fits(&DataType::Utf8, "VARCHAR2"));
        assert!(
            !fits(&DataType::Int64, "VARCHAR2") && !fits(&DataType::Utf8, "DATE") && !fits(&DataType::Date32, "NUMBER")
        );
    }
}

//! Whether what a model's SQL gives has the types that the model declares. SQLite keeps any value in any column, so the
//! rows that were built are asked, before they take the old ones' place; Oracle tells the types of a SELECT before it is
//! run, and keeps to them.

use arrow_schema::DataType;
use wmshost_flow::model::ModelColumn;
use wmshost_flow::{Dialect, Failure, Sql};

use crate::dialect::Writer;
use crate::store::{text_of, whole};

/// The digits up to which SQLite keeps a decimal as a number.
const NUMBER_DIGITS: u8 = 15;

/// Looks at rows on their way, in a table whose columns are declared as the model's; tells the first column that has
/// values of another type, what they are and how many.
pub(crate) fn check_rows(
    writer: Writer,
    table: &str,
    columns: &[ModelColumn],
    sql: &mut dyn Sql,
) -> Result<(), Failure> {
    if writer.0 == Dialect::Oracle {
        return Ok(());
    }
    let breaks = |column: &ModelColumn| {
        let name = writer.name(&column.name);
        let allowed = stored(&column.kind)?;
        let of_another = format!("typeof({name}) NOT IN ({allowed}, 'null')");
        Some(if column.kind == DataType::Boolean {
            format!("{of_another} OR {name} NOT IN (0, 1)")
        } else {
            of_another
        })
    };
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
        let name = writer.name(&column.name);
        let rows = sql.query(
            &format!(
                "SELECT typeof({name}), COUNT(*) FROM {table} WHERE {condition} GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            ),
            &[],
        )?;
        if let Some(row) = rows.first() {
            let (found, count) = (text_of(row, 0), row.get(1).and_then(whole).unwrap_or(0));
            let found =
                if found == "integer" && column.kind == DataType::Boolean { "a number but 0 and 1" } else { &found };
            return Err(Failure::permanent(format!(
                "the column {} is declared {}, and its SQL gives {found} there, in {count} rows; cast it, or declare \
                 what it is",
                column.name, column.kind
            )));
        }
    }
    Ok(())
}

/// What SQLite stores a value of this type as; `None` where its column's affinity lets nothing else be.
fn stored(kind: &DataType) -> Option<&'static str> {
    Some(match kind {
        DataType::Boolean | DataType::Int64 => "'integer'",
        DataType::Float64 => "'real', 'integer'",
        DataType::Decimal128(precision, _) if *precision <= NUMBER_DIGITS => "'integer', 'real'",
        DataType::Decimal128(..) => "'integer', 'real', 'text'",
        DataType::Date32 | DataType::Timestamp(..) => "'text'",
        DataType::Binary => "'blob'",
        _ => return None,
    })
}

/// Whether a column of Oracle's type, as its dictionary names it, can be one that is declared so.
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
    use super::*;

    #[test]
    fn oracles_types_fit_by_their_family() {
        assert!(fits(&DataType::Int64, "NUMBER") && fits(&DataType::Float64, "BINARY_DOUBLE"));
        assert!(fits(&DataType::Date32, "TIMESTAMP(6)") && fits(&DataType::Utf8, "VARCHAR2"));
        assert!(
            !fits(&DataType::Int64, "VARCHAR2") && !fits(&DataType::Utf8, "DATE") && !fits(&DataType::Date32, "NUMBER")
        );
    }
}

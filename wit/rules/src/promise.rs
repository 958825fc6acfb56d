//! The columns that a plugin made, compared with those that it promised.

use crate::ColumnType;

/// A column of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'n> {
    /// Its name.
    pub name: &'n str,
    /// Its type; `None` for one that the contract does not have.
    pub kind: Option<ColumnType>,
}

fn type_name(kind: Option<ColumnType>) -> String {
    kind.map_or_else(|| "a type that plugins cannot have".to_owned(), |kind| kind.to_string())
}

fn find<'c, 'n>(columns: &'c [Column<'n>], name: &str) -> Option<&'c Column<'n>> {
    columns.iter().find(|column| column.name == name)
}

/// All mistakes of the columns that were made, in words; none if they are those that were promised, in the promised
/// order. Columns are compared by name.
pub fn shape_mistakes(promised: &[Column<'_>], made: &[Column<'_>]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for column in promised {
        let Column { name, kind } = *column;
        match find(made, name) {
            None => mistakes.push(format!("column {name} ({}) was promised and is missing", type_name(kind))),
            Some(found) if found.kind != kind => mistakes.push(format!(
                "column {name} was promised as {} and is {}",
                type_name(kind),
                type_name(found.kind)
            )),
            Some(_) => {}
        }
    }
    for column in made.iter().filter(|column| find(promised, column.name).is_none()) {
        mistakes.push(format!("column {} ({}) was not promised", column.name, type_name(column.kind)));
    }
    let in_order = promised.iter().zip(made).all(|(promised, made)| promised.name == made.name);
    if mistakes.is_empty() && !in_order {
        let names = |columns: &[Column<'_>]| columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        mistakes.push(format!("the columns were promised as ({}) and are ({})", names(promised), names(made)));
    }
    mistakes
}

/// The message about a NULL in a column that was promised without NULL; `row` names the row.
pub fn null_mistake(column: &str, row: impl std::fmt::Display) -> String {
    format!("column {column} was promised without NULL, and {row} has it")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Column<'_> = Column { name: "id", kind: Some(ColumnType::Int64) };
    const NAME: Column<'_> = Column { name: "name", kind: Some(ColumnType::Utf8) };

    #[test]
    fn columns_are_compared_by_name() {
        assert!(shape_mistakes(&[ID, NAME], &[ID, NAME]).is_empty());
        assert_eq!(shape_mistakes(&[ID, NAME], &[NAME]), ["column id (int64) was promised and is missing"]);
        assert_eq!(shape_mistakes(&[ID], &[ID, NAME]), ["column name (utf8) was not promised"]);
        assert_eq!(
            shape_mistakes(&[ID, NAME], &[NAME, ID]),
            ["the columns were promised as (id, name) and are (name, id)"]
        );
        let money = Column { kind: Some(ColumnType::Decimal { precision: 38, scale: 10 }), ..ID };
        assert_eq!(
            shape_mistakes(&[money, NAME], &[ID]),
            [
                "column id was promised as decimal(38, 10) and is int64",
                "column name (utf8) was promised and is missing"
            ]
        );
    }
}

//! The types of columns that a view computes. SQLite knows none of them, so that all rows are looked at: the type holds
//! for every row, and not just for the first.
//!
//! | values | type |
//! |---|---|
//! | whole numbers | Int64 |
//! | whole numbers below 2^53 and binary fractions | Float64 |
//! | bytes | Binary |
//! | texts, numbers beside texts, none | Utf8 |

use std::collections::BTreeSet;

use arrow_schema::DataType;

use super::decided::{Decided, all_of, decided_by_name};
use crate::sqlite::statement::{Database, Statement, lock};
use crate::sqlite::table::{Table, quoted};

/// The number of columns that are looked at in one pass.
const COLUMNS_PER_PASS: usize = 100;
/// The classes of values that are counted.
const CLASSES: usize = 5;

/// Decides the columns that a view computes, unless the pipeline declares their types.
pub(crate) fn decide_computed(
    database: &Database,
    view: &mut Table,
    declared: &BTreeSet<String>,
    decided: &mut Decided,
) -> rusqlite::Result<()> {
    let names = computed(database, &view.name)?;
    let open: Vec<usize> = (0..view.columns.len())
        .filter(|at| names.contains(&view.columns[*at].name))
        .filter(|at| !declared.contains(&view.columns[*at].name.to_ascii_lowercase()))
        .collect();
    for places in open.chunks(COLUMNS_PER_PASS) {
        let columns = places.iter().map(|at| has_classes(&quoted(&view.columns[*at].name)));
        let sql = format!("SELECT {} FROM main.{}", columns.collect::<Vec<_>>().join(", "), quoted(&view.name));
        let found: Vec<bool> = lock(database).query_row(&sql, [], |row| {
            let has = |at| row.get::<_, Option<bool>>(at).map(Option::unwrap_or_default);
            (0..places.len() * CLASSES).map(has).collect()
        })?;
        for (at, classes) in places.iter().zip(found.chunks(CLASSES)) {
            let column = &mut view.columns[*at];
            column.arrow = type_of(classes);
            decided_by_name(decided, &column.name, column.arrow.clone().into());
        }
    }
    Ok(())
}

/// Expressions that are true if a column has values of each class.
fn has_classes(name: &str) -> String {
    format!(
        "max(typeof({name}) = 'integer'), max(typeof({name}) = 'integer' AND abs({name} / 2) >= 4503599627370496), \
         max(typeof({name}) = 'real'), max(typeof({name}) = 'text'), max(typeof({name}) = 'blob')"
    )
}

fn type_of(classes: &[bool]) -> DataType {
    match classes {
        [true, _, false, false, false] => DataType::Int64,
        [_, false, true, false, false] => DataType::Float64,
        [false, _, false, false, true] => DataType::Binary,
        _ => DataType::Utf8,
    }
}

/// The columns that a view computes.
pub(crate) fn computed(database: &Database, view: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = Statement::prepare(database, &all_of(view))?;
    let running = statement.run();
    let computed = (0..running.column_count()).filter(|at| running.declared(*at).is_none());
    Ok(computed.map(|at| running.column_name(at)).collect())
}

//! Behaviours that lie about the output.

use crate::Done;
use crate::wmshost::plugin::batches::{Batch, Dates, Int64s};
use crate::wmshost::plugin::types::{Column, ColumnType, DecimalType, Failure};

/// The output for a batch without rows, by which the promise is tested.
pub(crate) fn keep(behaviour: &str, batch: &Batch) -> Done {
    match behaviour {
        "seed" | "null-against-promise" => {
            let name = if behaviour == "seed" { "seed" } else { "extra" };
            batch.write_int64s(name, &Int64s { values: Vec::new(), validity: None })
        }
        "other-type" => batch.write_dates("extra", &Dates { values: Vec::new(), validity: None }),
        "other-order" => {
            batch.rename("amount", "moved")?;
            batch.write_int64s("amount", &batch.read_int64s("moved")?)?;
            batch.drop_columns(&["moved".into()])?;
            batch.rename("name", "moved")?;
            batch.write_texts("name", &batch.read_texts("moved")?)?;
            batch.drop_columns(&["moved".into()])
        }
        _ => Ok(()),
    }
}

/// A NULL in the fourth row, where none was promised.
pub(crate) fn break_null(behaviour: &str, batch: &Batch) -> Option<Done> {
    let rows = batch.row_count() as usize;
    let validity = (0..rows.div_ceil(8)).map(|byte| if byte == 0 { !0b1000 } else { !0 }).collect();
    let data = Int64s { values: vec![1; rows], validity: Some(validity) };
    (behaviour == "null-against-promise").then(|| batch.write_int64s("extra", &data))
}

fn column(name: impl Into<String>, kind: ColumnType) -> Column {
    Column { name: name.into(), kind, nullable: true }
}

fn decimal(precision: u8, scale: u8) -> ColumnType {
    ColumnType::Decimal(DecimalType { precision, scale })
}

pub(crate) fn misbehave(behaviour: &str, input: Vec<Column>) -> Result<Vec<Column>, Failure> {
    let extra = match behaviour {
        "promise-double" => vec![column("id", ColumnType::Utf8)],
        "promise-decimal" => vec![column("bad", decimal(99, 3))],
        "promise-decimal-0" => vec![column("bad", decimal(0, 0))],
        "promise-scale" => vec![column("bad", decimal(5, 6))],
        "promise-empty-name" => vec![column("", ColumnType::Date)],
        "promise-long-name" => vec![column("n".repeat(300), ColumnType::Date)],
        "promise-many" => (0..100_000).map(|n| column(format!("c{n}"), ColumnType::Date)).collect(),
        "promise-trap" => panic!("no promise"),
        "seed" => vec![column("seed", ColumnType::Int64)],
        "null-against-promise" => vec![Column { nullable: false, ..column("extra", ColumnType::Int64) }],
        "other-type" => vec![column("extra", ColumnType::Int64)],
        "promise-more" => vec![column("never-made", ColumnType::Int64)],
        _ => Vec::new(),
    };
    if behaviour.starts_with("in-place") {
        let named =
            |column: Column| if column.name == "extra" { Column { name: "more".into(), ..column } } else { column };
        return Ok(input.into_iter().filter(|column| column.name != "gone").map(named).collect());
    }
    let without_key = |column: &Column| behaviour != "promise-no-key" || column.name != "id";
    Ok(input.into_iter().filter(without_key).chain(extra).collect())
}

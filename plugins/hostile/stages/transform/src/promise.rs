//! To lie about what it will make.

use crate::wmshost::plugin::types::{Column, ColumnType, DecimalType, Failure};

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
        "promise-more" => vec![column("never-made", ColumnType::Int64)],
        _ => Vec::new(),
    };
    Ok(input.into_iter().chain(extra).collect())
}

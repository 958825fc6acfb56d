//! Behaviours that create absurd tables.

use crate::exports::wmshost::plugin::loading::Request;
use crate::wmshost::plugin::target::{self, Definition};
use crate::wmshost::plugin::types::{Column, ColumnType, DecimalType};
use crate::{Done, definition, refused};

fn column(name: impl Into<String>, kind: ColumnType) -> Column {
    Column { name: name.into(), kind, nullable: true }
}

fn decimal(precision: u8, scale: u8) -> ColumnType {
    ColumnType::Decimal(DecimalType { precision, scale })
}

/// Columns that no table can have beside its own.
fn absurd_columns(behaviour: &str, request: &Request) -> Option<Vec<Column>> {
    Some(match behaviour {
        "columns-many" => (0..100_000).map(|n| column(format!("c{n}"), ColumnType::Date)).collect(),
        "columns-double" => vec![request.columns[0].clone()],
        "columns-double-case" => vec![column("ID", ColumnType::Int64)],
        "columns-nameless" => vec![column("", ColumnType::Int64)],
        "columns-long" => vec![column("n".repeat(129), ColumnType::Int64)],
        "columns-nul" => vec![column("a\0b", ColumnType::Int64)],
        "columns-decimal" => vec![column("d", decimal(99, 2))],
        "columns-scale" => vec![column("d", decimal(5, 6))],
        "columns-of-the-host" => vec![column("WMS_RUN_ID", ColumnType::Utf8)],
        _ => return None,
    })
}

fn absurd(behaviour: &str, request: &Request) -> Option<Definition> {
    let good = definition(request);
    Some(match behaviour {
        "columns-none" => Definition { columns: vec![], ..good },
        "key-absent" => Definition { key: vec!["nobody".into()], ..good },
        "key-twice" => Definition { key: vec!["id".into(), "id".into()], ..good },
        "key-many" => Definition { key: vec!["id".into(); 100_000], ..good },
        _ => {
            let mut columns = good.columns.clone();
            columns.extend(absurd_columns(behaviour, request)?);
            Definition { columns, ..good }
        }
    })
}

/// A name that would be a statement if the host did not quote it: it is a column like any other.
fn statement_as_name(request: &Request) -> Done {
    let name = "x\" TEXT); DROP TABLE \"NEIGHBOUR\"; --";
    let mut good = definition(request);
    good.columns.push(column(name, ColumnType::Utf8));
    target::create(&good)?;
    target::add_columns(&request.table, &[column(format!("{name}2"), ColumnType::Utf8)])
}

pub(crate) fn misbehave(behaviour: &str, request: &Request) -> Option<Done> {
    if behaviour == "create-statement" {
        return Some(statement_as_name(request));
    }
    let (verb, what) = behaviour.split_once(": ")?;
    Some(match verb {
        "create" => refused(target::create(&absurd(what, request)?)),
        "stage" => refused(target::stage(&absurd(what, request)?, false)),
        "add" => {
            let columns = absurd_columns(what, request)?;
            target::create(&definition(request)).and_then(|()| refused(target::add_columns(&request.table, &columns)))
        }
        _ => return None,
    })
}

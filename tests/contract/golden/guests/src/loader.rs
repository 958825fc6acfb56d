//! Writes a table by key or as a whole, and calls all that a loader may call.

wit_bindgen::generate!({ path: "../../../../wit", world: "loader" });

use std::cell::RefCell;

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::loading::{Batch, Guest as Loading, Mode, NewColumns, NewTypes, Request};
use wmshost::plugin::target::{self, Definition, MergeRule};
use wmshost::plugin::types::{Column, ColumnType, DecimalType, Failure};
use wmshost::plugin::{log, settings};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description {
            name: "golden-loader".into(),
            version: "0.1.0".into(),
            summary: "Writes a table by key or as a whole.".into(),
            settings: Vec::new(),
        }
    }
}

/// A load under way.
struct Load {
    table: String,
    staged: Option<String>,
    rule: MergeRule,
}

thread_local! {
    static LOAD: RefCell<Option<Load>> = const { RefCell::new(None) };
}

impl Loading for Plugin {
    fn prepare(request: Request) -> Result<(), Failure> {
        log::write(log::Level::Info, if settings::get("unknown").is_none() { "prepares" } else { "too much" });
        let wanted = Definition { name: request.table.clone(), columns: request.columns, key: request.key.clone() };
        let staged = match request.mode {
            Mode::Replace => Some(target::stage(&wanted, request.resume)?),
            Mode::Merge => {
                if target::describe(&request.table)?.is_none() {
                    grow(wanted, request.new_columns, request.new_types)?;
                }
                None
            }
        };
        let rule = MergeRule { key: request.key, version: request.version };
        LOAD.set(Some(Load { table: request.table, staged, rule }));
        Ok(())
    }

    fn load(rows: &Batch) -> Result<(), Failure> {
        LOAD.with_borrow(|load| match load {
            Some(Load { staged: Some(staged), .. }) => target::insert(staged, rows),
            Some(Load { table, rule, .. }) => target::merge(table, rows, rule),
            None => Err(Failure::Permanent("not prepared".into())),
        })
    }

    fn finish() -> Result<(), Failure> {
        LOAD.with_borrow(|load| match load {
            Some(Load { table, staged: Some(_), .. }) => target::swap(table),
            _ => Ok(()),
        })
    }
}

/// Makes a table that is too narrow and lacks its last column, and mends both.
fn grow(wanted: Definition, new_columns: NewColumns, new_types: NewTypes) -> Result<(), Failure> {
    if new_columns != NewColumns::Evolve || new_types != NewTypes::Evolve {
        return Err(Failure::InvalidConfig("the policies differ from the default".into()));
    }
    let mut columns = wanted.columns.clone();
    let last = columns.pop().ok_or(Failure::InvalidConfig("no columns".into()))?;
    let is_amount = |column: &&mut Column| column.name == "amount";
    let amount = columns.iter_mut().find(is_amount).ok_or(Failure::InvalidConfig("no amount".into()))?;
    let wide = amount.clone();
    amount.kind = ColumnType::Decimal(DecimalType { precision: 5, scale: 2 });
    let table = wanted.name.clone();
    target::create(&Definition { columns, ..wanted })?;
    target::widen_columns(&table, &[wide])?;
    target::add_columns(&table, &[last])
}

export!(Plugin);

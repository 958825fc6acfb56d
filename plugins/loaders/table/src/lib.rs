//! The loader `table`: writes a stream into a table of its own.
//!
//! | mode | at the beginning | for every batch | at the end |
//! |---|---|---|---|
//! | merge | the table is created, or gets the columns it lacks | rows are merged by key; a newer version wins | |
//! | replace | an empty table is staged beside the table | rows are inserted into it | it takes the table's place |
//!
//! A column that is there with another type is a mistake of the pipeline file: nothing is converted silently.

mod plan;

use plan::{Plan, check, definition, plan};
use wmshost_plugin::contract::loading::{Mode, Request};
use wmshost_plugin::contract::types::Column;
use wmshost_plugin::target::{Granted, MergeRule, Target};
use wmshost_plugin::{Batch, Description, Loader, Result, Settings, log};

/// The loader, into the target that the host grants.
pub type TableLoader = IntoTarget<Granted>;

/// The loader, into any target.
#[derive(Debug)]
pub struct IntoTarget<T> {
    target: T,
    table: String,
    way: Way,
}

/// How rows get into the table.
#[derive(Debug)]
enum Way {
    /// By key.
    Merge(MergeRule),
    /// By way of this staged table.
    Replace { staged: String },
}

impl<T: Target + Default + 'static> Loader for IntoTarget<T> {
    fn describe() -> Description {
        let summary = "Writes a stream into a table of its own, by key or as a whole.";
        Description::new("table", env!("CARGO_PKG_VERSION"), summary)
    }

    fn prepare(_settings: &Settings, request: Request) -> Result<Self> {
        Self::begin(T::default(), request)
    }

    fn load(&mut self, rows: &Batch) -> Result<()> {
        match &self.way {
            Way::Merge(rule) => self.target.merge(&self.table, rows, rule),
            Way::Replace { staged } => self.target.insert(staged, rows),
        }
    }

    fn finish(&mut self) -> Result<()> {
        match &self.way {
            Way::Merge(_) => Ok(()),
            Way::Replace { .. } => self.target.swap(&self.table),
        }
    }
}

impl<T: Target> IntoTarget<T> {
    /// Makes the table ready.
    pub fn begin(target: T, request: Request) -> Result<Self> {
        check(&request)?;
        let existing = target.describe(&request.table)?;
        let ready = plan(&request, existing.as_ref())?;
        let way = match request.mode {
            Mode::Merge => {
                carry_out(&target, &request.table, &ready)?;
                Way::Merge(MergeRule { key: request.key, version: request.version })
            }
            Mode::Replace => Way::Replace { staged: target.stage(&definition(&request), request.resume)? },
        };
        Ok(Self { target, table: request.table, way })
    }
}

fn carry_out(target: &impl Target, table: &str, ready: &Plan) -> Result<()> {
    match ready {
        Plan::Create(definition) => target.create(definition),
        Plan::Add(columns) if columns.is_empty() => Ok(()),
        Plan::Add(columns) => {
            log::info(format!("table {table} gets {}", names(columns)));
            target.add_columns(table, columns)
        }
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

wmshost_plugin::export_loader!(TableLoader);

//! The loader `table`: writes a stream into a table of its own.
//!
//! | mode | at the start | for every batch | at the end |
//! |---|---|---|---|
//! | merge | the table is created, or made to fit | rows are merged by key; a newer version wins | |
//! | replace | an empty table is staged beside the table | rows are inserted into it | it takes the table's place |
//!
//! Columns that the table lacks are added, left out or refused, and types that it cannot hold are widened or refused, as
//! the stream's policies say. Nothing is converted silently.

mod plan;

use plan::{Plan, check, plan};
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
    /// Columns that are not written.
    left_out: Vec<String>,
}

/// The way rows get into the table.
#[derive(Debug)]
enum Way {
    /// By key.
    Merge(MergeRule),
    /// Through this staged table.
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
        if !self.left_out.is_empty() {
            rows.drop_columns(&self.left_out)?;
        }
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
        let Plan { table, wanted, add, widen, left_out } = plan(request.clone(), existing.as_ref())?;
        let way = match request.mode {
            Mode::Merge if existing.is_none() => {
                target.create(&wanted)?;
                Way::Merge(MergeRule { key: request.key, version: request.version })
            }
            Mode::Merge => {
                make_fit(&target, &table, &add, &widen)?;
                Way::Merge(MergeRule { key: request.key, version: request.version })
            }
            Mode::Replace => Way::Replace { staged: target.stage(&wanted, request.resume)? },
        };
        Ok(Self { target, table, way, left_out })
    }
}

fn make_fit(target: &impl Target, table: &str, add: &[Column], widen: &[Column]) -> Result<()> {
    if !widen.is_empty() {
        log::info(format!("table {table} gets wider: {}", names(widen)));
        target.widen_columns(table, widen)?;
    }
    if !add.is_empty() {
        log::info(format!("table {table} gets {}", names(add)));
        target.add_columns(table, add)?;
    }
    Ok(())
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

wmshost_plugin::export_loader!(TableLoader);

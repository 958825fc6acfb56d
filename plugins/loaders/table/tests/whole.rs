//! The whole loader against a target that records its calls.

use std::cell::RefCell;
use std::rc::Rc;

use wmshost_loader_table::IntoTarget;
use wmshost_plugin::contract::loading::{Mode, NewColumns, NewTypes, Request};
use wmshost_plugin::contract::types::{Column, ColumnType};
use wmshost_plugin::target::{Definition, MergeRule, Target};
use wmshost_plugin::{Batch, Loader as _, Result};

/// Records every call that changes something.
#[derive(Clone, Default)]
struct Diary {
    table: Option<Definition>,
    calls: Rc<RefCell<Vec<String>>>,
}

impl Diary {
    fn note(&self, call: String) -> Result<()> {
        self.calls.borrow_mut().push(call);
        Ok(())
    }

    fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }
}

impl Target for Diary {
    fn describe(&self, _table: &str) -> Result<Option<Definition>> {
        Ok(self.table.clone())
    }
    fn create(&self, table: &Definition) -> Result<()> {
        self.note(format!("create {} of {} columns", table.name, table.columns.len()))
    }
    fn add_columns(&self, table: &str, columns: &[Column]) -> Result<()> {
        self.note(format!("add {} to {table}", columns[0].name))
    }
    fn widen_columns(&self, table: &str, columns: &[Column]) -> Result<()> {
        self.note(format!("widen {} of {table}", columns[0].name))
    }
    fn insert(&self, table: &str, rows: &Batch) -> Result<()> {
        self.note(format!("insert {} into {table}", rows.row_count()))
    }
    fn merge(&self, table: &str, rows: &Batch, rule: &MergeRule) -> Result<()> {
        let version = rule.version.as_deref().unwrap_or("nothing");
        self.note(format!("merge {} into {table} by {}, {version}", rows.row_count(), rule.key.join(", ")))
    }
    fn stage(&self, table: &Definition, resume: bool) -> Result<String> {
        self.note(format!("stage {}, resume {resume}", table.name))?;
        Ok("staged".to_owned())
    }
    fn swap(&self, table: &str) -> Result<()> {
        self.note(format!("swap {table}"))
    }
}

fn column(name: &str) -> Column {
    Column { name: name.into(), kind: ColumnType::Int64, nullable: true }
}

fn request(mode: Mode) -> Request {
    Request {
        name: "items".into(),
        table: "item".into(),
        mode,
        columns: vec![column("id"), column("version")],
        key: vec!["id".into()],
        new_columns: NewColumns::Evolve,
        new_types: NewTypes::Evolve,
        version: Some("version".into()),
        resume: true,
    }
}

fn load(target: &Diary, request: Request) {
    let mut loader = IntoTarget::begin(target.clone(), request).expect("prepared");
    loader.load(&Batch::with_rows(2)).expect("loaded");
    loader.load(&Batch::with_rows(1)).expect("loaded");
    loader.finish().expect("finished");
}

#[test]
fn a_new_table_is_created_and_merged_into() {
    let target = Diary::default();
    load(&target, request(Mode::Merge));
    let expected = ["create item of 2 columns", "merge 2 into item by id, version", "merge 1 into item by id, version"];
    assert_eq!(target.calls(), expected);
}

#[test]
fn a_table_gets_the_column_it_lacks() {
    let table = Definition { name: "item".into(), columns: vec![column("id")], key: vec!["id".into()] };
    let target = Diary { table: Some(table), ..Diary::default() };
    load(&target, request(Mode::Merge));
    assert_eq!(target.calls()[0], "add version to item");
}

#[test]
fn a_table_is_replaced_by_way_of_a_staged_one() {
    let target = Diary::default();
    load(&target, request(Mode::Replace));
    assert_eq!(
        target.calls(),
        ["stage item, resume true", "insert 2 into staged", "insert 1 into staged", "swap item"]
    );
}

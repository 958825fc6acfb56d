//! Checks that two targets have the same rows, without the audit columns.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row, Statement};
use serde_json::Value as Json;

/// The greatest difference of numbers that were added in another order, relative to the greater one, or to 1.
const NEAR: f64 = 1e-9;

/// A model's table or view, with its columns: those that identify its rows first, then the numbers.
struct Model<'l> {
    table: &'l str,
    exact: Vec<&'l str>,
    numbers: Vec<&'l str>,
}

/// The models of a listing that have a table or a view.
fn tables(listing: &[Json]) -> Vec<Model<'_>> {
    let mut models = Vec::new();
    for node in listing.iter().filter(|node| node["materialized"] != "ephemeral") {
        let table = node["table"].as_str().unwrap_or_default();
        let mut model = Model { table, exact: Vec::new(), numbers: Vec::new() };
        for column in node["columns"].as_array().into_iter().flatten() {
            let text = |key: &str| column[key].as_str().unwrap_or_default();
            let is_number = text("type") == "float64" || text("type").starts_with("decimal");
            let columns = if is_number { &mut model.numbers } else { &mut model.exact };
            columns.push(column["name"].as_str().unwrap_or_default());
        }
        models.push(model);
    }
    models
}

impl Model<'_> {
    fn columns(&self) -> String {
        [&self.exact[..], &self.numbers[..]].concat().join(", ")
    }
}

/// Asserts that every model has exactly the rows of the other target.
pub(super) fn assert_same(listing: &[Json], target: &Path, other: &Path) -> anyhow::Result<()> {
    let database = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.execute("ATTACH ?1 AS other", [other.to_string_lossy()])?;
    for model in tables(listing) {
        let count = |query: String| -> anyhow::Result<i64> {
            let rows = database.query_row(&format!("SELECT COUNT(*) FROM ({query})"), [], |row| row.get(0));
            rows.with_context(|| model.table.to_owned())
        };
        let rows = |schema: &str| format!("SELECT {} FROM {schema}.{}", model.columns(), model.table);
        let [ours, theirs] = ["main", "other"].map(rows);
        // EXCEPT does not see how often a row occurs.
        let (here, there) = (count(ours.clone())?, count(theirs.clone())?);
        ensure!(here == there && here > 0, "{}: {here} rows by wmshost, {there} by hand", model.table);
        for (one, two, whose) in [(&ours, &theirs, "wmshost"), (&theirs, &ours, "hand")] {
            let only = count(format!("{one} EXCEPT {two}"))?;
            ensure!(only == 0, "{}: {only} of {here} rows are there by {whose} alone", model.table);
        }
    }
    Ok(())
}

/// Asserts that every model has the rows of the other target; numbers may differ as much as the order of additions
/// makes them.
pub(super) fn assert_near(listing: &[Json], target: &Path, other: &Path) -> anyhow::Result<()> {
    let open = |path: &Path| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let (target, other) = (open(target)?, open(other)?);
    for model in tables(listing) {
        let columns = model.columns();
        let query = format!("SELECT {columns} FROM {} ORDER BY {columns}", model.table);
        let (mut ours, mut theirs) = (target.prepare(&query)?, other.prepare(&query)?);
        assert_near_rows(&model, &mut ours, &mut theirs).with_context(|| model.table.to_owned())?;
    }
    Ok(())
}

fn assert_near_rows(model: &Model<'_>, ours: &mut Statement<'_>, theirs: &mut Statement<'_>) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (ours.query([])?, theirs.query([])?);
    let mut rows = 0;
    loop {
        let (one, two) = match (ours.next()?, theirs.next()?) {
            (Some(one), Some(two)) => (one, two),
            (None, None) => break,
            (one, _) => bail!("a row more {}", if one.is_some() { "than in full" } else { "in full" }),
        };
        rows += 1;
        for (at, name) in model.exact.iter().chain(&model.numbers).enumerate() {
            let (here, there): (Value, Value) = (one.get(at)?, two.get(at)?);
            if here != there && (at < model.exact.len() || !is_near(&here, &there)) {
                bail!("{name} is {here:?}, in full {there:?}, in the row {:?}", key(one, model)?);
            }
        }
    }
    ensure!(rows > 0, "there are no rows");
    Ok(())
}

/// The values that identify a row.
fn key(row: &Row<'_>, model: &Model<'_>) -> anyhow::Result<Vec<Value>> {
    Ok((0..model.exact.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?)
}

fn is_near(one: &Value, two: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Real(value) => Some(*value),
        _ => None,
    };
    match (number(one), number(two)) {
        (Some(one), Some(two)) => (one - two).abs() <= NEAR * one.abs().max(two.abs()).max(1.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_rows_are_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = |name: &str, rows: &str| {
            let path = folder.path().join(name);
            let database = Connection::open(&path).expect("a database");
            let made = format!("CREATE TABLE M (id INTEGER, name TEXT, share DOUBLE); INSERT INTO M VALUES {rows}");
            database.execute_batch(&made).expect("rows");
            path
        };
        let columns = [("share", "float64"), ("id", "int64"), ("name", "text")];
        let columns = columns.map(|(name, kind)| json!({ "name": name, "type": kind }));
        let listing = [json!({ "table": "M", "materialized": "table", "columns": columns })];
        let one = target("one", "(1, NULL, 1000.0), (2, 'b', 0.0), (2, 'b', 0.0)");
        for (name, rows, same, near) in [
            ("equal", "(2, 'b', 0), (1, NULL, 1000.0), (2, 'b', 0.0)", true, true),
            ("close", "(1, NULL, 1000.0000001), (2, 'b', 1e-12), (2, 'b', 0.0)", false, true),
            ("number", "(1, NULL, 1000.1), (2, 'b', 0.0), (2, 'b', 0.0)", false, false),
            ("null", "(1, '', 1000.0), (2, 'b', 0.0), (2, 'b', 0.0)", false, false),
            ("null_number", "(1, NULL, 1000.0), (2, 'b', NULL), (2, 'b', 0.0)", false, false),
            ("once", "(1, NULL, 1000.0), (2, 'b', 0.0)", false, false),
            ("other_twice", "(1, NULL, 1000.0), (2, 'b', 0.0), (1, NULL, 1000.0)", true, false),
        ] {
            let two = target(name, rows);
            assert_eq!(assert_same(&listing, &one, &two).is_ok(), same, "{name}");
            assert_eq!(assert_near(&listing, &one, &two).is_ok(), near, "{name}");
        }
    }
}

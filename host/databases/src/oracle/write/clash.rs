//! The row that is kept as deleted and the loaded row that a unique index keeps apart, by their keys: the swap of a load
//! that replaces the table's rows fails at them, and the server names the index alone.

use wmshost_flow::{Failure, Value};

use super::session::OracleTargetSession;
use super::table::Table;
use crate::clash::Clash;
use crate::oracle::names::quoted;
use crate::oracle::sql_session::query;

impl OracleTargetSession {
    /// Returns the first such pair; `None` if there is none.
    pub(super) fn clash(&mut self, old: &Table, key: &[String]) -> Result<Option<Clash>, Failure> {
        if key.is_empty() {
            return Ok(None);
        }
        let table = self.grant.table.clone();
        for (index, columns) in old.unique_indexes(&mut self.connection, &self.place, &table)? {
            let text = pair_text(&table, &self.staged_name(), key, &columns);
            let rows = query(&mut self.connection, &self.place, &text, &[])?;
            if let Some(row) = rows.first().filter(|row| row.len() == 2 * key.len()) {
                let (kept, loaded) = row.split_at(key.len());
                let [kept, loaded] = [kept, loaded].map(|values| in_words(key, values));
                return Ok(Some(Clash { index, columns, kept, loaded }));
            }
        }
        Ok(None)
    }
}

/// The query for the keys of a row of the table that is not staged, and of a staged one with the same values.
fn pair_text(table: &str, staged: &str, key: &[String], columns: &[String]) -> String {
    let (table, staged) = (quoted(table), quoted(staged));
    let same = |names: &[String], other: &str| {
        let pairs = names.iter().map(|name| format!("t.{0} = {other}.{0}", quoted(name)));
        pairs.collect::<Vec<_>>().join(" AND ")
    };
    let keys = ["t", "n"].into_iter().flat_map(|side| key.iter().map(move |name| format!("{side}.{}", quoted(name))));
    let keys = keys.enumerate().map(|(at, name)| format!("{name} c{at}")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {keys} FROM {table} t JOIN {staged} n ON {} WHERE NOT EXISTS (SELECT 1 FROM {staged} s WHERE {}) \
         AND ROWNUM = 1",
        same(columns, "n"),
        same(key, "s")
    )
}

fn in_words(key: &[String], values: &[Value]) -> String {
    key.iter().zip(values).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

//! Making, indexing and swapping tables. A table is built aside and takes the old one's place at the end, in the
//! transaction that it was built in where the database's DDL has one: readers see the old rows or the new.

use wmshost_flow::model::{Assertion, Interval, Materialization, Strategy};
use wmshost_flow::{Dialect, Failure, Sql};

use crate::dialect::{MARKS, VERSION, Writer};
use crate::prepare::columns_of;
use crate::project::{Node, ParsedModel};
use crate::store::kind_of;

/// A model's table.
#[derive(Clone, Copy)]
pub(super) struct Table<'m> {
    pub(super) writer: Writer,
    pub(super) node: &'m Node,
    pub(super) model: &'m ParsedModel,
    /// Whether what reads it wants to find its newest rows quickly.
    pub(super) is_followed: bool,
}

impl Table<'_> {
    pub(super) fn name(&self) -> String {
        self.writer.name(&self.node.table)
    }

    /// The table that is built aside.
    pub(super) fn aside(&self) -> String {
        self.writer.name(&format!("WMSHOST_NEW_{}", self.node.table))
    }

    /// Its columns, the host's own behind them.
    pub(super) fn columns(&self) -> Vec<String> {
        let own = self.model.model.columns.iter().map(|column| column.name.clone());
        own.chain(self.versions().iter().map(|name| (*name).to_owned())).collect()
    }

    fn versions(&self) -> &'static [&'static str] {
        if matches!(self.model.model.materialization, Materialization::History(_)) { &VERSION } else { &[] }
    }

    /// The columns that tell rows apart: the key that rows are merged by, or what is tested to be unique.
    pub(super) fn key(&self) -> Option<&[String]> {
        if let Materialization::Incremental(increment) = &self.model.model.materialization
            && let Strategy::Merge(key) = &increment.strategy
        {
            return Some(key);
        }
        self.node.tests.iter().find_map(|parsed| match &parsed.test.assertion {
            Assertion::Unique(columns) if parsed.only_where.is_none() => Some(columns.as_slice()),
            _ => None,
        })
    }

    /// Makes the table aside, empty.
    pub(super) fn create_aside(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        if kind_of(sql, self.writer, &format!("WMSHOST_NEW_{}", self.node.table))?.is_some() {
            sql.execute(&format!("DROP TABLE {}", self.aside()), &[])?;
        }
        let mut parts = self.declared_columns()?;
        let [text, moment] = match self.writer.0 {
            Dialect::Sqlite => ["TEXT", "TIMESTAMP(6)"],
            Dialect::Oracle => ["VARCHAR2(128)", "TIMESTAMP(6)"],
        };
        for (name, kind) in MARKS.iter().zip([text, moment]) {
            parts.push(format!("{} {kind}", self.writer.name(name)));
        }
        let statement = format!("CREATE TABLE {} ({}){}", self.aside(), parts.join(", "), self.partitions());
        sql.execute(&statement, &[]).map(drop)
    }

    /// Its columns with their types, without the host's marks.
    pub(super) fn declared_columns(&self) -> Result<Vec<String>, Failure> {
        let mut parts = Vec::new();
        for column in &self.model.model.columns {
            let declared = self.writer.declared(&column.kind).ok_or_else(|| {
                Failure::invalid_config(format!("the column {} has a type without a place", column.name))
            })?;
            parts.push(format!("{} {declared}", self.writer.name(&column.name)));
        }
        let [moment, flag] = match self.writer.0 {
            Dialect::Sqlite => ["TIMESTAMP(6)", "BOOLEAN"],
            Dialect::Oracle => ["TIMESTAMP(6)", "NUMBER(1)"],
        };
        for (name, kind) in self.versions().iter().zip([moment, moment, flag]) {
            parts.push(format!("{} {kind}", self.writer.name(name)));
        }
        Ok(parts)
    }

    fn partitions(&self) -> String {
        match (&self.model.model.storage.partition, self.writer.0) {
            (Some((column, interval)), Dialect::Oracle) => {
                let every = match interval {
                    Interval::Day => "NUMTODSINTERVAL(1, 'DAY')",
                    Interval::Month => "NUMTOYMINTERVAL(1, 'MONTH')",
                };
                format!(
                    " PARTITION BY RANGE ({}) INTERVAL ({every}) (PARTITION p_first VALUES LESS THAN (DATE '2000-01-01'))",
                    self.writer.name(column)
                )
            }
            _ => String::new(),
        }
    }

    /// Drops the table aside: what is there is the same.
    pub(super) fn drop_aside(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        sql.execute(&format!("DROP TABLE {}", self.aside()), &[]).map(drop)
    }

    /// Puts the table aside in the place of whatever has its name, with its indexes.
    pub(super) fn swap(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        self.remove(sql)?;
        let rename = format!("ALTER TABLE {} RENAME TO {}", self.aside(), self.name());
        sql.execute(&rename, &[])?;
        self.index(sql)
    }

    /// Removes whatever has the model's name.
    pub(super) fn remove(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        match kind_of(sql, self.writer, &self.node.table)?.as_deref() {
            Some("view") => sql.execute(&format!("DROP VIEW {}", self.name()), &[]).map(drop),
            Some(_) => sql.execute(&format!("DROP TABLE {}", self.name()), &[]).map(drop),
            None => Ok(()),
        }
    }

    /// The indexes that it has, each once: one whose columns another begins with is none of its own.
    pub(super) fn indexes(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut wanted: Vec<(&'static str, Vec<String>)> = Vec::new();
        match &self.model.model.materialization {
            Materialization::Incremental(increment) => match &increment.strategy {
                Strategy::Merge(key) => wanted.push(("UNIQUE ", key.clone())),
                Strategy::Replace(window) => wanted.push(("", window.clone())),
                Strategy::Append => {}
            },
            Materialization::History(history) => wanted.push(("", history.key.clone())),
            _ => {}
        }
        wanted.extend(self.model.model.storage.indexes.iter().map(|columns| ("", columns.clone())));
        if self.is_followed {
            wanted.push(("", vec![MARKS[1].to_owned()]));
        }
        let is_within = |(at, columns): (usize, &Vec<String>)| {
            let others = wanted.iter().enumerate().filter(|(other, _)| *other != at);
            others
                .into_iter()
                .any(|(other, (_, longer))| longer.starts_with(columns) && (longer.len() > columns.len() || other < at))
        };
        let kept = wanted.iter().enumerate();
        kept.filter(|(at, (unique, columns))| !unique.is_empty() || !is_within((*at, columns)))
            .map(|(_, index)| index.clone())
            .collect()
    }

    fn index(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        for (number, (unique, columns)) in (1..).zip(self.indexes()) {
            let name = self.writer.name(&format!("{}_IX{number}", self.node.table));
            let columns_text = self.writer.names("", &columns);
            let statement = format!("CREATE {unique}INDEX {name} ON {} ({columns_text})", self.name());
            sql.execute(&statement, &[]).map_err(|failure| match unique {
                "" => failure,
                _ => failure.within(format!("the key {} must be unique", columns.join(", "))),
            })?;
        }
        Ok(())
    }

    /// Adds the declared columns that the table lacks; gives whether its columns were others than declared.
    pub(super) fn add_columns(&self, sql: &mut dyn Sql) -> Result<bool, Failure> {
        let there = columns_of(sql, self.writer, &format!("SELECT * FROM {}", self.name()))?;
        let is_there = |name: &str| there.iter().any(|known| known.eq_ignore_ascii_case(name));
        let missing: Vec<_> = self.model.model.columns.iter().filter(|column| !is_there(&column.name)).collect();
        for column in &missing {
            let declared = self.writer.declared(&column.kind).unwrap_or_default();
            let words = match self.writer.0 {
                Dialect::Sqlite => format!("ADD COLUMN {} {declared}", self.writer.name(&column.name)),
                Dialect::Oracle => format!("ADD ({} {declared})", self.writer.name(&column.name)),
            };
            sql.execute(&format!("ALTER TABLE {} {words}", self.name()), &[])?;
        }
        Ok(!missing.is_empty())
    }

    /// Renews the optimizer's statistics.
    pub(super) fn analyze(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let statement = match self.writer.0 {
            Dialect::Sqlite => {
                // Some hundred rows of each index tell as much as all of them, for the choice of a plan.
                sql.query("PRAGMA analysis_limit = 1000", &[])?;
                format!("ANALYZE {}", self.name())
            }
            Dialect::Oracle => {
                format!("BEGIN DBMS_STATS.GATHER_TABLE_STATS(USER, '{}'); END;", self.node.table.replace('\'', ""))
            }
        };
        sql.execute(&statement, &[]).map(drop)
    }
}

//! Creating, indexing and swapping tables. A table is built under a staging name and replaces the old one at the end,
//! in the transaction that built it where the database's DDL is transactional: readers see the old rows or the new.
//! Oracle's DDL is not; `replace_oracle` describes the way there.

use arrow_schema::DataType;
use wmshost_flow::model::{Interval, Materialization, ModelColumn, Strategy};
use wmshost_flow::{ErrorClass, Failure, STAGING_PREFIXES, Sql};
use wmshost_sql::{BELONGINGS, ColumnPurpose, Dialect, Value, gather_statistics};

use crate::host_columns::{VERSION, declared_audit_columns, version_types};
use crate::project::{Node, ParsedModel, before_image_table};
use crate::store::{kind_of, text_of};
use wmshost_flow::AUDIT_COLUMNS;

/// A model's table.
#[derive(Clone, Copy)]
pub(super) struct ModelTable<'m> {
    pub(super) dialect: Dialect,
    pub(super) node: &'m Node,
    pub(super) model: &'m ParsedModel,
    /// True if a reader of the table needs to find its newest rows quickly.
    pub(super) is_followed: bool,
    /// True if replaced rows are kept for followers.
    pub(super) is_kept: bool,
}

impl<'t> ModelTable<'t> {
    pub(super) fn name(&self) -> String {
        self.dialect.quoted(&self.node.table)
    }

    /// The name of the staging table.
    pub(super) fn staging(&self) -> String {
        self.dialect.quoted(&self.staging_table())
    }

    pub(super) fn staging_table(&self) -> String {
        format!("{}{}", STAGING_PREFIXES[0], self.node.table)
    }

    /// The name of the old table while Oracle exchanges them.
    pub(super) fn old_table(&self) -> String {
        format!("{}{}", STAGING_PREFIXES[1], self.node.table)
    }

    /// All names that a build of the model uses in the database.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec![self.node.table.clone()];
        if self.model.model.materialization.has_rows() {
            names.push(self.staging_table());
            if !self.dialect.has_transactional_ddl() {
                names.push(self.old_table());
            }
        }
        if self.is_kept {
            names.push(before_image_table(&self.node.table));
        }
        names
    }

    /// The model's columns and, for a snapshot, those of its versions; without the audit columns.
    pub(super) fn columns(&self) -> Vec<String> {
        let own = self.model.model.columns.iter().map(|column| column.name.clone());
        own.chain(self.versions().iter().map(|name| (*name).to_owned())).collect()
    }

    /// The model's own columns as they will be stored, each after the prefix `before`.
    pub(super) fn stored(&self, before: &str) -> String {
        let own = self.model.model.columns.iter();
        own.map(|column| self.dialect.as_stored(before, &column.name, &column.kind)).collect::<Vec<_>>().join(", ")
    }

    fn versions(&self) -> &'static [&'static str] {
        if matches!(self.model.model.materialization, Materialization::Snapshot(_)) { &VERSION } else { &[] }
    }

    /// The columns that identify rows: the key that rows are merged by, or columns that are tested to be unique.
    pub(super) fn key(&self) -> Option<&'t [String]> {
        self.model.key(self.node)
    }

    /// Creates the staging table, empty.
    pub(super) fn create_staging(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        self.drop_staging(sql)?;
        let mut parts = self.declared_columns()?;
        parts.extend(declared_audit_columns(self.dialect));
        let create = format!("CREATE TABLE {} ({})", self.staging(), parts.join(", "));
        let made = match self.partitions() {
            Some(partitions) => match sql.execute(&format!("{create}{partitions}"), &[]) {
                // The server has no partitioning option: the table is created without partitions.
                Err(failure) if failure.class() == Some(ErrorClass::Unsupported) => sql.execute(&create, &[]),
                made => made,
            },
            None => sql.execute(&create, &[]),
        };
        made.map(drop)
    }

    /// Its columns with their types, without the audit columns.
    pub(super) fn declared_columns(&self) -> Result<Vec<String>, Failure> {
        let mut parts = Vec::new();
        for column in &self.model.model.columns {
            let declared = self.declared(column).ok_or_else(|| {
                Failure::invalid_config(format!("the column {} has a type that the target cannot store", column.name))
            })?;
            parts.push(format!("{} {declared}", self.dialect.quoted(&column.name)));
        }
        for (name, kind) in self.versions().iter().zip(version_types()) {
            let declared = self.dialect.declared_type(&kind, ColumnPurpose::Modelled).unwrap_or_default();
            parts.push(format!("{} {declared}", self.dialect.quoted(name)));
        }
        Ok(parts)
    }

    /// The type to declare a column with.
    fn declared(&self, column: &ModelColumn) -> Option<String> {
        let is_text = |name: &String| {
            let known = self.model.model.columns.iter().find(|known| known.name.eq_ignore_ascii_case(name));
            known.is_some_and(|known| matches!(known.kind, DataType::Utf8 | DataType::Binary))
        };
        let indexes = self.indexes().into_iter().filter(|(_, columns)| columns.contains(&column.name));
        let most_texts = indexes.map(|(_, columns)| columns.iter().filter(|name| is_text(name)).count()).max();
        self.dialect.declared_in_index(&column.kind, most_texts.unwrap_or(0))
    }

    fn partitions(&self) -> Option<String> {
        let (column, interval) = self.model.model.storage.partition.as_ref()?;
        let every = match (self.dialect, interval) {
            (Dialect::Sqlite, _) => return None,
            (Dialect::Oracle, Interval::Day) => "NUMTODSINTERVAL(1, 'DAY')",
            (Dialect::Oracle, Interval::Month) => "NUMTOYMINTERVAL(1, 'MONTH')",
        };
        Some(format!(
            " PARTITION BY RANGE ({}) INTERVAL ({every}) (PARTITION p_first VALUES LESS THAN (DATE '2000-01-01'))",
            self.dialect.quoted(column)
        ))
    }

    /// Drops the staging table if it exists.
    pub(super) fn drop_staging(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        match kind_of(sql, self.dialect, &self.staging_table())? {
            Some(_) => sql.execute(&format!("DROP TABLE {}{}", self.staging(), self.dialect.purge()), &[]).map(drop),
            None => Ok(()),
        }
    }

    /// Replaces the object that has the model's name by the staging table, with its indexes and those that somebody
    /// added.
    pub(super) fn swap(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let added = self.added(sql)?;
        self.remove(sql)?;
        let rename = format!("ALTER TABLE {} RENAME TO {}", self.staging(), self.name());
        sql.execute(&rename, &[])?;
        self.index(sql)?;
        self.add_again(&added, sql)
    }

    /// The indexes and triggers that somebody added to the object with the model's name on SQLite, by name and
    /// statement.
    pub(super) fn added(&self, sql: &mut dyn Sql) -> Result<Vec<[String; 2]>, Failure> {
        let rows = sql.query(BELONGINGS, &[Value::Text(self.node.table.clone())])?;
        let added = rows.iter().map(|row| [0, 1].map(|at| text_of(row, at)));
        Ok(added.filter(|[name, _]| !self.is_own_index(name)).collect())
    }

    /// Adds them to the new object; fails with the name of one that does not fit it.
    pub(super) fn add_again(&self, added: &[[String; 2]], sql: &mut dyn Sql) -> Result<(), Failure> {
        for [name, statement] in added {
            sql.execute(statement, &[]).map_err(|failure| {
                failure.within(format!(
                    "{name}, which somebody added to {} and which does not fit it any more; drop it",
                    self.name()
                ))
            })?;
        }
        Ok(())
    }

    /// True if the host made an index: its name is that of the table, `_IX` and a number. Other indexes may be somebody
    /// else's.
    pub(super) fn is_own_index(&self, name: &str) -> bool {
        let prefix = format!("{}_IX", self.node.table);
        let number = name.strip_prefix(&prefix).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    }

    /// Drops the object that has the model's name.
    pub(super) fn remove(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        match kind_of(sql, self.dialect, &self.node.table)?.as_deref() {
            Some("view") => sql.execute(&format!("DROP VIEW {}", self.name()), &[]).map(drop),
            Some(_) => sql.execute(&format!("DROP TABLE {}", self.name()), &[]).map(drop),
            None => Ok(()),
        }
    }

    /// The indexes that the table should have, each with its columns and whether it is unique; none is listed whose
    /// columns are a prefix of another's.
    pub(super) fn indexes(&self) -> Vec<(bool, Vec<String>)> {
        let mut wanted: Vec<(bool, Vec<String>)> = Vec::new();
        match &self.model.model.materialization {
            Materialization::Incremental(increment) => match &increment.strategy {
                Strategy::Merge(key) => wanted.push((true, key.clone())),
                Strategy::Replace(window) => wanted.push((false, window.clone())),
                Strategy::Append => {}
            },
            Materialization::Snapshot(snapshot) => wanted.push((false, snapshot.key.clone())),
            _ => {}
        }
        wanted.extend(self.model.model.storage.indexes.iter().map(|columns| (false, columns.clone())));
        if self.is_followed {
            wanted.push((false, vec![AUDIT_COLUMNS[1].to_owned()]));
        }
        let is_within = |(at, columns): (usize, &Vec<String>)| {
            let others = wanted.iter().enumerate().filter(|(other, _)| *other != at);
            others
                .into_iter()
                .any(|(other, (_, longer))| longer.starts_with(columns) && (longer.len() > columns.len() || other < at))
        };
        let kept = wanted.iter().enumerate();
        kept.filter(|(at, (is_unique, columns))| *is_unique || !is_within((*at, columns)))
            .map(|(_, index)| index.clone())
            .collect()
    }

    fn index(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        for (number, (is_unique, columns)) in (1..).zip(self.indexes()) {
            let name = format!("{}_IX{number}", self.node.table);
            self.create_index(&name, is_unique, &columns, sql).map_err(|failure| match is_unique {
                false => failure,
                true => failure.within(format!("the key {} must be unique", columns.join(", "))),
            })?;
        }
        Ok(())
    }

    pub(super) fn create_index(
        &self,
        name: &str,
        is_unique: bool,
        columns: &[String],
        sql: &mut dyn Sql,
    ) -> Result<(), Failure> {
        let unique = if is_unique { "UNIQUE " } else { "" };
        let (name, columns) = (self.dialect.quoted(name), self.dialect.quoted_list("", columns));
        sql.execute(&format!("CREATE {unique}INDEX {name} ON {} ({columns})", self.name()), &[]).map(drop)
    }

    /// Adds the declared columns that the table lacks; returns true if its columns differed from the declared ones.
    pub(super) fn add_columns(&self, sql: &mut dyn Sql) -> Result<bool, Failure> {
        let there = sql.columns(&format!("SELECT * FROM {}", self.name()))?;
        let is_there = |name: &str| there.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let missing: Vec<_> = self.model.model.columns.iter().filter(|column| !is_there(&column.name)).collect();
        for column in &missing {
            let declared = self.declared(column).unwrap_or_default();
            let words = self.dialect.add_column(&self.dialect.quoted(&column.name), &declared);
            sql.execute(&format!("ALTER TABLE {} {words}", self.name()), &[])?;
        }
        Ok(!missing.is_empty())
    }

    /// Renews the optimizer's statistics.
    pub(super) fn analyze(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let statement = match self.dialect {
            Dialect::Sqlite => {
                // For the choice of a plan, a thousand rows of each index say as much as all of them.
                sql.query("PRAGMA analysis_limit = 1000", &[])?;
                format!("ANALYZE {}", self.name())
            }
            Dialect::Oracle => gather_statistics(&self.node.table),
        };
        sql.execute(&statement, &[]).map(drop)
    }
}

//! Replaces a table in Oracle, whose DDL commits, by its staging table. Where the existing table has the same columns,
//! its rows are replaced in the transaction that records the build: readers see the old rows until the commit, and then
//! the new. Only where the columns have changed are the tables themselves exchanged, by two statements between which
//! there is no table of that name; if the second fails, the first is undone. The same holds where a table replaces a
//! view, which is created again from the text that the server has.
//!
//! | the host dies … | state of the target | the next build |
//! |---|---|---|
//! | before the exchange | the old table and the staging table | builds the staging table again |
//! | after the old table was renamed | the old table as `WMSHOST_OLD_…`, and the staging table | first renames the old table back, then builds again |
//! | after the new table was renamed | the new table, and the old one as `WMSHOST_OLD_…` | drops the old one, and builds again, because the exchange was not recorded |
//! | after a view was dropped | the staging table; a view has no rows to lose | builds again |

use wmshost_flow::model::Strategy;
use wmshost_flow::{Failure, Sql, SqlSession};
use wmshost_sql::{CURRENT_SCHEMA, OWN_SCHEMA, Value};

use super::context::Build;
use super::keys::check_key;
use super::outcome::{Action, BuildOutcome};
use super::ownership::entry_for;
use super::rows::drop_work_table;
use super::table::ModelTable;
use crate::store::{kind_of, text_of};
use wmshost_flow::AUDIT_COLUMNS;

impl ModelTable<'_> {
    /// True if the existing table has the columns of the staging table, in type and order.
    fn has_columns_of_staging(&self, sql: &mut dyn Sql) -> Result<bool, Failure> {
        if kind_of(sql, self.dialect, &self.node.table)?.as_deref() != Some("table") {
            return Ok(false);
        }
        let old = self.shape(&self.node.table, sql)?;
        Ok(old == self.shape(&self.staging_table(), sql)?)
    }

    fn shape(&self, table: &str, sql: &mut dyn Sql) -> Result<Vec<Vec<Value>>, Failure> {
        let table = [Value::Text(table.to_ascii_uppercase())];
        let columns = format!(
            "SELECT column_name, data_type, data_length, data_precision, data_scale, char_used FROM all_tab_columns \
             WHERE {OWN_SCHEMA} AND table_name = :1 ORDER BY column_id"
        );
        let mut shape = sql.query(&columns, &table)?;
        shape.extend(
            sql.query(&format!("SELECT partitioned FROM all_tables WHERE {OWN_SCHEMA} AND table_name = :1"), &table)?,
        );
        Ok(shape)
    }

    /// Replaces the rows by those of the staging table.
    fn replace_rows(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let columns = self.columns();
        let columns = self.dialect.quoted_list("", columns.iter().map(String::as_str).chain(AUDIT_COLUMNS));
        let (name, staging) = (self.name(), self.staging());
        sql.execute(&format!("DELETE FROM {name}"), &[])?;
        sql.execute(&format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {staging}"), &[]).map(drop)
    }

    /// Fails if somebody has added indexes or triggers to the table: an exchange would drop them with it.
    fn check_exchange(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let table = [Value::Text(self.node.table.to_ascii_uppercase())];
        let mut added = Vec::new();
        for (column, view) in [("index_name", "all_indexes"), ("trigger_name", "all_triggers")] {
            let query =
                format!("SELECT {column} FROM {view} WHERE table_{OWN_SCHEMA} AND table_name = :1 ORDER BY {column}");
            added.extend(sql.query(&query, &table)?.iter().map(|row| text_of(row, 0)));
        }
        added.retain(|name| !self.is_own_index(name));
        if added.is_empty() {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "the columns of the table {} have changed, so that it is exchanged, and {}, which somebody added to it, would be \
             lost; nothing was changed",
            self.node.table,
            added.join(", ")
        ))
        .advise("drop them, build the model, and create them again on the new table"))
    }

    /// Exchanges the object that has the model's name for the staging table. If that fails half way, the old object is
    /// restored.
    fn exchange(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let old_table = self.old_table();
        let (name, staging, old) = (self.name(), self.staging(), self.dialect.quoted(&old_table));
        let drop_old = format!("DROP TABLE {old}{}", self.dialect.purge());
        self.end_exchange(sql)?;
        let kind = kind_of(sql, self.dialect, &self.node.table)?;
        let (make_way, undo) = match kind.as_deref() {
            Some("view") => (Some(format!("DROP VIEW {name}")), Some(self.view_again(sql)?)),
            Some(_) => {
                let rename = |from: &str, to: &str| Some(format!("ALTER TABLE {from} RENAME TO {to}"));
                (rename(&name, &old), rename(&old, &name))
            }
            None => (None, None),
        };
        for grant in self.grants(&staging, sql)? {
            sql.execute(&grant, &[])?;
        }
        if let Some(make_way) = make_way {
            sql.execute(&make_way, &[])?;
        }
        let placed = sql.execute(&format!("ALTER TABLE {staging} RENAME TO {name}"), &[]);
        match (placed, undo) {
            (Err(failure), Some(undo)) => Err(match sql.execute(&undo, &[]) {
                Ok(_) => failure,
                Err(why) => {
                    failure.and(format_args!("the object that had the name before could not be restored: {why}"))
                }
            }),
            (Ok(_), _) if kind.as_deref() == Some("table") => sql.execute(&drop_old, &[]).map(drop),
            (placed, _) => placed.map(drop),
        }
    }

    /// Returns the statements that grant on another object what was granted on the one that has the model's name, since
    /// Oracle drops the privileges with the object.
    pub(super) fn grants(&self, on: &str, sql: &mut dyn Sql) -> Result<Vec<String>, Failure> {
        let query = format!(
            "SELECT privilege, grantee, grantable FROM all_tab_privs WHERE table_schema = {CURRENT_SCHEMA} \
             AND table_name = :1 ORDER BY grantee, privilege"
        );
        let granted = sql.query(&query, &[Value::Text(self.node.table.to_ascii_uppercase())])?;
        let statement = |row: &Vec<Value>| {
            let [privilege, grantee, grantable] = [0, 1, 2].map(|at| text_of(row, at));
            let grantee = if grantee == "PUBLIC" { grantee } else { self.dialect.quoted_exactly(&grantee) };
            let option = if grantable == "YES" { " WITH GRANT OPTION" } else { "" };
            format!("GRANT {privilege} ON {on} TO {grantee}{option}")
        };
        Ok(granted.iter().map(statement).collect())
    }

    /// Completes an exchange that an earlier build did not finish: the old table gets its name back if nothing else has
    /// it, and is dropped if the new table has it.
    pub(super) fn end_exchange(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let old_table = self.old_table();
        if kind_of(sql, self.dialect, &old_table)?.is_none() {
            return Ok(());
        }
        let old = self.dialect.quoted(&old_table);
        let statement = match kind_of(sql, self.dialect, &self.node.table)? {
            None => format!("ALTER TABLE {old} RENAME TO {}", self.name()),
            Some(_) => format!("DROP TABLE {old}{}", self.dialect.purge()),
        };
        sql.execute(&statement, &[]).map(drop)
    }

    /// The statement that creates the present view of the table's name again.
    fn view_again(&self, sql: &mut dyn Sql) -> Result<String, Failure> {
        let view = [Value::Text(self.node.table.to_ascii_uppercase())];
        let text = sql.query(&self.dialect.view_text(), &view)?;
        let text = text.first().map(|row| text_of(row, 0)).unwrap_or_default();
        let columns = format!(
            "SELECT column_name FROM all_tab_columns WHERE {OWN_SCHEMA} AND table_name = :1 ORDER BY column_id"
        );
        let columns = sql.query(&columns, &view)?;
        let columns: Vec<String> = columns.iter().map(|row| format!("\"{}\"", text_of(row, 0))).collect();
        Ok(format!("CREATE VIEW {} ({}) AS {text}", self.name(), columns.join(", ")))
    }

    /// Creates the missing indexes, and drops the model's own indexes that are no longer declared.
    fn match_indexes(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let found = format!(
            "SELECT index_name, column_name FROM all_ind_columns WHERE table_{} AND table_name = :1 \
             ORDER BY index_name, column_position",
            OWN_SCHEMA
        );
        let mut there: Vec<(String, Vec<String>)> = Vec::new();
        for row in sql.query(&found, &[Value::Text(self.node.table.clone())])? {
            let (index, column) = (text_of(&row, 0), text_of(&row, 1));
            match there.last_mut().filter(|(name, _)| *name == index) {
                Some((_, columns)) => columns.push(column),
                None => there.push((index, vec![column])),
            }
        }
        let wanted = self.indexes();
        let is_same =
            |a: &[String], b: &[String]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b));
        let prefix = format!("{}_IX", self.node.table);
        let is_stale = |(name, columns): &&(String, Vec<String>)| {
            self.is_own_index(name) && !wanted.iter().any(|(_, wanted)| is_same(wanted, columns))
        };
        for (name, _) in there.iter().filter(is_stale) {
            sql.execute(&format!("DROP INDEX {}", self.dialect.quoted(name)), &[])?;
        }
        there.retain(|index| !is_stale(&index));
        for (is_unique, columns) in wanted {
            // Oracle refuses a second index on the same columns.
            if there.iter().any(|(_, known)| is_same(known, &columns)) {
                continue;
            }
            let free = (1..).map(|number| format!("{prefix}{number}"));
            let name = free.into_iter().find(|name| !there.iter().any(|(known, _)| known == name)).unwrap_or_default();
            self.create_index(&name, is_unique, &columns, sql)?;
            there.push((name, columns));
        }
        Ok(())
    }
}

impl Build<'_> {
    /// Commits where only the host uses the staging table: Oracle cannot read the rows of a direct-path insert before
    /// its commit, nor alter a locked table.
    pub(super) fn settle(&self, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if self.commits_by_ddl() {
            sql.commit()?;
            sql.begin()?;
        }
        Ok(())
    }

    /// Replaces the existing object, or its rows, by the staging table.
    pub(super) fn place(&self, table: &ModelTable<'_>, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if !self.commits_by_ddl() {
            return table.swap(sql);
        }
        if let Some(Strategy::Merge(key)) = self.model.increment().map(|increment| &increment.strategy) {
            check_key(table.dialect, &table.staging(), key, sql)?;
        }
        if table.has_columns_of_staging(sql)? {
            return table.replace_rows(sql);
        }
        if entry_for(self.context.take_over, table.node).is_none() {
            table.check_exchange(sql)?;
        }
        // Whatever happens after the exchange, the next build starts from the beginning.
        self.context.store.forget(sql, &table.node.name)?;
        self.settle(sql)?;
        table.exchange(sql)
    }

    /// Drops the work tables: before the end of a transaction where the drop does not commit it.
    pub(super) fn drop_work_tables(&self, is_committed: bool, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if self.commits_by_ddl() == is_committed {
            for name in ["changes", "rows"] {
                drop_work_table(self.context.project.dialect, name, sql)?;
            }
        }
        Ok(())
    }

    /// The work that remains in Oracle after the commit of the rows, because it commits by itself.
    pub(super) fn clean_up(&self, done: BuildOutcome, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        let is_written = matches!(done.action, Action::Full | Action::Incremental | Action::Versions);
        if !self.commits_by_ddl() || !is_written {
            return Ok(());
        }
        let table = self.table();
        self.drop_work_tables(true, sql)?;
        table.drop_staging(sql)?;
        table.match_indexes(sql)?;
        if self.model.model.storage.statistics && done.changed > 0 {
            table.analyze(sql)?;
        }
        Ok(())
    }
}

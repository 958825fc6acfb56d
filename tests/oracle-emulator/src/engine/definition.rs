//! DDL: it ends the open transaction, does not wait long for locks, and succeeds as a whole or not at all. Also each
//! session's own copies of global temporary tables, which PostgreSQL does not have.

use std::sync::PoisonError;

use super::columns::describe;
use super::link::Watch;
use super::refusal::Refusal;
use super::session::Session;
use crate::sql::{Definition, Temporary, declaration, names};

/// The time that DDL waits for a table that others use. Oracle does not wait at all.
const DEFINITION_WAIT: &str = "SET LOCAL lock_timeout = '500ms'";

impl Session {
    /// Creates, alters or drops.
    pub(crate) fn define(&mut self, definition: &Definition, watch: Watch<'_>) -> Result<(), Refusal> {
        if let Some((_, query)) = &definition.derived {
            if !query.binds.is_empty() {
                return Err(Refusal::new(1027, "bind variables not allowed for data definition operations"));
            }
            if !query.as_of.is_empty() {
                return Err(Refusal::unsupported("a definition that reads AS OF SCN"));
            }
        }
        if definition.within_transaction {
            self.begin()?;
            return self.guarded(|session| session.define_parts(definition, watch));
        }
        self.commit()?;
        if let Some(name) = &definition.drops {
            self.drop_copy(name)?;
        }
        self.run("BEGIN")?;
        self.run(DEFINITION_WAIT)?;
        match self.define_parts(definition, watch) {
            Ok(()) => self.commit()?,
            Err(refusal) => {
                self.rollback()?;
                return Err(refusal);
            }
        }
        if let Some(temporary) = &definition.temporary {
            let mut temporaries = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner);
            temporaries.retain(|known| known.name != temporary.name || known.schema.as_deref() != Some(&self.role));
            let schema = temporary.schema.clone().or_else(|| Some(self.role.clone()));
            let temporary = Temporary { schema, ..temporary.clone() };
            temporaries.push(temporary.clone());
            drop(temporaries);
            if definition.derived.is_some() {
                self.take_rows(&temporary)?;
            }
        }
        Ok(())
    }

    /// The rows with which a global temporary table was created are this session's, and are gone at this commit unless it
    /// preserves them.
    fn take_rows(&mut self, temporary: &Temporary) -> Result<(), Refusal> {
        let name = names::quoted(&temporary.name);
        let made = format!("{}.{name}", names::quoted(temporary.schema.as_deref().unwrap_or(&self.role)));
        if temporary.keeps_rows {
            self.make_copies(&temporary.name)?;
            self.run(&format!("INSERT INTO pg_temp.{name} SELECT * FROM {made}"))?;
        }
        self.run(&format!("TRUNCATE {made}"))
    }

    fn define_parts(&mut self, definition: &Definition, watch: Watch<'_>) -> Result<(), Refusal> {
        for sql in &definition.sql {
            self.link.run(sql, watch)?;
        }
        let Some((path, query)) = &definition.derived else { return Ok(()) };
        let columns = describe(&mut self.link, &query.sql, &[])?;
        let own = describe(&mut self.link, &format!("SELECT * FROM {path}"), &[])?;
        for (column, own) in columns.iter().zip(own) {
            let declaration = declaration(path, &names::shown(&own.name), &column.kind.declared());
            self.link.run(&declaration, watch)?;
        }
        Ok(())
    }

    /// Drops this session's copy of a global temporary table that is about to be dropped itself.
    fn drop_copy(&mut self, name: &str) -> Result<(), Refusal> {
        let mut known = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |temporary: &Temporary| temporary.name == name && temporary.schema.as_deref() == Some(&self.role);
        if !known.iter().any(is_it) {
            return Ok(());
        }
        known.retain(|temporary| !is_it(temporary));
        drop(known);
        self.copied.remove(name);
        self.run(&format!("DROP TABLE IF EXISTS pg_temp.{}", names::quoted(name)))
    }

    /// Creates this session's copies of the global temporary tables that a statement names.
    pub(super) fn make_copies(&mut self, sql: &str) -> Result<(), Refusal> {
        let known = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_own = |temporary: &&Temporary| temporary.schema.as_deref().is_none_or(|schema| schema == self.role);
        let named: Vec<Temporary> =
            known.iter().filter(is_own).filter(|temporary| names_it(sql, &temporary.name)).cloned().collect();
        for temporary in &named {
            if self.copied.contains(&temporary.name) && !self.in_transaction() {
                continue;
            }
            let name = names::quoted(&temporary.name);
            let rows = if temporary.keeps_rows { "PRESERVE" } else { "DELETE" };
            let schema = names::quoted(temporary.schema.as_deref().unwrap_or(&self.role));
            self.run(&format!(
                "CREATE TEMP TABLE IF NOT EXISTS {name} (LIKE {schema}.{name} INCLUDING ALL) ON COMMIT {rows} ROWS; \
                 INSERT INTO sys.declared SELECT 'pg_temp.{name}'::regclass, num, type FROM sys.declared \
                 WHERE rel = '{schema}.{name}'::regclass ON CONFLICT DO NOTHING"
            ))?;
            // A copy that is created within a transaction may be rolled back.
            if !self.in_transaction() {
                self.copied.insert(temporary.name.clone());
            }
        }
        Ok(())
    }
}

/// True if a statement has this word, and not only a longer one that contains it.
fn names_it(sql: &str, name: &str) -> bool {
    let belongs =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || "_$#".contains(letter));
    sql.match_indices(name)
        .any(|(at, _)| !belongs(sql[..at].chars().next_back()) && !belongs(sql[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_another_one() {
        assert!(names_it("insert into \"a__merge\" values (1)", "a__merge"));
        assert!(names_it("select * from a__merge", "a__merge"));
        assert!(!names_it("select * from wms_a__merge", "a__merge"));
        assert!(!names_it("select * from a__merge2", "a__merge"));
    }
}

//! The guard of a stream's session: every write asks first whether the table is the stream's own. Oracle commits at every
//! change of a table, so a record is committed on a connection of its own before the change is carried out.

use std::sync::Arc;

use wmshost_flow::{Claim, Failure, Secured, SqlSession as _, TableOwner, TargetGrant};

use super::session::{OracleTargetSession, WriteTable};
use crate::oracle::sql_session::OracleSqlSession;

impl OracleTargetSession {
    /// Runs a change of the granted table, unless the table belongs to another owner.
    pub(crate) fn ask_for<T>(
        &mut self,
        table: &str,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write(|writer| {
            let which = writer.resolve_table(table)?;
            writer.check_own(which)?;
            act(writer)
        })
    }

    /// Fails if a table belongs to another owner; changes nothing.
    pub(crate) fn check_own(&mut self, which: WriteTable) -> Result<(), Failure> {
        if self.owned.contains(&which) {
            return Ok(());
        }
        let (table, grant) = (self.name_of(which), self.grant.clone());
        let violation = claim(&grant, &grant.owner()).refusal(self, &table)?;
        violation.map_or(Ok(()), |why| Err(Failure::invalid_config(why).within(&self.place)))
    }

    pub(crate) fn name_of(&self, which: WriteTable) -> String {
        which.name(&self.grant)
    }

    /// Records a name as the stream's own, in a transaction of its own, because what follows may commit by itself.
    pub(crate) fn secure_autonomous(&self, table: &str) -> Result<Secured, Failure> {
        let mut session = OracleSqlSession::new(Arc::clone(&self.connections))?;
        session.begin()?;
        let secured = claim(&self.grant, &self.grant.owner()).secure(&mut session, table, self.clock.now());
        // Dropping the session rolls back its transaction.
        let secured = secured.map_err(|failure| failure.within(&self.place))?;
        session.commit()?;
        Ok(secured)
    }

    /// The same for a table whose definition is about to change.
    pub(crate) fn secure_before_change(&self, which: WriteTable) -> Result<(), Failure> {
        if self.owned.contains(&which) { Ok(()) } else { self.secure_autonomous(&self.name_of(which)).map(drop) }
    }

    /// Makes sure that a table is the stream's own for the rest of the transaction.
    pub(crate) fn secure(&mut self, which: WriteTable) -> Result<(), Failure> {
        if self.owned.contains(&which) {
            return Ok(());
        }
        let (table, grant) = (self.name_of(which), self.grant.clone());
        if !claim(&grant, &grant.owner()).is_own(self, &table)? {
            self.secure_autonomous(&table)?;
            self.forget_tables();
        }
        let now = self.clock.now();
        claim(&grant, &grant.owner()).secure(self, &table, now)?;
        self.owned.push(which);
        Ok(())
    }
}

/// The claim of a grant's stream to a table.
fn claim<'a>(grant: &'a TargetGrant, owner: &'a TableOwner) -> Claim<'a> {
    Claim { owner, run_id: &grant.run_id, take_over: grant.take_over.as_ref(), allows_triggers: grant.allows_triggers }
}

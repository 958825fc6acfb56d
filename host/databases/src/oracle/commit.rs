//! Committing, and finding out whether the commit took place where the server could not say.

use wmshost_flow::{Entry, Failure, Ledger, TargetGrant};

use super::client::Client;
use super::failure::ErrorClass;
use super::target_session::{OracleTargetSession, take};

impl OracleTargetSession {
    /// The ledger entry that exists once the transaction is committed; `None` if the transaction wrote none.
    fn ledger_entry(&mut self) -> Result<Option<Entry>, Failure> {
        if !self.has_witness {
            return Ok(None);
        }
        let TargetGrant { pipeline, stream, .. } = self.grant.clone();
        Ledger { pipeline: &pipeline }.last(self, &stream)
    }

    /// Commits, and finds out whether the commit took place where the server could not say.
    pub(super) fn commit_for_sure(&mut self) -> Result<(), Failure> {
        let ledger_entry = self.ledger_entry()?;
        let committed = self.connection.client().and_then(Client::commit);
        let Err(oracle_error) = committed else { return Ok(()) };
        self.connection.mark_broken();
        if !oracle_error.class.is_connection_lost() && oracle_error.class != ErrorClass::Timeout {
            return Err(oracle_error.failure(format_args!("{}, committing", self.place)));
        }
        let lost = oracle_error.failure(format_args!("{}, committing", self.place));
        tracing::warn!("{lost}; looking whether it took place");
        self.connection = take(&self.connections, &self.grant).map_err(|failure| {
            failure.within(format_args!("{lost}; whether it took place is not known, the next run finds out"))
        })?;
        let TargetGrant { pipeline, stream, .. } = self.grant.clone();
        let ledger = Ledger { pipeline: &pipeline };
        if ledger_entry.is_some() && ledger.last(self, &stream)? == ledger_entry {
            tracing::info!("{}: the commit took place", self.place);
            return Ok(());
        }
        Err(lost.within("the commit did not take place"))
    }
}

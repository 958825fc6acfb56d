//! Committing, and finding out whether it happened where the server could not say.

use wmshost_flow::{Entry, Failure, Ledger, TargetGrant};

use super::client::Client;
use super::failure::Class;
use super::writer::{Writer, take};

impl Writer {
    /// What the ledger will say once the transaction is committed.
    fn witness(&mut self) -> Result<Option<Entry>, Failure> {
        if !self.has_witness {
            return Ok(None);
        }
        let TargetGrant { pipeline, stream, .. } = self.grant.clone();
        Ledger { pipeline: &pipeline }.last(self, &stream)
    }

    /// Commits, and finds out whether it happened where the server could not say.
    pub(super) fn commit_for_sure(&mut self) -> Result<(), Failure> {
        let witness = self.witness()?;
        let committed = self.link.client().and_then(Client::commit);
        let Err(trouble) = committed else { return Ok(()) };
        self.link.mark_broken();
        if !trouble.class.is_gone() && trouble.class != Class::Slow {
            return Err(trouble.failure(format_args!("{}, committing", self.place)));
        }
        let lost = trouble.failure(format_args!("{}, committing", self.place));
        tracing::warn!("{lost}; looking whether it took place");
        self.link = take(&self.links, &self.grant).map_err(|failure| {
            failure.within(format_args!("{lost}; whether it took place is not known, the next run finds out"))
        })?;
        let TargetGrant { pipeline, stream, .. } = self.grant.clone();
        let ledger = Ledger { pipeline: &pipeline };
        if witness.is_some() && ledger.last(self, &stream)? == witness {
            tracing::info!("{}: the commit took place", self.place);
            return Ok(());
        }
        Err(lost.within("the commit did not take place"))
    }
}

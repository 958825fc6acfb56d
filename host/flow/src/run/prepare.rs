//! The loader's preparation of the table: on trial when a stream is opened, and permanently before its rows are moved.

use arrow_schema::SchemaRef;

use crate::definition::columns_of;
use crate::failure::Failure;
use crate::metadata::checkpoint::LoadMode;
use crate::metadata::{Lease, SYSTEM_COLUMNS};
use crate::ports::target::MergeRule;
use crate::stream::Stream;
use crate::stream::opened::{Prepared, ReadyStream};
use crate::stream::policy::Deletes;
use crate::stream::schema_changes::schema_changes;
use crate::stream::transaction::lock;

/// The way out if a column's name cannot be used.
const RENAME: &str = "Rename the column, or leave it out, by `columns`";

impl Stream {
    /// Lets the loader prepare the table, permanently or only to see whether it can; returns the changes of the table's
    /// columns.
    pub(crate) fn prepare(
        &mut self,
        ready: &ReadyStream,
        lease: Option<&Lease>,
        for_good: bool,
    ) -> Result<Prepared, Failure> {
        lock(&self.target).begin()?;
        let prepared = self.prepare_leased(ready, lease);
        let mut target = lock(&self.target);
        match prepared {
            Ok(prepared) if for_good => {
                target.commit()?;
                // A database may store columns with other types than requested.
                let table = target.describe(&ready.request.table)?;
                let columns = table.map(|table| columns_of(&table.columns)).unwrap_or_default();
                Ok(Prepared { columns, ..prepared })
            }
            prepared => {
                target.rollback()?;
                prepared
            }
        }
    }

    /// Has the target spell its columns as the stream does. Fails if it takes two columns for one, or one for the host's own.
    fn spell_target(&self, columns: &SchemaRef) -> Result<(), Failure> {
        let mut target = lock(&self.target);
        let dialect = target.sql().dialect();
        for (at, field) in columns.fields().iter().enumerate() {
            if let Some(own) = SYSTEM_COLUMNS.iter().find(|own| dialect.is_same_name(own, field.name())) {
                let message = format!("the column {} has a name that is reserved for the host: {own}", field.name());
                return Err(Failure::invalid_config(message).advise(RENAME));
            }
            let mut before = columns.fields()[..at].iter();
            if let Some(other) = before.find(|other| dialect.is_same_name(other.name(), field.name())) {
                return Err(Failure::invalid_config(format!(
                    "the columns {} and {} of the stream have one name in the target, which does not distinguish their \
                     case",
                    other.name(),
                    field.name()
                ))
                .advise(RENAME));
            }
        }
        target.spell_as(columns);
        Ok(())
    }

    fn prepare_leased(&mut self, ready: &ReadyStream, lease: Option<&Lease>) -> Result<Prepared, Failure> {
        let ReadyStream { request, previous, .. } = ready;
        if let Some(lease) = lease {
            lease.renew(lock(&self.target).sql())?;
        }
        self.spell_target(&request.columns)?;
        let before = lock(&self.target).describe(&request.table)?;
        self.loader.prepare(request)?;
        if self.policy.deletes == Deletes::Soft {
            lock(&self.target).keep_deleted(&request.table)?;
        }
        if request.mode != LoadMode::Replace && !request.key.is_empty() {
            let rule = MergeRule { key: request.key.clone(), version: request.version.clone() };
            lock(&self.target).check_merge(&request.table, &rule)?;
        }
        let after = lock(&self.target).describe(&request.table)?;
        let known = previous.as_ref().and_then(|previous| previous.definition.as_ref());
        let schema_changes = match &after {
            // The changes by a load that replaces the table are known when it ends.
            Some(after) if request.mode != LoadMode::Replace => {
                schema_changes(before.as_ref(), after, &request.columns, known)
            }
            _ => Vec::new(),
        };
        Ok(Prepared { schema_changes, columns: Vec::new() })
    }
}

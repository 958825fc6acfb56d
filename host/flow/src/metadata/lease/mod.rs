//! The right to write a stream, or to build a pipeline's models. A lease is a row in the target with a time by the
//! target's own clock. Each transaction of a run renews its lease: if another run has taken it over in the meantime,
//! the transaction fails, so that two runs never both write.
//!
//! | the holder … | the lease |
//! |---|---|
//! | ends, and can still reach the target | is released |
//! | died, on the machine of the next run | is taken over at once |
//! | died elsewhere, or cannot be reached | is taken over after it has expired |
//! | hung for longer than the lease, and continues | belongs to another run: the next transaction of the old one fails |

#[cfg(test)]
mod tests;

use std::time::Duration;

use wmshost_sql::{MetadataType, Value, timestamp_text};

use super::in_transaction;
use super::table::{Cells, Table};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::sql::{Sql, SqlSession};

/// The lifetime of a lease without a renewal, in seconds.
pub const LEASE_SECONDS: i64 = 120;
/// The longest time that a holder lets pass without renewing its lease.
pub(crate) const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(LEASE_SECONDS.unsigned_abs() / 3);
/// The name for the models in the place of a stream's; no stream can have such a name.
const MODELS: &str = "(models)";

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_LEASE",
    columns: &[
        ("pipeline", MetadataType::Name),
        ("stream", MetadataType::Name),
        ("run_id", MetadataType::Name),
        ("machine", MetadataType::Name),
        ("process", MetadataType::Integer),
        ("renewed_at", MetadataType::Integer),
        ("expires_at", MetadataType::Integer),
    ],
    key: 2,
};

/// The process that holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseOwner {
    /// The machine's name.
    pub machine: String,
    /// The process id there.
    pub process: u32,
}

impl LeaseOwner {
    /// Returns the machine's name for messages, without the suffix that distinguishes its boots.
    fn name(&self) -> &str {
        self.machine.split(' ').next().unwrap_or_default()
    }
}

/// The right of a run to write a stream, or to build the models.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The pipeline.
    pub pipeline: String,
    /// The stream.
    pub stream: String,
    /// The run.
    pub run_id: String,
    /// The process.
    pub holder: LeaseOwner,
}

/// A lease that a run holds, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseView {
    /// The run.
    pub run_id: String,
    /// The machine of its process.
    pub machine: String,
    /// The id of its process there.
    pub process: u32,
    /// The time since it was renewed, in seconds by the target's clock.
    pub seconds_since_renewal: u64,
}

/// A lease as stored in the table.
struct LeaseRow {
    run_id: String,
    holder: LeaseOwner,
    renewed_at: i64,
    expires_at: i64,
}

impl Lease {
    /// Returns the lease for building the models of a pipeline.
    pub fn of_models(pipeline: &str, run_id: &str, holder: LeaseOwner) -> Self {
        let [pipeline, stream, run_id] = [pipeline, MODELS, run_id].map(str::to_owned);
        Self { pipeline, stream, run_id, holder }
    }

    /// Takes the lease, in a transaction of its own. Fails with `busy` if another run holds it: at once, even if that
    /// run is in the middle of a long transaction.
    pub fn take(&self, session: &mut dyn SqlSession, is_dead: &dyn Fn(&LeaseOwner) -> bool) -> Result<(), Failure> {
        if TABLE.exists(session)? {
            self.check_is_free(session, is_dead)?;
        }
        in_transaction(session, |session| self.acquire(session, is_dead))
    }

    /// Returns the lease of a stream that has not expired; `None` if no run holds it.
    pub fn holder(sql: &mut dyn Sql, pipeline: &str, stream: &str) -> Result<Option<LeaseView>, Failure> {
        let Some((lease_row, now)) = valid_lease(sql, pipeline, stream)? else { return Ok(None) };
        Ok(Some(LeaseView {
            machine: lease_row.holder.name().to_owned(),
            process: lease_row.holder.process,
            seconds_since_renewal: u64::try_from(now - lease_row.renewed_at).unwrap_or(0),
            run_id: lease_row.run_id,
        }))
    }

    /// Fails with `busy` if another run holds the lease; takes nothing.
    pub fn check(&self, sql: &mut dyn Sql, is_dead: &dyn Fn(&LeaseOwner) -> bool) -> Result<(), Failure> {
        self.check_is_free(sql, is_dead).map(drop)
    }

    /// Renews the lease, in a transaction of its own; fails if another run has taken it over.
    pub fn renew_now(&self, session: &mut dyn SqlSession) -> Result<(), Failure> {
        in_transaction(session, |session| self.renew(session))
    }

    /// Releases the lease, in a transaction of its own.
    pub fn release_now(&self, session: &mut dyn SqlSession) -> Result<(), Failure> {
        in_transaction(session, |session| self.release(session))
    }

    /// Takes the lease, in the caller's transaction. `is_dead` returns true if the process of a holder is known to have
    /// ended. Fails with `busy` if another run holds it.
    pub fn acquire(&self, sql: &mut dyn Sql, is_dead: &dyn Fn(&LeaseOwner) -> bool) -> Result<(), Failure> {
        TABLE.make(sql)?;
        let (lease_row, now) = self.check_is_free(sql, is_dead)?;
        if let Some(lease_row) = lease_row
            && self.delete(sql, &lease_row.run_id, Some(lease_row.renewed_at))? == 0
        {
            // Its holder, or another run, was faster.
            self.check_is_free(sql, &|_| false)?;
        }
        let row = [
            Value::Text(self.pipeline.clone()),
            Value::Text(self.stream.clone()),
            Value::Text(self.run_id.clone()),
            Value::Text(self.holder.machine.clone()),
            Value::Int64(i64::from(self.holder.process)),
            Value::Int64(now),
            Value::Int64(now + LEASE_SECONDS),
        ];
        let written = sql.execute(&TABLE.insert_statement(sql.dialect()), &row);
        if let Err(failure) = written {
            // Two runs may insert at once; the table's key lets only one of them succeed.
            self.check_is_free(sql, &|_| false)?;
            return Err(failure);
        }
        Ok(())
    }

    /// Fails if another run holds the lease; otherwise returns the row that exists nevertheless, and the time in
    /// seconds.
    fn check_is_free(
        &self,
        sql: &mut dyn Sql,
        is_dead: &dyn Fn(&LeaseOwner) -> bool,
    ) -> Result<(Option<LeaseRow>, i64), Failure> {
        let now = now(sql)?;
        let lease_row = self.lease_row(sql)?;
        match lease_row {
            Some(lease_row)
                if !(lease_row.run_id == self.run_id || lease_row.expires_at <= now || is_dead(&lease_row.holder)) =>
            {
                Err(self.held_by(&lease_row, now))
            }
            lease_row => Ok((lease_row, now)),
        }
    }

    /// Names the object of the lease in messages.
    fn subject(&self) -> &'static str {
        if self.stream == MODELS { "the models" } else { "the stream" }
    }

    /// Renews the lease, in the caller's transaction; fails if another run has taken it over.
    pub fn renew(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let now = sql.dialect().current_second();
        let statement = format!(
            "UPDATE WMSHOST_LEASE SET renewed_at = {now}, expires_at = {now} + {LEASE_SECONDS} \
             WHERE pipeline = ?1 AND stream = ?2 AND run_id = ?3"
        );
        let parameters = [&self.pipeline, &self.stream, &self.run_id].map(|text| Value::Text(text.clone()));
        if sql.execute(&sql.dialect().with_parameters(&statement), &parameters)? == 1 {
            return Ok(());
        }
        Err(match self.lease_row(sql)? {
            Some(lease_row) => Failure::new(
                FailureKind::Busy,
                format!(
                    "this run lost its lease: run {} (process {} on {}) has taken {} over",
                    lease_row.run_id,
                    lease_row.holder.process,
                    lease_row.holder.name(),
                    self.subject()
                ),
            ),
            None => Failure::new(FailureKind::Busy, "this run's lease was removed").advise("run again"),
        })
    }

    /// Releases the lease.
    pub(crate) fn release(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        self.delete(sql, &self.run_id, None).map(drop)
    }

    /// Calls `act` under the lease, in one transaction: for changes of a stream's state by hand. Fails with `busy` if a
    /// run holds the lease.
    pub fn act(
        &self,
        session: &mut dyn SqlSession,
        is_dead: &dyn Fn(&LeaseOwner) -> bool,
        act: impl FnOnce(&mut dyn SqlSession) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        in_transaction(session, |session| {
            self.acquire(session, is_dead)?;
            act(session)?;
            self.release(session)
        })
    }

    /// Deletes the lease of a run, if it is unchanged since it was read; returns the number of rows deleted.
    fn delete(&self, sql: &mut dyn Sql, run_id: &str, renewed_at: Option<i64>) -> Result<u64, Failure> {
        let mut statement = "DELETE FROM WMSHOST_LEASE WHERE pipeline = ?1 AND stream = ?2 AND run_id = ?3".to_owned();
        let mut parameters = [&self.pipeline, &self.stream, run_id].map(|text| Value::Text(text.to_owned())).to_vec();
        if let Some(renewed_at) = renewed_at {
            statement.push_str(" AND renewed_at = ?4");
            parameters.push(Value::Int64(renewed_at));
        }
        sql.execute(&sql.dialect().with_parameters(&statement), &parameters)
    }

    fn lease_row(&self, sql: &mut dyn Sql) -> Result<Option<LeaseRow>, Failure> {
        let statement =
            format!("SELECT {} FROM WMSHOST_LEASE WHERE pipeline = ?1 AND stream = ?2", TABLE.column_list());
        let parameters = [&self.pipeline, &self.stream].map(|text| Value::Text(text.clone()));
        let rows = sql.query(&sql.dialect().with_parameters(&statement), &parameters)?;
        rows.into_iter().next().map(lease_row).transpose()
    }

    fn held_by(&self, lease_row: &LeaseRow, now: i64) -> Failure {
        let until = timestamp_text(lease_row.expires_at * 1_000_000);
        Failure::new(
            FailureKind::Busy,
            format!(
                "run {} (process {} on {}) holds {}, last seen {} s ago",
                lease_row.run_id,
                lease_row.holder.process,
                lease_row.holder.name(),
                self.subject(),
                (now - lease_row.renewed_at).max(0),
            ),
        )
        .advise(format_args!("wait for it to end. If that machine is gone, the lease expires at {} UTC", &until[..19]))
    }
}

/// Returns the run that now holds the lease of a stream, or with `None` that of a pipeline's models.
pub(super) fn holder_now(sql: &mut dyn Sql, pipeline: &str, stream: Option<&str>) -> Result<Option<String>, Failure> {
    let lease = valid_lease(sql, pipeline, stream.unwrap_or(MODELS))?;
    Ok(lease.map(|(lease_row, _)| lease_row.run_id))
}

/// Returns a lease that has not expired, and the time in seconds.
fn valid_lease(sql: &mut dyn Sql, pipeline: &str, stream: &str) -> Result<Option<(LeaseRow, i64)>, Failure> {
    if !TABLE.exists(sql)? {
        return Ok(None);
    }
    let now = now(sql)?;
    let holder = LeaseOwner { machine: String::new(), process: 0 };
    let [pipeline, stream, run_id] = [pipeline, stream, ""].map(str::to_owned);
    let lease_row = Lease { pipeline, stream, run_id, holder }.lease_row(sql)?;
    Ok(lease_row.filter(|lease_row| lease_row.expires_at > now).map(|lease_row| (lease_row, now)))
}

fn lease_row(row: Vec<Value>) -> Result<LeaseRow, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let (_pipeline, _stream) = (cells.text()?, cells.text()?);
    let run_id = cells.text()?;
    let machine = cells.text()?;
    let process = u32::try_from(cells.integer()?).map_err(|_| cells.damaged())?;
    Ok(LeaseRow {
        run_id,
        holder: LeaseOwner { machine, process },
        renewed_at: cells.integer()?,
        expires_at: cells.integer()?,
    })
}

/// Returns the time by the target's own clock, in seconds since 1970-01-01T00:00:00 UTC.
fn now(sql: &mut dyn Sql) -> Result<i64, Failure> {
    let dialect = sql.dialect();
    let statement = format!("SELECT {}{}", dialect.current_second(), dialect.dummy_table());
    let row = sql.query(&statement, &[])?.into_iter().next().unwrap_or_default();
    Ok(Cells::of(&TABLE, row).integer()?)
}

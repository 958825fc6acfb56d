//! Who may write a stream now. A lease is a row in the target with a time on the target's own clock. Each
//! transaction of a run renews its lease: if somebody else has taken it over meanwhile, the transaction fails,
//! so that two runs never both write.
//!
//! | the holder … | the lease |
//! |---|---|
//! | ends, in whatever way it can still say | is given back |
//! | died, on the machine of the next run | is taken over at once |
//! | died elsewhere, or cannot be reached | is taken over when it has expired |
//! | hung for longer than the lease, and goes on | is somebody else's: its next transaction fails |

use super::table::{Cells, Kind, Table, text};
use crate::failure::{Failure, FailureKind};
use crate::source::Dialect;
use crate::sql::{Sql, SqlSession};
use crate::value::{Value, timestamp_text};

/// How long a lease lasts without a renewal, in seconds.
pub const LEASE_SECONDS: i64 = 120;

const TABLE: Table = Table {
    name: "WMSHOST_LEASE",
    columns: &[
        ("pipeline", Kind::Name),
        ("stream", Kind::Name),
        ("run_id", Kind::Name),
        ("machine", Kind::Name),
        ("process", Kind::Integer),
        ("renewed_at", Kind::Integer),
        ("expires_at", Kind::Integer),
    ],
    key: 2,
};

/// The process that holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The machine's name.
    pub machine: String,
    /// The process's number there.
    pub process: u32,
}

impl Holder {
    /// The machine's name for people: what the edge puts behind it tells apart its starts.
    fn name(&self) -> &str {
        self.machine.split(' ').next().unwrap_or_default()
    }
}

/// The right of a run to write a stream.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The pipeline.
    pub pipeline: String,
    /// The stream.
    pub stream: String,
    /// The run.
    pub run_id: String,
    /// The process.
    pub holder: Holder,
}

/// A lease as it stands in the table.
struct Standing {
    run_id: String,
    holder: Holder,
    renewed_at: i64,
    expires_at: i64,
}

impl Lease {
    /// Takes the lease, in a transaction of the caller. `is_gone` tells of a holder whether its process is known to
    /// have ended. Fails with `busy` if another run holds it.
    pub fn acquire(&self, sql: &mut dyn Sql, is_gone: &dyn Fn(&Holder) -> bool) -> Result<(), Failure> {
        TABLE.make(sql)?;
        let now = now(sql)?;
        if let Some(standing) = self.standing(sql)? {
            let is_over = standing.run_id == self.run_id || standing.expires_at <= now || is_gone(&standing.holder);
            if !is_over {
                return Err(self.held_by(&standing, now));
            }
            self.delete(sql, &standing.run_id)?;
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
        sql.execute(&TABLE.insert_statement(sql.dialect()), &row).map(drop)
    }

    /// Renews the lease, in a transaction of the caller; fails if it is somebody else's by now.
    pub fn renew(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        let now = now_expression(sql.dialect());
        let statement = format!(
            "UPDATE WMSHOST_LEASE SET renewed_at = {now}, expires_at = {now} + {LEASE_SECONDS} \
             WHERE pipeline = ?1 AND stream = ?2 AND run_id = ?3"
        );
        let parameters = [&self.pipeline, &self.stream, &self.run_id].map(|text| Value::Text(text.clone()));
        if sql.execute(&text(sql.dialect(), &statement), &parameters)? == 1 {
            return Ok(());
        }
        Err(match self.standing(sql)? {
            Some(standing) => Failure::new(
                FailureKind::Busy,
                format!(
                    "this run lost its lease: run {} (process {} on {}) has taken the stream over",
                    standing.run_id,
                    standing.holder.process,
                    standing.holder.name()
                ),
            ),
            None => Failure::new(FailureKind::Busy, "this run's lease was taken away; run again"),
        })
    }

    /// Gives the lease back.
    pub(crate) fn release(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        self.delete(sql, &self.run_id)
    }

    /// Acts under the lease, in one transaction: for what changes a stream's state by hand. Fails with `busy` if a run
    /// holds it.
    pub fn act(
        &self,
        session: &mut dyn SqlSession,
        is_gone: &dyn Fn(&Holder) -> bool,
        act: impl FnOnce(&mut dyn SqlSession) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        session.begin()?;
        let mut done = self.acquire(session, is_gone).and_then(|()| act(session));
        if done.is_ok() {
            done = self.release(session);
        }
        match done {
            Ok(()) => session.commit(),
            Err(failure) => {
                session.rollback()?;
                Err(failure)
            }
        }
    }

    fn delete(&self, sql: &mut dyn Sql, run_id: &str) -> Result<(), Failure> {
        let statement =
            text(sql.dialect(), "DELETE FROM WMSHOST_LEASE WHERE pipeline = ?1 AND stream = ?2 AND run_id = ?3");
        let parameters = [&self.pipeline, &self.stream, run_id].map(|text| Value::Text(text.to_owned()));
        sql.execute(&statement, &parameters).map(drop)
    }

    fn standing(&self, sql: &mut dyn Sql) -> Result<Option<Standing>, Failure> {
        let statement =
            format!("SELECT {} FROM WMSHOST_LEASE WHERE pipeline = ?1 AND stream = ?2", TABLE.column_list());
        let parameters = [&self.pipeline, &self.stream].map(|text| Value::Text(text.clone()));
        let rows = sql.query(&text(sql.dialect(), &statement), &parameters)?;
        rows.into_iter().next().map(standing).transpose()
    }

    fn held_by(&self, standing: &Standing, now: i64) -> Failure {
        let until = timestamp_text(standing.expires_at * 1_000_000);
        Failure::new(
            FailureKind::Busy,
            format!(
                "run {} (process {} on {}) holds the stream, last seen {} s ago; wait for its end. If that machine is \
                 gone, the lease ends by itself at {} UTC",
                standing.run_id,
                standing.holder.process,
                standing.holder.name(),
                (now - standing.renewed_at).max(0),
                &until[..19]
            ),
        )
    }
}

fn standing(row: Vec<Value>) -> Result<Standing, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let (_pipeline, _stream) = (cells.text()?, cells.text()?);
    let run_id = cells.text()?;
    let machine = cells.text()?;
    let process = u32::try_from(cells.integer()?).map_err(|_| cells.damaged())?;
    Ok(Standing {
        run_id,
        holder: Holder { machine, process },
        renewed_at: cells.integer()?,
        expires_at: cells.integer()?,
    })
}

/// The target's own clock, in seconds since 1970-01-01T00:00:00 UTC.
fn now(sql: &mut dyn Sql) -> Result<i64, Failure> {
    let expression = now_expression(sql.dialect());
    let statement = match sql.dialect() {
        Dialect::Sqlite => format!("SELECT {expression}"),
        Dialect::Oracle => format!("SELECT {expression} FROM dual"),
    };
    let row = sql.query(&statement, &[])?.into_iter().next().unwrap_or_default();
    Cells::of(&TABLE, row).integer()
}

fn now_expression(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "unixepoch()",
        Dialect::Oracle => "ROUND((CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400)",
    }
}

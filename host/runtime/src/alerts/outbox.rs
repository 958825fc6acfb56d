//! The incidents and the outbox: a file of the host's own folder that every process which sends alerts shares. Incidents and their
//! messages are written in one transaction, so that a cause is reported once, whichever process sees it first; a message leaves
//! the outbox after it was sent.
//!
//! | the process dies … | the next one |
//! |---|---|
//! | after a run's outcome is recorded, before the cause is seen | sees the cause by the history |
//! | after the message is written | sends it when the claim has expired |
//! | after it was sent, before that is written | sends it again, with the same id |

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use wmshost_flow::{Failure, Micros};

use super::cause::Causes;
use super::message::AlertMessage;
use super::rules::{Incident, NoticeKind, decide};
use crate::own_database::{self, OwnDatabase};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS incidents (
        pipeline TEXT NOT NULL, cause TEXT NOT NULL, title TEXT NOT NULL, owner TEXT, subjects TEXT NOT NULL, since INTEGER NOT NULL,
        seen_at INTEGER NOT NULL, notified_at INTEGER, notices INTEGER NOT NULL,
        PRIMARY KEY (pipeline, cause)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        id TEXT NOT NULL, channel TEXT NOT NULL, pipeline TEXT NOT NULL, cause TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        made_at INTEGER NOT NULL, not_before INTEGER NOT NULL, tries INTEGER NOT NULL, claimed_until INTEGER NOT NULL,
        sent_at INTEGER, problem TEXT,
        PRIMARY KEY (pipeline, channel, id)) STRICT, WITHOUT ROWID;";

const OUTBOX: OwnDatabase = OwnDatabase { what: "outbox of alerts", formats: &[SCHEMA], is_durable: true };

/// The time for which messages that were sent are kept.
const KEPT: Micros = 30 * 86_400 * 1_000_000;
/// The longest time until a message is tried again. One that waits for longer was written by a clock that was ahead.
const LONGEST_WAIT: Micros = 86_400 * 1_000_000;
const FIRST_PAUSE: Micros = 30_000_000;
const LONGEST_PAUSE: Micros = 3_600_000_000;

/// A message on its way by one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The channel's name.
    pub channel: String,
    /// The message.
    pub message: AlertMessage,
    /// The document as it is sent, the same at each try.
    pub(super) body: String,
    /// The number of tries.
    pub tries: u64,
    /// The time before which it is not sent, UTC.
    pub not_before: Micros,
    /// The time at which it was sent, UTC; `None` if it waits.
    pub sent_at: Option<Micros>,
    /// The reason why the last try failed.
    pub problem: Option<String>,
}

/// A cause that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// The cause's key.
    pub cause: String,
    /// The cause in a line.
    pub title: String,
    /// The person or team that has to act.
    pub owner: Option<String>,
    /// The time since which it goes on, UTC.
    pub since: Micros,
    /// The time of the last notice, UTC; `None` if there was none yet.
    pub notified_at: Option<Micros>,
}

/// The incidents and the outbox.
pub(super) struct Outbox(Connection);

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> Failure {
    own_database::failed("outbox of alerts", what)
}

impl Outbox {
    /// Opens the outbox in this file, and creates it if it does not exist.
    pub(super) fn open(file: &Path) -> Result<Self, Failure> {
        OUTBOX.open(file).map(Self)
    }

    /// Compares the causes of a pipeline with its incidents, and writes what is due into the outbox. `messages` makes the messages
    /// of a notice, one per channel, each with the time before which it is not sent.
    pub(super) fn note(
        &mut self,
        pipeline: &str,
        causes: &Causes,
        (now, repeat_every): (Micros, Duration),
        messages: impl Fn(&Incident, NoticeKind) -> Vec<(String, AlertMessage, Micros)>,
    ) -> Result<(), Failure> {
        let at = failed("writing");
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&at)?;
        let known = incidents(&transaction, pipeline).map_err(&at)?;
        let keys: BTreeSet<&str> =
            known.iter().map(|incident| incident.key.as_str()).chain(causes.found.keys().map(String::as_str)).collect();
        for key in keys {
            let incident = known.iter().find(|incident| incident.key == key).cloned();
            let cause = causes.found.get(key);
            if cause.is_none() && causes.unknown.contains(key) {
                continue;
            }
            let (after, notice) = decide(incident.clone(), cause, now, repeat_every);
            write_incident(&transaction, (pipeline, key), after.as_ref()).map_err(&at)?;
            let Some((notice, incident)) = notice.zip(after.or(incident)) else { continue };
            for (channel, message, not_before) in messages(&incident, notice) {
                if notice == NoticeKind::Recovery
                    && !was_sent(&transaction, pipeline, &channel, &incident, now).map_err(&at)?
                {
                    continue;
                }
                write_message(&transaction, &channel, &message, (now, not_before))?;
            }
        }
        transaction
            .execute("DELETE FROM messages WHERE pipeline = ?1 AND sent_at < ?2", params![pipeline, now - KEPT])
            .map_err(&at)?;
        transaction.commit().map_err(at)
    }

    /// Takes the messages that are due on a pipeline's channels, in the order in which they were made. No other process takes them
    /// for this time. Those of channels that are gone are forgotten.
    pub(super) fn claim(
        &mut self,
        pipeline: &str,
        channels: &[String],
        (now, time): (Micros, Duration),
    ) -> Result<Vec<QueuedMessage>, Failure> {
        let at = failed("taking messages");
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&at)?;
        let waiting = queued(&transaction, pipeline, "sent_at IS NULL ORDER BY made_at, id").map_err(&at)?;
        let until = now.saturating_add(Micros::try_from(time.as_micros()).unwrap_or(LONGEST_WAIT));
        let mut taken = Vec::new();
        for (message, claimed_until) in waiting {
            let key = params![pipeline, message.channel, message.message.id];
            if !channels.contains(&message.channel) {
                let forget = "DELETE FROM messages WHERE pipeline = ?1 AND channel = ?2 AND id = ?3";
                transaction.execute(forget, key).map_err(&at)?;
            } else if is_due(message.not_before, now) && is_due(claimed_until, now) {
                let claim = "UPDATE messages SET claimed_until = ?4 WHERE pipeline = ?1 AND channel = ?2 AND id = ?3";
                let key = params![pipeline, message.channel, message.message.id, until];
                transaction.execute(claim, key).map_err(&at)?;
                taken.push(message);
            }
        }
        transaction.commit().map_err(at)?;
        Ok(taken)
    }

    /// Writes what became of a message: it was sent, or it failed and is tried again after a pause that grows.
    pub(super) fn settle(&self, message: &QueuedMessage, problem: Option<&str>, now: Micros) -> Result<(), Failure> {
        let tries = message.tries + 1;
        let pause =
            FIRST_PAUSE.saturating_mul(1_i64.checked_shl(u32::try_from(tries).unwrap_or(20).min(20)).unwrap_or(1));
        let (sent_at, not_before) = match problem {
            None => (Some(now), message.not_before),
            Some(_) => (None, now + pause.min(LONGEST_PAUSE)),
        };
        self.0
            .execute(
                "UPDATE messages SET sent_at = ?4, problem = ?5, tries = ?6, not_before = ?7, claimed_until = 0 \
                 WHERE pipeline = ?1 AND channel = ?2 AND id = ?3",
                params![
                    message.message.pipeline,
                    message.channel,
                    message.message.id,
                    sent_at,
                    problem,
                    i64::try_from(tries).unwrap_or(i64::MAX),
                    not_before
                ],
            )
            .map(drop)
            .map_err(failed("writing"))
    }

    /// Lets go of a message that was taken and not tried.
    pub(super) fn let_go(&self, message: &QueuedMessage) -> Result<(), Failure> {
        self.0
            .execute(
                "UPDATE messages SET claimed_until = 0 WHERE pipeline = ?1 AND channel = ?2 AND id = ?3",
                params![message.message.pipeline, message.channel, message.message.id],
            )
            .map(drop)
            .map_err(failed("writing"))
    }

    /// The causes of a pipeline that go on, and its messages, the newest first.
    pub(super) fn list(&self, pipeline: &str) -> Result<(Vec<OpenIncident>, Vec<QueuedMessage>), Failure> {
        let at = failed("reading");
        let open = |incident: Incident| OpenIncident {
            cause: incident.key,
            title: incident.title,
            owner: incident.owner,
            since: incident.since,
            notified_at: incident.notified_at,
        };
        let incidents = incidents(&self.0, pipeline).map_err(&at)?.into_iter().map(open).collect();
        let messages = queued(&self.0, pipeline, "true ORDER BY made_at DESC, id, channel LIMIT 100").map_err(at)?;
        Ok((incidents, messages.into_iter().map(|(message, _)| message).collect()))
    }
}

/// True if a time has come, or is further away than any that this host writes.
fn is_due(time: Micros, now: Micros) -> bool {
    time <= now || time > now + LONGEST_WAIT
}

fn incidents(connection: &Connection, pipeline: &str) -> rusqlite::Result<Vec<Incident>> {
    let mut statement = connection.prepare(
        "SELECT cause, title, owner, subjects, since, seen_at, notified_at, notices FROM incidents WHERE pipeline = ?1 ORDER BY cause",
    )?;
    let incident = |row: &Row<'_>| {
        Ok(Incident {
            key: row.get(0)?,
            title: row.get(1)?,
            owner: row.get(2)?,
            subjects: row.get::<_, String>(3)?.lines().map(str::to_owned).collect(),
            since: row.get(4)?,
            seen_at: row.get(5)?,
            notified_at: row.get(6)?,
            notices: row.get(7)?,
        })
    };
    statement.query_map([pipeline], incident)?.collect()
}

fn write_incident(
    transaction: &Transaction<'_>,
    (pipeline, key): (&str, &str),
    incident: Option<&Incident>,
) -> rusqlite::Result<()> {
    let Some(incident) = incident else {
        let forget = "DELETE FROM incidents WHERE pipeline = ?1 AND cause = ?2";
        return transaction.execute(forget, params![pipeline, key]).map(drop);
    };
    // Names have no line ends.
    let subjects = incident.subjects.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let Incident { key, title, owner, since, seen_at, notified_at, notices, .. } = incident;
    transaction
        .execute(
            "INSERT OR REPLACE INTO incidents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![pipeline, key, title, owner, subjects, since, seen_at, notified_at, notices],
        )
        .map(drop)
}

fn write_message(
    transaction: &Transaction<'_>,
    channel: &str,
    message: &AlertMessage,
    (made_at, not_before): (Micros, Micros),
) -> Result<(), Failure> {
    let body = serde_json::to_string(message)
        .map_err(|error| Failure::permanent(format!("an alert cannot be written as JSON: {error}")))?;
    let AlertMessage { id, pipeline, cause, kind, .. } = message;
    transaction
        .execute(
            "INSERT OR IGNORE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, NULL, NULL)",
            params![id, channel, pipeline, cause, kind, body, made_at, not_before],
        )
        .map(drop)
        .map_err(failed("writing"))
}

/// True if a channel has heard, or will hear, of an incident. What quiet hours hold back is forgotten: it has passed.
fn was_sent(
    transaction: &Transaction<'_>,
    pipeline: &str,
    channel: &str,
    incident: &Incident,
    now: Micros,
) -> rusqlite::Result<bool> {
    let of_incident = "pipeline = ?1 AND channel = ?2 AND cause = ?3 AND made_at >= ?4";
    let key = params![pipeline, channel, cause_of(pipeline, &incident.key), incident.seen_at];
    let mut delete = transaction.prepare(&format!(
        "DELETE FROM messages WHERE {of_incident} AND sent_at IS NULL AND tries = 0 AND claimed_until <= ?5 AND not_before > ?5"
    ))?;
    delete.execute(params![pipeline, channel, cause_of(pipeline, &incident.key), incident.seen_at, now])?;
    transaction.query_row(&format!("SELECT EXISTS (SELECT 1 FROM messages WHERE {of_incident})"), key, |row| row.get(0))
}

/// The key of a cause in messages, which is unique among pipelines.
pub(super) fn cause_of(pipeline: &str, key: &str) -> String {
    format!("{pipeline}/{key}")
}

fn queued(connection: &Connection, pipeline: &str, condition: &str) -> rusqlite::Result<Vec<(QueuedMessage, Micros)>> {
    let mut statement = connection.prepare(&format!(
        "SELECT channel, body, tries, not_before, sent_at, problem, claimed_until FROM messages WHERE pipeline = ?1 AND {condition}"
    ))?;
    let message = |row: &Row<'_>| {
        let body: String = row.get(1)?;
        // A row of another version of the host is left alone.
        let Ok(message) = serde_json::from_str(&body) else { return Ok(None) };
        let queued = QueuedMessage {
            channel: row.get(0)?,
            message,
            body,
            tries: row.get::<_, i64>(2)?.unsigned_abs(),
            not_before: row.get(3)?,
            sent_at: row.get(4)?,
            problem: row.get(5)?,
        };
        Ok(Some((queued, row.get(6)?)))
    };
    statement.query_map([pipeline], message)?.filter_map(Result::transpose).collect()
}

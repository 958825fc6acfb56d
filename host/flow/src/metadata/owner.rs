//! The owners of the target's tables. A name is owned by one stream or one model; the staging tables for it have
//! records of their own. All code that creates, changes, fills, renames or drops a table calls [`Claim::secure`] first,
//! in the same transaction. A table without a record, with or without rows, is foreign and is left alone, unless the
//! pipeline file takes it over by name.
//!
//! A record alone is not enough: the table must also have the host's own columns. If a table was dropped and another
//! one was created in its place, it has a record but lacks the columns, and is left alone too.
//!
//! SQLite: the record, the table and its first rows are one transaction. Oracle commits at every change of a table, so
//! the order matters: the host's columns (of a table that is taken over), the record, the table, its rows.
//!
//! | the host dies … | the target holds | the next run |
//! |---|---|---|
//! | before the record is committed | its old state; on Oracle a table that was to be taken over may have two more columns, all NULL | asks again: the table still needs `take_over` |
//! | Oracle: between the record and the table | a record without a table | creates the table; one that was created by others meanwhile lacks the host's columns and is refused |
//! | Oracle: between the table and its first rows | a record and an empty table | continues: the table is its own |
//! | Oracle: after a take-over, before the old table is replaced | the record of the new owner, the old rows | continues; the previous owner is refused |
//! | later | a record and the table | continues |

use wmshost_sql::{MetadataType, Value, timestamp_text};

use super::lease::holder_now;
use super::object::{AUDIT_COLUMNS, Found, add_audit_columns, found, spelled, triggers_of};
use super::table::{Cells, Table};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::clock::Micros;
use crate::ports::sql::Sql;

/// The suffix of a table's name for the table in which a load stages its rows.
pub const STAGED_SUFFIX: &str = "__NEXT";
/// The suffix of a table's name for the temporary table that large merges use.
pub const MERGE_SUFFIX: &str = "__MERGE";
/// The prefixes of a model's name for its other tables: the one being built, the one that it replaces, and the model's
/// rows before the build.
pub const STAGING_PREFIXES: [&str; 3] = ["WMSHOST_NEW_", "WMSHOST_OLD_", "WMSHOST_BEFORE_"];

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_TABLE",
    columns: &[
        ("table_name", MetadataType::Name),
        ("pipeline", MetadataType::Name),
        ("kind", MetadataType::Name),
        ("name", MetadataType::Name),
        ("since", MetadataType::Name),
        ("run_id", MetadataType::Name),
    ],
    key: 1,
};

/// The kind of a table's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A stream.
    Stream,
    /// A model.
    Model,
}

impl OwnerKind {
    /// The kind's name in records and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Model => "model",
        }
    }
}

/// The owner of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOwner {
    /// The pipeline's name.
    pub pipeline: String,
    /// The kind of the owner.
    pub kind: OwnerKind,
    /// The stream's or model's name.
    pub name: String,
}

/// A request to take a table over from its owner, as written in a pipeline file: `TABLE`, or `TABLE of PIPELINE` if a
/// pipeline owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOver {
    /// The table.
    pub table: String,
    /// The pipeline that owns it; `None` if the table has no record.
    pub from: Option<String>,
}

impl TakeOver {
    /// Parses a request.
    pub fn parse(text: &str) -> Self {
        match text.split_once(" of ") {
            Some((table, from)) => Self { table: table.trim().to_owned(), from: Some(from.trim().to_owned()) },
            None => Self { table: text.trim().to_owned(), from: None },
        }
    }
}

/// A table's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRecord {
    /// The owner.
    pub owner: TableOwner,
    /// The time at which it created the table or took it over, UTC.
    pub since: String,
    /// The run that did so.
    pub run_id: String,
}

/// The ownership of a name, from the claimant's point of view.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ownership {
    /// The claimant's own.
    Own,
    /// Free: there is no such table and no record.
    Free,
    /// Recorded as owned by another stream or model.
    Owned(TableRecord),
    /// The object exists, but is not recorded; or it is recorded as the claimant's but was replaced since.
    Foreign { kind: String, is_recorded: bool },
}

/// A stream or model that is about to change tables.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The claimant.
    pub owner: &'a TableOwner,
    /// The run.
    pub run_id: &'a str,
    /// The request to take over a table.
    pub take_over: Option<&'a TakeOver>,
    /// True if the tables may have triggers, which can change, drop or add rows without a sign.
    pub allows_triggers: bool,
}

/// The way in which a name became the claimant's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secured {
    /// It was so before.
    Own,
    /// It was free; the record is new.
    New,
    /// It belonged to another owner before.
    TakenOver,
}

impl Claim<'_> {
    /// Makes a name the claimant's own before its object is touched, in the caller's transaction, or fails with
    /// `invalid config` and changes nothing. On Oracle the caller commits a new record before it changes the table.
    pub fn secure(&self, sql: &mut dyn Sql, table: &str, now: Micros) -> Result<Secured, Failure> {
        let ownership = self.ownership(sql, table)?;
        // Somebody may have made one since the command began: it costs a question in every transaction.
        if let Some(objection) = self.trigger_objection(sql, table)? {
            return Err(Failure::invalid_config(objection));
        }
        match &ownership {
            Ownership::Own => {
                self.lock_record(sql, table)?;
                return Ok(Secured::Own);
            }
            Ownership::Free => {
                TABLE.make(sql)?;
                self.insert(sql, table, now)?;
                return Ok(Secured::New);
            }
            Ownership::Owned(_) | Ownership::Foreign { .. } => {}
        }
        if let Some(refusal) = self.refusal_of(&ownership, table) {
            return Err(Failure::invalid_config(refusal));
        }
        if let Ownership::Owned(record) = &ownership {
            check_is_idle(sql, &record.owner, table, self.run_id)?;
        }
        add_audit_columns(sql, table)?;
        TABLE.make(sql)?;
        self.replace(sql, table, now)?;
        tracing::warn!(table, owner = self.owner.name, "the table was taken over");
        Ok(Secured::TakenOver)
    }

    /// Returns the reason why the claimant must not touch a name, for a person; `None` if it may. Changes nothing.
    pub fn refusal(&self, sql: &mut dyn Sql, table: &str) -> Result<Option<String>, Failure> {
        let ownership = self.ownership(sql, table)?;
        match self.refusal_of(&ownership, table) {
            None => self.trigger_objection(sql, table),
            refusal => Ok(refusal),
        }
    }

    /// Returns the reason why a table with triggers is not written, for a person.
    fn trigger_objection(&self, sql: &mut dyn Sql, table: &str) -> Result<Option<String>, Failure> {
        if self.allows_triggers {
            return Ok(None);
        }
        let triggers = triggers_of(sql, table)?;
        let section = match self.owner.kind {
            OwnerKind::Stream => format!("[streams.{}]", self.owner.name),
            OwnerKind::Model => "[models]".to_owned(),
        };
        Ok((!triggers.is_empty()).then(|| {
            format!(
                "the table {table} has triggers that wmshost did not make ({}): a trigger can change, drop or add rows \
                 without a sign; drop them, or accept what they do with target_triggers = \"allow\" in {section}",
                triggers.join(", ")
            )
        }))
    }

    /// Returns whether a name is the asker's own already.
    pub fn is_own(&self, sql: &mut dyn Sql, table: &str) -> Result<bool, Failure> {
        Ok(self.ownership(sql, table)? == Ownership::Own)
    }

    /// Returns whether the request to take this table over was already fulfilled: then the setting should be removed.
    pub fn is_taken_over(&self, sql: &mut dyn Sql, table: &str) -> Result<bool, Failure> {
        Ok(self.takes_over(table).is_some() && self.is_own(sql, table)?)
    }

    fn takes_over(&self, table: &str) -> Option<&TakeOver> {
        self.take_over.filter(|request| spelled(&request.table) == spelled(table))
    }

    fn refusal_of(&self, ownership: &Ownership, table: &str) -> Option<String> {
        let request = self.takes_over(table);
        match ownership {
            Ownership::Own | Ownership::Free => None,
            Ownership::Owned(record) => {
                let TableRecord { owner, since, run_id } = record;
                // The owner's other tables are taken over together with it.
                let request = self.take_over.filter(|request| spelled(&request.table) == spelled(base_of(table)));
                if request.and_then(|request| request.from.as_ref()) == Some(&owner.pipeline) {
                    return None;
                }
                let whose = if owner.pipeline == self.owner.pipeline {
                    format!("the {} {} of this pipeline", owner.kind.name(), owner.name)
                } else {
                    format!("the {} {} of the pipeline {}", owner.kind.name(), owner.name, owner.pipeline)
                };
                let advice = self.advice(table, &format!("{table} of {}", owner.pipeline));
                Some(format!("the table {table} belongs to {whose}, since {since} UTC (run {run_id}); {advice}"))
            }
            Ownership::Foreign { kind, is_recorded } => {
                let is_table = kind == "table";
                if (is_table || self.owner.kind == OwnerKind::Model)
                    && request.is_some_and(|request| request.from.is_none())
                {
                    return None;
                }
                let what = match is_recorded {
                    true => format!(
                        "the {kind} {table} is not the one that wmshost made: it was replaced by one without the \
                         columns {} and {}",
                        AUDIT_COLUMNS[0], AUDIT_COLUMNS[1]
                    ),
                    false => format!("the {kind} {table} was not made by wmshost and is left unchanged"),
                };
                let advice = if is_table || is_reserved(table) || self.owner.kind == OwnerKind::Model {
                    self.advice(table, table)
                } else {
                    "drop it yourself, or write another table".to_owned()
                };
                Some(format!("{what}; {advice}"))
            }
        }
    }

    /// Returns the advice for a table that belongs to another owner.
    fn advice(&self, table: &str, request: &str) -> String {
        let is_staging = is_reserved(table);
        match self.owner.kind {
            _ if is_staging => {
                "wmshost needs this name for a staging table: rename the table or drop it yourself".to_owned()
            }
            OwnerKind::Stream => format!(
                "write another table (target_table), or take this one over, rows and all, with take_over = {request:?} \
                 in [streams.{}]",
                self.owner.name
            ),
            OwnerKind::Model => {
                format!("rename the model, or have the table replaced with take_over = [{request:?}] in [models]")
            }
        }
    }

    fn ownership(&self, sql: &mut dyn Sql, table: &str) -> Result<Ownership, Failure> {
        let found = found(sql, table)?;
        Ok(match (record_of(sql, table)?, found) {
            (None, Found::Nothing) => Ownership::Free,
            (None, Found::Table(_)) => Ownership::Foreign { kind: "table".to_owned(), is_recorded: false },
            (None, Found::Other(kind)) => Ownership::Foreign { kind, is_recorded: false },
            (Some(record), _) if record.owner != *self.owner => Ownership::Owned(record),
            (Some(_), Found::Nothing | Found::Table(true)) => Ownership::Own,
            (Some(_), Found::Other(kind)) if kind == "view" && self.owner.kind == OwnerKind::Model => Ownership::Own,
            (Some(_), Found::Table(false)) => Ownership::Foreign { kind: "table".to_owned(), is_recorded: true },
            (Some(_), Found::Other(kind)) => Ownership::Foreign { kind, is_recorded: true },
        })
    }

    /// Lets another claimant of the table wait for the end of this transaction.
    fn lock_record(&self, sql: &mut dyn Sql, table: &str) -> Result<(), Failure> {
        if sql.dialect().has_one_writer() {
            return Ok(());
        }
        let statement = "UPDATE WMSHOST_TABLE SET table_name = table_name WHERE table_name = ?1 AND pipeline = ?2 AND \
                         kind = ?3 AND name = ?4";
        let TableOwner { pipeline, kind, name } = self.owner;
        let key = [&spelled(table), pipeline, kind.name(), name].map(|text| Value::Text(text.to_owned()));
        match sql.execute(&sql.dialect().with_parameters(statement), &key)? {
            1 => Ok(()),
            _ => Err(Failure::transient(format!("the table {table} was taken over just now"))),
        }
    }

    fn insert(&self, sql: &mut dyn Sql, table: &str, now: Micros) -> Result<(), Failure> {
        let TableOwner { pipeline, kind, name } = self.owner;
        let since = timestamp_text(now);
        let row = [&spelled(table), pipeline, kind.name(), name, &since[..19], self.run_id];
        let row = row.map(|text| Value::Text(text.to_owned()));
        let Err(failure) = sql.execute(&TABLE.insert_statement(sql.dialect()), &row) else { return Ok(()) };
        // Two claimants may insert at once; the table's key lets only one of them succeed.
        Err(match self.refusal(sql, table) {
            Ok(Some(refusal)) => Failure::invalid_config(refusal),
            _ => failure,
        })
    }

    fn replace(&self, sql: &mut dyn Sql, table: &str, now: Micros) -> Result<(), Failure> {
        let delete = sql.dialect().with_parameters("DELETE FROM WMSHOST_TABLE WHERE table_name = ?1");
        sql.execute(&delete, &[Value::Text(spelled(table))])?;
        self.insert(sql, table, now)
    }
}

/// Returns whether a name is reserved for the host's own tables or for staging tables.
pub fn is_reserved(table: &str) -> bool {
    let table = spelled(table);
    table.starts_with(super::METADATA_PREFIX) || table.ends_with(STAGED_SUFFIX) || table.ends_with(MERGE_SUFFIX)
}

/// Returns the table that a staging name belongs to; any other name unchanged.
fn base_of(name: &str) -> &str {
    let head = |prefix: &str| name.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix));
    let tail = |suffix: &str| {
        let at = name.len().checked_sub(suffix.len())?;
        name.get(at..).filter(|tail| tail.eq_ignore_ascii_case(suffix)).and(name.get(..at))
    };
    let before = STAGING_PREFIXES.into_iter().find_map(|prefix| head(prefix).and(name.get(prefix.len()..)));
    before.or_else(|| tail(STAGED_SUFFIX)).or_else(|| tail(MERGE_SUFFIX)).unwrap_or(name)
}

/// Returns whether a pipeline owns a table.
pub fn owns_table(sql: &mut dyn Sql, pipeline: &str, table: &str) -> Result<bool, Failure> {
    Ok(record_of(sql, table)?.is_some_and(|record| record.owner.pipeline == pipeline))
}

/// Returns the record of a table; `None` if it has none.
pub fn record_of(sql: &mut dyn Sql, table: &str) -> Result<Option<TableRecord>, Failure> {
    if !TABLE.exists(sql)? {
        return Ok(None);
    }
    let statement = format!("SELECT {} FROM WMSHOST_TABLE WHERE table_name = ?1", TABLE.column_list());
    let rows = sql.query(&sql.dialect().with_parameters(&statement), &[Value::Text(spelled(table))])?;
    rows.into_iter().next().map(record).transpose()
}

fn record(row: Vec<Value>) -> Result<TableRecord, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _table = cells.text()?;
    let pipeline = cells.text()?;
    let kind = cells.text()?;
    let kind = [OwnerKind::Stream, OwnerKind::Model].into_iter().find(|known| known.name() == kind);
    let kind = kind.ok_or_else(|| cells.damaged())?;
    let owner = TableOwner { pipeline, kind, name: cells.text()? };
    Ok(TableRecord { owner, since: cells.text()?, run_id: cells.text()? })
}

/// Fails with `busy` while another run of the table's owner holds its lease.
fn check_is_idle(sql: &mut dyn Sql, owner: &TableOwner, table: &str, own_run: &str) -> Result<(), Failure> {
    let stream = (owner.kind == OwnerKind::Stream).then_some(owner.name.as_str());
    match holder_now(sql, &owner.pipeline, stream)?.filter(|run_id| run_id != own_run) {
        None => Ok(()),
        Some(run_id) => Err(Failure::new(
            FailureKind::Busy,
            format!(
                "the table {table} cannot be taken over now: run {run_id} of the pipeline {} writes it",
                owner.pipeline
            ),
        )
        .advise("wait for it to end")),
    }
}

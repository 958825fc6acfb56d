//! A source of two tables, a target, and two streams over them: one by a guest that misbehaves, and a neighbour's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Cancel, Clock, Definition, ExtractRequest, Failure, Method, Observer, OnTrap, Policy, Setting, SourceGrant,
    StatementLimit, Stream, StreamContext, StreamSummary, TargetGrant, run_streams,
};
use wmshost_sandbox::{Granted, GrantedSource, Identity, Limits, Plugin};

use crate::process::{is_dead, this_process};
use crate::system_clock::SystemClock;

/// The longest time of a statement.
const STATEMENT_TIME: Duration = Duration::from_secs(2);
/// The most bytes of temporary files.
const TEMP_BYTES: u64 = 64 << 20;
/// The most bytes of one value.
const VALUE_BYTES: usize = 16 << 20;

/// The target tables of the two streams.
const VICTIM: &str = "WMS_ORDERS";
const NEIGHBOUR: &str = "NEIGHBOUR";

/// The guests of the three stages.
pub(crate) const GUESTS: [&str; 3] = ["hostile_extractor", "hostile_transform", "hostile_loader"];

/// The word in a table that no stream is granted.
pub(crate) const CANARY: &str = "hush";

const TABLES: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
    CREATE TABLE neighbours (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
    CREATE TABLE secret (id INTEGER PRIMARY KEY, word TEXT);
    WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 8)
    INSERT INTO orders SELECT value, 'order ' || value, value * 10 FROM n;
    INSERT INTO neighbours SELECT id, replace(name, 'order', 'neighbour'), id FROM orders;";

/// The guest that misbehaves, and the settings of the stream.
#[derive(Debug, Clone)]
pub struct Attack {
    /// The component of the stage, one of the three hostile ones.
    pub guest: &'static str,
    /// The value of its setting `behaviour`.
    pub behaviour: String,
    /// The method of the stream.
    pub method: Method,
    /// The limits of all of its guests.
    pub limits: Limits,
    /// The rows of a batch.
    pub batch_rows: usize,
    /// True if the target has the rows of an earlier run already.
    pub loaded_before: bool,
    /// The reaction to a trap.
    pub on_trap: OnTrap,
}

impl Attack {
    /// An attack on a stream that merges eight rows in one batch, over those of an earlier run.
    pub fn by(guest: &'static str, behaviour: &str, limits: Limits) -> Self {
        Self {
            guest,
            behaviour: behaviour.to_owned(),
            method: Method::Incremental,
            limits,
            batch_rows: 8,
            loaded_before: true,
            on_trap: OnTrap::Fail,
        }
    }

    /// The same stream with all guests well-behaved.
    #[must_use]
    pub fn peaceful(&self) -> Self {
        let (behaviour, limits) = ("none".to_owned(), Limits::default());
        Self { behaviour, limits, on_trap: OnTrap::Fail, ..self.clone() }
    }
}

/// The identity of a stream's guest.
pub fn identity(plugin: &str, behaviour: &str) -> Identity {
    let behaviour = Setting::Text(behaviour.to_owned());
    Identity {
        plugin: plugin.to_owned(),
        version: "0.1.0".to_owned(),
        digest: None,
        stream: "orders".to_owned(),
        settings: BTreeMap::from([("behaviour".to_owned(), behaviour)]),
    }
}

/// A source with two tables, and a target, in a folder of their own.
pub struct Arena {
    folder: TempDir,
    clock: Arc<dyn Clock>,
}

impl Arena {
    /// An arena with rows in its source and nothing in its target.
    pub fn new() -> Result<Self, Failure> {
        let folder =
            tempfile::tempdir().map_err(|error| Failure::permanent(format!("no folder can be made: {error}")))?;
        let arena = Self { folder, clock: Arc::new(SystemClock::start()) };
        let canary = format!("INSERT INTO secret VALUES (1, '{CANARY}');");
        arena.source()?.execute_batch(&format!("{TABLES}{canary}")).map_err(unusable)?;
        Ok(arena)
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The source.
    pub fn source(&self) -> Result<Connection, Failure> {
        Connection::open(self.path("source.db")).map_err(unusable)
    }

    /// The target.
    pub fn target(&self) -> Result<Connection, Failure> {
        Connection::open(self.path("target.db")).map_err(unusable)
    }

    /// Runs both streams; returns the summaries of the attacked one and of its neighbour.
    pub fn run(
        &self,
        attack: &Attack,
        plugin: &dyn Fn(&'static str) -> Result<Plugin, Failure>,
        observer: Arc<dyn Observer>,
        cancel: Cancel,
    ) -> Result<[StreamSummary; 2], Failure> {
        let context = StreamContext {
            pipeline: "hostile".to_owned(),
            run_id: "run".to_owned(),
            holder: this_process(),
            is_dead,
            clock: Arc::clone(&self.clock),
            observer,
            cancel,
        };
        let mut ends = run_streams(self.streams(attack, plugin)?, 2, &context).into_iter();
        match (ends.next(), ends.next()) {
            (Some(victim), Some(neighbour)) => Ok([victim, neighbour]),
            _ => Err(Failure::permanent("a stream ended without a summary")),
        }
    }

    fn streams(
        &self,
        attack: &Attack,
        plugin: &dyn Fn(&'static str) -> Result<Plugin, Failure>,
    ) -> Result<Vec<Stream>, Failure> {
        let limit = StatementLimit { time: STATEMENT_TIME, temp_bytes: TEMP_BYTES, ..StatementLimit::default() };
        let source = sqlite::open_source_of(&self.path("source.db"), 2, "wms", VALUE_BYTES, &limit)?;
        let target = sqlite::open_target(&self.path("target.db"), "analytics", Arc::clone(&self.clock))?;
        let stream = |name: &str, table: &str, target_table: &str, attack: &Attack| {
            let grant = SourceGrant::of(BTreeSet::from([table.to_owned()]));
            let session = target.session(TargetGrant {
                pipeline: "hostile".to_owned(),
                stream: name.to_owned(),
                table: target_table.to_owned(),
                run_id: "run".to_owned(),
                take_over: None,
                allows_triggers: false,
            })?;
            let session = Arc::new(Mutex::new(session));
            let granted = Granted::Database(GrantedSource {
                label: "wms".to_owned(),
                known_labels: vec!["wms".to_owned(), "analytics".to_owned()],
                session: source.session(&grant)?,
            });
            let guest = |name: &'static str| {
                let behaviour = if name == attack.guest { attack.behaviour.as_str() } else { "none" };
                Ok::<_, Failure>((plugin(name)?.for_another_run(), identity(name, behaviour)))
            };
            let limits = || attack.limits.clone();
            let [extractor, transform, loader] = GUESTS;
            let ((reads, reader), (changes, changer)) = (guest(extractor)?, guest(transform)?);
            let (writes, writer) = guest(loader)?;
            let request = request(name, table, attack);
            Ok::<_, Failure>(Stream {
                name: name.to_owned(),
                target_table: target_table.to_owned(),
                policy: Policy { on_trap: attack.on_trap, ..Policy::without_limits(attack.batch_rows) },
                definition: Definition::of(&request, target_table),
                request,
                source_version: None,
                extractor: reads.extractor(reader, limits(), granted)?,
                transforms: vec![changes.transform(changer, limits())?],
                loader: writes.loader(writer, limits(), Arc::clone(&session))?,
                target: session,
                checkpoint_name: name.to_owned(),
                reconcile: None,
                receipt: None,
            })
        };
        Ok(vec![
            stream("orders", "orders", VICTIM, attack)?,
            stream("neighbours", "neighbours", NEIGHBOUR, &attack.peaceful())?,
        ])
    }

    /// The rows of the attacked table and of its source, without the host's own columns.
    pub fn both_sides(&self) -> Result<(Vec<String>, Vec<String>), Failure> {
        Ok((rows(&self.target()?, VICTIM)?, rows(&self.source()?, "orders")?))
    }

    /// The same of the neighbour's table.
    pub fn both_sides_of_neighbour(&self) -> Result<(Vec<String>, Vec<String>), Failure> {
        Ok((rows(&self.target()?, NEIGHBOUR)?, rows(&self.source()?, "neighbours")?))
    }

    /// The contents of the target about the attacked stream: its table, its checkpoint, its quarantined rows, and the
    /// names of all tables except the staged one.
    pub fn holdings(&self) -> Result<String, Failure> {
        let target = self.target()?;
        let mut all = Vec::new();
        for query in [
            "SELECT name, sql FROM sqlite_schema WHERE name <> 'WMS_ORDERS__NEXT' AND tbl_name <> 'WMS_ORDERS__NEXT' \
             AND name <> 'NEIGHBOUR' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'WMSHOST_%' \
             AND name NOT LIKE '%_QUARANTINE' ORDER BY name",
            "SELECT * FROM WMS_ORDERS ORDER BY 1",
            "SELECT * FROM WMSHOST_CHECKPOINT WHERE stream = 'orders'",
            &format!("SELECT * FROM {} WHERE stream = 'orders'", self.quarantine()?),
        ] {
            all.push(query.to_owned());
            all.extend(try_rows(&target, query)?);
        }
        Ok(all.join("\n"))
    }

    /// The name of the table of rejected rows.
    pub fn quarantine(&self) -> Result<String, Failure> {
        let name = "SELECT name FROM sqlite_schema WHERE name LIKE '%_QUARANTINE'";
        Ok(self.target()?.query_row(name, [], |row| row.get(0)).unwrap_or_else(|_| "nothing".to_owned()))
    }
}

fn request(name: &str, table: &str, attack: &Attack) -> ExtractRequest {
    let key = vec!["id".to_owned()];
    ExtractRequest { key, ..ExtractRequest::of_table(name, ("wms", table), attack.method, attack.batch_rows) }
}

fn rows(connection: &Connection, table: &str) -> Result<Vec<String>, Failure> {
    try_rows(connection, &format!("SELECT id, name, amount FROM {table} ORDER BY id"))
}

/// The rows of a query as text; none if a table does not exist.
pub fn try_rows(connection: &Connection, query: &str) -> Result<Vec<String>, Failure> {
    let Ok(mut statement) = connection.prepare(query) else { return Ok(Vec::new()) };
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>, at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}"));
    let rows =
        statement.query_map([], |row| (0..columns).map(|at| text(row, at)).collect::<rusqlite::Result<Vec<_>>>());
    let rows = rows.and_then(|rows| rows.collect::<rusqlite::Result<Vec<Vec<String>>>>()).map_err(unusable)?;
    Ok(rows.into_iter().map(|row| row.join(" ")).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unusable(error: rusqlite::Error) -> Failure {
    Failure::permanent(format!("a database for hostile plugins cannot be used: {error}"))
}

//! A database of each kind, and the helpers that the tests share.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use tempfile::TempDir;
use wmshost_databases::oracle::{self, Address, ClientKind, Protocol, Secret, Service, Settings};
use wmshost_databases::sqlite;
use wmshost_flow::{
    Clock, Failure, Micros, Source, SourceGrant, TableDefinition, Target, TargetGrant, TargetSession, Value, WriteStats,
};
use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

/// A clock that a test sets.
#[derive(Default)]
pub(crate) struct TurnedClock(AtomicI64);

impl TurnedClock {
    pub(crate) fn set(&self, now: Micros) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Micros {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// The place of the rows.
enum Place {
    Sqlite(TempDir),
    Oracle(Box<Settings>),
}

/// A database with a table of its own, `table`, which does not exist yet.
pub(crate) struct World {
    place: Place,
    pub(crate) table: String,
    pub(crate) clock: Arc<TurnedClock>,
}

/// The emulator that all tests of this process share; it ends with the process.
static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| Emulator::start(Options::default()).expect("an emulator"));

/// The tests use both releases of the emulator in turn.
fn oracle_settings(number: u32) -> Settings {
    let variable = |name: &str| std::env::var(name).ok();
    if let Some(dsn) = variable("WMSHOST_ORACLE_DSN") {
        let missing = "WMSHOST_ORACLE_USER and WMSHOST_ORACLE_PASSWORD are beside WMSHOST_ORACLE_DSN";
        let [user, password] =
            ["WMSHOST_ORACLE_USER", "WMSHOST_ORACLE_PASSWORD"].map(|name| variable(name).expect(missing));
        let mut settings = Settings::new(Address::Descriptor(dsn), user, Secret::new(password));
        if variable("WMSHOST_ORACLE_CLIENT").is_some_and(|client| client == "oci") {
            settings.client = ClientKind::Oci;
        }
        return settings;
    }
    let release = if number.is_multiple_of(2) { Release::R19 } else { Release::R23 };
    let address = Address::Host {
        host: "localhost".to_owned(),
        port: EMULATOR.port(release, Transport::Tcp),
        service: Service::Name("STANDIN".to_owned()),
        protocol: Protocol::Tcp,
    };
    Settings::new(address, "MART", Secret::new("mart"))
}

/// A world of each kind; Oracle merges row by row in one, and large batches at once in another.
pub(crate) fn worlds() -> Vec<World> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let table = format!("T{}_{number}", std::process::id());
    let folder = tempfile::tempdir().expect("a folder");
    let oracle = |bulk_merge_rows| Place::Oracle(Box::new(Settings { bulk_merge_rows, ..oracle_settings(number) }));
    [("", Place::Sqlite(folder)), ("", oracle(usize::MAX)), ("B", oracle(2))]
        .into_iter()
        .map(|(suffix, place)| World { place, table: format!("{table}{suffix}"), clock: Arc::default() })
        .collect()
}

impl World {
    pub(crate) fn is_oracle(&self) -> bool {
        matches!(self.place, Place::Oracle(_))
    }

    /// The driver, for messages.
    pub(crate) fn driver(&self) -> &'static str {
        match &self.place {
            Place::Sqlite(_) => "sqlite",
            Place::Oracle(settings) if settings.bulk_merge_rows < usize::MAX => "oracle, at once",
            Place::Oracle(_) => "oracle",
        }
    }

    pub(crate) fn target(&self) -> Arc<dyn Target> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        match &self.place {
            Place::Sqlite(folder) => sqlite::open_target(&folder.path().join("t.db"), "ana", clock),
            Place::Oracle(settings) => oracle::open_target(Settings::clone(settings), 4, "ana", clock),
        }
        .expect("the target")
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        match &self.place {
            Place::Sqlite(folder) => sqlite::open_source(&folder.path().join("t.db"), 2, "wms"),
            Place::Oracle(settings) => oracle::open_source(Settings::clone(settings), 2, "wms"),
        }
        .expect("the source")
    }

    pub(crate) fn grant(&self, run_id: &str) -> TargetGrant {
        TargetGrant {
            pipeline: self.table.clone(),
            stream: "s".to_owned(),
            table: self.table.clone(),
            run_id: run_id.to_owned(),
            take_over: None,
            allows_triggers: false,
        }
    }

    /// Makes a trigger on the table.
    pub(crate) fn add_trigger(&self, name: &str) {
        match &self.place {
            Place::Sqlite(folder) => {
                let target = rusqlite::Connection::open(folder.path().join("t.db")).expect("the target");
                let trigger = format!("CREATE TRIGGER {name} AFTER INSERT ON {} BEGIN SELECT 1; END", self.table);
                target.execute_batch(&trigger).expect("a trigger");
            }
            Place::Oracle(_) => {
                let table = format!("mart.{}", self.table.to_lowercase());
                let statements = [
                    "CREATE OR REPLACE FUNCTION mart.as_it_is() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'".to_owned(),
                    format!("CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION mart.as_it_is()"),
                ];
                let mut admin = EMULATOR.admin().expect("an administrator");
                statements.iter().for_each(|statement| admin.execute(statement).expect("a trigger"));
            }
        }
    }

    /// A session that may write the table.
    pub(crate) fn writer(&self) -> Box<dyn TargetSession> {
        self.target().session(self.grant("run-1")).expect("a session")
    }

    /// A session that may read the table.
    pub(crate) fn reader(&self) -> Box<dyn wmshost_flow::SourceSession> {
        let grant = SourceGrant::of([self.table.clone()].into());
        self.source().session(&grant).expect("a session")
    }

    /// The rows of a query, as text; `T` in it is the table.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        let query = self.named(query);
        let mut sql = self.target().sql().expect("a session");
        let rows = sql.query(&query, &[]).unwrap_or_else(|failure| panic!("{query}: {failure}"));
        rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().join(" ")).collect()
    }

    fn named(&self, statement: &str) -> String {
        statement.replace(" T", &format!(" {}", self.table)).replace("T__NEXT", &format!("{}__NEXT", self.table))
    }

    /// The table with these columns of such batches.
    pub(crate) fn definition(&self, key: &[&str]) -> TableDefinition {
        self.definition_of(&batch(&[]), key)
    }

    pub(crate) fn definition_of(&self, rows: &RecordBatch, key: &[&str]) -> TableDefinition {
        TableDefinition {
            name: self.table.clone(),
            columns: rows.schema(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Place::Oracle(_) = self.place {
            let mut sql = self.target().sql().expect("a session");
            for table in [self.table.clone(), format!("{}__NEXT", self.table), format!("{}__MERGE", self.table)] {
                let _ = sql.execute(&format!("DROP TABLE \"{table}\" PURGE"), &[]);
            }
            let _ = sql.execute(&format!("DROP VIEW \"{}\"", self.table), &[]);
            let records = format!("DELETE FROM WMSHOST_TABLE WHERE table_name LIKE '{}%'", self.table);
            let _ = sql.execute(&records, &[]);
            let _ = sql.execute(&format!("DELETE FROM WMSHOST_LOAD_CLOCK WHERE table_name = '{}'", self.table), &[]);
        }
    }
}

/// A value as the tests write it: an empty text is NULL, as it is to Oracle.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.is_empty() => "NULL".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Boolean(flag) => i64::from(*flag).to_string(),
        other => other.to_string(),
    }
}

/// A batch of (id, name, changed).
pub(crate) fn batch(rows: &[(i64, Option<&str>, Option<i64>)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let names: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|row| row.1)));
    let changed: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.2)));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true), ("changed", changed, true)])
        .expect("a batch")
}

/// Writes in a transaction and commits it.
pub(crate) fn in_transaction<T>(
    writer: &mut dyn TargetSession,
    act: impl FnOnce(&mut dyn TargetSession) -> Result<T, Failure>,
) -> T {
    writer.begin().expect("a transaction");
    let result = act(writer).expect("a write");
    writer.commit().expect("a commit");
    result
}

/// Counts of inserted, updated and unchanged rows.
pub(crate) fn counts(inserted: u64, updated: u64, unchanged: u64) -> WriteStats {
    WriteStats { inserted, updated, unchanged, ..WriteStats::default() }
}

//! A warehouse of two tables, streams of hostile guests over it, and the checks after each of them: the failure has the
//! right message, nothing was written, the neighbour continued, and a fresh instance does the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Budget, Cancel, Clock, Definition, DeleteGuard, Deletes, Event, ExtractRequest, Failure, FailureKind, LeaseOwner,
    Method, Micros, NewColumns, NewTypes, NullKeys, Observer, OnBadValue, OnChange, OnTrap, Policy, SchemaPolicy,
    Setting, SourceGrant, Stream, StreamContext, StreamStatus, StreamSummary, TargetGrant, run_streams,
};
use wmshost_sandbox::{Cache, Granted, GrantedSource, Identity, Limits, Plugin, Sandbox};
use wmshost_tests::plugin as component;

/// The target tables of the two streams.
const VICTIM: &str = "WMS_ORDERS";
const NEIGHBOUR: &str = "NEIGHBOUR";

const SOURCE: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
    CREATE TABLE neighbours (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
    CREATE TABLE secret (id INTEGER PRIMARY KEY, word TEXT);
    INSERT INTO orders SELECT value, 'order ' || value, value * 10 FROM generate;
    INSERT INTO neighbours SELECT value, 'neighbour ' || value, value FROM generate;
    INSERT INTO secret VALUES (1, 'hush');";

/// The sandbox of all tests; compiled components are kept for the next test run.
pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(Cache::beside(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins"))).expect("a sandbox")
});

/// A component, loaded once.
pub(crate) fn plugin(component_name: &str) -> Plugin {
    static LOADED: Mutex<BTreeMap<String, Plugin>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let load = || SANDBOX.load(component_name, &component(component_name)).expect("a plugin");
    loaded.entry(component_name.to_owned()).or_insert_with(load).clone()
}

/// The identity of a stream's guest.
pub(crate) fn identity(plugin: &str, behaviour: &str) -> Identity {
    let behaviour = Setting::Text(behaviour.to_owned());
    Identity {
        plugin: plugin.to_owned(),
        version: "0.1.0".to_owned(),
        digest: None,
        stream: "orders".to_owned(),
        settings: BTreeMap::from([("behaviour".to_owned(), behaviour)]),
    }
}

/// The machine's clock.
struct MachineClock(Instant);

impl Clock for MachineClock {
    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Micros::try_from(since.as_micros()).expect("before 290000")
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(MachineClock(Instant::now()))
}

/// Cancels a run after this many commits of the victim.
pub(crate) struct CancelAfter {
    cancel: Cancel,
    commits: Mutex<u32>,
}

impl Observer for CancelAfter {
    fn event(&self, event: &Event<'_>) {
        if let Event::Committed { stream: "orders", .. } = event {
            let mut commits = self.commits.lock().expect("unharmed");
            if *commits == 1 {
                self.cancel.set();
            }
            *commits = commits.saturating_sub(1);
        }
    }
}

/// The guest that misbehaves, and the settings of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    /// The stage's component: `hostile_extractor`, `hostile_transform` or `hostile_loader`.
    pub(crate) guest: &'static str,
    pub(crate) behaviour: String,
    pub(crate) method: Method,
    pub(crate) limits: Limits,
    pub(crate) batch_rows: usize,
    /// True if the target has the rows of an earlier run already.
    pub(crate) loaded_before: bool,
    /// Cancel after this many commits; 0: never.
    pub(crate) cancel_after: u32,
    pub(crate) on_trap: OnTrap,
}

impl Attack {
    /// An attack on a stream that merges eight rows in one batch, over those of an earlier run.
    pub(crate) fn by(guest: &'static str, behaviour: &str) -> Self {
        Self {
            guest,
            behaviour: behaviour.to_owned(),
            method: Method::Incremental,
            limits: limits(behaviour),
            batch_rows: 8,
            loaded_before: true,
            cancel_after: 0,
            on_trap: OnTrap::Fail,
        }
    }

    /// The same stream with all guests well-behaved.
    fn peaceful(&self) -> Self {
        let (behaviour, limits) = ("none".to_owned(), Limits::default());
        Self { behaviour, limits, cancel_after: 0, on_trap: OnTrap::Fail, ..self.clone() }
    }
}

/// Guests that never end get little time, the others plenty.
fn limits(behaviour: &str) -> Limits {
    let endless = ["loop", "without-end"].iter().any(|word| behaviour.contains(word));
    let time = Duration::from_millis(if endless { 300 } else { 20_000 });
    Limits { call_time: time, wait_time: time, ..Limits::default() }
}

/// A source with two tables, and a target.
pub(crate) struct Warehouse {
    folder: TempDir,
}

impl Warehouse {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = Self { folder };
        let generate = "CREATE TEMP TABLE generate AS
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 8) SELECT value FROM n;";
        warehouse.source().execute_batch(&format!("{generate}{SOURCE}")).expect("a source");
        warehouse
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn source(&self) -> Connection {
        Connection::open(self.path("source.db")).expect("the source")
    }

    pub(crate) fn target(&self) -> Connection {
        Connection::open(self.path("target.db")).expect("the target")
    }

    /// The streams of a run: the victim, and a neighbour whose guests behave.
    fn streams(&self, attack: &Attack) -> Result<Vec<Stream>, Failure> {
        let source = sqlite::open_source(&self.path("source.db"), 2, "wms")?;
        let target = sqlite::open_target(&self.path("target.db"), "analytics", clock())?;
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
                (plugin(name), identity(name, behaviour))
            };
            let limits = || attack.limits.clone();
            let (reads, reader) = guest("hostile_extractor");
            let (changes, changer) = guest("hostile_transform");
            let (writes, writer) = guest("hostile_loader");
            Ok::<_, Failure>(Stream {
                name: name.to_owned(),
                request: request(name, table, attack),
                target_table: target_table.to_owned(),
                policy: policy(attack),
                definition: Definition::of(&request(name, table, attack), target_table),
                source_version: None,
                extractor: reads.extractor(reader, limits(), granted)?,
                transforms: vec![changes.transform(changer, limits())?],
                loader: writes.loader(writer, limits(), Arc::clone(&session))?,
                target: session,
                checkpoint_name: name.to_owned(),
                reconcile: None,
            })
        };
        Ok(vec![
            stream("orders", "orders", VICTIM, attack)?,
            stream("neighbours", "neighbours", NEIGHBOUR, &attack.peaceful())?,
        ])
    }

    /// Runs both streams; returns the summary of the victim.
    pub(crate) fn run(&self, attack: &Attack) -> Result<StreamSummary, Failure> {
        let streams = self.streams(attack)?;
        let cancel = Cancel::default();
        let context = StreamContext {
            pipeline: "hostile".to_owned(),
            run_id: "run".to_owned(),
            holder: LeaseOwner { machine: "here".to_owned(), process: std::process::id() },
            is_dead: |_| true,
            clock: clock(),
            observer: Arc::new(CancelAfter { cancel: cancel.clone(), commits: Mutex::new(attack.cancel_after) }),
            cancel,
        };
        let mut ends = run_streams(streams, 2, &context);
        let (neighbour, victim) = (ends.pop().expect("two"), ends.pop().expect("two"));
        self.check_neighbour(&victim, &neighbour, attack);
        Ok(victim)
    }

    /// A neighbour continues, whatever happens to the victim; only a mistake in the configuration stops both.
    fn check_neighbour(&self, victim: &StreamSummary, neighbour: &StreamSummary, attack: &Attack) {
        let misconfigured = victim.failure.as_ref().is_some_and(|at| {
            at.batch.is_none() && matches!(at.failure.kind, FailureKind::InvalidConfig | FailureKind::Denied)
        });
        let expected = match (misconfigured, attack.cancel_after > 0) {
            (true, _) => [StreamStatus::NotRun].as_slice(),
            (_, true) => &[StreamStatus::Succeeded, StreamStatus::Cancelled],
            _ => &[StreamStatus::Succeeded],
        };
        let why = format!("{}: {:?}", attack.behaviour, neighbour.failure);
        assert!(expected.contains(&neighbour.status), "{} {why}", neighbour.status.name());
        if neighbour.status == StreamStatus::Succeeded {
            assert_eq!(rows(&self.target(), NEIGHBOUR), rows(&self.source(), "neighbours"), "{why}");
        }
    }

    /// The name of the table of rejected rows.
    pub(crate) fn quarantine(&self) -> String {
        let name = "SELECT name FROM sqlite_schema WHERE name LIKE '%_QUARANTINE'";
        self.target().query_row(name, [], |row| row.get(0)).unwrap_or_else(|_| "nothing".to_owned())
    }

    /// The contents of the target about the victim: its table, its checkpoint, its quarantined rows, and the names of
    /// all tables except the staged one.
    pub(crate) fn holdings(&self) -> String {
        let target = self.target();
        let mut all = String::new();
        for query in [
            "SELECT name, sql FROM sqlite_schema WHERE name <> 'WMS_ORDERS__NEXT' AND tbl_name <> 'WMS_ORDERS__NEXT' \
             AND name <> 'NEIGHBOUR' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'WMSHOST_%' \
             AND name NOT LIKE '%_QUARANTINE' ORDER BY name",
            "SELECT * FROM WMS_ORDERS ORDER BY 1",
            "SELECT * FROM WMSHOST_CHECKPOINT WHERE stream = 'orders'",
            &format!("SELECT * FROM {} WHERE stream = 'orders'", self.quarantine()),
        ] {
            let _ = writeln!(all, "{query}");
            for row in try_rows(&target, query) {
                let _ = writeln!(all, "  {row}");
            }
        }
        all
    }

    /// The rows of the victim's table and of its source, without the host's own columns.
    pub(crate) fn both_sides(&self) -> (Vec<String>, Vec<String>) {
        (rows(&self.target(), VICTIM), rows(&self.source(), "orders"))
    }
}

fn policy(attack: &Attack) -> Policy {
    Policy {
        load_batch_rows: attack.batch_rows,
        queue_batches: 2,
        budget: Budget::default(),
        on_bad_value: OnBadValue::Reject,
        on_trap: attack.on_trap,
        deletes: Deletes::Ignore,
        delete_guard: DeleteGuard::NONE,
        schema: SchemaPolicy { new_columns: NewColumns::Evolve, new_types: NewTypes::Evolve },
        on_change: OnChange::Tell,
        full_refresh: false,
        required: true,
        later_read_wins: false,
    }
}

fn request(name: &str, table: &str, attack: &Attack) -> ExtractRequest {
    ExtractRequest {
        stream: name.to_owned(),
        source: "wms".to_owned(),
        table: table.to_owned(),
        method: attack.method,
        key: vec!["id".to_owned()],
        change_key: None,
        lookback_micros: 0,
        lookback_versions: None,
        null_keys: NullKeys::Include,
        window: None,
        columns: Vec::new(),
        bookmark: None,
        state: BTreeMap::new(),
        batch_rows: attack.batch_rows,
    }
}

fn rows(connection: &Connection, table: &str) -> Vec<String> {
    try_rows(connection, &format!("SELECT id, name, amount FROM {table} ORDER BY id"))
}

/// The rows of a query as text; none if a table does not exist.
pub(crate) fn try_rows(connection: &Connection, query: &str) -> Vec<String> {
    let Ok(mut statement) = connection.prepare(query) else { return Vec::new() };
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}"))).collect()
    });
    rows.expect("rows")
        .collect::<rusqlite::Result<Vec<Vec<String>>>>()
        .expect("rows")
        .into_iter()
        .map(|row| row.join(" "))
        .collect()
}

/// The required end of an attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// The exported function that the failure names.
    pub(crate) function: &'static str,
    pub(crate) kind: FailureKind,
    /// A text that its message must contain.
    pub(crate) words: &'static str,
}

/// Runs an attack that must fail, and checks everything that must hold afterwards.
pub(crate) fn fails(attack: &Attack, end: End) {
    let case = format!("{} {}", attack.guest, attack.behaviour);
    let warehouse = prepared(attack);
    // A load that replaces has committed its batches, unseen, before it finishes.
    let holdings = || match end.function {
        "finish" => warehouse.both_sides().0.join("\n"),
        _ => warehouse.holdings(),
    };
    let before = holdings();
    let victim = warehouse.run(attack).expect("the streams are made");
    assert_eq!(victim.status, StreamStatus::Failed, "{case}: {victim:?}");
    let at = victim.failure.expect("a failure");
    let Failure { kind, site, .. } = &at.failure;
    let message = at.failure.to_string();
    assert_eq!((*kind, message.contains(end.words)), (end.kind, true), "{case}: {at}");
    let site = site.as_ref().unwrap_or_else(|| panic!("{case}: no site in {at}"));
    assert_eq!((site.plugin.as_str(), site.function), (attack.guest, end.function), "{case}: {at}");
    assert!(message.len() <= 5 << 10, "{case}: a message of {} bytes", message.len());
    assert!(!message.contains(char::is_control), "{case}: {message:?}");
    assert!(!message.contains("it got out") && !message.contains("hush"), "{case}: {at}");
    // Where nothing was loaded before, the table is created and batches before the failing one stay.
    assert!(!attack.loaded_before || holdings() == before, "{case}: something was written: {}", holdings());
    check_recovery(&warehouse, attack, &case);
}

/// Runs an attack that the host survives without harm.
pub(crate) fn ends_well(attack: &Attack) -> Warehouse {
    let case = format!("{} {}", attack.guest, attack.behaviour);
    let warehouse = prepared(attack);
    let victim = warehouse.run(attack).expect("the streams are made");
    let is_well = matches!(victim.status, StreamStatus::Succeeded | StreamStatus::Rejected);
    assert!(is_well, "{case}: {:?}", victim.failure.map(|at| at.to_string()));
    warehouse
}

/// A warehouse where an earlier run has loaded rows that have changed since.
pub(crate) fn prepared(attack: &Attack) -> Warehouse {
    let warehouse = Warehouse::new();
    if attack.loaded_before {
        let first = warehouse.run(&attack.peaceful()).expect("the streams are made");
        assert_eq!(first.status, StreamStatus::Succeeded, "{:?}", first.failure);
        let change = "UPDATE orders SET amount = amount + 1000, name = name || ' changed'";
        warehouse.source().execute_batch(change).expect("a change");
    }
    warehouse
}

/// Fresh instances of the same plugins bring the target up to date with the source.
pub(crate) fn check_recovery(warehouse: &Warehouse, attack: &Attack, case: &str) {
    let end = warehouse.run(&attack.peaceful()).expect("the streams are made");
    assert_eq!(end.status, StreamStatus::Succeeded, "{case}, afterwards: {:?}", end.failure.map(|at| at.to_string()));
    let (target, source) = warehouse.both_sides();
    assert_eq!(target, source, "{case}, afterwards");
}

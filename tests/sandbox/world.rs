//! A warehouse of two tables, streams of hostile guests over it, and the checks after each of them: the failure has the
//! right message, nothing was written, the neighbour continued, and a fresh instance does the work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use wmshost_flow::{Cancel, Event, Failure, FailureKind, Observer, StreamStatus, StreamSummary};
use wmshost_runtime::doctor::{self, Arena};
pub(crate) use wmshost_runtime::doctor::{Attack, identity};
use wmshost_sandbox::{Cache, Limits, Plugin, Sandbox};
use wmshost_tests::plugin as component;

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

/// Cancels a run after this many commits of the victim; 0: never.
struct CancelAfter {
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

/// An attack by a guest as it behaves here.
pub(crate) fn attack_by(guest: &'static str, behaviour: &str) -> Attack {
    Attack::by(guest, behaviour, limits(behaviour))
}

/// Guests that never end get little time, the others plenty.
fn limits(behaviour: &str) -> Limits {
    let endless = ["loop", "without-end"].iter().any(|word| behaviour.contains(word));
    let time = Duration::from_millis(if endless { 300 } else { 20_000 });
    Limits { call_time: time, wait_time: time, ..Limits::default() }
}

/// A source with two tables, and a target.
pub(crate) struct Warehouse(Arena);

impl Warehouse {
    pub(crate) fn new() -> Self {
        Self(Arena::new().expect("an arena"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub(crate) fn source(&self) -> Connection {
        self.0.source().expect("the source")
    }

    pub(crate) fn target(&self) -> Connection {
        self.0.target().expect("the target")
    }

    /// Runs both streams; returns the summary of the victim.
    pub(crate) fn run(&self, attack: &Attack) -> Result<StreamSummary, Failure> {
        self.run_until(attack, 0)
    }

    /// The same, cancelled after this many commits of the victim; 0: never.
    pub(crate) fn run_until(&self, attack: &Attack, commits: u32) -> Result<StreamSummary, Failure> {
        let cancel = Cancel::default();
        let observer = Arc::new(CancelAfter { cancel: cancel.clone(), commits: Mutex::new(commits) });
        let [victim, neighbour] = self.0.run(attack, &|name| Ok(plugin(name)), observer, cancel)?;
        self.check_neighbour(&victim, &neighbour, attack, commits > 0);
        Ok(victim)
    }

    /// A neighbour continues, whatever happens to the victim; only a mistake in the configuration stops both.
    fn check_neighbour(&self, victim: &StreamSummary, neighbour: &StreamSummary, attack: &Attack, is_cancelled: bool) {
        let misconfigured = victim.failure.as_ref().is_some_and(|at| {
            at.batch.is_none() && matches!(at.failure.kind, FailureKind::InvalidConfig | FailureKind::Denied)
        });
        let expected = match (misconfigured, is_cancelled) {
            (true, _) => [StreamStatus::NotRun].as_slice(),
            (_, true) => &[StreamStatus::Succeeded, StreamStatus::Cancelled],
            _ => &[StreamStatus::Succeeded],
        };
        let why = format!("{}: {:?}", attack.behaviour, neighbour.failure);
        assert!(expected.contains(&neighbour.status), "{} {why}", neighbour.status.name());
        if neighbour.status == StreamStatus::Succeeded {
            let (target, source) = self.0.both_sides_of_neighbour().expect("rows");
            assert_eq!(target, source, "{why}");
        }
    }

    /// The name of the table of rejected rows.
    pub(crate) fn quarantine(&self) -> String {
        self.0.quarantine().expect("a name")
    }

    /// The contents of the target about the victim.
    pub(crate) fn holdings(&self) -> String {
        self.0.holdings().expect("rows")
    }

    /// The rows of the victim's table and of its source, without the host's own columns.
    pub(crate) fn both_sides(&self) -> (Vec<String>, Vec<String>) {
        self.0.both_sides().expect("rows")
    }
}

/// The rows of a query as text; none if a table does not exist.
pub(crate) fn try_rows(connection: &Connection, query: &str) -> Vec<String> {
    doctor::try_rows(connection, query).expect("rows")
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

//! The two schemas of a cell on the emulator, their contents, and the failures of the server. Two cells run at once,
//! each in accounts of its own, so that the failures of one do not affect the other; the names of their tables have the
//! number of the seed.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_flow::{Clock, Micros};
use wmshost_oracle_emulator::{Account, Admin, Effect, Emulator, Fault, Moment, Options, Release, Transport};

use crate::cell::{Breakage, Cell, Releases};
use crate::expected::Found;
use crate::faults::Trap;
use crate::source::Source;
use crate::test_bed::pipeline;

/// The number of cells that run at once.
const PAIRS: RangeInclusive<u32> = 1..=2;
/// The tables of others in the target.
const STRANGERS: &str = "
    CREATE TABLE canary (id numeric PRIMARY KEY, word varchar(20), amount numeric(12,2));
    INSERT INTO canary VALUES (1, 'sings', 1.25), (2, NULL, 7);
    CREATE VIEW canary_view AS SELECT word FROM canary;";

static SERVER: LazyLock<Emulator> = LazyLock::new(|| {
    let account = |name: String| Account::new(&name, "word");
    let pairs = PAIRS.flat_map(|pair| [format!("WMS{pair}"), format!("MART{pair}")]);
    let options = pairs.fold(Options::default(), |options, name| options.account(account(name)));
    let server = Emulator::start(options).expect("an emulator");
    let mut admin = server.admin().expect("an admin");
    for pair in PAIRS {
        admin.execute(&format!("SET search_path = mart{pair}; {STRANGERS}")).expect("strangers' tables");
    }
    server
});

/// Pairs of accounts that are free.
static FREE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static MADE: LazyLock<()> = LazyLock::new(|| {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).extend(PAIRS);
});

/// A pair of accounts of its own, and a folder with a pipeline.
pub(crate) struct Place {
    folder: TempDir,
    pair: u32,
    table: String,
    admin: RefCell<Admin>,
}

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Micros {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.pair);
    }
}

impl Place {
    pub(crate) fn new(cell: &Cell) -> Self {
        LazyLock::force(&MADE);
        let pair = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop().expect("a free pair of accounts");
        let admin = RefCell::new(SERVER.admin().expect("an admin"));
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self { folder, pair, table: cell.target_table().to_lowercase(), admin };
        let stranger = format!("{}_old", place.table);
        let made = format!("CREATE TABLE {stranger} AS SELECT 'kept' AS k1, 1 AS v");
        let mut admin = place.admin.borrow_mut();
        admin.execute(&format!("SET search_path = mart{pair}; {made}")).expect("a stranger's table");
        drop(admin);
        let password = place.folder.path().join("password");
        std::fs::write(&password, "word").expect("a password");
        std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("rights");
        std::fs::write(place.file(), place.text(cell)).expect("a pipeline file");
        place
    }

    /// The pipeline file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("pipeline.toml")
    }

    /// A session of the application that works with the source.
    pub(crate) fn source(&self) -> Source {
        let address = Address::Host {
            host: "localhost".to_owned(),
            port: SERVER.port(Release::R23, Transport::Tcp),
            service: Service::Name("STANDIN".to_owned()),
            protocol: Protocol::Tcp,
        };
        let settings = Settings::new(address, format!("WMS{}", self.pair), Secret::new("word"));
        let target = oracle::open_target(settings, 1, "test", Arc::new(StandingClock)).expect("a target");
        Source(target.sql().expect("a session"))
    }

    /// The text of the pipeline file.
    pub(crate) fn text(&self, cell: &Cell) -> String {
        let (source, target) = match cell.releases {
            Releases::Old => (Release::R19, Release::R19),
            Releases::New => (Release::R23, Release::R23),
            Releases::OldToNew => (Release::R19, Release::R23),
            Releases::NewToOld => (Release::R23, Release::R19),
        };
        let connection = |account: &str, release| {
            format!(
                "driver = \"oracle\"\nhost = \"localhost\"\nport = {}\nservice_name = \"STANDIN\"\nusername = \"{account}{}\"\n\
                 password = {{ file = {:?} }}\nconnect_budget = \"2s\"\ncall_timeout = \"10s\"\narray_rows = 3\n\
                 fetch_rows = {}\nreaders = {}\nbulk_merge_rows = {}",
                SERVER.port(release, Transport::Tcp),
                self.pair,
                self.folder.path().join("password"),
                // Ranges of several readers have eight round trips.
                if cell.readers > 1 { 1 } else { 3 },
                cell.readers,
                if cell.merges_in_bulk { 2 } else { 1_000 },
            )
        };
        pipeline(cell, &connection("WMS", source), &connection("MART", target), &cell.target_table())
    }

    /// Runs `act` while the server may fail as the trap says.
    pub(crate) fn harmed<T>(&self, trap: &Arc<Trap>, act: impl FnOnce() -> T) -> T {
        let Some(before) = trap.occurrence.checked_sub(1) else { return act() };
        let Some(fault) = self.fault(trap.breakage) else { return act() };
        let stride = if trap.breakage == Breakage::AnyCallLost { 9 } else { 1 };
        let passed = u32::try_from(before * stride).expect("a small number");
        let id = SERVER.faults().add(fault.skip(passed));
        let done = act();
        SERVER.faults().remove(id);
        if SERVER.faults().struck(id) > 0 {
            trap.sprung.store(true, Ordering::Relaxed);
        }
        done
    }

    fn fault(&self, breakage: Breakage) -> Option<Fault> {
        let table = self.table.to_uppercase();
        let statement = |before: &str| Moment::Statement(format!("{before} \"{table}"));
        let source = || format!("FROM \"S{}\"", &table[1..]);
        let target = || Moment::Fetch(format!("FROM \"{table}\""));
        let (account, moment, effect) = match breakage {
            Breakage::ReadLost => ("WMS", Moment::Fetch(source()), Effect::DropBefore),
            Breakage::ReadHalf => ("WMS", Moment::Fetch(source()), Effect::Half),
            Breakage::ReadTooOld => ("WMS", Moment::Fetch(source()), Effect::Fail(1_555)),
            Breakage::ReadKilled => ("WMS", Moment::Statement(source()), Effect::Fail(28)),
            Breakage::TargetReadLost => ("MART", target(), Effect::DropBefore),
            Breakage::TargetReadHalf => ("MART", target(), Effect::Half),
            Breakage::WriteLost => ("MART", statement("INTO"), Effect::DropBefore),
            Breakage::WriteHalf => ("MART", statement("INTO"), Effect::Half),
            Breakage::WriteDeadlock => ("MART", statement("INTO"), Effect::Fail(60)),
            Breakage::WriteKilled => ("MART", statement("INTO"), Effect::Fail(28)),
            Breakage::SwapLost => ("MART", Moment::Statement("__NEXT\" s".to_owned()), Effect::DropBefore),
            Breakage::SwapHalf => ("MART", Moment::Statement("__NEXT\" s".to_owned()), Effect::Half),
            Breakage::RemovalLost => ("MART", statement("DELETE FROM"), Effect::DropAfter),
            Breakage::RemovalKilled => ("MART", statement("DELETE FROM"), Effect::Fail(28)),
            Breakage::DefinitionLost => ("MART", statement("TABLE"), Effect::DropAfter),
            Breakage::DefinitionHalf => ("MART", statement("TABLE"), Effect::Half),
            Breakage::ServerCommitLost => ("MART", Moment::Commit, Effect::DropBefore),
            Breakage::ServerCommitHalf => ("MART", Moment::Commit, Effect::Half),
            Breakage::ServerCommitUnknown => ("MART", Moment::Commit, Effect::DropAfter),
            Breakage::LedgerLost => ("MART", Moment::Statement("WMSHOST_CHECKPOINT".to_owned()), Effect::DropAfter),
            Breakage::AnyCallLost => ("MART", Moment::Call, Effect::DropBefore),
            _ => return None,
        };
        Some(Fault::new(moment, effect).account(&format!("{account}{}", self.pair)))
    }

    /// Rows of a PostgreSQL query in the target's schema.
    fn rows(&self, query: &str) -> Vec<Vec<Option<String>>> {
        self.admin.borrow_mut().rows(query).unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The names that a query returns.
    fn names(&self, query: &str) -> Vec<String> {
        self.rows(query).into_iter().filter_map(|row| row.into_iter().next()?).collect()
    }

    fn columns_of(&self, table: &str) -> Vec<String> {
        self.names(&format!(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'mart{}' AND table_name = '{table}' \
             ORDER BY ordinal_position",
            self.pair
        ))
    }

    /// The rows in quarantine, as JSON.
    pub(crate) fn quarantined(&self) -> Vec<String> {
        if self.columns_of("wmshost_quarantine").is_empty() {
            return Vec::new();
        }
        let pipeline = format!("matrix-{}", &self.table[1..]);
        self.names(&format!("SELECT row_json FROM wmshost_quarantine WHERE pipeline = '{pipeline}'"))
    }

    /// The rows of the ledger, for a reproduction.
    pub(crate) fn ledger(&self) -> Vec<String> {
        if self.columns_of("wmshost_checkpoint").is_empty() {
            return Vec::new();
        }
        let pipeline = format!("matrix-{}", &self.table[1..]);
        let query = format!("SELECT * FROM wmshost_checkpoint WHERE pipeline = '{pipeline}' ORDER BY sequence");
        self.rows(&query).iter().map(|row| format!("{row:?}")).collect()
    }

    /// The contents of the strangers' tables.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in ["canary", "canary_view", &format!("{}_old", self.table)] {
            all.extend(self.columns_of(table));
            all.extend(self.rows(&format!("SELECT * FROM {table} ORDER BY 1")).iter().map(|row| format!("{row:?}")));
        }
        all
    }

    /// The tables of the cell in the target.
    pub(crate) fn tables(&self) -> Vec<String> {
        self.names(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'mart{}' \
             AND table_name IN ('{table}', '{table}__next', '{table}__merge')",
            self.pair,
            table = self.table
        ))
    }

    /// The rows of the target's table; none if there is no table.
    pub(crate) fn found(&self, cell: &Cell) -> Vec<Found> {
        let columns = self.columns_of(&self.table);
        if columns.is_empty() {
            return Vec::new();
        }
        let kinds: Vec<_> = cell.kinds().collect();
        let mut shown: Vec<String> =
            kinds.iter().enumerate().map(|(at, kind)| kind.family.shown(&format!("k{}", at + 1))).collect();
        let is_marked = columns.iter().any(|column| column == "wms_deleted_at");
        shown.extend(["v", "q::text", if is_marked { "wms_deleted_at::text" } else { "NULL" }].map(str::to_owned));
        let rows = self.rows(&format!("SELECT {} FROM {}", shown.join(", "), self.table));
        let found = |row: Vec<Option<String>>| {
            let (key, rest) = row.split_at(kinds.len());
            let whole = |text: &String| wmshost_tests::canonical_number(text).parse().ok();
            Found {
                key: key.iter().zip(&kinds).map(|(text, kind)| Some(kind.family.meaning(text.as_ref()?))).collect(),
                label: rest[0].clone().unwrap_or_default(),
                q: rest[1].as_ref().and_then(whole),
                is_marked: rest[2].is_some(),
            }
        };
        rows.into_iter().map(found).collect()
    }
}

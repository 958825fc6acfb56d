//! An emulator, and the helpers that the tests share.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_flow::{
    Batch, Clock, Failure, Micros, Source, SourceGrant, SourceSession, SqlSession, TakeOver, Target, TargetGrant,
    TargetSession, Value,
};
use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

/// The emulator that tests share which do not affect others.
pub(crate) static SHARED: LazyLock<Emulator> =
    LazyLock::new(|| Emulator::start(Options::default()).expect("a emulator"));

/// A clock that never moves.
pub(crate) struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Micros {
        1_769_853_600_000_000
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// The settings by which the account WMS connects to an emulator, with short time limits.
pub(crate) fn settings(server: &Emulator, release: Release) -> Settings {
    settings_of(server, release, "WMS", "wms")
}

pub(crate) fn settings_of(server: &Emulator, release: Release, user: &str, password: &str) -> Settings {
    let address = Address::Host {
        host: "localhost".to_owned(),
        port: server.port(release, Transport::Tcp),
        service: Service::Name("STANDIN".to_owned()),
        protocol: Protocol::Tcp,
    };
    let mut settings = Settings::new(address, user, Secret::new(password));
    settings.connect_timeout = Duration::from_secs(5);
    settings.connect_budget = Duration::from_secs(5);
    settings
}

pub(crate) fn target(settings: &Settings) -> Arc<dyn Target> {
    oracle::open_target(settings.clone(), 2, "ana", Arc::new(StandingClock)).expect("a target")
}

pub(crate) fn source(settings: &Settings) -> Result<Arc<dyn Source>, Failure> {
    oracle::open_source(settings.clone(), 2, "wms")
}

pub(crate) fn writer(settings: &Settings, table: &str) -> Box<dyn TargetSession> {
    let grant = TargetGrant {
        pipeline: "p".to_owned(),
        stream: table.to_owned(),
        table: table.to_owned(),
        run_id: "run-1".to_owned(),
        take_over: Some(TakeOver::parse(table)),
        allows_triggers: false,
    };
    target(settings).session(grant).expect("a session")
}

pub(crate) fn reader(settings: &Settings, tables: &[&str]) -> Box<dyn SourceSession> {
    source(settings).expect("a source").session(&grant(tables)).expect("a session")
}

pub(crate) fn grant(tables: &[&str]) -> SourceGrant {
    SourceGrant::of(tables.iter().map(|table| (*table).to_owned()).collect())
}

/// Runs statements of the host's own.
pub(crate) fn run(settings: &Settings, statements: &[&str]) {
    let mut sql = target(settings).sql().expect("a session");
    for statement in statements {
        sql.execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
    }
}

/// The rows of a query of the host's own.
pub(crate) fn rows(settings: &Settings, query: &str) -> Vec<Vec<Value>> {
    let mut sql: Box<dyn SqlSession> = target(settings).sql().expect("a session");
    sql.query(query, &[]).unwrap_or_else(|failure| panic!("{query}: {failure}"))
}

/// All rows of a query through the port, in one batch.
pub(crate) fn read(session: &mut dyn SourceSession, query: &str, parameters: &[Value]) -> Batch {
    let mut cursor = session.query(query, parameters).unwrap_or_else(|failure| panic!("{query}: {failure}"));
    let batch = cursor.next(100_000).unwrap_or_else(|failure| panic!("{query}: {failure}"));
    batch.unwrap_or_else(|| Batch::new(arrow_array::RecordBatch::new_empty(cursor.schema())))
}

/// The rows of a batch as JSON.
pub(crate) fn as_json(batch: &Batch) -> Vec<String> {
    (0..batch.rows.num_rows()).map(|row| wmshost_flow::row_as_json(&batch.rows, row)).collect()
}

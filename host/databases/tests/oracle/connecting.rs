//! Connecting: every way to find a server, and every way to fail, reported without an address or a secret.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_databases::oracle::{self, Address, ClientKind, Protocol, Service, Settings};
use wmshost_flow::{Failure, FailureKind, Value};
use wmshost_oracle_emulator::{
    Account, AccountState, Effect, Emulator, Fault, Moment, Options, Release, Transport, Verifier,
};

use crate::server::{SHARED, rows, settings, settings_of, source, target};

fn failure(settings: &Settings) -> Failure {
    let failure = match target(settings).sql() {
        Ok(_) => panic!("connected"),
        Err(failure) => failure,
    };
    for secret in ["localhost", "127.0.0.1", "wms/", "wrong-word", &port_text(settings)] {
        assert!(!failure.to_string().contains(secret), "{secret} is in {failure}");
    }
    assert!(failure.to_string().starts_with("target ana"), "{failure}");
    failure
}

fn port_text(settings: &Settings) -> String {
    match &settings.address {
        Address::Host { port, .. } => port.to_string(),
        _ => "(DESCRIPTION".to_owned(),
    }
}

fn with_service(settings: &Settings, service: Service) -> Settings {
    let mut settings = settings.clone();
    if let Address::Host { service: there, .. } = &mut settings.address {
        *there = service;
    }
    settings
}

fn encrypted(server: &Emulator, host: &str) -> Settings {
    let mut settings = settings(server, Release::R19);
    settings.address = Address::Host {
        host: host.to_owned(),
        port: server.port(Release::R19, Transport::Tcps),
        service: Service::Name("STANDIN".to_owned()),
        protocol: Protocol::Tcps,
    };
    settings
}

#[test]
fn every_way_to_a_server_leads_there() {
    for release in Release::ALL {
        let by_name = settings(&SHARED, release);
        let by_sid = with_service(&by_name, Service::Sid("ORCL".to_owned()));
        let port = SHARED.port(release, Transport::Tcp);
        let mut by_descriptor = by_name.clone();
        by_descriptor.address = Address::Descriptor(format!(
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=STANDIN)))"
        ));
        let folder = tempfile::tempdir().expect("a folder");
        let alias = format!(
            "WMS_{release:?} = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={port}))\
             (CONNECT_DATA=(SERVICE_NAME=STANDIN)))\n"
        );
        std::fs::write(folder.path().join("tnsnames.ora"), alias).expect("a file");
        let mut by_alias = by_name.clone();
        by_alias.address = Address::Alias { name: format!("WMS_{release:?}"), folder: folder.path().to_owned() };
        for settings in [by_name, by_sid, by_descriptor, by_alias] {
            assert_eq!(rows(&settings, "SELECT 1 FROM dual"), [[Value::Int64(1)]], "{:?}", settings.address);
        }
    }
}

#[test]
fn an_encrypted_connection_checks_the_servers_certificate() {
    let mut by_wallet = encrypted(&SHARED, "localhost");
    by_wallet.trust.wallet = Some(SHARED.wallet());
    let mut by_file = encrypted(&SHARED, "localhost");
    by_file.trust.ca_file = Some(SHARED.wallet().join("ca.pem"));
    for settings in [by_wallet, by_file] {
        assert_eq!(rows(&settings, "SELECT 1 FROM dual"), [[Value::Int64(1)]]);
    }
    let mut untrusted = encrypted(&SHARED, "localhost");
    untrusted.trust.wallet = Some(SHARED.wrong_wallet());
    let mut nobody = encrypted(&SHARED, "localhost");
    nobody.trust.wallet = None;
    for settings in [untrusted, nobody] {
        let begun = Instant::now();
        let failure = failure(&settings);
        assert_eq!(failure.kind, FailureKind::Permanent, "{failure}");
        assert!(failure.to_string().contains("no trusted authority has signed"), "{failure}");
        assert!(begun.elapsed() < Duration::from_secs(3), "it was tried again, which cannot help");
    }
    let mut plain = encrypted(&SHARED, "localhost");
    if let Address::Host { port, .. } = &mut plain.address {
        *port = SHARED.port(Release::R19, Transport::Tcp);
    }
    // Each waits for the other: only the limit ends it.
    plain.connect_timeout = Duration::from_millis(300);
    plain.connect_budget = Duration::ZERO;
    assert!(failure(&plain).message.contains("connect_timeout"));
}

/// Where the Instant Client is installed, there is nothing to report.
#[test]
fn what_the_other_client_lacks_is_reported_before_anything_is_connected() {
    let mut other = settings(&SHARED, Release::R19);
    other.client = ClientKind::Oci;
    let Some(why) = oracle::unusable(&other) else { return };
    let expected: &[&str] = if cfg!(feature = "oci") {
        &["Instant Client", "DPI-1047", "https://", "LD_LIBRARY_PATH", "client = \"thin\""]
    } else {
        &["built without", "--features oci", "client = \"thin\""]
    };
    for words in expected {
        assert!(why.contains(words), "{words} is not in {why}");
    }
    let failure = oracle::open_target(other, 1, "ana", Arc::new(crate::server::StandingClock)).err().expect("unusable");
    assert_eq!((failure.kind, failure.message), (FailureKind::InvalidConfig, format!("target ana: {why}")));
}

#[test]
fn a_refused_login_is_reported_and_not_tried_again() {
    let server = Emulator::start(
        Options::default()
            .account(Account::new("LOCKED", "a").state(AccountState::Locked))
            .account(Account::new("EXPIRED", "a").state(AccountState::Expired))
            .account(Account::new("ANCIENT", "a").verifier(Verifier::V11)),
    )
    .expect("a emulator");
    for (user, password, code, kind) in [
        ("WMS", "wrong-word", "ORA-01017", FailureKind::Denied),
        ("LOCKED", "a", "ORA-28000", FailureKind::Denied),
        ("EXPIRED", "a", "ORA-28001", FailureKind::Denied),
        ("ANCIENT", "a", "11G verifier", FailureKind::Permanent),
    ] {
        let settings = settings_of(&server, Release::R19, user, password);
        let target = target(&settings);
        let begun = Instant::now();
        let first = target.sql().err().expect("refused");
        assert_eq!(first.kind, kind, "{user}: {first}");
        assert!(first.to_string().contains(code), "{user}: {first}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{user} was tried again");
        if kind == FailureKind::Denied {
            let asked = server.faults().add(Fault::new(Moment::Connect, Effect::DropBefore));
            let again = target.sql().err().expect("refused");
            assert!(again.to_string().contains(code), "{user}: {again}");
            assert_eq!((again.kind, again.cause), (first.kind, first.cause), "{user}: {again}");
            assert_eq!(server.faults().struck(asked), 0, "{user}: the server was asked again");
            server.faults().clear();
        }
    }
}

#[test]
fn a_server_that_comes_up_late_is_waited_for() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let settings = settings(&server, Release::R23);
    for code in [12_514, 12_528, 1_033] {
        let effect = if code > 12_000 { Effect::Refuse(code) } else { Effect::Fail(code) };
        server.faults().add(Fault::new(Moment::Connect, effect).times(2));
        let connected = target(&settings).sql();
        assert!(connected.is_ok(), "ORA-{code:05}: {}", connected.err().expect("a failure"));
    }
    server.faults().add(Fault::new(Moment::Connect, Effect::DropBefore).times(2));
    assert!(target(&settings).sql().is_ok(), "a connection that breaks at once");
}

#[test]
fn a_server_that_stays_away_is_given_up_within_the_budget() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut absent = settings(&server, Release::R19);
    absent.connect_budget = Duration::from_millis(600);
    let unknown = with_service(&absent, Service::Name("NOPE".to_owned()));
    let failure_of = |settings: &Settings| {
        let begun = Instant::now();
        let failure = failure(settings);
        assert!(begun.elapsed() < Duration::from_secs(5), "{failure}");
        assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
        assert!(failure.to_string().contains("tries"), "{failure}");
        failure.message
    };
    assert!(failure_of(&unknown).contains("ORA-12514"));
    server.close();
    assert!(failure_of(&absent).contains("no listener at this address"));
}

#[test]
fn a_listener_that_never_answers_does_not_hold_a_run() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut silent = settings(&SHARED, Release::R19);
    if let Address::Host { port, .. } = &mut silent.address {
        *port = listener.local_addr().expect("an address").port();
    }
    silent.connect_timeout = Duration::from_millis(300);
    silent.connect_budget = Duration::ZERO;
    let begun = Instant::now();
    let failure = failure(&silent);
    assert!(failure.to_string().contains("connect_timeout"), "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_connection_that_fails_again_and_again_is_left_alone() {
    let mut absent = settings(&SHARED, Release::R19);
    let unused = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    if let Address::Host { port, .. } = &mut absent.address {
        *port = unused;
    }
    absent.connect_budget = Duration::ZERO;
    let target = target(&absent);
    let failures: Vec<_> = (0..4).map(|_| target.sql().err().expect("nobody listens").message).collect();
    assert!(failures[2].contains("no listener at this address"), "{failures:?}");
    assert!(failures[3].contains("connecting failed repeatedly"), "{failures:?}");
}

#[test]
fn a_session_says_whose_work_it_does_and_has_its_own_settings() {
    let mut settings = settings(&SHARED, Release::R19);
    settings.tags.module = "wms-tagged".to_owned();
    settings.tags.client_id = "run-7".to_owned();
    let source = source(&settings).expect("a source");
    let mut session = source.session(&crate::server::grant(&["dual"])).expect("a session");
    drop(session.tables());
    let found = rows(
        &settings,
        "SELECT action, client_identifier FROM v$session WHERE module = 'wms-tagged' AND action <> 'host'",
    );
    assert!(found.contains(&vec![Value::Text("dual".into()), Value::Text("run-7".into())]), "{found:?}");
}

#[test]
fn a_pool_of_many_opens_them_all_and_waits_for_one_when_all_are_lent() {
    let mut settings = settings(&SHARED, Release::R23);
    settings.connections = 4;
    settings.pool_timeout = Duration::from_millis(200);
    let target = target(&settings);
    let sessions: Vec<_> = (0..4).map(|_| target.sql().expect("a session")).collect();
    let failure = target.sql().err().expect("all are lent");
    assert!(failure.to_string().starts_with("target ana: all 4 connections are in use"), "{failure}");
    drop(sessions);
    assert!(target.sql().is_ok());
}

#[test]
fn an_idle_connection_that_was_cut_is_replaced() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut settings = settings(&server, Release::R19);
    settings.ping_after = Duration::ZERO;
    let target = target(&settings);
    drop(target.sql().expect("a session"));
    server.cut_connections();
    let mut sql = target.sql().expect("another session");
    assert_eq!(sql.query("SELECT 1 FROM dual", &[]).expect("an answer"), [[Value::Int64(1)]]);
}

#[test]
fn a_refused_login_is_not_tried_again_by_later_runs() {
    let server = Emulator::start(Options::default()).expect("an emulator");
    let folder = tempfile::tempdir().expect("a folder");
    let remembering = |password: &str| {
        let mut settings = settings_of(&server, Release::R19, "WMS", password);
        settings.refused_logins = Some(folder.path().to_owned());
        settings
    };
    let wrong = remembering("wrong-word");
    assert!(failure(&wrong).to_string().contains("ORA-01017"));
    // Nothing listens now: an attempt would fail in another way.
    server.close();
    let again = failure(&wrong);
    assert!(again.to_string().contains("ORA-01017") && again.to_string().contains("in an earlier run"), "{again}");
    assert!(again.to_string().contains("check PIPELINE --connect"), "{again}");
    server.open().expect("ports");
    assert!(target(&remembering("wms")).sql().is_ok(), "another password is tried");
    let probed = oracle::probe_target(wrong.clone(), oracle::Purpose::default(), "ana").expect_err("still wrong");
    assert!(probed.to_string().contains("ORA-01017") && !probed.to_string().contains("earlier"), "{probed}");
    assert!(failure(&wrong).to_string().contains("in an earlier run"));
}

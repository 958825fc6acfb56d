//! A process of its own, in which no provider of cryptography was chosen: the thin driver panics there if two of them
//! are linked, so the host chooses one before it connects.

use std::sync::Arc;
use std::time::Duration;

use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_flow::{Clock, Micros, Value};
use wmshost_oracle_emulator::{Emulator, Options, Release, Transport};

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Micros {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn an_encrypted_connection_is_made_where_no_provider_was_chosen() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    assert!(rustls::crypto::CryptoProvider::get_default().is_none(), "somebody has chosen one");
    let address = Address::Host {
        host: "localhost".to_owned(),
        port: server.port(Release::R19, Transport::Tcps),
        service: Service::Name("STANDIN".to_owned()),
        protocol: Protocol::Tcps,
    };
    let mut settings = Settings::new(address, "WMS", Secret::new("wms"));
    settings.trust.wallet = Some(server.wallet());
    let target = oracle::open_target(settings, 1, "ana", Arc::new(StandingClock)).expect("a target");
    let rows = target.sql().expect("a session").query("SELECT 1 FROM dual", &[]).expect("a row");
    assert_eq!(rows, [[Value::Int64(1)]]);
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}

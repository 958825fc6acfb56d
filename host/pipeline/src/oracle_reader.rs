//! Reads the keys of an Oracle connection: its address, the user, certificates, time limits, and the size of requests.

use std::path::PathBuf;

use crate::diagnostics::join;
use crate::key_type::Key;
use crate::keys::connection as keys;
use crate::oracle::{Address, BareNumber, ClientKind, Protocol, Server, Service, Settings, Snapshot, Trust};
use crate::section_reader::SectionReader;

/// Reads the keys of an Oracle connection.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> Option<Settings> {
    for key in [&keys::USERNAME, &keys::PASSWORD] {
        scope.require(key);
    }
    let client = scope.choice(&keys::CLIENT, &[("thin", ClientKind::Thin), ("oci", ClientKind::Oci)]);
    let address = address(scope);
    let username = scope.text(&keys::USERNAME);
    let password = scope.secret(&keys::PASSWORD);
    let (ca_file, wallet) = trust(scope);
    let pooled = scope.choice(&keys::SERVER, &[("dedicated", false), ("pooled", true)]);
    let class = scope.text(&keys::CONNECTION_CLASS);
    let schema = scope.text(&keys::SCHEMA);
    let wallet_password = scope.secret(&keys::WALLET_PASSWORD);
    let [connect_timeout, connect_budget, call_timeout, pool_timeout, ping_after, max_lifetime, commit_lag] = [
        &keys::CONNECT_TIMEOUT,
        &keys::CONNECT_BUDGET,
        &keys::CALL_TIMEOUT,
        &keys::POOL_TIMEOUT,
        &keys::PING_AFTER,
        &keys::MAX_LIFETIME,
        &keys::COMMIT_LAG,
    ]
    .map(|key| scope.span(key));
    let [sdu, connections, fetch_rows, readers, array_rows, bulk_merge_rows, lob_mib] = [
        &keys::SDU,
        &keys::CONNECTIONS,
        &keys::FETCH_ROWS,
        &keys::READERS,
        &keys::ARRAY_ROWS,
        &keys::BULK_MERGE_ROWS,
        &keys::LOB_MIB,
    ]
    .map(|key| scope.count(key));
    let bare_number = scope.choice(&keys::BARE_NUMBER, &[("decimal", BareNumber::Decimal), ("text", BareNumber::Text)]);
    let snapshot = scope.choice(&keys::SNAPSHOT, &[("scn", Snapshot::Scn), ("statement", Snapshot::Statement)]);
    Some(Settings {
        client: client?,
        schema,
        trust: Trust { ca_file, wallet, wallet_password },
        server: if pooled? { Server::Pooled { class: class.unwrap_or_default() } } else { Server::Dedicated },
        sdu: u32::try_from(sdu?).ok()?,
        connect_timeout: connect_timeout?,
        connect_budget: connect_budget?,
        call_timeout: call_timeout?,
        pool_timeout: pool_timeout?,
        ping_after: ping_after?,
        max_lifetime: max_lifetime?,
        connections: usize::try_from(connections?).ok()?,
        fetch_rows: fetch_rows.and_then(|rows| u32::try_from(rows).ok()),
        readers: usize::try_from(readers?).ok()?,
        array_rows: usize::try_from(array_rows?).ok()?,
        bulk_merge_rows: usize::try_from(bulk_merge_rows?).ok()?,
        bare_number: bare_number?,
        lob_bytes: usize::try_from(lob_mib?).ok()? << 20,
        commit_lag: commit_lag?,
        snapshot: snapshot?,
        ..Settings::new(address?, username?, password?)
    })
}

/// Reads the address, which must be set in exactly one way.
fn address(scope: &mut SectionReader<'_>) -> Option<Address> {
    if scope.has(&keys::DESCRIPTOR) || scope.has(&keys::TNS_ALIAS) {
        return named_address(scope);
    }
    scope.require(&keys::HOST);
    let host = scope.text(&keys::HOST);
    let port = scope.count(&keys::PORT).and_then(|port| u16::try_from(port).ok());
    let service = service(scope);
    let protocol = scope.choice(&keys::PROTOCOL, &[("tcp", Protocol::Tcp), ("tcps", Protocol::Tcps)]);
    Some(Address::Host { host: host?, port: port?, service: service?, protocol: protocol? })
}

fn named_address(scope: &mut SectionReader<'_>) -> Option<Address> {
    let by = if scope.has(&keys::DESCRIPTOR) { keys::DESCRIPTOR } else { keys::TNS_ALIAS };
    let beside = [
        keys::HOST,
        keys::PORT,
        keys::SERVICE_NAME,
        keys::SID,
        keys::PROTOCOL,
        keys::SERVER,
        keys::CONNECTION_CLASS,
        keys::SDU,
        keys::TNS_ALIAS,
    ];
    for key in beside.iter().filter(|key| key.name != by.name) {
        refuse_beside(scope, key, &by);
    }
    if by.name == keys::DESCRIPTOR.name {
        return scope.text(&keys::DESCRIPTOR).map(Address::Descriptor);
    }
    scope.require(&keys::TNS_ADMIN);
    let (name, folder) = (scope.text(&keys::TNS_ALIAS), scope.path(&keys::TNS_ADMIN));
    Some(Address::Alias { name: name?, folder: folder? })
}

fn refuse_beside(scope: &mut SectionReader<'_>, key: &Key, other: &Key) {
    if scope.has(key) {
        let path = join(&scope.path, key.name);
        let message = format!("cannot be combined with `{}`", other.name);
        scope.sink.of(&path, message, Some(format!("keep one of them; `{}` contains all of it", other.name)));
    }
}

fn trust(scope: &mut SectionReader<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    if scope.has(&keys::CA_FILE) && scope.has(&keys::WALLET) {
        let path = join(&scope.path, keys::CA_FILE.name);
        let advice = "put the authority's certificate into the wallet's ewallet.pem".to_owned();
        scope.sink.of(&path, "cannot be combined with `wallet`", Some(advice));
    }
    (scope.path(&keys::CA_FILE), scope.path(&keys::WALLET))
}

fn service(scope: &mut SectionReader<'_>) -> Option<Service> {
    let (name, sid) = (scope.text(&keys::SERVICE_NAME), scope.text(&keys::SID));
    match (scope.has(&keys::SERVICE_NAME), scope.has(&keys::SID)) {
        (true, true) => {
            let key = join(&scope.path, keys::SID.name);
            let advice = "keep the one that the server's listener knows".to_owned();
            scope.sink.of(&key, "cannot be combined with `service_name`", Some(advice));
            None
        }
        (false, false) => {
            let advice = "add `service_name = …`, or `sid = …` for an old server".to_owned();
            let [key, other] = [keys::SERVICE_NAME, keys::SID].map(|key| join(&scope.path, key.name));
            if scope.sink.is_reported(&key) || scope.sink.is_reported(&other) {
                return None;
            }
            scope.sink.of(&key, "is missing", Some(advice));
            None
        }
        _ => name.map(Service::Name).or(sid.map(Service::Sid)),
    }
}

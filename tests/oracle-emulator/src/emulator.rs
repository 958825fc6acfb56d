//! The emulator as tests use it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};

use crate::certificates::Certificates;
use crate::engine::{CATALOGUE, Cluster, Link, OWNER, Shared, Snapshots, missing};
use crate::faults::Faults;
use crate::net::Door;
use crate::options::{Account, Options, Release, Transport};
use crate::server::{Asked, Server};
use crate::sql::names;

/// A running emulator. Stops when it is dropped.
pub struct Emulator {
    server: Arc<Server>,
    doors: Mutex<Vec<Door>>,
    ports: Vec<(Release, Transport, u16)>,
    // Dropped last: the doors' clients still use it.
    _cluster: Cluster,
}

impl Emulator {
    /// Starts PostgreSQL in a temporary folder, and listens on loopback: each release by TCP and by TCPS.
    ///
    /// # Errors
    ///
    /// Where PostgreSQL 15 or orafce is missing, or does not start.
    pub fn start(options: Options) -> Result<Self> {
        let cluster = Cluster::start()?;
        let socket = cluster.socket().to_owned();
        let mut link = Link::open(&socket, OWNER).map_err(|error| anyhow!("{error}"))?;
        for part in CATALOGUE {
            link.run(part, &|| false).map_err(|error| anyhow!("preparing PostgreSQL: {error}"))?;
        }
        for account in &options.accounts {
            create(&mut link, account)?;
        }
        let engine = Shared { snapshots: Snapshots::new(socket.clone()), socket, temporaries: Mutex::default() };
        let certificates = Certificates::make().context("making certificates")?;
        let first = options.first_port;
        let server = Arc::new(Server::new(options, engine, certificates));
        let mut wanted = Vec::new();
        for (at, (release, transport)) in all_doors().enumerate() {
            wanted.push((release, transport, if first == 0 { 0 } else { first + at as u16 }));
        }
        let mut emulator = Self { server, doors: Mutex::default(), ports: wanted, _cluster: cluster };
        emulator.ports = emulator.listen()?;
        Ok(emulator)
    }

    /// The missing requirement of the emulator on this machine; `setup.sh` installs it. Tests are then skipped, unless
    /// the environment has `CI=true`.
    #[must_use]
    pub fn missing() -> Option<&'static str> {
        missing()
    }

    fn listen(&self) -> Result<Vec<(Release, Transport, u16)>> {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ports = Vec::new();
        for (release, transport, port) in &self.ports {
            let door = Door::open(*port, &self.server, *release, *transport);
            let door = door.with_context(|| format!("listening on port {port} of loopback"))?;
            ports.push((*release, *transport, door.port()));
            doors.push(door);
        }
        Ok(ports)
    }

    /// The loopback port of a release.
    #[must_use]
    pub fn port(&self, release: Release, transport: Transport) -> u16 {
        let known = self.ports.iter().find(|known| (known.0, known.1) == (release, transport));
        known.map_or(0, |known| known.2)
    }

    /// The address in Oracle's short form, e.g. `tcps://localhost:2484/STANDIN`.
    #[must_use]
    pub fn address(&self, release: Release, transport: Transport) -> String {
        let scheme = if transport == Transport::Tcps { "tcps://" } else { "" };
        format!("{scheme}localhost:{}/{}", self.port(release, transport), self.server.options.service)
    }

    /// The folder with the certificate of the authority that verifies TCPS: `ewallet.pem`, and the same as `ca.pem`.
    #[must_use]
    pub fn wallet(&self) -> PathBuf {
        self.server.certificates.wallet()
    }

    /// The folder with the certificate of another authority, with which verification must fail.
    #[must_use]
    pub fn wrong_wallet(&self) -> PathBuf {
        self.server.certificates.wrong_wallet()
    }

    /// Fault scripts.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// A connection to PostgreSQL as its owner, without the emulator: to prepare and inspect data, and to hold open a
    /// transaction that commits late. It speaks PostgreSQL's SQL; names are lower case there.
    ///
    /// # Errors
    ///
    /// If PostgreSQL does not answer.
    pub fn admin(&self) -> Result<Admin> {
        let link = Link::open(&self.server.engine.socket, OWNER).map_err(|error| anyhow!("{error}"))?;
        Ok(Admin { link })
    }

    /// Forgets the snapshots of all system change numbers: reading as of one of them is ORA-01555.
    pub fn forget_snapshots(&self) {
        self.server.engine.snapshots.forget();
    }

    /// The number of connected clients.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.lines.count()
    }

    /// Cuts all connections. New ones are accepted.
    pub fn cut_connections(&self) {
        self.server.lines.cut();
    }

    /// Closes the listeners and cuts all connections: the system refuses connections, which is ORA-12541 to a client.
    pub fn close(&self) {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.server.kill();
    }

    /// Listens again, on the same ports.
    ///
    /// # Errors
    ///
    /// If another program has taken a port meanwhile.
    pub fn open(&self) -> Result<()> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.server.open();
        self.listen().map(drop)
    }

    /// The calls of clients so far, round trip by round trip: rows of statements, pieces of large objects.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.server.asked()
    }

    /// Messages that clients sent and the emulator did not understand. Useful when a client behaves oddly.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.server.notes()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.close();
    }
}

/// A connection to PostgreSQL itself.
pub struct Admin {
    link: Link,
}

impl Admin {
    /// Runs PostgreSQL statements, also BEGIN and COMMIT.
    ///
    /// # Errors
    ///
    /// PostgreSQL's error, as Oracle's.
    pub fn execute(&mut self, sql: &str) -> Result<()> {
        self.link.run(sql, &|| false).map(drop).map_err(|error| anyhow!("{error}"))
    }

    /// Runs a query and returns its rows as text.
    ///
    /// # Errors
    ///
    /// PostgreSQL's error, as Oracle's.
    pub fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.link.rows(sql).map_err(|error| anyhow!("{error}"))
    }
}

fn all_doors() -> impl Iterator<Item = (Release, Transport)> {
    Release::ALL.into_iter().flat_map(|release| Transport::ALL.into_iter().map(move |transport| (release, transport)))
}

fn create(link: &mut Link, account: &Account) -> Result<()> {
    let role = names::quoted(&account.role());
    let mut sql = format!(
        "CREATE ROLE {role} LOGIN; CREATE SCHEMA {role}; GRANT USAGE ON SCHEMA {role} TO PUBLIC; \
         ALTER ROLE {role} SET search_path = {role}, sys, oracle, pg_catalog; \
         INSERT INTO sys.accounts (name) VALUES ({});",
        names::literal(&account.role())
    );
    if account.creates {
        sql += &format!("ALTER SCHEMA {role} OWNER TO {role};");
    }
    if account.sees_instances && account.sees_catalogue {
        sql += &format!("GRANT ora_instances TO {role};");
    }
    if account.sees_catalogue {
        sql += &format!("GRANT pg_read_all_stats TO {role};");
    }
    link.run(&sql, &|| false).map(drop).map_err(|error| anyhow!("creating the account {}: {error}", account.name))
}

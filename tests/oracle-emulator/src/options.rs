//! The settings of an emulator: releases, accounts, services.

use crate::values::charset::Charset;

/// A release of Oracle. The emulator speaks both at once, on ports of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// 19c.
    R19,
    /// 23ai: answers have an end-of-response flag, and login takes fewer round trips.
    R23,
}

impl Release {
    /// Both.
    pub const ALL: [Release; 2] = [Release::R19, Release::R23];

    /// The version that is sent to clients.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Release::R19 => "19.22.0.0.0",
            Release::R23 => "23.7.0.0.0",
        }
    }
}

/// The transport of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Without encryption.
    Tcp,
    /// With TLS.
    Tcps,
}

impl Transport {
    /// Both.
    pub const ALL: [Transport; 2] = [Transport::Tcp, Transport::Tcps];
}

/// The form in which the database keeps a password, which determines how a client has to prove it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verifier {
    /// SHA-1: accounts whose password is older than 12c.
    V11,
    /// PBKDF2 and SHA-512.
    #[default]
    V12,
}

/// The state of an account at login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountState {
    /// Login succeeds.
    #[default]
    Open,
    /// Login fails with ORA-28000.
    Locked,
    /// Login fails with ORA-28001.
    Expired,
}

/// An account, which has a schema of its own.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) verifier: Verifier,
    pub(crate) state: AccountState,
    pub(crate) sees_catalogue: bool,
    pub(crate) sees_instances: bool,
    pub(crate) creates: bool,
    pub(crate) expires_in_days: Option<u32>,
    pub(crate) has_quota: bool,
}

impl Account {
    /// An account that may create tables and see the `V$` views.
    #[must_use]
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_uppercase(),
            password: password.to_owned(),
            verifier: Verifier::default(),
            state: AccountState::default(),
            sees_catalogue: true,
            sees_instances: true,
            creates: true,
            expires_in_days: None,
            has_quota: true,
        }
    }

    /// With this verifier.
    #[must_use]
    pub fn verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = verifier;
        self
    }

    /// In this state.
    #[must_use]
    pub fn state(mut self, state: AccountState) -> Self {
        self.state = state;
        self
    }

    /// Without the right to see the `V$` views: they do not exist for it.
    #[must_use]
    pub fn without_catalogue(mut self) -> Self {
        self.sees_catalogue = false;
        self
    }

    /// Without the right to see other instances: the `GV$` views do not exist for it.
    #[must_use]
    pub fn without_other_instances(mut self) -> Self {
        self.sees_instances = false;
        self
    }

    /// With a password that expires after this number of days.
    #[must_use]
    pub fn expires_in_days(mut self, days: u32) -> Self {
        self.expires_in_days = Some(days);
        self
    }

    /// Without a quota in the catalogue; it can create and fill tables nevertheless.
    #[must_use]
    pub fn without_quota(mut self) -> Self {
        self.has_quota = false;
        self
    }

    /// Without the right to create anything, also in its own schema.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.creates = false;
        self
    }

    /// Its role and its schema in PostgreSQL.
    pub(crate) fn role(&self) -> String {
        crate::sql::names::shown(&self.name)
    }

    pub(crate) fn privileges(&self) -> &'static str {
        match (self.creates, self.has_quota) {
            (true, true) => "CREATE SESSION,CREATE TABLE,CREATE VIEW,CREATE SEQUENCE,UNLIMITED TABLESPACE",
            (true, false) => "CREATE SESSION,CREATE TABLE,CREATE VIEW,CREATE SEQUENCE",
            (false, _) => "CREATE SESSION",
        }
    }
}

/// The settings of an emulator.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) service: String,
    pub(crate) sid: String,
    pub(crate) accounts: Vec<Account>,
    pub(crate) sdu: usize,
    pub(crate) first_port: u16,
    pub(crate) charset: Charset,
    pub(crate) standby: Option<String>,
    pub(crate) is_parallel: bool,
}

impl Default for Options {
    /// The service STANDIN, the SID ORCL, and the accounts WMS and MART, whose passwords are their names in lower case.
    fn default() -> Self {
        Self {
            service: "STANDIN".to_owned(),
            sid: "ORCL".to_owned(),
            accounts: vec![Account::new("WMS", "wms"), Account::new("MART", "mart")],
            sdu: 65_535,
            first_port: 0,
            charset: Charset::default(),
            standby: None,
            is_parallel: false,
        }
    }
}

impl Options {
    /// Under this service name.
    #[must_use]
    pub fn service(mut self, name: &str) -> Self {
        self.service = name.to_owned();
        self
    }

    /// Under this system identifier.
    #[must_use]
    pub fn sid(mut self, name: &str) -> Self {
        self.sid = name.to_owned();
        self
    }

    /// With one more account, which replaces one of the same name.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.retain(|known| known.name != account.name);
        self.accounts.push(account);
        self
    }

    /// With packets of at most this number of bytes, whatever the client asks for.
    #[must_use]
    pub fn largest_packet(mut self, bytes: usize) -> Self {
        self.sdu = bytes.clamp(512, 65_535);
        self
    }

    /// With this character set of the database.
    #[must_use]
    pub fn charset(mut self, charset: Charset) -> Self {
        self.charset = charset;
        self
    }

    /// As a physical standby with this lag against its primary database, as in `+00 00:00:30`.
    #[must_use]
    pub fn standby(mut self, apply_lag: &str) -> Self {
        self.standby = Some(apply_lag.to_owned());
        self
    }

    /// As one of several instances. The table `sys.other_transactions` has the open transactions of the others.
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.is_parallel = true;
        self
    }

    /// On this port and the three after it, rather than on free ones.
    #[must_use]
    pub fn first_port(mut self, port: u16) -> Self {
        self.first_port = port;
        self
    }
}

//! The mock as a whole: its servers, and what a test can do with it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use wmshost_sample::Moment;
use wmshost_test_certificates::Authority;

use crate::api::{Exchange, State};
use crate::auth::Auth;
use crate::changes;
use crate::control;
use crate::faults::Faults;
use crate::http::{Handler, Server};
use crate::quirks::Quirks;
use crate::reply::{Reply, Request};
use crate::tenant::{Change, Tenant};
use crate::truth::{self, TrueRow};

/// The options of a mock.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed: the same seed, number and end make the same rows.
    pub seed: u64,
    /// The number of allocations; the other entities follow from it.
    pub allocations: u64,
    /// The end of the data by the warehouse's clocks, at which the server's clock begins.
    pub until: Moment,
    /// The quirks.
    pub quirks: Quirks,
    /// The address of the API; port 0 is a free one.
    pub listen: SocketAddr,
    /// True for HTTPS, with a certificate of a new authority.
    pub tls: bool,
    /// The environment, a part of every path.
    pub environment: String,
    /// Every request of this number meets a fault, under quirks that are faults; 1: all of them.
    pub fault_every: u64,
    /// The time for which a request is left unanswered under Q29, in milliseconds.
    pub hang_ms: u64,
    /// The life of a token.
    pub token_life: Duration,
    /// True for a server that changes the mock by requests, without credentials.
    pub control: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            allocations: 2_000,
            until: Moment::DEFAULT_UNTIL,
            quirks: Quirks::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            environment: "dev".to_owned(),
            fault_every: 7,
            hang_ms: 60_000,
            token_life: Duration::from_secs(3_600),
            control: false,
        }
    }
}

/// A request that came to the other host, to which nothing must be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The path and the query.
    pub target: String,
    /// True if it had credentials.
    pub has_credentials: bool,
}

/// A mock that runs until it is dropped.
pub struct Mock {
    state: Arc<Mutex<State>>,
    strays: Arc<Mutex<Vec<Stray>>>,
    authority: Option<Authority>,
    environment: String,
    api: Server,
    token: Server,
    control: Option<Server>,
    _other_host: Server,
}

impl Mock {
    /// Makes the rows and starts the servers.
    pub fn start(options: &Options) -> Result<Self> {
        let tenant = Tenant::new(options.seed, options.allocations, options.until, options.quirks)?;
        let root = format!("/{}/wms/lgfapi/v10", options.environment);
        let state = Arc::new(Mutex::new(State {
            tenant,
            auth: Auth::new(options.token_life),
            faults: Faults::new(options.fault_every, options.hang_ms),
            exchanges: Vec::new(),
            root: root.clone(),
        }));
        let authority = options.tls.then(|| Authority::new("wmshost mock authority")).transpose()?;
        let server = authority.as_ref().map(Authority::server).transpose()?;
        let free = SocketAddr::from((options.listen.ip(), 0));
        let strays = Arc::new(Mutex::new(Vec::new()));
        let of_state = |answer: fn(&mut State, &Request) -> Reply| -> Arc<Handler> {
            let state = Arc::clone(&state);
            Arc::new(move |request: &Request| answer(&mut lock(&state), request))
        };
        let api = Server::start(options.listen, server.clone(), of_state(State::answer))?;
        let token_handler = of_state(|state, request| state.auth.token(request, state.tenant.quirks));
        let token = Server::start(free, server.clone(), token_handler)?;
        let seen = Arc::clone(&strays);
        let other_host = Server::start(free, server, Arc::new(move |request: &Request| stray(&seen, request)))?;
        let control = options.control.then(|| Server::start(free, None, of_state(control::answer))).transpose()?;
        let scheme = if options.tls { "https" } else { "http" };
        {
            let mut state = lock(&state);
            state.tenant.base = format!("{scheme}://{}{root}/entity", api.address);
            state.tenant.other_host = format!("{scheme}://{}", other_host.address);
        }
        let environment = options.environment.clone();
        Ok(Self { state, strays, authority, environment, api, token, control, _other_host: other_host })
    }

    /// The base address with the environment: `http://127.0.0.1:8080/dev`.
    pub fn url(&self) -> String {
        format!("{}/{}", self.host_url(), self.environment)
    }

    /// The base address without the environment.
    pub fn host_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.api.address)
    }

    /// The token address, on another host.
    pub fn token_url(&self) -> String {
        format!("{}://{}/oauth2/v1/token", self.scheme(), self.token.address)
    }

    /// The address of the server that changes the mock, if there is one.
    pub fn control_url(&self) -> Option<String> {
        self.control.as_ref().map(|server| format!("http://{}", server.address))
    }

    /// The certificate of the authority, under HTTPS.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// Sets the quirks that are not in the data.
    pub fn set_quirks(&self, quirks: Quirks) {
        lock(&self.state).tenant.quirks = quirks;
    }

    /// The quirks.
    pub fn quirks(&self) -> Quirks {
        lock(&self.state).tenant.quirks
    }

    /// Answers this number of lists, and refuses all others (403); `None` ends that.
    pub fn refuse_after(&self, lists: Option<u64>) {
        lock(&self.state).faults.lists_left = lists;
    }

    /// Lets this number of seconds go by on the server's clock.
    pub fn advance(&self, seconds: i64) {
        lock(&self.state).tenant.advance(seconds);
    }

    /// Begins a day of changes, of a percentage of the allocations: one change after each `every` requests for lists.
    pub fn begin_changes(&self, seed: u64, percent: f64, every: u64) {
        let mut state = lock(&self.state);
        let changes = changes::day(&state.tenant, seed, percent);
        state.tenant.pending.extend(changes);
        state.tenant.every = every.max(1);
    }

    /// Changes this number of rows of an entity, as usual.
    pub fn touch(&self, entity: &'static str, count: usize) {
        let mut state = lock(&self.state);
        (0..count).for_each(|_| changes::apply(&mut state.tenant, Change::Update(entity)));
    }

    /// Deletes this number of rows of an entity, without a trace in the API.
    pub fn delete(&self, entity: &'static str, count: usize) {
        let mut state = lock(&self.state);
        (0..count).for_each(|_| changes::apply(&mut state.tenant, Change::Delete(entity)));
    }

    /// Lets all changes happen that were begun; returns their number.
    pub fn settle(&self) -> usize {
        let mut state = lock(&self.state);
        let count = state.tenant.pending.len();
        changes::settle(&mut state.tenant);
        count
    }

    /// The true rows of an entity, in the order of their ids.
    ///
    /// # Panics
    ///
    /// If there is no such entity.
    pub fn truth(&self, entity: &str) -> Vec<TrueRow> {
        truth::rows(&lock(&self.state).tenant, entity)
    }

    /// The ids of rows whose last change only a comparison finds.
    pub fn unseen(&self, entity: &str) -> BTreeSet<i64> {
        truth::unseen(&lock(&self.state).tenant, entity)
    }

    /// The requests to the API since the last call.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut lock(&self.state).exchanges)
    }

    /// The requests to the token address so far.
    pub fn tokens_asked(&self) -> u64 {
        lock(&self.state).auth.asked
    }

    /// The requests to the other host so far.
    pub fn strays(&self) -> Vec<Stray> {
        lock(&self.strays).clone()
    }

    fn scheme(&self) -> &'static str {
        if self.authority.is_some() { "https" } else { "http" }
    }
}

/// A thread that panicked was answering a request: what it left is still of use to the test.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stray(strays: &Mutex<Vec<Stray>>, request: &Request) -> Reply {
    let has_credentials = request.header("authorization").is_some() || !request.body.is_empty();
    lock(strays).push(Stray { target: request.target.clone(), has_credentials });
    Reply::html(200, "Another host")
}

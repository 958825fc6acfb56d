//! The HTTP interface of `wmshost serve`: its dashboard, its state as JSON, events, metrics, and orders. It listens on this machine only, and
//! answers each request on a thread of its own, one request per connection.
//!
//! | module | purpose |
//! |---|---|
//! | `access` | the tokens, and what they allow |
//! | `sessions` | the browsers that have signed in |
//! | `kept` | values that are kept for a moment, for many readers |
//! | `rejected` | rejected rows in groups |
//! | `exchange` | a request and its reply |
//! | `route` | a route |
//! | `connection` | reading a request and writing a reply, with limits |
//! | `routes` | the table of routes |
//! | `api` | the replies of the routes |
//! | `feed` | events as they happen |
//! | `metrics` | metrics in the form of OpenMetrics |
//! | `openapi` | the description of the routes for programs |
//! | `pages` | the dashboard |

mod access;
mod api;
mod connection;
mod exchange;
mod feed;
mod kept;
mod metrics;
mod openapi;
mod pages;
mod rejected;
mod route;
mod routes;
mod sessions;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wmshost_flow::Failure;
use wmshost_runtime::serve::ServeHandle;
use wmshost_runtime::status::{PipelineState, status};

pub(crate) use access::Tokens;
pub(crate) use feed::Feed;
use kept::Kept;
use rejected::Rejected;
use sessions::Sessions;

/// The most connections at once.
const MOST_CONNECTIONS: usize = 1_024;
/// The stack of a connection's thread: it holds one request and one reply.
const STACK_BYTES: usize = 512 << 10;

/// The parts that all replies are made of.
pub(crate) struct Site {
    pub(crate) handle: ServeHandle,
    pub(crate) feed: Arc<Feed>,
    tokens: Tokens,
    sessions: Sessions,
    states: Kept<PipelineState>,
    quarantines: Kept<Rejected>,
    metrics: Kept<Vec<u8>>,
}

impl Site {
    pub(crate) fn new(handle: ServeHandle, feed: Arc<Feed>, tokens: Tokens) -> Self {
        let (states, quarantines, metrics) = (Kept::default(), Kept::default(), Kept::default());
        Self { handle, feed, tokens, sessions: Sessions::default(), states, quarantines, metrics }
    }

    /// The state of a pipeline, at most two seconds old; `None` if no pipeline of this name is served.
    fn state(&self, name: &str) -> Option<Arc<PipelineState>> {
        let pipeline = self.handle.pipeline(name)?;
        self.states.get(name, || status(self.handle.runtime(), &pipeline, &[])).ok()
    }
}

/// Takes the address, so that an error is found before anything runs. Only addresses of this machine are taken.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().is_loopback() {
        let message = format!("--listen {address}: the address can be reached from other machines");
        let advice = "listen on 127.0.0.1, and have a proxy with TLS forward to it";
        return Err(Failure::invalid_config(message).advise(advice));
    }
    TcpListener::bind(address).map_err(|error| {
        Failure::invalid_config(format!("--listen {address}: {error}")).advise("choose another port, or end its owner")
    })
}

/// Answers requests from now on, on threads of its own.
pub(crate) fn listen(listener: TcpListener, site: Site) -> Result<(), Failure> {
    let (site, open) = (Arc::new(site), Arc::new(AtomicUsize::new(0)));
    let accept = move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Such as too many open files: others may be closed soon.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                connection::refuse_busy(stream);
                continue;
            }
            let (site, counted) = (Arc::clone(&site), Arc::clone(&open));
            let serve = move || {
                connection::serve(stream, &site);
                counted.fetch_sub(1, Ordering::Relaxed);
            };
            if std::thread::Builder::new().name("request".to_owned()).stack_size(STACK_BYTES).spawn(serve).is_err() {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    };
    let thread = std::thread::Builder::new().name("listener".to_owned()).spawn(accept);
    thread.map(drop).map_err(|error| Failure::permanent(format!("the listener cannot be started: {error}")))
}

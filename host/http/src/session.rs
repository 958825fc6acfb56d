//! A stream's access to a service: each request is tried until its consequence is clear, and every try is in the run's
//! log, with path, status, bytes and milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wmshost_flow::{
    Cancel, Failure, JsonColumn, JsonRows, ResponseFacts, RowsOf, Service, ServiceRequest, ServiceResponse,
    ServiceSession,
};
use wmshost_pipeline::WebService;

use crate::exchange::{Exchange, Received, Trouble};
use crate::pace::{Pace, wait};
use crate::problem;
use crate::sign_in::{Authorization, Signer};
use crate::target::Target;
use crate::verdict::{Verdict, verdict};
use wmshost_json::{Reading, http_date, rows_of};

/// The refusals of one request by a service that has accepted others, each with a new token. A tenant may refuse a good one.
const FRESH_TOKENS: u32 = 4;

/// Prepares the client of a service. Nothing is connected yet.
pub fn open(label: &str, service: &WebService) -> Result<Arc<dyn Service>, Failure> {
    let shared = Shared {
        label: label.to_owned(),
        base: service.base.to_string(),
        exchange: Exchange::new(service)?,
        signer: Signer::new(service),
        pace: Pace::new(service),
        retries: service.request_retries,
        is_proven: AtomicBool::new(false),
        accepted_token: AtomicU64::new(0),
    };
    Ok(Arc::new(Client(Arc::new(shared))))
}

/// The parts that all sessions share.
struct Shared {
    label: String,
    base: String,
    exchange: Exchange,
    signer: Signer,
    pace: Pace,
    retries: u32,
    /// True once the service has accepted the credentials.
    is_proven: AtomicBool,
    /// The number of the newest token that the service has accepted.
    accepted_token: AtomicU64,
}

struct Client(Arc<Shared>);

impl Service for Client {
    fn session(&self, stream: &str) -> Box<dyn ServiceSession> {
        Box::new(Session { shared: Arc::clone(&self.0), stream: stream.to_owned() })
    }
}

struct Session {
    shared: Arc<Shared>,
    stream: String,
}

impl ServiceSession for Session {
    fn send(&mut self, request: &ServiceRequest, cancel: &Cancel) -> Result<Box<dyn ServiceResponse>, Failure> {
        let target = Target::new(&request.path, &request.parameters)?;
        let sent = self.try_until_clear(&target, request.is_head, cancel);
        let named = |failure: Failure| failure.within(format_args!("service {}, {}", self.shared.label, target.shown));
        sent.map(|response| Box::new(response) as Box<dyn ServiceResponse>).map_err(named)
    }
}

impl Session {
    fn try_until_clear(&self, target: &Target, is_head: bool, cancel: &Cancel) -> Result<Response, Failure> {
        let Shared { exchange, signer, pace, retries, is_proven, accepted_token, .. } = &*self.shared;
        let (mut tries, mut refusals) = (0, 0);
        loop {
            let authorization = signer.authorization(exchange, pace, cancel)?;
            let (received, took) = self.try_once(target, is_head, &authorization, cancel)?;
            match verdict(received, tries, &signer.secrets()) {
                Verdict::Done(received) => {
                    is_proven.store(true, Ordering::Relaxed);
                    accepted_token.fetch_max(authorization.number, Ordering::Relaxed);
                    return Ok(self.response(received, took));
                }
                Verdict::Stop(failure) => return Err(failure),
                Verdict::Unauthorized(said) => {
                    let may_help = signer.drop_token(authorization.number) || is_proven.load(Ordering::Relaxed);
                    // A token that was accepted before has ended, perhaps by requests of other streams while this one
                    // waited for its turn.
                    let was_accepted = accepted_token.load(Ordering::Relaxed) >= authorization.number;
                    // Its own server has accepted the credentials for each new token, so that no account is locked.
                    let is_by_mistake = refusals < FRESH_TOKENS && is_proven.load(Ordering::Relaxed);
                    let is_useful = match refusals {
                        0 => may_help,
                        _ => authorization.number > 0 && (was_accepted || is_by_mistake) && pace.spend_retry(),
                    };
                    if !is_useful {
                        return Err(self.refused(&said));
                    }
                    refusals += 1;
                }
                Verdict::Again { why, asked, last } => {
                    if tries >= *retries || !pace.spend_retry() {
                        let tries = tries + 1;
                        return last.map(|received| self.response(received, took)).ok_or_else(|| {
                            Failure::transient(format!("{why}; {tries} {}", if tries == 1 { "try" } else { "tries" }))
                        });
                    }
                    let pause = pace.pause(tries, asked);
                    if asked.is_some() {
                        pace.hold(pause);
                    }
                    tries += 1;
                    wait(pause, cancel)?;
                }
            }
        }
    }

    /// Sends a request once when it is its turn.
    fn try_once(
        &self,
        target: &Target,
        is_head: bool,
        authorization: &Authorization,
        cancel: &Cancel,
    ) -> Result<(Result<Received, Trouble>, Duration), Failure> {
        let Shared { label, base, exchange, pace, .. } = &*self.shared;
        let turn = pace.turn(cancel)?;
        let begun = Instant::now();
        let header = authorization.header.as_ref().map(|header| header.reveal());
        let received = exchange.get(&format!("{base}{}", target.sent), is_head, header);
        let took = begun.elapsed();
        drop(turn);
        let method = if is_head { "HEAD" } else { "GET" };
        let (stream, path, ms) = (&self.stream, &target.shown, took.as_millis());
        match &received {
            Ok(Received { status, body, received_bytes, .. }) => {
                let bytes = body.len();
                tracing::info!(stream, service = label, method, path, status, received_bytes, bytes, ms, "request");
            }
            Err(trouble) => tracing::info!(stream, service = label, method, path, %trouble, ms, "request failed"),
        }
        Ok((received, took))
    }

    fn refused(&self, said: &str) -> Failure {
        let failure = Failure::invalid_config(format!("the credentials are refused with 401: {said}")).advise(
            "check the user, the password or the client in the pipeline's variables; they are not sent again in this run, \
             because accounts get locked",
        );
        self.shared.signer.refuse(&failure);
        failure
    }

    fn response(&self, received: Received, took: Duration) -> Response {
        let problem = match received.status {
            400.. => problem::words(&received.body, &self.shared.signer.secrets()),
            _ => String::new(),
        };
        let facts = ResponseFacts {
            status: received.status,
            date: received.header("date").and_then(http_date),
            bytes: received.body.len() as u64,
            received_bytes: received.received_bytes,
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            problem,
        };
        Response { facts, body: received.body }
    }
}

/// A response with its body.
struct Response {
    facts: ResponseFacts,
    body: Vec<u8>,
}

impl ServiceResponse for Response {
    fn facts(&self) -> &ResponseFacts {
        &self.facts
    }

    fn rows(&self, pointer: &str, each: RowsOf, columns: &[JsonColumn]) -> Result<JsonRows, Failure> {
        rows_of(&self.body, pointer, each, columns, Reading::STRICT)
    }

    fn body(&self) -> &[u8] {
        &self.body
    }
}

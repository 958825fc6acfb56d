//! The header that signs a request in. With OAuth one token serves all streams of a run: it is asked for once, renewed
//! before it ends, and once more when the service refuses it. Credentials that were refused are not sent again, because
//! accounts get locked.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use wmshost_flow::{Cancel, Failure};
use wmshost_pipeline::{Grant, OAuthClient, Secret, SignIn, User, WebService};

use crate::exchange::{Exchange, Received, Trouble};
use crate::pace::{Pace, wait};
use crate::problem;
use crate::target::encoded;

/// The life of a token whose server does not state it.
const USUAL_LIFE: Duration = Duration::from_secs(3_600);
/// A token is renewed this long before its end, or a tenth of its life, whichever is less.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// The tries of one token request.
const TRIES: u32 = 4;

/// Signs the requests of a service in.
pub(crate) struct Signer {
    way: SignIn,
    state: Mutex<State>,
    /// The texts that are kept out of everything that is shown.
    secrets: Vec<String>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The number of the token that was asked for last.
    number: u64,
    /// The refresh token that replaced the one of the pipeline.
    refresh: Option<Secret>,
    /// The failure after which the credentials are not sent again.
    refused: Option<Failure>,
}

struct Token {
    text: Secret,
    renew_at: Instant,
}

/// The header for one request, and the number of its token.
pub(crate) struct Authorization {
    pub(crate) header: Option<Secret>,
    pub(crate) number: u64,
}

impl Signer {
    pub(crate) fn new(service: &WebService) -> Self {
        let mut secrets: Vec<String> = service.secrets().into_iter().map(|secret| secret.reveal().to_owned()).collect();
        match &service.sign_in {
            SignIn::None => {}
            SignIn::Basic(user) => secrets.push(basic(&user.name, &user.password, str::to_owned)),
            SignIn::OAuth(client) => secrets.push(basic(&client.id, &client.secret, encoded)),
        }
        Self { way: service.sign_in.clone(), state: Mutex::default(), secrets }
    }

    /// Returns the header for the next request; asks for a token if there is none, or if it ends soon. One token is asked
    /// for at a time, for all streams.
    pub(crate) fn authorization(
        &self,
        exchange: &Exchange,
        pace: &Pace,
        cancel: &Cancel,
    ) -> Result<Authorization, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        match &self.way {
            SignIn::None => Ok(Authorization { header: None, number: 0 }),
            SignIn::Basic(user) => {
                let header = format!("Basic {}", basic(&user.name, &user.password, str::to_owned));
                Ok(Authorization { header: Some(Secret::new(header)), number: 0 })
            }
            SignIn::OAuth(client) => {
                if state.token.as_ref().is_none_or(|token| Instant::now() >= token.renew_at) {
                    let secrets = self.secrets_with(&state);
                    let asked = Asking { client, exchange, pace, secrets: &secrets }.token(&mut state, cancel);
                    asked.inspect_err(|failure| {
                        if failure.kind == wmshost_flow::FailureKind::InvalidConfig {
                            state.refused = Some(failure.clone());
                        }
                    })?;
                }
                let token = state.token.as_ref().map_or("", |token| token.text.reveal());
                let header = Some(Secret::new(format!("Bearer {token}")));
                Ok(Authorization { header, number: state.number })
            }
        }
    }

    /// Drops a token that the service refused, unless another one has replaced it; returns true if a new one may help.
    pub(crate) fn drop_token(&self, number: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.number == number {
            state.token = None;
        }
        matches!(self.way, SignIn::OAuth(_))
    }

    /// Remembers that the credentials were refused.
    pub(crate) fn refuse(&self, failure: &Failure) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.refused.get_or_insert_with(|| failure.clone());
    }

    /// The texts that are kept out of everything that is shown, with the present tokens.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.secrets_with(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn secrets_with(&self, state: &State) -> Vec<String> {
        let token = state.token.iter().map(|token| token.text.reveal().to_owned());
        let refresh = state.refresh.iter().map(|token| token.reveal().to_owned());
        self.secrets.iter().cloned().chain(token).chain(refresh).collect()
    }
}

/// The credentials of HTTP Basic; `encode` is applied to both parts first.
fn basic(name: &str, password: &Secret, encode: impl Fn(&str) -> String) -> String {
    STANDARD.encode(format!("{}:{}", encode(name), encode(password.reveal())))
}

/// A request for a token.
struct Asking<'a> {
    client: &'a OAuthClient,
    exchange: &'a Exchange,
    pace: &'a Pace,
    secrets: &'a [String],
}

impl Asking<'_> {
    /// Asks for a token, again after failures that may pass.
    fn token(&self, state: &mut State, cancel: &Cancel) -> Result<(), Failure> {
        let address = &self.client.token_address;
        let mut tries = 0;
        loop {
            let received = self.exchange.post_form(&address.resource(), &self.headers(), &self.form(state));
            let status = received.as_ref().map_or(0, |received| received.status);
            tracing::info!(method = "POST", address = %address, status, "asked for a token");
            let (why, asked) = match self.verdict(received)? {
                Ok(token) => return self.keep(token, state),
                Err(again) => again,
            };
            tries += 1;
            if tries >= TRIES || !self.pace.spend_retry() {
                return Err(Failure::transient(format!("{address} did not issue a token: {why}; {tries} tries"))
                    .advise("if it stays so, check `token_url`"));
            }
            wait(self.pace.pause(tries - 1, asked), cancel)?;
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let OAuthClient { id, secret, is_in_form, identity_domain, .. } = self.client;
        let header = (!is_in_form).then(|| ("authorization", format!("Basic {}", basic(id, secret, encoded))));
        let domain = identity_domain.iter().map(|domain| ("x-user-identity-domain-name", domain.clone()));
        header.into_iter().chain(domain).collect()
    }

    fn form(&self, state: &State) -> String {
        let OAuthClient { id, secret, is_in_form, grant, scope, .. } = self.client;
        let mut form = String::new();
        let mut add = |name: &str, value: &str| {
            let gap = if form.is_empty() { "" } else { "&" };
            let _ = write!(form, "{gap}{name}={}", encoded(value));
        };
        match grant {
            Grant::ClientCredentials => add("grant_type", "client_credentials"),
            Grant::Password(User { name, password }) => {
                add("grant_type", "password");
                add("username", name);
                add("password", password.reveal());
            }
            Grant::RefreshToken(token) => {
                add("grant_type", "refresh_token");
                add("refresh_token", state.refresh.as_ref().unwrap_or(token).reveal());
            }
        }
        if let Some(scope) = scope {
            add("scope", scope);
        }
        if *is_in_form {
            add("client_id", id);
            add("client_secret", secret.reveal());
        }
        form
    }

    /// The document with the token, or the reason why another try may help and the pause that the server asks for.
    fn verdict(
        &self,
        received: Result<Received, Trouble>,
    ) -> Result<Result<Json, (String, Option<Duration>)>, Failure> {
        let address = &self.client.token_address;
        let received = match received {
            Ok(received) => received,
            Err(Trouble::Refused(why, advice)) => {
                return Err(Failure::invalid_config(format!("{address}: {why}")).advise(advice));
            }
            Err(trouble) => return Ok(Err((trouble.to_string(), None))),
        };
        let said = problem::words(&received.body, self.secrets);
        match received.status {
            200..=299 => match serde_json::from_slice::<Json>(&received.body) {
                Ok(token) if token.get("access_token").is_some_and(Json::is_string) => Ok(Ok(token)),
                _ => Ok(Err(("its answer has no token".to_owned(), None))),
            },
            429 | 500..=599 => {
                let asked = crate::verdict::retry_after(&received);
                Ok(Err((format!("it answered {}: {said}", received.status), asked)))
            }
            status @ (400 | 401 | 403) => {
                let message = format!("{address} refuses the credentials with {status}: {said}");
                Err(Failure::invalid_config(message).advise(
                    "check `client_id`, `client_secret`, the user and `scope`; they are not sent again in this run, \
                     because accounts get locked",
                ))
            }
            status => {
                Err(Failure::permanent(format!("{address} is not a token address: it answered {status}: {said}"))
                    .advise("check `token_url`"))
            }
        }
    }

    fn keep(&self, answer: Json, state: &mut State) -> Result<(), Failure> {
        let text = |name: &str| answer.get(name).and_then(Json::as_str);
        let token = text("access_token").unwrap_or_default();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let address = &self.client.token_address;
            return Err(Failure::permanent(format!("{address} issued a token that no header can hold")));
        }
        let seconds = answer.get("expires_in").and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
        let life = seconds.map_or(USUAL_LIFE, Duration::from_secs).min(24 * USUAL_LIFE);
        let renew_at = Instant::now() + life.saturating_sub(RENEW_BEFORE.min(life / 10));
        state.token = Some(Token { text: Secret::new(token), renew_at });
        state.number += 1;
        state.refresh = text("refresh_token").map(Secret::new).or(state.refresh.take());
        Ok(())
    }
}

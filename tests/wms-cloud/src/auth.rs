//! Signing in: HTTP Basic, and OAuth 2.0 with tokens that expire.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::quirks::{Quirk, Quirks};
use crate::reply::{Refusal, Reply, Request};
use crate::text::{from_base64, from_percent, pairs};

/// The user of Basic and of the password grant.
pub const USER: &str = "reader";
/// The password of [`USER`].
pub const PASSWORD: &str = "reader-pa55word";
/// The confidential application.
pub const CLIENT_ID: &str = "wmshost-client";
/// The secret of [`CLIENT_ID`]; a plus has to be encoded.
pub const CLIENT_SECRET: &str = "client+5ecret/";
/// The scope that a token is asked for.
pub const SCOPE: &str = "urn:resource:fusion:scm:logistics:wms:lgfapi/";

/// The requests that a token is valid for under Q35, and the requests for tokens that fail under Q36.
const USES: u32 = 12;
const FAILURES: u64 = 2;

struct Token {
    expires: Instant,
    uses: u32,
}

/// The users and tokens of a mock.
pub(crate) struct Auth {
    life: Duration,
    tokens: HashMap<String, Token>,
    refresh: Option<String>,
    /// Requests for tokens so far.
    pub(crate) asked: u64,
}

impl Auth {
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, tokens: HashMap::new(), refresh: None, asked: 0 }
    }

    /// Checks the credentials of a request to the API.
    pub(crate) fn check(&mut self, request: &Request, quirks: Quirks) -> Result<(), Refusal> {
        let refused = |message: &str| Refusal::new(401, "AUTHENTICATION_FAILED", message);
        let given = request.header("authorization").ok_or_else(|| refused("Credentials were not provided"))?;
        if let Some(basic) = given.strip_prefix("Basic ") {
            let is_right = from_base64(basic).is_some_and(|pair| pair == format!("{USER}:{PASSWORD}"));
            return if is_right { Ok(()) } else { Err(refused("Invalid username or password")) };
        }
        let token = given.strip_prefix("Bearer ").and_then(|token| self.tokens.get_mut(token));
        let token = token.ok_or_else(|| refused("Invalid token"))?;
        token.uses += 1;
        let is_spent = quirks.has(Quirk::TokensDieEarly) && token.uses > USES;
        if token.expires <= Instant::now() || is_spent { Err(refused("Token has expired")) } else { Ok(()) }
    }

    /// Answers a request to the token address.
    pub(crate) fn token(&mut self, request: &Request, quirks: Quirks) -> Reply {
        self.asked += 1;
        if quirks.has(Quirk::TokenAddressFails) && self.asked <= FAILURES {
            return Reply::html(503, "Service Unavailable");
        }
        let refused = |status, error: &str| {
            Reply::json(status, format!(r#"{{"error": "{error}", "error_description": "refused by the mock"}}"#))
        };
        let form = std::str::from_utf8(&request.body).ok().and_then(pairs);
        let Some(form) = form.filter(|_| request.method == "POST") else { return refused(400, "invalid_request") };
        let field = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        let basic = request.header("authorization").and_then(|given| from_base64(given.strip_prefix("Basic ")?));
        let client = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
            // RFC 6749: both parts are form-encoded first.
            Some((id, secret)) => (from_percent(id).unwrap_or_default(), from_percent(secret).unwrap_or_default()),
            None => (field("client_id").to_owned(), field("client_secret").to_owned()),
        };
        if client != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
            return refused(401, "invalid_client");
        }
        let is_granted = match field("grant_type") {
            "client_credentials" => true,
            "password" => field("username") == USER && field("password") == PASSWORD,
            "refresh_token" => self.refresh.as_deref() == Some(field("refresh_token")),
            _ => return refused(400, "unsupported_grant_type"),
        };
        if !is_granted {
            return refused(400, "invalid_grant");
        }
        if field("grant_type") != "refresh_token" && field("scope") != SCOPE {
            return refused(400, "invalid_scope");
        }
        self.issue(field("grant_type") != "client_credentials")
    }

    fn issue(&mut self, has_refresh: bool) -> Reply {
        let number = self.asked;
        let token = format!("access-t0ken-{number:06}");
        self.tokens.insert(token.clone(), Token { expires: Instant::now() + self.life, uses: 0 });
        let mut refresh = String::new();
        if has_refresh {
            let text = format!("refresh-t0ken-{number:06}");
            refresh = format!(r#", "refresh_token": "{text}""#);
            self.refresh = Some(text);
        }
        let life = self.life.as_secs();
        Reply::json(
            200,
            format!(r#"{{"access_token": "{token}", "token_type": "Bearer", "expires_in": {life}{refresh}}}"#),
        )
    }
}

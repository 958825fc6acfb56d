//! A request and its reply.

use serde::Serialize;

/// A request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The text after `?`.
    pub(super) query: String,
    pub(super) host: String,
    /// The token of its `Authorization: Bearer` header.
    pub(super) token: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A reply.
pub(super) enum Reply {
    /// A whole body of this type.
    Body(u16, &'static str, Vec<u8>),
    /// Events, until the reader goes.
    Feed,
}

/// A request that is refused: the status, and the reason.
pub(super) struct Refusal(pub(super) u16, pub(super) String);

/// The body of a refusal.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct RefusalDocument {
    /// The reason, and what to do.
    error: String,
}

impl Reply {
    /// A document as JSON.
    pub(super) fn json(status: u16, document: &impl Serialize) -> Self {
        let body = serde_json::to_vec(document).unwrap_or_default();
        Self::Body(status, "application/json", body)
    }

    /// A refused request.
    pub(super) fn refusal(Refusal(status, error): Refusal) -> Self {
        Self::json(status, &RefusalDocument { error })
    }
}

/// A request of a route, with the names in its path.
pub(super) struct Call<'a> {
    request: &'a Request,
    names: Vec<&'a str>,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a Request, names: Vec<&'a str>) -> Self {
        Self { request, names }
    }

    /// The first name in the path; no route has two.
    pub(super) fn name(&self) -> &str {
        self.names.first().copied().unwrap_or_default()
    }

    /// A parameter after `?`. Values need no escapes.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

//! A route: what it takes, what it returns and what answers it.

use schemars::{Schema, SchemaGenerator};

use super::Site;
use super::access::Access;
use super::exchange::{Call, Refusal, Reply};

/// The form of a reply.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// JSON of a type.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Text of a media type.
    Text(&'static str),
}

/// A route.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// Its path; a part in braces is a name that the caller chooses.
    pub(super) path: &'static str,
    /// Its name for programs.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// The parameters after `?`, each with its meaning.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The status of a reply that is no refusal.
    pub(super) status: u16,
    pub(super) form: Form,
    pub(super) handle: fn(&Site, &Call<'_>) -> Result<Reply, Refusal>,
}

impl Route {
    /// The right that it needs: what is no GET is an order, and all that the host keeps is below `/api/v1`.
    pub(super) fn access(&self) -> Access {
        match self.method {
            "GET" if self.path.starts_with("/api/v1/") => Access::Read,
            "GET" => Access::Open,
            _ => Access::Operate,
        }
    }
}

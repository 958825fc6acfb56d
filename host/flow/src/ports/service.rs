//! Port: reading a web service. Its rows arrive in responses that the service decides the size of, so there is neither a
//! snapshot nor a query language; everything else about the service is known to the extractor only.

use arrow_schema::FieldRef;

use super::cancel::Cancel;
use super::clock::Micros;
use crate::failure::Failure;
use crate::rows::batch::Batch;

/// A request to read something below the service's base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRequest {
    /// True to ask for the status and the headers only.
    pub is_head: bool,
    /// The path relative to the base address.
    pub path: String,
    /// The parameters of the query, not encoded.
    pub parameters: Vec<(String, String)>,
}

/// The facts about a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFacts {
    /// The status.
    pub status: u16,
    /// The service's clock when it answered, if it reports it.
    pub date: Option<Micros>,
    /// Bytes of the body, unpacked.
    pub bytes: u64,
    /// Bytes of the body as they were received.
    pub received_bytes: u64,
    /// The time from the request to the last byte, in microseconds.
    pub micros: u64,
    /// The service's words about a status from 400 on, cleaned and cut; empty for others.
    pub problem: String,
}

/// The way in which a JSON value becomes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsOf {
    /// One row for each element of an array.
    Elements,
    /// One row for each member of an object.
    Members,
    /// One row for the value as a whole.
    Document,
}

/// The place of a column's value in the JSON value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonPlace {
    /// The name of the member that the row is made of.
    MemberName,
    /// Within the row's value.
    Path {
        /// The names of members, each within the one before.
        names: Vec<String>,
        /// True if a scalar that the path meets before its end is the value.
        or_bare: bool,
    },
}

/// A column to make of JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonColumn {
    /// Its name and its type.
    pub field: FieldRef,
    /// The place of its values.
    pub place: JsonPlace,
}

/// Rows made of JSON.
#[derive(Debug)]
pub struct JsonRows {
    /// The rows, and those that have a bad value as rejected ones.
    pub batch: Batch,
    /// Members of the rows that no column names, in the order in which they were met; at most 64.
    pub other_members: Vec<String>,
    /// Columns that no row has a member for.
    pub absent_columns: Vec<String>,
}

/// A web service of a run, with one set of credentials and one pace for all of its sessions.
pub trait Service: Send + Sync {
    /// Returns a session for one stream.
    fn session(&self, stream: &str) -> Box<dyn ServiceSession>;
}

/// One stream's access to a web service.
pub trait ServiceSession: Send {
    /// Sends a request and waits for the whole response, or until `cancel` is set.
    fn send(&mut self, request: &ServiceRequest, cancel: &Cancel) -> Result<Box<dyn ServiceResponse>, Failure>;
}

/// A response with its body.
pub trait ServiceResponse: Send {
    /// Returns the facts about it.
    fn facts(&self) -> &ResponseFacts;
    /// Makes rows of the JSON value at a pointer.
    fn rows(&self, pointer: &str, each: RowsOf, columns: &[JsonColumn]) -> Result<JsonRows, Failure>;
    /// Returns the unpacked body.
    fn body(&self) -> &[u8];
}

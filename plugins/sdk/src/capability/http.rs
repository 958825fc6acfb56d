//! Reading a web service that the pipeline grants.

use crate::batch::Batch;
use crate::contract::types::ColumnType;
use crate::failure::Result;

pub use crate::contract::http::{Each, Facts, JsonColumn, MemberPath, Method, Parameter, Place, Request};

/// Rows made of a response's body.
#[derive(Debug)]
pub struct JsonRows {
    /// The rows, without those that are rejected.
    pub rows: Batch,
    /// The number of rows, with those that are rejected.
    pub count: u32,
    /// Members of the rows that no column names.
    pub other_members: Vec<String>,
    /// Columns that no row has a member for.
    pub absent_columns: Vec<String>,
}

/// A web service.
pub trait Service: Sized {
    /// A response with its body, which is in the host.
    type Response: Response;

    /// Opens the service with this label.
    fn open(label: &str) -> Result<Self>;
    /// Sends a request and waits for the whole response.
    fn send(&self, request: &Request) -> Result<Self::Response>;
}

/// A response with its body.
pub trait Response {
    /// The facts about it.
    fn facts(&self) -> Facts;
    /// Makes rows of the JSON value at the pointer.
    fn rows(&self, pointer: &str, each: Each, columns: &[JsonColumn]) -> Result<JsonRows>;
    /// The body, if it has at most this many bytes.
    fn body(&self, most: u32) -> Result<Vec<u8>>;
}

/// A request to read something at a path, with these parameters.
pub fn get(path: impl Into<String>, parameters: &[(&str, &str)]) -> Request {
    let parameter = |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
    Request { method: Method::Get, path: path.into(), parameters: parameters.iter().map(parameter).collect() }
}

/// A column of the value at a path of members.
pub fn column(name: impl Into<String>, kind: ColumnType, path: &[&str]) -> JsonColumn {
    let names = path.iter().map(|name| (*name).to_owned()).collect();
    JsonColumn { name: name.into(), kind, place: Place::Path(MemberPath { names, or_bare: false }) }
}

#[cfg(target_family = "wasm")]
pub use wmshost_plugin_capabilities::http::Service as Granted;

#[cfg(target_family = "wasm")]
mod brokered {
    use super::{Each, Facts, Granted, JsonColumn, JsonRows, Request, Response, Result, Service};
    use wmshost_plugin_capabilities::http;

    impl Service for Granted {
        type Response = http::Response;

        fn open(label: &str) -> Result<Self> {
            http::Service::open(label)
        }
        fn send(&self, request: &Request) -> Result<http::Response> {
            http::Service::send(self, request)
        }
    }

    impl Response for http::Response {
        fn facts(&self) -> Facts {
            http::Response::facts(self)
        }
        fn rows(&self, pointer: &str, each: Each, columns: &[JsonColumn]) -> Result<JsonRows> {
            let http::JsonRows { rows, count, other_members, absent_columns } =
                http::Response::rows(self, pointer, each, columns)?;
            Ok(JsonRows { rows, count, other_members, absent_columns })
        }
        fn body(&self, most: u32) -> Result<Vec<u8>> {
            http::Response::body(self, most)
        }
    }
}

/// The service that the host grants. Natively there is none, and none of its methods can be called.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug)]
pub enum Granted {}

#[cfg(not(target_family = "wasm"))]
mod absent {
    use super::{Each, Facts, Granted, JsonColumn, JsonRows, Request, Response, Result, Service};
    use crate::failure::invalid_config;

    impl Service for Granted {
        type Response = Self;

        fn open(label: &str) -> Result<Self> {
            Err(invalid_config(format!("no host grants the service {label} here")))
        }
        fn send(&self, _request: &Request) -> Result<Self> {
            match *self {}
        }
    }

    impl Response for Granted {
        fn facts(&self) -> Facts {
            match *self {}
        }
        fn rows(&self, _pointer: &str, _each: Each, _columns: &[JsonColumn]) -> Result<JsonRows> {
            match *self {}
        }
        fn body(&self, _most: u32) -> Result<Vec<u8>> {
            match *self {}
        }
    }
}

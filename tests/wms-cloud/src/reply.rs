//! Requests and replies as plain values, and the errors in the API's format.

use std::sync::Arc;

use crate::text;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path and the query, as they were sent.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers, body }
    }

    /// The first header of a name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// The treatment of a reply on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// All of it is sent.
    Whole,
    /// Half of the body is sent, then the connection is closed.
    Half,
    /// Nothing is sent, and the connection stays open for this number of milliseconds.
    Never(u64),
}

/// A reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Arc<[u8]>,
    pub(crate) delivery: Delivery,
    /// The number of rows in it.
    pub(crate) rows: usize,
}

impl Reply {
    /// A reply with a body of a type.
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Arc<[u8]>>) -> Self {
        let headers = vec![("Content-Type", kind.to_owned())];
        Self { status, headers, body: body.into(), delivery: Delivery::Whole, rows: 0 }
    }

    /// A JSON document.
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self::new(status, "application/json", body.into_bytes())
    }

    /// An HTML page, as gateways and proxies send them.
    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self::new(status, "text/html; charset=utf-8", page.into_bytes())
    }

    /// The reply with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The reply, delivered in another way.
    pub(crate) fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// The value of a header.
    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// A request that the API refuses.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    /// The field or parameter, and what is wrong with it.
    detail: Option<(String, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), detail: None }
    }

    /// 400: a parameter is not valid.
    pub(crate) fn invalid(parameter: &str, why: &str) -> Self {
        let detail = Some((parameter.to_owned(), why.to_owned()));
        Self { detail, ..Self::new(400, "VALIDATION_ERROR", "Invalid request parameters") }
    }

    /// 404.
    pub(crate) fn not_found(message: &str) -> Self {
        Self::new(404, "NOT_FOUND", message)
    }

    /// The reply; `number` makes the reference.
    pub(crate) fn reply(&self, number: u64) -> Reply {
        let mut body = format!(
            r#"{{"reference": "{number:08x}-5eed-4000-8000-{number:012x}", "code": "{}", "message": "#,
            self.code
        );
        text::json(&mut body, &self.message);
        body.push_str(r#", "details": "#);
        match &self.detail {
            None => body.push_str("[]"),
            Some((field, why)) => {
                body.push('{');
                text::json(&mut body, field);
                body.push_str(": [");
                text::json(&mut body, why);
                body.push_str("]}");
            }
        }
        body.push('}');
        Reply::json(self.status, body)
    }
}

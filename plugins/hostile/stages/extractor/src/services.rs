//! Behaviours with a web service, in `discover`: without a grant, or with more than the limits allow.

use crate::got_out;
use crate::wmshost::plugin::building;
use crate::wmshost::plugin::http::{
    Each, JsonColumn, MemberPath, Method, Parameter, Place, Request, Response, Service,
};
use crate::wmshost::plugin::source::Connection;
use crate::wmshost::plugin::types::{ColumnType, Failure};

type Done = Result<(), Failure>;

fn request(path: &str, parameters: Vec<Parameter>) -> Request {
    Request { method: Method::Get, path: path.into(), parameters }
}

fn response(label: &str) -> Result<(Service, Response), Failure> {
    let service = Service::open(label)?;
    let response = service.send(&request("items/", Vec::new()))?;
    Ok((service, response))
}

fn column(name: &str, names: usize) -> JsonColumn {
    let path = MemberPath { names: vec!["id".into(); names], or_bare: false };
    JsonColumn { name: name.into(), kind: ColumnType::Int64, place: Place::Path(path) }
}

/// Makes rows of the response; `got` is what must not be possible.
fn rows(label: &str, columns: &[JsonColumn], got: &str) -> Done {
    let (_service, response) = response(label)?;
    response.rows("/results", Each::Element, columns)?;
    Err(got_out(got))
}

/// The behaviour, if it is one of these; its end is a refusal of the host, or success if everything is as it should be.
pub(crate) fn misbehave(behaviour: &str, label: &str) -> Option<Done> {
    let refused = |what: &str, done: Done| Some(done.and_then(|()| Err(got_out(what))));
    match behaviour {
        "service-denied" => refused("another service", Service::open("other").map(drop)),
        "service-unknown" => refused("no service", Service::open("nowhere").map(drop)),
        "service-address" => refused("an address", Service::open("https://wms.example/").map(drop)),
        "service-as-database" => refused("a database", Connection::open(label).map(drop)),
        "database-as-service" => refused("a service", Service::open(label).map(drop)),
        "responses-many" => Some(hoard(label)),
        "request-huge" => {
            let parameters = vec![Parameter { name: "x".into(), value: "x".repeat(70 << 10) }];
            let sent = Service::open(label).and_then(|service| service.send(&request("items/", parameters)));
            refused("a huge request", sent.map(drop))
        }
        "columns-many" => {
            let columns: Vec<_> = (0..2_000).map(|at| column(&format!("c{at}"), 1)).collect();
            Some(rows(label, &columns, "2,000 columns"))
        }
        "path-long" => Some(rows(label, &[column("id", 9)], "a path of nine names")),
        "columns-of-one-name" => Some(rows(label, &[column("id", 1), column("id", 1)], "two columns of one name")),
        "body-large" => refused("a large body", response(label).and_then(|(_service, it)| it.body(u32::MAX).map(drop))),
        "batch-large" => refused("a batch of many rows", building::make(1_000_001).map(drop)),
        "batches-many" => {
            let made: Result<Vec<_>, Failure> = (0..5).map(|_| building::make(1)).collect();
            refused("five batches", made.map(drop))
        }
        _ => None,
    }
}

/// Two responses may be open, and a third one once one of them is dropped.
fn hoard(label: &str) -> Done {
    let (service, first) = response(label)?;
    let _second = service.send(&request("items/", Vec::new()))?;
    drop(first);
    let _third = service.send(&request("items/", Vec::new()))?;
    service.send(&request("items/", Vec::new()))?;
    Err(got_out("three responses"))
}

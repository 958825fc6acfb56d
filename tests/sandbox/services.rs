//! Extractors that misbehave with a web service. What the service's client refuses is tested with the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use wmshost_databases::sqlite;
use wmshost_flow::FailureKind::{self, Denied, InvalidConfig, Limit, Permanent};
use wmshost_flow::{
    Batch, Cancel, Failure, JsonColumn, JsonRows, ResponseFacts, RowsOf, ServiceRequest, ServiceResponse,
    ServiceSession, SourceGrant,
};
use wmshost_sandbox::{Granted, GrantedService, GrantedSource, Limits};

use crate::world::{Warehouse, identity, plugin};

/// A service in memory, which counts its requests.
struct Memory(Arc<AtomicUsize>);

struct Response(ResponseFacts, Vec<u8>);

impl ServiceSession for Memory {
    fn send(&mut self, _: &ServiceRequest, _: &Cancel) -> Result<Box<dyn ServiceResponse>, Failure> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let body = vec![b' '; 2 << 20];
        let facts = ResponseFacts {
            status: 200,
            date: None,
            bytes: body.len() as u64,
            received_bytes: 0,
            micros: 0,
            problem: String::new(),
        };
        Ok(Box::new(Response(facts, body)))
    }
}

impl ServiceResponse for Response {
    fn facts(&self) -> &ResponseFacts {
        &self.0
    }

    fn rows(&self, _: &str, _: RowsOf, columns: &[JsonColumn]) -> Result<JsonRows, Failure> {
        let column =
            |column: &JsonColumn| (column.field.name().clone(), Arc::new(Int64Array::from(vec![1])) as ArrayRef);
        let rows = RecordBatch::try_from_iter(columns.iter().map(column));
        let rows = rows.map_err(|error| Failure::permanent(error.to_string()))?;
        Ok(JsonRows { batch: Batch::new(rows), other_members: Vec::new(), absent_columns: Vec::new() })
    }

    fn body(&self) -> &[u8] {
        &self.1
    }
}

fn labels() -> Vec<String> {
    ["cloud", "other"].map(str::to_owned).to_vec()
}

fn end(behaviour: &str, granted: Granted) -> Failure {
    let guest = plugin("hostile_extractor");
    guest.discover(identity("hostile_extractor", behaviour), Limits::default(), granted).expect_err(behaviour)
}

#[test]
fn a_service_has_its_grant_and_its_limits() {
    let rows: &[(&str, FailureKind, &str, usize)] = &[
        ("service-denied", Denied, "the source \"other\" is not granted to this stream; \"cloud\" is", 0),
        ("service-unknown", InvalidConfig, "the pipeline has no connection \"nowhere\"", 0),
        ("service-address", InvalidConfig, "the pipeline has no connection \"https://wms.example/\"", 0),
        ("service-as-database", InvalidConfig, "\"cloud\" is no database that this stream may read", 0),
        ("responses-many", Limit, "limit responses: 2 allowed, 3 asked for", 3),
        ("request-huge", Limit, "limit bytes of a request: 65536 allowed", 0),
        ("columns-many", Limit, "limit batch_columns: 1000 allowed, 2000 asked for", 1),
        ("path-long", Limit, "limit names of a path: 8 allowed, 9 asked for", 1),
        ("columns-of-one-name", Permanent, "two columns are called id", 1),
        ("body-large", Limit, "limit body: 1048576 allowed, 2097152 asked for", 1),
        ("batch-large", Limit, "limit rows of a batch: 1000000 allowed, 1000001 asked for", 0),
        ("batches-many", Limit, "limit batches: 4 allowed, 5 asked for", 0),
    ];
    for (behaviour, kind, words, requests) in rows {
        let sent = Arc::new(AtomicUsize::new(0));
        let session = Box::new(Memory(Arc::clone(&sent)));
        let granted = GrantedService { label: "cloud".to_owned(), known_labels: labels(), session };
        let failure = end(behaviour, Granted::Service(granted));
        assert_eq!((failure.kind, failure.to_string().contains(words)), (*kind, true), "{behaviour}: {failure}");
        assert_eq!(sent.load(Ordering::Relaxed), *requests, "{behaviour}");
    }
}

#[test]
fn a_database_is_no_service() {
    let warehouse = Warehouse::new();
    let source = sqlite::open_source(&warehouse.path("source.db"), 1, "cloud").expect("a source");
    let session = source.session(&SourceGrant::of(Default::default())).expect("a session");
    let granted = GrantedSource { label: "cloud".to_owned(), known_labels: labels(), session };
    let failure = end("database-as-service", Granted::Database(granted));
    assert_eq!(failure.kind, InvalidConfig, "{failure}");
    assert!(failure.to_string().contains("\"cloud\" is no web service that this stream may read"), "{failure}");
}

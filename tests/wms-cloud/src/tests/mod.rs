//! Tests of the mock.
//!
//! | module | what it tests |
//! |---|---|
//! | `documented` | the behaviour that the guides document |
//! | `history` | changes, and what leaves no trace |
//! | `quirks` | each quirk |
//! | `wire` | the servers and signing in |

mod documented;
mod history;
mod quirks;
mod wire;

use std::time::Duration;

use serde_json::Value as Json;
use wmshost_sample::Moment;

use crate::api::State;
use crate::auth::{Auth, PASSWORD, USER};
use crate::faults::Faults;
use crate::quirks::{Quirk, Quirks};
use crate::reply::{Reply, Request};
use crate::tenant::Tenant;
use crate::text::base64;

/// A state with a tenant of 400 allocations and these quirks.
fn state(quirks: &[Quirk]) -> State {
    let quirks: Quirks = quirks.iter().copied().collect();
    let mut tenant = Tenant::new(7, 400, Moment::DEFAULT_UNTIL, quirks).expect("a tenant");
    tenant.base = "http://localhost:8080/dev/wms/lgfapi/v10/entity".to_owned();
    tenant.other_host = "http://localhost:9090".to_owned();
    State {
        tenant,
        auth: Auth::new(Duration::from_secs(60)),
        faults: Faults::new(3, 0),
        exchanges: Vec::new(),
        root: "/dev/wms/lgfapi/v10".to_owned(),
    }
}

impl State {
    /// The reply to a GET below `/entity/`.
    fn get(&mut self, target: &str) -> Reply {
        let basic = format!("Basic {}", base64(format!("{USER}:{PASSWORD}").as_bytes()));
        let headers = vec![("authorization".to_owned(), basic)];
        let target = format!("/dev/wms/lgfapi/v10/entity/{target}");
        self.answer(&Request::new("GET", &target, headers, Vec::new()))
    }

    /// The same as a document; the status must be 200.
    fn page(&mut self, target: &str) -> Json {
        let reply = self.get(target);
        assert_eq!(reply.status, 200, "{target}: {}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice(&reply.body).expect("JSON")
    }

    /// The ids of a page.
    fn ids(&mut self, target: &str) -> Vec<i64> {
        ids(&self.page(target))
    }

    /// The ids of all pages from a target on, by its links.
    fn all_ids(&mut self, target: &str) -> Vec<i64> {
        let mut found = Vec::new();
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let page = self.page(&target);
            found.extend(ids(&page));
            next = page["next_page"].as_str().map(|link| link.split_once("/entity/").expect("a link").1.to_owned());
        }
        found
    }

    /// The true ids of an entity.
    fn true_ids(&self, entity: &str) -> Vec<i64> {
        self.tenant.tables.of(entity).rows().iter().map(|row| row.id).collect()
    }
}

/// The ids of a page's rows.
fn ids(page: &Json) -> Vec<i64> {
    page["results"].as_array().expect("rows").iter().map(|row| row["id"].as_i64().expect("an id")).collect()
}

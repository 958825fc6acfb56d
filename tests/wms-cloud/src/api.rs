//! The API: one request, one reply.

use crate::auth::Auth;
use crate::catalogue::{Entity, entity};
use crate::changes;
use crate::describe;
use crate::faults::Faults;
use crate::pages::List;
use crate::query::Path;
use crate::quirks::Quirk;
use crate::render::{self, Columns};
use crate::reply::{Refusal, Reply, Request};
use crate::tenant::Tenant;
use crate::value::{STANDARD, Value, http_date, instant};

/// A request and its reply, as a test sees them.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// GET or HEAD; anything else is a fault of the client.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The status of the reply; 0 if there was none.
    pub status: u16,
    /// The rows in the reply.
    pub rows: usize,
    /// The bytes of its body.
    pub bytes: usize,
}

/// All that a mock knows.
pub(crate) struct State {
    pub(crate) tenant: Tenant,
    pub(crate) auth: Auth,
    pub(crate) faults: Faults,
    pub(crate) exchanges: Vec<Exchange>,
    /// The path of the API below the server's root: `/env/wms/lgfapi/v10`.
    pub(crate) root: String,
}

/// The part of the API that a path names.
enum Place {
    Entities,
    Describe(&'static Entity),
    List(&'static Entity),
    One(&'static Entity, i64),
}

impl State {
    /// Answers a request to the API, and records it.
    pub(crate) fn answer(&mut self, request: &Request) -> Reply {
        let reply = match self.route(request) {
            Ok(reply) => reply,
            Err(refusal) => refusal.reply(self.exchanges.len() as u64),
        };
        self.exchanges.push(Exchange {
            method: request.method.clone(),
            target: request.target.clone(),
            status: if matches!(reply.delivery, crate::reply::Delivery::Never(_)) { 0 } else { reply.status },
            rows: reply.rows,
            bytes: reply.body.len(),
        });
        reply.with("Date", http_date(self.tenant.now))
    }

    fn route(&mut self, request: &Request) -> Result<Reply, Refusal> {
        if request.method != "GET" && request.method != "HEAD" {
            return Err(Refusal::new(405, "METHOD_NOT_ALLOWED", "The mock can only be read"));
        }
        self.auth.check(request, self.tenant.quirks)?;
        let place = self.place(request.path())?;
        changes::tick(&mut self.tenant, matches!(place, Place::List(_)));
        let list = match place {
            Place::List(entity) => Some(List::read(&self.tenant, entity, request.query())?),
            _ => None,
        };
        let size = list.as_ref().map(|list| list.size);
        let fault = self.faults.next(self.tenant.quirks, &request.target, size);
        let Self { tenant, faults, .. } = self;
        let whole = || match (&list, &place) {
            (Some(list), _) => list.reply(tenant),
            (None, Place::Describe(entity)) => Ok(describe::describe(tenant, entity)),
            (None, Place::One(entity, id)) => one(tenant, entity, *id),
            (None, _) => Ok(describe::entities(tenant)),
        };
        match fault {
            None => whole(),
            Some(fault) => {
                let whole = || whole().unwrap_or_else(|refusal| refusal.reply(0));
                Ok(faults.reply(tenant, fault, whole))
            }
        }
    }

    fn place(&self, path: &str) -> Result<Place, Refusal> {
        let unknown = || Refusal::not_found("Not found");
        let below = path.strip_prefix(self.root.as_str()).and_then(|path| path.strip_prefix("/entity"));
        let below = below.ok_or_else(unknown)?;
        let parts: Vec<&str> = below.trim_matches('/').split('/').collect();
        let named = |name: &str| entity(name.strip_suffix(".json").unwrap_or(name)).ok_or_else(unknown);
        match parts.as_slice() {
            [""] => Ok(Place::Entities),
            [name] => Ok(Place::List(named(name)?)),
            [name, "describe"] => Ok(Place::Describe(named(name)?)),
            [name, id] => Ok(Place::One(named(name)?, id.parse().map_err(|_| unknown())?)),
            _ => Err(unknown()),
        }
    }
}

/// One record, without an envelope.
fn one(tenant: &Tenant, entity: &'static Entity, id: i64) -> Result<Reply, Refusal> {
    let table = tenant.tables.of(entity.name);
    let lost = tenant.quirks.has(Quirk::FacilityLost);
    let row = table.get(id).filter(|row| !(lost && row.facility == crate::generate::OTHER_FACILITY));
    let row = row.filter(|_| entity.has_id()).ok_or_else(|| Refusal::not_found("Not found"))?;
    let mut body = String::new();
    render::row(&mut body, tenant, entity, row, &Columns::All);
    let reply = Reply { rows: 1, ..Reply::json(200, body) };
    let changed = Path::read(&tenant.tables, entity, "mod_ts").map(|(path, _)| path.value(&tenant.tables, entity, row));
    Ok(match changed {
        Some(Value::Instant(micros)) => reply.with("Last-Modified", instant(micros, STANDARD)),
        _ => reply,
    })
}

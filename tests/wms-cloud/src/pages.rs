//! Lists in pages, in both modes, under the quirks about pages, links and counters.

use std::fmt::Write as _;

use crate::catalogue::{Entity, Kind};
use crate::cursor::Cursor;
use crate::generate::OTHER_FACILITY;
use crate::query::{Filter, Order, Path};
use crate::quirks::Quirk;
use crate::random::Random;
use crate::render::{self, Column, Columns};
use crate::reply::{Refusal, Reply};
use crate::store::Row;
use crate::tenant::Tenant;
use crate::text::{pairs, percent};

/// The most rows of a page, and the number without `page_size`.
const MOST_ROWS: usize = 1_250;
const ROWS_PER_PAGE: usize = 125;
/// The most rows of a page under Q8.
const CAPPED_ROWS: usize = 100;

/// Parameters of a list that are no filters.
const OPTIONS: [&str; 9] = [
    "page",
    "page_size",
    "page_mode",
    "cursor",
    "ordering",
    "fields",
    "values_list",
    "format",
    "empty_response_http_code",
];

/// A request for a list.
pub(crate) struct List {
    entity: &'static Entity,
    given: Vec<(String, String)>,
    filters: Vec<Filter>,
    orders: Vec<Order>,
    columns: Columns,
    page: usize,
    pub(crate) size: usize,
    cursor: Option<Cursor>,
    is_sequenced: bool,
    empty_status: u16,
}

impl List {
    /// Reads the query of a list.
    pub(crate) fn read(tenant: &Tenant, entity: &'static Entity, query: &str) -> Result<Self, Refusal> {
        let given = pairs(query).ok_or_else(|| Refusal::invalid("query", "The query cannot be decoded"))?;
        let option = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let number = |name: &str, otherwise: usize| match option(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| Refusal::invalid(name, "A valid integer is required")),
        };
        let size = number("page_size", ROWS_PER_PAGE)?;
        if !(1..=MOST_ROWS).contains(&size) {
            return Err(Refusal::invalid("page_size", "page_size is from 1 to 1250"));
        }
        let is_filter = |name: &str| !OPTIONS.contains(&name);
        let filters = given.iter().filter(|(name, _)| is_filter(name));
        let filters =
            filters.map(|(name, value)| Filter::read(tenant, entity, name, value)).collect::<Result<_, _>>()?;
        if entity.name == "inventory_history" {
            protect(&given)?;
        }
        let is_sequenced = match option("page_mode").unwrap_or("paged") {
            "paged" => false,
            "sequenced" => true,
            _ => return Err(Refusal::invalid("page_mode", "page_mode is paged or sequenced")),
        };
        let invalid = || Refusal::not_found("Invalid cursor");
        Ok(Self {
            entity,
            filters,
            orders: Order::read(tenant, entity, option("ordering").unwrap_or_default())?,
            columns: columns(tenant, entity, option("fields"), option("values_list"))?,
            page: number("page", 1)?.max(1),
            size: if tenant.quirks.has(Quirk::PageSizeCapped) { size.min(CAPPED_ROWS) } else { size },
            cursor: option("cursor").map(|text| Cursor::decode(text).ok_or_else(invalid)).transpose()?,
            is_sequenced,
            empty_status: empty_status(option("empty_response_http_code"))?,
            given,
        })
    }

    /// The reply.
    pub(crate) fn reply(&self, tenant: &Tenant) -> Result<Reply, Refusal> {
        let rows = self.select(tenant);
        if self.is_sequenced { self.sequenced(tenant, &rows) } else { self.paged(tenant, &rows) }
    }

    /// All rows that the filters admit, in order.
    fn select<'a>(&self, tenant: &'a Tenant) -> Vec<&'a Row> {
        let table = tenant.tables.of(self.entity.name);
        let (low, high) = self
            .filters
            .iter()
            .filter_map(Filter::ids)
            .fold((i64::MIN, i64::MAX), |(low, high), ids| (low.max(ids.0), high.min(ids.1)));
        let others: Vec<&Filter> = self.filters.iter().filter(|filter| filter.ids().is_none()).collect();
        let hides = tenant.quirks.has(Quirk::FacilityLost);
        let is_there = |row: &&Row| {
            !(hides && row.facility == OTHER_FACILITY)
                && others.iter().all(|filter| filter.admits(&tenant.tables, self.entity, row))
        };
        let within = if low <= high { table.within(low, high) } else { 0..0 };
        let mut rows: Vec<&Row> = table.rows()[within].iter().filter(is_there).collect();
        match self.orders.as_slice() {
            [] if tenant.quirks.has(Quirk::Unordered) => {
                let mut random = Random::new(tenant.lists, 0x0DD);
                (1..rows.len()).rev().for_each(|at| rows.swap(at, random.below(at + 1)));
            }
            [] => {}
            [first, ..] if first.path.is_key() => {
                if first.descends {
                    rows.reverse();
                }
            }
            orders => rows.sort_by(|one, two| {
                let keys = orders.iter().map(|order| order.compare(&tenant.tables, self.entity, one, two));
                keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            }),
        }
        rows
    }

    fn paged(&self, tenant: &Tenant, rows: &[&Row]) -> Result<Reply, Refusal> {
        let has_short_pages = tenant.quirks.has(Quirk::ShortPages);
        let length = |page: usize| match page % 5 {
            _ if !has_short_pages => self.size,
            1 => (self.size * 2 / 3).max(1),
            3 => 0,
            _ => self.size,
        };
        let mut ends = vec![0];
        while ends.last() < Some(&rows.len()) {
            ends.push((ends[ends.len() - 1] + length(ends.len())).min(rows.len()));
        }
        let pages = ends.len() - 1;
        if rows.is_empty() && self.page == 1 {
            return self.empty();
        }
        let has_phantom = tenant.quirks.has(Quirk::PhantomPage);
        if self.page > pages {
            return match has_phantom && self.page == pages + 1 {
                true => Err(Refusal::new(500, "UNHANDLED_ERROR", "list index out of range")),
                false => Err(Refusal::not_found("Invalid page")),
            };
        }
        // The counters shrink while the list is read.
        let phantom = usize::from(has_phantom && (self.page == pages || !tenant.lists.is_multiple_of(3)));
        let found = &rows[ends[self.page - 1]..ends[self.page]];
        let link = |page: usize| self.link(tenant, &[("page", page.to_string())]);
        let next = match self.page < pages + phantom {
            _ if tenant.quirks.has(Quirk::LinkEnds) && tenant.lists.is_multiple_of(2) => None,
            true if tenant.quirks.has(Quirk::LinkLoops) => Some(link(self.page)),
            more => more.then(|| link(self.page + 1)),
        };
        let previous = (self.page > 1).then(|| link(self.page - 1));
        let head = format!(
            r#""result_count": {}, "page_count": {}, "page_nbr": {}, "#,
            rows.len() + phantom * self.size,
            pages + phantom,
            self.page
        );
        Ok(self.document(tenant, &head, next, previous, found))
    }

    fn sequenced(&self, tenant: &Tenant, rows: &[&Row]) -> Result<Reply, Refusal> {
        let key = |row: &Row| match self.orders.first() {
            Some(order) if !order.path.is_key() => order.path.value(&tenant.tables, self.entity, row).canonical(),
            _ => Some(row.id.to_string()),
        };
        let mut rows = rows.to_vec();
        if tenant.quirks.has(Quirk::NullsSkipped) && self.cursor.is_some() {
            rows.retain(|row| key(row).is_some());
        }
        if rows.is_empty() && self.cursor.is_none() {
            return self.empty();
        }
        let is_capped = tenant.quirks.has(Quirk::OffsetCapped);
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => {
                // If no row has the value any more, the next greater id follows.
                let found = rows.iter().position(|row| key(row) == cursor.position);
                let id = cursor.position.as_ref().and_then(|position| position.parse::<i64>().ok());
                let later = || rows.iter().position(|row| id.is_some_and(|id| row.id > id));
                let first = found.or_else(later).unwrap_or(rows.len());
                (first + cursor.offset(is_capped)).min(rows.len())
            }
        };
        let length = match tenant.lists % 5 {
            _ if !tenant.quirks.has(Quirk::ShortPages) => self.size,
            1 => (self.size * 2 / 3).max(1),
            3 => 0,
            _ => self.size,
        };
        let end = (start + length).min(rows.len());
        let cursor = rows.get(end).map(|next| {
            let position = key(next);
            let offset = rows[..end].iter().rev().take_while(|row| key(row) == position).count();
            Cursor { position, offset }
        });
        let is_early = tenant.quirks.has(Quirk::LinkEnds) && tenant.lists.is_multiple_of(2);
        let loops = tenant.quirks.has(Quirk::LinkLoops);
        let cursor = if loops && cursor.is_some() { self.cursor.clone() } else { cursor };
        let link =
            |cursor: Cursor| self.link(tenant, &[("cursor", cursor.encode()), ("page_mode", "sequenced".to_owned())]);
        let next = cursor.filter(|_| !is_early).map(link);
        Ok(self.document(tenant, "", next, None, &rows[start..end]))
    }

    fn document(
        &self,
        tenant: &Tenant,
        head: &str,
        next: Option<String>,
        previous: Option<String>,
        rows: &[&Row],
    ) -> Reply {
        let link = |link: Option<String>| link.map_or("null".to_owned(), |link| format!("\"{link}\""));
        let mut body = String::with_capacity(rows.len() * 1_024 + 256);
        let (next, previous) = (link(next), link(previous));
        let _ = write!(body, r#"{{{head}"next_page": {next}, "previous_page": {previous}, "results": ["#);
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                body.push_str(", ");
            }
            render::row(&mut body, tenant, self.entity, row, &self.columns);
        }
        body.push_str("]}");
        Reply { rows: rows.len(), ..Reply::json(200, body) }
    }

    /// A link to another page of the same list.
    fn link(&self, tenant: &Tenant, changed: &[(&str, String)]) -> String {
        let kept = self.given.iter().filter(|(name, _)| !["page", "cursor", "page_mode"].contains(&name.as_str()));
        let kept = kept.map(|(name, value)| (name.as_str(), value.clone())).chain(changed.iter().cloned());
        let query: Vec<String> = kept.map(|(name, value)| format!("{name}={}", percent(&value))).collect();
        let address = format!("{}/{}/?{}", tenant.base, self.entity.name, query.join("&"));
        if !tenant.quirks.has(Quirk::ForeignLinks) {
            return address;
        }
        let Some((scheme, rest)) = address.split_once("://") else { return address };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let name = host.split(':').next().unwrap_or(host);
        match tenant.lists % 3 {
            0 => format!("{scheme}://{name}:443/{path}"),
            1 => format!("{}://{host}/{path}", if scheme == "http" { "https" } else { "http" }),
            _ => format!("{}/{path}", tenant.other_host),
        }
    }

    fn empty(&self) -> Result<Reply, Refusal> {
        match self.empty_status {
            404 => Err(Refusal::not_found("No records found")),
            204 => Ok(Reply::json(204, String::new())),
            _ => {
                let counts = r#""result_count": 0, "page_count": 0, "page_nbr": 1, "#;
                let head = if self.is_sequenced { "" } else { counts };
                Ok(Reply::json(200, format!(r#"{{{head}"next_page": null, "previous_page": null, "results": []}}"#)))
            }
        }
    }
}

fn empty_status(asked: Option<&str>) -> Result<u16, Refusal> {
    match asked.unwrap_or("404") {
        "200" => Ok(200),
        "204" => Ok(204),
        "404" => Ok(404),
        _ => Err(Refusal::invalid("empty_response_http_code", "it is 200, 204 or 404")),
    }
}

/// Refuses a query on the history of inventory that is too wide.
fn protect(given: &[(String, String)]) -> Result<(), Refusal> {
    let has = |name: &str| given.iter().any(|(known, _)| known == name);
    let is_narrow = ["status_id", "item_code", "item_alternate_code", "container_nbr"].iter().any(|name| has(name));
    let is_allowed = has("company_id__code")
        && has("facility_id__code")
        && (has("group_nbr") || has("history_activity_id") && is_narrow);
    match is_allowed {
        true => Ok(()),
        false => Err(Refusal::invalid("inventory_history", "Required filters are missing")),
    }
}

fn columns(
    tenant: &Tenant,
    entity: &'static Entity,
    fields: Option<&str>,
    values: Option<&str>,
) -> Result<Columns, Refusal> {
    let read = |parameter: &str, written: &str| -> Result<Vec<Column>, Refusal> {
        let mut columns: Vec<Column> = Vec::new();
        for column in written.split(',') {
            let (path, name) = column.split_once(':').unwrap_or((column, column));
            let unknown = || Refusal::invalid(parameter, &format!("Invalid field {column}"));
            let (path, rest) = Path::read(&tenant.tables, entity, path).ok_or_else(unknown)?;
            let is_plain = parameter == "values_list" || !column.contains([':']) && !column.contains("__");
            let is_twice = columns.iter().any(|known| known.name == name);
            if !rest.is_empty() || !is_plain || is_twice || path.kind() == Kind::Set && parameter == "values_list" {
                return Err(unknown());
            }
            columns.push(Column { name: name.to_owned(), path });
        }
        Ok(columns)
    };
    match (fields, values) {
        (_, Some(written)) => read("values_list", written).map(Columns::Values),
        (Some(written), None) => read("fields", written).map(Columns::Fields),
        (None, None) => Ok(Columns::All),
    }
}

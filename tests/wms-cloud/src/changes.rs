//! A day of changes. They happen while the tenant is read: one after some requests each.

use crate::generate::{ALLOCATION_STATUSES, MAIN_FACILITY, ORDER_STATUSES, local_date};
use crate::quirks::Quirk;
use crate::random::Random;
use crate::store::{Builder, Fate, Row};
use crate::tenant::{Change, RELEASE_FIELD, Tenant};
use crate::value::{DAY, SECOND, Value};

/// Under Q10, the rows that appear and the rows that change with each request for a list.
const MOVING: usize = 30;
/// The allocations from which on no further ones appear while they are read.
const MOST_MOVING: usize = 10_000;
/// The users who make changes.
const USERS: [&str; 4] = ["OPERATOR01", "OPERATOR02", "SUPERVISOR1", ""];

/// The changes of a day, for a percentage of the allocations.
pub(crate) fn day(tenant: &Tenant, seed: u64, percent: f64) -> Vec<Change> {
    let count = (tenant.tables.of("allocation").rows().len() as f64 * percent / 100.0).ceil() as usize;
    let mut random = Random::new(seed, 0xDA7);
    let usual = [
        Change::NewOrder,
        Change::NewAllocation,
        Change::NewAllocation,
        Change::Update("allocation"),
        Change::Update("allocation"),
        Change::Update("allocation"),
        Change::Update("order_hdr"),
        Change::Update("order_dtl"),
        Change::Update("inventory"),
        Change::Update("item"),
        Change::Update("location"),
    ];
    let hard = [
        Change::Late,
        Change::Backdated,
        Change::Silent("allocation"),
        Change::Silent("order_dtl"),
        Change::TimesBack,
        Change::ReusedId,
        Change::Delete("allocation"),
        Change::Delete("order_dtl"),
    ];
    let mut changes: Vec<Change> = (0..count).map(|_| usual[random.below(usual.len())]).collect();
    if tenant.quirks.has(Quirk::HardHistory) {
        for change in hard.into_iter().chain([Change::Bulk]) {
            changes.insert(random.below(changes.len() + 1), change);
        }
    }
    if tenant.quirks.has(Quirk::Release) {
        changes.insert(changes.len() / 3, Change::Release);
    }
    changes
}

/// Lets a change happen.
pub(crate) fn apply(tenant: &mut Tenant, change: Change) {
    let now = tenant.now;
    let minutes = tenant.random.between(1, 90);
    match change {
        Change::NewOrder => new_order(tenant),
        Change::NewAllocation => new_allocation(tenant, None, [now, now]),
        Change::Late => new_allocation(tenant, None, [now - minutes * 60 * SECOND; 2]),
        Change::Backdated => new_allocation(tenant, None, [now, now - 40 * DAY]),
        Change::Update(entity) => update(tenant, entity, Some(now)),
        Change::Silent(entity) => update(tenant, entity, None),
        Change::TimesBack => update(tenant, "allocation", Some(now - 10 * DAY)),
        Change::Delete(entity) => drop(delete(tenant, entity)),
        Change::ReusedId => {
            let id = delete(tenant, "allocation");
            new_allocation(tenant, id, [now, now]);
        }
        Change::Bulk => bulk(tenant),
        Change::Release => tenant.release(),
    }
}

/// Counts a request, and lets the changes happen that are due before it is answered.
pub(crate) fn tick(tenant: &mut Tenant, is_list: bool) {
    tenant.count(is_list);
    if !is_list {
        return;
    }
    if tenant.lists.is_multiple_of(tenant.every)
        && let Some(change) = tenant.pending.pop_front()
    {
        apply(tenant, change);
    }
    if tenant.quirks.has(Quirk::Moving) {
        move_on(tenant);
    }
}

/// Lets all pending changes happen.
pub(crate) fn settle(tenant: &mut Tenant) {
    while let Some(change) = tenant.pending.pop_front() {
        apply(tenant, change);
    }
}

/// Lets rows change and appear, as fast as they are read.
fn move_on(tenant: &mut Tenant) {
    for _ in 0..MOVING {
        // Else a reader of small pages is never done, and each of its runs has more to read than the one before.
        if tenant.tables.of("allocation").rows().len() < MOST_MOVING {
            apply(tenant, Change::NewAllocation);
        }
        apply(tenant, Change::Update("allocation"));
    }
}

/// A row that a reader can read, at random; `None` if the entity has none.
fn some(tenant: &mut Tenant, entity: &str) -> Option<i64> {
    let Tenant { tables, random, .. } = tenant;
    let rows = tables.of(entity).rows();
    (0..20).find_map(|_| rows.get(random.below(rows.len())).filter(|row| row.fate == Fate::Kept).map(|row| row.id))
}

/// The `mod_ts` of a usual change: now; under the quirks about times sometimes none, or later than now.
fn changed_at(tenant: &mut Tenant, instant: i64) -> Value {
    let draw = tenant.random.below(100);
    match draw {
        0..3 if tenant.quirks.has(Quirk::NullTimes) => Value::Null,
        3..6 if tenant.quirks.has(Quirk::FutureRows) => {
            Value::Instant(instant + tenant.random.between(1, 3_600) * SECOND)
        }
        _ => Value::Instant(instant),
    }
}

fn user(tenant: &mut Tenant) -> &'static str {
    USERS[tenant.random.below(USERS.len())]
}

fn insert(tenant: &mut Tenant, entity: &'static str, mut row: Row) {
    if tenant.is_released() {
        row.put(tenant.tables.of(entity).entity.fields.len(), Value::text("26D"));
    }
    tenant.unseen.remove(&(entity, row.id));
    tenant.tables.of_mut(entity).insert(row);
}

fn new_order(tenant: &mut Tenant) {
    let (order, line) = (tenant.tables.of("order_hdr").next_id(), tenant.tables.of("order_dtl").next_id());
    let (now, user) = (tenant.now, user(tenant));
    let number = format!("SO{order}");
    let row = Builder::new("order_hdr", order, number.clone()).text("order_nbr", number.clone());
    let row = row.text("cust_nbr", "300001").set("ord_date", local_date(now)).set("status_id", Value::Integer(0));
    let changed = changed_at(tenant, now);
    insert(tenant, "order_hdr", row.relation("order_type_id", 1).who(now, user, changed).done());
    for at in 0..2 {
        let Some(item) = some(tenant, "item") else { return };
        let row = Builder::new("order_dtl", line + at, format!("{number},{}", at + 1)).relation("order_id", order);
        let row = row.relation("item_id", item).set("seq_nbr", Value::Integer(at + 1));
        let row = row.set("ord_qty", Value::Decimal(tenant.random.between(1, 90).into(), 0));
        let row = row.set("sale_price", Value::Decimal(tenant.random.between(1, 90_000).into(), 2));
        insert(tenant, "order_dtl", row.set("status_id", Value::Integer(0)).who(now, user, Value::Instant(now)).done());
    }
    new_allocation(tenant, None, [now, now]);
}

/// A new allocation, or one with an id that was used before, with its inventory.
fn new_allocation(tenant: &mut Tenant, id: Option<i64>, [created, changed]: [i64; 2]) {
    let (Some(line), Some(location)) = (some(tenant, "order_dtl"), some(tenant, "location")) else { return };
    let (now, user) = (tenant.now, user(tenant));
    let item = tenant.tables.of("order_dtl").value(line, "item_id");
    let facility = tenant.tables.of("location").get(location).map_or(MAIN_FACILITY, |row| row.facility);
    let inventory = tenant.tables.of("inventory").next_id();
    let row = Builder::new("inventory", inventory, inventory.to_string()).relation("location_id", location);
    let row = row.set("item_id", item).relation("facility_id", facility).set("curr_qty", Value::Decimal(100, 0));
    let row = row.set("status_id", Value::Integer(30)).facility(facility);
    insert(tenant, "inventory", row.who(now, user, Value::Instant(now)).done());
    let id = id.unwrap_or_else(|| tenant.tables.of("allocation").next_id());
    let row = Builder::new("allocation", id, id.to_string()).relation("order_dtl_id", line);
    let row = row
        .relation("from_inventory_id", inventory)
        .set("alloc_qty", Value::Decimal(tenant.random.between(1, 500).into(), 1));
    let row = row.set("packed_qty", Value::Decimal(0, 0)).set("status_id", Value::Integer(10)).facility(facility);
    let changed = changed_at(tenant, changed);
    insert(tenant, "allocation", row.who(created, user, changed).done());
}

/// Changes what is typical of a row; `changed` is its new `mod_ts`, and none if it stays.
fn update(tenant: &mut Tenant, entity: &'static str, changed: Option<i64>) {
    let Some(id) = some(tenant, entity) else { return };
    let draw = tenant.random.between(1, 9_000);
    let location = some(tenant, "location");
    let user = user(tenant);
    let changed_ts = changed.map(|changed| changed_at(tenant, changed));
    let (now, is_released) = (tenant.now, tenant.is_released());
    let described = tenant.tables.of(entity).entity;
    let Some(row) = tenant.tables.of_mut(entity).get_mut(id) else { return };
    let status = |statuses: &[(i64, &str)]| Value::Integer(statuses[draw as usize % statuses.len()].0);
    match entity {
        "allocation" => {
            row.set(described, "status_id", status(&ALLOCATION_STATUSES));
            row.set(described, "alloc_qty", Value::Decimal(draw.into(), 2));
            if is_released {
                row.set(described, "task_seq_nbr", Value::Decimal(draw.into(), 1));
            }
        }
        "order_hdr" => row.set(described, "status_id", status(&ORDER_STATUSES)),
        "order_dtl" => row.set(described, "ord_qty", Value::Decimal(draw.into(), 1)),
        "inventory" => row.set(described, "location_id", location.map_or(Value::Null, Value::Relation)),
        "item" => row.set(described, "unit_cost", Value::Decimal(draw.into(), 4)),
        _ => row.set(described, "max_volume", Value::Decimal(draw.into(), 3)),
    }
    row.set(described, "mod_user", Value::text(user));
    if is_released {
        row.put(described.fields.len(), Value::text(RELEASE_FIELD));
    }
    let is_seen = changed_ts.as_ref().is_some_and(|value| !matches!(value, Value::Instant(at) if *at < now));
    if let Some(changed) = changed_ts {
        row.set(described, "mod_ts", changed);
    }
    match is_seen {
        true => tenant.unseen.remove(&(entity, id)),
        false => tenant.unseen.insert((entity, id)),
    };
}

fn delete(tenant: &mut Tenant, entity: &'static str) -> Option<i64> {
    let id = some(tenant, entity)?;
    tenant.tables.of_mut(entity).remove(id);
    tenant.unseen.insert((entity, id));
    Some(id)
}

fn bulk(tenant: &mut Tenant) {
    let now = tenant.now;
    let rows = tenant.tables.of("allocation").rows();
    let (count, skip) = (rows.len() / 5, rows.len() / 3);
    let ids: Vec<i64> =
        rows.iter().skip(skip).take(count).filter(|row| row.fate == Fate::Kept).map(|row| row.id).collect();
    let described = tenant.tables.of("allocation").entity;
    for id in ids {
        if let Some(row) = tenant.tables.of_mut("allocation").get_mut(id) {
            row.set(described, "status_id", Value::Integer(90));
            row.set(described, "mod_ts", Value::Instant(now));
        }
        tenant.unseen.remove(&("allocation", id));
    }
}

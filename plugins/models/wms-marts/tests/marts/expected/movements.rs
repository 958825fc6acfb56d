//! `stg_wms_receipts`, `int_item_*`, `int_inventory_movements` and `fact_inventory_movement`.

use std::collections::BTreeMap;

use super::arithmetic::{mean, percent_rank, percentile, scaled};
use super::{allocations, is_recent, latest, local_day, row, shown, upper};
use crate::cell::Row;
use crate::moment::date_text;
use crate::warehouse::{Receipt, Warehouse};

#[derive(Clone, Debug)]
struct Movement {
    outbound: bool,
    id: i64,
    order: Option<i64>,
    item: i64,
    location: Option<i64>,
    day: i64,
    at: i64,
    status: Option<String>,
    quantity: Option<f64>,
    seconds: Option<f64>,
    score: i64,
}

impl Movement {
    fn kind(&self) -> &'static str {
        if self.outbound { "OUTBOUND" } else { "INBOUND" }
    }

    fn net(&self) -> Option<f64> {
        self.quantity.map(|quantity| if self.outbound { -quantity } else { quantity })
    }
}

/// All movements, in order of time, then type, then number.
fn all(warehouse: &Warehouse) -> Vec<Movement> {
    let outbound = allocations::all(warehouse).into_iter().filter_map(|row| {
        Some(Movement {
            outbound: true,
            id: row.raw.id,
            order: row.raw.order,
            item: row.raw.item?,
            location: row.raw.location,
            day: row.day?,
            at: row.raw.created?,
            quantity: row.quantity,
            seconds: row.seconds,
            score: match row.status.as_deref() {
                Some("SHIPPED") if row.is_within(3_600.0) => 100,
                Some("SHIPPED") => 80,
                Some("PICKED") => 60,
                _ => 40,
            },
            status: row.status,
        })
    });
    let receipts = latest(&warehouse.receipts, |row| row.id, |_| None, |row| row.mark);
    let inbound = receipts.into_iter().filter(|row| warehouse.terms.receipts && !row.mark.deleted).filter_map(|row| {
        let status = upper(row.status);
        Some(Movement {
            outbound: false,
            id: row.id,
            order: None,
            item: row.item?,
            location: None,
            day: local_day(&warehouse.terms, row.received?),
            at: row.received?,
            quantity: scaled(row.quantity.filter(|quantity| *quantity > 0), 3),
            seconds: None,
            score: if status.as_deref() == Some("RECEIVED") { 90 } else { 40 },
            status,
        })
    });
    let mut movements: Vec<_> = outbound.chain(inbound).collect();
    movements.sort_by_key(|movement| (movement.at, movement.kind(), movement.id));
    movements
}

/// The receipts that are not deleted, the latest version of each.
pub(super) fn receipt_rows(warehouse: &Warehouse) -> Vec<Row> {
    let receipts = latest(&warehouse.receipts, |row| row.id, |_| None, |row| row.mark);
    let row = |row: &Receipt| {
        row! {
            receipt_id: row.id,
            order_id: None::<i64>,
            item_id: row.item,
            location_id: None::<i64>,
            valid_quantity: scaled(row.quantity.filter(|quantity| *quantity > 0), 3),
            receipt_status: upper(row.status),
            received_date: shown(&warehouse.terms, row.received),
            receipt_date: row.received.map(|received| date_text(local_day(&warehouse.terms, received))),
        }
    };
    receipts.into_iter().filter(|row| !row.mark.deleted).map(row).collect()
}

struct Turnover {
    movements: usize,
    outbound: f64,
    inbound: f64,
}

impl Turnover {
    fn of(warehouse: &Warehouse, movements: &[&Movement]) -> Self {
        let recent = movements.iter().filter(|movement| is_recent(&warehouse.terms, movement.day));
        let sum = |outbound: bool| {
            let moved = recent.clone().filter(|movement| movement.outbound == outbound);
            moved.filter_map(|movement| movement.quantity).sum::<f64>()
        };
        Self { movements: recent.clone().count(), outbound: sum(true), inbound: sum(false) }
    }

    fn percent(&self) -> Option<f64> {
        (self.inbound != 0.0).then(|| 100.0 * self.outbound / self.inbound)
    }

    /// By 5, 1 and 0.1 movements a day, over 90 days.
    fn velocity(&self) -> &'static str {
        match self.movements {
            450.. => "HIGH",
            90.. => "MEDIUM",
            9.. => "LOW",
            _ => "DORMANT",
        }
    }
}

/// The items with movements.
pub(super) fn items(warehouse: &Warehouse) -> Vec<i64> {
    by_item(&all(warehouse)).into_keys().collect()
}

fn by_item(movements: &[Movement]) -> BTreeMap<i64, Vec<&Movement>> {
    let mut items: BTreeMap<i64, Vec<&Movement>> = BTreeMap::new();
    movements.iter().for_each(|movement| items.entry(movement.item).or_default().push(movement));
    items
}

pub(super) fn turnover_rows(warehouse: &Warehouse) -> Vec<Row> {
    let movements = all(warehouse);
    let row = |(item, movements): (i64, Vec<&Movement>)| {
        let turnover = Turnover::of(warehouse, &movements);
        row! {
            item_id: item,
            movements: movements.len(),
            movements_90d: turnover.movements,
            outbound_quantity_90d: turnover.outbound,
            inbound_quantity_90d: turnover.inbound,
            avg_daily_movements: turnover.movements as f64 / 90.0,
            avg_daily_outbound_quantity: turnover.outbound / 90.0,
            turnover_pct: turnover.percent(),
            velocity_category: turnover.velocity(),
        }
    };
    by_item(&movements).into_iter().map(row).collect()
}

pub(super) fn rows(warehouse: &Warehouse) -> Vec<Row> {
    let movements = all(warehouse);
    let items = by_item(&movements);
    items.values().flat_map(|of_item| (0..of_item.len()).map(|at| columns(warehouse, of_item, at))).collect()
}

/// The columns of the fact that the movements' own table has.
const OWN: [&str; 21] = [
    "movement_key",
    "movement_type",
    "movement_id",
    "order_id",
    "item_id",
    "location_id",
    "movement_date",
    "moved_at",
    "movement_status",
    "quantity",
    "net_quantity",
    "processing_time_seconds",
    "business_impact_score",
    "running_net_quantity",
    "running_quantity",
    "running_quantity_count",
    "running_avg_quantity",
    "running_movement_count",
    "previous_quantity",
    "next_quantity",
    "quantity_trend",
];

pub(super) fn own_rows(warehouse: &Warehouse) -> Vec<Row> {
    let mut rows = rows(warehouse);
    rows.iter_mut().for_each(|row| row.retain(|name, _| OWN.contains(&name.as_str())));
    rows
}

/// The moved quantities, by item and type.
fn quantities(warehouse: &Warehouse) -> BTreeMap<(i64, &'static str), Vec<f64>> {
    let mut found: BTreeMap<(i64, &'static str), Vec<f64>> = BTreeMap::new();
    for movement in all(warehouse) {
        if let Some(quantity) = movement.quantity {
            found.entry((movement.item, movement.kind())).or_default().push(quantity);
        }
    }
    found
}

pub(super) fn quantity_rows(warehouse: &Warehouse) -> Vec<Row> {
    let of_kind = |((item, kind), mut quantities): ((i64, &'static str), Vec<f64>)| {
        quantities.sort_by(f64::total_cmp);
        let same = quantities.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect::<Vec<_>>();
        same.into_iter().map(move |(quantity, count)| {
            row! { item_id: item, movement_type: kind, quantity: quantity, movement_count: count }
        })
    };
    quantities(warehouse).into_iter().flat_map(of_kind).collect()
}

pub(super) fn spread_rows(warehouse: &Warehouse) -> Vec<Row> {
    let row = |((item, kind), quantities): ((i64, &'static str), Vec<f64>)| {
        row! {
            item_id: item,
            movement_type: kind,
            quantity_count: quantities.len(),
            quantity_p25: percentile(&quantities, 0.25),
            quantity_p50: percentile(&quantities, 0.5),
            quantity_p75: percentile(&quantities, 0.75),
            quantity_p90: percentile(&quantities, 0.9),
        }
    };
    quantities(warehouse).into_iter().map(row).collect()
}

/// The movement at a place among those of its item.
fn columns(warehouse: &Warehouse, of_item: &[&Movement], at: usize) -> Row {
    let own = of_item[at];
    let so_far = &of_item[..=at];
    let peers: Vec<&Movement> = of_item.iter().copied().filter(|other| other.outbound == own.outbound).collect();
    let place = peers.iter().position(|other| other.id == own.id).expect("among its peers");
    let quantities: Vec<f64> = peers.iter().filter_map(|peer| peer.quantity).collect();
    let previous = place.checked_sub(1).map(|before| peers[before].quantity);
    let net: Vec<f64> = so_far.iter().filter_map(|movement| movement.net()).collect();
    let turnover = Turnover::of(warehouse, of_item);
    let moved: Vec<f64> = so_far.iter().filter_map(|movement| movement.quantity).collect();
    row! {
        movement_key: format!("{}|{}", own.kind(), own.id),
        movement_type: own.kind(),
        movement_id: own.id,
        order_id: own.order,
        item_id: own.item,
        location_id: own.location,
        movement_date: date_text(own.day),
        moved_at: shown(&warehouse.terms, Some(own.at)),
        movement_status: own.status.clone(),
        quantity: own.quantity,
        net_quantity: own.net(),
        processing_time_seconds: own.seconds,
        business_impact_score: own.score,
        running_net_quantity: (!net.is_empty()).then(|| net.iter().sum::<f64>()),
        running_quantity: (!moved.is_empty()).then(|| moved.iter().sum::<f64>()),
        running_quantity_count: moved.len(),
        running_avg_quantity: mean(&moved),
        running_movement_count: so_far.len(),
        previous_quantity: previous.flatten(),
        next_quantity: peers.get(place + 1).and_then(|next| next.quantity),
        quantity_trend: match (previous, own.quantity) {
            (None, _) => "First",
            (Some(Some(before)), Some(now)) if now > before => "Increasing",
            (Some(Some(before)), Some(now)) if now < before => "Decreasing",
            (Some(Some(_)), Some(_)) => "Stable",
            _ => "Unknown",
        },
        quantity_p25: percentile(&quantities, 0.25),
        quantity_p50: percentile(&quantities, 0.5),
        quantity_p75: percentile(&quantities, 0.75),
        quantity_p90: percentile(&quantities, 0.9),
        quantity_percent_rank: own.quantity.map(|quantity| percent_rank(&quantities, quantity)),
        item_movements_90d: turnover.movements,
        item_outbound_quantity_90d: turnover.outbound,
        item_inbound_quantity_90d: turnover.inbound,
        item_avg_daily_movements: turnover.movements as f64 / 90.0,
        item_avg_daily_outbound_quantity: turnover.outbound / 90.0,
        item_turnover_pct: turnover.percent(),
        item_velocity_category: turnover.velocity(),
    }
}

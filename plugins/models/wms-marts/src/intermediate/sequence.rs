//! The SQL of `int_inventory_movements`: movements in the order of their item. A movement that is added, changed or
//! deleted changes the totals of those after it and nothing before it, so an incremental build begins at the first such
//! time of each item, with the totals of the movement before. Quantities are added up in thousandths, exactly: totals
//! are the same wherever a build begins.

use super::movement::{Kind, kinds, moments_moved};
use crate::site::Site;

/// The columns of a movement without its neighbours.
const MOVED: &str =
    "movement_type, movement_id, order_id, item_id, location_id, movement_date, moved_at, movement_status,
    quantity, net_quantity, processing_time_seconds, business_impact_score";

/// The order of movements within their item, the columns of a kind, and the order within the kind.
struct Order {
    by_item: &'static str,
    kind: &'static str,
    by_kind: &'static str,
}

/// Without incoming movements all are of one kind, and one order of rows serves both.
fn order(site: &Site) -> Order {
    match site.receipts {
        Some(_) => Order {
            by_item: "moved_at, movement_type, movement_id",
            kind: "item_id, movement_type",
            by_kind: "moved_at, movement_id",
        },
        None => Order { by_item: "moved_at, movement_id", kind: "item_id", by_kind: "moved_at, movement_id" },
    }
}

/// The keys of the affected rows: all movements of an item from the first that was added or deleted on, and of each
/// kind the last one before, which now has another one after it.
pub(super) fn changes(site: &Site) -> String {
    let came = kinds(site).iter().map(|kind| {
        let Kind { from, only, .. } = kind;
        format!(
            "SELECT {} AS movement_key FROM {{{from}}} came WHERE wms_loaded_at > {{watermark:{from}}} AND {only}",
            key(site, &format!("'{}'", kind.name), kind.id)
        )
    });
    format!(
        "WITH affected AS (
  {affected}
)
SELECT built.movement_key FROM affected JOIN {{this}} built ON {since}
UNION ALL
SELECT movement_key FROM (
{before}
) last_before WHERE movement_key IS NOT NULL
UNION ALL
{came}",
        affected = affected(site),
        since = since(site),
        before = last_before(site),
        came = came.collect::<Vec<_>>().join("\nUNION ALL\n"),
    )
}

/// The first affected time of each item.
fn affected(site: &Site) -> String {
    format!(
        "SELECT item_id, MIN(moved_at) AS since FROM (
{}
  ) moments GROUP BY item_id",
        moments_moved(site)
    )
}

/// The condition that a movement of the last build is of an affected item and not before its first affected time.
fn since(site: &Site) -> String {
    let names: Vec<_> = kinds(site).iter().map(|kind| format!("'{}'", kind.name)).collect();
    format!(
        "built.item_id = affected.item_id AND built.movement_type IN ({}) AND built.moved_at >= affected.since",
        names.join(", ")
    )
}

/// A SELECT of the key of the last movement of each kind before an item's first moment; NULL where there is none.
fn last_before(site: &Site) -> String {
    let of = |kind: &Kind| {
        format!(
            "SELECT (
  SELECT built.movement_key FROM {{this}} built
  WHERE built.item_id = affected.item_id AND built.movement_type = '{}' AND built.moved_at < affected.since
  ORDER BY built.moved_at DESC, built.movement_id DESC {}
) AS movement_key FROM affected",
            kind.name,
            site.sql.first_rows(1)
        )
    };
    kinds(site).iter().map(of).collect::<Vec<_>>().join("\nUNION ALL\n")
}

pub(super) fn statement(site: &Site) -> String {
    format!("{{when full}} {} {{end}}{{when incremental}} {} {{end}}", full(site), incremental(site))
}

fn full(site: &Site) -> String {
    format!(
        "WITH moved AS (
  {moved}
),
sequenced AS (
  SELECT moved.*, {totals}, {neighbours}
  FROM moved
)
{final_select}
FROM sequenced",
        moved = moved(site, ""),
        totals = totals(site, ["net_quantity", "quantity", "1"]),
        neighbours = neighbours(site),
        final_select = final_select(site, ["summed_net", "summed_quantity", "summed_count", "movement_count"]),
    )
}

/// The movements before the affected ones are included for their neighbours, and count nothing in the totals: the
/// totals of the last of them are the base of the others.
fn incremental(site: &Site) -> String {
    let from_base = |base: &str, own: &str| {
        format!(
            "CASE WHEN base.{base} IS NULL THEN {own} WHEN {own} IS NULL THEN base.{base} ELSE base.{base} + {own} END"
        )
    };
    let (net, quantity) = (from_base("net", "s.summed_net"), from_base("quantity", "s.summed_quantity"));
    let count = "(COALESCE(base.quantity_count, 0) + s.summed_count)";
    format!(
        "WITH affected AS (
  {affected}
),
before AS (
  SELECT built.* FROM {{this}} built WHERE built.movement_key IN (
{last_before}
  )
),
base AS (
  SELECT item_id, {base_net} AS net, {base_quantity} AS quantity, running_quantity_count AS quantity_count,
    running_movement_count AS movement_count
  FROM (
    SELECT before.*, ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY running_movement_count DESC) AS place FROM before
  ) last_of_item
  WHERE place = 1
),
moved AS (
  {moved}
),
steps AS (
  SELECT {MOVED}, 1 AS is_moved FROM moved
  UNION ALL
  SELECT {MOVED}, 0 AS is_moved FROM before
),
sequenced AS (
  SELECT steps.*, {totals}, {neighbours}
  FROM steps
),
gathered AS (
  SELECT s.*, {net} AS total_net, {quantity} AS total_quantity, {count} AS total_count,
    COALESCE(base.movement_count, 0) + s.movement_count AS total_movements
  FROM sequenced s LEFT JOIN base ON base.item_id = s.item_id
  WHERE s.is_moved = 1
)
{final_select}
FROM gathered
UNION ALL
SELECT b.movement_key, b.movement_type, b.movement_id, b.order_id, b.item_id, b.location_id, b.movement_date, b.moved_at,
  b.movement_status, b.quantity, b.net_quantity, b.processing_time_seconds, b.business_impact_score,
  b.running_net_quantity, b.running_quantity, b.running_quantity_count, b.running_avg_quantity,
  b.running_movement_count, b.previous_quantity, s.next_quantity, b.quantity_trend
FROM before b JOIN sequenced s ON s.movement_type = b.movement_type AND s.movement_id = b.movement_id AND s.is_moved = 0",
        affected = affected(site),
        last_before = last_before(site),
        base_net = site.sql.scaled("running_net_quantity", 3),
        base_quantity = site.sql.scaled("running_quantity", 3),
        moved = moved(site, "JOIN affected ON affected.item_id = made.item_id AND made.{moved_at} >= affected.since"),
        totals = totals(
            site,
            [
                "CASE WHEN is_moved = 1 THEN net_quantity END",
                "CASE WHEN is_moved = 1 THEN quantity END",
                "is_moved",
            ]
        ),
        neighbours = neighbours(site),
        final_select = final_select(site, ["total_net", "total_quantity", "total_count", "total_movements"]),
    )
}

/// A SELECT of movements without their neighbours.
fn moved(site: &Site, only: &str) -> String {
    let of = |kind: &Kind| {
        let Kind { name, from, id, moved_at, day, columns, .. } = kind;
        format!(
            "SELECT '{name}' AS movement_type, {id} AS movement_id, order_id, made.item_id, location_id,
    {day} AS movement_date, {moved_at} AS moved_at, {columns}
  FROM {{{from}}} made {only}
  WHERE made.{counted}",
            only = only.replace("{moved_at}", moved_at),
            counted = kind.only,
        )
    };
    kinds(site).iter().map(of).collect::<Vec<_>>().join("\n  UNION ALL\n  ")
}

/// The running totals of movements: net quantity, quantity, the number with a quantity, and the number of all.
fn totals(site: &Site, [net, quantity, one]: [&str; 3]) -> String {
    let so_far = |aggregate: &str| site.sql.running(aggregate, "item_id", order(site).by_item);
    format!(
        "{net} AS summed_net, {summed} AS summed_quantity, {counted} AS summed_count, {moved} AS movement_count",
        net = so_far(&format!("SUM({})", site.sql.scaled(net, 3))),
        summed = so_far(&format!("SUM({})", site.sql.scaled(quantity, 3))),
        counted = so_far(&format!("COUNT({quantity})")),
        moved = so_far(&format!("SUM({one})")),
    )
}

/// The previous and next quantities of a movement's kind, and its place there.
fn neighbours(site: &Site) -> String {
    let Order { kind, by_kind, .. } = order(site);
    format!(
        "{previous} AS previous_quantity, {next} AS next_quantity, {place} AS place_in_kind",
        previous = site.sql.previous("quantity", kind, by_kind),
        next = site.sql.next("quantity", kind, by_kind),
        place = site.sql.running("COUNT(*)", kind, by_kind),
    )
}

const TREND: &str = "CASE WHEN place_in_kind = 1 THEN 'First'
    WHEN quantity IS NULL OR previous_quantity IS NULL THEN 'Unknown'
    WHEN quantity > previous_quantity THEN 'Increasing'
    WHEN quantity < previous_quantity THEN 'Decreasing'
    ELSE 'Stable' END";

fn key(site: &Site, kind: &str, id: &str) -> String {
    site.sql.surrogate_key(&[kind, id])
}

/// The SELECT of the model's columns, from these totals: net quantity, quantity, the number with a quantity, and the
/// number of all.
fn final_select(site: &Site, [net, quantity, count, movements]: [&str; 4]) -> String {
    format!(
        "SELECT {key} AS movement_key, {MOVED},
  {net} / 1000.0 AS running_net_quantity, {quantity} / 1000.0 AS running_quantity, {count} AS running_quantity_count,
  {mean} AS running_avg_quantity, {movements} AS running_movement_count, previous_quantity, next_quantity,
  {TREND} AS quantity_trend",
        key = key(site, "movement_type", "movement_id"),
        mean = site.sql.ratio(quantity, &format!("({count} * 1000)")),
    )
}

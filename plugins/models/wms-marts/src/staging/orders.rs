//! `stg_wms_order_headers` and `stg_wms_orders`: one row per order, with the sums of its lines. The first is a table of
//! everything that does not change with the day; the second adds the order's age at the time it is read.

use super::{BY_CHANGE, changed_keys, versions};
use crate::cloud;
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    Delta, DeltaSource, Model, NULL, UnitTest, accepted, at_least, between, columns::*, days, holds, not_null, unique,
};
use wmshost_plugin::rows;

/// The orders with their age: a view, because it changes every day. Its columns are tested in the table.
pub(super) fn aged(site: &Site) -> Model {
    let mut columns = columns(site);
    let at = columns.iter().position(|column| column.name == "line_count").unwrap_or(columns.len());
    columns.insert(at, int64("days_since_order", "Midnights since it was ordered."));
    let age = site.sql.days_between(&site.local("order_date"), &site.today);
    let made = |column: &ModelColumn| match column.name.as_str() {
        "days_since_order" => format!("{age} AS days_since_order"),
        name => name.to_owned(),
    };
    let select = columns.iter().map(made).collect::<Vec<_>>().join(", ");
    Model::staging("stg_wms_orders")
        .view()
        .summary("Orders, the latest version of each, with what their lines add up to and how old they are.")
        .reads(["stg_wms_order_headers"])
        .sql(format!("SELECT {select}\nFROM {{stg_wms_order_headers}} headers"))
        .columns(columns)
        .unit_test(
            UnitTest::new("an order's age is counted in midnights")
                .now("2026-06-30 23:00:00")
                .given(
                    "stg_wms_order_headers",
                    match site.shows_stored_times() {
                        true => rows! {
                            order_id, order_date;
                            1, "2026-06-01 23:59:59.999999"; 2, "2026-06-30 00:00:00.000000"; 3, NULL;
                        },
                        false => rows! {
                            order_id, order_date;
                            1, "2026-06-01 12:00:00.000000"; 2, "2026-06-30 12:00:00.000000"; 3, NULL;
                        },
                    },
                )
                .expect(rows! { order_id, days_since_order; 1, 29; 2, 0; 3, NULL }),
        )
}

pub(super) fn model(site: &Site) -> Model {
    let model = Model::staging("stg_wms_order_headers")
        .summary(
            "Orders, the latest version of each, with what their lines add up to. A table, because of the lines; it follows \
             the changes of both.",
        )
        .reads(reads(site))
        .replaced_by(["order_id"], changes(site))
        .sql(statement(site))
        .columns(columns(site))
        .index(["order_date"])
        .statistics()
        .fresh(days(1), days(2));
    unit_tested(site, tested(model))
}

fn columns(site: &Site) -> Vec<ModelColumn> {
    vec![
        int64("order_id", "The order."),
        int64("customer_id", "Who ordered."),
        site.moment("order_date", "When it was ordered."),
        text("order_status", "The status, trimmed and in upper case."),
        text("status_group", "Open, Processing, Completed, Cancelled or Unknown."),
        decimal("total_amount", 15, 2, "The amount that the header says."),
        site.moment("requested_ship_date", "When it is to be shipped; 7 days after its date where nothing is said."),
        text("order_type", "The type; STANDARD where there is none."),
        text("priority_code", "The priority; NORMAL where there is none."),
        int64("priority_rank", "URGENT 1, HIGH 2, NORMAL 3, another 4."),
        int64("ship_to_address_id", "Where to."),
        site.moment("last_updated", "When it last changed."),
        int64("line_count", "How many lines; 0 without any, as the following."),
        decimal("total_quantity_ordered", 15, 3, "The sum of the lines' quantities."),
        decimal("calculated_total_amount", 15, 2, "The sum of the lines' totals."),
        float64("avg_unit_price", "The mean price of the lines."),
        decimal("min_unit_price", 15, 2, "The lowest price."),
        decimal("max_unit_price", 15, 2, "The highest price."),
        int64("unique_item_count", "How many different items."),
        text("order_size_category", "Small, Medium, Large or Enterprise by the amount; UNKNOWN without one."),
        boolean("has_invalid_amount", "Whether the amount is NULL or below zero."),
        boolean("has_invalid_status", "Whether the status is none of the five."),
        boolean("has_amount_variance", "Whether amount and lines differ by more than 0.01, or cannot be compared."),
        boolean("has_no_lines", "Whether there is no line."),
        text("data_quality_score", "Poor if a flag is up; Excellent if nothing that matters is NULL; else Good."),
    ]
}

/// Orders that are new or deleted, and those whose lines changed.
fn changes(site: &Site) -> String {
    let window = ["order_id"];
    let table = DeltaSource { model: "stg_wms_order_lines", window: &window, only: "order_id IS NOT NULL" };
    let lines = Delta { window: &window, tables: &[table] };
    let keys = changed_keys(site, "order_hdr", "order_id");
    let changes = format!("{keys}\nUNION ALL\n{}", lines.windows());
    match &site.cloud {
        None => changes,
        Some(words) => format!("{changes}\nUNION ALL\n{}", cloud::orders::changes(site, words)),
    }
}

fn reads(site: &Site) -> Vec<&'static str> {
    let lines = ["stg_wms_order_lines"].into_iter();
    match site.cloud {
        None => lines.chain(["order_hdr"]).collect(),
        Some(_) => lines.chain([site.rows("order_hdr")]).chain(cloud::orders::READS).collect(),
    }
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    // With the `+` SQLite expects many headers, and looks up the lines of each instead of reading those of all.
    let scanned = "\n  {when incremental} WHERE +order_id IN (SELECT order_id FROM {changes}) {end}";
    let only = "{when incremental} WHERE order_id IN (SELECT order_id FROM {changes}) {end}";
    let missing = |column: &str| format!("{column} IS NULL");
    let blank = |column: &str| format!("{} IS NULL", sql.trimmed(column));
    let mut incomplete = vec![
        missing("customer_id"),
        missing("order_date"),
        missing("raw_ship_date"),
        blank("raw_order_type"),
        blank("raw_priority_code"),
        missing("last_updated"),
    ];
    if site.cloud.is_none() {
        incomplete.push(missing("ship_to_address_id"));
    }
    format!(
        "WITH numbered AS (
  {versions}
),
headers AS (
  SELECT order_id, customer_id, order_date, order_status_clean AS order_status, status_group,
    {amount} AS total_amount, requested_ship_date AS raw_ship_date, requested_ship_date_clean AS requested_ship_date,
    order_type AS raw_order_type, order_type_clean AS order_type,
    priority_code AS raw_priority_code, priority_code_clean AS priority_code, priority_rank,
    ship_to_address_id, last_updated, order_size_category, has_invalid_amount, has_invalid_status
  FROM numbered
  WHERE version = 1 AND {is_there}
),
summed_lines AS (
  SELECT order_id, COUNT(*) AS line_count, SUM(quantity_ordered) AS total_quantity_ordered,
    SUM(line_total) AS calculated_total_amount, AVG(unit_price) AS avg_unit_price,
    MIN(unit_price) AS min_unit_price, MAX(unit_price) AS max_unit_price,
    COUNT(DISTINCT item_id) AS unique_item_count
  FROM {{stg_wms_order_lines}}
  {only}
  GROUP BY order_id
),
joined AS (
  SELECT headers.*, COALESCE(line_count, 0) AS line_count,
    COALESCE(total_quantity_ordered, 0) AS total_quantity_ordered,
    COALESCE(calculated_total_amount, 0) AS calculated_total_amount,
    COALESCE(avg_unit_price, 0) AS avg_unit_price, COALESCE(min_unit_price, 0) AS min_unit_price,
    COALESCE(max_unit_price, 0) AS max_unit_price, COALESCE(unique_item_count, 0) AS unique_item_count
  FROM headers LEFT JOIN summed_lines ON summed_lines.order_id = headers.order_id
),
judged AS (
  SELECT joined.*, {variance} AS has_amount_variance, {no_lines} AS has_no_lines
  FROM joined
)
SELECT order_id, customer_id, order_date, order_status, status_group, total_amount, requested_ship_date, order_type,
  priority_code, priority_rank, ship_to_address_id, last_updated, line_count, total_quantity_ordered, calculated_total_amount, avg_unit_price, min_unit_price, max_unit_price,
  unique_item_count, order_size_category, has_invalid_amount, has_invalid_status, has_amount_variance, has_no_lines,
  CASE WHEN has_invalid_amount = 1 OR has_invalid_status = 1 OR has_amount_variance = 1 OR has_no_lines = 1 THEN 'Poor'
    WHEN {incomplete} THEN 'Good'
    ELSE 'Excellent' END AS data_quality_score
FROM judged",
        versions = versions(site, "order_hdr", "order_id", BY_CHANGE, scanned),
        amount = sql.number("total_amount"),
        is_there = site.is_there("order_hdr"),
        // Sums of binary fractions are off by less than a millionth: a difference of 0.01 is no variance.
        variance = sql.flag("total_amount IS NULL OR ABS(ROUND(total_amount - calculated_total_amount, 6)) > 0.01"),
        no_lines = sql.flag("line_count = 0"),
        incomplete = incomplete.join(" OR "),
    )
}

fn tested(model: Model) -> Model {
    model
        .test(not_null(["order_id"]))
        .test(unique(["order_id"]).says("Two versions of an order got through."))
        .test(not_null(["status_group", "order_type", "priority_code", "order_size_category"]).named("defaults_set"))
        .test(accepted("status_group", ["Open", "Processing", "Completed", "Cancelled", "Unknown"]))
        .test(accepted("order_size_category", ["Small", "Medium", "Large", "Enterprise", "UNKNOWN"]))
        .test(accepted("data_quality_score", ["Excellent", "Good", "Poor"]))
        .test(between("priority_rank", 1, 4))
        .test(at_least("line_count", 0))
        .test(at_least("unique_item_count", 0))
        .test(holds("items_are_at_most_lines", "unique_item_count <= line_count"))
        .test(
            holds("prices_are_in_order", "min_unit_price <= max_unit_price").says("Minimum and maximum are mixed up."),
        )
}

fn unit_tested(site: &Site, model: Model) -> Model {
    let complete = |id: i32, total: &str| {
        let mut rows = rows! {
            order_id, customer_id, order_date, requested_ship_date, order_type, priority_code, ship_to_address_id,
            last_updated, has_invalid_amount, has_invalid_status, total_amount;
            id, 1, "2026-06-01 00:00:00.000000", "2026-06-02 00:00:00.000000", "RUSH", "HIGH", 1,
            "2026-06-01 00:00:00.000000", 0, 0, NULL;
        };
        rows.rows[0][10] = wmshost_plugin::contract::types::Value::Decimal(total.to_owned());
        rows
    };
    model
        .unit_test(
            UnitTest::new("lines are added up")
                .given(site.rows("order_hdr"), complete(1, "10.01"))
                .given("stg_wms_order_lines", rows! {
                    order_detail_id, order_id, item_id, quantity_ordered, unit_price, line_total;
                    1, 1, 5, 1, 4.0, 4.0;
                    2, 1, 5, 2, 3.0, 6.0;
                })
                .expect(rows! {
                    order_id, line_count, total_quantity_ordered, calculated_total_amount,
                    avg_unit_price, unique_item_count, has_amount_variance, has_no_lines, data_quality_score;
                    1, 2, 3, 10, 3.5, 1, 0, 0, "Excellent";
                }),
        )
        .unit_test(
            UnitTest::new("an order without lines has zeros and is poor")
                .given(site.rows("order_hdr"), complete(1, "0"))
                .expect(rows! {
                    order_id, line_count, calculated_total_amount, has_amount_variance, has_no_lines, data_quality_score;
                    1, 0, 0, 0, 1, "Poor";
                }),
        )
}

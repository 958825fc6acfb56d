//! The expected rows of the target after a run of the shipped pipeline, recomputed from the source in plain SQL that
//! shares nothing with the plugins.

use crate::test_project::TestProject;

/// A stream: its table, its target, and the target's columns recomputed from `source.<table>`.
struct Expected {
    source: &'static str,
    target: &'static str,
    columns: &'static [&'static str],
    derived: &'static [(&'static str, &'static str)],
}

/// The blanks that a text is trimmed of.
macro_rules! cleaned {
    ($column:literal) => {
        concat!("nullif(trim(", $column, ", char(32, 9, 10, 13)), '')")
    };
}

macro_rules! upper {
    ($column:literal) => {
        concat!("upper(", cleaned!($column), ")")
    };
}

const ALLOCATION: Expected = Expected {
    source: "allocation",
    target: "WMS_ALLOCATION",
    columns: &[
        "allocation_id",
        "order_id",
        "item_id",
        "location_id",
        "quantity_allocated",
        "allocation_status",
        "allocated_by_user",
        "priority_level",
        "created_date",
        "last_updated",
    ],
    derived: &[
        ("allocation_status_clean", upper!("allocation_status")),
        (
            "status_group",
            concat!(
                "CASE WHEN ",
                upper!("allocation_status"),
                " IN ('ALLOCATED', 'RESERVED') THEN 'Active' WHEN ",
                upper!("allocation_status"),
                " IN ('PICKED', 'SHIPPED') THEN 'Fulfilled' ELSE 'Unknown' END"
            ),
        ),
        ("allocated_by_user_clean", concat!("coalesce(", cleaned!("allocated_by_user"), ", 'SYSTEM')")),
        ("priority_level_clean", "coalesce(priority_level, 1)"),
        ("has_invalid_quantity", "coalesce(quantity_allocated <= 0, 1)"),
        (
            "has_invalid_status",
            concat!(
                "coalesce(",
                upper!("allocation_status"),
                " NOT IN ('ALLOCATED', 'RESERVED', 'PICKED', 'SHIPPED'), 1)"
            ),
        ),
        (
            "data_quality_score",
            concat!(
                "CASE WHEN coalesce(quantity_allocated <= 0, 1) OR coalesce(",
                upper!("allocation_status"),
                " NOT IN ('ALLOCATED', 'RESERVED', 'PICKED', 'SHIPPED'), 1) THEN 'Poor' \
                 WHEN order_id + item_id + location_id + priority_level IS NULL OR created_date IS NULL OR \
                 last_updated IS NULL THEN 'Good' ELSE 'Excellent' END"
            ),
        ),
    ],
};

const ORDER_HDR: Expected = Expected {
    source: "order_hdr",
    target: "WMS_ORDER_HDR",
    columns: &[
        "order_id",
        "customer_id",
        "order_date",
        "order_status",
        "total_amount",
        "requested_ship_date",
        "order_type",
        "priority_code",
        "ship_to_address_id",
        "last_updated",
    ],
    derived: &[
        ("order_status_clean", upper!("order_status")),
        (
            "status_group",
            concat!(
                "CASE ",
                upper!("order_status"),
                " WHEN 'NEW' THEN 'Open' WHEN 'CONFIRMED' THEN 'Open' \
                 WHEN 'IN_PROGRESS' THEN 'Processing' WHEN 'COMPLETED' THEN 'Completed' \
                 WHEN 'CANCELLED' THEN 'Cancelled' ELSE 'Unknown' END"
            ),
        ),
        (
            "requested_ship_date_clean",
            "coalesce(requested_ship_date, strftime('%Y-%m-%d %H:%M:%S', order_date, '+7 days') || substr(order_date, 20))",
        ),
        ("order_type_clean", concat!("coalesce(", upper!("order_type"), ", 'STANDARD')")),
        ("priority_code_clean", concat!("coalesce(", upper!("priority_code"), ", 'NORMAL')")),
        (
            "priority_rank",
            concat!(
                "CASE coalesce(",
                upper!("priority_code"),
                ", 'NORMAL') WHEN 'URGENT' THEN 1 WHEN 'HIGH' THEN 2 WHEN 'NORMAL' THEN 3 ELSE 4 END"
            ),
        ),
        (
            "order_size_category",
            "CASE WHEN total_amount IS NULL THEN 'UNKNOWN' WHEN total_amount < 100 THEN 'Small' WHEN total_amount < 1000 \
             THEN 'Medium' WHEN total_amount < 10000 THEN 'Large' ELSE 'Enterprise' END",
        ),
        ("has_invalid_amount", "coalesce(total_amount < 0, 1)"),
        (
            "has_invalid_status",
            concat!(
                "coalesce(",
                upper!("order_status"),
                " NOT IN ('NEW', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'), 1)"
            ),
        ),
    ],
};

const ORDER_DTL: Expected = Expected {
    source: "order_dtl",
    target: "WMS_ORDER_DTL",
    columns: &[
        "order_detail_id",
        "order_id",
        "item_id",
        "quantity_ordered",
        "unit_price",
        "line_total",
        "last_updated",
    ],
    derived: &[],
};

const ITEM_MASTER: Expected = Expected {
    source: "item_master",
    target: "WMS_ITEM_MASTER",
    columns: &[
        "item_id",
        "item_code",
        "item_description",
        "item_category",
        "unit_of_measure",
        "standard_cost",
        "is_active",
        "item_weight",
        "item_volume",
        "storage_type",
        "shelf_life_days",
        "hazmat_class",
    ],
    derived: &[
        ("item_code_clean", upper!("item_code")),
        ("item_category_clean", concat!("coalesce(", cleaned!("item_category"), ", 'UNKNOWN')")),
        ("storage_type_clean", concat!("coalesce(", upper!("storage_type"), ", 'STANDARD')")),
        ("hazmat_class_clean", concat!("coalesce(", upper!("hazmat_class"), ", 'NONE')")),
        ("is_active_clean", upper!("is_active")),
        ("is_hazmat", concat!("coalesce(", upper!("hazmat_class"), ", 'NONE') <> 'NONE'")),
        (
            "size_category",
            "CASE WHEN item_weight > 50 OR item_volume > 1000 THEN 'OVERSIZED' WHEN item_weight > 20 OR item_volume > 500 \
             THEN 'LARGE' WHEN item_weight > 5 OR item_volume > 100 THEN 'MEDIUM' WHEN item_weight IS NULL AND item_volume \
             IS NULL THEN 'UNKNOWN' ELSE 'SMALL' END",
        ),
        (
            "value_category",
            "CASE WHEN standard_cost IS NULL THEN 'UNKNOWN' WHEN standard_cost < 10 THEN 'LOW_VALUE' WHEN standard_cost < \
             100 THEN 'MEDIUM_VALUE' WHEN standard_cost < 1000 THEN 'HIGH_VALUE' ELSE 'PREMIUM_VALUE' END",
        ),
        ("has_invalid_cost", "coalesce(standard_cost < 0, 1)"),
        ("has_invalid_active_flag", concat!("coalesce(", upper!("is_active"), " NOT IN ('Y', 'N'), 1)")),
    ],
};

const LOCATION: Expected = Expected {
    source: "location",
    target: "WMS_LOCATION",
    columns: &[
        "location_id",
        "location_code",
        "location_type",
        "zone_id",
        "aisle",
        "bay",
        "level_no",
        "is_active",
        "capacity_volume",
        "capacity_weight",
        "current_volume",
        "current_weight",
        "temperature_zone",
        "security_level",
        "pick_sequence",
    ],
    derived: &[
        ("location_type_clean", upper!("location_type")),
        ("zone_id_clean", concat!("coalesce(", cleaned!("zone_id"), ", 'UNKNOWN')")),
        ("aisle_clean", concat!("coalesce(", cleaned!("aisle"), ", '00')")),
        ("level_no_clean", concat!("coalesce(", cleaned!("level_no"), ", '01')")),
        ("capacity_volume_clean", "coalesce(capacity_volume, 0)"),
        ("pick_sequence_clean", "coalesce(pick_sequence, 999999)"),
        (
            "type_priority",
            concat!(
                "CASE ",
                upper!("location_type"),
                " WHEN 'PICK' THEN 1 WHEN 'FORWARD' THEN 2 WHEN 'RESERVE' THEN 3 WHEN 'BULK' THEN 4 WHEN 'STAGE' THEN 5 ELSE 6 END"
            ),
        ),
        (
            "operational_category",
            concat!(
                "CASE ",
                upper!("location_type"),
                " WHEN 'PICK' THEN CASE WHEN coalesce(pick_sequence, 999999) <= 1000 THEN \
                 'PRIME_PICK' ELSE 'STANDARD_PICK' END WHEN 'FORWARD' THEN 'FORWARD_RESERVE' WHEN 'RESERVE' THEN \
                 'BULK_RESERVE' WHEN 'STAGE' THEN 'STAGING' ELSE 'OTHER' END"
            ),
        ),
        (
            "has_invalid_type",
            concat!(
                "coalesce(",
                upper!("location_type"),
                " NOT IN ('PICK', 'RESERVE', 'BULK', 'STAGE', 'FORWARD', 'DOCK', 'DAMAGED'), 1)"
            ),
        ),
    ],
};

const ALL: [Expected; 5] = [ALLOCATION, ORDER_HDR, ORDER_DTL, ITEM_MASTER, LOCATION];

/// Asserts that every target table of the shipped pipeline has the rows of its source: each row once, each source
/// column unchanged, each derived column as recomputed.
pub fn assert_target_equals_source(project: &TestProject) {
    let target = project.target();
    target.execute("ATTACH ?1 AS source", [project.source_path().to_string_lossy()]).expect("the source");
    for Expected { source, target: table, columns, derived } in ALL {
        let names: Vec<&str> = columns.iter().copied().chain(derived.iter().map(|(name, _)| *name)).collect();
        let values: Vec<&str> = columns.iter().copied().chain(derived.iter().map(|(_, value)| *value)).collect();
        let found = format!("SELECT {} FROM main.{table}", names.join(", "));
        let wanted = format!("SELECT {} FROM source.{source}", values.join(", "));
        for (what, one, two) in [("has rows that it must not", &found, &wanted), ("lacks rows", &wanted, &found)] {
            let difference = format!("SELECT * FROM ({one} EXCEPT {two}) LIMIT 3");
            let mut statement = target.prepare(&difference).expect("a query");
            let rows: Vec<String> = statement
                .query_map([], |row| {
                    let cells = (0..names.len()).map(|at| {
                        row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{}={value:?}", names[at]))
                    });
                    Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
                })
                .expect("rows")
                .collect::<rusqlite::Result<_>>()
                .expect("rows");
            assert!(rows.is_empty(), "{table} {what}:\n{}", rows.join("\n"));
        }
        let count = |of: &str| -> i64 {
            target.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0)).expect("a count")
        };
        assert_eq!(count(&format!("main.{table}")), count(&format!("source.{source}")), "{table}");
    }
}

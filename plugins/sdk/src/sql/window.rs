//! Rows before and after, running totals, percentiles. SQLite has no percentiles of its own: they are computed with
//! window functions, with the same result as Oracle's `PERCENTILE_CONT`.

use super::Sql;

impl Sql {
    /// The value in the row before, within the rows of one `group`.
    pub fn previous(self, value: &str, group: &str, order: &str) -> String {
        format!("LAG({value}) OVER (PARTITION BY {group} ORDER BY {order})")
    }

    /// The value in the row after.
    pub fn next(self, value: &str, group: &str, order: &str) -> String {
        format!("LEAD({value}) OVER (PARTITION BY {group} ORDER BY {order})")
    }

    /// An aggregate (`SUM(quantity)`) over all rows of the group up to this one. The order must have no ties.
    pub fn running(self, aggregate: &str, group: &str, order: &str) -> String {
        format!(
            "{aggregate} OVER (PARTITION BY {group} ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
        )
    }

    /// An aggregate over this row and `before` rows before it.
    pub fn moving(self, aggregate: &str, group: &str, order: &str, before: u32) -> String {
        format!(
            "{aggregate} OVER (PARTITION BY {group} ORDER BY {order} ROWS BETWEEN {before} PRECEDING AND CURRENT ROW)"
        )
    }

    /// The share of the group's other rows that are before this one in the order: 0 to 1.
    pub fn percent_rank(self, group: &str, order: &str) -> String {
        format!("PERCENT_RANK() OVER (PARTITION BY {group} ORDER BY {order})")
    }

    /// A SELECT of all columns of `relation` that keeps one row for each key: the first in the order.
    pub fn first_by_key(self, relation: &str, key: &str, order: &str) -> String {
        format!(
            "SELECT * FROM (SELECT wms_all.*, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) AS wms_place \
             FROM {relation} wms_all) wms_placed WHERE wms_place = 1"
        )
    }

    /// A SELECT of the group's columns and of percentiles of `value`, each a name and a fraction: `("median", 0.5)`.
    /// Between two values it interpolates; NULLs do not count, and a group of only NULLs has no row. `relation` is a
    /// table or a SELECT in parentheses; without group columns there is one row.
    pub fn percentiles(self, relation: &str, group: &[&str], value: &str, wanted: &[(&str, f64)]) -> String {
        let columns: String = group.iter().map(|column| format!("{column}, ")).collect();
        let behind = if group.is_empty() { String::new() } else { format!(" GROUP BY {}", group.join(", ")) };
        let named = |value: &str| {
            let one =
                |(name, fraction): &(&str, f64)| format!("{} AS {name}", self.percentile_placed(value, *fraction));
            wanted.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        self.pick(
            || {
                let known = format!(
                    "(SELECT {columns}{value} AS wms_value FROM {relation} wms_known WHERE {value} IS NOT NULL)"
                );
                let placed = self.placed(&known, group, "wms_value");
                format!("SELECT {columns}{} FROM ({placed}) wms_placed{behind}", named("wms_value"))
            },
            || format!("SELECT {columns}{} FROM {relation} wms_all WHERE {value} IS NOT NULL{behind}", named(value)),
        )
    }

    /// A SELECT of all rows of `relation`, ready for [`percentile_placed`](Sql::percentile_placed) where percentiles
    /// are computed with other aggregates: for SQLite it adds each value's place in its group, in `wms_place` and
    /// `wms_count`.
    pub fn placed(self, relation: &str, group: &[&str], value: &str) -> String {
        self.pick(
            || {
                let within =
                    if group.is_empty() { String::new() } else { format!("PARTITION BY {} ", group.join(", ")) };
                let order = format!("{within}ORDER BY {value} NULLS LAST");
                // One order for both windows, so that the rows are sorted once.
                format!(
                    "SELECT wms_all.*, ROW_NUMBER() OVER ({order}) AS wms_place, COUNT({value}) OVER ({order} \
                     ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS wms_count FROM {relation} wms_all"
                )
            },
            || format!("SELECT wms_all.* FROM {relation} wms_all"),
        )
    }

    /// An aggregate: the percentile of `value` over rows of [`placed`](Sql::placed), grouped by the same columns.
    /// NULLs do not count.
    pub fn percentile_placed(self, value: &str, fraction: f64) -> String {
        self.pick(
            || counted_out(value, fraction),
            || format!("PERCENTILE_CONT({fraction:?}) WITHIN GROUP (ORDER BY {value})"),
        )
    }

    /// A SELECT of the distribution of the values of each group: the group's columns, each value once, the number of
    /// rows with it (`wms_times`), with a lower one (`wms_below`), and with any (`wms_total`). Where values repeat
    /// often, as quantities do, this costs less than sorting all rows. NULLs do not count.
    pub fn distribution(self, relation: &str, group: &[&str], value: &str) -> String {
        let columns = group.join(", ");
        let counted = format!(
            "(SELECT {columns}, {value}, COUNT(*) AS wms_count FROM {relation} wms_known \
             WHERE {value} IS NOT NULL GROUP BY {columns}, {value}) wms_counted"
        );
        self.distribution_counted(&counted, group, value, "wms_count")
    }

    /// The same for counted values: `relation`, which may be followed by its condition, has each value of a group once,
    /// with its number of rows in `count`.
    pub fn distribution_counted(self, relation: &str, group: &[&str], value: &str, count: &str) -> String {
        let columns = group.join(", ");
        let running =
            format!("PARTITION BY {columns} ORDER BY {value} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW");
        format!(
            "SELECT {columns}, {value}, {count} AS wms_times, SUM({count}) OVER ({running}) - {count} AS wms_below, \
             SUM({count}) OVER (PARTITION BY {columns}) AS wms_total FROM {relation}"
        )
    }

    /// An aggregate: the percentile of `value` over rows of [`distribution`](Sql::distribution), grouped by its group.
    /// Between two values it interpolates.
    pub fn percentile_distributed(self, value: &str, fraction: f64) -> String {
        let point = format!("({fraction:?} * (wms_total - 1))");
        let place = self.whole(&point);
        let behind = format!("({point} - {place})");
        let share = |place: &str, weight: &str| {
            format!(
                "CASE WHEN {place} >= wms_below AND {place} < wms_below + wms_times THEN {value} * {weight} ELSE 0 END"
            )
        };
        let lower = share(&place, &format!("(1.0 - {behind})"));
        let upper = share(&format!("({place} + 1)"), &behind);
        format!("SUM({lower} + {upper})")
    }

    /// The percent rank of a row's value in its group, 0 to 1: the share of the other values that are lower. NULL for
    /// NULL.
    pub fn rank_distributed(self, value: &str, below: &str, total: &str) -> String {
        format!("CASE WHEN {value} IS NULL THEN NULL WHEN {total} = 1 THEN 0.0 ELSE 1.0 * {below} / ({total} - 1) END")
    }

    /// [`percentiles`](Sql::percentiles) for the median alone.
    pub fn median(self, relation: &str, group: &[&str], value: &str, name: &str) -> String {
        self.percentiles(relation, group, value, &[(name, 0.5)])
    }
}

/// The weighted sum of the two values around the point: at place `1 + fraction · (count − 1)`.
fn counted_out(value: &str, fraction: f64) -> String {
    let behind = format!("({fraction:?} * (wms_count - 1) - CAST({fraction:?} * (wms_count - 1) AS INTEGER))");
    let place = format!("CAST({fraction:?} * (wms_count - 1) AS INTEGER)");
    format!(
        "SUM(CASE wms_place - 1 - {place} WHEN 0 THEN {value} * (1.0 - {behind}) \
         WHEN 1 THEN {value} * {behind} END)"
    )
}

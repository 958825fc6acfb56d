//! The completeness of a table's columns.

use super::Sql;

impl Sql {
    /// A SELECT of one row per column: `column_name`, `row_count`, `non_null_count`, `null_pct`, `distinct_count`.
    pub fn quality_profile(self, relation: &str, columns: &[&str]) -> String {
        let one = |column: &&str| {
            let filled = format!("COUNT({column})");
            format!(
                "SELECT {} AS column_name, COUNT(*) AS row_count, {filled} AS non_null_count, {} AS null_pct, \
                 COUNT(DISTINCT {column}) AS distinct_count FROM {relation} wms_all",
                self.text(column),
                self.percent(&format!("(COUNT(*) - {filled})"), "COUNT(*)", 2),
            )
        };
        columns.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")
    }
}

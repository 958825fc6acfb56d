//! Incremental models that follow the changed rows of the tables they are computed from, so that a build costs as much
//! as the changes: by the windows of these rows, which are computed again, or by sums, to which new rows are added and
//! from which before images are subtracted. The SQL uses `{watermark:name}` and `{before:name}`.
//!
//! ```
//! use wmshost_plugin::models::{Delta, DeltaSource, Model, Sum, columns::*, unique};
//!
//! const DAY: [&str; 1] = ["allocation_date"];
//!
//! let allocations = DeltaSource { model: "stg_wms_allocation", window: &DAY, only: "allocation_date IS NOT NULL" };
//! let days = Delta { window: &DAY, tables: &[allocations] };
//! let sums = [Sum::of("allocation_count", "1"), Sum::count("shipped_count", "allocation_status = 'SHIPPED'")];
//! let model = Model::mart("allocations_per_day")
//!     .reads(["stg_wms_allocation"])
//!     .replaced_by(DAY, days.windows())
//!     .sql(days.sums(&sums))
//!     .columns([date(DAY[0], "The day."), int64("allocation_count", "All."), int64("shipped_count", "Shipped.")])
//!     .test(unique(DAY));
//! ```

/// A table whose rows are followed.
#[derive(Clone, Copy, Debug)]
pub struct DeltaSource<'s> {
    /// The model of the table. It must be incremental.
    pub model: &'s str,
    /// The expression of each column of the window.
    pub window: &'s [&'s str],
    /// The condition that a row counts. The windows of rows that count have no NULL.
    pub only: &'s str,
}

/// Tables that are followed, by windows.
#[derive(Clone, Copy, Debug)]
pub struct Delta<'s> {
    /// The columns that identify a window.
    pub window: &'s [&'s str],
    /// The tables.
    pub tables: &'s [DeltaSource<'s>],
}

/// A sum that is kept up to date: a whole number, so that adding and subtracting is exact.
#[derive(Clone, Debug)]
pub struct Sum {
    name: &'static str,
    adds: String,
    kept: String,
}

impl Sum {
    /// A sum with its name, and the expression that a row adds to it. The model has it as a column.
    pub fn of(name: &'static str, adds: impl Into<String>) -> Self {
        Self { name, adds: adds.into(), kept: name.to_owned() }
    }

    /// The number of rows that meet a condition.
    pub fn count(name: &'static str, condition: &str) -> Self {
        Self::of(name, format!("CASE WHEN {condition} THEN 1 ELSE 0 END"))
    }

    /// The model has the sum in another form: `kept` is the expression that computes the sum from the model's columns.
    pub fn computed_by(self, kept: String) -> Self {
        Self { kept, ..self }
    }
}

impl Delta<'_> {
    /// A SELECT of the windows in which rows were added, changed or removed. For
    /// [`Model::replaced_by`](super::Model::replaced_by).
    pub fn windows(&self) -> String {
        let moved = self.tables.iter().map(|table| {
            let (DeltaSource { model, only, .. }, window) = (table, self.made(table));
            format!(
                "SELECT {window} FROM {{{model}}} came WHERE wms_loaded_at > {{watermark:{model}}} AND {only}
UNION ALL
SELECT {window} FROM {{before:{model}}} went WHERE {only}"
            )
        });
        moved.collect::<Vec<_>>().join("\nUNION ALL\n")
    }

    /// A SELECT of a row for each window, with its columns and these sums. The first sum counts rows: a window without
    /// rows has no row.
    pub fn sums(&self, sums: &[Sum]) -> String {
        let names = self.window.join(", ");
        let listed = |term: &dyn Fn(&Sum) -> String| sums.iter().map(term).collect::<Vec<_>>().join(", ");
        let (added, taken) = (
            listed(&|sum| format!("{} AS {}", sum.adds, sum.name)),
            listed(&|sum| format!("-({}) AS {}", sum.adds, sum.name)),
        );
        let terms = self.tables.iter().map(|table| {
            let (DeltaSource { model, only, .. }, made) = (table, self.made(table));
            format!(
                "SELECT {made}, {added} FROM {{{model}}} came
    WHERE {only} {{when incremental}} AND wms_loaded_at > {{watermark:{model}}}
    UNION ALL
    SELECT {made}, {taken} FROM {{before:{model}}} went WHERE {only} {{end}}"
            )
        });
        format!(
            "SELECT {names}, {summed}
  FROM (
    {terms} {{when incremental}}
    UNION ALL
    SELECT {names}, {built} FROM {{this}} built WHERE ({names}) IN (SELECT {names} FROM {{changes}}) {{end}}
  ) terms
  GROUP BY {names} {{when incremental}} HAVING SUM({count}) > 0 {{end}}",
            summed = listed(&|sum| format!("SUM({0}) AS {0}", sum.name)),
            terms = terms.collect::<Vec<_>>().join("\n    UNION ALL\n    "),
            built = listed(&|sum| format!("{} AS {}", sum.kept, sum.name)),
            count = sums.first().map_or("0", |sum| sum.name),
        )
    }

    fn made(&self, table: &DeltaSource<'_>) -> String {
        let made =
            |(name, made): (&&str, &&str)| if name == made { (*name).to_owned() } else { format!("{made} AS {name}") };
        self.window.iter().zip(table.window).map(made).collect::<Vec<_>>().join(", ")
    }
}

/// The condition that a row, by the expressions of its window, is in a window that changed. It is only in incremental
/// builds, and follows another condition.
pub fn and_changed(window: &[&str], made: &[&str]) -> String {
    let (names, made) = (window.join(", "), made.join(", "));
    format!("{{when incremental}} AND ({made}) IN (SELECT {names} FROM {{changes}}) {{end}}")
}

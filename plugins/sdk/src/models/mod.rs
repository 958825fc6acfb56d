//! The declaration of models. One model is one readable block:
//!
//! ```
//! use wmshost_plugin::models::{Declaration, Model, UnitTest, accepted, columns::*, not_null, unique};
//! use wmshost_plugin::{Sql, rows};
//!
//! fn declared(sql: Sql) -> Declaration {
//!     let day = sql.day("created_date");
//!     Declaration::new().model(
//!         Model::mart("picks_per_day")
//!             .summary("How many allocations were picked on each day.")
//!             .reads(["allocation"])
//!             .replaced_by(["day"], format!("SELECT DISTINCT {day} AS day FROM {{allocation}} WHERE wms_loaded_at > {{watermark}}"))
//!             .sql(format!(
//!                 "SELECT {day} AS day, COUNT(*) AS picks
//!                  FROM {{allocation}}
//!                  WHERE allocation_status_clean = 'PICKED'
//!                  {{when incremental}} AND {day} IN (SELECT day FROM {{changes}}) {{end}}
//!                  GROUP BY {day}"
//!             ))
//!             .columns([date("day", "When they were created."), int64("picks", "How many.")])
//!             .test(unique(["day"]))
//!             .test(not_null(["day", "picks"]))
//!             .unit_test(
//!                 UnitTest::new("only picked ones count")
//!                     .given("allocation", rows! {
//!                         created_date, allocation_status_clean;
//!                         "2026-01-05 08:00:00.000000", "PICKED";
//!                         "2026-01-05 09:00:00.000000", "SHIPPED";
//!                     })
//!                     .expect(rows! { day, picks; "2026-01-05", 1 }),
//!             ),
//!     )
//! }
//! # assert_eq!(declared(Sql::sqlite()).models().len(), 1);
//! ```
//!
//! `wit/models.wit` defines the placeholders of the SQL. In a Rust `format!` their braces are doubled.
//!
//! | module | what it is |
//! |---|---|
//! | [`columns`] | the columns of a model |
//! | `declaration` | a plugin's whole declaration |
//! | `model` | one model |
//! | `delta` | SQL that reads only changes |
//! | `source` | the declaration of a stream's table |
//! | `test` | assertions about models and tables |
//! | `unit` | unit tests: a model over a few rows |
//! | `metric` | metrics and exposures |

pub mod columns;
mod declaration;
mod delta;
mod metric;
mod model;
mod source;
mod test;
mod unit;

pub use declaration::Declaration;
pub use delta::{Delta, DeltaSource, Sum, and_changed};
pub use metric::{Exposure, Metric};
pub use model::{Model, Snapshot};
pub use source::SourceTable;
pub use test::{
    Bounds, Test, accepted, at_least, at_most, between, exists_in, holds, measured, no_rows, not_null, recent,
    row_count, unique,
};
pub use unit::{IntoValue, NULL, UnitTest, at, date};

/// Seconds of this many hours.
pub const fn hours(hours: u64) -> u64 {
    hours * 3_600
}

/// Seconds of this many days.
pub const fn days(days: u64) -> u64 {
    days * 86_400
}

/// Names as the contract has them.
fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

//! `int_user_times`: the distribution of the processing times of each user, by the minute. A user may have a large part
//! of all allocations: with this table the median is found without reading them.

use super::performance::{COUNTS, count_columns, sums};
use crate::site::Site;
use wmshost_plugin::models::{Delta, DeltaSource, Model, UnitTest, at_least, between, columns::*, not_null, unique};
use wmshost_plugin::rows;

/// The minute of an unknown time; the next constant is that of a time below zero.
pub(super) const UNTIMED: i64 = -2;
const NEGATIVE: i64 = -1;
/// The minute of a time of a day or more.
pub(super) const LONGEST: i64 = 1_440;

const WINDOW: [&str; 2] = ["allocated_by_user", "processing_minute"];
const USERS: &str = "allocated_by_user <> 'SYSTEM'";

pub(super) fn model(site: &Site) -> Model {
    let minute = minute(site, "processing_time_seconds");
    let table = DeltaSource { model: "stg_wms_allocation", window: &[WINDOW[0], &minute], only: USERS };
    let followed = Delta { window: &WINDOW, tables: &[table] };
    Model::intermediate("int_user_times")
        .summary("Allocations of each user by the minute of their processing time. SYSTEM is no user.")
        .reads(["stg_wms_allocation"])
        .replaced_by(WINDOW, followed.windows())
        .sql(format!(
            "SELECT allocated_by_user, processing_minute, {COUNTS}\nFROM (\n  {}\n) summed",
            followed.sums(&sums(site))
        ))
        .columns([
            text("allocated_by_user", "The user."),
            int64("processing_minute", "Whole minutes; 1440 for a day or more, -1 below zero, -2 without a time."),
        ])
        .columns(count_columns())
        .index(WINDOW)
        .test(not_null(WINDOW))
        .test(unique(WINDOW))
        .test(between("processing_minute", UNTIMED, LONGEST))
        .test(at_least("allocation_count", 1))
        .unit_test(
            UnitTest::new("times go by the minute, from the one included to the next")
                .given(
                    "stg_wms_allocation",
                    rows! {
                        allocated_by_user, processing_time_seconds;
                        "ANN", 59.999_999; "ANN", 60.0; "ANN", 61.0; "ANN", -0.5; "ANN", 86_400.0; "ANN", 1e6;
                        "SYSTEM", 1.0;
                    },
                )
                .expect(rows! {
                    allocated_by_user, processing_minute, allocation_count, total_processing_time_seconds;
                    "ANN", -1, 1, -0.5; "ANN", 0, 1, 59.999_999; "ANN", 1, 2, 121.0; "ANN", 1_440, 2, 1_086_400.0;
                }),
        )
}

/// The minute that a time belongs to.
fn minute(site: &Site, seconds: &str) -> String {
    format!(
        "CASE WHEN {seconds} IS NULL THEN {UNTIMED} WHEN {seconds} < 0 THEN {NEGATIVE} \
         WHEN {seconds} >= {LONGEST} * 60 THEN {LONGEST} ELSE {} END",
        site.sql.whole(&format!("({seconds} / 60)")),
    )
}

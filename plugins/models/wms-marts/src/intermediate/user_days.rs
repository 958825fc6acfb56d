//! `int_user_days`: the days on which each user allocated. It follows every change, so that no model has to read all
//! allocations to count days.

use wmshost_plugin::models::{Delta, DeltaSource, Model, Sum, UnitTest, at_least, columns::*, holds, not_null, unique};
use wmshost_plugin::rows;

const WINDOW: [&str; 2] = ["allocated_by_user", "allocation_date"];

const FOLLOWED: Delta<'static> = Delta {
    window: &WINDOW,
    tables: &[DeltaSource {
        model: "stg_wms_allocation",
        window: &WINDOW,
        only: "allocated_by_user <> 'SYSTEM' AND allocation_date IS NOT NULL",
    }],
};

pub(super) fn model() -> Model {
    Model::intermediate("int_user_days")
        .summary("How many allocations each user made on each day. SYSTEM is no user.")
        .reads(["stg_wms_allocation"])
        .replaced_by(WINDOW, FOLLOWED.windows())
        .sql(FOLLOWED.sums(&[Sum::of("allocation_count", "1")]))
        .columns([
            text("allocated_by_user", "The user."),
            date("allocation_date", "The day."),
            int64("allocation_count", "How many allocations."),
        ])
        .index(WINDOW)
        .test(not_null(WINDOW))
        .test(unique(WINDOW))
        .test(holds("system_is_no_user", "allocated_by_user <> 'SYSTEM'"))
        .test(at_least("allocation_count", 1))
        .unit_test(
            UnitTest::new("a day on which nothing is left has no row")
                .incremental("2026-06-01 00:00:00")
                .given("stg_wms_allocation", rows! {
                    allocated_by_user, allocation_date, wms_loaded_at;
                    "ANN", "2026-06-01", "2026-06-02 00:00:00.000000";
                    "SYSTEM", "2026-06-01", "2026-06-02 00:00:00.000000";
                })
                .given("before:stg_wms_allocation", rows! { allocated_by_user, allocation_date; "ANN", "2026-05-31" })
                .given("this", rows! {
                    allocated_by_user, allocation_date, allocation_count; "ANN", "2026-05-31", 1; "ANN", "2026-06-01", 4;
                })
                .expect(rows! { allocated_by_user, allocation_date, allocation_count; "ANN", "2026-06-01", 5 }),
        )
}

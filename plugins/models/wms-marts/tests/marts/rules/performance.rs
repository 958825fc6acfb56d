//! Rules of times, locations and users, of the fact of allocations and of the daily metrics.

use super::{Built, DAY, HOUR, MIDNIGHT, TEN, allocation, allocations, built};
use crate::moment::SECOND;
use crate::warehouse::Allocation;

/// An allocation that took this many seconds.
fn taking(id: i64, seconds: i64) -> Allocation {
    Allocation { updated: Some(TEN + seconds * SECOND), ..allocation(id) }
}

/// A hundred allocations of one location, day and user, of which these numbers are shipped, within the hour and of
/// excellent quality.
fn hundred(shipped: i64, in_time: i64, excellent: i64) -> Built {
    let of = |id: i64| Allocation {
        status: Some(if id < shipped { "SHIPPED" } else { "PICKED" }),
        updated: Some(TEN + if id < in_time { HOUR } else { 2 * HOUR }),
        order: (id < excellent).then_some(1),
        ..allocation(id)
    };
    built(&allocations((0..100).map(of)))
}

#[test]
fn only_what_is_shipped_has_a_fulfillment_time() {
    let built = built(&allocations([taking(1, 60), Allocation { status: Some("PICKED"), ..taking(2, 60) }]));
    let times = built.shown("fulfillment_time_seconds", "int_allocation_performance ORDER BY allocation_id");
    assert_eq!(times, ["60", "-"]);
}

#[test]
fn business_hours_are_from_eight_to_six() {
    let moments = [8 * HOUR - 1, 8 * HOUR, 18 * HOUR - 1, 18 * HOUR].map(|time| MIDNIGHT + time);
    let built =
        built(&allocations((1..).zip(moments).map(|(id, at)| Allocation { created: Some(at), ..allocation(id) })));
    let types = built.shown("time_type", "stg_wms_allocation ORDER BY allocation_id");
    assert_eq!(types, ["After Hours", "Business Hours", "Business Hours", "After Hours"]);
}

#[test]
fn saturday_and_sunday_are_the_weekend() {
    let days = (0..7).map(|id| Allocation { created: Some(TEN - id * DAY), ..allocation(id) });
    let built = built(&allocations(days));
    let weekend = built.shown("allocation_date", "stg_wms_allocation WHERE day_type = 'Weekend' ORDER BY 1");
    assert_eq!(weekend, ["2026-06-27", "2026-06-28"]);
}

#[test]
fn quantities_have_tiers() {
    let quantities = [10_000, 10_001, 100_000, 100_001, 1_000_000, 1_000_001];
    let of = |(id, quantity)| Allocation { quantity: Some(quantity), ..allocation(id) };
    let built = built(&allocations((1..).zip(quantities).map(of)));
    let tiers = built.shown("quantity_tier", "stg_wms_allocation ORDER BY allocation_id");
    assert_eq!(tiers, ["Small", "Medium", "Medium", "Large", "Large", "Bulk"]);
}

#[test]
fn a_place_is_measured_by_all_of_its_allocations() {
    let picked = Allocation { status: Some("PICKED"), quantity: None, ..taking(4, 7_200) };
    let untimed = Allocation { updated: None, ..allocation(5) };
    let built = built(&allocations([taking(1, 100), taking(2, 200), taking(3, 300), picked, untimed]));
    let measured = "location_allocation_count, location_avg_processing_time_seconds, \
                    location_median_processing_time_seconds, location_fulfillment_rate_pct, \
                    location_within_1hour_rate_pct, location_excellent_quality_rate_pct";
    let found = built.shown(measured, "int_allocation_performance WHERE allocation_id = 1");
    assert_eq!(found, ["5|1950|250|80|60|60"]);
}

#[test]
fn a_time_is_above_average_up_to_the_median_and_average_up_to_the_mean() {
    let built = built(&allocations([taking(1, 0), taking(2, 0), taking(3, 10), taking(4, 30)]));
    let standings = built.shown("performance_vs_location", "int_allocation_performance ORDER BY allocation_id");
    assert_eq!(standings, ["Above Average", "Above Average", "Average", "Below Average"]);
    let standings = built.shown("performance_vs_user", "int_allocation_performance ORDER BY allocation_id");
    assert_eq!(standings, ["Above Average", "Above Average", "Average", "Below Average"]);
}

#[test]
fn system_is_not_a_user() {
    let built = built(&allocations([allocation(1), Allocation { user: None, ..allocation(2) }]));
    assert_eq!(built.shown("allocated_by_user, allocation_count", "int_user_performance"), ["ANN|1"]);
    let rated =
        built.shown("performance_vs_user, user_allocation_count", "int_allocation_performance ORDER BY allocation_id");
    assert_eq!(rated, ["Above Average|1", "Not Rated|-"]);
}

#[test]
fn a_users_work_is_counted_on_the_days_of_work() {
    let earlier = Allocation { created: Some(TEN - 9 * DAY), ..allocation(3) };
    let built = built(&allocations([allocation(1), allocation(2), earlier]));
    assert_eq!(built.shown("active_days, allocations_per_day", "int_user_performance"), ["2|1.5"]);
}

#[test]
fn a_fact_counts_what_took_an_hour_and_half_an_hour_at_most() {
    let rows = [taking(1, 1_800), taking(2, 1_801), taking(3, 3_600), taking(4, 3_601)];
    let untimed = Allocation { updated: None, ..allocation(5) };
    let built = built(&allocations(rows.into_iter().chain([untimed])));
    let counts = built
        .shown("allocation_count, timed_count, within_30min_count, within_1hour_count", "fact_allocation_performance");
    assert_eq!(counts, ["5|4|1|3"]);
    let times = "total_processing_time_seconds, median_processing_time_seconds, min_processing_time_seconds, max_processing_time_seconds";
    assert_eq!(built.shown(times, "fact_allocation_performance"), ["10802|2700.5|1800|3601"]);
}

#[test]
fn high_priority_begins_at_four() {
    let of = |(id, priority)| Allocation { priority, ..allocation(id) };
    let built = built(&allocations((1..).zip([None, Some(3), Some(4), Some(5)]).map(of)));
    assert_eq!(built.shown("high_priority_count", "fact_allocation_performance"), ["2"]);
}

#[test]
fn a_day_has_its_calendar() {
    let built = built(&allocations([allocation(1)]));
    let parts = "allocation_year, allocation_quarter, allocation_month, allocation_iso_week, allocation_day_of_month, allocation_iso_weekday";
    assert_eq!(built.shown(parts, "fact_allocation_performance"), ["2026|2|6|27|30|2"]);
}

#[test]
fn fulfillment_is_excellent_from_95_good_from_85_average_from_70() {
    let category =
        |shipped| hundred(shipped, 100, 100).shown("fulfillment_category", "fact_allocation_performance").remove(0);
    assert_eq!([95, 94, 85, 84, 70, 69].map(category), ["Excellent", "Good", "Good", "Average", "Average", "Poor"]);
}

#[test]
fn speed_is_excellent_from_90_good_from_75_average_from_50() {
    let category =
        |in_time| hundred(100, in_time, 100).shown("speed_category", "fact_allocation_performance").remove(0);
    assert_eq!([90, 89, 75, 74, 50, 49].map(category), ["Excellent", "Good", "Good", "Average", "Average", "Poor"]);
}

#[test]
fn quality_is_excellent_from_95_good_from_85_average_from_70() {
    let category = |good| hundred(100, 100, good).shown("quality_category", "fact_allocation_performance").remove(0);
    assert_eq!([95, 94, 85, 84, 70, 69].map(category), ["Excellent", "Good", "Good", "Average", "Average", "Poor"]);
}

#[test]
fn efficiency_weighs_fulfillment_speed_and_quality() {
    let score = |counts: (i64, i64, i64)| {
        let built = hundred(counts.0, counts.1, counts.2);
        let fact = built.shown("overall_efficiency_score", "fact_allocation_performance").remove(0);
        let day = built.shown("overall_efficiency_score", "kpi_daily").remove(0);
        assert_eq!(fact, day);
        fact
    };
    assert_eq!(score((100, 100, 100)), "100");
    assert_eq!(score((100, 0, 0)), "40");
    assert_eq!(score((0, 100, 0)), "30");
    assert_eq!(score((0, 0, 100)), "30");
}

#[test]
fn a_day_without_allocations_has_no_row() {
    let built = built(&allocations([allocation(1), Allocation { created: Some(TEN - 2 * DAY), ..allocation(2) }]));
    assert_eq!(built.shown("allocation_date", "kpi_daily ORDER BY 1"), ["2026-06-28", "2026-06-30"]);
}

#[test]
fn an_allocation_without_a_day_is_in_no_fact() {
    let built = built(&allocations([Allocation { created: None, ..allocation(1) }]));
    assert_eq!(built.shown("allocation_id, time_type", "int_allocation_performance"), ["1|Unknown"]);
    for fact in ["fact_allocation_performance", "fact_inventory_movement", "kpi_daily"] {
        assert!(built.shown("allocation_count", &format!("(SELECT 1 AS allocation_count FROM {fact})")).is_empty());
    }
}

/// The dashboard's query: the last seven days, the latest first.
#[test]
fn the_dashboards_last_seven_days_come_from_kpi_daily() {
    let rows = (0..10).map(|id| Allocation {
        created: Some(TEN - id * DAY),
        updated: Some(TEN - id * DAY + HOUR),
        ..allocation(id)
    });
    let built = built(&allocations(rows));
    let columns = "allocation_date, avg_processing_time_seconds, fulfillment_rate_pct, excellent_quality_rate_pct, overall_efficiency_score";
    let last_week = built.shown(
        columns,
        "kpi_daily WHERE allocation_date > date('2026-06-30', '-7 days') ORDER BY allocation_date DESC",
    );
    assert_eq!(last_week.len(), 7);
    assert_eq!(last_week[0], "2026-06-30|3600|100|100|100");
    assert_eq!(last_week[6], "2026-06-24|3600|100|100|100");
}

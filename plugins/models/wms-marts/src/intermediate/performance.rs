//! The measures of locations and users: sums over their allocations, which follow every change, and the rates and means
//! that are computed from them.

use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::Sum;
use wmshost_plugin::models::columns::*;

/// The sums over allocations. Times are added up in microseconds, exactly.
pub(super) fn sums(site: &Site) -> Vec<Sum> {
    let micros = |seconds: &str| format!("COALESCE({}, 0)", site.sql.scaled(seconds, 6));
    vec![
        Sum::of("allocation_count", "1"),
        Sum::count("timed_count", "processing_time_seconds IS NOT NULL"),
        Sum::of("total_micros", micros("processing_time_seconds")).computed_by(micros("total_processing_time_seconds")),
        Sum::count("shipped_count", "allocation_status = 'SHIPPED'"),
        Sum::count("within_1hour_count", "processing_time_seconds <= 3600"),
        Sum::count("excellent_quality_count", "data_quality_score = 'Excellent'"),
    ]
}

/// The columns of the sums.
pub(super) const COUNTS: &str =
    "allocation_count, timed_count, total_micros / 1000000.0 AS total_processing_time_seconds,
  shipped_count, within_1hour_count, excellent_quality_count";

pub(super) fn count_columns() -> [ModelColumn; 6] {
    [
        int64("allocation_count", "How many allocations."),
        int64("timed_count", "How many of them have a processing time."),
        float64("total_processing_time_seconds", "Their processing times added up, in seconds."),
        int64("shipped_count", "How many are shipped."),
        int64("within_1hour_count", "How many were processed within an hour."),
        int64("excellent_quality_count", "How many are of excellent quality."),
    ]
}

/// The mean and the rates, from the sums.
pub(super) fn rates(site: &Site) -> String {
    let share = |count: &str| site.sql.percentage(count, "allocation_count");
    format!(
        "{mean} AS avg_processing_time_seconds,
  {fulfillment} AS fulfillment_rate_pct,
  {within_1hour} AS within_1hour_rate_pct,
  {excellent} AS excellent_quality_rate_pct",
        mean = site.sql.ratio("total_micros", "(timed_count * 1000000)"),
        fulfillment = share("shipped_count"),
        within_1hour = share("within_1hour_count"),
        excellent = share("excellent_quality_count"),
    )
}

pub(super) fn rate_columns() -> [ModelColumn; 5] {
    [
        float64("avg_processing_time_seconds", "The mean processing time, in seconds."),
        float64("median_processing_time_seconds", "The median processing time, in seconds."),
        float64("fulfillment_rate_pct", "How many of them are shipped, in percent."),
        float64("within_1hour_rate_pct", "How many were processed within an hour, in percent."),
        float64("excellent_quality_rate_pct", "How many are of excellent quality, in percent."),
    ]
}

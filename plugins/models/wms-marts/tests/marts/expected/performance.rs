//! `int_location_performance`, `int_user_days`, `int_user_times`, `int_user_performance`, `int_allocation_performance`.

use std::collections::{BTreeMap, BTreeSet};

use super::allocations::{Judged, all, columns};
use super::arithmetic::{mean, percent, percentile};
use super::row;
use crate::cell::{Cell, IntoCell, Row};
use crate::moment::date_text;
use crate::warehouse::Warehouse;

/// The measures of a location or a user.
struct Measured {
    count: usize,
    timed: usize,
    total: f64,
    shipped: usize,
    within: usize,
    best: usize,
    mean: Option<f64>,
    median: Option<f64>,
    fulfillment: Option<f64>,
    within_1hour: Option<f64>,
    excellent: Option<f64>,
    per_day: Option<f64>,
    days: usize,
}

fn measure(rows: &[&Judged<'_>]) -> Measured {
    let times: Vec<f64> = rows.iter().filter_map(|row| row.seconds).collect();
    let count = |holds: &dyn Fn(&Judged<'_>) -> bool| rows.iter().filter(|row| holds(row)).count();
    let (shipped, within, best) = (
        count(&|row| row.is_shipped()),
        count(&|row| row.is_within(3_600.0)),
        count(&|row| row.quality == "Excellent"),
    );
    let dated = rows.iter().filter_map(|row| row.day);
    let days = dated.clone().collect::<BTreeSet<_>>().len();
    Measured {
        count: rows.len(),
        timed: times.len(),
        total: times.iter().sum(),
        shipped,
        within,
        best,
        mean: mean(&times),
        median: percentile(&times, 0.5),
        fulfillment: percent(shipped, rows.len()),
        within_1hour: percent(within, rows.len()),
        excellent: percent(best, rows.len()),
        per_day: (days > 0).then(|| dated.count() as f64 / days as f64),
        days,
    }
}

fn counts(measured: &Measured) -> Row {
    row! {
        allocation_count: measured.count,
        timed_count: measured.timed,
        total_processing_time_seconds: measured.total,
        shipped_count: measured.shipped,
        within_1hour_count: measured.within,
        excellent_quality_count: measured.best,
    }
}

fn measures(measured: &Measured) -> Row {
    let mut row = counts(measured);
    row.extend(row! {
        avg_processing_time_seconds: measured.mean,
        median_processing_time_seconds: measured.median,
        fulfillment_rate_pct: measured.fulfillment,
        within_1hour_rate_pct: measured.within_1hour,
        excellent_quality_rate_pct: measured.excellent,
    });
    row
}

fn grouped<'a, 'w, K: Ord>(
    rows: &'a [Judged<'w>],
    key: impl Fn(&Judged<'w>) -> Option<K>,
) -> BTreeMap<K, Vec<&'a Judged<'w>>> {
    let mut groups: BTreeMap<K, Vec<&Judged<'w>>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
}

fn user(row: &Judged<'_>) -> Option<String> {
    (row.user != "SYSTEM").then(|| row.user.clone())
}

pub(super) fn location_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let groups = grouped(&all, |row| row.raw.location);
    let row = |(location, rows): (i64, Vec<&Judged<'_>>)| {
        let mut row = measures(&measure(&rows));
        row.insert("location_id".to_owned(), location.cell());
        row
    };
    groups.into_iter().map(row).collect()
}

pub(super) fn user_day_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let row = |((user, day), rows): ((String, i64), Vec<&Judged<'_>>)| {
        row! { allocated_by_user: user, allocation_date: date_text(day), allocation_count: rows.len() }
    };
    grouped(&all, |row| user(row).zip(row.day)).into_iter().map(row).collect()
}

pub(super) fn user_time_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let minute = |row: &Judged<'_>| match row.seconds {
        None => -2,
        Some(seconds) if seconds < 0.0 => -1,
        Some(seconds) => ((seconds / 60.0) as i64).min(1_440),
    };
    let row = |((user, minute), rows): ((String, i64), Vec<&Judged<'_>>)| {
        let mut row = counts(&measure(&rows));
        row.extend(row! { allocated_by_user: user, processing_minute: minute });
        row
    };
    grouped(&all, |row| user(row).map(|user| (user, minute(row)))).into_iter().map(row).collect()
}

pub(super) fn user_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let row = |(user, rows): (String, Vec<&Judged<'_>>)| {
        let measured = measure(&rows);
        let mut row = measures(&measured);
        row.insert("allocated_by_user".to_owned(), user.cell());
        row.insert("active_days".to_owned(), measured.days.cell());
        row.insert("allocations_per_day".to_owned(), measured.per_day.cell());
        row
    };
    grouped(&all, user).into_iter().map(row).collect()
}

fn standing(time: Option<f64>, measured: Option<&Measured>) -> &'static str {
    match (time, measured.and_then(|measured| measured.median.zip(measured.mean))) {
        (Some(time), Some((median, _))) if time <= median => "Above Average",
        (Some(time), Some((_, mean))) if time <= mean => "Average",
        (Some(_), Some(_)) => "Below Average",
        _ => "Unknown",
    }
}

pub(super) fn allocation_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let of_location: BTreeMap<_, _> =
        grouped(&all, |row| row.raw.location).into_iter().map(|(key, rows)| (key, measure(&rows))).collect();
    let of_user: BTreeMap<_, _> = grouped(&all, user).into_iter().map(|(key, rows)| (key, measure(&rows))).collect();
    let row = |row: &Judged<'_>| {
        let location = row.raw.location.and_then(|location| of_location.get(&location));
        let user = of_user.get(&row.user);
        let mut made = columns(warehouse, row);
        for own in ["has_invalid_quantity", "has_invalid_status", "item_key"] {
            made.remove(own);
        }
        let number = |of: Option<&Measured>, value: fn(&Measured) -> Option<f64>| -> Cell { of.and_then(value).cell() };
        made.extend(row! {
            location_allocation_count: location.map(|location| location.count),
            location_avg_processing_time_seconds: number(location, |of| of.mean),
            location_median_processing_time_seconds: number(location, |of| of.median),
            location_fulfillment_rate_pct: number(location, |of| of.fulfillment),
            location_within_1hour_rate_pct: number(location, |of| of.within_1hour),
            location_excellent_quality_rate_pct: number(location, |of| of.excellent),
            user_allocation_count: user.map(|user| user.count),
            user_avg_processing_time_seconds: number(user, |of| of.mean),
            user_fulfillment_rate_pct: number(user, |of| of.fulfillment),
            user_allocations_per_day: number(user, |of| of.per_day),
            performance_vs_location: standing(row.seconds, location),
            performance_vs_user: if user.is_none() { "Not Rated" } else { standing(row.seconds, user) },
        });
        made
    };
    all.iter().map(row).collect()
}

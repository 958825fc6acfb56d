//! `fact_allocation_performance` and `kpi_daily`, each from the allocations themselves.

use std::collections::BTreeMap;

use super::allocations::{Judged, all};
use super::arithmetic::{grade, mean, percent, percentile};
use super::row;
use crate::cell::Row;
use crate::moment::{civil, date_text, iso_week, iso_weekday};
use crate::warehouse::Warehouse;

/// Counts and rates of some allocations.
struct Counted {
    times: Vec<f64>,
    quantities: Vec<f64>,
    all: usize,
    shipped: usize,
    excellent: usize,
    within_1hour: usize,
    urgent: usize,
}

impl Counted {
    fn of(rows: &[&Judged<'_>]) -> Self {
        let count = |holds: &dyn Fn(&Judged<'_>) -> bool| rows.iter().filter(|row| holds(row)).count();
        Self {
            times: rows.iter().filter_map(|row| row.seconds).collect(),
            quantities: rows.iter().filter_map(|row| row.quantity).collect(),
            all: rows.len(),
            shipped: count(&|row| row.is_shipped()),
            excellent: count(&|row| row.quality == "Excellent"),
            within_1hour: count(&|row| row.is_within(3_600.0)),
            urgent: count(&|row| row.priority >= 4),
        }
    }

    fn rate(&self, part: usize) -> f64 {
        percent(part, self.all).expect("a group has rows")
    }

    fn efficiency(&self) -> f64 {
        let weighted =
            0.4 * self.rate(self.shipped) + 0.3 * self.rate(self.within_1hour) + 0.3 * self.rate(self.excellent);
        weighted.min(100.0)
    }

    fn columns(&self) -> Row {
        row! {
            allocation_count: self.all,
            total_quantity_allocated: self.quantities.iter().sum::<f64>(),
            timed_count: self.times.len(),
            shipped_count: self.shipped,
            within_1hour_count: self.within_1hour,
            excellent_quality_count: self.excellent,
            high_priority_count: self.urgent,
            avg_processing_time_seconds: mean(&self.times),
            fulfillment_rate_pct: self.rate(self.shipped),
            within_1hour_rate_pct: self.rate(self.within_1hour),
            excellent_quality_rate_pct: self.rate(self.excellent),
            overall_efficiency_score: self.efficiency(),
        }
    }
}

/// One part of a key: `~` and `|` are spelled out, NULL has a sign of its own.
fn part(value: Option<String>) -> String {
    value.map_or("~n".to_owned(), |value| value.replace('~', "~~").replace('|', "~p"))
}

pub(super) fn rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let mut groups: BTreeMap<String, Vec<&Judged<'_>>> = BTreeMap::new();
    for row in &all {
        let Some(day) = row.day else { continue };
        let id = |id: Option<i64>| part(id.map(|id| id.to_string()));
        let texts = [row.user.as_str(), row.group, row.tier, row.day_type, row.time_type];
        let texts = texts.map(|text| part(Some(text.to_owned())));
        let key = [date_text(day), id(row.raw.location), id(row.raw.item)].into_iter().chain(texts);
        groups.entry(key.collect::<Vec<_>>().join("|")).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| fact(&key, &rows)).collect()
}

fn fact(key: &str, rows: &[&Judged<'_>]) -> Row {
    let counted = Counted::of(rows);
    let first = rows[0];
    let day = first.day.expect("rows without a day are left out");
    let (year, month, day_of_month) = civil(day);
    let count = |quality: &str| rows.iter().filter(|row| row.quality == quality).count();
    let times = &counted.times;
    let mut row = counted.columns();
    row.extend(row! {
        performance_key: key,
        allocation_date: date_text(day),
        location_id: first.raw.location,
        item_id: first.raw.item,
        item_key: first.raw.item.map_or("~n".to_owned(), |item| item.to_string()),
        allocated_by_user: first.user.clone(),
        status_group: first.group,
        quantity_tier: first.tier,
        day_type: first.day_type,
        time_type: first.time_type,
        avg_quantity_allocated: mean(&counted.quantities),
        total_processing_time_seconds: times.iter().sum::<f64>(),
        median_processing_time_seconds: percentile(times, 0.5),
        min_processing_time_seconds: percentile(times, 0.0),
        max_processing_time_seconds: percentile(times, 1.0),
        good_quality_count: count("Good"),
        poor_quality_count: count("Poor"),
        within_30min_count: rows.iter().filter(|row| row.is_within(1_800.0)).count(),
        allocation_year: year,
        allocation_quarter: (month + 2) / 3,
        allocation_month: month,
        allocation_iso_week: iso_week(day),
        allocation_day_of_month: day_of_month,
        allocation_iso_weekday: iso_weekday(day),
        fulfillment_category: grade(counted.rate(counted.shipped), [95.0, 85.0, 70.0]),
        speed_category: grade(counted.rate(counted.within_1hour), [90.0, 75.0, 50.0]),
        quality_category: grade(counted.rate(counted.excellent), [95.0, 85.0, 70.0]),
    });
    row
}

pub(super) fn kpi_rows(warehouse: &Warehouse) -> Vec<Row> {
    let all = all(warehouse);
    let mut days: BTreeMap<i64, Vec<&Judged<'_>>> = BTreeMap::new();
    all.iter().for_each(|row| {
        if let Some(day) = row.day {
            days.entry(day).or_default().push(row);
        }
    });
    let row = |(day, rows): (i64, Vec<&Judged<'_>>)| {
        let counted = Counted::of(&rows);
        let mut row = counted.columns();
        row.extend(
            row! { allocation_date: date_text(day), total_processing_time_seconds: counted.times.iter().sum::<f64>() },
        );
        row
    };
    days.into_iter().map(row).collect()
}

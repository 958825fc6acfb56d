//! The working hours of a warehouse. Spreads rows over the span so that weekdays and office hours are busy, and nights
//! and Sundays nearly quiet, without breaking the order of the ids.

use crate::moment::{DAY, HOUR, Moment};

/// The relative amount of work per hour of a weekday.
const HOURS: [u64; 24] =
    [20, 20, 20, 20, 20, 40, 80, 200, 220, 220, 220, 200, 140, 200, 220, 220, 220, 200, 120, 80, 80, 60, 40, 30];

/// The amount of work on Thursday (1970-01-01 was one) and the six days after it, in percent of a full day.
const WEEKDAYS: [u64; 7] = [100, 100, 40, 10, 100, 100, 100];
/// The number of parts of one unit of work.
const FINE: u128 = 1 << 32;

/// The working hours of a span.
pub(crate) struct Calendar {
    start: Moment,
    /// The work done before each hour of the span; it has one more entry than there are hours.
    before: Vec<u64>,
}

impl Calendar {
    /// Returns the calendar of this number of days up to a time.
    pub(crate) fn new(until: Moment, days: i64) -> Self {
        let start = until.plus(-days * DAY);
        let mut before = vec![0];
        let mut work = 0;
        for hour in 0..days * 24 {
            work += work_in(start.plus(hour * HOUR));
            before.push(work);
        }
        Self { start, before }
    }

    /// Returns the time at which `part` of `whole` of the span's work is done; it never decreases as `part` increases.
    pub(crate) fn at(&self, part: u64, whole: u64) -> Moment {
        let total = self.before.last().copied().unwrap_or(0);
        let wanted = u128::from(part.min(whole)) * u128::from(total) * FINE / u128::from(whole.max(1));
        let reached = (wanted / FINE) as u64;
        let hour = self.before.partition_point(|work| *work <= reached).clamp(1, self.before.len() - 1) - 1;
        let work = self.before[hour + 1] - self.before[hour];
        let into = wanted - u128::from(self.before[hour]) * FINE;
        let micros = into * HOUR.unsigned_abs() as u128 / (u128::from(work) * FINE);
        self.start.plus(hour as i64 * HOUR + micros as i64)
    }
}

fn work_in(hour: Moment) -> u64 {
    let day = hour.micros().div_euclid(DAY).rem_euclid(7) as usize;
    let in_day = (hour.micros().rem_euclid(DAY) / HOUR) as usize;
    HOURS[in_day] * WEEKDAYS[day] / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_the_span_in_order() {
        let calendar = Calendar::new(Moment::DEFAULT_UNTIL, 400);
        let moments: Vec<_> = (0..=5_000).map(|part| calendar.at(part, 5_000)).collect();
        assert!(moments.is_sorted());
        assert_eq!(moments.first(), Some(&Moment::DEFAULT_UNTIL.plus(-400 * DAY)));
        assert_eq!(moments.last(), Some(&Moment::DEFAULT_UNTIL));
        let office = |moment: &&Moment| (8 * HOUR..18 * HOUR).contains(&moment.micros().rem_euclid(DAY));
        let share = moments.iter().filter(office).count() * 100 / moments.len();
        assert!((65..80).contains(&share), "{share} % in office hours");
    }
}

//! Change keys as numbers: microseconds of a timestamp, days of a date, versions as they are.

use wmshost_plugin::contract::types::{ColumnType, Value};

const DAY: i64 = 86_400 * 1_000_000;

/// The unit in which a change key of one type is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticks {
    /// Microseconds.
    Timestamp,
    /// Days.
    Date,
    /// Whole numbers, which no clock is for.
    Version,
}

impl Ticks {
    /// The unit of a column that can be a change key.
    pub(crate) fn of(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Date => Self::Date,
            ColumnType::Int64 => Self::Version,
            _ => Self::Timestamp,
        }
    }

    /// A date, timestamp or version as a value of the source.
    pub(crate) fn value(self, ticks: i64) -> Value {
        match self {
            Self::Timestamp => Value::Timestamp(ticks),
            Self::Version => Value::Int64(ticks),
            Self::Date => Value::Date(ticks.clamp(i32::MIN.into(), i32::MAX.into()) as i32),
        }
    }

    /// A value of the source as a number; `None` if it is of another type.
    pub(crate) fn moment(self, value: &Value) -> Option<i64> {
        match (self, value) {
            (Self::Timestamp, Value::Timestamp(micros)) => Some(*micros),
            (Self::Date, Value::Date(days)) => Some(i64::from(*days)),
            (Self::Version, Value::Int64(version)) => Some(*version),
            _ => None,
        }
    }

    /// The end of a window as a number: of dates, a moment is one too, and begins a window at the next midnight.
    pub(crate) fn bound(self, value: &Value) -> Option<i64> {
        match (self, value) {
            (Self::Date, Value::Timestamp(micros)) => {
                Some(micros.div_euclid(DAY) + i64::from(micros.rem_euclid(DAY) != 0))
            }
            _ => self.moment(value),
        }
    }

    /// The source's clock in this unit; a version is never in the future.
    pub(crate) fn now(self, micros: i64) -> i64 {
        match self {
            Self::Timestamp => micros,
            Self::Date => micros.div_euclid(DAY),
            Self::Version => i64::MAX,
        }
    }

    /// A time span in microseconds, rounded up; or a number of versions.
    pub(crate) fn span(self, micros: u64) -> i64 {
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        match self {
            Self::Timestamp | Self::Version => micros,
            Self::Date => micros / DAY + i64::from(micros % DAY != 0),
        }
    }

    /// One day.
    pub(crate) fn day(self) -> i64 {
        self.span(DAY as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_days_are_rounded_up() {
        assert_eq!(Ticks::Date.span(1), 1);
        assert_eq!(Ticks::Date.span(0), 0);
        assert_eq!(Ticks::Date.span(DAY as u64 * 2), 2);
        assert_eq!(Ticks::Timestamp.span(5), 5);
    }

    #[test]
    fn a_moment_bounds_dates_at_the_next_midnight() {
        for (micros, day) in [(0, 0), (1, 1), (DAY, 1), (DAY + 1, 2), (-1, 0), (-DAY, -1)] {
            assert_eq!(Ticks::Date.bound(&Value::Timestamp(micros)), Some(day), "{micros}");
        }
        assert_eq!(Ticks::Date.bound(&Value::Date(7)), Some(7));
        assert_eq!(Ticks::Version.bound(&Value::Timestamp(0)), None);
        assert_eq!(Ticks::Timestamp.bound(&Value::Int64(0)), None);
    }

    #[test]
    fn values_come_back() {
        assert_eq!(Ticks::Timestamp.moment(&Ticks::Timestamp.value(-7)), Some(-7));
        assert_eq!(Ticks::Date.moment(&Ticks::Date.value(19_000)), Some(19_000));
        assert_eq!(Ticks::Date.moment(&Value::Timestamp(0)), None);
        assert_eq!(Ticks::Version.moment(&Ticks::Version.value(i64::MIN)), Some(i64::MIN));
        assert_eq!(Ticks::Version.now(0), i64::MAX);
    }
}

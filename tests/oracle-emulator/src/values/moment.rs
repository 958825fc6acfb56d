//! Oracle's DATE and TIMESTAMP in the protocol, as text, and from PostgreSQL's binary timestamp.

use crate::engine::Refusal;

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;
/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const DAYS_TO_2000: i64 = 10_957;
const WITHOUT_ZONE: usize = 11;
const WITH_ZONE: usize = 13;

/// The bytes of a moment: 7 for a DATE, 11 with fractions of a second, 13 with a time zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Date,
    Timestamp,
    Zoned,
}

/// A timestamp from microseconds since 2000-01-01, as PostgreSQL sends it.
pub(crate) fn from_micros(bytes: &[u8], shape: Shape) -> Result<Vec<u8>, Refusal> {
    let micros: [u8; 8] = bytes.try_into().map_err(|_| invalid("a timestamp of another length"))?;
    let micros = i64::from_be_bytes(micros);
    if micros == i64::MAX || micros == i64::MIN {
        return Err(invalid("an infinite timestamp"));
    }
    let (seconds, micros) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days + DAYS_TO_2000);
    // There is no year 0: 1 BC is the year before 1.
    let year = if year <= 0 { year - 1 } else { year };
    if !(-4712..=9999).contains(&year) {
        return Err(invalid("a year beyond 9999 or before 4712 BC"));
    }
    let fields =
        [year / 100 + 100, year % 100 + 100, month, day, second / 3600 + 1, second / 60 % 60 + 1, second % 60 + 1];
    let mut image: Vec<u8> = fields.iter().map(|field| *field as u8).collect();
    if shape == Shape::Zoned || (shape == Shape::Timestamp && micros != 0) {
        image.extend((micros as u32 * 1000).to_be_bytes());
    }
    if shape == Shape::Zoned {
        image.extend([20, 60]);
    }
    Ok(image)
}

/// The text of a timestamp, as PostgreSQL reads it. One with a time zone is converted to UTC.
pub(crate) fn to_text(image: &[u8]) -> Result<String, Refusal> {
    let [century, year, month, day, hour, minute, second, ..] = *image else {
        return Err(invalid("a date that is cut off"));
    };
    let year = (i64::from(century) - 100) * 100 + i64::from(year) - 100;
    let [hour, minute, second] = [hour, minute, second].map(|field| field.wrapping_sub(1));
    let nanos = match image.get(7..WITHOUT_ZONE) {
        Some(nanos) => u32::from_be_bytes([nanos[0], nanos[1], nanos[2], nanos[3]]),
        None => 0,
    };
    let zone = if image.len() >= WITH_ZONE { "+00" } else { "" };
    let (year, era) = if year < 0 { (-year, " BC") } else { (year, "") };
    Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09}{zone}{era}"))
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(1841, format!("(full) year must be between -4713 and +9999, and not be 0 ({what})"))
}

/// The date that is this number of days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(micros: i64, shape: Shape) -> String {
        to_text(&from_micros(&micros.to_be_bytes(), shape).expect("a moment")).expect("text")
    }

    #[test]
    fn moments_come_back_as_text() {
        assert_eq!(text(0, Shape::Date), "2000-01-01 00:00:00.000000000");
        assert_eq!(text(-1, Shape::Timestamp), "1999-12-31 23:59:59.999999000");
        assert_eq!(text(86_400 * MICROS * 59 + 500_000, Shape::Zoned), "2000-02-29 00:00:00.500000000+00");
    }

    #[test]
    fn years_before_the_first_are_told_as_such() {
        // The first of January of 1 BC.
        let micros = -730_485 * DAY * MICROS;
        assert_eq!(from_micros(&micros.to_be_bytes(), Shape::Date).expect("a date")[..4], [100, 99, 1, 1]);
        assert_eq!(text(micros, Shape::Date), "0001-01-01 00:00:00.000000000 BC");
    }

    #[test]
    fn a_date_has_no_fractions() {
        assert_eq!(from_micros(&5_i64.to_be_bytes(), Shape::Date).expect("a date"), [120, 100, 1, 1, 1, 1, 1]);
        assert_eq!(from_micros(&0_i64.to_be_bytes(), Shape::Timestamp).expect("a timestamp").len(), 7);
    }

    #[test]
    fn what_oracle_cannot_hold_is_refused() {
        assert!(from_micros(&i64::MAX.to_be_bytes(), Shape::Date).is_err());
        assert!(to_text(&[120, 126]).is_err());
    }
}

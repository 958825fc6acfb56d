//! Oracle's INTERVALs in the protocol, as text, and from PostgreSQL's binary interval.

use crate::engine::Refusal;

/// Added to each part, so that none is negative in the protocol.
const MIDDLE: i64 = 0x8000_0000;
const OFFSET: i64 = 60;
const MICROS_OF_DAY: i64 = 86_400_000_000;

fn odd() -> Refusal {
    Refusal::internal("an interval of another length")
}

/// Microseconds, days and months, as PostgreSQL sends them.
fn parts(bytes: &[u8]) -> Result<(i64, i64, i64), Refusal> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes else { return Err(odd()) };
    let micros = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    Ok((micros, i32::from_be_bytes([i, j, k, l]).into(), i32::from_be_bytes([m, n, o, p]).into()))
}

fn wide(value: i64) -> [u8; 4] {
    ((value + MIDDLE) as u32).to_be_bytes()
}

/// Years and months.
pub(super) fn years(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (_, _, months) = parts(bytes)?;
    let mut image = wide(months / 12).to_vec();
    image.push((months % 12 + OFFSET) as u8);
    Ok(image)
}

/// Days and seconds.
pub(super) fn days(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (micros, days, _) = parts(bytes)?;
    let all = micros + days * MICROS_OF_DAY;
    let mut image = wide(all / MICROS_OF_DAY).to_vec();
    let seconds = all % MICROS_OF_DAY / 1_000_000;
    image.extend([seconds / 3600, seconds / 60 % 60, seconds % 60].map(|part| (part + OFFSET) as u8));
    image.extend(wide(all % 1_000_000 * 1000));
    Ok(image)
}

/// The text of either, as PostgreSQL reads it.
pub(super) fn to_text(image: &[u8]) -> Result<String, Refusal> {
    let leading = |bytes: [u8; 4]| i64::from(u32::from_be_bytes(bytes)) - MIDDLE;
    let part = |byte: u8| i64::from(byte) - OFFSET;
    match *image {
        [a, b, c, d, months] => Ok(format!("{} years {} months", leading([a, b, c, d]), part(months))),
        [a, b, c, d, hours, minutes, seconds, e, f, g, h] => Ok(format!(
            "{} days {} hours {} minutes {} seconds {} microseconds",
            leading([a, b, c, d]),
            part(hours),
            part(minutes),
            part(seconds),
            leading([e, f, g, h]) / 1000
        )),
        _ => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(micros: i64, days: i32, months: i32) -> Vec<u8> {
        [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
    }

    #[test]
    fn intervals_come_back_as_text() {
        let image = days(&sent(-3_600_000_001, -1, 0)).expect("days");
        assert_eq!(to_text(&image).expect("text"), "-1 days -1 hours 0 minutes 0 seconds -1 microseconds");
        let image = years(&sent(0, 0, 27)).expect("years");
        assert_eq!(to_text(&image).expect("text"), "2 years 3 months");
    }
}

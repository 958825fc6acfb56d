//! Durations as pipeline files have them: a whole number and a unit, `90s`, `15m`, `2h`, `7d`.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Parses `90s`, `15m`, `2h` or `7d`; `None` for anything else, including a number without a unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number = &text[..text.len() - unit.len_utf8()];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(*seconds)?))
}

/// Returns the shortest text for a duration of whole seconds: in the largest unit that leaves no remainder.
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |unit: u64| seconds >= unit && seconds.is_multiple_of(unit);
    let (name, unit) = UNITS.into_iter().find(|(_, unit)| fits(*unit)).unwrap_or(('s', 1));
    format!("{}{name}", seconds / unit)
}

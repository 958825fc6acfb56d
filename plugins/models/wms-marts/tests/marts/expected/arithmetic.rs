//! Means, percentiles, shares, words for numbers.

/// The mean; `None` without values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The value at this fraction between lowest and highest, interpolated between two values; `None` without values.
pub(crate) fn percentile(values: &[f64], fraction: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = fraction * (sorted.len().checked_sub(1)? as f64);
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}

/// The share of the other values that are lower.
pub(crate) fn percent_rank(values: &[f64], value: f64) -> f64 {
    let lower = values.iter().filter(|other| **other < value).count();
    if values.len() < 2 { 0.0 } else { lower as f64 / (values.len() - 1) as f64 }
}

/// A part in percent of the whole.
pub(super) fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// Excellent, Good, Average or Poor.
pub(super) fn grade(percent: f64, bounds: [f64; 3]) -> &'static str {
    let words = ["Excellent", "Good", "Average"];
    bounds.iter().position(|bound| percent >= *bound).map_or("Poor", |at| words[at])
}

/// Thousandths, hundredths and the like.
pub(super) fn scaled(value: Option<i64>, scale: i32) -> Option<f64> {
    value.map(|value| value as f64 / 10_f64.powi(scale))
}

#[test]
fn percentiles_lie_in_proportion() {
    assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
    assert_eq!(percentile(&[], 0.5), None);
    assert_eq!(percent_rank(&[1.0, 1.0, 2.0], 2.0), 1.0);
}

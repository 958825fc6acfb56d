//! Turns numbers into categories, and computes the efficiency score. Every ladder has a word of its own for unknown
//! values.

use wmshost_plugin::Sql;

/// The words of four ratings, the best first.
pub(crate) const GRADES: [&str; 4] = ["Excellent", "Good", "Average", "Poor"];
/// The word for an unknown value.
pub(crate) const UNKNOWN: &str = "Unknown";
/// The ranking of an allocation's time among those of the same location or user.
pub(crate) const STANDINGS: [&str; 3] = ["Above Average", "Average", "Below Average"];

/// A CASE over bounds, from the highest: the word of the first bound that the value reaches, otherwise the last word.
/// `unknown` is the SQL for NULL.
pub(crate) fn ladder(value: &str, unknown: &str, steps: &[(&str, &str)], otherwise: &str) -> String {
    let reached: String = steps.iter().map(|(bound, word)| format!(" WHEN {value} >= {bound} THEN '{word}'")).collect();
    format!("CASE WHEN {value} IS NULL THEN {unknown}{reached} ELSE '{otherwise}' END")
}

/// The same from the lowest: the word of the first bound that the value does not pass.
pub(crate) fn ladder_up(value: &str, unknown: &str, steps: &[(&str, &str)], otherwise: &str) -> String {
    let within: String = steps.iter().map(|(bound, word)| format!(" WHEN {value} <= {bound} THEN '{word}'")).collect();
    format!("CASE WHEN {value} IS NULL THEN {unknown}{within} ELSE '{otherwise}' END")
}

/// Excellent, Good, Average or Poor by these three bounds.
pub(crate) fn grade(value: &str, unknown: &str, bounds: [&str; 3]) -> String {
    let steps: Vec<_> = bounds.into_iter().zip(GRADES).collect();
    ladder(value, unknown, &steps, GRADES[3])
}

/// The ranking of a time against the median and the mean of its peers.
pub(crate) fn standing(time: &str, median: &str, mean: &str) -> String {
    format!(
        "CASE WHEN {time} IS NULL OR {median} IS NULL THEN '{UNKNOWN}' WHEN {time} <= {median} THEN '{}' \
         WHEN {time} <= {mean} THEN '{}' ELSE '{}' END",
        STANDINGS[0], STANDINGS[1], STANDINGS[2]
    )
}

/// The efficiency score of 0 to 100, from three rates in percent.
pub(crate) fn efficiency(sql: Sql, fulfillment: &str, within_1hour: &str, excellent: &str) -> String {
    sql.least(&["100.0", &format!("0.4 * {fulfillment} + 0.3 * {within_1hour} + 0.3 * {excellent}")])
}

/// The sum that counts rows for which a condition is true.
pub(crate) fn count_where(condition: &str) -> String {
    format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)")
}

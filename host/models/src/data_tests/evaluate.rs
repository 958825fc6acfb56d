//! The status of a test, from its counted rows or its measured number.

use wmshost_flow::model::{Bounds, Severity, Test, Threshold};

/// The outcome of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestStatus {
    /// It passed.
    Passed,
    /// It failed with severity `warn`; nothing is stopped.
    Warned,
    /// It failed; models that depend on the node are not built.
    Failed,
    /// The test itself could not be run.
    Errored,
    /// It was not run: a node that it looks at was left out.
    Skipped,
    /// It was not run: it has passed, and nothing that it looks at has changed since.
    Unchanged,
}

impl TestStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Skipped => "skipped",
            Self::Unchanged => "unchanged",
        }
    }

    /// True if nodes that depend on the tested one must not be built.
    pub fn stops(self) -> bool {
        matches!(self, Self::Failed | Self::Errored)
    }
}

/// The outcome of a test, with its numbers.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// The test's name.
    pub name: String,
    /// The kind of assertion.
    pub assertion: &'static str,
    /// The outcome.
    pub status: TestStatus,
    /// The number of failing rows.
    pub failing: u64,
    /// True if fewer rows may fail: only new rows were read, and some of those that failed before may be gone.
    pub at_most: bool,
    /// The measured number, of a test that measures.
    pub measured: Option<f64>,
    /// The explanation: the limit that was exceeded, or the error.
    pub message: String,
    /// The duration in seconds; tests that share one pass over the table share its time.
    pub seconds: f64,
}

/// The status of a test by its failing rows.
pub(super) fn over_rows(test: &Test, failing: u64, tested: u64) -> (TestStatus, String) {
    let exceeds = |threshold: Threshold| match threshold {
        Threshold::Rows(most) => failing > most,
        Threshold::Percent(most) => failing > 0 && 100.0 * failing as f64 > most * tested as f64,
    };
    let message = |threshold: Threshold| match threshold {
        Threshold::Rows(0) => format!("{failing} rows fail"),
        Threshold::Rows(most) => format!("{failing} rows fail, {most} may"),
        Threshold::Percent(most) => format!("{failing} of {tested} rows fail, {most} % may"),
    };
    if test.severity == Severity::Error && exceeds(test.error_if) {
        return (TestStatus::Failed, message(test.error_if));
    }
    if exceeds(test.warn_if) {
        return (TestStatus::Warned, message(test.warn_if));
    }
    (TestStatus::Passed, String::new())
}

/// The status of a test by a measured number.
pub(super) fn over_number(
    test: &Test,
    bounds: &Bounds,
    measured: Option<f64>,
    before: Option<f64>,
) -> (TestStatus, String) {
    let Some(measured) = measured else {
        return (beyond(test), "there is nothing to measure: the table is empty, or the aggregate is NULL".to_owned());
    };
    let change = before.filter(|before| *before != 0.0).map(|before| 100.0 * (measured - before) / before.abs());
    let mut wrong = Vec::new();
    if let Some(least) = bounds.least.filter(|least| measured < *least) {
        wrong.push(format!("{measured} is less than {least}"));
    }
    if let Some(most) = bounds.most.filter(|most| measured > *most) {
        wrong.push(format!("{measured} is more than {most}"));
    }
    if let (Some(change), Some(before)) = (change, before) {
        if let Some(most) = bounds.most_fall.filter(|most| -change > *most) {
            wrong.push(format!("{measured} is {:.1} % less than {before} before, {most} % may be", -change));
        }
        if let Some(most) = bounds.most_rise.filter(|most| change > *most) {
            wrong.push(format!("{measured} is {change:.1} % more than {before} before, {most} % may be"));
        }
    }
    if wrong.is_empty() { (TestStatus::Passed, String::new()) } else { (beyond(test), wrong.join("; ")) }
}

/// The status of a test without rows that is not met.
pub(super) fn beyond(test: &Test) -> TestStatus {
    match test.severity {
        Severity::Error => TestStatus::Failed,
        Severity::Warn => TestStatus::Warned,
    }
}

#[cfg(test)]
mod tests {
    use wmshost_flow::model::Assertion;

    use super::*;

    fn test(severity: Severity, warn_if: Threshold, error_if: Threshold) -> Test {
        Test {
            name: "t".into(),
            assertion: Assertion::NotNull(vec!["a".into()]),
            severity,
            only_where: None,
            warn_if,
            error_if,
            summary: String::new(),
        }
    }

    #[test]
    fn thresholds_decide_over_rows() {
        use Severity::{Error, Warn};
        use TestStatus::{Failed, Passed, Warned};
        let rows = Threshold::Rows;
        for (severity, warn_if, error_if, failing, expected) in [
            (Error, rows(0), rows(0), 0, Passed),
            (Error, rows(0), rows(0), 1, Failed),
            (Warn, rows(0), rows(0), 1, Warned),
            (Error, rows(0), rows(5), 5, Warned),
            (Error, rows(0), rows(5), 6, Failed),
            (Error, rows(3), rows(5), 3, Passed),
            (Error, Threshold::Percent(1.0), Threshold::Percent(5.0), 10, Passed),
            (Error, Threshold::Percent(1.0), Threshold::Percent(5.0), 11, Warned),
            (Error, Threshold::Percent(1.0), Threshold::Percent(5.0), 51, Failed),
        ] {
            let (status, _) = over_rows(&test(severity, warn_if, error_if), failing, 1_000);
            assert_eq!(status, expected, "{warn_if:?} {error_if:?} {failing}");
        }
    }

    #[test]
    fn numbers_are_held_against_bounds_and_the_past() {
        let test = test(Severity::Error, Threshold::Rows(0), Threshold::Rows(0));
        let bounds = Bounds { least: Some(1.0), most: Some(200.0), most_fall: Some(10.0), most_rise: Some(50.0) };
        for (measured, before, expected) in [
            (Some(100.0), None, TestStatus::Passed),
            (Some(0.5), None, TestStatus::Failed),
            (Some(201.0), None, TestStatus::Failed),
            (Some(90.0), Some(100.0), TestStatus::Passed),
            (Some(89.0), Some(100.0), TestStatus::Failed),
            (Some(151.0), Some(100.0), TestStatus::Failed),
            (None, None, TestStatus::Failed),
        ] {
            let (status, why) = over_number(&test, &bounds, measured, before);
            assert_eq!(status, expected, "{measured:?} {before:?}: {why}");
        }
    }
}

//! The meaning of Oracle's errors for the flow: the class of each, and the failure that it becomes. A code is recognized
//! by its number, never by its text; the text is the server's and may hold rows' values, so it is not passed on for a
//! code that [`CODES`] describes.

use std::fmt;

use wmshost_flow::{Failure, FailureCause};

use super::codes::{ADVICE, CODES, PARALLEL, RECURSIVE};

pub(crate) use wmshost_flow::ErrorClass;

/// A classified error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OracleError {
    /// Its class.
    pub(crate) class: ErrorClass,
    /// Its code, if it has one.
    pub(crate) code: Option<usize>,
    /// Its description, without addresses and values.
    description: String,
}

/// The class of a code, and its description where the server's is not passed on.
fn known(code: usize) -> Option<(ErrorClass, &'static str)> {
    let number = u32::try_from(code).ok()?;
    let at = CODES.binary_search_by_key(&number, |(number, ..)| *number).ok()?;
    let (_, class, description) = CODES[at];
    Some((class, description))
}

/// The error that a server's text reports within another one, with its own text: that of a statement which the server ran
/// for itself, or of one of its parallel processes. A row's error of the former is not about the row that was sent.
fn within(code: usize, text: &str) -> Option<(usize, &str)> {
    let wrappers = [RECURSIVE, PARALLEL];
    if !wrappers.contains(&code) {
        return None;
    }
    let begins = text.match_indices("ORA-").filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    let numbered = begins.filter_map(|(at, _)| Some((text.get(at + 4..at + 9)?.parse().ok()?, &text[at..])));
    let inner = numbered.into_iter().find(|(code, _): &(usize, &str)| !wrappers.contains(code))?;
    let is_of_row = known(inner.0).is_some_and(|(class, _)| class == ErrorClass::Row);
    (code == PARALLEL || !is_of_row).then_some(inner)
}

/// The first line of the server's text; the text of triggers and procedures is left out, since it may hold anything.
fn first_line(code: usize, text: Option<&str>) -> String {
    if (20_000..21_000).contains(&code) {
        return "raised by code in the database; its text is in the server's trace".to_owned();
    }
    let line = text.unwrap_or_default().lines().next().unwrap_or_default();
    let line = line.strip_prefix(&format!("ORA-{code:05}: ")).unwrap_or(line);
    if line.is_empty() { "the listener refused the connection".to_owned() } else { line.to_owned() }
}

impl fmt::Display for OracleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure_in(None))
    }
}

impl OracleError {
    /// An error with a code. `text` is the server's text for it.
    pub(crate) fn of_code(code: usize, text: Option<&str>) -> Self {
        let (code, text) = match text.and_then(|text| within(code, text)) {
            Some((inner, text)) => (inner, Some(text)),
            None => (code, text),
        };
        let (class, description) = known(code).unwrap_or((ErrorClass::Permanent, ""));
        let description = if description.is_empty() { first_line(code, text) } else { description.to_owned() };
        Self { class, code: Some(code), description }
    }

    /// A parameter, counted from 1, that Oracle cannot hold.
    pub(crate) fn unbindable(number: usize) -> Self {
        Self::new(ErrorClass::Permanent, format!("parameter {number} has a value that Oracle cannot hold"))
    }

    /// An error without a code.
    pub(crate) fn new(class: ErrorClass, description: String) -> Self {
        Self { class, code: None, description }
    }

    /// The failure that reports this error, with the code and the class as its cause.
    pub(crate) fn failure(&self, place: impl fmt::Display) -> Failure {
        self.failure_in(Some(&place))
    }

    fn failure_in(&self, place: Option<&dyn fmt::Display>) -> Failure {
        let code = self.code.and_then(|code| u32::try_from(code).ok());
        let message = match code {
            Some(code) => format!("ORA-{code:05}: {}", self.description),
            None => self.description.clone(),
        };
        let failure = Failure::new(self.class.kind(), message);
        let failure = failure.caused_by(FailureCause::Oracle { code, class: self.class });
        let failure = match ADVICE.iter().find(|(number, _)| Some(*number) == code) {
            Some((_, advice)) => failure.advise(advice),
            None => failure,
        };
        match place {
            Some(place) => failure.within(place),
            None => failure,
        }
    }
}

/// Returns whether a failure is Oracle's error of this number.
pub(crate) fn is_code(failure: &Failure, number: u32) -> bool {
    matches!(failure.cause, Some(FailureCause::Oracle { code: Some(code), .. }) if code == number)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use wmshost_flow::failure_policy;

    use super::*;

    #[test]
    fn a_code_comes_through_as_the_cause_with_its_class_and_advice() {
        for (code, _, description) in CODES {
            let error = OracleError::of_code(*code as usize, Some("ORA-00000: the row of Jane Doe"));
            let failure = error.failure("target dw").within("committing");
            let cause = FailureCause::Oracle { code: Some(*code), class: error.class };
            assert_eq!(failure.cause, Some(cause), "ORA-{code:05}");
            assert_eq!(failure.source().expect("a source").downcast_ref(), Some(&cause));
            assert_eq!(failure.kind, error.class.kind());
            assert!(failure.to_string().contains(description), "{failure}");
            assert!(is_code(&failure, *code) && !is_code(&failure, code + 1));
        }
        let old = OracleError::of_code(1_555, None);
        assert_eq!(
            old.failure("source wms").to_string(),
            "source wms: ORA-01555: the snapshot is too old, the server has overwritten what it needs; start the run \
             again for a new snapshot, or ask for a longer UNDO_RETENTION"
        );
        assert!(old.to_string().ends_with("ask for a longer UNDO_RETENTION"), "{old}");
        let unknown = OracleError::of_code(8_180, None).failure("source wms");
        assert_eq!(failure_policy(&unknown).advice, Some("start the run again for a new snapshot"));
        let unknown = OracleError::of_code(904, Some("ORA-00904: \"X\": invalid identifier"));
        assert_eq!(unknown.failure("x").class(), Some(ErrorClass::Permanent));
    }

    #[test]
    fn an_error_within_another_one_counts() {
        for (code, text, class, inner) in [
            (604, "ORA-00604: error occurred at recursive SQL level 1\nORA-01555: snapshot too old", "snapshot", 1_555),
            (12_801, "ORA-12801: error signaled in parallel query server P001\nORA-08103: gone", "snapshot", 8_103),
            (12_801, "ORA-12801: parallel\nORA-00604: level 1\nORA-04031: unable", "connection lost", 4_031),
            (12_801, "ORA-12801: parallel\nORA-00001: unique constraint", "row", 1),
            (604, "ORA-00604: level 1\nORA-00604: level 2\nORA-01652: unable to extend", "conflict", 1_652),
            // A trigger's own statement broke the rule, not the row that was sent.
            (604, "ORA-00604: error occurred at recursive SQL level 1\nORA-00001: unique constraint", "permanent", 604),
            (604, "ORA-00604: the text names ORA-01555 within a line", "permanent", 604),
            (1_722, "ORA-01722: invalid number\nORA-01555: snapshot too old", "row", 1_722),
        ] {
            let error = OracleError::of_code(code, Some(text));
            assert_eq!((error.class.name(), error.code), (class, Some(inner)), "{text}");
        }
        let raised = OracleError::of_code(604, Some("ORA-00604: level 1\nORA-20001: Jane Doe is blocked"));
        assert!(!raised.to_string().contains("Jane"), "{raised}");
    }

    #[test]
    fn a_raised_text_is_not_passed_on() {
        let text = first_line(20_001, Some("ORA-20001: customer Jane Doe is blocked"));
        assert!(!text.contains("Jane"));
        assert_eq!(first_line(904, Some("ORA-00904: \"X\": invalid identifier\nHelp: …")), "\"X\": invalid identifier");
    }
}

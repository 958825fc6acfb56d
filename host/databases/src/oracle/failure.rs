//! The meaning of Oracle's errors for the flow: the class of each, and the failure that it becomes. A code is recognized
//! by its number, never by its text; the text is the server's and may hold rows' values, so it is not passed on for a
//! code that [`CODES`] describes.

use std::fmt;

use wmshost_flow::{Failure, FailureCause};

use super::codes::{ADVICE, CODES};

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
        let changed = OracleError::of_code(1_466, None).failure("source wms");
        assert_eq!(failure_policy(&changed).advice, Some("start the run again for a new snapshot"));
        let unknown = OracleError::of_code(904, Some("ORA-00904: \"X\": invalid identifier"));
        assert_eq!(unknown.failure("x").class(), Some(ErrorClass::Permanent));
    }

    #[test]
    fn a_raised_text_is_not_passed_on() {
        let text = first_line(20_001, Some("ORA-20001: customer Jane Doe is blocked"));
        assert!(!text.contains("Jane"));
        assert_eq!(first_line(904, Some("ORA-00904: \"X\": invalid identifier\nHelp: …")), "\"X\": invalid identifier");
    }
}

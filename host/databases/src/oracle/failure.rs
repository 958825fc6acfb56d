//! The meaning of Oracle's errors for the flow. A code is recognized by its number, never by its text; the text is the
//! server's and may hold rows' values, so it is not passed on for the codes listed here.
//!
//! | class | codes | what follows |
//! |---|---|---|
//! | connection lost | 00028 01012 01033 01034 01089 01090 01092 02396 03113 03114 03135 12153 12170 12505 12514 12516 12518 12519 12520 12521 12526 12527 12528 12537 12541 12543 12547 12571 17002, a dead socket | connect again, read from the last commit |
//! | unknown | 25408 25402 25405, and `connection lost` while committing | look at the checkpoint |
//! | conflict | 00054 00060 00018 00020 02049 04020 04021 04061 04068 08177 30006 | the same transaction again |
//! | snapshot | 01466 01555 08181 08180 | the run again, with a new snapshot |
//! | timeout | a call that took too long, 01013 | the run again; more time, or fewer rows at a time |
//! | denied | 00942 01031 01039 01720 01749 28112 | a right is missing |
//! | login | 01005 01017 01045 28000 28001 28002 28003 28009 28040 | never again with these credentials |
//! | row | 00001 01400 01401 01407 01426 01438 01461 01722 01830 01839 01840 01843 01847 01858 01861 02290 02291 02292 12899 22835 | the row, not the batch |
//! | permanent | everything else | the failure is permanent |

use std::fmt;

use wmshost_flow::{Failure, FailureKind};

/// The class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// The connection is gone or cannot be had now.
    ConnectionLost,
    /// It is not known whether the commit took place.
    Unknown,
    /// The transaction lost against another one.
    Conflict,
    /// The snapshot cannot be read any more.
    Snapshot,
    /// The server took too long.
    Timeout,
    /// A right is missing.
    Denied,
    /// The login is wrong, locked or expired.
    Login,
    /// A row breaks a rule of its table.
    Row,
    /// Anything else.
    Permanent,
}

impl ErrorClass {
    /// Returns whether a new connection may help.
    pub(super) fn is_connection_lost(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::Unknown)
    }

    /// Returns whether connecting again may help.
    pub(super) fn is_retryable(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::Timeout | Self::Unknown)
    }

    fn kind(self) -> FailureKind {
        match self {
            Self::ConnectionLost | Self::Unknown | Self::Conflict | Self::Snapshot | Self::Timeout => {
                FailureKind::Transient
            }
            Self::Denied | Self::Login => FailureKind::Denied,
            Self::Row | Self::Permanent => FailureKind::Permanent,
        }
    }
}

/// A classified error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OracleError {
    /// Its class.
    pub(super) class: ErrorClass,
    /// Its code, if it has one.
    pub(super) code: Option<usize>,
    /// Its text, without addresses and values.
    description: String,
}

/// The class of a code.
pub(super) fn class_of(code: usize) -> ErrorClass {
    match code {
        28
        | 1012
        | 1033
        | 1034
        | 1089
        | 1090
        | 1092
        | 2396
        | 3113
        | 3114
        | 3135
        | 12153
        | 12170
        | 12505
        | 12514
        | 12516
        | 12518..=12521
        | 12526..=12528
        | 12537
        | 12541
        | 12543
        | 12547
        | 12571
        | 17002 => ErrorClass::ConnectionLost,
        25402 | 25405 | 25408 => ErrorClass::Unknown,
        18 | 20 | 54 | 60 | 2049 | 4020 | 4021 | 4061 | 4068 | 8177 | 30006 => ErrorClass::Conflict,
        1466 | 1555 | 8180 | 8181 => ErrorClass::Snapshot,
        1013 => ErrorClass::Timeout,
        942 | 1031 | 1039 | 1720 | 1749 | 28112 => ErrorClass::Denied,
        1005 | 1017 | 1045 | 28000..=28003 | 28009 | 28040 => ErrorClass::Login,
        1
        | 1400
        | 1407
        | 1438
        | 1722
        | 1830
        | 1839
        | 1840
        | 1843
        | 1847
        | 1858
        | 1861
        | 2290..=2292
        | 12899
        | 22835 => ErrorClass::Row,
        _ => ErrorClass::Permanent,
    }
}

/// The description of a code that occurs often; `None` for any other.
fn description(code: usize) -> Option<&'static str> {
    Some(match code {
        1 => "the unique key exists already",
        28 => "the session was killed",
        54 => "the row or table is locked by another session",
        60 => "a deadlock; the transaction lost",
        955 => "the name is taken already",
        942 => "the table does not exist, or no right to it was granted",
        1005 | 1017 => "user name or password is wrong; it is not tried again, so that the account is not locked",
        1031 => "a right is missing",
        1033 | 1034 | 1089 | 1090 | 1092 => "the database is starting or shutting down",
        1045 => "the user may not log in: CREATE SESSION is not granted",
        1400 | 1407 => "a NULL is in a column that forbids it; an empty text is a NULL to Oracle",
        1438 => "a number has more digits than its column",
        1466 => "the table was changed after the moment that is read; start the run again for a new snapshot",
        1555 => {
            "the snapshot is too old, the server has overwritten what it needs; start the run again for a new \
                 snapshot, or ask for a longer UNDO_RETENTION"
        }
        1722 => "a text is not a number",
        2291 => "a row refers to one that does not exist",
        2292 => "a row that others refer to cannot be deleted",
        2396 => "the session was idle for too long",
        3113 | 3114 | 3135 => "the connection broke off",
        8177 => "another transaction changed the same rows",
        8180 | 8181 => "the snapshot is not known any more; start the run again for a new one",
        12170 => "the network did not answer in time",
        12505 => "the listener does not know the SID, or the database is not up yet",
        12514 => "the listener does not know the service, or the database is not up yet",
        12516 | 12518..=12520 => "the listener has no free process for one more session",
        12526..=12528 => "the database takes no new sessions at the moment",
        12537 | 12547 | 12571 => "the listener or the network broke the connection off",
        12541 => "connection refused: no listener at this address",
        12899 => "a text is longer than its column",
        25408 | 25402 | 25405 => "the server cannot say whether the statement was carried out",
        28000 => "the account is locked",
        28001 => "the password has expired",
        28040 => {
            "the server takes no password verifier that this driver knows; give the account a 12C verifier by \
                  setting its password again, or use the client \"oci\""
        }
        30006 => "the row is locked by another session",
        _ => return None,
    })
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
        match self.code {
            Some(code) => write!(f, "ORA-{code:05}: {}", self.description),
            None => f.write_str(&self.description),
        }
    }
}

impl OracleError {
    /// An error with a code. `text` is the server's text for it.
    pub(super) fn of_code(code: usize, text: Option<&str>) -> Self {
        let description = description(code).map_or_else(|| first_line(code, text), str::to_owned);
        Self { class: class_of(code), code: Some(code), description }
    }

    /// A parameter, counted from 1, that Oracle cannot hold.
    pub(super) fn unbindable(number: usize) -> Self {
        Self::new(ErrorClass::Permanent, format!("parameter {number} has a value that Oracle cannot hold"))
    }

    /// An error without a code.
    pub(super) fn new(class: ErrorClass, description: String) -> Self {
        Self { class, code: None, description }
    }

    /// The failure that reports this error.
    pub(super) fn failure(&self, place: impl fmt::Display) -> Failure {
        Failure::new(self.class.kind(), format!("{place}: {self}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_field_has_its_class() {
        for (class, codes) in [
            (
                ErrorClass::ConnectionLost,
                &[
                    3113, 3114, 3135, 12170, 12514, 12516, 12520, 12528, 12537, 12541, 12547, 12571, 1033, 1034, 1089,
                    1090, 28, 2396,
                ][..],
            ),
            (ErrorClass::Unknown, &[25408]),
            (ErrorClass::Conflict, &[60, 8177, 54, 4068, 30006, 18, 20]),
            (ErrorClass::Snapshot, &[1555, 8181, 1466]),
            (ErrorClass::Login, &[1017, 28000, 28001]),
            (ErrorClass::Denied, &[942, 1031]),
            (ErrorClass::Row, &[1, 1400, 12899, 1722, 1438, 1830]),
            (ErrorClass::Permanent, &[600, 911, 904, 906, 933]),
        ] {
            for code in codes {
                assert_eq!(class_of(*code), class, "ORA-{code:05}");
            }
        }
    }

    #[test]
    fn a_raised_text_is_not_passed_on() {
        let text = first_line(20_001, Some("ORA-20001: customer Jane Doe is blocked"));
        assert!(!text.contains("Jane"));
        assert_eq!(first_line(904, Some("ORA-00904: \"X\": invalid identifier\nHelp: …")), "\"X\": invalid identifier");
    }
}

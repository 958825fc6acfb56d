//! The errors of ODPI-C and of Oracle's libraries, classified. Their texts may hold addresses; only those of the server
//! are passed on, as far as `failure` does so.

use oracle::{DbError, Error, ErrorKind};

use crate::oracle::failure::{ErrorClass, OracleError};

/// The message where the libraries are missing. DPI-1047 alone helps nobody.
pub(super) const NO_CLIENT: &str = "Oracle's Instant Client is not installed where this program finds it, which the \
     client \"oci\" needs (DPI-1047): get the Basic or Basic Light package from \
     https://www.oracle.com/database/technologies/instant-client.html, unpack it, install libaio, and put its folder \
     into LD_LIBRARY_PATH or /etc/ld.so.conf.d before the program starts; or set `client = \"thin\"`, which needs \
     nothing";

/// Classifies an error.
pub(super) fn oracle_error(error: &Error) -> OracleError {
    match error.kind() {
        ErrorKind::OciError => match error.db_error() {
            Some(error) => of_server(error),
            None => OracleError::new(ErrorClass::Permanent, "Oracle's libraries report no reason".to_owned()),
        },
        ErrorKind::DpiError => of_dpi(error.dpi_code().unwrap_or(0)),
        kind => OracleError::new(ErrorClass::Permanent, format!("the driver reports {kind:?}")),
    }
}

/// Classifies an error of the server.
pub(super) fn of_server(error: &DbError) -> OracleError {
    OracleError::of_code(usize::try_from(error.code()).unwrap_or(0), Some(error.message()))
}

fn of_dpi(code: i32) -> OracleError {
    match code {
        // Not connected; the connection was closed.
        1010 | 1080 => {
            OracleError::new(ErrorClass::ConnectionLost, "the server or the network closed the connection".to_owned())
        }
        1067 => OracleError::new(ErrorClass::Timeout, "the server did not answer in time".to_owned()),
        1047 => OracleError::new(ErrorClass::Permanent, NO_CLIENT.to_owned()),
        1050 => OracleError::new(
            ErrorClass::Permanent,
            "the Instant Client is too old (DPI-1050): release 11.2 is the oldest, 19 or later is wanted".to_owned(),
        ),
        code => OracleError::new(ErrorClass::Permanent, format!("the driver reports DPI-{code:04}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_libraries_have_their_class() {
        for (code, class) in [
            (1010, ErrorClass::ConnectionLost),
            (1080, ErrorClass::ConnectionLost),
            (1067, ErrorClass::Timeout),
            (1047, ErrorClass::Permanent),
        ] {
            assert_eq!(of_dpi(code).class, class, "DPI-{code}");
        }
        assert!(of_dpi(1059).to_string().contains("DPI-1059"));
    }
}

//! The thin driver's errors, classified.

use oracledb::{Error, ErrorKind};

use crate::oracle::failure::{ErrorClass, OracleError};

/// Classifies an error.
pub(super) fn oracle_error(error: &Error) -> OracleError {
    let plain = |class, words: &str| OracleError::new(class, words.to_owned());
    match error.kind() {
        ErrorKind::DbError(error) => OracleError::of_code(error.code(), Some(error.message())),
        ErrorKind::InvalidServiceName(..) => OracleError::of_code(12514, None),
        ErrorKind::InvalidSid(..) => OracleError::of_code(12505, None),
        ErrorKind::ListenerRefusedConnection(_, _, _, code) => OracleError::of_code(*code, None),
        ErrorKind::CallTimeoutExceeded => plain(ErrorClass::Timeout, "the server did not answer in time"),
        ErrorKind::DeadConnection | ErrorKind::UnableToRecover | ErrorKind::NotConnected | ErrorKind::LockPoisoned => {
            plain(ErrorClass::ConnectionLost, "the server or the network closed the connection")
        }
        ErrorKind::UnexpectedRefuse(_) | ErrorKind::InvalidRedirect(_) => {
            plain(ErrorClass::ConnectionLost, "the listener refused the connection without saying why")
        }
        ErrorKind::TlsOperation | ErrorKind::StreamOperation => stream_error(error),
        ErrorKind::PemFileOperation | ErrorKind::WalletPrivateKeyInvalid(_) => {
            plain(ErrorClass::Permanent, "the wallet or the certificate file is damaged")
        }
        ErrorKind::WalletPasswordMissingOrInvalid(..) => {
            plain(ErrorClass::Login, "the wallet's password is wrong or missing")
        }
        ErrorKind::WalletUnreadable(_) => plain(ErrorClass::Permanent, "the wallet's ewallet.pem cannot be read"),
        ErrorKind::TnsAliasNotFound(..) => plain(ErrorClass::Permanent, "tnsnames.ora has no such alias"),
        ErrorKind::InvalidConnectString(..) | ErrorKind::InvalidDescriptorNode(..) => {
            plain(ErrorClass::Permanent, "the connect descriptor cannot be read")
        }
        ErrorKind::ServerVersionNotSupported => {
            plain(ErrorClass::Permanent, "the server is older than Oracle 12.1, which the thin driver does not support")
        }
        ErrorKind::UnknownTtcMessageType(..)
        | ErrorKind::OutOfData
        | ErrorKind::IntegerTooLarge(..)
        | ErrorKind::UnexpectedNegativeInteger => {
            plain(ErrorClass::ConnectionLost, "the server's answer was damaged on its way")
        }
        other => plain(ErrorClass::Permanent, &format!("the driver reports {}", variant(other))),
    }
}

/// A failed read or write of the socket. The driver hides the cause; only the text of the error says that it was TLS.
fn stream_error(error: &Error) -> OracleError {
    let text = error.to_string();
    let Some(words) = tls_words(&text) else {
        let refused = text.contains("refused");
        let words = if refused { "connection refused: no listener at this address" } else { "the network failed" };
        return OracleError::new(ErrorClass::ConnectionLost, words.to_owned());
    };
    OracleError::new(
        ErrorClass::Permanent,
        format!("the encrypted connection was not made: {words}; check the CA, the host's name and the protocol"),
    )
}

fn tls_words(text: &str) -> Option<&'static str> {
    let words = [
        ("certificate expired", "the server's certificate has expired"),
        ("not valid for name", "the server's certificate is for another host"),
        ("NotValidForName", "the server's certificate is for another host"),
        ("UnknownIssuer", "no trusted authority has signed the server's certificate"),
        ("peer certificate", "the server's certificate is not accepted"),
        ("corrupt message", "the server does not answer in TLS"),
        ("fatal alert", "the server broke it off"),
    ];
    words.into_iter().find(|(part, _)| text.contains(part)).map(|(_, words)| words)
}

/// The name of an error of the driver, without what it holds.
fn variant(kind: &ErrorKind) -> String {
    let text = format!("{kind:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

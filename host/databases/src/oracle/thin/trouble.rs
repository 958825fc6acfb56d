//! The thin driver's errors, sorted.

use oracledb::{Error, ErrorKind};

use crate::oracle::failure::{Class, Trouble};

/// Sorts an error.
pub(super) fn trouble(error: &Error) -> Trouble {
    let plain = |class, words: &str| Trouble::new(class, words.to_owned());
    match error.kind() {
        ErrorKind::DbError(error) => Trouble::of_code(error.code(), Some(error.message())),
        ErrorKind::InvalidServiceName(..) => Trouble::of_code(12514, None),
        ErrorKind::InvalidSid(..) => Trouble::of_code(12505, None),
        ErrorKind::ListenerRefusedConnection(_, _, _, code) => Trouble::of_code(*code, None),
        ErrorKind::CallTimeoutExceeded => plain(Class::Slow, "the server did not answer in time"),
        ErrorKind::DeadConnection | ErrorKind::UnableToRecover | ErrorKind::NotConnected | ErrorKind::LockPoisoned => {
            plain(Class::Gone, "the server or the network closed the connection")
        }
        ErrorKind::UnexpectedRefuse(_) | ErrorKind::InvalidRedirect(_) => {
            plain(Class::Gone, "the listener refused the connection without saying why")
        }
        ErrorKind::TlsOperation | ErrorKind::StreamOperation => stream_trouble(error),
        ErrorKind::PemFileOperation | ErrorKind::WalletPrivateKeyInvalid(_) => {
            plain(Class::Wrong, "the wallet or the certificate file is damaged")
        }
        ErrorKind::WalletPasswordMissingOrInvalid(..) => {
            plain(Class::Login, "the wallet's password is wrong or missing")
        }
        ErrorKind::WalletUnreadable(_) => plain(Class::Wrong, "the wallet's ewallet.pem cannot be read"),
        ErrorKind::TnsAliasNotFound(..) => plain(Class::Wrong, "tnsnames.ora has no such alias"),
        ErrorKind::InvalidConnectString(..) | ErrorKind::InvalidDescriptorNode(..) => {
            plain(Class::Wrong, "the connect descriptor cannot be read")
        }
        ErrorKind::ServerVersionNotSupported => {
            plain(Class::Wrong, "the server is older than Oracle 12.1, which the thin driver does not speak to")
        }
        ErrorKind::UnknownTtcMessageType(..)
        | ErrorKind::OutOfData
        | ErrorKind::IntegerTooLarge(..)
        | ErrorKind::UnexpectedNegativeInteger => plain(Class::Gone, "the server's answer was damaged on its way"),
        other => plain(Class::Wrong, &format!("the driver says {}", variant(other))),
    }
}

/// A failed read or write of the socket. The driver hides what it comes from; that TLS was the reason, only its
/// text tells.
fn stream_trouble(error: &Error) -> Trouble {
    let text = error.to_string();
    let Some(words) = tls_words(&text) else {
        let refused = text.contains("refused");
        let words = if refused { "nobody listens at the address" } else { "the network failed" };
        return Trouble::new(Class::Gone, words.to_owned());
    };
    Trouble::new(
        Class::Wrong,
        format!("the encrypted connection was not made: {words}; check the CA, the host's name and the protocol"),
    )
}

fn tls_words(text: &str) -> Option<&'static str> {
    let words = [
        ("certificate expired", "the server's certificate has expired"),
        ("not valid for name", "the server's certificate is of another host"),
        ("NotValidForName", "the server's certificate is of another host"),
        ("UnknownIssuer", "nobody trusted has signed the server's certificate"),
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

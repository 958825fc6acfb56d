//! The keys of `[alerts]` and of its channels.

use super::*;
use crate::policies::MailTls;

keys! {
    /// The keys of the alerts.
    ALL:
    OWNER = Key::new("owner", KeyType::Text);
    FAILURES = Key::count("failures", 1, 100, "runs").or(KeyDefault::Number(1));
    REPEAT_EVERY = span("repeat_every", 60, 366 * DAY, DAY);
    HEARTBEAT = Key::new("heartbeat", KeyType::Secret);
    HEARTBEAT_EVERY = span("heartbeat_every", 10, DAY, 60);
    CHANNELS = Key::new("channels", KeyType::Named(channel::ALL));
}

/// The keys of `[alerts.channels.*]`.
pub(crate) mod channel {
    use super::*;
    pub(crate) const WEBHOOK: &str = "webhook";
    pub(crate) const SLACK: &str = "slack";
    pub(crate) const COMMAND_NAME: &str = "command";
    pub(crate) const EMAIL: &str = "email";
    keys! {
        /// The keys of a channel.
        ALL:
        KIND = Key::new("kind", KeyType::Choice(&[WEBHOOK, SLACK, COMMAND_NAME, EMAIL])).literal();
        URL = Key::new("url", KeyType::Secret);
        SIGNING_KEY = Key::new("signing_key", KeyType::Secret);
        COMMAND = Key::new("command", KeyType::Texts);
        HOST = Key::new("host", KeyType::Address);
        PORT = Key::count("port", 1, 65_535, "TCP port").or(KeyDefault::Number(587));
        TLS = Key::new("tls", KeyType::Choice(MailTls::NAMES)).or(KeyDefault::Text("starttls"));
        CA_FILE = Key::new("ca_file", KeyType::Path);
        USERNAME = Key::new("username", KeyType::Text);
        PASSWORD = Key::new("password", KeyType::Secret);
        FROM = Key::new("from", KeyType::Text);
        TO = Key::new("to", KeyType::Texts);
        TIMEOUT = span("timeout", 1, 300, 10);
        QUIET_HOURS = Key::new("quiet_hours", KeyType::Hours);
    }
    /// The keys that every kind of channel has.
    pub(crate) const SHARED: &[Key] = &[KIND, TIMEOUT, QUIET_HOURS];
    /// The keys of a mail server, the required ones first.
    pub(crate) const OF_EMAIL: &[Key] = &[HOST, FROM, TO, PORT, TLS, CA_FILE, USERNAME, PASSWORD];
}

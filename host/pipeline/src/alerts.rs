//! The alerts of a pipeline: the channels that they are sent by, and when.

use std::path::PathBuf;
use std::time::Duration;

use crate::authored::Node;
use crate::diagnostics::join;
use crate::key_type::Key;
use crate::keys::alerts as keys;
use crate::keys::alerts::channel;
use crate::keys::file;
use crate::policies::MailTls;
use crate::quiet_hours::QuietHours;
use crate::secret::Secret;
use crate::section_reader::SectionReader;

/// The alerts of a pipeline.
#[derive(Debug, Clone)]
pub struct AlertsPlan {
    /// The person or team that alerts name, where a stream names none.
    pub owner: Option<String>,
    /// The number of failures in a row after which an alert is due.
    pub failures: u64,
    /// The time after which a cause that goes on is reported again.
    pub repeat_every: Duration,
    /// The address that hears from `serve` while it lives.
    pub heartbeat: Option<Secret>,
    /// The time between two calls of that address.
    pub heartbeat_every: Duration,
    /// The channels, in the order of their names.
    pub channels: Vec<AlertChannel>,
}

/// A channel.
#[derive(Debug, Clone)]
pub struct AlertChannel {
    /// Its name.
    pub name: String,
    /// The way in which messages are sent.
    pub route: AlertRoute,
    /// The time limit of one message.
    pub timeout: Duration,
    /// The hours of the day in which messages are held back.
    pub quiet_hours: Option<QuietHours>,
}

/// The way in which messages are sent.
#[derive(Debug, Clone)]
pub enum AlertRoute {
    /// A JSON document is posted to an address, signed if there is a key.
    Webhook {
        /// The address.
        url: Secret,
        /// The key of the signature.
        signing_key: Option<Secret>,
    },
    /// A text is posted to an address in the form that Slack and its likes take.
    Slack {
        /// The address.
        url: Secret,
    },
    /// A program is started with the JSON document as its input.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A mail server takes a text.
    Email(Box<MailRoute>),
}

/// A mail server, and the mail's addresses.
#[derive(Debug, Clone)]
pub struct MailRoute {
    /// The server's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The way in which the connection is encrypted.
    pub tls: MailTls,
    /// A file of certificates to trust besides those of the public authorities.
    pub ca_file: Option<PathBuf>,
    /// The user name and the password; `None` if the server asks for none.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    /// The receivers' addresses.
    pub to: Vec<String>,
}

impl AlertRoute {
    /// The kind's name in pipeline files and reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => channel::WEBHOOK,
            Self::Slack { .. } => channel::SLACK,
            Self::Command { .. } => channel::COMMAND_NAME,
            Self::Email(_) => channel::EMAIL,
        }
    }
}

/// Reads the section; `None` if the file has none.
pub(crate) fn read(root: &mut SectionReader<'_>) -> Option<AlertsPlan> {
    let Some(Node::Section(section)) = root.section.entries.get(file::ALERTS.name) else { return None };
    let mut scope =
        SectionReader { section, path: file::ALERTS.name.to_owned(), environment: root.environment, sink: root.sink };
    let plan = AlertsPlan {
        owner: scope.text(&keys::OWNER),
        failures: scope.count(&keys::FAILURES).unwrap_or(1),
        repeat_every: scope.span(&keys::REPEAT_EVERY).unwrap_or_default(),
        heartbeat: address(&mut scope, &keys::HEARTBEAT),
        heartbeat_every: scope.span(&keys::HEARTBEAT_EVERY).unwrap_or_default(),
        channels: channels(&mut scope),
    };
    if !scope.has(&keys::CHANNELS) && !scope.has(&keys::HEARTBEAT) {
        let advice = "add a table `[alerts.channels.NAME]`, or remove the section".to_owned();
        scope.sink.of(file::ALERTS.name, "there is no channel: nobody would hear of anything", Some(advice));
    }
    Some(plan)
}

fn channels(scope: &mut SectionReader<'_>) -> Vec<AlertChannel> {
    let Some(Node::Section(section)) = scope.section.entries.get(keys::CHANNELS.name) else { return Vec::new() };
    let path = join(&scope.path, keys::CHANNELS.name);
    let mut read = Vec::new();
    for (name, table) in section.tables() {
        let path = join(&path, name);
        let mut scope = SectionReader { section: table, path, environment: scope.environment, sink: &mut *scope.sink };
        read.extend(one_channel(name, &mut scope));
    }
    read
}

fn one_channel(name: &str, scope: &mut SectionReader<'_>) -> Option<AlertChannel> {
    scope.require(&channel::KIND);
    let kinds: [(&str, &[Key]); 4] = [
        (channel::WEBHOOK, &[channel::URL, channel::SIGNING_KEY]),
        (channel::SLACK, &[channel::URL]),
        (channel::COMMAND_NAME, &[channel::COMMAND]),
        (channel::EMAIL, channel::OF_EMAIL),
    ];
    let (kind, own) = scope.choice(&channel::KIND, &kinds.map(|kind| (kind.0, kind)))?;
    for key in channel::ALL {
        if scope.has(key) && !own.iter().chain(channel::SHARED).any(|known| known.name == key.name) {
            let known: Vec<_> = own.iter().chain(channel::SHARED).map(|key| key.name).collect();
            let message = format!("a channel of the kind {kind} has no such key");
            scope.sink.of(&join(&scope.path, key.name), message, Some(format!("its keys are {}", known.join(", "))));
        }
    }
    let required = if kind == channel::EMAIL { &own[..3] } else { &own[..1] };
    required.iter().for_each(|key| scope.require(key));
    let route = match kind {
        channel::WEBHOOK => {
            let (url, signing_key) = (address(scope, &channel::URL), scope.secret(&channel::SIGNING_KEY));
            url.map(|url| AlertRoute::Webhook { url, signing_key })
        }
        channel::SLACK => address(scope, &channel::URL).map(|url| AlertRoute::Slack { url }),
        channel::EMAIL => mail(scope).map(|route| AlertRoute::Email(Box::new(route))),
        _ => command(scope).map(|command| AlertRoute::Command { command }),
    };
    let (timeout, quiet_hours) = (scope.span(&channel::TIMEOUT), scope.text(&channel::QUIET_HOURS));
    let quiet_hours = quiet_hours.and_then(|text| QuietHours::parse(&text).ok());
    Some(AlertChannel { name: name.to_owned(), route: route?, timeout: timeout?, quiet_hours })
}

/// Reads an address, which is a secret: those who know it can write there.
fn address(scope: &mut SectionReader<'_>, key: &Key) -> Option<Secret> {
    let secret = scope.secret(key)?;
    let rest = ["https://", "http://"].into_iter().find_map(|begin| secret.reveal().strip_prefix(begin));
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    if !rest.is_some_and(is_plain) {
        let message = "what is referred to is not an address that begins with https:// or http://";
        scope.sink.of(&join(&scope.path, key.name), message, None);
        return None;
    }
    Some(secret)
}

/// Reads the program and its arguments. It is found by its path alone, because it gets no environment to be found by.
fn command(scope: &mut SectionReader<'_>) -> Option<Vec<String>> {
    let command = scope.list(&channel::COMMAND).filter(|_| scope.has(&channel::COMMAND))?;
    if !command.first().is_some_and(|program| program.starts_with('/')) {
        let message = "does not begin with the absolute path of a program";
        let advice = "write [\"/path/of/program\", \"argument\", …]; no shell is involved".to_owned();
        scope.sink.of(&join(&scope.path, channel::COMMAND.name), message, Some(advice));
        return None;
    }
    Some(command)
}

/// Reads a mail server and its addresses. A password is sent through an encrypted connection only.
fn mail(scope: &mut SectionReader<'_>) -> Option<MailRoute> {
    let tls = scope.choice(&channel::TLS, MailTls::VALUES);
    let (username, password) = (scope.text(&channel::USERNAME), scope.secret(&channel::PASSWORD));
    for (key, other) in [(&channel::USERNAME, &channel::PASSWORD), (&channel::PASSWORD, &channel::USERNAME)] {
        if scope.has(key) {
            scope.require(other);
        }
    }
    if scope.has(&channel::PASSWORD) && matches!(tls, Some(MailTls::None)) {
        let message = "a password would be sent in the clear";
        let advice = "set it to \"starttls\" or \"tls\", or remove `username` and `password`".to_owned();
        scope.sink.of(&join(&scope.path, channel::TLS.name), message, Some(advice));
    }
    let (host, port, ca_file) =
        (scope.text(&channel::HOST), scope.count(&channel::PORT), scope.path(&channel::CA_FILE));
    let (from, to) = (scope.text(&channel::FROM), scope.list(&channel::TO).unwrap_or_default());
    for (key, address) in from.iter().map(|from| (&channel::FROM, from)).chain(to.iter().map(|to| (&channel::TO, to))) {
        if !is_mail_address(address) {
            let message = format!("`{address}` is not a mail address");
            scope.sink.of(&join(&scope.path, key.name), message, Some("write `name@host.example`".to_owned()));
        }
    }
    if scope.has(&channel::TO) && to.is_empty() {
        scope.sink.of(&join(&scope.path, channel::TO.name), "names nobody", None);
    }
    let port = port.and_then(|port| u16::try_from(port).ok());
    Some(MailRoute { host: host?, port: port?, tls: tls?, ca_file, login: username.zip(password), from: from?, to })
}

fn is_mail_address(text: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
    };
    text.split_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host))
}

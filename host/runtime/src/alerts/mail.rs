//! Sending a message by a mail server. The mail is a text; its id is that of the message, the same at each try.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};
use wmshost_pipeline::{MailRoute, MailTls};

use super::message::AlertMessage;

/// Sends a message; the time limit is that of each answer of the server. The error is the reason why it was not sent.
pub(super) fn send(route: &MailRoute, message: &AlertMessage, timeout: Duration) -> Result<(), String> {
    let server = SmtpTransport::builder_dangerous(&route.host).port(route.port).tls(tls(route)?).timeout(Some(timeout));
    let server = match &route.login {
        Some((name, password)) => server.credentials(Credentials::new(name.clone(), password.reveal().to_owned())),
        None => server,
    };
    let sent = server.build().send(&mail(route, message)?).map_err(|error| error.to_string());
    let hidden = |why: String| match &route.login {
        Some((_, password)) => why.replace(password.reveal(), "…"),
        None => why,
    };
    sent.map(drop).map_err(hidden)
}

fn tls(route: &MailRoute) -> Result<Tls, String> {
    if route.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(route.host.clone());
    if let Some(file) = &route.ca_file {
        let unusable = |why: String| format!("{}: {why}", file.display());
        let text = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
        let certificate = Certificate::from_pem(&text).map_err(|error| unusable(error.to_string()))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|error| error.to_string())?;
    Ok(if route.tls == MailTls::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}

/// The mail: its first line is its subject.
fn mail(route: &MailRoute, message: &AlertMessage) -> Result<Message, String> {
    let address =
        |text: &str| text.parse::<Mailbox>().map_err(|error| format!("{text} is not a mail address: {error}"));
    let text = message.text();
    let subject: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let host = route.from.split_once('@').map_or("localhost", |(_, host)| host);
    let mut mail = Message::builder()
        .from(address(&route.from)?)
        .subject(subject)
        .message_id(Some(format!("<{}@{host}>", message.id)))
        .header(ContentType::TEXT_PLAIN);
    for to in &route.to {
        mail = mail.to(address(to)?);
    }
    mail.body(text).map_err(|error| error.to_string())
}

//! Sending a message by a channel: by HTTP, by mail, or as the input of a program. The reasons for which it fails name no address and no key.

use std::io::{Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use wmshost_pipeline::{AlertChannel, AlertRoute, Secret};

use super::mail;
use super::message::AlertMessage;
use crate::http_client::client;
use crate::process::last_words;

/// The time between two looks at a program.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The variables that a program gets.
const PATH: &str = "/usr/bin:/bin";

/// Sends a message; `body` is its document. The error is the reason why it was not sent.
pub(super) fn send(channel: &AlertChannel, message: &AlertMessage, body: &str) -> Result<(), String> {
    match &channel.route {
        AlertRoute::Webhook { url, signing_key } => {
            let signature = signing_key.as_ref().map(|key| signature(key, body));
            post(
                url,
                body,
                channel.timeout,
                &[("wmshost-delivery", Some(message.id.clone())), ("wmshost-signature", signature)],
            )
        }
        AlertRoute::Slack { url } => post(url, &slack_body(message), channel.timeout, &[]),
        AlertRoute::Email(route) => mail::send(route, message, channel.timeout),
        AlertRoute::Command { command } => run(command, body, channel.timeout),
    }
}

/// `sha256=` and the HMAC of a document in hexadecimal digits.
fn signature(key: &Secret, body: &str) -> String {
    // A key of any length is taken.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()) else { return String::new() };
    hmac.update(body.as_bytes());
    let digits = hmac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256={digits}")
}

/// The message as Slack takes it. Whatever its text has, it is no link and no mention.
fn slack_body(message: &AlertMessage) -> String {
    let text = message.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": text }).to_string()
}

fn post(url: &Secret, body: &str, timeout: Duration, headers: &[(&str, Option<String>)]) -> Result<(), String> {
    let mut request = client(timeout).post(url.reveal()).header("content-type", "application/json");
    for (name, value) in headers {
        if let Some(value) = value {
            request = request.header(*name, value);
        }
    }
    match request.send(body) {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) => Err(hidden(&error, url)),
    }
}

/// Calls an address; the error is the reason why it did not answer well.
pub(crate) fn call(url: &Secret, timeout: Duration) -> Result<(), String> {
    match client(timeout).get(url.reveal()).call() {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) => Err(hidden(&error, url)),
    }
}

/// The text of an error without the address.
fn hidden(error: &ureq::Error, url: &Secret) -> String {
    error.to_string().replace(url.reveal(), "…")
}

fn run(command: &[String], body: &str, timeout: Duration) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("it names no program".to_owned()) };
    let file = |error| format!("a temporary file cannot be used: {error}");
    let mut input = tempfile::tempfile().map_err(file)?;
    input.write_all(body.as_bytes()).and_then(|()| input.rewind()).map_err(file)?;
    let words = tempfile::tempfile().map_err(file)?;
    let mut process = Command::new(program);
    process.args(arguments).env_clear().env("PATH", PATH).current_dir("/").process_group(0);
    process.stdin(input).stdout(Stdio::null()).stderr(words.try_clone().map_err(file)?);
    let mut process = process.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    let began = Instant::now();
    loop {
        match process.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program}: {status}: {}", last_words(words))),
            Ok(None) if began.elapsed() < timeout => std::thread::sleep(POLL_INTERVAL),
            Ok(None) => {
                end(process.id());
                let _ = process.wait();
                return Err(format!("{program} had not ended after {} s and was killed", timeout.as_secs()));
            }
            Err(error) => return Err(format!("{program} cannot be waited for: {error}")),
        }
    }
}

/// Ends a program with all that it has started in its group.
fn end(process: u32) {
    let number = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = number {
        // A group that has ended meanwhile needs no signal.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_the_document() {
        // The second test case of RFC 4231.
        let signed = signature(&Secret::new("Jefe"), "what do ya want for nothing?");
        assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_program_gets_the_document_and_no_environment_and_is_ended_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out").display().to_string();
        let shell = |script: &str| ["/bin/sh", "-c", script, &out].map(str::to_owned);
        run(&shell("cat > \"$0\"; env >> \"$0\""), "{\"a\": 1}\n", Duration::from_secs(10)).unwrap();
        let written = std::fs::read_to_string(&out).unwrap();
        assert!(written.starts_with("{\"a\": 1}\n") && written.contains("PATH=/usr/bin:/bin"), "{written}");
        assert!(!written.contains("HOME") && !written.contains("CARGO"), "{written}");
        let refused = run(&shell("echo it is late >&2; exit 3"), "", Duration::from_secs(10)).unwrap_err();
        assert!(refused.contains("exit status: 3") && refused.contains("it is late"), "{refused}");
        let began = Instant::now();
        let late = run(&shell("sleep 60 & wait"), "", Duration::from_millis(200)).unwrap_err();
        assert!(late.contains("was killed") && began.elapsed() < Duration::from_secs(30), "{late}");
        let missing = run(&["/no/such/program".to_owned()], "", Duration::from_secs(1)).unwrap_err();
        assert!(missing.contains("cannot be started"), "{missing}");
    }

    #[test]
    fn a_text_for_slack_has_no_links_or_mentions() {
        let title = "<!channel> & <https://example.com|x>".to_owned();
        let message = AlertMessage { title, ..AlertMessage::default() };
        let body = slack_body(&message);
        assert!(body.contains("&lt;!channel&gt; &amp; &lt;https://example.com|x&gt;"), "{body}");
    }
}

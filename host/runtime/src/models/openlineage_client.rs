//! Sends a run's lineage events to a server, one by one. Failures do no harm: if the server is away, slow or refuses an
//! event, that is reported, and the run does not fail.

use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use ureq::Agent;
use wmshost_pipeline::Lineage;

use crate::http_client::client;

/// The time limit of the server for one event.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The number of tries for an event, with a pause before each further one.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Posts the events in order; after one that cannot be delivered no more are tried. The error says what went wrong.
pub(super) fn post(lineage: &Lineage, events: &[Json]) -> Result<(), String> {
    let agent = client(TIMEOUT);
    for (sent, event) in events.iter().enumerate() {
        let body = event.to_string();
        deliver(&agent, lineage, &body).map_err(|why| {
            format!(
                "lineage: {} of {} events were not delivered to {}: {why}",
                events.len() - sent,
                events.len(),
                lineage.url
            )
        })?;
    }
    Ok(())
}

fn deliver(agent: &Agent, lineage: &Lineage, body: &str) -> Result<(), String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut request = agent.post(&lineage.url).header("content-type", "application/json");
        if let Some(key) = &lineage.key {
            request = request.header("authorization", format!("Bearer {}", key.reveal()));
        }
        let (why, may_help) = match request.send(body) {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let code = answer.status().as_u16();
                (format!("it answered {code}"), code == 429 || code >= 500)
            }
            Err(error) => (error.to_string(), true),
        };
        if !may_help || tries >= TRIES {
            return Err(why);
        }
        thread::sleep(PAUSE * tries);
    }
}

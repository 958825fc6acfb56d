//! Changing a mock by requests without credentials, for people and for clients in other languages. Off unless asked for.

use crate::api::State;
use crate::catalogue::entity;
use crate::changes;
use crate::quirks::{Quirk, Quirks};
use crate::reply::{Reply, Request};
use crate::text::pairs;
use crate::truth;
use crate::value::{DAY, SECOND};

/// The addresses, for `--help` and for requests to none of them.
pub(crate) const HELP: &str = "\
GET  /truth/ENTITY                       the true rows
GET  /requests                           the number of requests so far
POST /changes?seed=2&percent=1&every=0   a day of changes: one after each `every` lists, or all at once; the clock advances a day
POST /advance?seconds=3600               lets time go by
POST /quirks?set=Q6,Q9                   sets the quirks that are not in the data";

/// Answers a request.
pub(crate) fn answer(state: &mut State, request: &Request) -> Reply {
    let given = pairs(request.query()).unwrap_or_default();
    let value = |name: &str| given.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let done = |text: String| Reply::new(200, "text/plain", text.into_bytes());
    let wrong = |text: String| Reply::new(400, "text/plain", text.into_bytes());
    match (request.method.as_str(), request.path()) {
        ("GET", "/requests") => done(state.exchanges.len().to_string()),
        ("GET", path) if path.strip_prefix("/truth/").is_some_and(|name| entity(name).is_some()) => {
            Reply::json(200, truth::document(&truth::rows(&state.tenant, &path["/truth/".len()..])))
        }
        ("POST", "/advance") => match value("seconds").parse() {
            Ok(seconds) => {
                state.tenant.advance(seconds);
                done("ok".to_owned())
            }
            Err(_) => wrong("seconds is a whole number".to_owned()),
        },
        ("POST", "/quirks") => {
            let named = value("set").split(',').filter(|name| !name.is_empty()).map(str::parse::<Quirk>);
            match named.collect::<Result<Quirks, _>>() {
                Ok(quirks) => {
                    state.tenant.quirks = quirks;
                    done(quirks.to_string())
                }
                Err(error) => wrong(error),
            }
        }
        ("POST", "/changes") => {
            let number = |name: &str, otherwise: f64| value(name).parse::<f64>().unwrap_or(otherwise);
            let day = changes::day(&state.tenant, number("seed", 2.0) as u64, number("percent", 1.0));
            let count = day.len();
            state.tenant.advance(DAY / SECOND);
            state.tenant.pending.extend(day);
            state.tenant.every = number("every", 0.0) as u64;
            if state.tenant.every == 0 {
                state.tenant.every = 1;
                changes::settle(&mut state.tenant);
            }
            // What happened now is outside of the next window, which ends a little before the server's time.
            state.tenant.advance(DAY / SECOND / 24);
            done(format!("{count} changes"))
        }
        _ => Reply::new(404, "text/plain", HELP.as_bytes()),
    }
}

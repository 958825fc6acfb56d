//! `wmshost serve`: pipelines that run by their schedules. Each run is a process of its own, so that one that fails,
//! whatever the reason, takes nothing with it, and a run outlives a scheduler that dies.
//!
//! | module | purpose |
//! |---|---|
//! | `book` | the book of due runs |
//! | `scheduler` | the decision which runs begin |
//! | `server` | the loop that carries decisions out |
//! | `beside` | alerts and heartbeats, beside the loop |
//! | `child` | one due run, as a process |
//! | `events` | the events for the log |
//! | `handle` | the view of a server from outside |
//! | `messages` | the messages to the loop |
//! | `notify` | the line to systemd |
//! | `schedules` | the schedules of a pipeline, for a person |
//! | `units` | the parts of a pipeline that are due by lines of their own |
//! | `gate` | schedulers of other machines |

mod beside;
mod book;
mod child;
mod events;
mod gate;
mod handle;
mod messages;
#[cfg(test)]
mod month;
mod notify;
mod scheduler;
mod schedules;
mod server;
mod units;

pub use book::{Book, Due, DueStatus, UnitKey};
pub use events::{ServeEvent, second};
pub use handle::{EndedRuns, ServeHandle, ServedPipeline, ServedRun};
pub use schedules::{ScheduleState, Schedules, pause, resume, schedules};
pub use server::{ServeOptions, Server};

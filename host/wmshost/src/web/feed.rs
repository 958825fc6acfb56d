//! Events as they happen, for readers of `text/event-stream`.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The events that wait for a slow reader; a slower one is let go, and connects again.
const MOST_WAITING: usize = 256;
/// The time after which a sign of life is sent, so that a reader that is gone is noticed.
const BEAT: Duration = Duration::from_secs(15);

/// The readers.
#[derive(Default)]
pub(crate) struct Feed(Mutex<Vec<SyncSender<Arc<str>>>>);

impl Feed {
    /// Sends an event, one line of JSON, to all readers.
    pub(crate) fn publish(&self, name: &str, json: &str) {
        let text: Arc<str> = format!("event: {name}\ndata: {json}\n\n").into();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|reader| reader.try_send(Arc::clone(&text)).is_ok());
    }

    fn subscribe(&self) -> Receiver<Arc<str>> {
        let (sender, receiver) = sync_channel(MOST_WAITING);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Writes events to a reader until it goes, or may not read any more.
    pub(super) fn write_to(&self, stream: &mut TcpStream, is_allowed: impl Fn() -> bool) {
        let events = self.subscribe();
        let mut text: Arc<str> = ": connected\n\n".into();
        while is_allowed() && stream.write_all(text.as_bytes()).is_ok() {
            text = match events.recv_timeout(BEAT) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => ": alive\n\n".into(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }
}

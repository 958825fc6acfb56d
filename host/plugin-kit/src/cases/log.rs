//! The messages of a component, as its case sees them: level and text, in order.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps the messages of components.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

/// The fields of an event that matter.
#[derive(Default)]
struct Message {
    text: String,
    is_of_plugin: bool,
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, _: &str) {
        self.is_of_plugin |= field.name() == "function";
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        if message.is_of_plugin {
            let line = format!("{} {}", event.metadata().level().as_str().to_lowercase(), message.text);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Does some work on this thread; returns its result and the messages of components meanwhile.
pub(crate) fn collected<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let collector = Collector::default();
    let done = tracing::subscriber::with_default(collector.clone(), work);
    let lines = std::mem::take(&mut *collector.0.lock().unwrap_or_else(PoisonError::into_inner));
    (done, lines)
}

//! The warnings of plugins as notes on standard error, each of them once.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::report;

/// The most warnings that are remembered, so that a process that runs for months does not grow.
const MOST: usize = 1_000;

/// Prints the warnings of plugins.
#[derive(Default)]
pub(crate) struct PluginWarnings {
    printed: Mutex<BTreeSet<String>>,
}

impl<S: Subscriber> Layer<S> for PluginWarnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() != Level::WARN {
            return;
        }
        let mut warning = Warning::default();
        event.record(&mut warning);
        let Some(plugin) = warning.plugin else { return };
        let text = format!("plugin {plugin}: {}", warning.message);
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.len() >= MOST {
            printed.clear();
        }
        if printed.insert(text.clone()) {
            report::note(&text);
        }
    }
}

/// The parts of a plugin's warning.
#[derive(Default)]
struct Warning {
    plugin: Option<String>,
    message: String,
}

impl Visit for Warning {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "plugin" {
            self.plugin = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

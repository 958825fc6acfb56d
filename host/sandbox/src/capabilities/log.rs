//! Messages of plugins in the run's log, and their printed output. Both count toward the same limits, which hold for a
//! plugin in a stream, however many instances of it there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bindings::log::{Host, Level};
use crate::convert::sanitize;
use crate::instance_state::InstanceState;
use crate::limits::Limits;

/// The line of a panic that asks for an environment, which no plugin has.
const BACKTRACE_NOTE: &str = "note: run with `RUST_BACKTRACE";

/// The log output of one plugin for one stream, in all of its instances.
#[derive(Debug)]
pub(crate) struct LogMeter {
    plugin: String,
    stream: String,
    messages: AtomicU64,
    bytes: AtomicU64,
    left_out: AtomicU64,
}

impl LogMeter {
    pub(crate) fn new(plugin: &str, stream: &str) -> Arc<Self> {
        let (plugin, stream) = (plugin.to_owned(), stream.to_owned());
        let [messages, bytes, left_out] = [(); 3].map(|()| AtomicU64::new(0));
        Arc::new(Self { plugin, stream, messages, bytes, left_out })
    }

    /// Counts a message, and returns whether it still goes into the log.
    fn admits(&self, bytes: usize, limits: &Limits) -> bool {
        let messages = self.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let (name, most) = match () {
            () if messages > limits.log_messages => ("log_messages", limits.log_messages),
            () if bytes > limits.log_bytes => ("log_bytes", limits.log_bytes),
            () => return true,
        };
        if self.left_out.fetch_add(1, Ordering::Relaxed) == 0 {
            let (plugin, stream) = (self.plugin.as_str(), self.stream.as_str());
            tracing::warn!(plugin, stream, "limit {name}: {most} allowed, further messages are left out");
        }
        false
    }
}

impl Drop for LogMeter {
    fn drop(&mut self) {
        let left_out = self.left_out.load(Ordering::Relaxed);
        if left_out > 0 {
            let (plugin, stream) = (self.plugin.as_str(), self.stream.as_str());
            tracing::warn!(plugin, stream, "{left_out} messages were left out");
        }
    }
}

impl Host for InstanceState {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if level == Level::Error {
            self.remember(&message);
        }
        self.log(level, None, message);
        Ok(())
    }
}

impl InstanceState {
    /// Writes a message into the log, with its plugin and its call.
    fn log(&mut self, level: Level, from: Option<&str>, message: String) {
        if self.purpose.is_silent || !self.meter.admits(message.len().min(self.limits.message_bytes), &self.limits) {
            return;
        }
        let message = sanitize(message, self.limits.message_bytes);
        let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
        let (function, batch) = (self.purpose.function, self.purpose.batch);
        match level {
            Level::Debug => tracing::debug!(plugin, stream, function, batch, from, "{message}"),
            Level::Info => tracing::info!(plugin, stream, function, batch, from, "{message}"),
            Level::Warn => tracing::warn!(plugin, stream, function, batch, from, "{message}"),
            Level::Error => tracing::error!(plugin, stream, function, batch, from, "{message}"),
        }
    }

    /// Writes what the plugin printed since the last call into the log.
    pub(crate) fn log_output(&mut self) {
        for (from, at) in [("stdout", 0), ("stderr", 1)] {
            let (text, dropped) = self.output[at].take();
            let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(BACKTRACE_NOTE));
            for line in lines {
                self.log(Level::Info, Some(from), line.to_owned());
            }
            if dropped > 0 {
                let most = self.limits.output_bytes;
                let more = format!("limit output_bytes: {most} allowed, {dropped} more were left out");
                self.log(Level::Warn, Some(from), more);
            }
        }
    }
}

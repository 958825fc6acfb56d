//! Messages of plugins in the run's log, and their printed output. Both count toward the same limits, which hold for a
//! plugin in a stream, however many instances of it there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::HasData;
use wmshost_flow::Limits;

use crate::bindings::log::{Host, Level};
use crate::identity::Identity;
use crate::output::{Output, OutputHandle};
use crate::purpose::{INSTANTIATE, Purpose};
use crate::text::sanitize;

/// The line of a panic that asks for an environment, which no plugin has.
const BACKTRACE_NOTE: &str = "note: run with `RUST_BACKTRACE";

/// The most bytes that are kept of a plugin's error messages in one call.
const ERROR_BYTES: usize = 4 << 10;

/// The log output and the denials of one plugin for one stream, in all of its instances.
#[derive(Debug)]
pub(crate) struct LogMeter {
    pub(super) plugin: String,
    pub(super) stream: String,
    messages: AtomicU64,
    bytes: AtomicU64,
    left_out: AtomicU64,
    pub(super) denied: AtomicU64,
}

impl LogMeter {
    pub(crate) fn new(plugin: &str, stream: &str) -> Arc<Self> {
        let (plugin, stream) = (plugin.to_owned(), stream.to_owned());
        let [messages, bytes, left_out, denied] = [(); 4].map(|()| AtomicU64::new(0));
        Arc::new(Self { plugin, stream, messages, bytes, left_out, denied })
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

/// The capability `log`. It sees [`LogCtx`] and nothing else.
pub(crate) struct Log;

impl HasData for Log {
    type Data<'a> = &'a mut LogCtx;
}

/// The capability's context in an instance, and the plugin's output.
pub(crate) struct LogCtx {
    plugin: String,
    stream: String,
    limits: Arc<Limits>,
    meter: Arc<LogMeter>,
    stdout: Arc<Output>,
    stderr: Arc<Output>,
    /// The plugin's error messages in the current call.
    errors: String,
    /// The current call.
    purpose: Purpose,
}

impl Host for LogCtx {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if level == Level::Error {
            self.remember(&message);
        }
        self.log(level, None, message);
        Ok(())
    }
}

impl LogCtx {
    /// The log of an instance, counted by the meter of its plugin in its stream.
    pub(crate) fn new(identity: &Identity, limits: &Arc<Limits>, meter: Arc<LogMeter>) -> Self {
        Self {
            plugin: identity.plugin.clone(),
            stream: identity.stream.clone(),
            limits: Arc::clone(limits),
            meter,
            stdout: Output::new(limits.output_bytes),
            stderr: Output::new(limits.output_bytes),
            errors: String::new(),
            purpose: Purpose::of(INSTANTIATE),
        }
    }

    /// The plugin's standard output and its standard error.
    pub(crate) fn standard_streams(&self) -> [OutputHandle; 2] {
        [&self.stdout, &self.stderr].map(|output| OutputHandle(Arc::clone(output)))
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, purpose: Purpose) {
        self.errors.clear();
        self.purpose = purpose;
    }

    /// Keeps the beginning of the plugin's error messages, for the failure's message.
    fn remember(&mut self, message: &str) {
        if self.errors.len() < ERROR_BYTES {
            self.errors.extend(message.chars().take(ERROR_BYTES).chain(['\n']));
        }
    }

    /// The plugin's error messages and printed errors in the current call.
    pub(crate) fn printed_in_call(&self) -> String {
        format!("{}{}", self.errors, self.stderr.peek())
    }

    /// Writes a message into the log, with its plugin and its call.
    fn log(&mut self, level: Level, from: Option<&str>, message: String) {
        if self.purpose.is_silent || !self.meter.admits(message.len().min(self.limits.message_bytes), &self.limits) {
            return;
        }
        let message = sanitize(message, self.limits.message_bytes);
        let (plugin, stream) = (self.plugin.as_str(), self.stream.as_str());
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
        for (from, output) in [("stdout", Arc::clone(&self.stdout)), ("stderr", Arc::clone(&self.stderr))] {
            let (text, dropped) = output.take();
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

//! Messages of plugins in the run's log, and what they print. Both count toward the same limit.

use crate::bindings::log::{Host, Level};
use crate::convert::shown;
use crate::guest::Guest;

impl Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if !self.may_log() {
            return Ok(());
        }
        let message = shown(message, self.limits.message_bytes);
        let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
        match level {
            Level::Debug => tracing::debug!(plugin, stream, "{message}"),
            Level::Info => tracing::info!(plugin, stream, "{message}"),
            Level::Warn => tracing::warn!(plugin, stream, "{message}"),
            Level::Error => tracing::error!(plugin, stream, "{message}"),
        }
        Ok(())
    }
}

impl Guest {
    /// Counts a message, and says whether it still goes into the log.
    fn may_log(&mut self) -> bool {
        self.messages += 1;
        self.messages <= self.limits.log_messages
    }

    /// Writes what the plugin printed since the last call into the log.
    pub(crate) fn log_output(&mut self) {
        for (from, at) in [("stdout", 0), ("stderr", 1)] {
            let (text, dropped) = self.output[at].take();
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                if self.may_log() {
                    let line = shown(line.to_owned(), self.limits.message_bytes);
                    let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
                    tracing::info!(plugin, stream, from, "{line}");
                }
            }
            if dropped > 0 && self.may_log() {
                let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
                let most = self.limits.output_bytes;
                tracing::warn!(
                    plugin,
                    stream,
                    from,
                    "limit output_bytes: {most} allowed, {dropped} more were left out"
                );
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let most = self.limits.log_messages;
        if self.messages > most {
            let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
            let left_out = self.messages - most;
            tracing::warn!(plugin, stream, "limit log_messages: {most} allowed, {left_out} more were left out");
        }
    }
}

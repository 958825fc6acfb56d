//! Messages of plugins in the run's log.

use crate::bindings::log::{Host, Level};
use crate::convert::shortened;
use crate::guest::Guest;

impl Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.messages += 1;
        if self.messages > self.limits.log_messages {
            return Ok(());
        }
        let message = shortened(message, self.limits.message_bytes);
        let (plugin, stream) = (self.identity.plugin.as_str(), self.identity.stream.as_str());
        match level {
            Level::Debug => tracing::debug!(plugin, stream, "{message}"),
            Level::Info => tracing::info!(plugin, stream, "{message}"),
            Level::Warn => tracing::warn!(plugin, stream, "{message}"),
            Level::Error => tracing::error!(plugin, stream, "{message}"),
        }
        if self.messages == self.limits.log_messages {
            tracing::warn!(plugin, stream, "limit log_messages reached; further ones are left out");
        }
        Ok(())
    }
}

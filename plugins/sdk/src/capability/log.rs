//! Messages into the run's log. Never put values of rows in them.

pub use wmshost_plugin_capabilities::log::Level;

/// Writes one message. Natively it goes to standard error, which a test shows when it fails.
pub fn write(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    wmshost_plugin_capabilities::log::write(level, message);
    #[cfg(not(target_family = "wasm"))]
    eprintln!("{level:?}: {message}");
}

/// Writes a message for the author of the plugin.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref());
}

/// Writes a message about normal progress.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref());
}

/// Writes a message about something unusual that does no harm yet.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref());
}

/// Writes a message about an error.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref());
}

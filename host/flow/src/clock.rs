//! Port: time. The flow has no clock of its own, so that a test can turn it.

use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00 UTC.
pub type Micros = i64;

/// Time as the host sees it. Never used to decide what is read: that is the source's clock.
pub trait Clock: Send + Sync {
    /// The wall clock, for marks on rows and reports.
    fn now(&self) -> Micros;
    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;
}

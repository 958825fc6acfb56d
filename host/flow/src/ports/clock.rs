//! Port: time. The flow has no clock of its own, so that a test can set the time.

use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00 UTC.
pub type Micros = i64;

/// The difference that the clocks of two machines may have. A time beyond it in the future is that of a wrong clock.
pub const CLOCK_TOLERANCE: Micros = 300_000_000;

/// The host's time. It never decides what is read: the source's clock does.
pub trait Clock: Send + Sync {
    /// The wall clock, for audit columns and reports.
    fn now(&self) -> Micros;
    /// The time since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;
}

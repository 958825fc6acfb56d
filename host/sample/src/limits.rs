//! The limits of a sample warehouse.

/// The largest number of allocations of a sample.
pub const MAX_ALLOCATIONS: u64 = 1_000_000_000;
/// The furthest that a late row's change key lies before the latest one of its table at the start of the day, in
/// minutes.
pub const LATE_LIMIT_MINUTES: i64 = 90;

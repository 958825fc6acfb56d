//! The behaviour and the faults that only Oracle has, tested with the emulator: connecting and its failures, types,
//! snapshots, faults.

mod bad_rows;
mod connecting;
mod faults;
mod lobs;
mod ordering;
mod owning;
mod reading;
mod server;
mod snapshots;

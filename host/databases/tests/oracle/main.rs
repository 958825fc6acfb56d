//! The behaviour and the faults that only Oracle has, tested with the emulator: connecting and its failures, types,
//! snapshots, faults.

mod bad_rows;
mod causes;
mod charsets;
mod columns;
mod connecting;
mod faults;
mod grants;
mod lobs;
mod ordering;
mod owning;
mod probing;
mod readers;
mod reading;
mod rules;
mod server;
mod snapshots;
#[path = "../grammar/statements.rs"]
mod statements;

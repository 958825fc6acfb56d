//! The requirements for every driver, in one suite over all of them: SQLite, and Oracle with the emulator or with a
//! real server, which `WMSHOST_ORACLE_DSN`, `WMSHOST_ORACLE_USER` and `WMSHOST_ORACLE_PASSWORD` name.

mod load_clock;
mod merging;
mod metadata;
mod owning;
mod refusing;
mod removing;
mod round_trip;
mod swapping;
mod transactions;
mod world;

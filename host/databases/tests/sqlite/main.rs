//! SQLite through the flow's ports, as the flow uses it.

mod guard;
mod merging;
mod metadata;
mod ordering;
mod reading;
mod round_trip;
mod snapshot;
mod swapping;
mod transactions;
mod warehouse;

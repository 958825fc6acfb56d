//! SQLite through the flow's ports, as the flow uses it.

mod checkpoints;
mod guard;
mod merging;
mod reading;
mod round_trip;
mod snapshot;
mod speed;
mod swapping;
mod transactions;
mod warehouse;

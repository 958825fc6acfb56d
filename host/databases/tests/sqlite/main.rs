//! SQLite through the flow's ports, as the flow uses it.

mod comparing;
mod grants;
mod guard;
mod merging;
mod metadata;
mod ordering;
mod reading;
mod round_trip;
mod snapshot;
#[path = "../grammar/statements.rs"]
mod statements;
mod swapping;
mod transactions;
mod warehouse;

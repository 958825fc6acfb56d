//! The models, run in SQLite over tables as the loader makes them and the transforms fill them.
//!
//! | module | purpose |
//! |---|---|
//! | `moment` | timestamps and dates as text |
//! | `cell` | values and rows, and their comparison |
//! | `warehouse` | a warehouse as its rows |
//! | `any` | random warehouses, with dirty data of every kind |
//! | `tables` | a warehouse in SQLite, loaded through the transforms |
//! | `build` | the models built in order, in full or incrementally |
//! | `expected` | the expected rows of the models, computed in plain Rust |
//! | `properties` | over random warehouses, both are equal |
//! | `rules` | every business rule by name, and every mistake of the models that these replace |
//! | `declared` | the declaration itself: columns, unit tests, dependencies |
//! | `oracle` | the SQL for Oracle parses as Oracle's |
//! | `speed` | the time that a million allocations take |

mod any;
mod build;
mod cell;
mod declared;
mod expected;
mod moment;
mod oracle;
mod properties;
mod rules;
mod speed;
mod tables;
mod warehouse;

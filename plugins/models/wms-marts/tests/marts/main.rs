//! The models, run in SQLite over tables as the loader makes them and the transforms fill them.
//!
//! | module | what it is for |
//! |---|---|
//! | `moment` | timestamps and dates as text |
//! | `cell` | values and rows, and how they are compared |
//! | `warehouse` | a warehouse as its rows |
//! | `any` | random warehouses, with all the dirt there is |
//! | `tables` | a warehouse in SQLite, by way of the transforms |
//! | `build` | the models built in order, in full or incrementally |
//! | `expected` | what the models must give, computed in plain Rust |
//! | `properties` | over random warehouses, the two are equal |
//! | `rules` | every business rule by name, and every mistake of the models that these replace |
//! | `declared` | the declaration itself: columns, unit tests, dependencies |
//! | `oracle` | the SQL for Oracle is Oracle's |
//! | `speed` | how long a million allocations take |

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

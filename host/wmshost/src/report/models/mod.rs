//! The reports of `wmshost models` and `wmshost kpi`.
//!
//! | module | what it is for |
//! |---|---|
//! | `build` | builds and tests |
//! | `inspect` | lists, one model in full, the SQL, the next build |
//! | `compare` | two builds of the same models |
//! | `freshness` | the ages of streams and models |
//! | `kpi` | metrics of the last days, drawn |

mod build;
mod compare;
mod freshness;
mod inspect;
mod kpi;

pub(crate) use build::{build, no_build};
pub(crate) use compare::compare;
pub(crate) use freshness::freshness;
pub(crate) use inspect::{compile, diff, list, show};
pub(crate) use kpi::kpi;

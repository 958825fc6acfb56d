//! Oracle WMS Cloud as a source, with the whole program and the mock in `tests/wms-cloud`. Needs `make build plugins`.
//!
//! | module | purpose |
//! |---|---|
//! | `bed` | a pipeline over a mock, and the comparison of its target with the truth |
//! | `entities` | entities that cannot be walked over by id, and fields that come and go |
//! | `interrupted` | runs that are interrupted after each page |
//! | `marts` | the same marts come out of both kinds of source |
//! | `reading` | the target is equal to the truth under every quirk alone |
//! | `stories` | the target is equal to the truth under several quirks at once, by seed |
//! | `tables` | the mock's truth as tables, in both kinds of words |

mod bed;
mod entities;
mod interrupted;
mod marts;
mod mistakes;
mod reading;
mod stories;
mod tables;

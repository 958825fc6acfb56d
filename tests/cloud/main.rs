//! Oracle WMS Cloud as a source, with the whole program and the mock in `tests/wms-cloud`. Needs `make build plugins`.
//!
//! | module | purpose |
//! |---|---|
//! | `marts` | the same marts come out of both kinds of source |
//! | `reading` | the target is equal to the truth under every quirk |
//! | `tables` | the mock's truth as tables, in both kinds of words |

mod marts;
mod reading;
mod tables;

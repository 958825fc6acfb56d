//! The extractor `wms-tables`: reads the tables of a warehouse management system by SQL, in full or what changed.
//!
//! | module | purpose |
//! |---|---|
//! | `discovery` | the streams that a source offers |
//! | `table` | the table of a stream, checked against the request |
//! | `moment` | change keys as numbers |
//! | `dialect` | the differences between the kinds of SQL |
//! | `select` | the statements |
//! | `bookmark` | the position of a stream |
//! | `read_plan` | the rows that a run reads, and the position afterwards |
//! | `reader` | reads the rows |

mod bookmark;
mod dialect;
mod discovery;
mod moment;
mod read_plan;
mod reader;
mod select;
mod table;

pub use reader::TableReader;
use wmshost_plugin::contract::extraction::{Offer, Request};
use wmshost_plugin::source::{Granted, Session};
use wmshost_plugin::{Description, Extractor, Result, Settings};

/// The extractor.
#[derive(Debug)]
pub struct WmsTables;

impl Extractor for WmsTables {
    type Reader = TableReader<Granted>;

    fn describe() -> Description {
        let summary = "Reads tables of a warehouse management system over SQL, whole or by what changed.";
        Description::new("wms-tables", env!("CARGO_PKG_VERSION"), summary)
    }

    fn discover(_settings: &Settings, source: &str) -> Result<Vec<Offer>> {
        discovery::discover(&<Granted as Session>::open(source)?)
    }

    fn open(_settings: &Settings, request: Request) -> Result<Self::Reader> {
        TableReader::open(<Granted as Session>::open(&request.source)?, &request)
    }
}

wmshost_plugin::export_extractor!(WmsTables);

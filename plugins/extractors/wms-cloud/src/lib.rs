//! The extractor for entities of Oracle WMS Cloud, read by its REST API: whole by `id`, or by what changed in closed
//! windows of time. It follows no links, counts and cursors of the service, because these do not hold still while rows
//! move: every request asks for the first page after the last `id`.
//!
//! | module | what it is for |
//! |---|---|
//! | `moment` | times as the service's filters have them |
//! | `cloud` | the requests, and the meaning of the answers |
//! | `entity` | an entity's description, and the columns made of it |
//! | `entitlement` | the facilities and companies that the user sees |
//! | `bookmark` | the position of a stream, and its form as a bookmark |
//! | `walk` | a walk over rows by `id`, and the part of a stream that it reads |
//! | `read_plan` | the walks of a run |
//! | `request` | the checks of a request |
//! | `numbered` | reading by page numbers, where there is no other way |
//! | `page_size` | the number of rows that is asked for at once |
//! | `reader` | a stream being read |
//! | `discovery` | the streams that the service offers |

mod bookmark;
mod cloud;
mod discovery;
mod entitlement;
mod entity;
mod moment;
mod numbered;
mod page_size;
mod read_plan;
mod reader;
mod request;
mod walk;

use wmshost_plugin::contract::extraction::{Offer, Request};
use wmshost_plugin::http::{Granted, Service};
use wmshost_plugin::{Declared, Description, Extractor, Result, Setting, Settings};

use crate::cloud::Cloud;
use crate::entity::Choice;
use crate::reader::CloudReader;

/// The extractor.
#[derive(Debug)]
pub struct WmsCloud;

impl Extractor for WmsCloud {
    type Reader = CloudReader<Granted>;

    fn describe() -> Description {
        let summary = "Reads entities of Oracle WMS Cloud, whole or by what changed.";
        Description::new("wms-cloud", env!("CARGO_PKG_VERSION"), summary)
            .setting(
                Declared::text("version", "The version of the API, as its addresses have it.")
                    .fallback(Setting::Text("v10".into())),
            )
            .setting(
                Declared::integer(
                    "commit_lag",
                    "Changes younger than this are left to the next run, in seconds: they may not be committed yet.",
                )
                .fallback(Setting::Integer(120)),
            )
            .setting(
                Declared::integer("precision", "Digits in all of decimals, 1 to 38.").fallback(Setting::Integer(38)),
            )
            .setting(
                Declared::integer("scale", "Digits after the point of decimals; values with more are bad values.")
                    .fallback(Setting::Integer(10)),
            )
            .setting(
                Declared::texts("fields", "The only fields to read, besides id and the change key; empty: all.")
                    .fallback(Setting::Texts(Vec::new())),
            )
            .setting(
                Declared::texts("exclude", "Fields that are not read, such as those that cost a query per row.")
                    .fallback(Setting::Texts(Vec::new())),
            )
            .setting(
                Declared::texts("filters", "Filters that every request has, such as \"facility_id__code=DC1\".")
                    .fallback(Setting::Texts(Vec::new())),
            )
            .setting(
                Declared::flag("relation_keys", "True: a relation has a second column, FIELD_key, with its key.")
                    .fallback(Setting::Flag(false)),
            )
            .setting(
                Declared::flag("set_counts", "True: a set has a column, FIELD_count, with the number of its rows.")
                    .fallback(Setting::Flag(false)),
            )
            .setting(
                Declared::flag(
                    "entitlement_guard",
                    "True: a run fails if the user no longer sees a facility or company that an earlier run saw.",
                )
                .fallback(Setting::Flag(true)),
            )
    }

    fn discover(settings: &Settings, source: &str) -> Result<Vec<Offer>> {
        let cloud = Cloud::new(<Granted as Service>::open(source)?, settings)?;
        discovery::discover(&cloud, &Choice::of(settings)?)
    }

    fn open(settings: &Settings, request: Request) -> Result<Self::Reader> {
        let cloud = Cloud::new(<Granted as Service>::open(&request.source)?, settings)?;
        CloudReader::open(cloud, settings, &request)
    }
}

wmshost_plugin::export_extractor!(WmsCloud);

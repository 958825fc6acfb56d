//! An extractor that misbehaves as its setting `behaviour` says; with `none` it reads the whole table. A behaviour that
//! finds a hole reports it by a failure that begins with `it got out`.
//!
//! | module | attempts |
//! |---|---|
//! | `grants` | to read without a grant |
//! | `hoard` | to keep or pass more than the limits allow |
//! | `memory` | to fill its own memory and its bookmarks |
//! | `services` | to use a web service without a grant, or too much of it |
//! | `steps` | never to end, to trap, to lie about its rows |

mod grants;
mod hoard;
mod memory;
mod services;
mod steps;

wit_bindgen::generate!({ path: "../../../../wit", world: "extractor" });

use std::cell::Cell;

use exports::wmshost::plugin::about::{Description, Guest as About, SettingDescription, SettingKind};
use exports::wmshost::plugin::extraction::{self, Chunk, Guest as Extraction, GuestReader, Offer, Request, Step};
use wmshost::plugin::settings::{self, Setting};
use wmshost::plugin::source::{Connection, Cursor};
use wmshost::plugin::types::{Column, Failure, Position, Value};

type Done = Result<(), Failure>;

struct Plugin;

/// The value of the setting; empty where there are no settings.
fn behaviour() -> String {
    match settings::get("behaviour") {
        Some(Setting::Text(behaviour)) => behaviour,
        _ => "none".into(),
    }
}

/// A failure that reports a hole to the tests.
fn got_out(how: impl std::fmt::Debug) -> Failure {
    Failure::Permanent(format!("it got out: {how:?}"))
}

impl About for Plugin {
    fn describe() -> Description {
        let behaviour = SettingDescription {
            name: "behaviour".into(),
            kind: SettingKind::Text,
            summary: "How to misbehave.".into(),
            fallback: None,
            choices: Vec::new(),
        };
        Description {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            settings: vec![behaviour],
        }
    }
}

/// A table being read.
pub(crate) struct Reader {
    behaviour: String,
    request: Request,
    connection: Connection,
    cursor: Cursor,
    steps: Cell<u32>,
}

impl Reader {
    fn open(request: Request) -> Result<Self, Failure> {
        let connection = Connection::open(&request.source)?;
        let cursor = whole(&connection, &request.table)?;
        Ok(Self { behaviour: behaviour(), request, connection, cursor, steps: Cell::new(0) })
    }

    /// The position after this many steps.
    fn bookmark(&self) -> Vec<Position> {
        vec![Position { name: "steps".into(), value: Value::Int64(self.steps.get().into()) }]
    }

    /// The step of a well-behaved extractor.
    fn good_step(&self) -> Result<Step, Failure> {
        match self.cursor.next(u32::MAX)? {
            Some(rows) => Ok(Step::Chunk(Chunk { rows, bookmark: self.bookmark() })),
            None => Ok(Step::End(self.bookmark())),
        }
    }
}

fn whole(connection: &Connection, table: &str) -> Result<Cursor, Failure> {
    connection.query(&format!("SELECT * FROM {table} ORDER BY 1"), &[])
}

impl Extraction for Plugin {
    type Reader = Reader;

    fn discover(source: String) -> Result<Vec<Offer>, Failure> {
        let behaviour = behaviour();
        if let Some(done) = services::misbehave(&behaviour, &source) {
            return done.map(|()| Vec::new());
        }
        steps::discover(&behaviour)
    }

    fn open(request: Request) -> Result<extraction::Reader, Failure> {
        let behaviour = behaviour();
        let reader = Reader::open(request)?;
        steps::misbehave_in_open(&behaviour);
        let tries = [grants::misbehave, hoard::misbehave];
        match tries.into_iter().find_map(|attempt| attempt(&behaviour, &reader)) {
            Some(done) => done.map(|()| extraction::Reader::new(reader)),
            None => Ok(extraction::Reader::new(reader)),
        }
    }
}

impl GuestReader for Reader {
    fn schema(&self) -> Vec<Column> {
        steps::schema(&self.behaviour, self.cursor.schema())
    }

    fn key(&self) -> Vec<String> {
        steps::key(&self.behaviour, &self.request.key)
    }

    fn expected_rows(&self) -> Option<u64> {
        Some(u64::MAX)
    }

    fn next(&self) -> Result<Step, Failure> {
        self.steps.set(self.steps.get() + 1);
        let tries = [memory::misbehave, steps::misbehave];
        match tries.into_iter().find_map(|attempt| attempt(&self.behaviour, self)) {
            Some(step) => step,
            None => self.good_step(),
        }
    }
}

export!(Plugin);

//! A loader that misbehaves as its setting `behaviour` says; with `none` it writes correctly. A behaviour that finds a
//! hole reports it by a failure that begins with `it got out`.
//!
//! | module | attempts |
//! |---|---|
//! | `grants` | to touch tables without a grant |
//! | `tables` | to make absurd tables |
//! | `rows` | to lose rows, to change them, to write them twice |
//! | `ends` | never to end, to trap, to finish too early or not at all |

mod ends;
mod grants;
mod rows;
mod tables;

wit_bindgen::generate!({ path: "../../../../wit", world: "loader" });

use std::cell::RefCell;

use exports::wmshost::plugin::about::{Description, Guest as About, SettingDescription, SettingKind};
use exports::wmshost::plugin::loading::{Guest as Loading, Mode, Request};
use wmshost::plugin::batches::Batch;
use wmshost::plugin::settings::{self, Setting};
use wmshost::plugin::target::{self, Definition, MergeRule};
use wmshost::plugin::types::Failure;

type Done = Result<(), Failure>;

struct Plugin;

thread_local! {
    static REQUEST: RefCell<Option<Request>> = const { RefCell::new(None) };
}

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

/// The call must be refused; the host's refusal is returned.
fn refused<T: std::fmt::Debug>(found: Result<T, Failure>) -> Done {
    found.and_then(|found| Err(got_out(found)))
}

fn request() -> Request {
    REQUEST.with_borrow(Clone::clone).unwrap_or_else(|| panic!("prepare was not called"))
}

fn definition(request: &Request) -> Definition {
    Definition { name: request.table.clone(), columns: request.columns.clone(), key: request.key.clone() }
}

fn rule(request: &Request) -> MergeRule {
    MergeRule { key: request.key.clone(), version: request.version.clone() }
}

fn staged(request: &Request) -> String {
    format!("{}__NEXT", request.table)
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

/// The preparation of a well-behaved loader.
fn good_prepare(request: &Request) -> Done {
    match request.mode {
        Mode::Merge if target::describe(&request.table)?.is_none() => target::create(&definition(request)),
        Mode::Merge => Ok(()),
        Mode::Replace => target::stage(&definition(request), request.resume).map(|_| ()),
    }
}

/// The loading of one batch by a well-behaved loader.
fn good_load(request: &Request, rows: &Batch) -> Done {
    match request.mode {
        Mode::Merge => target::merge(&request.table, rows, &rule(request)),
        Mode::Replace => target::insert(&staged(request), rows),
    }
}

/// The end of a well-behaved loader.
fn good_finish(request: &Request) -> Done {
    match request.mode {
        Mode::Merge => Ok(()),
        Mode::Replace => target::swap(&request.table),
    }
}

impl Loading for Plugin {
    fn prepare(request: Request) -> Done {
        REQUEST.set(Some(request.clone()));
        let behaviour = behaviour();
        let tries = [grants::misbehave_in_prepare, tables::misbehave, ends::misbehave_in_prepare];
        match tries.into_iter().find_map(|attempt| attempt(&behaviour, &request)) {
            Some(done) => done,
            None => good_prepare(&request),
        }
    }

    fn load(batch: &Batch) -> Done {
        let (behaviour, request) = (behaviour(), request());
        let tries = [grants::misbehave_in_load, rows::misbehave, ends::misbehave_in_load];
        match tries.into_iter().find_map(|attempt| attempt(&behaviour, &request, batch)) {
            Some(done) => done,
            None => good_load(&request, batch),
        }
    }

    fn finish() -> Done {
        let (behaviour, request) = (behaviour(), request());
        ends::misbehave_in_finish(&behaviour, &request).unwrap_or_else(|| good_finish(&request))
    }
}

export!(Plugin);

//! A transform that misbehaves as its setting `behaviour` says. The host is correct if each behaviour ends as the
//! sandbox's tests expect; a behaviour that finds a hole reports it by a failure that begins with `it got out`.
//!
//! | module | attempts |
//! |---|---|
//! | `compute` | never to end, to trap, to take memory |
//! | `talk` | to flood output and log |
//! | `outside` | to see the machine |
//! | `write` | to write invalid columns |
//! | `rows` | to spoil the batch's rows and names |
//! | `handles` | to use handles it was not given |
//! | `promise` | to lie about its output |
//! | `keys` | to change the key of a row |
//! | `memory` | to keep state that it denies |

mod compute;
mod handles;
mod keys;
mod memory;
mod outside;
mod promise;
mod rows;
mod talk;
mod write;

wit_bindgen::generate!({ path: "../../../../wit", world: "transform" });

use exports::wmshost::plugin::about::{Description, Guest as About, SettingDescription, SettingKind};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::Batch;
use wmshost::plugin::settings::{self, Setting};
use wmshost::plugin::types::{Column, Failure};

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

impl Transformation for Plugin {
    fn output_schema(input: Vec<Column>) -> Result<Vec<Column>, Failure> {
        promise::misbehave(&behaviour(), input)
    }

    fn keeps_state() -> bool {
        behaviour().starts_with("stateful")
    }

    fn process(batch: &Batch) -> Done {
        let behaviour = behaviour();
        // The first batch has no rows, and only tests the promise.
        if batch.row_count() == 0 && behaviour != "promise-more" && !behaviour.starts_with("in-place") {
            return promise::keep(&behaviour, batch);
        }
        let tries = [
            compute::misbehave,
            talk::misbehave,
            outside::misbehave,
            write::misbehave,
            rows::misbehave,
            handles::misbehave,
            keys::misbehave,
            memory::misbehave,
            promise::break_null,
        ];
        match tries.into_iter().find_map(|attempt| attempt(&behaviour, batch)) {
            Some(done) => done,
            None if ["none", "loop-in-start", "promise-more", "other-type", "other-order"]
                .contains(&behaviour.as_str()) =>
            {
                Ok(())
            }
            None => Err(Failure::InvalidConfig(format!("no behaviour is called {behaviour}"))),
        }
    }
}

export!(Plugin);

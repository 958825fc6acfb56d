//! Behaviours that touch tables without a grant.

use crate::exports::wmshost::plugin::loading::Request;
use crate::wmshost::plugin::batches::Batch;
use crate::wmshost::plugin::target::{self, Definition};
use crate::{Done, definition, refused, rule};

/// A table that is not the stream's, by the behaviour's last word.
fn other_table(word: &str) -> Option<&'static str> {
    Some(match word {
        "other" => "NEIGHBOUR",
        "unknown" => "NOBODY",
        "checkpoint" => "WMSHOST_CHECKPOINT",
        "quarantine" => "WMS_QUARANTINE",
        "schema" => "sqlite_master",
        "sqlite" => "sqlite_mine",
        "host" => "wmshost_mine",
        "qualified" => "main.WMS_ORDERS",
        "quoted" => "\"WMS_ORDERS\"",
        "begin" => "WMS_ORDERS; COMMIT; BEGIN; --",
        "staged" => "NEIGHBOUR__NEXT",
        "staged-own" => "WMS_ORDERS__NEXT__NEXT",
        "empty" => "",
        "nul" => "WMS_ORDERS\0",
        _ => return None,
    })
}

pub(crate) fn misbehave_in_prepare(behaviour: &str, request: &Request) -> Option<Done> {
    let (verb, word) = behaviour.split_once(' ')?;
    let name = other_table(word)?;
    let other = Definition { name: name.into(), ..definition(request) };
    Some(match verb {
        "describe" => refused(target::describe(name)),
        "create" => refused(target::create(&other)),
        "add-columns" => refused(target::add_columns(name, &request.columns)),
        "stage" => refused(target::stage(&other, false)),
        "stage-on" => refused(target::stage(&other, true)),
        "swap" => refused(target::swap(name)),
        _ => return None,
    })
}

pub(crate) fn misbehave_in_load(behaviour: &str, request: &Request, batch: &Batch) -> Option<Done> {
    let (verb, word) = behaviour.split_once(' ')?;
    let name = other_table(word)?;
    Some(match verb {
        "insert-into" => refused(target::insert(name, batch)),
        "merge-into" => refused(target::merge(name, batch, &rule(request))),
        _ => return None,
    })
}

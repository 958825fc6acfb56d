//! Behaviours that never end, trap, finish too early or not at all.

use std::hint::black_box;

use crate::exports::wmshost::plugin::loading::Request;
use crate::wmshost::plugin::batches::Batch;
use crate::wmshost::plugin::target;
use crate::wmshost::plugin::types::Failure;
use crate::{Done, definition, good_finish, good_load, good_prepare};

fn endless() -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

pub(crate) fn misbehave_in_prepare(behaviour: &str, request: &Request) -> Option<Done> {
    Some(match behaviour {
        "trap-in-prepare" => good_prepare(request).map(|()| panic!("prepared for nothing")),
        "loop-in-prepare" => good_prepare(request).and_then(|()| endless()),
        "prepare-nothing" => Ok(()),
        "fail-in-prepare" => good_prepare(request).and_then(|()| Err(Failure::Transient("the table is away".into()))),
        _ => return None,
    })
}

pub(crate) fn misbehave_in_load(behaviour: &str, request: &Request, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "trap-in-load" => panic!("no load"),
        "trap-half-way" => good_load(request, batch).map(|()| panic!("half way")),
        "loop-half-way" => good_load(request, batch).and_then(|()| endless()),
        "describe-without-end" => loop {
            if let Err(failure) = target::describe(&request.table) {
                break Err(failure);
            }
        },
        _ => return None,
    })
}

pub(crate) fn misbehave_in_finish(behaviour: &str, request: &Request) -> Option<Done> {
    Some(match behaviour {
        "no-swap" => Ok(()),
        "swap-twice" => good_finish(request).and_then(|()| good_finish(request)),
        "swap-nothing" => target::stage(&definition(request), false).and_then(|_| good_finish(request)),
        "trap-in-finish" => good_finish(request).map(|()| panic!("at the end")),
        "loop-in-finish" => good_finish(request).and_then(|()| endless()),
        "fail-in-finish" => good_finish(request).and_then(|()| Err(Failure::Permanent("so near".into()))),
        _ => return None,
    })
}

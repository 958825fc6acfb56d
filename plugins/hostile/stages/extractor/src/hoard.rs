//! Behaviours that keep or pass more than the limits allow.

use std::hint::black_box;

use crate::wmshost::plugin::source::Connection;
use crate::wmshost::plugin::types::{Failure, Value};
use crate::{Done, Reader, got_out, whole};

/// Makes things and keeps them, until the host refuses.
fn hoard<T>(mut make: impl FnMut() -> Result<T, Failure>) -> Done {
    let mut kept = Vec::new();
    for _ in 0..100_000 {
        kept.push(make()?);
    }
    Err(got_out(kept.len()))
}

/// A batch of each query, kept.
fn batches(reader: &Reader) -> Done {
    hoard(|| whole(&reader.connection, &reader.request.table)?.next(1))
}

/// Short queries without end: the time of the host counts for the run.
fn queries_without_end(reader: &Reader) -> Done {
    loop {
        drop(black_box(reader.connection.query("SELECT 1 AS one", &[])?));
    }
}

fn clock_without_end(reader: &Reader) -> Done {
    loop {
        black_box(reader.connection.now()?);
    }
}

/// Few bytes here, many for the host.
fn many_parameters(reader: &Reader) -> Done {
    let parameters = vec![Value::Text("x".repeat(1 << 10)); 4 << 10];
    reader.connection.query("SELECT 1 AS one", &parameters).map(|_| ())
}

/// Handles that are dropped no longer count.
fn fleeting(reader: &Reader) -> Done {
    for _ in 0..1_000 {
        whole(&reader.connection, &reader.request.table)?.next(1)?;
    }
    Ok(())
}

pub(crate) fn misbehave(behaviour: &str, reader: &Reader) -> Option<Done> {
    Some(match behaviour {
        "connections" => hoard(|| Connection::open(&reader.request.source)),
        "cursors" => hoard(|| whole(&reader.connection, &reader.request.table)),
        "batches" => batches(reader),
        "fleeting" => fleeting(reader),
        "queries-without-end" => queries_without_end(reader),
        "clock-without-end" => clock_without_end(reader),
        "parameters-copied" => many_parameters(reader),
        _ => return None,
    })
}

//! Behaviours that use handles they were not given.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::wmshost::plugin::batches::Batch;
use crate::{Done, got_out};

static FIRST: AtomicU32 = AtomicU32::new(u32::MAX);

fn forged(number: u32) -> Batch {
    // SAFETY: none; the host must detect it.
    unsafe { Batch::from_handle(number) }
}

/// Drops the borrowed batch twice.
fn drop_twice(batch: &Batch) -> Done {
    drop(forged(batch.handle()));
    Ok(())
}

/// Uses the handle of the first call in the second one, beside the new one.
fn keep(batch: &Batch) -> Done {
    let kept = FIRST.swap(batch.handle(), Ordering::Relaxed);
    if kept == u32::MAX || kept == batch.handle() {
        return Ok(());
    }
    let kept = std::mem::ManuallyDrop::new(forged(kept));
    Err(got_out(kept.row_count()))
}

/// A name that is not UTF-8.
fn bad_name(batch: &Batch) -> Done {
    // SAFETY: none; the host must detect it.
    let name = unsafe { String::from_utf8_unchecked(vec![0xc3, 0x28, 0xff]) };
    batch.rename("id", &name)
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "forged-handle" => Err(got_out(std::mem::ManuallyDrop::new(forged(4_242)).row_count())),
        "drop-lent-twice" => drop_twice(batch),
        "keep-lent" => keep(batch),
        "name-not-utf8" => bad_name(batch),
        _ => return None,
    })
}

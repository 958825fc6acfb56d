//! Behaviours that keep state they deny, and fail on some rows only.

use std::cell::RefCell;
use std::hint::black_box;

use crate::Done;
use crate::wmshost::plugin::batches::Batch;
use crate::wmshost::plugin::log::{self, Level};
use crate::wmshost::plugin::types::Failure;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a MiB of every batch.
fn hoard() -> Done {
    KEPT.with_borrow_mut(|kept| kept.push(black_box(vec![1; 1 << 20])));
    Ok(())
}

/// True if a row has this name.
fn has(batch: &Batch, name: &str) -> Result<bool, Failure> {
    let names = batch.read_texts("name")?;
    let mut names = names.offsets.windows(2).map(|ends| &names.values[ends[0] as usize..ends[1] as usize]);
    Ok(names.any(|other| other == name.as_bytes()))
}

fn loop_at_name(batch: &Batch) -> Done {
    let mut n = 0_u64;
    while has(batch, "trap")? {
        n = black_box(n.wrapping_add(1));
    }
    Ok(())
}

fn flood_then_trap(batch: &Batch) -> Done {
    if has(batch, "trap")? {
        (0..500).for_each(|n| log::write(Level::Warn, &format!("line {n} {}", "x".repeat(1_000))));
        panic!("a row is called trap");
    }
    Ok(())
}

/// A sum that is too large for its type.
fn overflow(batch: &Batch) -> Done {
    let ids = batch.read_int64s("id")?;
    let most = black_box(i64::MAX);
    black_box(ids.values.iter().map(|id| id + most).max());
    Ok(())
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "hoard" | "stateful-hoard" => hoard(),
        "stateful-trap" => panic!("it keeps state"),
        "fail-at-name" => match has(batch, "trap") {
            Ok(true) => Err(Failure::Permanent("a row is called trap".into())),
            other => other.map(drop),
        },
        "loop-at-name" => loop_at_name(batch),
        "trap-at-pair" => has(batch, "order 2").and_then(|two| {
            assert!(!(two && has(batch, "order 7")?), "two rows that do not go together");
            Ok(())
        }),
        "flood-then-trap" => flood_then_trap(batch),
        "overflow" => overflow(batch),
        _ => return None,
    })
}

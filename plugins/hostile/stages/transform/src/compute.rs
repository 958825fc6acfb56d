//! Behaviours that never end, trap, or take memory.

use std::hint::black_box;

use crate::wmshost::plugin::batches::Batch;
use crate::wmshost::plugin::types::Failure;
use crate::{Done, behaviour, got_out};

/// Runs while the instance is made, before any function is called.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    match behaviour().as_str() {
        "loop-in-start" => endless(),
        "trap-in-start" => panic!("trapped at the start"),
        _ => {}
    }
}

fn endless() -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

fn deeper(depth: u64) -> u64 {
    let here = black_box([depth; 8]);
    if depth == u64::MAX { 0 } else { deeper(depth + 1) + here[3] }
}

/// Takes memory until there is none, one MiB after the other.
fn grow() -> Done {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for _ in 0..4_096 {
        kept.push(black_box(vec![1; 1 << 20]));
    }
    Err(got_out(kept.len()))
}

/// Asks for too much, accepts the refusal, and traps for another reason later.
fn grow_politely() -> Done {
    let mut memory = Vec::<u8>::new();
    match black_box(&mut memory).try_reserve(1 << 30) {
        Ok(()) => Err(got_out(memory.capacity())),
        Err(_) => Ok(()),
    }
}

/// Short calls of the host without end: their time is the plugin's.
fn call_without_end(batch: &Batch) -> ! {
    loop {
        black_box(batch.row_count());
    }
}

/// Computes for a while, far less than a call may.
fn slow() -> Done {
    for n in 0..50_000_000_u64 {
        black_box(n);
    }
    Ok(())
}

/// Traps if a row is called `trap`.
fn trap_at_name(batch: &Batch) -> Done {
    let names = batch.read_texts("name")?;
    let mut names = names.offsets.windows(2).map(|ends| &names.values[ends[0] as usize..ends[1] as usize]);
    assert!(names.all(|name| name != b"trap"), "a row is called trap");
    Ok(())
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "loop" => endless(),
        "loop-of-calls" => call_without_end(batch),
        "slow" => slow(),
        "memory" => grow(),
        "memory-at-once" => Err(got_out(black_box(vec![0_u8; 0x7000_0000]).len())),
        "memory-refused" => grow_politely(),
        "trap-at-name" => trap_at_name(batch),
        "panic" => panic!("the answer is not 42"),
        "unreachable" => std::process::abort(),
        "stack" => Err(got_out(deeper(0))),
        "exit" => std::process::exit(0),
        "exit-1" => std::process::exit(1),
        "long-failure" => Err(Failure::Permanent("no ".repeat(1 << 20))),
        _ => return None,
    })
}

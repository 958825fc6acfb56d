//! Keeps WASI out of components. The standard library writes panic messages through libc and looks for `RUST_BACKTRACE`
//! in the environment; libc does both through WASI, and so imports its files and clocks. Because the three libc
//! functions in question are defined here, they are not taken from libc: printed text becomes a message of the run's
//! log, and there is no environment. A component then imports nothing but the contract's own interfaces, which can be
//! seen before it runs.
//!
//! No plugin depends on it: with a toolchain that does not use these functions, a component works as well, and imports
//! WASI.
#![expect(unsafe_code, reason = "C functions, called by the standard library with what their callers promise")]

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};

use crate::log;

/// One part of the written bytes.
#[repr(C)]
struct Part {
    start: *const u8,
    length: usize,
}

/// # Safety
/// As in C: `start` points to this many bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, start: *const c_void, length: usize) -> isize {
    // SAFETY: the caller's promise.
    put(file, unsafe { bytes(start.cast(), length) });
    length as isize
}

/// # Safety
/// As in C: `parts` points to this many parts, and each of them to its bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(file: c_int, parts: *const Part, count: c_int) -> isize {
    let mut whole = Vec::new();
    for at in 0..usize::try_from(count).unwrap_or_default() {
        // SAFETY: the caller's promise.
        whole.extend_from_slice(unsafe { bytes((*parts.add(at)).start, (*parts.add(at)).length) });
    }
    put(file, &whole);
    whole.len() as isize
}

#[unsafe(no_mangle)]
extern "C" fn getenv(_name: *const c_char) -> *mut c_char {
    std::ptr::null_mut()
}

/// # Safety
/// `start` points to this many bytes, or `length` is 0.
unsafe fn bytes<'b>(start: *const u8, length: usize) -> &'b [u8] {
    // SAFETY: the caller's promise.
    if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(start, length) } }
}

/// Written bytes that are not a whole line yet. They have a fixed buffer, because the allocator may be what failed.
struct Pending {
    bytes: [u8; 512],
    length: usize,
}

thread_local! {
    static PENDING: RefCell<Pending> = const { RefCell::new(Pending { bytes: [0; 512], length: 0 }) };
}

/// Turns lines into messages; the parts of a line that are written one by one become one message.
fn put(file: c_int, bytes: &[u8]) {
    PENDING.with_borrow_mut(|pending| {
        let Pending { bytes: kept, length } = pending;
        let is_whole = bytes.contains(&b'\n');
        if *length == 0 && is_whole {
            return say(file, bytes);
        }
        let room = bytes.len().min(kept.len() - *length);
        kept[*length..*length + room].copy_from_slice(&bytes[..room]);
        *length += room;
        if is_whole || *length == kept.len() {
            say(file, &kept[..*length]);
            *length = 0;
        }
    });
}

fn say(file: c_int, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // A panic message ends with advice that only helps where there is an environment.
    let text = text.split("note: run with `RUST_BACKTRACE").next().unwrap_or_default().trim();
    if !text.is_empty() {
        log::write(if file == 2 { log::Level::Error } else { log::Level::Info }, text);
    }
}

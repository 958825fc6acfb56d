//! The reason why a call broke off, in words: a limit, an exit, a panic with its text and place, a trap.

use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;
use wmshost_flow::{Failure, FailureCause, FailureKind, WasmError};

use crate::instance_state::InstanceState;
use crate::limits::TimeUp;
use crate::purpose::INSTANTIATE;
use crate::text::sanitize;
use crate::wasi::NotGranted;

/// The most bytes of a plugin's output in the failure of its trap.
const SAID_BYTES: usize = 500;
/// The messages of wasmtime for a component with too many instances, tables or memories, and for a call that copies too
/// much. The types of these errors are private.
const TOO_MANY: &str = "resource limit exceeded";
const TOO_MANY_MEMORIES: &str = "memory count too high";
const COPIED_TOO_MUCH: &str = "fuel allocated for hostcalls";
/// The message of Rust's standard library before it aborts because memory ran out.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// The run was asked to stop while a plugin computed.
#[derive(Debug, thiserror::Error)]
#[error("the run was asked to stop")]
pub(crate) struct Stopped;

/// The failure after an error of the engine.
pub(crate) fn trap_failure(
    store: &mut Store<InstanceState>,
    function: &'static str,
    error: &wasmtime::Error,
) -> Failure {
    let state = store.data_mut();
    let plugin = state.plugin.clone();
    let printed = state.log.printed_in_call();
    state.log.log_output();
    classify_trap(state, function, &printed, error).at(&plugin, function)
}

fn classify_trap(state: &InstanceState, function: &str, printed: &str, error: &wasmtime::Error) -> Failure {
    if error.is::<Stopped>() {
        return Failure::new(FailureKind::Cancelled, Stopped.to_string());
    }
    if let Some(time_up) = error.downcast_ref::<TimeUp>() {
        return time_up.failure();
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return with_words(broken(WasmError::Exit(exit.0), format!("it called exit({})", exit.0)), printed);
    }
    if let Some(refused) = error.downcast_ref::<NotGranted>() {
        return broken(WasmError::NotGranted, refused.to_string());
    }
    let refused = state.memory.failure();
    if let Some(panic) = panic_in(printed) {
        let before = refused.map_or_else(String::new, |refused| format!(" (before that it reached {refused})"));
        return broken(WasmError::Panic, format!("it {panic}{before}"));
    }
    if let Some(memory) = refused {
        return memory;
    }
    if printed.contains(OUT_OF_MEMORY) {
        return with_words(broken(WasmError::Trap, "it asked for more memory than there can be".to_owned()), printed);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return with_words(broken(WasmError::Trap, trap_in_words(*trap)), printed);
    }
    if error.root_cause().to_string().contains(COPIED_TOO_MUCH) {
        return Failure::limit("copied_bytes", state.limits.copied_bytes, "more");
    }
    if error.root_cause().to_string().contains(TOO_MANY) {
        let failure = Failure::new(FailureKind::Limit, format!("{error:#}"));
        let is_fixed = error.root_cause().to_string().contains(TOO_MANY_MEMORIES);
        return if is_fixed { failure } else { failure.and("`core_instances` in [limits] raises it") };
    }
    if function == INSTANTIATE {
        let failure = Failure::invalid_config(format!("it is not of this contract: {error:#}"));
        return with_words(failure.caused_by(FailureCause::Wasm(WasmError::ForeignContract)), printed);
    }
    with_words(broken(WasmError::Trap, format!("it broke off: {error:#}")), printed)
}

fn broken(error: WasmError, message: String) -> Failure {
    Failure::new(FailureKind::Trap, message).caused_by(FailureCause::Wasm(error))
}

fn trap_in_words(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => "it recursed too deeply: its stack is used up".to_owned(),
        Trap::MemoryOutOfBounds => {
            format!("it trapped: {trap}. Most often a recursion is too deep and has used up the plugin's stack")
        }
        trap => format!("it trapped: {trap}"),
    }
}

/// The failure with the first lines that the plugin printed in the call.
fn with_words(mut failure: Failure, printed: &str) -> Failure {
    let lines: Vec<_> = printed.lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
    if !lines.is_empty() {
        failure.message += &format!(" ({})", sanitize(lines.join(" "), SAID_BYTES));
    }
    failure
}

/// `panicked at src/lib.rs:66:41: the text`, of the last panic that the plugin printed.
fn panic_in(printed: &str) -> Option<String> {
    let panic = &printed[printed.rfind("panicked at ")?..];
    let mut lines = panic.lines().map(str::trim);
    let place = lines.next()?;
    let text = lines.take_while(|line| !line.starts_with("note: ") && !line.starts_with("stack backtrace"));
    let words = std::iter::once(place).chain(text).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    Some(sanitize(words, SAID_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_found_with_its_place_and_text() {
        let printed = "starting\n\nthread '<unnamed>' (1) panicked at src/lib.rs:66:41:\nrow 7: no status\nand more\n\
                    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        assert_eq!(panic_in(printed).as_deref(), Some("panicked at src/lib.rs:66:41: row 7: no status and more"));
        assert_eq!(panic_in("memory allocation of 5 bytes failed"), None);
    }

    #[test]
    fn words_are_cut_and_cleaned() {
        let failure = with_words(Failure::permanent("it broke off"), "\n\u{1b}[31mred\u{1b}[0m\nsecond\nthird");
        assert_eq!(failure.message, "it broke off ( [31mred [0m second)");
        assert_eq!(with_words(Failure::permanent("it broke off"), " \n").message, "it broke off");
    }
}

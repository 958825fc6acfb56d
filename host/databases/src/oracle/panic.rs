//! Panics of the drivers. The thin driver panics where an answer breaks off in the middle of a packet's header, or
//! holds something that the driver does not know. Here such a panic becomes an error like any other: the connection is
//! lost.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use super::failure::{ErrorClass, OracleError};

thread_local! {
    /// True while a panic on this thread is one that [`caught`] turns into an error.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Calls a driver and returns its panic as the loss of the connection. Nothing of such a panic is printed: its message
/// names places in the driver's source and may hold bytes of the answer.
///
/// The connection must not be used afterwards, which [`ErrorClass::ConnectionLost`] ensures.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, OracleError> {
    silence_once();
    let outer = IS_CAUGHT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    IS_CAUGHT.set(outer);
    result.map_err(|_| {
        OracleError::new(ErrorClass::ConnectionLost, "the driver failed on an answer of the server".to_owned())
    })
}

/// Leaves panics on the threads that are in [`caught`] out of the process's panic hook.
fn silence_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                usual(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_driver_is_a_lost_connection() {
        let oracle_error = caught(|| panic!("index out of bounds")).expect_err("a panic");
        assert!(oracle_error.class.is_connection_lost());
        assert!(!oracle_error.to_string().contains("index"), "{oracle_error}");
        assert_eq!(caught(|| 7).ok(), Some(7));
        assert!(!IS_CAUGHT.get());
    }
}

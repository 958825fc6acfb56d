//! SIGINT, SIGTERM and SIGHUP. A command that writes nothing ends at once; one that moves rows stops plugins at once, rolls
//! back the current transaction, and ends; a second signal ends it in any case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use wmshost_flow::{Cancel, Failure};

use crate::exit::Exit;

/// The effect of a signal now.
#[derive(Debug)]
pub(crate) struct Signals {
    /// True once there was one.
    asked: Arc<AtomicBool>,
    /// True if the next one ends the process.
    ends: Arc<AtomicBool>,
}

impl Signals {
    /// From now on a signal ends the process with its exit code.
    pub(crate) fn handled() -> Result<Self, Failure> {
        let (asked, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        for signal in [SIGINT, SIGTERM] {
            // The order matters: the flag that a signal sets is checked by the next one.
            flag::register_conditional_shutdown(signal, Exit::Cancelled as i32, Arc::clone(&ends))
                .and_then(|_| flag::register(signal, Arc::clone(&ends)))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .map_err(not_handled)?;
        }
        Ok(Self { asked, ends })
    }

    /// The request to stop.
    pub(crate) fn cancel(&self) -> Cancel {
        Cancel::of_flag(Arc::clone(&self.asked))
    }

    /// A flag that SIGHUP sets from now on.
    pub(crate) fn reload(&self) -> Result<Arc<AtomicBool>, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        flag::register(SIGHUP, Arc::clone(&asked)).map_err(not_handled)?;
        Ok(asked)
    }

    /// From now on the first signal is only a request to stop; the second ends the process.
    pub(crate) fn let_end(&self) {
        self.ends.store(false, Ordering::Relaxed);
    }
}

fn not_handled(error: std::io::Error) -> Failure {
    Failure::permanent(format!("signals cannot be handled: {error}"))
}

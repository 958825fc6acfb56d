//! What systemd wants to hear of a service: that it is ready, alive, reloading or ending (`sd_notify`).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::environment::variable;

/// The line to the service manager; silent where there is none.
pub(super) struct Notifier {
    socket: Option<UnixDatagram>,
    /// The time after which the manager takes the service for dead.
    watchdog: Option<Duration>,
    fed_at: Duration,
}

impl Notifier {
    /// The line that the environment names.
    pub(super) fn of_environment() -> Self {
        let connect = || {
            let name = variable("NOTIFY_SOCKET")?;
            let address = match name.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
                _ => SocketAddr::from_pathname(&name),
            };
            let socket = UnixDatagram::unbound().ok()?;
            socket.connect_addr(&address.ok()?).ok()?;
            Some(socket)
        };
        let micros = variable("WATCHDOG_USEC").and_then(|text| text.to_str()?.parse().ok());
        Self { socket: connect(), watchdog: micros.map(Duration::from_micros), fed_at: Duration::ZERO }
    }

    /// Reports a state.
    pub(super) fn report(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // A manager that does not listen is no reason to stop.
            let _ = socket.send(state.as_bytes());
        }
    }

    /// Reports that the service is alive, at most four times in the life that the manager allows. `elapsed` is the time
    /// since the start.
    pub(super) fn feed(&mut self, elapsed: Duration) {
        let Some(watchdog) = self.watchdog else { return };
        if elapsed >= self.fed_at + watchdog / 4 {
            self.fed_at = elapsed;
            self.report("WATCHDOG=1");
        }
    }
}

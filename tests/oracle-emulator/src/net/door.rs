//! Listening on a port, and a thread per client.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustls::{ServerConnection, StreamOwned};

use super::greeting::{Wanted, refuse};
use super::packet::{Broken, Line, Stream};
use crate::faults::{Effect, Happening};
use crate::options::{Release, Transport};
use crate::server::Server;
use crate::ttc::Conversation;

/// A listening port and its thread.
pub(crate) struct Door {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Listens on loopback, on a free port where it is 0.
    pub(crate) fn open(port: u16, server: &Arc<Server>, release: Release, transport: Transport) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let closing = Arc::new(AtomicBool::new(false));
        let (server, flag) = (Arc::clone(server), Arc::clone(&closing));
        let thread = std::thread::Builder::new().name(format!("door {}", address.port()));
        let thread = thread.spawn(move || {
            for socket in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(socket) = socket {
                    serve(socket, &server, release, transport);
                }
            }
        })?;
        Ok(Self { address, closing, thread: Some(thread) })
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the thread up; if nothing listens any more, it has already ended.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(socket: TcpStream, server: &Arc<Server>, release: Release, transport: Transport) {
    if server.is_closed() {
        return;
    }
    let server = Arc::clone(server);
    let number = server.lines.add(&socket);
    let spawned = std::thread::Builder::new().name("client".to_owned()).spawn(move || {
        let ended = converse(socket, &server, release, transport);
        server.lines.remove(number);
        match ended {
            Ok(()) | Err(Broken::Closed | Broken::Dropped | Broken::Io(_)) => {}
            Err(broken) => server.note(&broken.to_string()),
        }
    });
    // Without a thread the client sees a closed connection, which is the truth.
    drop(spawned);
}

fn converse(socket: TcpStream, server: &Arc<Server>, release: Release, transport: Transport) -> Result<(), Broken> {
    socket.set_nodelay(true)?;
    let raw = socket.try_clone()?;
    let stream: Box<dyn Stream> = match transport {
        Transport::Tcp => Box::new(socket),
        Transport::Tcps => {
            let tls = ServerConnection::new(Arc::clone(&server.certificates.server));
            Box::new(StreamOwned::new(tls.map_err(|error| Broken::Unknown(error.to_string()))?, socket))
        }
    };
    let mut line = Line::new(stream, raw);
    let wanted = Wanted::read(&mut line)?;
    match server.faults.strike(Happening::Connect, "") {
        Some(Effect::Refuse(code) | Effect::Fail(code)) => return refuse(&mut line, code),
        Some(Effect::Delay(time)) => {
            line.is_interrupted(time);
        }
        Some(Effect::Kill) => {
            server.kill();
            return Err(Broken::Dropped);
        }
        Some(_) => {
            line.cut();
            return Err(Broken::Dropped);
        }
        None => {}
    }
    if let Some(code) = wanted.refusal(&server.options) {
        return refuse(&mut line, code);
    }
    let marks_end = wanted.accept(&mut line, release, server.options.sdu)?;
    Conversation::new(line, Arc::clone(server), release, marks_end).talk()
}

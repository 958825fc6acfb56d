//! The state that all conversations share: the options, the faults, PostgreSQL, the sessions.

use std::collections::{BTreeMap, HashMap};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::certificates::Certificates;
use crate::engine::{Link, OWNER, Refusal, Shared};
use crate::faults::Faults;
use crate::options::Options;
use crate::sql::names;

/// The request of a client in one round trip.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// This number of rows of the statement with this text.
    Rows(String, usize),
    /// This number of units of a large object: bytes, or UTF-16 units.
    Piece(u64),
}

/// The emulator as conversations see it.
pub(crate) struct Server {
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    pub(crate) engine: Arc<Shared>,
    pub(crate) certificates: Certificates,
    pub(crate) sessions: Sessions,
    pub(crate) lines: Lines,
    notes: Mutex<Vec<String>>,
    asked: Mutex<Vec<Asked>>,
    closed: Mutex<bool>,
}

impl Server {
    pub(crate) fn new(options: Options, engine: Shared, certificates: Certificates) -> Self {
        Self {
            options,
            faults: Faults::default(),
            engine: Arc::new(engine),
            certificates,
            sessions: Sessions::default(),
            lines: Lines::default(),
            notes: Mutex::default(),
            asked: Mutex::default(),
            closed: Mutex::default(),
        }
    }

    /// Keeps a message that the emulator did not understand.
    pub(crate) fn note(&self, note: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note.to_owned());
    }

    /// Keeps the request of a client in one round trip.
    pub(crate) fn ask(&self, asked: Asked) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    }

    /// The requests of clients so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages so far that the emulator did not understand.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Cuts all connections, and refuses new ones until the doors are opened again.
    pub(crate) fn kill(&self) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.lines.cut();
    }

    pub(crate) fn open(&self) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the sessions to the table that the `V$` views read.
    pub(crate) fn publish_sessions(&self) -> Result<(), Refusal> {
        let mut link = Link::open(&self.engine.socket, OWNER)?;
        link.run(&self.sessions.as_sql(), &|| false).map(drop)
    }
}

/// One session, as `V$SESSION` shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) process: u32,
    pub(crate) username: Option<String>,
    pub(crate) osuser: Option<String>,
    pub(crate) machine: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) client_identifier: Option<String>,
    pub(crate) client_info: Option<String>,
    pub(crate) service_name: Option<String>,
}

/// The sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    entries: Mutex<(u32, BTreeMap<u32, Entry>)>,
}

/// The numbers of sessions begin after this one.
const FIRST_SID: u32 = 100;

impl Sessions {
    pub(crate) fn add(&self, fill: impl FnOnce(&mut Entry)) -> u32 {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.0 += 1;
        let sid = FIRST_SID + entries.0;
        fill(entries.1.entry(sid).or_default());
        sid
    }

    pub(crate) fn change(&self, sid: u32, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.1.get_mut(&sid) {
            change(entry);
        }
    }

    pub(crate) fn remove(&self, sid: u32) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&sid);
    }

    fn as_sql(&self) -> String {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let mut sql = "DELETE FROM sys.sessions;".to_owned();
        let text = |text: &Option<String>| text.as_deref().map_or("NULL".to_owned(), names::literal);
        for (sid, entry) in entries.iter().filter(|(_, entry)| entry.username.is_some()) {
            let texts = [
                &entry.username,
                &entry.osuser,
                &entry.machine,
                &entry.program,
                &entry.driver,
                &entry.module,
                &entry.action,
                &entry.client_identifier,
                &entry.client_info,
                &entry.service_name,
            ];
            let texts: Vec<String> = texts.into_iter().map(text).collect();
            let process = entry.process;
            sql += &format!("INSERT INTO sys.sessions VALUES ({sid}, 1, {process}, {}, now());", texts.join(", "));
        }
        sql
    }
}

/// All connections, so that they can be cut.
#[derive(Default)]
pub(crate) struct Lines {
    open: Mutex<(u64, HashMap<u64, TcpStream>)>,
}

impl Lines {
    pub(crate) fn add(&self, socket: &TcpStream) -> u64 {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let number = open.0;
        if let Ok(socket) = socket.try_clone() {
            open.1.insert(number, socket);
        }
        number
    }

    pub(crate) fn remove(&self, number: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    /// The number of connections.
    pub(crate) fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.len()
    }

    /// Cuts all of them.
    pub(crate) fn cut(&self) {
        for (_, socket) in self.open.lock().unwrap_or_else(PoisonError::into_inner).1.drain() {
            // A connection that is already closed is fine.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

//! One client from its first packet to its last.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::execute::Cursor;
use super::lob::Lobs;
use super::logon::Challenge;
use super::message::{Agreed, End, FIELDS_23_1_1, kind};
use super::welcome::VERSION_TEXT;
use crate::engine::{Refusal, Session};
use crate::faults::{Effect, Happening, Harm};
use crate::net::{BREAK, Broken, Line, RESET};
use crate::options::Release;
use crate::server::Server;

/// The next step of the conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    Call,
    End,
}

/// Functions that a client may call.
mod function {
    pub(super) const REEXECUTE: u8 = 4;
    pub(super) const FETCH: u8 = 5;
    pub(super) const LOG_OFF: u8 = 9;
    pub(super) const COMMIT: u8 = 14;
    pub(super) const ROLLBACK: u8 = 15;
    pub(super) const VERSION: u8 = 59;
    pub(super) const REEXECUTE_AND_FETCH: u8 = 78;
    pub(super) const EXECUTE: u8 = 94;
    pub(super) const LOB_OPERATION: u8 = 96;
    pub(super) const TRANSACTION_SWITCH: u8 = 103;
    pub(super) const TRANSACTION_CHANGE: u8 = 104;
    pub(super) const LOGON_TWO: u8 = 115;
    pub(super) const LOGON_ONE: u8 = 118;
    pub(super) const PING: u8 = 147;
}

/// The versions of the message fields in 19c and in 23ai. Clients may know fewer.
const FIELDS_19: u8 = 12;
const FIELDS_23: u8 = 24;
/// The interval between two checks of the client while a call is delayed.
const GLANCE: Duration = Duration::from_millis(10);

/// A conversation.
pub(crate) struct Conversation {
    pub(super) line: Line,
    pub(super) server: Arc<Server>,
    pub(super) release: Release,
    pub(super) agreed: Agreed,
    pub(super) session: Option<Session>,
    pub(super) account: String,
    pub(super) sid: u32,
    pub(super) challenge: Option<Challenge>,
    pub(super) cursors: HashMap<u16, Cursor>,
    pub(super) last_cursor: u16,
    pub(super) lobs: Lobs,
}

impl Conversation {
    /// A conversation on an accepted line.
    pub(crate) fn new(line: Line, server: Arc<Server>, release: Release, marks_end: bool) -> Self {
        let fields = if release == Release::R23 { FIELDS_23 } else { FIELDS_19 };
        Self {
            line,
            server,
            release,
            agreed: Agreed { fields, marks_end },
            session: None,
            account: String::new(),
            sid: 0,
            challenge: None,
            cursors: HashMap::new(),
            last_cursor: 0,
            lobs: Lobs::default(),
        }
    }

    /// Serves the client until it closes the connection.
    pub(crate) fn talk(mut self) -> Result<(), Broken> {
        let ended = self.calls();
        if self.sid != 0 {
            self.server.sessions.remove(self.sid);
        }
        if let Err(Broken::Dropped) = ended {
            self.line.cut();
        }
        ended
    }

    fn calls(&mut self) -> Result<(), Broken> {
        loop {
            self.line.begin_request();
            match self.message() {
                Ok(Next::Call) => {}
                Ok(Next::End) => return Ok(()),
                Err(Broken::Marker(_)) => {
                    self.line.discard_request();
                    self.refuse(0, 0, &cancelled())?;
                }
                Err(broken) => return Err(broken),
            }
        }
    }

    fn message(&mut self) -> Result<Next, Broken> {
        match self.line.byte()? {
            kind::PROTOCOL => {
                self.read_protocol()?;
                let mut answer = Answer::default();
                answer.protocol(self.agreed);
                self.reply_before_logon(answer)
            }
            kind::DATA_TYPES => {
                self.read_capabilities()?;
                // What follows differs from client to client, and the message ends with it.
                self.line.discard_request();
                let mut answer = Answer::default();
                answer.byte(kind::DATA_TYPES).big_endian_u16(0);
                self.reply_before_logon(answer)
            }
            kind::FAST_LOGON => self.fast_logon(),
            kind::PIGGYBACK => {
                let function = self.function_header()?;
                self.piggyback(function)?;
                Ok(Next::Call)
            }
            kind::FUNCTION => {
                let function = self.function_header()?;
                self.function(function)
            }
            other => Err(Broken::Unknown(format!("the message {other}"))),
        }
    }

    /// The function's number; after it a sequence number and, in newer clients, a token.
    fn function_header(&mut self) -> Result<u8, Broken> {
        let function = self.line.byte()?;
        self.line.byte()?;
        if self.agreed.fields >= FIELDS_23_1_1 {
            self.line.integer()?;
        }
        Ok(function)
    }

    fn function(&mut self, function: u8) -> Result<Next, Broken> {
        match function {
            function::LOGON_ONE => {
                let (name, sent) = self.read_logon()?;
                let mut answer = Answer::default();
                self.logon_one(&name, &sent, &mut answer);
                self.reply(answer)
            }
            function::LOGON_TWO => self.logon_two(),
            _ if self.session.is_none() => Err(Broken::Unknown("a call before logging on".to_owned())),
            function::COMMIT => self.commit(),
            function::ROLLBACK => {
                let done = self.session().and_then(Session::rollback);
                self.done(done)
            }
            function::PING => self.done(Ok(())),
            function::VERSION => {
                self.line.discard_request();
                let mut answer = Answer::default();
                answer.version(VERSION_TEXT, self.version_number()).status(self.in_transaction());
                self.reply(answer)
            }
            function::LOG_OFF => {
                let done = self.session().and_then(Session::rollback);
                self.done(done)?;
                Ok(Next::End)
            }
            function::EXECUTE => self.execute(),
            function::REEXECUTE => self.reexecute(false),
            function::REEXECUTE_AND_FETCH => self.reexecute(true),
            function::FETCH => self.fetch(),
            function::LOB_OPERATION => self.lob(),
            function::TRANSACTION_SWITCH | function::TRANSACTION_CHANGE => {
                self.line.discard_request();
                self.refuse(0, 0, &Refusal::unsupported("two-phase commit"))
            }
            other => Err(Broken::Unknown(format!("the function {other}"))),
        }
    }

    pub(super) fn session(&mut self) -> Result<&mut Session, Refusal> {
        self.session.as_mut().ok_or_else(|| Refusal::new(1012, "not logged on"))
    }

    fn commit(&mut self) -> Result<Next, Broken> {
        if let Some(refusal) = self.strike(Happening::Commit)? {
            return self.refuse(0, 0, &refusal);
        }
        let done = self.session().and_then(Session::commit);
        self.done(done)
    }

    fn done(&mut self, done: Result<(), Refusal>) -> Result<Next, Broken> {
        match done {
            Ok(()) => {
                let mut answer = Answer::default();
                answer.status(self.in_transaction());
                self.reply(answer)
            }
            Err(refusal) => self.refuse(0, 0, &refusal),
        }
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.session.as_ref().is_some_and(Session::in_transaction)
    }

    /// Applies the fault that a script has for this moment. Returns the refusal with which the call is to be answered.
    pub(super) fn strike(&mut self, happening: Happening<'_>) -> Result<Option<Refusal>, Broken> {
        let faults = &self.server.faults;
        let struck = faults.strike(Happening::Call, &self.account);
        let Some(effect) = struck.or_else(|| faults.strike(happening, &self.account)) else { return Ok(None) };
        match effect {
            Effect::Refuse(code) | Effect::Fail(code) => return Ok(Some(told(code))),
            Effect::DropBefore => return Err(Broken::Dropped),
            Effect::DropAfter => self.line.harm = Some(Harm::Nothing),
            Effect::Half => self.line.harm = Some(Harm::Half),
            Effect::Part(bytes) => self.line.harm = Some(Harm::Part(bytes)),
            Effect::Garble { seed } => self.line.harm = Some(Harm::Garble { seed }),
            Effect::Slow { bytes, pause } => self.line.harm = Some(Harm::Slow { bytes, pause }),
            Effect::Delay(time) => {
                let begin = Instant::now();
                while begin.elapsed() < time {
                    if self.line.is_interrupted(GLANCE) {
                        return Ok(Some(cancelled()));
                    }
                }
            }
            Effect::Kill => {
                self.server.kill();
                return Err(Broken::Dropped);
            }
        }
        Ok(None)
    }
}

/// Writes answers.
impl Conversation {
    pub(super) fn reply(&mut self, mut answer: Answer) -> Result<Next, Broken> {
        if self.agreed.marks_end {
            answer.byte(kind::END_OF_ANSWER);
        }
        self.line.send_answer(&answer.bytes, self.agreed.marks_end)?;
        Ok(Next::Call)
    }

    pub(super) fn reply_before_logon(&mut self, answer: Answer) -> Result<Next, Broken> {
        self.line.send_answer(&answer.bytes, false)?;
        Ok(Next::Call)
    }

    /// Ends the message of a successful call.
    pub(super) fn finish(&self, answer: &mut Answer, cursor: u16, rows: u64) {
        let in_transaction = self.in_transaction();
        answer.end(self.agreed, &End { in_transaction, cursor, rows, ..End::default() });
    }

    /// Answers with an error: first both sides clear the line.
    pub(super) fn refuse(&mut self, cursor: u16, rows: u64, refusal: &Refusal) -> Result<Next, Broken> {
        self.line.send_marker(BREAK)?;
        self.line.wait_for_reset()?;
        self.line.send_marker(RESET)?;
        let mut answer = Answer::default();
        let in_transaction = self.in_transaction();
        answer.end(self.agreed, &End { in_transaction, cursor, rows, error: Some(refusal), ..End::default() });
        self.reply(answer)
    }
}

/// The error of a call that the client interrupted.
fn cancelled() -> Refusal {
    told(1013)
}

/// Oracle's message for these codes.
pub(super) fn told(code: u32) -> Refusal {
    Refusal::new(
        code,
        match code {
            18 => "maximum number of sessions exceeded",
            20 => "maximum number of processes (200) exceeded",
            28 => "your session has been killed",
            54 => "resource busy and acquire with NOWAIT specified or timeout expired",
            60 => "deadlock detected while waiting for resource",
            1013 => "user requested cancel of current operation",
            1017 => "invalid username/password; logon denied",
            1033 => "ORACLE initialization or shutdown in progress",
            1034 => "ORACLE not available",
            1089 => "immediate shutdown in progress - no operations are permitted",
            1555 => "snapshot too old: rollback segment number 1 with name \"_SYSSMU1$\" too small",
            3113 => "end-of-file on communication channel",
            3114 => "not connected to ORACLE",
            4068 => "existing state of packages has been discarded",
            8177 => "can't serialize access for this transaction",
            8181 => "specified number is not a valid system change number",
            28000 => "The account is locked.",
            28001 => "the password has expired",
            30006 => "resource busy; acquire with WAIT timeout expired",
            _ => "raised by a fault script of the emulator",
        },
    )
}

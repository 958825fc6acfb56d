//! One connection to PostgreSQL: its protocol, version 3, over a unix socket.
//!
//! Written here rather than taken from a crate, because an array of rows is sent at once, a waiting call watches its
//! client, and parameters are sent as text of whatever type PostgreSQL wants.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::refusal::{Refusal, Report};

/// The interval at which a waiting call checks its client.
const GLANCE: Duration = Duration::from_millis(20);
const PROTOCOL: u32 = 196_608;
const CANCEL: u32 = 80_877_102;
/// The number of rows of an array that are sent before their answers are read: few enough for the answers to fit into
/// the socket's buffer.
const ROWS_UNDER_WAY: usize = 500;

/// A value for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    /// NULL.
    Null,
    /// The text of a value, which PostgreSQL reads as the type it wants.
    Text(String),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

/// A column of a result.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The table it comes from, or 0.
    pub(crate) table: u32,
    /// Its number in the table.
    pub(crate) number: i16,
    /// Its type.
    pub(crate) kind: u32,
    /// The modifier of its type, or -1.
    pub(crate) modifier: i32,
}

/// Returns true if the client interrupts.
pub(crate) type Watch<'w> = &'w dyn Fn() -> bool;

/// A connection.
pub(crate) struct Link {
    stream: UnixStream,
    path: PathBuf,
    inbox: Vec<u8>,
    at: usize,
    outbox: Vec<u8>,
    backend: (u32, u32),
    status: u8,
}

impl Link {
    /// Connects as a role.
    pub(crate) fn open(socket: &Path, role: &str) -> Result<Self, Refusal> {
        let stream = UnixStream::connect(socket).map_err(Refusal::engine_gone)?;
        stream.set_read_timeout(Some(GLANCE)).map_err(Refusal::engine_gone)?;
        let path = socket.to_owned();
        let (inbox, outbox) = (Vec::new(), Vec::new());
        let mut link = Self { stream, path, inbox, at: 0, outbox, backend: (0, 0), status: b'I' };
        let mut hello = PROTOCOL.to_be_bytes().to_vec();
        for text in ["user", role, "database", "postgres", "client_encoding", "UTF8"] {
            hello.extend(text.as_bytes());
            hello.push(0);
        }
        hello.push(0);
        link.outbox.extend((hello.len() as u32 + 4).to_be_bytes());
        link.outbox.extend(hello);
        link.send()?;
        link.until_ready(&|| false, |_, _| Ok(()))?;
        Ok(link)
    }

    /// True if a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.status != b'I'
    }

    /// The process that serves this connection.
    pub(crate) fn process(&self) -> u32 {
        self.backend.0
    }

    /// Runs statements without parameters.
    pub(crate) fn run(&mut self, sql: &str, watch: Watch<'_>) -> Result<u64, Refusal> {
        self.message(b'Q', |body| {
            body.extend(sql.as_bytes());
            body.push(0);
        });
        self.send()?;
        let mut affected = 0;
        self.until_ready(watch, |kind, body| {
            if kind == b'C' {
                affected = rows_affected(body);
            }
            Ok(())
        })?;
        Ok(affected)
    }

    /// Runs a statement without parameters and returns its rows as text.
    pub(crate) fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        self.message(b'Q', |body| {
            body.extend(sql.as_bytes());
            body.push(0);
        });
        self.send()?;
        let mut rows = Vec::new();
        self.until_ready(&|| false, |kind, body| {
            if kind == b'D' {
                let cells = cells(body)?;
                rows.push(cells.into_iter().map(|cell| cell.map(lossy)).collect());
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// The types of a statement's parameters, and its columns.
    pub(crate) fn describe(&mut self, sql: &str, kinds: &[u32]) -> Result<(Vec<u32>, Vec<Field>), Refusal> {
        self.parse(sql, kinds);
        self.message(b'D', |body| body.extend(b"S\0"));
        self.message(b'S', |_| {});
        self.send()?;
        let (mut takes, mut returns) = (Vec::new(), Vec::new());
        self.until_ready(&|| false, |kind, body| {
            match kind {
                b't' => takes = parameter_kinds(body)?,
                b'T' => returns = fields(body)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok((takes, returns))
    }

    /// Runs a statement. Passes on the columns before the first row, then the rows in PostgreSQL's binary format.
    pub(crate) fn query(
        &mut self,
        (sql, kinds): (&str, &[u32]),
        parameters: &[Parameter],
        watch: Watch<'_>,
        mut row: impl FnMut(&[Field], &[Option<&[u8]>]) -> Result<(), Refusal>,
    ) -> Result<(Vec<Field>, u64), Refusal> {
        self.parse(sql, kinds);
        self.bind(parameters);
        self.message(b'D', |body| body.extend(b"P\0"));
        self.message(b'E', |body| body.extend([0; 5]));
        self.message(b'S', |_| {});
        self.send()?;
        let (mut columns, mut affected) = (Vec::new(), 0);
        self.until_ready(watch, |kind, body| {
            match kind {
                b'T' => columns = fields(body)?,
                b'D' => row(&columns, &cells(body)?)?,
                b'C' => affected = rows_affected(body),
                _ => {}
            }
            Ok(())
        })?;
        Ok((columns, affected))
    }

    /// Runs a statement once per row of parameters. Stops at the first refused row and returns its number; the
    /// transaction must then be rolled back to a savepoint.
    pub(crate) fn array(
        &mut self,
        (sql, kinds): (&str, &[u32]),
        rows: &[Vec<Parameter>],
        watch: Watch<'_>,
    ) -> Result<Vec<u64>, (usize, Refusal)> {
        let mut affected = Vec::with_capacity(rows.len());
        if rows.is_empty() {
            return Ok(affected);
        }
        self.parse(sql, kinds);
        for part in rows.chunks(ROWS_UNDER_WAY) {
            for parameters in part {
                self.bind(parameters);
                self.message(b'E', |body| body.extend([0; 5]));
            }
            self.message(b'S', |_| {});
            let begun = affected.len();
            let sent = self.send().and_then(|()| {
                self.until_ready(watch, |kind, body| {
                    match kind {
                        b'C' => affected.push(rows_affected(body)),
                        b'I' => affected.push(0),
                        _ => {}
                    }
                    Ok(())
                })
            });
            sent.map_err(|refusal| (affected.len().max(begun), refusal))?;
        }
        Ok(affected)
    }

    /// Asks PostgreSQL to stop what this connection runs.
    fn cancel(&self) {
        let Ok(mut stream) = UnixStream::connect(&self.path) else { return };
        let mut request = 16_u32.to_be_bytes().to_vec();
        for number in [CANCEL, self.backend.0, self.backend.1] {
            request.extend(number.to_be_bytes());
        }
        // Where it does not arrive, the call simply continues. PostgreSQL hangs up once it has passed the request on: one that
        // came later would stop the next statement.
        let _ = stream.write_all(&request);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = stream.read(&mut [0]);
    }

    fn parse(&mut self, sql: &str, kinds: &[u32]) {
        self.message(b'P', |body| {
            body.push(0);
            body.extend(sql.as_bytes());
            body.push(0);
            body.extend((kinds.len() as u16).to_be_bytes());
            for kind in kinds {
                body.extend(kind.to_be_bytes());
            }
        });
    }

    fn bind(&mut self, parameters: &[Parameter]) {
        self.message(b'B', |body| {
            body.extend([0, 0]);
            body.extend((parameters.len() as u16).to_be_bytes());
            for parameter in parameters {
                body.extend(u16::from(matches!(parameter, Parameter::Bytes(_))).to_be_bytes());
            }
            body.extend((parameters.len() as u16).to_be_bytes());
            for parameter in parameters {
                let bytes = match parameter {
                    Parameter::Null => {
                        body.extend((-1_i32).to_be_bytes());
                        continue;
                    }
                    Parameter::Text(text) => text.as_bytes(),
                    Parameter::Bytes(bytes) => bytes,
                };
                body.extend((bytes.len() as u32).to_be_bytes());
                body.extend(bytes);
            }
            body.extend([0, 1, 0, 1]);
        });
    }

    fn message(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
        self.outbox.push(kind);
        let begin = self.outbox.len();
        self.outbox.extend([0; 4]);
        fill(&mut self.outbox);
        let length = (self.outbox.len() - begin) as u32;
        self.outbox[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn send(&mut self) -> Result<(), Refusal> {
        let outbox = std::mem::take(&mut self.outbox);
        self.stream.write_all(&outbox).map_err(Refusal::engine_gone)
    }

    /// Reads messages until PostgreSQL is ready for more. The first refusal counts; later messages are skipped.
    fn until_ready(
        &mut self,
        watch: Watch<'_>,
        mut take: impl FnMut(u8, &[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let (mut refused, mut cancelled) = (None, false);
        loop {
            let (kind, begin, end) = self.next_message(watch, &mut cancelled)?;
            let body = &self.inbox[begin..end];
            let taken = match kind {
                b'E' => Err(Refusal::from(Report::read(body))),
                b'K' if body.len() == 8 => {
                    let number = |at: usize| u32::from_be_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
                    self.backend = (number(0), number(4));
                    Ok(())
                }
                b'R' if body != [0; 4] => Err(Refusal::internal("PostgreSQL asks for a password")),
                b'Z' => {
                    self.status = body.first().copied().unwrap_or(b'I');
                    return refused.map_or(Ok(()), Err);
                }
                _ if refused.is_some() => Ok(()),
                kind => take(kind, body),
            };
            if let Err(refusal) = taken {
                refused.get_or_insert(refusal);
            }
        }
    }

    /// The kind of the next message and the place of its body. A statement is cancelled once: a second request could meet the
    /// next one.
    fn next_message(&mut self, watch: Watch<'_>, cancelled: &mut bool) -> Result<(u8, usize, usize), Refusal> {
        loop {
            if let [kind, a, b, c, d, ..] = self.inbox[self.at..] {
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                let (begin, end) = (self.at + 5, self.at + 1 + length);
                if self.inbox.len() >= end {
                    self.at = end;
                    return Ok((kind, begin, end));
                }
            }
            self.inbox.drain(..self.at);
            self.at = 0;
            let mut piece = [0; 65_536];
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(Refusal::engine_gone("it hung up")),
                Ok(count) => self.inbox.extend_from_slice(&piece[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if !*cancelled && watch() {
                        self.cancel();
                        *cancelled = true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Refusal::engine_gone(error)),
            }
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn rows_affected(tag: &[u8]) -> u64 {
    let tag = lossy(tag);
    tag.trim_end_matches('\0').rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Takes apart the body of a message.
struct Body<'b>(&'b [u8]);

impl<'b> Body<'b> {
    fn bytes(&mut self, count: usize) -> Result<&'b [u8], Refusal> {
        let (head, tail) =
            self.0.split_at_checked(count).ok_or_else(|| Refusal::internal("a message of PostgreSQL is cut off"))?;
        self.0 = tail;
        Ok(head)
    }

    fn short(&mut self) -> Result<i16, Refusal> {
        self.bytes(2).map(|bytes| i16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn long(&mut self) -> Result<i32, Refusal> {
        self.bytes(4).map(|bytes| i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<String, Refusal> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let text = lossy(self.bytes(end)?);
        self.bytes(1)?;
        Ok(text)
    }
}

fn parameter_kinds(body: &[u8]) -> Result<Vec<u32>, Refusal> {
    let mut body = Body(body);
    let count = body.short()?;
    (0..count).map(|_| body.long().map(|kind| kind as u32)).collect()
}

fn fields(body: &[u8]) -> Result<Vec<Field>, Refusal> {
    let mut body = Body(body);
    let count = body.short()?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let (name, table, number, kind) = (body.text()?, body.long()? as u32, body.short()?, body.long()? as u32);
        let (_length, modifier, _format) = (body.short()?, body.long()?, body.short()?);
        fields.push(Field { name, table, number, kind, modifier });
    }
    Ok(fields)
}

fn cells(body: &[u8]) -> Result<Vec<Option<&[u8]>>, Refusal> {
    let mut body = Body(body);
    let count = body.short()?;
    let mut cells = Vec::with_capacity(count.max(0) as usize);
    for _ in 0..count {
        let length = body.long()?;
        cells.push(if length < 0 { None } else { Some(body.bytes(length as usize)?) });
    }
    Ok(cells)
}

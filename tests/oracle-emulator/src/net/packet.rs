//! TNS packets over a byte stream, and the bytes of requests out of DATA packets.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::faults::{Harm, garble};

/// The client asks for a service.
pub(crate) const CONNECT: u8 = 1;
/// The service exists.
pub(crate) const ACCEPT: u8 = 2;
/// The service does not exist.
pub(crate) const REFUSE: u8 = 4;
/// Bytes of a call or of its answer.
pub(crate) const DATA: u8 = 6;
/// Break or reset.
pub(crate) const MARKER: u8 = 12;

/// The marker that interrupts a call.
pub(crate) const BREAK: u8 = 1;
/// The marker that clears the line after an interruption.
pub(crate) const RESET: u8 = 2;

const HEADER: usize = 8;
const LARGEST_PACKET: usize = 4 << 20;
const END_OF_FILE: u16 = 0x0040;
const END_OF_ANSWER: u16 = 0x2000;

/// The reason why a conversation ended or was interrupted.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The client hung up.
    Closed,
    /// The connection failed.
    Io(io::Error),
    /// The client sent a marker of this kind while a request was read.
    Marker(u8),
    /// The client sent bytes that the emulator does not understand.
    Unknown(String),
    /// A fault script ended the connection.
    Dropped,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Closed => f.write_str("the client hung up"),
            Broken::Io(error) => write!(f, "the connection failed: {error}"),
            Broken::Marker(kind) => write!(f, "a marker of kind {kind} where none is expected"),
            Broken::Unknown(what) => write!(f, "the emulator does not understand {what}"),
            Broken::Dropped => f.write_str("a fault script dropped the connection"),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Broken::Closed } else { Broken::Io(error) }
    }
}

/// A byte stream: TCP, or TLS on it.
pub(crate) trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// One client's connection.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    /// Lengths have four bytes: true after ACCEPT.
    pub(crate) large: bool,
    /// The largest packet.
    pub(crate) sdu: usize,
    /// The damage that a fault script does to the next answer.
    pub(crate) harm: Option<Harm>,
    request: Vec<u8>,
    at: usize,
}

impl Line {
    pub(crate) fn new(stream: Box<dyn Stream>, socket: TcpStream) -> Self {
        Self { stream, socket, large: false, sdu: 8192, harm: None, request: Vec::new(), at: 0 }
    }

    /// Cuts the connection without a message.
    pub(crate) fn cut(&self) {
        // A socket that is already closed is fine.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    pub(crate) fn read_packet(&mut self) -> Result<(u8, Vec<u8>), Broken> {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header)?;
        let [a, b, c, d, kind, ..] = header;
        let length = if self.large { u32::from_be_bytes([a, b, c, d]) } else { u16::from_be_bytes([a, b]).into() };
        let length = length as usize;
        if !(HEADER..=LARGEST_PACKET).contains(&length) {
            return Err(Broken::Unknown(format!("a packet of {length} bytes")));
        }
        let mut body = vec![0; length - HEADER];
        self.stream.read_exact(&mut body)?;
        Ok((kind, body))
    }

    pub(crate) fn write_packet(&mut self, kind: u8, body: &[u8]) -> Result<(), Broken> {
        let packet = self.packet(kind, body);
        self.stream.write_all(&packet)?;
        Ok(self.stream.flush()?)
    }

    /// Sends an answer in the number of DATA packets that the agreed size requires.
    pub(crate) fn send_answer(&mut self, answer: &[u8], marks_end: bool) -> Result<(), Broken> {
        if let Some(harm) = self.harm.take() {
            return self.send_harmed(answer, marks_end, harm);
        }
        let packets = self.packets(answer, marks_end);
        self.stream.write_all(&packets)?;
        Ok(self.stream.flush()?)
    }

    pub(crate) fn send_marker(&mut self, kind: u8) -> Result<(), Broken> {
        self.write_packet(MARKER, &[1, 0, kind])
    }

    pub(crate) fn wait_for_reset(&mut self) -> Result<(), Broken> {
        loop {
            let (kind, body) = self.read_packet()?;
            if kind == MARKER && body.get(2) == Some(&RESET) {
                return Ok(());
            }
        }
    }

    fn packet(&self, kind: u8, body: &[u8]) -> Vec<u8> {
        let length = body.len() + HEADER;
        let mut packet = Vec::with_capacity(length);
        if self.large {
            packet.extend((length as u32).to_be_bytes());
        } else {
            packet.extend((length as u16).to_be_bytes());
            packet.extend([0, 0]);
        }
        packet.extend([kind, 0, 0, 0]);
        packet.extend_from_slice(body);
        packet
    }

    fn packets(&self, answer: &[u8], marks_end: bool) -> Vec<u8> {
        let room = self.sdu - HEADER - 2;
        let mut all = Vec::with_capacity(answer.len() + 64);
        let mut chunks = answer.chunks(room).peekable();
        while let Some(chunk) = chunks.next() {
            let flags = if marks_end && chunks.peek().is_none() { END_OF_ANSWER } else { 0 };
            let mut body = Vec::with_capacity(chunk.len() + 2);
            body.extend(flags.to_be_bytes());
            body.extend_from_slice(chunk);
            all.extend(self.packet(DATA, &body));
        }
        all
    }

    fn send_part(&mut self, part: &[u8]) -> Result<(), Broken> {
        self.stream.write_all(part)?;
        self.stream.flush()?;
        Err(Broken::Dropped)
    }

    fn send_harmed(&mut self, answer: &[u8], marks_end: bool, harm: Harm) -> Result<(), Broken> {
        let packets = self.packets(answer, marks_end);
        match harm {
            Harm::Nothing => Err(Broken::Dropped),
            Harm::Half => self.send_part(&packets[..packets.len() / 2]),
            Harm::Part(bytes) => self.send_part(&packets[..packets.len().min(bytes)]),
            Harm::Garble { seed } => {
                let mut garbled = answer.to_vec();
                garble(&mut garbled, seed);
                let packets = self.packets(&garbled, marks_end);
                self.stream.write_all(&packets)?;
                Ok(self.stream.flush()?)
            }
            Harm::Slow { bytes, pause } => {
                for piece in packets.chunks(bytes.max(1)) {
                    self.stream.write_all(piece)?;
                    self.stream.flush()?;
                    std::thread::sleep(pause);
                }
                Ok(())
            }
        }
    }
}

/// Reading requests: a cursor that reads further DATA packets when it needs them.
impl Line {
    /// Forgets the bytes that were read.
    pub(crate) fn begin_request(&mut self) {
        self.request.drain(..self.at);
        self.at = 0;
    }

    /// Forgets also the bytes that were not read.
    pub(crate) fn discard_request(&mut self) {
        self.request.clear();
        self.at = 0;
    }

    /// True if the client interrupts a call: by a break, or by closing the connection. Waits this long for it.
    pub(crate) fn is_interrupted(&self, wait: Duration) -> bool {
        if self.socket.set_read_timeout(Some(wait)).is_err() {
            return true;
        }
        let heard = match self.socket.peek(&mut [0]) {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        };
        heard | self.socket.set_read_timeout(None).is_err()
    }

    fn need(&mut self, count: usize) -> Result<(), Broken> {
        while self.request.len() - self.at < count {
            let (kind, body) = self.read_packet()?;
            match kind {
                DATA if body.len() < 2 => return Err(Broken::Unknown("a DATA packet without flags".to_owned())),
                DATA if u16::from_be_bytes([body[0], body[1]]) & END_OF_FILE != 0 => return Err(Broken::Closed),
                DATA => self.request.extend_from_slice(&body[2..]),
                MARKER => return Err(Broken::Marker(body.get(2).copied().unwrap_or(0))),
                kind => return Err(Broken::Unknown(format!("a packet of kind {kind}"))),
            }
        }
        Ok(())
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Broken> {
        self.need(count)?;
        let bytes = self.request[self.at..self.at + count].to_vec();
        self.at += count;
        Ok(bytes)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Broken> {
        self.need(count)?;
        self.at += count;
        Ok(())
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Broken> {
        self.need(1)?;
        self.at += 1;
        Ok(self.request[self.at - 1])
    }

    /// A byte as a flag: true if it is not 0.
    pub(crate) fn flag(&mut self) -> Result<bool, Broken> {
        Ok(self.byte()? != 0)
    }

    pub(crate) fn big_endian_u16(&mut self) -> Result<u16, Broken> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// An integer with its length before it.
    pub(crate) fn integer(&mut self) -> Result<u64, Broken> {
        let length = self.byte()? & 0x7f;
        if length > 8 {
            return Err(Broken::Unknown(format!("an integer of {length} bytes")));
        }
        let bytes = self.bytes(length.into())?;
        Ok(bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// An integer, converted to the type that is needed.
    pub(crate) fn small<N: TryFrom<u64>>(&mut self) -> Result<N, Broken> {
        let value = self.integer()?;
        N::try_from(value).map_err(|_| Broken::Unknown(format!("the number {value} here")))
    }

    /// Skips integers that do not matter.
    pub(crate) fn skip_integers(&mut self, count: usize) -> Result<(), Broken> {
        (0..count).try_for_each(|_| self.integer().map(drop))
    }

    /// Bytes with their length before them; `None` is NULL.
    pub(crate) fn value(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        match self.byte()? {
            0 | 255 => Ok(None),
            254 => {
                let mut value = Vec::new();
                loop {
                    let length: usize = self.small()?;
                    if length == 0 {
                        return Ok(Some(value));
                    }
                    value.extend(self.bytes(length)?);
                }
            }
            length => self.bytes(length.into()).map(Some),
        }
    }

    /// A length, and bytes if it is not zero.
    pub(crate) fn announced(&mut self) -> Result<Vec<u8>, Broken> {
        if self.integer()? == 0 {
            return Ok(Vec::new());
        }
        Ok(self.value()?.unwrap_or_default())
    }

    /// Text with its length before it.
    pub(crate) fn text(&mut self) -> Result<String, Broken> {
        let value = self.value()?.unwrap_or_default();
        String::from_utf8(value).map_err(|_| Broken::Unknown("text that is not UTF-8".to_owned()))
    }

    /// A length, and text if it is not zero.
    pub(crate) fn announced_text(&mut self) -> Result<String, Broken> {
        let value = self.announced()?;
        String::from_utf8(value).map_err(|_| Broken::Unknown("text that is not UTF-8".to_owned()))
    }
}

//! Large objects: locators, and the operations on them. A locator lives as long as its session.

use std::collections::HashMap;

use super::answer::Answer;
use super::conversation::{Conversation, Next};
use super::message::kind;
use crate::engine::{Parameter, Refusal};
use crate::faults::Happening;
use crate::net::{Broken, Line};
use crate::server::Asked;
use crate::values::codes::wire;

/// The length of a locator.
const LOCATOR: usize = 40;
/// The places of the flags and the number in it.
const FLAGS: usize = 4;
const NUMBER: usize = 20;
const IS_BLOB: u8 = 0x01;
const IS_ABSTRACT: u8 = 0x40;
const IS_INITIALIZED: u8 = 0x08;
const IS_UTF16: u8 = 0x80;
const IS_TEMPORARY: u8 = 0x01;
/// The chunk size that is reported to clients.
const CHUNK: u32 = 8132;

mod operation {
    pub(super) const LENGTH: u32 = 0x0001;
    pub(super) const READ: u32 = 0x0002;
    pub(super) const TRIM: u32 = 0x0020;
    pub(super) const WRITE: u32 = 0x0040;
    pub(super) const CREATE: u32 = 0x0110;
    pub(super) const FREE: u32 = 0x0111;
    pub(super) const CHUNK_SIZE: u32 = 0x4000;
    pub(super) const OPEN: u32 = 0x8000;
    pub(super) const CLOSE: u32 = 0x10000;
    pub(super) const IS_OPEN: u32 = 0x11000;
    pub(super) const ARRAY: u32 = 0x80000;
}

/// Text is kept as UTF-16, because offsets count UTF-16 units.
#[derive(Clone, Debug)]
enum Content {
    Text(Vec<u16>),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
struct Lob {
    content: Content,
    temporary: bool,
    open: bool,
}

/// The large objects of a session.
#[derive(Debug, Default)]
pub(super) struct Lobs {
    known: HashMap<u64, Lob>,
    last: u64,
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Text(units) => units.len(),
            Content::Bytes(bytes) => bytes.len(),
        }
    }

    fn piece(&self, begin: usize, amount: usize) -> Vec<u8> {
        let range = begin.min(self.len())..begin.saturating_add(amount).min(self.len());
        match self {
            Content::Text(units) => units[range].iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            Content::Bytes(bytes) => bytes[range].to_vec(),
        }
    }

    fn write(&mut self, begin: usize, data: &[u8]) {
        fn put<T: Copy>(all: &mut Vec<T>, begin: usize, piece: &[T], filler: T) {
            all.resize(all.len().max(begin + piece.len()), filler);
            all[begin..begin + piece.len()].copy_from_slice(piece);
        }
        match self {
            Content::Text(units) => {
                let piece: Vec<u16> = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                put(units, begin, &piece, u16::from(b' '));
            }
            Content::Bytes(bytes) => put(bytes, begin, data, 0),
        }
    }

    fn trim(&mut self, length: usize) {
        match self {
            Content::Text(units) => units.truncate(length),
            Content::Bytes(bytes) => bytes.truncate(length),
        }
    }
}

impl Lobs {
    fn add(&mut self, content: Content, temporary: bool) -> Vec<u8> {
        self.last += 1;
        let mut locator = vec![0; LOCATOR];
        locator[1] = (LOCATOR - 2) as u8;
        locator[3] = 1;
        locator[FLAGS] = if matches!(content, Content::Bytes(_)) { IS_BLOB } else { 0 };
        locator[FLAGS + 1] = IS_INITIALIZED;
        locator[FLAGS + 2] = if matches!(content, Content::Text(_)) { IS_UTF16 } else { 0 };
        locator[FLAGS + 3] = if temporary { IS_TEMPORARY } else { 0 };
        if temporary {
            locator[FLAGS] |= IS_ABSTRACT;
        }
        locator[NUMBER..NUMBER + 8].copy_from_slice(&self.last.to_be_bytes());
        self.known.insert(self.last, Lob { content, temporary, open: false });
        locator
    }

    /// A large object of a row, as it is in the row's data.
    pub(super) fn cell(&mut self, is_text: bool, value: Option<&[u8]>, answer: &mut Answer) {
        let Some(value) = value else {
            answer.integer(0);
            return;
        };
        let content = if is_text {
            Content::Text(String::from_utf8_lossy(value).encode_utf16().collect())
        } else {
            Content::Bytes(value.to_vec())
        };
        let size = content.len();
        let locator = self.add(content, false);
        answer.count(locator.len()).count(size).integer(CHUNK.into()).value(&locator);
    }

    /// The value of a bind variable with a locator.
    pub(super) fn parameter(&self, locator: &[u8]) -> Result<Parameter, Refusal> {
        let lob = self.known.get(&number(locator)).ok_or_else(invalid)?;
        Ok(match &lob.content {
            Content::Text(units) => Parameter::Text(String::from_utf16_lossy(units)),
            Content::Bytes(bytes) => Parameter::Bytes(bytes.clone()),
        })
    }

    fn find(&mut self, locator: &[u8]) -> Result<&mut Lob, Refusal> {
        self.known.get_mut(&number(locator)).ok_or_else(invalid)
    }

    fn changed(&mut self, locator: &[u8]) -> Result<&mut Content, Refusal> {
        let lob = self.find(locator)?;
        if lob.temporary {
            Ok(&mut lob.content)
        } else {
            Err(Refusal::unsupported("writing to the large object of a row; bind a temporary one in an UPDATE"))
        }
    }
}

fn number(locator: &[u8]) -> u64 {
    let bytes = locator.get(NUMBER..NUMBER + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_be_bytes)
}

fn invalid() -> Refusal {
    Refusal::new(22275, "invalid LOB locator specified")
}

/// A requested operation.
struct Request {
    operation: u32,
    locator: Vec<u8>,
    offset: u64,
    kind: u64,
    amount: Option<u64>,
    data: Vec<u8>,
}

impl Request {
    fn read(line: &mut Line) -> Result<Self, Broken> {
        line.byte()?;
        let length: usize = line.small()?;
        line.byte()?;
        line.skip_integers(3)?;
        let has_charset = line.flag()?;
        line.byte()?;
        line.byte()?;
        let operation = line.small()?;
        line.skip(2)?;
        let offset = line.integer()?;
        let kind = line.integer()?;
        let has_amount = line.flag()?;
        line.skip(6)?;
        let locator = line.bytes(length)?;
        if has_charset {
            line.integer()?;
        }
        let mut data = Vec::new();
        if operation == operation::WRITE {
            line.byte()?;
            data = line.value()?.unwrap_or_default();
        }
        let amount = if has_amount { Some(line.integer()?) } else { None };
        Ok(Self { operation, locator, offset, kind, amount, data })
    }
}

/// The result of an operation.
#[derive(Default)]
struct Outcome {
    data: Option<Vec<u8>>,
    locator: Option<Vec<u8>>,
    amount: u64,
    flag: Option<bool>,
}

impl Lobs {
    fn perform(&mut self, request: &Request) -> Result<Outcome, Refusal> {
        let begin = (request.offset.max(1) - 1) as usize;
        let amount = request.amount.unwrap_or(0);
        let mut outcome = Outcome { amount, ..Outcome::default() };
        match request.operation {
            operation::CREATE => {
                let text = request.kind == wire::CLOB.into();
                let content = if text { Content::Text(Vec::new()) } else { Content::Bytes(Vec::new()) };
                outcome.locator = Some(self.add(content, true));
            }
            operation::LENGTH => outcome.amount = self.find(&request.locator)?.content.len() as u64,
            operation::CHUNK_SIZE => outcome.amount = CHUNK.into(),
            operation::READ => {
                let content = &self.find(&request.locator)?.content;
                let piece = content.piece(begin, usize::try_from(amount).unwrap_or(usize::MAX));
                let unit = if matches!(content, Content::Text(_)) { 2 } else { 1 };
                outcome.amount = (piece.len() / unit) as u64;
                outcome.data = Some(piece).filter(|piece| !piece.is_empty());
            }
            operation::WRITE => self.changed(&request.locator)?.write(begin, &request.data),
            operation::TRIM => self.changed(&request.locator)?.trim(amount as usize),
            operation::OPEN => self.find(&request.locator)?.open = true,
            operation::CLOSE => self.find(&request.locator)?.open = false,
            operation::IS_OPEN => outcome.flag = Some(self.find(&request.locator)?.open),
            operation::FREE => drop(self.known.remove(&number(&request.locator))),
            other => return Err(Refusal::unsupported(format!("the LOB operation {other:#x}"))),
        }
        Ok(outcome)
    }
}

impl Conversation {
    /// One operation on a large object.
    pub(super) fn lob(&mut self) -> Result<Next, Broken> {
        let request = Request::read(&mut self.line)?;
        if let Some(refusal) = self.strike(Happening::LargeObject)? {
            return self.refuse(0, 0, &refusal);
        }
        if request.operation == operation::READ {
            self.server.ask(Asked::Piece(request.amount.unwrap_or(0)));
        }
        let outcome = match self.lobs.perform(&request) {
            Ok(outcome) => outcome,
            Err(refusal) => return self.refuse(0, 0, &refusal),
        };
        let mut answer = Answer::default();
        if let Some(data) = outcome.data {
            answer.byte(kind::LOB_DATA).value(&data);
        }
        answer.byte(kind::PARAMETERS).raw(outcome.locator.as_deref().unwrap_or(&request.locator));
        if request.operation == operation::CREATE {
            answer.integer(873).byte(0);
        } else if request.amount.is_some() {
            answer.integer(outcome.amount);
        }
        if let Some(flag) = outcome.flag {
            answer.byte(flag.into());
        }
        self.finish(&mut answer, 0, 0);
        self.reply(answer)
    }

    /// Frees temporary large objects together with another call.
    pub(super) fn free_lobs(&mut self) -> Result<(), Broken> {
        let line = &mut self.line;
        line.byte()?;
        let total: usize = line.small()?;
        line.byte()?;
        line.skip_integers(3)?;
        line.skip(3)?;
        let operation: u32 = line.small()?;
        line.byte()?;
        line.skip_integers(3)?;
        line.byte()?;
        for _ in 0..3 {
            line.byte()?;
            line.integer()?;
        }
        let locators = line.bytes(total)?;
        if operation == operation::FREE | operation::ARRAY {
            for locator in locators.chunks(LOCATOR) {
                self.lobs.known.remove(&number(locator));
            }
        }
        Ok(())
    }
}

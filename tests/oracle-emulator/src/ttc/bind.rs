//! Bind variables: their types, and their values row by row.

use super::lob::Lobs;
use super::message::{Agreed, FIELDS_12_2, kind};
use crate::engine::{Parameter, Refusal};
use crate::net::{Broken, Line};
use crate::values::cell;
use crate::values::charset::Charset;
use crate::values::codes::wire;
use crate::values::kind::LONGEST_TEXT;

/// The byte that a NULL boolean has in place of its length.
const ESCAPE: u8 = 253;
/// The form of text in the national character set.
const NATIONAL: u8 = 2;

/// The type of a bind variable, or of a column as the client wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bind {
    /// Its number on the wire.
    pub(super) kind: u8,
    size: u32,
    is_national: bool,
}

impl Bind {
    pub(super) fn read(line: &mut Line, agreed: Agreed) -> Result<Self, Broken> {
        let kind = line.byte()?;
        line.skip(3)?;
        let size = line.small()?;
        line.skip_integers(2)?;
        if line.integer()? > 0 {
            line.value()?;
        }
        line.skip_integers(2)?;
        let is_national = line.byte()? == NATIONAL;
        line.integer()?;
        if agreed.fields >= FIELDS_12_2 {
            line.integer()?;
        }
        Ok(Self { kind, size, is_national })
    }

    /// The type that is sent to PostgreSQL.
    pub(super) fn parameter_kind(&self) -> u32 {
        cell::parameter_kind(self.kind)
    }

    /// True if its value comes after those of the others.
    fn is_long(&self) -> bool {
        self.size > LONGEST_TEXT
    }

    fn value(&self, line: &mut Line, lobs: &Lobs, charset: Charset) -> Result<Result<Parameter, Refusal>, Broken> {
        let value = match self.kind {
            wire::CLOB | wire::BLOB => {
                let locator = line.announced()?;
                return Ok(if locator.is_empty() { Ok(Parameter::Null) } else { lobs.parameter(&locator) });
            }
            wire::BOOLEAN => match line.byte()? {
                ESCAPE => {
                    line.byte()?;
                    None
                }
                length => Some(line.bytes(length.into())?),
            },
            _ => line.value()?,
        };
        let read = value.map_or(Ok(Parameter::Null), |value| cell::decode(value, self.kind, self.is_national));
        Ok(read.map(|parameter| match parameter {
            Parameter::Text(text) if !self.is_national => Parameter::Text(charset.kept(text)),
            parameter => parameter,
        }))
    }
}

/// Reads rows of values, which are turned into the database's character set: this number of rows, in which long values
/// come after the others if the flag is true. Refused ones are reported only when all are read.
pub(super) fn read_rows(
    line: &mut Line,
    lobs: &Lobs,
    charset: Charset,
    binds: &[Bind],
    (count, long_last): (usize, bool),
) -> Result<Result<Vec<Vec<Parameter>>, Refusal>, Broken> {
    // A client may announce more rows than it sends.
    let mut rows = Vec::with_capacity(count.min(10_000));
    let mut refused = None;
    for _ in 0..count {
        let message = line.byte()?;
        if message != kind::ROW_DATA {
            return Err(Broken::Unknown(format!("message {message} where values are expected")));
        }
        let mut row = vec![Parameter::Null; binds.len()];
        for long in [false, true] {
            for (bind, value) in binds.iter().zip(&mut row) {
                if (long_last && bind.is_long()) != long {
                    continue;
                }
                match bind.value(line, lobs, charset)? {
                    Ok(read) => *value = read,
                    Err(refusal) => refused = refused.or(Some(refusal)),
                }
            }
        }
        rows.push(row);
    }
    Ok(refused.map_or(Ok(rows), Err))
}

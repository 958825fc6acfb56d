//! Large objects. Where all those of a statement are small, they come with their rows, as many rows at a time as a few
//! megabytes hold. Otherwise the rows come with locators, and each object is read separately in pieces: at most one
//! object and one piece are held at a time, and an object beyond the limit is not read at all.

use std::io::{self, ErrorKind, Read};

use wmshost_sql::Value;

use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::client::{Client, Fetch, OpenQuery};
use crate::oracle::failure::{ErrorClass, OracleError};

/// The largest object that comes with its row, in bytes.
const INLINE_BYTES: u64 = 64 << 10;
/// The most bytes of objects that may come at a time.
const FETCH_BYTES: u64 = 4 << 20;
/// Rows per round trip if one may hold a LONG, whose length is not known.
const LONG_ROWS: u32 = 16;
/// Rows per round trip that hold locators.
const LOCATOR_ROWS: u32 = 100;
/// The number of bytes of an object that are read at a time.
const PIECE_BYTES: usize = 256 << 10;
/// The most bytes of UTF-8 for one unit of UTF-16, the unit by which the server counts text.
const UNIT_BYTES: u64 = 3;

/// Starts a query in the way that suits its large objects; also returns true if they come by locator.
pub(crate) fn start(
    client: &dyn Client,
    statement: &str,
    values: &[Value],
    rows: u32,
    lob_bytes: usize,
) -> Result<(Box<dyn OpenQuery>, bool), OracleError> {
    let started = client.start(statement, values, Fetch { rows, by_locator: true })?;
    let is_any = |kinds: &[Kind]| started.columns().iter().any(|column| kinds.contains(&column.kind));
    let (lobs, longs) = (is_any(&[Kind::Clob, Kind::Blob]), is_any(&[Kind::Long, Kind::LongRaw]));
    if !lobs && !longs {
        return Ok((started, false));
    }
    let columns = started.columns().to_vec();
    drop(started);
    let most = if longs { rows.min(LONG_ROWS) } else { rows };
    let inline = if lobs { row_bytes(client, statement, values, &columns, lob_bytes)? } else { Some(0) };
    let fetch = match inline {
        Some(bytes) => Fetch { rows: rows_of(bytes).min(most), by_locator: false },
        None => Fetch { rows: LOCATOR_ROWS.min(most), by_locator: true },
    };
    Ok((client.start(statement, values, fetch)?, fetch.by_locator))
}

/// The number of rows per round trip if each has this number of bytes.
fn rows_of(bytes: u64) -> u32 {
    u32::try_from(FETCH_BYTES / bytes.max(1)).unwrap_or(u32::MAX).max(1)
}

/// The most bytes that all large objects of a row have together; `None` if one is too large to come with its row, or
/// empty, which would come as NULL, or if they cannot be measured.
fn row_bytes(
    client: &dyn Client,
    statement: &str,
    values: &[Value],
    columns: &[ColumnInfo],
    lob_bytes: usize,
) -> Result<Option<u64>, OracleError> {
    let lobs: Vec<_> = columns.iter().filter(|column| matches!(column.kind, Kind::Clob | Kind::Blob)).collect();
    let sizes = lobs.iter().map(|column| format!("MIN(LENGTH(\"{0}\")), MAX(LENGTH(\"{0}\"))", column.name));
    let measure = format!("SELECT {} FROM ({statement}) w", sizes.collect::<Vec<_>>().join(", "));
    let measured = match client.query(&measure, values) {
        Ok(rows) => match rows.into_iter().next() {
            Some(measured) => measured,
            None => return Ok(None),
        },
        Err(oracle_error) if oracle_error.class.is_connection_lost() => return Err(oracle_error),
        Err(_) => return Ok(None),
    };
    let most = INLINE_BYTES.min(lob_bytes as u64);
    let mut bytes = 0;
    for (column, sizes) in lobs.iter().zip(measured.chunks(2)) {
        let largest = match sizes {
            [Value::Null, Value::Null] => 0,
            [Value::Int64(1..), Value::Int64(largest)] => largest.unsigned_abs(),
            _ => return Ok(None),
        };
        let largest = if column.kind == Kind::Clob { largest.saturating_mul(UNIT_BYTES) } else { largest };
        if largest > most {
            return Ok(None);
        }
        bytes += largest;
    }
    Ok(Some(bytes))
}

/// Reads a text of `units` UTF-16 units through its locator. If it has more than `most` bytes, the inner error
/// describes its size.
pub(crate) fn text(lob: &mut impl Read, units: u64, most: usize) -> io::Result<Result<String, String>> {
    // A unit has one byte at least.
    if units > most as u64 {
        return Ok(Err(format!("{units} letters")));
    }
    let room = usize::try_from(units.saturating_mul(UNIT_BYTES)).unwrap_or(usize::MAX);
    match bytes(lob, room, most)? {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Ok(text)),
            Err(_) => Err(io::Error::from(ErrorKind::InvalidData)),
        },
        Err(read) => Ok(Err(format!("more than {read} bytes"))),
    }
}

/// Reads a binary of `size` bytes through its locator. If it has more than `most` bytes, the inner error describes its
/// size.
pub(crate) fn binary(lob: &mut impl Read, size: u64, most: usize) -> io::Result<Result<Vec<u8>, String>> {
    if size > most as u64 {
        return Ok(Err(format!("{size} bytes")));
    }
    let read = bytes(lob, usize::try_from(size).unwrap_or(usize::MAX), most)?;
    Ok(read.map_err(|read| format!("more than {read} bytes")))
}

/// All bytes of an object; the inner error is the number of bytes that were read when it turned out to have more than
/// `most`.
fn bytes(lob: &mut impl Read, room: usize, most: usize) -> io::Result<Result<Vec<u8>, usize>> {
    let mut all = Vec::with_capacity(room.min(PIECE_BYTES));
    let mut piece = vec![0; PIECE_BYTES.min(room.max(4 * UNIT_BYTES as usize))];
    loop {
        let length = match lob.read(&mut piece) {
            // The piece ended within a letter of two units; one unit less ends before it.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let shorter = piece.len() - UNIT_BYTES as usize;
                lob.read(&mut piece[..shorter])?
            }
            length => length?,
        };
        if length == 0 {
            return Ok(Ok(all));
        }
        if all.len() + length > most {
            return Ok(Err(all.len() + length));
        }
        all.extend_from_slice(&piece[..length]);
    }
}

/// The meaning of a failure to read an object. The drivers hide its cause; only the text of the error has it.
pub(crate) fn oracle_error(error: &io::Error) -> OracleError {
    let text = error.to_string();
    let code = text.strip_prefix("ORA-").and_then(|rest| rest.get(..5)).and_then(|code| code.parse().ok());
    match code {
        Some(code) => OracleError::of_code(code, Some(&text)),
        None if error.kind() == ErrorKind::InvalidData => {
            OracleError::new(ErrorClass::Permanent, "the text of a large object cannot be decoded".to_owned())
        }
        None if text.contains("timeout") => {
            OracleError::new(ErrorClass::Timeout, "the server did not answer in time".to_owned())
        }
        None => {
            OracleError::new(ErrorClass::ConnectionLost, "the connection broke off within a large object".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text as a server keeps it, which cannot return half of a letter.
    struct Units(Vec<u16>, usize);

    impl Read for Units {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let end = self.0.len().min(self.1 + buf.len() / 3);
            let text = String::from_utf16(&self.0[self.1..end]).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
            buf[..text.len()].copy_from_slice(text.as_bytes());
            self.1 = end;
            Ok(text.len())
        }
    }

    fn read(letters: &str, most: usize) -> Result<String, String> {
        let units: Vec<u16> = letters.encode_utf16().collect();
        let count = units.len() as u64;
        text(&mut Units(units, 0), count, most).expect("a text")
    }

    #[test]
    fn a_letter_on_the_border_of_pieces_is_not_torn() {
        let units = PIECE_BYTES / 3;
        for letter in ["a", "ä", "€", "😀"] {
            for before in [0, units - 2, units - 1, units, 2 * units - 1] {
                let all = format!("{}{}", "x".repeat(before), letter.repeat(units));
                assert!(read(&all, 1 << 30).as_ref() == Ok(&all), "{letter} after {before}");
            }
        }
    }

    #[test]
    fn the_limit_counts_bytes() {
        assert_eq!(read("äää", 6).as_deref(), Ok("äää"));
        assert!(read("äää", 5).is_err());
        assert_eq!(read("xxxxxx", 5), Err("6 letters".to_owned()));
        assert_eq!(read("", 0).as_deref(), Ok(""));
        assert_eq!(binary(&mut &b"abc"[..], 3, 3).expect("bytes"), Ok(b"abc".to_vec()));
        assert!(binary(&mut &b"abc"[..], 3, 2).expect("bytes").is_err());
    }

    #[test]
    fn many_small_objects_come_at_a_time_and_few_large_ones() {
        assert_eq!((rows_of(0), rows_of(1_000), rows_of(FETCH_BYTES), rows_of(u64::MAX)), (4 << 20, 4_194, 1, 1));
    }

    #[test]
    fn errors_within_an_object_have_their_class() {
        for (text, class) in [
            ("ORA-01555: snapshot too old", ErrorClass::Snapshot),
            ("the configured call timeout was exceeded", ErrorClass::Timeout),
            ("the connection is closed", ErrorClass::ConnectionLost),
        ] {
            assert_eq!(oracle_error(&io::Error::other(text)).class, class, "{text}");
        }
    }
}

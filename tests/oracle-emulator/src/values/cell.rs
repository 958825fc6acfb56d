//! One value: from PostgreSQL to the protocol, and from a bind variable to PostgreSQL.

use super::codes::{engine, wire};
use super::interval;
use super::kind::Kind;
use super::moment::{self, Shape};
use super::number;
use crate::engine::{Parameter, Refusal};

/// The protocol's bytes of a value that PostgreSQL sent, from its type there to its type in Oracle. The session's time
/// zone is `zone` seconds east of UTC.
pub(crate) fn encode(bytes: &[u8], engine_kind: u32, kind: &Kind, zone: i64) -> Result<Vec<u8>, Refusal> {
    match kind {
        Kind::Number(_) | Kind::Float(_) => number_of(bytes, engine_kind),
        Kind::BinaryDouble => double(bytes, engine_kind).map(|value| ordered_double(value).to_vec()),
        Kind::BinaryFloat => double(bytes, engine_kind).map(|value| ordered_float(value as f32).to_vec()),
        Kind::Date => moment_of(bytes, engine_kind, Shape::Date),
        Kind::Timestamp(_) => moment_of(bytes, engine_kind, Shape::Timestamp),
        Kind::TimestampTz(_) => moment_of(bytes, engine_kind, Shape::Zoned),
        Kind::TimestampLtz(_) => moment::from_micros(&moved(bytes, zone)?, Shape::Timestamp),
        Kind::IntervalYm(_) => interval::years(bytes),
        Kind::IntervalDs(..) => interval::days(bytes),
        Kind::Boolean => Ok(if bytes == [1] { vec![1, 1] } else { vec![0] }),
        // A large object is converted when it is read.
        Kind::NVarchar2(_) | Kind::NChar(_) => Ok(national(bytes)),
        Kind::Char(length, false) => Ok(padded(bytes, *length as usize)),
        _ => Ok(bytes.to_vec()),
    }
}

fn number_of(bytes: &[u8], engine_kind: u32) -> Result<Vec<u8>, Refusal> {
    let whole = |value: i64| number::from_text(&value.to_string());
    match (engine_kind, bytes) {
        (engine::NUMERIC, _) => number::from_numeric(bytes),
        (engine::INT2, [a, b]) => whole(i64::from(i16::from_be_bytes([*a, *b]))),
        (engine::INT4, [a, b, c, d]) => whole(i64::from(i32::from_be_bytes([*a, *b, *c, *d]))),
        (engine::OID, [a, b, c, d]) => whole(i64::from(u32::from_be_bytes([*a, *b, *c, *d]))),
        (engine::INT8, _) => {
            let value = bytes.try_into().map_err(|_| Refusal::internal("an int8 of another length"))?;
            whole(i64::from_be_bytes(value))
        }
        _ => number::from_text(&String::from_utf8_lossy(bytes)),
    }
}

fn double(bytes: &[u8], engine_kind: u32) -> Result<f64, Refusal> {
    let odd = || Refusal::internal("a float of another length");
    match engine_kind {
        engine::FLOAT4 => Ok(f32::from_be_bytes(bytes.try_into().map_err(|_| odd())?).into()),
        engine::FLOAT8 => Ok(f64::from_be_bytes(bytes.try_into().map_err(|_| odd())?)),
        _ => Err(odd()),
    }
}

fn moment_of(bytes: &[u8], engine_kind: u32, shape: Shape) -> Result<Vec<u8>, Refusal> {
    if engine_kind != engine::DATE {
        return moment::from_micros(bytes, shape);
    }
    let days = bytes.try_into().map_err(|_| Refusal::internal("a date of another length"))?;
    let micros = i64::from(i32::from_be_bytes(days)) * 86_400_000_000;
    moment::from_micros(&micros.to_be_bytes(), shape)
}

fn moved(bytes: &[u8], seconds: i64) -> Result<[u8; 8], Refusal> {
    let micros = bytes.try_into().map_err(|_| Refusal::internal("a timestamp of another length"))?;
    Ok((i64::from_be_bytes(micros) + seconds * 1_000_000).to_be_bytes())
}

/// PostgreSQL pads to a number of characters, Oracle to a number of bytes.
fn padded(text: &[u8], length: usize) -> Vec<u8> {
    let blanks = text.iter().rev().take_while(|byte| **byte == b' ').count();
    text[..text.len().min(length.max(text.len() - blanks))].to_vec()
}

/// Text in the national character set, AL16UTF16.
pub(crate) fn national(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text).encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn of_national(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// Floating point numbers are sent so that their order is that of their bytes.
fn ordered_double(value: f64) -> [u8; 8] {
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    ordered.to_be_bytes()
}

fn ordered_float(value: f32) -> [u8; 4] {
    let bits = value.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    ordered.to_be_bytes()
}

/// The parameter for PostgreSQL of a bind variable of this type, in the national character set or not.
pub(crate) fn decode(bytes: Vec<u8>, kind: u8, is_national: bool) -> Result<Parameter, Refusal> {
    let odd = || Refusal::new(1722, "invalid number (a bind variable of another length)");
    Ok(match kind {
        wire::NUMBER | wire::INTEGER => Parameter::Text(number::to_text(&bytes)?),
        wire::DATE | wire::TIMESTAMP | wire::TIMESTAMP_TZ | wire::TIMESTAMP_LTZ => {
            Parameter::Text(moment::to_text(&bytes)?)
        }
        wire::RAW | wire::LONG_RAW => Parameter::Bytes(bytes),
        wire::BINARY_DOUBLE => {
            let bits = u64::from_be_bytes(bytes.try_into().map_err(|_| odd())?);
            let bits = if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits };
            Parameter::Text(f64::from_bits(bits).to_string())
        }
        wire::BINARY_FLOAT => {
            let bits = u32::from_be_bytes(bytes.try_into().map_err(|_| odd())?);
            let bits = if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits };
            Parameter::Text(f32::from_bits(bits).to_string())
        }
        wire::INTERVAL_YM | wire::INTERVAL_DS => Parameter::Text(interval::to_text(&bytes)?),
        wire::BOOLEAN => Parameter::Text(u8::from(bytes.last() == Some(&1)).to_string()),
        _ if is_national => Parameter::Text(of_national(&bytes)),
        _ => {
            let text = String::from_utf8(bytes);
            Parameter::Text(text.map_err(|_| Refusal::new(29275, "partial multibyte character (in a bind variable)"))?)
        }
    })
}

/// The type that is sent to PostgreSQL for a bind variable, or 0 to let it infer one.
pub(crate) fn parameter_kind(kind: u8) -> u32 {
    match kind {
        wire::NUMBER | wire::INTEGER => engine::NUMERIC,
        wire::DATE | wire::TIMESTAMP => engine::TIMESTAMP,
        wire::TIMESTAMP_TZ | wire::TIMESTAMP_LTZ => engine::TIMESTAMPTZ,
        wire::RAW | wire::LONG_RAW | wire::BLOB => engine::BYTEA,
        wire::INTERVAL_YM | wire::INTERVAL_DS => engine::INTERVAL,
        wire::BINARY_DOUBLE => engine::FLOAT8,
        wire::BINARY_FLOAT => engine::FLOAT4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_survive() {
        for value in [0.0, 1.5, -1.5, f64::MAX, f64::MIN_POSITIVE] {
            let bytes = encode(&value.to_be_bytes(), engine::FLOAT8, &Kind::BinaryDouble, 0).expect("bytes");
            assert_eq!(decode(bytes, wire::BINARY_DOUBLE, false).expect("value"), Parameter::Text(value.to_string()));
        }
    }

    #[test]
    fn whole_numbers_are_numbers() {
        for (bytes, kind, text) in
            [(&7_i32.to_be_bytes()[..], engine::INT4, "7"), (&(-8_i64).to_be_bytes()[..], engine::INT8, "-8")]
        {
            let image = encode(bytes, kind, &Kind::Number(None), 0).expect("bytes");
            assert_eq!(number::to_text(&image).expect("text"), text);
        }
    }
}

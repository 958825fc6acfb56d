//! Column types: as declared in Oracle's words, what they are in PostgreSQL, and what the wire says of them.

use crate::engine::{Field, Refusal};
use crate::sql::words::{Word, words};

/// Oracle's type of a column or an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Precision and scale; neither for a NUMBER that was declared without.
    Number(Option<(u8, i8)>),
    /// A NUMBER with so many binary digits.
    Float(u8),
    BinaryFloat,
    BinaryDouble,
    /// How many, and whether characters rather than bytes are counted.
    Varchar2(u32, bool),
    /// Likewise, and padded with blanks.
    Char(u32, bool),
    Date,
    Timestamp(u8),
    TimestampTz(u8),
    Raw(u32),
    Clob,
    Blob,
    Long,
    Rowid,
}

/// The longest VARCHAR2 of a server with standard strings.
pub(crate) const LONGEST_TEXT: u32 = 4000;
const LONGEST_RAW: u32 = 2000;
/// The default of FLOAT.
const FLOAT_DIGITS: u8 = 126;
/// PostgreSQL counts fractions of a second no finer.
const MICROS: u8 = 6;

/// Numbers of types on the wire.
pub(crate) mod wire {
    pub(crate) const VARCHAR: u8 = 1;
    pub(crate) const NUMBER: u8 = 2;
    pub(crate) const INTEGER: u8 = 3;
    pub(crate) const LONG: u8 = 8;
    pub(crate) const DATE: u8 = 12;
    pub(crate) const RAW: u8 = 23;
    pub(crate) const LONG_RAW: u8 = 24;
    pub(crate) const CHAR: u8 = 96;
    pub(crate) const BINARY_FLOAT: u8 = 100;
    pub(crate) const BINARY_DOUBLE: u8 = 101;
    pub(crate) const CLOB: u8 = 112;
    pub(crate) const BLOB: u8 = 113;
    pub(crate) const TIMESTAMP: u8 = 180;
    pub(crate) const TIMESTAMP_TZ: u8 = 181;
    pub(crate) const TIMESTAMP_LTZ: u8 = 231;
    pub(crate) const BOOLEAN: u8 = 252;
}

/// Numbers of types in PostgreSQL.
pub(crate) mod engine {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TID: u32 = 27;
    pub(crate) const OID: u32 = 26;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const NUMERIC: u32 = 1700;
}

impl Kind {
    /// Reads a type at the beginning of these words and says how many it takes.
    pub(crate) fn read(words: &[Word]) -> Result<(Self, usize), Refusal> {
        let Some(Word::Name(name)) = words.first() else {
            return Err(Refusal::new(902, "invalid datatype"));
        };
        let (arguments, mut taken) = arguments(words);
        let after = |taken: usize, keywords: &[&str]| {
            keywords.iter().enumerate().all(|(at, keyword)| words.get(taken + at).is_some_and(|word| word.is(keyword)))
        };
        let first = arguments.first().and_then(|argument| argument.parse::<u32>().ok());
        let counts_characters = |default: bool| match arguments.iter().any(|argument| argument == "CHAR") {
            true => true,
            false => default,
        };
        let kind = match name.as_str() {
            "NUMBER" | "NUMERIC" | "DECIMAL" | "DEC" => Self::number(&arguments),
            "INTEGER" | "INT" | "SMALLINT" => Kind::Number(Some((38, 0))),
            "FLOAT" => Kind::Float(first.map_or(FLOAT_DIGITS, |digits| digits.min(126) as u8)),
            "REAL" => Kind::Float(63),
            "DOUBLE" if after(taken, &["PRECISION"]) => {
                taken += 1;
                Kind::Float(FLOAT_DIGITS)
            }
            "BINARY_FLOAT" => Kind::BinaryFloat,
            "BINARY_DOUBLE" => Kind::BinaryDouble,
            "VARCHAR2" | "VARCHAR" => Kind::Varchar2(first.unwrap_or(LONGEST_TEXT), counts_characters(false)),
            "NVARCHAR2" => Kind::Varchar2(first.unwrap_or(LONGEST_TEXT), true),
            "CHAR" | "CHARACTER" => Kind::Char(first.unwrap_or(1), counts_characters(false)),
            "NCHAR" => Kind::Char(first.unwrap_or(1), true),
            "DATE" => Kind::Date,
            "TIMESTAMP" => {
                let scale = first.map_or(MICROS, |scale| scale.min(9) as u8);
                if after(taken, &["WITH", "TIME", "ZONE"]) {
                    taken += 3;
                    Kind::TimestampTz(scale)
                } else if after(taken, &["WITH", "LOCAL", "TIME", "ZONE"]) {
                    taken += 4;
                    Kind::TimestampTz(scale)
                } else {
                    Kind::Timestamp(scale)
                }
            }
            "RAW" => Kind::Raw(first.unwrap_or(LONGEST_RAW)),
            "CLOB" | "NCLOB" => Kind::Clob,
            "BLOB" => Kind::Blob,
            "LONG" if after(taken, &["RAW"]) => {
                taken += 1;
                Kind::Blob
            }
            "LONG" => Kind::Long,
            "ROWID" | "UROWID" => Kind::Rowid,
            other => return Err(Refusal::new(902, format!("invalid datatype ({other})"))),
        };
        Ok((kind, taken))
    }

    /// Reads a type as it was kept.
    pub(crate) fn kept(text: &str) -> Result<Self, Refusal> {
        Ok(Self::read(&words(text)?)?.0)
    }

    fn number(arguments: &[String]) -> Self {
        let scale = arguments.get(1).and_then(|scale| scale.parse().ok()).unwrap_or(0);
        match arguments.first().map(String::as_str) {
            None => Kind::Number(None),
            Some("*") if arguments.len() == 1 => Kind::Number(None),
            Some("*") => Kind::Number(Some((38, scale))),
            Some(precision) => Kind::Number(Some((precision.parse().unwrap_or(38), scale))),
        }
    }

    /// The type of what PostgreSQL returns, where nothing better is known.
    pub(crate) fn of(field: &Field) -> Self {
        let length = || field.modifier.checked_sub(4).filter(|length| *length > 0).map(|length| length as u32);
        match field.kind {
            engine::NUMERIC if field.modifier >= 4 => {
                let modifier = field.modifier - 4;
                // The scale has 11 bits and a sign.
                let scale = ((modifier & 0x7ff) ^ 1024) - 1024;
                Kind::Number(Some(((modifier >> 16) as u8, scale as i8)))
            }
            engine::NUMERIC | engine::INT2 | engine::INT4 | engine::INT8 | engine::OID | engine::BOOL => {
                Kind::Number(None)
            }
            engine::FLOAT4 => Kind::BinaryFloat,
            engine::FLOAT8 => Kind::BinaryDouble,
            engine::BPCHAR => Kind::Char(length().unwrap_or(1), true),
            engine::VARCHAR => Kind::Varchar2(length().unwrap_or(LONGEST_TEXT), true),
            engine::DATE => Kind::Date,
            engine::TIMESTAMP if field.modifier == 0 => Kind::Date,
            engine::TIMESTAMP => Kind::Timestamp(u8::try_from(field.modifier).unwrap_or(MICROS)),
            engine::TIMESTAMPTZ => Kind::TimestampTz(u8::try_from(field.modifier).unwrap_or(MICROS)),
            engine::BYTEA => Kind::Raw(LONGEST_RAW),
            engine::TID => Kind::Rowid,
            _ => Kind::Varchar2(LONGEST_TEXT, false),
        }
    }

    /// The type in PostgreSQL's words.
    pub(crate) fn in_engine(&self) -> String {
        match self {
            Kind::Number(None) | Kind::Float(_) => "numeric".to_owned(),
            Kind::Number(Some((precision, scale))) => format!("numeric({precision},{scale})"),
            Kind::BinaryFloat => "float4".to_owned(),
            Kind::BinaryDouble => "float8".to_owned(),
            Kind::Varchar2(length, _) => format!("varchar({length})"),
            Kind::Char(length, _) => format!("char({length})"),
            Kind::Date => "oracle.date".to_owned(),
            Kind::Timestamp(scale) => format!("timestamp({})", scale.min(&MICROS)),
            Kind::TimestampTz(scale) => format!("timestamptz({})", scale.min(&MICROS)),
            Kind::Raw(_) | Kind::Blob => "bytea".to_owned(),
            Kind::Clob | Kind::Long => "text".to_owned(),
            Kind::Rowid => "varchar(18)".to_owned(),
        }
    }

    /// How many bytes PostgreSQL is to count by a check of its own.
    pub(crate) fn bytes_checked(&self) -> Option<u32> {
        match self {
            Kind::Varchar2(length, false) | Kind::Char(length, false) | Kind::Raw(length) => Some(*length),
            _ => None,
        }
    }

    /// The type in Oracle's words.
    pub(crate) fn declared(&self) -> String {
        let unit = |characters: bool| if characters { "CHAR" } else { "BYTE" };
        match self {
            Kind::Number(None) => "NUMBER".to_owned(),
            Kind::Number(Some((precision, scale))) => format!("NUMBER({precision},{scale})"),
            Kind::Float(digits) => format!("FLOAT({digits})"),
            Kind::BinaryFloat => "BINARY_FLOAT".to_owned(),
            Kind::BinaryDouble => "BINARY_DOUBLE".to_owned(),
            Kind::Varchar2(length, characters) => format!("VARCHAR2({length} {})", unit(*characters)),
            Kind::Char(length, characters) => format!("CHAR({length} {})", unit(*characters)),
            Kind::Date => "DATE".to_owned(),
            Kind::Timestamp(scale) => format!("TIMESTAMP({scale})"),
            Kind::TimestampTz(scale) => format!("TIMESTAMP({scale}) WITH TIME ZONE"),
            Kind::Raw(length) => format!("RAW({length})"),
            Kind::Clob => "CLOB".to_owned(),
            Kind::Blob => "BLOB".to_owned(),
            Kind::Long => "LONG".to_owned(),
            Kind::Rowid => "ROWID".to_owned(),
        }
    }

    /// Its number on the wire.
    pub(crate) fn wire(&self) -> u8 {
        match self {
            Kind::Number(_) | Kind::Float(_) => wire::NUMBER,
            Kind::BinaryFloat => wire::BINARY_FLOAT,
            Kind::BinaryDouble => wire::BINARY_DOUBLE,
            Kind::Varchar2(..) => wire::VARCHAR,
            Kind::Char(..) => wire::CHAR,
            Kind::Date => wire::DATE,
            Kind::Timestamp(_) => wire::TIMESTAMP,
            Kind::TimestampTz(_) => wire::TIMESTAMP_TZ,
            Kind::Raw(_) => wire::RAW,
            Kind::Clob => wire::CLOB,
            Kind::Blob => wire::BLOB,
            Kind::Long => wire::LONG,
            // As text: a client asks for no more than to hand it back.
            Kind::Rowid => wire::VARCHAR,
        }
    }

    /// Precision and scale on the wire.
    pub(crate) fn digits(&self) -> (u8, i8) {
        match self {
            Kind::Number(None) => (0, -127),
            Kind::Number(Some(digits)) => *digits,
            Kind::Float(digits) => (*digits, -127),
            Kind::Timestamp(scale) | Kind::TimestampTz(scale) => (0, *scale as i8),
            _ => (0, 0),
        }
    }

    /// Its size in bytes on the wire, and in the unit it was declared with.
    pub(crate) fn sizes(&self) -> (u32, u32) {
        match self {
            Kind::Number(_) | Kind::Float(_) => (22, 0),
            Kind::BinaryFloat => (4, 0),
            Kind::BinaryDouble => (8, 0),
            // A character has up to four bytes.
            Kind::Varchar2(length, true) => ((length * 4).min(LONGEST_TEXT), *length),
            Kind::Char(length, true) => ((length * 4).min(LONGEST_RAW), *length),
            Kind::Varchar2(length, false) | Kind::Char(length, false) => (*length, *length),
            Kind::Date => (7, 0),
            Kind::Timestamp(_) => (11, 0),
            Kind::TimestampTz(_) => (13, 0),
            Kind::Raw(length) => (*length, 0),
            Kind::Clob | Kind::Blob => (LONGEST_TEXT, 0),
            Kind::Long => (i32::MAX as u32, 0),
            Kind::Rowid => (18, 18),
        }
    }

    /// Whether it is text, in the database's character set.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Kind::Varchar2(..) | Kind::Char(..) | Kind::Clob | Kind::Long | Kind::Rowid)
    }

    /// Whether its values are reached through locators.
    pub(crate) fn is_lob(&self) -> bool {
        matches!(self, Kind::Clob | Kind::Blob)
    }
}

/// What stands in the parentheses behind the first word, and how many words that takes with it.
fn arguments(words: &[Word]) -> (Vec<String>, usize) {
    if !words.get(1).is_some_and(|word| word.is("(")) {
        return (Vec::new(), 1);
    }
    let mut arguments = Vec::new();
    let mut sign = "";
    for (at, word) in words.iter().enumerate().skip(2) {
        match word {
            Word::Sign(")") => return (arguments, at + 1),
            Word::Sign("-") => sign = "-",
            Word::Sign("*") => arguments.push("*".to_owned()),
            Word::Number(number) => arguments.push(format!("{}{number}", std::mem::take(&mut sign))),
            Word::Name(name) => arguments.push(name.clone()),
            _ => {}
        }
    }
    (arguments, words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_kept_as_it_was_declared() {
        for (declared, kept) in [
            ("number", "NUMBER"),
            ("number(*,0)", "NUMBER(38,0)"),
            ("number(10)", "NUMBER(10,0)"),
            ("number(5,-2)", "NUMBER(5,-2)"),
            ("integer", "NUMBER(38,0)"),
            ("varchar2(10 char)", "VARCHAR2(10 CHAR)"),
            ("varchar2(10)", "VARCHAR2(10 BYTE)"),
            ("char", "CHAR(1 BYTE)"),
            ("timestamp", "TIMESTAMP(6)"),
            ("timestamp(9) with time zone", "TIMESTAMP(9) WITH TIME ZONE"),
            ("long raw", "BLOB"),
            ("float", "FLOAT(126)"),
        ] {
            let kind = Kind::kept(declared).expect(declared);
            assert_eq!(kind.declared(), kept);
            assert_eq!(Kind::kept(kept).expect(kept), kind);
        }
        assert_eq!(Kind::kept("sdo_geometry").expect_err("unknown").code, 902);
    }

    #[test]
    fn postgresqls_numeric_tells_precision_and_scale() {
        let field = |modifier| Field { name: String::new(), table: 0, number: 0, kind: engine::NUMERIC, modifier };
        assert_eq!(Kind::of(&field((10 << 16) + 2 + 4)), Kind::Number(Some((10, 2))));
        assert_eq!(Kind::of(&field((5 << 16) + (-2 & 0x7ff) + 4)), Kind::Number(Some((5, -2))));
        assert_eq!(Kind::of(&field(-1)), Kind::Number(None));
    }
}

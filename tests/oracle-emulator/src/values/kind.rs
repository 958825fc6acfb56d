//! Column types as declared in Oracle.

use crate::engine::Refusal;
use crate::sql::words::{Word, words};

/// Oracle's type of a column or an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Precision and scale; `None` for a NUMBER that was declared without.
    Number(Option<(u8, i8)>),
    /// A NUMBER with this many binary digits.
    Float(u8),
    BinaryFloat,
    BinaryDouble,
    /// The length; the flag is true if it counts characters rather than bytes.
    Varchar2(u32, bool),
    /// Likewise, and padded with blanks.
    Char(u32, bool),
    /// Characters of the national character set.
    NVarchar2(u32),
    NChar(u32),
    Date,
    Timestamp(u8),
    TimestampTz(u8),
    /// Shown in the session's time zone.
    TimestampLtz(u8),
    /// Digits of the years.
    IntervalYm(u8),
    /// Digits of the days and of fractions of a second.
    IntervalDs(u8, u8),
    Boolean,
    Raw(u32),
    Clob,
    NClob,
    Blob,
    Long,
    LongRaw,
    Rowid,
}

/// The longest VARCHAR2 of a server with standard strings.
pub(crate) const LONGEST_TEXT: u32 = 4000;
pub(super) const LONGEST_RAW: u32 = 2000;
/// The default of FLOAT.
const FLOAT_DIGITS: u8 = 126;
/// PostgreSQL has no finer fractions of a second.
pub(super) const MICROS: u8 = 6;

impl Kind {
    /// Reads a type at the beginning of these words and returns the number of its words.
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
            "NVARCHAR2" => Kind::NVarchar2(first.unwrap_or(LONGEST_RAW)),
            "CHAR" | "CHARACTER" => Kind::Char(first.unwrap_or(1), counts_characters(false)),
            "NCHAR" => Kind::NChar(first.unwrap_or(1)),
            "DATE" => Kind::Date,
            "TIMESTAMP" => {
                let scale = first.map_or(MICROS, |scale| scale.min(9) as u8);
                if after(taken, &["WITH", "TIME", "ZONE"]) {
                    taken += 3;
                    Kind::TimestampTz(scale)
                } else if after(taken, &["WITH", "LOCAL", "TIME", "ZONE"]) {
                    taken += 4;
                    Kind::TimestampLtz(scale)
                } else {
                    Kind::Timestamp(scale)
                }
            }
            "INTERVAL" => return Self::interval(words),
            "BOOLEAN" => Kind::Boolean,
            "RAW" => Kind::Raw(first.unwrap_or(LONGEST_RAW)),
            "CLOB" => Kind::Clob,
            "NCLOB" => Kind::NClob,
            "BLOB" => Kind::Blob,
            "LONG" if after(taken, &["RAW"]) => {
                taken += 1;
                Kind::LongRaw
            }
            "LONG" => Kind::Long,
            "ROWID" | "UROWID" => Kind::Rowid,
            other => return Err(Refusal::new(902, format!("invalid datatype ({other})"))),
        };
        kind.check()?;
        Ok((kind, taken))
    }

    /// Refuses types that Oracle would not declare.
    fn check(&self) -> Result<(), Refusal> {
        let too_long = |length: u32, most: u32| match length {
            0 => Err(Refusal::new(1723, "zero-length columns are not allowed")),
            length if length > most => Err(Refusal::new(910, "specified length too long for its datatype")),
            _ => Ok(()),
        };
        match self {
            Kind::Varchar2(length, _) => too_long(*length, LONGEST_TEXT),
            Kind::NVarchar2(length) | Kind::Char(length, _) | Kind::Raw(length) => too_long(*length, LONGEST_RAW),
            Kind::NChar(length) => too_long(*length, LONGEST_RAW / 2),
            Kind::Number(Some((precision, _))) if !(1..=38).contains(precision) => {
                Err(Refusal::new(1727, "numeric precision specifier is out of range (1 to 38)"))
            }
            Kind::Number(Some((_, scale))) if *scale < -84 => {
                Err(Refusal::new(1728, "numeric scale specifier is out of range (-84 to 127)"))
            }
            _ => Ok(()),
        }
    }

    /// Reads a type as it was recorded.
    pub(crate) fn kept(text: &str) -> Result<Self, Refusal> {
        Ok(Self::read(&words(text)?)?.0)
    }

    /// `INTERVAL YEAR(2) TO MONTH`, `INTERVAL DAY(2) TO SECOND(6)`.
    fn interval(words: &[Word]) -> Result<(Self, usize), Refusal> {
        let unit = words.get(1).ok_or_else(|| Refusal::new(902, "invalid datatype"))?;
        let digits = |arguments: &[String], otherwise: u8| {
            arguments.first().and_then(|digits| digits.parse().ok()).unwrap_or(otherwise)
        };
        let (leading, first) = arguments(&words[1..]);
        // INTERVAL, the unit with its digits, TO.
        let last = 1 + first + 1;
        let (behind, second) = arguments(words.get(last..).unwrap_or_default());
        let kind = if unit.is("YEAR") {
            Kind::IntervalYm(digits(&leading, 2))
        } else {
            Kind::IntervalDs(digits(&leading, 2), digits(&behind, MICROS))
        };
        Ok((kind, last + second))
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

    /// The type in Oracle's spelling.
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
            Kind::TimestampLtz(scale) => format!("TIMESTAMP({scale}) WITH LOCAL TIME ZONE"),
            Kind::IntervalYm(digits) => format!("INTERVAL YEAR({digits}) TO MONTH"),
            Kind::IntervalDs(digits, scale) => format!("INTERVAL DAY({digits}) TO SECOND({scale})"),
            Kind::Boolean => "BOOLEAN".to_owned(),
            Kind::NVarchar2(length) => format!("NVARCHAR2({length})"),
            Kind::NChar(length) => format!("NCHAR({length})"),
            Kind::NClob => "NCLOB".to_owned(),
            Kind::Raw(length) => format!("RAW({length})"),
            Kind::Clob => "CLOB".to_owned(),
            Kind::Blob => "BLOB".to_owned(),
            Kind::Long => "LONG".to_owned(),
            Kind::LongRaw => "LONG RAW".to_owned(),
            Kind::Rowid => "ROWID".to_owned(),
        }
    }
}

/// The arguments in the parentheses after the first word, and the number of words including these.
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
            ("long raw", "LONG RAW"),
            ("interval day to second", "INTERVAL DAY(2) TO SECOND(6)"),
            ("interval day(5) to second(3)", "INTERVAL DAY(5) TO SECOND(3)"),
            ("interval year(4) to month", "INTERVAL YEAR(4) TO MONTH"),
            ("timestamp(3) with local time zone", "TIMESTAMP(3) WITH LOCAL TIME ZONE"),
            ("nvarchar2(7)", "NVARCHAR2(7)"),
            ("float", "FLOAT(126)"),
        ] {
            let kind = Kind::kept(declared).expect(declared);
            assert_eq!(kind.declared(), kept);
            assert_eq!(Kind::kept(kept).expect(kept), kind);
        }
        for (declared, code) in [
            ("sdo_geometry", 902),
            ("varchar2(4001)", 910),
            ("char(2001 char)", 910),
            ("varchar2(0)", 1723),
            ("number(39)", 1727),
            ("number(10,-85)", 1728),
        ] {
            assert_eq!(Kind::kept(declared).expect_err(declared).code, code, "{declared}");
        }
    }
}

//! The messages of answers.

use super::answer::Answer;
use crate::engine::{Column, Refusal};

/// Kinds of messages.
pub(super) mod kind {
    pub(in crate::ttc) const PROTOCOL: u8 = 1;
    pub(in crate::ttc) const DATA_TYPES: u8 = 2;
    pub(in crate::ttc) const FUNCTION: u8 = 3;
    pub(in crate::ttc) const ERROR: u8 = 4;
    pub(in crate::ttc) const ROW_HEADER: u8 = 6;
    pub(in crate::ttc) const ROW_DATA: u8 = 7;
    pub(in crate::ttc) const PARAMETERS: u8 = 8;
    pub(in crate::ttc) const STATUS: u8 = 9;
    pub(in crate::ttc) const DIRECTIONS: u8 = 11;
    pub(in crate::ttc) const LOB_DATA: u8 = 14;
    pub(in crate::ttc) const DESCRIPTION: u8 = 16;
    pub(in crate::ttc) const PIGGYBACK: u8 = 17;
    pub(in crate::ttc) const BIT_VECTOR: u8 = 21;
    pub(in crate::ttc) const END_OF_ANSWER: u8 = 29;
    pub(in crate::ttc) const FAST_LOGON: u8 = 34;
}

/// The settings that both sides agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    /// The version of the message fields.
    pub(super) fields: u8,
    /// True if answers have an end-of-response flag.
    pub(super) marks_end: bool,
}

const UTF8: u16 = 873;
const AL16UTF16: u16 = 2000;
/// In a transaction, in a call's status.
const IN_TRANSACTION: u64 = 2;
pub(super) const FIELDS_12_2: u8 = 8;
pub(super) const FIELDS_12_2_1: u8 = 9;
pub(super) const FIELDS_18_1_1: u8 = 11;
const FIELDS_20_1: u8 = 14;
const FIELDS_23_1: u8 = 17;
pub(super) const FIELDS_23_1_1: u8 = 18;
const FIELDS_23_1_3: u8 = 20;
const FIELDS_23_4: u8 = 24;

/// The end of a call.
#[derive(Default)]
pub(super) struct End<'e> {
    pub(super) in_transaction: bool,
    pub(super) cursor: u16,
    pub(super) rows: u64,
    pub(super) error: Option<&'e Refusal>,
    /// Rows of an array that were refused.
    pub(super) refused: &'e [(usize, Refusal)],
}

impl Answer {
    pub(super) fn status(&mut self, in_transaction: bool) -> &mut Self {
        self.byte(kind::STATUS).integer(if in_transaction { IN_TRANSACTION } else { 0 }).integer(0)
    }

    /// The message that ends every call, also a successful one.
    pub(super) fn end(&mut self, agreed: Agreed, end: &End<'_>) -> &mut Self {
        let code = end.error.map_or(0, |error| u64::from(error.code));
        self.byte(kind::ERROR).integer(if end.in_transaction { IN_TRANSACTION } else { 0 }).integer(0);
        self.integer(end.rows.min(u32::MAX.into())).integer(code & 0xffff).integer(0).integer(0);
        self.integer(end.cursor.into()).integer(0).zeros(6);
        // The row's address: object, file, a byte, block, slot.
        self.integer(0).integer(0).byte(0).integer(0).integer(0);
        // The system's error, the statement, the call, padding, iterations, a logical address.
        self.integer(0).byte(0).byte(0).integer(0).integer(0).integer(0);
        self.refused(end.refused);
        self.integer(code).integer(end.rows);
        if agreed.fields >= FIELDS_20_1 {
            self.integer(0).integer(0);
        }
        if let Some(error) = end.error {
            self.value(format!("{error}\n").as_bytes());
        }
        self
    }

    /// Codes, places and messages, each as an array.
    fn refused(&mut self, refused: &[(usize, Refusal)]) {
        let count = refused.len();
        self.count(count);
        if count > 0 {
            self.byte(count as u8);
            for (_, refusal) in refused {
                self.integer(refusal.code.into());
            }
        }
        self.count(count);
        if count > 0 {
            self.byte(count as u8);
            for (row, _) in refused {
                self.count(*row);
            }
        }
        self.count(count);
        if count > 0 {
            self.byte(count as u8);
            for (_, refusal) in refused {
                let words = format!("{refusal}\n");
                self.count(words.len()).value(words.as_bytes()).zeros(2);
            }
        }
    }

    /// Values of the call itself; the counts of an array's rows, if they were requested.
    pub(super) fn call_values(&mut self, counts: Option<&[u64]>) -> &mut Self {
        // go-ora reads two values whatever their count is.
        self.byte(kind::PARAMETERS).integer(2).integer(0).integer(0).integer(0).integer(0).integer(0);
        if let Some(counts) = counts {
            self.count(counts.len());
            for count in counts {
                self.integer(*count);
            }
        }
        self
    }

    /// The server's version, as a text and as a number.
    pub(super) fn version(&mut self, text: &str, number: u32) -> &mut Self {
        self.byte(kind::PARAMETERS).announced(text.as_bytes()).integer(number.into())
    }

    /// Named texts.
    pub(super) fn pairs(&mut self, pairs: &[(&str, String, u32)]) -> &mut Self {
        self.byte(kind::PARAMETERS).count(pairs.len());
        for (name, value, flags) in pairs {
            self.announced(name.as_bytes()).announced(value.as_bytes()).integer((*flags).into());
        }
        self
    }

    /// The server's capabilities.
    pub(super) fn protocol(&mut self, agreed: Agreed) -> &mut Self {
        self.byte(kind::PROTOCOL).byte(6).byte(0).raw(b"wmshost emulator, not Oracle\0");
        self.raw(&UTF8.to_le_bytes()).byte(1).raw(&0_u16.to_le_bytes());
        self.big_endian_u16(11).zeros(9).big_endian_u16(AL16UTF16);
        let mut can = [0; 55];
        let end = if agreed.marks_end { 0x24 } else { 0x04 };
        for (at, value) in [
            (0, 6),
            (4, 0xea),
            (7, agreed.fields),
            (8, 1),
            (15, 0x29),
            (16, 0x90),
            (17, 3),
            (18, 7),
            (19, 3),
            (21, 1),
            (23, 0xcf),
            (26, 4),
            (27, 1),
            (31, 0x10),
            (34, 12),
            (37, 0xb8),
            (40, end),
            (42, 5),
            (44, 8),
        ] {
            can[at] = value;
        }
        // Texts of the standard length: 4,000 bytes.
        let mut at_run_time = [0; 13];
        (at_run_time[0], at_run_time[6]) = (2, 1);
        self.value(&can).value(&at_run_time)
    }

    /// The columns of a query.
    pub(super) fn description(&mut self, agreed: Agreed, columns: &[Column]) -> &mut Self {
        self.byte(kind::DESCRIPTION).value(&[0; 16]).integer(1000).count(columns.len());
        if !columns.is_empty() {
            self.byte(1);
        }
        for (at, column) in columns.iter().enumerate() {
            self.column(agreed, at, column);
        }
        // The time of the describe; no flags, no registration.
        self.integer(7).value(&[120, 126, 1, 1, 1, 1, 1]).integer(0).integer(0).integer(0).integer(0).integer(0)
    }

    fn column(&mut self, agreed: Agreed, at: usize, column: &Column) {
        let (precision, scale) = column.kind.digits();
        let (bytes, size) = column.kind.sizes();
        let text = column.kind.is_text();
        self.byte(column.kind.wire()).byte(0).byte(precision).byte(scale.to_be_bytes()[0]).integer(bytes.into());
        self.integer(0).integer(0).integer(0).integer(0);
        let (charset, form) = match (column.kind.is_national(), text) {
            (true, _) => (AL16UTF16, 2),
            (_, true) => (UTF8, 1),
            _ => (0, 0),
        };
        self.integer(charset.into()).byte(form).integer(size.into());
        if agreed.fields >= FIELDS_12_2 {
            self.integer(0);
        }
        self.byte(column.nullable.into()).byte(column.name.len() as u8).announced(column.name.as_bytes());
        self.integer(0).integer(0).count(at + 1).integer(0);
        if agreed.fields >= FIELDS_23_1 {
            self.integer(0).integer(0);
        }
        if agreed.fields >= FIELDS_23_1_3 {
            self.integer(0);
        }
        if agreed.fields >= FIELDS_23_4 {
            self.integer(0).byte(0).byte(0);
        }
    }
}

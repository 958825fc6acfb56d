//! The quirks that are in the data: times that are null, equal or in the future, texts and values that are hard to read.

use crate::catalogue::{Entity, Kind, entities};
use crate::quirks::{Quirk, Quirks};
use crate::random::Random;
use crate::store::{Fate, Row, Tables};
use crate::value::{HOUR, SECOND, SUMMER_END, Value};

/// One row in this number has the quirk.
const NULL_TIMES: usize = 97;
const FUTURE: usize = 211;
const REQUIRED_NULL: usize = 31;
const HOSTILE: usize = 41;
const POISON: usize = 53;
/// The rows with equal times, or with times in one second: more than the largest page, but no more than half of the table.
const CROWD: usize = 2_600;

/// The field that gets hostile texts, by entity.
const TEXTS: [(&str, &str); 5] = [
    ("allocation", "pick_locn_str"),
    ("item", "short_descr"),
    ("location", "pick_zone"),
    ("order_dtl", "spl_instr"),
    ("order_hdr", "cust_name"),
];

/// The decimal that gets poison, by entity.
const DECIMALS: [(&str, &str); 4] =
    [("allocation", "alloc_qty"), ("inventory", "curr_qty"), ("item", "unit_cost"), ("order_dtl", "ord_qty")];

pub(super) fn apply(tables: &mut Tables, seed: u64, now: i64, quirks: Quirks) {
    for entity in entities() {
        let (Some(created), Some(changed)) = (entity.place("create_ts"), entity.place("mod_ts")) else { continue };
        let mut random = Random::new(seed, 0x51A9E);
        for (at, row) in tables.of_mut(entity.name).rows_mut().iter_mut().enumerate() {
            if row.at(entity, changed).is_null() {
                row.put(changed, row.at(entity, created));
            }
            times(row, at, [created, changed], now, quirks, &mut random);
            contents(entity, row, at, quirks);
        }
    }
}

fn times(row: &mut Row, at: usize, [created, changed]: [usize; 2], now: i64, quirks: Quirks, random: &mut Random) {
    if quirks.has(Quirk::SummerTime) && at < 6 {
        row.put(changed, Value::Instant(SUMMER_END + (at as i64 * 2 - 5) * HOUR / 8 + at as i64));
    }
    let in_crowd = at < CROWD;
    if quirks.has(Quirk::EqualTimes) && in_crowd && at.is_multiple_of(2) {
        row.put(changed, Value::Instant(now - 30 * HOUR + 271_828));
    }
    if quirks.has(Quirk::CrowdedSecond) && in_crowd && at % 2 == 1 {
        row.put(changed, Value::Instant(now - 50 * HOUR + random.between(0, SECOND - 1)));
    }
    if quirks.has(Quirk::FutureRows) && at % FUTURE == 3 {
        row.put(changed, Value::Instant(now + random.between(1, 90 * 60) * SECOND));
    }
    if quirks.has(Quirk::NullTimes) && at % NULL_TIMES == 5 {
        row.put(changed, Value::Null);
    }
    if quirks.has(Quirk::NullTimes) && at % NULL_TIMES == 8 {
        row.put(created, Value::Null);
    }
}

fn contents(entity: &Entity, row: &mut Row, at: usize, quirks: Quirks) {
    if quirks.has(Quirk::RequiredNull) && at % REQUIRED_NULL == 7 {
        for (place, field) in entity.fields.iter().enumerate().filter(|(_, field)| field.required) {
            if !matches!(field.kind, Kind::Key) && (at / REQUIRED_NULL + place).is_multiple_of(3) {
                row.put(place, Value::Null);
            }
        }
    }
    let named =
        |list: &[(&str, &str)]| list.iter().find(|(name, _)| *name == entity.name).map(|(_, field)| field.to_string());
    if let Some(field) = named(&TEXTS).filter(|_| quirks.has(Quirk::HostileTexts) && at % HOSTILE == 11) {
        hostile(entity, row, &field, at / HOSTILE);
    }
    if let Some(field) = named(&DECIMALS).filter(|_| quirks.has(Quirk::PoisonRows) && at % POISON == 13) {
        poison(entity, row, &field, at / POISON);
    }
}

fn hostile(entity: &Entity, row: &mut Row, field: &str, turn: usize) {
    let (text, fate) = match turn % 5 {
        0 => (Value::text("long ".repeat(120)), Fate::Kept),
        1 => (Value::text("a\u{0}b"), Fate::Either),
        2 => (Value::text("\u{1}\u{8}\u{b}\u{1f}\u{7f}\t\r\n\"\\/"), Fate::Kept),
        3 => (Value::text("caf\u{e9} \u{1F4E6}\u{200D} \u{202E}\u{feff} e\u{301}"), Fate::Kept),
        _ => (Value::Raw(r#""a\ud800b""#), Fate::Rejected),
    };
    row.set(entity, field, text);
    row.fate = fate;
}

fn poison(entity: &Entity, row: &mut Row, decimal: &str, turn: usize) {
    let (field, token) = match turn % 5 {
        0 => (decimal, r#""12,5""#),
        1 => ("create_ts", r#""2026-02-30T25:61:00-03:00""#),
        2 => ("create_user", r#"{"name":"x"}"#),
        3 => ("id", "null"),
        _ => (decimal, r#""123456789012345678901234567890123456789012345678901234567890""#),
    };
    row.set(entity, field, Value::Raw(token));
    row.fate = Fate::Rejected;
}

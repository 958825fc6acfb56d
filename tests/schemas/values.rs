//! The values that are put into a column: most fit its type, some are hard.

use wmshost_tests::{EPOCH, Numbers, day_text, moment_text};

use crate::kinds::{Cell, Kind};

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into().into_bytes())
}

/// A value that fits the type.
pub(crate) fn fitting(kind: Kind, numbers: &mut Numbers) -> Cell {
    let micros = EPOCH + numbers.below(1 << 50) as i64;
    match kind {
        Kind::Whole => Cell::Whole(numbers.pick(&[0, 1, -1, 42, i64::MAX, i64::MIN, 999_999_999_999])),
        Kind::Truth => Cell::Whole(numbers.below(2) as i64),
        Kind::Decimal(precision, scale) => {
            let whole: String = (0..1 + numbers.below(precision.min(18) as u64 - scale.min(17) as u64))
                .map(|_| char::from(b'0' + numbers.below(10) as u8))
                .collect();
            let fraction: String =
                (0..numbers.below(scale as u64 + 1)).map(|_| char::from(b'0' + numbers.below(10) as u8)).collect();
            match numbers.below(3) {
                0 if fraction.is_empty() => whole.parse().map_or(Cell::Whole(0), Cell::Whole),
                1 if whole.len() + fraction.len() <= 15 => {
                    format!("{whole}.{fraction}0").parse().map_or(Cell::Null, Cell::Real)
                }
                _ if fraction.is_empty() => text(whole),
                _ => text(format!("{}{whole}.{fraction}", numbers.pick(&["", "-"]))),
            }
        }
        Kind::Real => Cell::Real(numbers.pick(&[0.1, -2.5, 1e300, 5e-324, 0.1 + 0.2, 123_456_789.125, f64::INFINITY])),
        Kind::Text => text(numbers.pick(&[
            "",
            "a",
            "É",
            "it's \"x\"",
            "line\nline",
            "a\0b",
            "NULL",
            "😀",
            "x".repeat(3_000).as_str(),
        ])),
        Kind::Bytes => Cell::Bytes(numbers.pick(&[vec![], vec![0], vec![0xff, 0, 0x41]])),
        Kind::Moment(false) => {
            let full = moment_text(micros);
            text(numbers.pick(&[
                full.clone(),
                full.replace(' ', "T"),
                full[..19].to_owned(),
                full[..16].to_owned(),
                full[..10].to_owned(),
            ]))
        }
        Kind::Moment(true) => text(moment_text(micros) + numbers.pick(&["Z", "+00:00", " -03:30", "+14"])),
        Kind::Day => text(day_text(micros)),
        Kind::Any => numbers.pick(&[Cell::Whole(7), Cell::Real(2.5), text("word"), text("2026-01-31"), text("")]),
        Kind::Seconds => numbers.pick(&[Cell::Whole(1_769_860_800), Cell::Whole(-1), text("1769860800.5")]),
        Kind::Words => numbers.pick(&[text("Yes"), text("f"), Cell::Whole(1), text("off")]),
    }
}

/// A value that fits some types and not others.
pub(crate) fn hard(kind: Kind, numbers: &mut Numbers) -> Cell {
    let reals = [0.5, -0.0, 1e300, 0.1 + 0.2, 9_007_199_254_740_993.0, f64::NEG_INFINITY, 1e15, 123_456.789_012_345_6];
    let cells = [
        Cell::Whole(i64::MIN),
        Cell::Whole(9_007_199_254_740_993),
        Cell::Whole(2),
        text("n/a"),
        text(" 1"),
        text("1e5"),
        text("-.5"),
        text("12345678901234567890.12345"),
        text("2026-02-30"),
        text("0000-01-01 00:00:00"),
        text("9999-12-31 23:59:59.999999"),
        text("0000-01-01 00:00:00+15:00"),
        text("2026-01-31 10:00:00.1234567"),
        text("2026-01-31 24:00"),
        text("2026-1-31"),
        text("Maybe"),
        Cell::Text(vec![b'a', 0xff, 0xfe]),
        Cell::Bytes(vec![0, 0xff]),
        Cell::Bytes(b"text".to_vec()),
    ];
    match numbers.below(4) {
        // How a fraction of seconds is rounded is not the oracle's business.
        0 if kind != Kind::Seconds => Cell::Real(numbers.pick(&reals)),
        _ => numbers.pick(&cells),
    }
}

/// The value of a key column in the row of this number, which no other row has.
pub(crate) fn of_key(kind: Kind, row: i64) -> Cell {
    match kind {
        Kind::Whole => Cell::Whole(row * 7 - 20),
        Kind::Decimal(_, 0) => Cell::Whole(row),
        Kind::Decimal(..) => Cell::Real(row as f64 + 0.25),
        Kind::Real => Cell::Real(row as f64 / 8.0),
        Kind::Bytes => Cell::Bytes(vec![row as u8, 0]),
        Kind::Moment(false) => text(moment_text(EPOCH + row * 1_000_001)),
        Kind::Moment(true) => text(moment_text(EPOCH + row * 1_000_001) + "+00:00"),
        Kind::Day => text(day_text(EPOCH + row * 86_400_000_000)),
        _ => text(format!("k{row} é'\"")),
    }
}

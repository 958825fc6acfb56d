//! The number of rows per round trip that suits a server, where the pipeline does not say.
//!
//! A round trip has a price, so more rows at a time are cheaper. Before 23ai an answer has one, too: the driver reads what it
//! has of it again with each packet that comes, so that a row costs more the more rows come with it. The sum of both per row
//! is least at the root of the one price over the other.

use std::time::Duration;

use crate::oracle::client::column_info::{ColumnInfo, Kind};

/// The first release whose answers cost the same per row at any size.
const QUICK_RELEASE: usize = 23;
/// The nanoseconds that a byte of one row costs for each row that comes with it, before that release; measured with 20,000
/// rows of 0.4 kB on 2026-11-28.
const REREAD_NANOS: f64 = 0.04;
/// The share of a row in a round trip that is worth no more rows, since that release.
const CHEAP_NANOS: f64 = 2_000.0;
/// The fewest and the most rows before that release, and since.
const OLD_ROWS: (f64, f64) = (100.0, 2_000.0);
const QUICK_ROWS: (f64, f64) = (1_000.0, 5_000.0);
/// The most bytes that the rows of one answer may have.
const ANSWER_BYTES: u64 = 32 << 20;
/// The usual length of a text that may be longer.
const USUAL_TEXT: u64 = 24;

/// The width of a row in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowWidth {
    /// The usual one.
    usual: u64,
    /// The greatest.
    most: u64,
}

impl RowWidth {
    /// The width of rows with these columns, without large objects.
    pub(crate) fn of(columns: &[ColumnInfo]) -> Self {
        let widths = columns.iter().map(width);
        widths.fold(Self { usual: 1, most: 1 }, |sum, (usual, most)| Self {
            usual: sum.usual + usual,
            most: sum.most + most,
        })
    }
}

/// The usual and the greatest width of a column.
fn width(column: &ColumnInfo) -> (u64, u64) {
    match column.kind {
        Kind::Number => (6, 22),
        Kind::Varchar | Kind::Char | Kind::Raw => {
            let letters = declared_length(&column.declared).unwrap_or(4_000);
            // A letter has up to four bytes.
            (letters.min(USUAL_TEXT), 4 * letters)
        }
        _ => (12, 64),
    }
}

/// The length in a declared type: 40 of `VARCHAR2(40 CHAR)`.
fn declared_length(declared: &str) -> Option<u64> {
    let inner = declared.split_once('(')?.1;
    let end = inner.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(inner.len());
    inner[..end].parse().ok()
}

/// The rows per round trip that suit a release, the measured time of a round trip, and the width of the rows.
pub(crate) fn fetch_rows(release: usize, round_trip: Duration, width: RowWidth) -> u32 {
    let nanos = round_trip.as_nanos() as f64;
    let rows = if release < QUICK_RELEASE {
        (nanos / (REREAD_NANOS * width.usual as f64)).sqrt().clamp(OLD_ROWS.0, OLD_ROWS.1)
    } else {
        (nanos / CHEAP_NANOS).clamp(QUICK_ROWS.0, QUICK_ROWS.1)
    };
    let held = ANSWER_BYTES / width.most.max(1);
    (rows as u32).min(u32::try_from(held).unwrap_or(u32::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, declared: &str) -> ColumnInfo {
        ColumnInfo {
            name: "C".into(),
            kind,
            precision: 0,
            scale: 0,
            letters: 0,
            nullable: true,
            declared: declared.into(),
        }
    }

    #[test]
    fn a_slow_network_gets_more_rows_at_a_time_as_far_as_they_can_be_held() {
        let narrow = RowWidth::of(&vec![column(Kind::Number, "NUMBER(10)"); 10]);
        let rows = |release, micros, width| fetch_rows(release, Duration::from_micros(micros), width);
        for (release, micros, expected) in
            [(19, 0, 100), (19, 200, 286), (19, 1_000, 640), (19, 10_000, 2_000), (23, 200, 1_000), (23, 10_000, 5_000)]
        {
            assert_eq!(rows(release, micros, narrow), expected, "{release} {micros}");
        }
        let wide = RowWidth::of(&vec![column(Kind::Varchar, "VARCHAR2(4000 CHAR)"); 100]);
        assert!(rows(19, 1_000, wide) < rows(19, 1_000, narrow));
        assert_eq!(rows(23, 10_000, wide), 20, "1.6 MB a row");
        let text = RowWidth::of(&[column(Kind::Varchar, "VARCHAR2(10)")]);
        assert_eq!(text, RowWidth { usual: 11, most: 41 });
    }
}

//! Behaviours that write invalid columns. The batch of the tests has eight rows.

use crate::wmshost::plugin::batches::{Batch, Booleans, Categories, Dates, Decimals, Int64s, Texts};
use crate::wmshost::plugin::types::DecimalType;
use crate::{Done, got_out};

fn numbers(count: usize) -> Int64s {
    Int64s { values: vec![7; count], validity: None }
}

fn texts(offsets: &[i32], values: &[u8]) -> Texts {
    Texts { offsets: offsets.to_vec(), values: values.to_vec(), validity: None }
}

fn decimals(precision: u8, scale: u8, unscaled: i128, rows: usize) -> Decimals {
    let values = std::iter::repeat_n(unscaled.to_le_bytes(), rows).flatten().collect();
    Decimals { kind: DecimalType { precision, scale }, values, validity: None }
}

fn columns_without_end(batch: &Batch) -> Done {
    for n in 0..1_000_000 {
        batch.write_int64s(&format!("c{n}"), &numbers(batch.row_count() as usize))?;
    }
    Err(got_out("a million columns"))
}

fn bytes_without_end(batch: &Batch) -> Done {
    let bytes = 256 << 10;
    let mut offsets = vec![0; batch.row_count() as usize];
    offsets.push(bytes);
    let data = Texts { offsets, values: vec![b'x'; bytes as usize], validity: None };
    for n in 0..1_000 {
        batch.write_texts(&format!("t{n}"), &data)?;
    }
    Err(got_out("250 MiB"))
}

/// Continues after every refusal: refused columns must not exist.
fn columns_ignored(batch: &Batch) -> Done {
    let tries = (0..2_000).map(|n| batch.write_int64s(&format!("c{n}"), &numbers(batch.row_count() as usize)));
    let last = tries.last().unwrap_or(Ok(()));
    match batch.schema().len() {
        0..=1_000 => last,
        more => Err(got_out(more)),
    }
}

fn bytes_ignored(batch: &Batch) -> Done {
    let bytes = 4 << 20;
    let mut offsets = vec![0; batch.row_count() as usize];
    offsets.push(bytes);
    let data = Texts { offsets, values: vec![b'x'; bytes as usize], validity: None };
    let last = (0..64).map(|n| batch.write_texts(&format!("t{n}"), &data)).last().unwrap_or(Ok(()));
    match batch.schema().len() {
        0..=18 => last,
        more => Err(got_out(more)),
    }
}

/// Few bytes in the guest that would be many in the host.
fn category_bomb(batch: &Batch, codes: usize) -> Done {
    let labels = vec!["x".repeat(8 << 20)];
    batch.write_categories("bomb", &Categories { labels, codes: vec![0; codes], validity: None })
}

fn categories(batch: &Batch, labels: usize, codes: Vec<u8>) -> Done {
    let labels = (0..labels).map(|n| format!("label {n}")).collect();
    batch.write_categories("bad", &Categories { labels, codes, validity: None })
}

fn bad_texts(behaviour: &str, batch: &Batch) -> Option<Done> {
    let data = match behaviour {
        "utf8" => texts(&[0, 1, 2, 3, 4, 5, 6, 7, 8], b"abc\xffefgh"),
        "utf8-cut" => texts(&[0, 1, 2, 2, 2, 2, 2, 2, 2], "é".as_bytes()),
        "offsets-descend" => texts(&[0, 4, 2, 4, 4, 4, 4, 4, 4], b"abcd"),
        "offsets-negative" => texts(&[-4, 0, 0, 0, 0, 0, 0, 0, 4], b"abcd"),
        "offsets-beyond" => texts(&[0, 0, 0, 0, 0, 0, 0, 0, i32::MAX], b"abcd"),
        "offsets-none" => texts(&[], b""),
        "offsets-few" => texts(&[0, 1, 2, 4], b"abcd"),
        _ => return None,
    };
    Some(batch.write_texts("bad", &data).and_then(|()| batch.write_binaries("bad", &data)))
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    let short = Some(vec![0xff, 0xff]);
    Some(match behaviour {
        "columns" => columns_without_end(batch),
        "bytes" => bytes_without_end(batch),
        "columns-ignored" => columns_ignored(batch),
        "bytes-ignored" => bytes_ignored(batch),
        "copied" => batch.write_int64s("big", &numbers(1 << 20)),
        "category-bomb" => category_bomb(batch, batch.row_count() as usize),
        "category-bomb-long" => category_bomb(batch, 8 << 20),
        "too-few" => batch.write_int64s("bad", &numbers(7)),
        "too-many" => batch.write_int64s("bad", &numbers(9)),
        "replace-too-few" => batch.write_int64s("id", &numbers(0)),
        "bits-few" => batch.write_booleans("bad", &Booleans { values: vec![], validity: None }),
        "bits-many" => batch.write_booleans("bad", &Booleans { values: vec![1; 9], validity: None }),
        "validity" => batch.write_int64s("bad", &Int64s { validity: short, ..numbers(8) }),
        "validity-none" => batch.write_dates("bad", &Dates { values: vec![0; 8], validity: Some(vec![]) }),
        "code-without-label" => categories(batch, 3, vec![0, 1, 2, 3, 0, 0, 0, 0]),
        "code-without-labels" => categories(batch, 0, vec![0; 8]),
        "labels-many" => categories(batch, 257, vec![0; 8]),
        "codes-few" => categories(batch, 3, vec![0; 7]),
        "decimal-beyond" => batch.write_decimals("bad", &decimals(5, 2, 100_000, 8)),
        "decimal-beyond-below" => batch.write_decimals("bad", &decimals(5, 2, -100_000, 8)),
        "decimal-far-beyond" => batch.write_decimals("bad", &decimals(38, 0, i128::MIN, 8)),
        "decimal-precision" => batch.write_decimals("bad", &decimals(99, 3, 1, 8)),
        "decimal-precision-0" => batch.write_decimals("bad", &decimals(0, 0, 0, 8)),
        "decimal-scale" => batch.write_decimals("bad", &decimals(5, 6, 1, 8)),
        "decimal-scale-255" => batch.write_decimals("bad", &decimals(38, 255, 1, 8)),
        "decimal-cut" => {
            let mut data = decimals(5, 2, 1, 8);
            data.values.pop();
            batch.write_decimals("bad", &data)
        }
        "name-long" => batch.write_int64s(&"n".repeat(300), &numbers(8)),
        "name-empty" => batch.write_int64s("", &numbers(8)),
        _ => return bad_texts(behaviour, batch),
    })
}

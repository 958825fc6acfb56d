//! Behaviours that spoil the batch's rows and names.

use crate::wmshost::plugin::batches::{Batch, Int64s, Texts};
use crate::{Done, got_out};

fn all(batch: &Batch) -> Vec<u32> {
    (0..batch.row_count()).collect()
}

/// Writes a long text into the first row, which in JSON would be six times as long, and sends the row into quarantine;
/// then the same with the next.
fn reject_big_rows(batch: &Batch) -> Done {
    while batch.row_count() > 0 {
        let bytes = 512 << 10;
        let mut offsets = vec![bytes; batch.row_count() as usize + 1];
        offsets[0] = 0;
        let values = vec![1; bytes as usize];
        batch.write_texts("big", &Texts { offsets, values, validity: None })?;
        batch.reject(&[0], "big", "because")?;
    }
    batch.drop_columns(&["big".into()])
}

/// A list that claims to have four billion rows.
fn reject_billions(batch: &Batch) -> Done {
    let rows = std::ptr::with_exposed_provenance::<u32>(4);
    // SAFETY: none; only the host reads it, and must not.
    let rows = unsafe { std::slice::from_raw_parts(rows, 0x1fff_ffff) };
    batch.reject(rows, "rule", "reason")
}

fn reject_twice(batch: &Batch) -> Done {
    batch.reject(&[2, 2, 2, 5, 2], "double", "named twice")?;
    if batch.row_count() == 6 { Ok(()) } else { Err(got_out(batch.row_count())) }
}

/// Changes that a transform may make and the host must undo for rows that are rejected afterwards: doubles a number in
/// place, renames a column, and drops one. Then it rejects the rows whose number was odd, if `rejects` is set.
fn in_place(batch: &Batch, rejects: bool) -> Done {
    let read = batch.read_int64s("qty")?;
    let odd = (0..).zip(&read.values).filter(|(_, value)| *value % 2 != 0).map(|(row, _)| row).collect::<Vec<u32>>();
    let values = read.values.iter().map(|value| value * 2).collect();
    batch.write_int64s("qty", &Int64s { values, validity: read.validity })?;
    batch.rename("extra", "more")?;
    batch.drop_columns(&["gone".into()])?;
    if rejects { batch.reject(&odd, "odd", "the quantity is odd") } else { Ok(()) }
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "in-place" => in_place(batch, false),
        "in-place-reject" => in_place(batch, true),
        "reject-beyond" => batch.reject(&[0, 8], "rule", "reason"),
        "reject-far-beyond" => batch.reject(&[u32::MAX], "rule", "reason"),
        "reject-billions" => reject_billions(batch),
        "reject-millions" => batch.reject(&vec![1; 4 << 20], "rule", "reason"),
        "reject-long-reason" => batch.reject(&all(batch), &"r".repeat(1 << 20), &"é".repeat(1 << 20)),
        "reject-big-rows" => reject_big_rows(batch),
        "reject-twice" => reject_twice(batch),
        "reject-all" => batch.reject(&all(batch), "rule", "reason"),
        "filter-short" => batch.filter(&[]),
        "filter-long" => batch.filter(&[0xff; 2]),
        "filter-none" => batch.filter(&[0]),
        "drop-unknown" => batch.drop_columns(&["id".into(), "nobody".into()]),
        "drop-twice" => batch.drop_columns(&["id".into(), "id".into()]),
        "drop-all" => {
            let names: Vec<String> = batch.schema().into_iter().map(|column| column.name).collect();
            batch.drop_columns(&names)
        }
        "drop-millions" => batch.drop_columns(&vec!["id".into(); 100_000]),
        "rename-double" => batch.rename("id", "name"),
        "rename-unknown" => batch.rename("nobody", "somebody"),
        "rename-empty" => batch.rename("id", ""),
        "rename-long" => batch.rename("id", &"n".repeat(300)),
        "read-unknown" => batch.read_int64s("nobody").map(|_| ()),
        "read-other-type" => batch.read_texts("id").map(|_| ()),
        "read-decimal" => batch.read_decimals("id").map(|_| ()),
        _ => return None,
    })
}

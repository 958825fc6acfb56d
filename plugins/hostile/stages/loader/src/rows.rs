//! Behaviours that lose rows, change them, or write them twice.

use crate::exports::wmshost::plugin::loading::Request;
use crate::wmshost::plugin::batches::{Batch, Int64s};
use crate::wmshost::plugin::target::{self, MergeRule};
use crate::wmshost::plugin::types::Failure;
use crate::{Done, definition, good_load, rule, staged};

/// The first half of the rows twice: the right number of rows.
fn half_twice(request: &Request, batch: &Batch) -> Done {
    let rows = batch.row_count() as usize;
    let mut keep = vec![0_u8; rows.div_ceil(8)];
    (0..rows / 2).for_each(|row| keep[row / 8] |= 1 << (row % 8));
    batch.filter(&keep)?;
    good_load(request, batch)?;
    good_load(request, batch)
}

fn merged(request: &Request, batch: &Batch, key: &[&str], version: Option<&str>) -> Done {
    let key = key.iter().map(|name| (*name).to_owned()).collect();
    target::merge(&request.table, batch, &MergeRule { key, version: version.map(str::to_owned) })
}

/// An empty table in place of the full one.
fn emptied(request: &Request, batch: &Batch) -> Done {
    target::stage(&definition(request), false)?;
    target::swap(&request.table)?;
    good_load(request, batch)
}

/// A failed write that is not reported.
fn swallowed(request: &Request, batch: &Batch) -> Done {
    let _ = target::insert("NOBODY", batch);
    good_load(request, batch)
}

pub(crate) fn misbehave(behaviour: &str, request: &Request, batch: &Batch) -> Option<Done> {
    let zeros = || Int64s { values: vec![0; batch.row_count() as usize], validity: None };
    let then_load = |done: Done| done.and_then(|()| good_load(request, batch));
    Some(match behaviour {
        "write-nothing" => Ok(()),
        "write-twice" => good_load(request, batch).and_then(|()| good_load(request, batch)),
        "write-half-twice" => half_twice(request, batch),
        "merge-other-key" => merged(request, batch, &["name"], None),
        "merge-more-key" => merged(request, batch, &["id", "name"], None),
        "merge-no-key" => merged(request, batch, &[], None),
        "merge-unknown-key" => merged(request, batch, &["nobody"], None),
        "merge-other-version" => merged(request, batch, &["id"], Some("id")),
        "merge-into-staged" => {
            target::stage(&definition(request), false).and_then(|name| target::merge(&name, batch, &rule(request)))
        }
        "empty-the-table" => emptied(request, batch),
        "insert-past-the-stage" => target::insert(&request.table, batch),
        "merge-past-the-stage" => target::merge(&request.table, batch, &rule(request)),
        "insert-then-swap" => target::insert(&staged(request), batch).and_then(|()| target::swap(&request.table)),
        "stage-again" => target::stage(&definition(request), false).and_then(|_| good_load(request, batch)),
        "swallow-failure" => swallowed(request, batch),
        "change-values" => then_load(batch.write_int64s("amount", &zeros())),
        "add-column" => then_load(batch.write_int64s("more", &zeros())),
        "drop-column" => then_load(batch.drop_columns(&["name".into()])),
        "rename-column" => then_load(batch.rename("name", "nom")),
        "filter" => then_load(batch.filter(&vec![0; (batch.row_count() as usize).div_ceil(8)])),
        "reject" => then_load(batch.reject(&[0], "rule", "reason")),
        "fail-half-way" => {
            good_load(request, batch).and_then(|()| Err(Failure::Transient("the other half is lost".into())))
        }
        _ => return None,
    })
}

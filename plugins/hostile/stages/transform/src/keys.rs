//! Behaviours that change the key of a row.

use crate::Done;
use crate::wmshost::plugin::batches::{Batch, Int64s};

fn ids(batch: &Batch) -> Result<Vec<i64>, crate::wmshost::plugin::types::Failure> {
    batch.read_int64s("id").map(|ids| ids.values)
}

fn write(batch: &Batch, values: Vec<i64>) -> Done {
    batch.write_int64s("id", &Int64s { values, validity: None })
}

/// The ids in another order, under the same name: written as another column, which then replaces the first.
fn reverse(batch: &Batch) -> Done {
    let mut ids = ids(batch)?;
    ids.reverse();
    batch.rename("id", "aside")?;
    write(batch, ids)?;
    batch.drop_columns(&["aside".into()])
}

/// Drops a row, so that all rows after it move up, and writes its id into the next one.
fn inherit(batch: &Batch) -> Done {
    let mut ids = ids(batch)?;
    batch.filter(&[!1])?;
    ids.pop();
    write(batch, ids)
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    let rows = batch.row_count() as usize;
    Some(match behaviour {
        "key-overwrite" => write(batch, vec![1; rows]),
        "key-double" => ids(batch).and_then(|mut ids| {
            ids[1] = ids[0];
            write(batch, ids)
        }),
        "key-reverse" => reverse(batch),
        "key-inherit" => inherit(batch),
        "key-null" => {
            ids(batch).and_then(|values| batch.write_int64s("id", &Int64s { values, validity: Some(vec![!1]) }))
        }
        "key-drop" => batch.drop_columns(&["id".into()]),
        "key-same" => ids(batch).and_then(|ids| write(batch, ids)),
        "key-in-place" => batch.read_int64s("amount").and_then(|mut amounts| {
            amounts.values.iter_mut().for_each(|amount| *amount /= 10);
            batch.write_int64s("amount", &amounts)?;
            batch.reject(&[2], "third", "the third row")
        }),
        _ => return None,
    })
}

//! The reports of `wmshost backup` and `wmshost restore`.

use indicatif::HumanBytes;
use wmshost_flow::Failure;
use wmshost_runtime::backup::{BackedUp, Backup, Restored};

use super::{json, note, plain, print, table};
use crate::cli::Output;

/// Reports a backup.
pub(crate) fn backup(written: &Backup, output: Output) -> Result<(), Failure> {
    for left in &written.left_out {
        note(&plain(&format!("connection {} is not in the backup: {}", left.connection, left.reason)));
    }
    if output == Output::Json {
        return json(written);
    }
    let row = |database: &BackedUp| {
        vec![whose(database.connection.as_deref()), database.file.clone(), HumanBytes(database.bytes).to_string()]
    };
    table(&["connection", "file", "bytes"], &[2], written.databases.iter().map(row).collect());
    Ok(())
}

/// Says what would be put back.
pub(crate) fn to_restore(backup: &Backup) {
    note(&plain(&format!("the targets of {} become what they were at {}", backup.pipeline, backup.taken_at)));
}

/// Reports what was put back.
pub(crate) fn restored(restored: &[Restored], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&restored);
    }
    for done in restored {
        let kept = match &done.kept {
            Some(kept) => format!("what was there is {kept}"),
            None => "nothing was there".to_owned(),
        };
        print(&plain(&format!("{}: {} is as in the backup; {kept}", whose(done.connection.as_deref()), done.file)));
    }
    Ok(())
}

fn whose(connection: Option<&str>) -> String {
    connection.map_or_else(|| "the host's own".to_owned(), plain)
}

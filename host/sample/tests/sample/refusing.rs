//! Refusals of both calls: their messages, and that they leave everything unchanged.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use wmshost_sample::{ChangeOptions, CreateOptions, MAX_ALLOCATIONS, Moment, SampleError, change, create};

use crate::{Outcome, Sample, digest};

/// Returns the message of a refusal, without the folder.
fn message<T>(result: Result<T, SampleError>, folder: &Path) -> String {
    match result {
        Ok(_) => "no refusal".to_owned(),
        Err(error) => error.to_string().replace(&*folder.to_string_lossy(), "[folder]"),
    }
}

fn changed(file: &Path, percent: f64) -> Result<(), SampleError> {
    change(&ChangeOptions::new(file, percent, 1), |_, _, _| ()).map(drop)
}

fn created(file: &Path) -> Result<(), SampleError> {
    create(&CreateOptions::new(file, 10, 1), |_, _, _| ()).map(drop)
}

#[test]
fn an_existing_file_is_replaced_by_force_only() -> Outcome {
    let sample = Sample::new(50, 1)?;
    let folder = sample.file.parent().ok_or("no parent")?;
    let before = digest(&sample.file)?;
    assert_eq!(
        message(created(&sample.file), folder),
        "[folder]/wms.sqlite: there is a file already; name another file, or force its replacement"
    );
    assert_eq!(digest(&sample.file)?, before);
    // The old file's log must not be taken for the new one's.
    fs::write(sample.file.with_extension("sqlite-wal"), "stale")?;
    fs::write(sample.file.with_extension("sqlite.tmp"), "left by a killed call")?;
    create(&CreateOptions { force: true, ..CreateOptions::new(&sample.file, 60, 1) }, |_, _, _| ())?;
    assert_eq!(sample.one::<i64>("SELECT count(*) FROM allocation")?, 60);
    Ok(())
}

#[test]
fn a_broken_off_creation_leaves_nothing() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("wms.sqlite");
    let broken = std::panic::catch_unwind(|| {
        create(&CreateOptions::new(&file, 10_000, 1), |table, done, _| assert!(table != "allocation" || done == 0))
    });
    assert!(broken.is_err());
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn paths_and_numbers_that_cannot_be() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (at, file) = (folder.path(), folder.path().join("wms.sqlite"));
    assert_eq!(
        message(created(at), at),
        "[folder]: this is not the path of a file; name a file, such as .wmshost/wms.sqlite"
    );
    fs::write(at.join("blocked"), "")?;
    assert_eq!(
        message(created(&at.join("blocked/wms.sqlite")), at),
        "[folder]/blocked: cannot create the folder; check the path, its rights and the free space"
    );
    let many = CreateOptions::new(&file, MAX_ALLOCATIONS + 1, 1);
    assert_eq!(
        message(create(&many, |_, _, _| ()), at),
        "allocations: 1000000001 asked for, at most 1000000000 possible; ask for fewer"
    );
    assert_eq!(
        message("yesterday".parse::<Moment>(), at),
        "until: `yesterday` is not a timestamp from 1980 to 9998; write it as `2026-06-30 18:00:00`"
    );
    for percent in [0.0, -1.0, 100.5, f64::NAN] {
        assert_eq!(
            message(changed(&file, percent), at),
            format!(
                "percent: {percent} is not above 0 and at most 100; give the share of rows to change, such as 1 or 0.5"
            )
        );
    }
    assert!(!file.exists());
    Ok(())
}

#[test]
fn only_a_sample_is_changed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (at, file) = (folder.path(), folder.path().join("other"));
    let not = |reason: &str| {
        format!("[folder]/other: not a sample warehouse ({reason}); name a file made by `sample create`")
    };
    assert_eq!(
        message(changed(&file, 1.0), at),
        "[folder]/other: there is no such file; create a sample warehouse there first with `sample create`"
    );
    fs::write(&file, "a text file that is long enough to be looked at as a database header ".repeat(20))?;
    assert_eq!(message(changed(&file, 1.0), at), not("it is not an SQLite database"));
    fs::remove_file(&file)?;
    Connection::open(&file)?.execute_batch("CREATE TABLE allocation (allocation_id INTEGER PRIMARY KEY)")?;
    assert_eq!(message(changed(&file, 1.0), at), not("its header does not identify it as one"));
    fs::remove_file(&file)?;
    created(&file)?;
    Connection::open(&file)?.execute_batch("DROP TABLE order_dtl")?;
    assert_eq!(message(changed(&file, 1.0), at), not("table order_dtl is missing"));
    Ok(())
}

#[test]
fn a_refused_change_leaves_the_file_as_it_was() -> Outcome {
    let sample = Sample::new(400, 1)?;
    let folder = sample.file.parent().ok_or("no parent")?;
    let writer = Connection::open(&sample.file)?;
    writer.execute_batch(
        "UPDATE allocation SET created_date = 'soon' WHERE allocation_id = (SELECT max(allocation_id) FROM allocation)",
    )?;
    let before = digest(&sample.file)?;
    let refusal = message(changed(&sample.file, 100.0), folder);
    assert!(refusal.starts_with("[folder]/wms.sqlite: not a sample warehouse (a value was altered: "), "{refusal}");
    assert!(!refusal.contains("soon"), "{refusal}");
    assert_eq!(digest(&sample.file)?, before);
    writer.execute_batch("BEGIN IMMEDIATE")?;
    assert_eq!(
        message(changed(&sample.file, 1.0), folder),
        "[folder]/wms.sqlite: another process is writing to the file; wait until it is done and try again"
    );
    Ok(())
}

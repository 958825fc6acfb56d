//! Behaviours that try to see the machine.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::wmshost::plugin::batches::{Batch, Int64s};
use crate::{Done, got_out};

/// The call must fail.
fn nothing<T: std::fmt::Debug>(found: Result<T, impl std::fmt::Debug>) -> Done {
    match found {
        Ok(found) => Err(got_out(found)),
        Err(_) => Ok(()),
    }
}

fn none<T: std::fmt::Debug>(mut found: impl Iterator<Item = T>) -> Done {
    found.next().map_or(Ok(()), |found| Err(got_out(found)))
}

fn files() -> Done {
    for path in ["/etc/passwd", "etc/passwd", "../../etc/passwd", "/proc/self/environ", "/dev/zero", "."] {
        nothing(fs::read(path))?;
    }
    for folder in ["/", ".", ".."] {
        nothing(fs::read_dir(folder).map(|_| folder))?;
    }
    nothing(File::create("/tmp/hostile"))?;
    nothing(fs::create_dir("hostile"))?;
    nothing(fs::remove_file("/etc/hostname"))
}

/// The seed that determines a hash map's order, written into a column for the tests to compare.
fn seed(batch: &Batch) -> Done {
    let seed = RandomState::new().hash_one(42).cast_signed();
    let values = vec![seed; batch.row_count() as usize];
    batch.write_int64s("seed", &Int64s { values, validity: None })
}

pub(crate) fn misbehave(behaviour: &str, batch: &Batch) -> Option<Done> {
    Some(match behaviour {
        "environment" => none(std::env::vars_os()),
        "arguments" => none(std::env::args_os()),
        "files" => files(),
        "seed" => seed(batch),
        "instant" => Err(got_out(Instant::now())),
        "wall-clock" => Err(got_out(SystemTime::now())),
        "sleep" => {
            thread::sleep(Duration::from_secs(3_600));
            Err(got_out("it slept"))
        }
        "process" => nothing(std::process::Command::new("/bin/true").spawn()),
        _ => return None,
    })
}

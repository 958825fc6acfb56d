//! What this machine offers: folders, disk, clock, and the standard plugins.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};
use wmshost_flow::{Micros, Value};
use wmshost_pipeline::StandardPluginProblem;

use super::Diagnosis;
use crate::plugin_folders::PluginFolders;
use crate::runtime::Runtime;

/// The bytes of free disk below which a remark is made, and below which nothing can be expected to work.
const LITTLE_DISK: u64 = 5 << 30;
const NO_DISK: u64 = 100 << 20;
/// The files that a process should be able to have open: databases, their logs, sockets, and pipes of child processes.
const FILES: u64 = 256;
/// 2024-01-01 in UTC, in microseconds since 1970-01-01: an earlier time is that of a clock that was never set.
const EARLIEST: Micros = 1_704_067_200_000_000;

/// Examines the machine.
pub(super) fn examine(runtime: &Runtime) -> Vec<Diagnosis> {
    let mut found = vec![clock(runtime.clock.now())];
    found.extend(home(runtime));
    found.extend(open_files());
    found.extend(plugins());
    found
}

fn clock(now: Micros) -> Diagnosis {
    let time = format!("{} UTC", Value::Timestamp(now));
    match now < EARLIEST {
        true => Diagnosis::trouble("clock", time, "set it: freshness and schedules are measured by it"),
        false => Diagnosis::fine("clock", time),
    }
}

/// Examines the folder for the host's own files, and the disk that it is on.
fn home(runtime: &Runtime) -> Vec<Diagnosis> {
    let (subject, folder) = ("folder of the host's own files", runtime.data_dir.folder());
    let made = runtime.data_dir.make().and_then(|()| tempfile::NamedTempFile::new_in(folder)).map(drop);
    let shown = folder.display().to_string();
    if let Err(error) = made {
        let found = format!("{shown} cannot be written: {error}");
        return vec![Diagnosis::trouble(subject, found, "name another one in WMSHOST_HOME")];
    }
    let is_open = |metadata: Metadata| metadata.permissions().mode() & 0o077 != 0;
    let privacy = match folder.metadata().map(is_open) {
        Ok(true) => Diagnosis::remark(
            subject,
            format!("{shown} can be read by other users of the machine"),
            format!("`chmod 700 {shown}`: logs and rejected rows are in it"),
        ),
        _ => Diagnosis::fine(subject, shown),
    };
    [Some(privacy), disk(folder)].into_iter().flatten().collect()
}

fn disk(folder: &Path) -> Option<Diagnosis> {
    let found = statvfs(folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let (subject, shown) =
        ("free disk", format!("{:.1} GiB at {}", free as f64 / f64::from(1 << 30), folder.display()));
    Some(if free < NO_DISK {
        Diagnosis::trouble(subject, shown, "make room: the history of runs cannot be written")
    } else if free < LITTLE_DISK {
        Diagnosis::remark(subject, shown, "make room: logs and compiled plugins are kept there")
    } else {
        Diagnosis::fine(subject, shown)
    })
}

fn open_files() -> Option<Diagnosis> {
    let most = getrlimit(Resource::Nofile).current?;
    let shown = format!("{most} at once");
    Some(match most < FILES {
        true => Diagnosis::remark("open files", shown, format!("raise it to {FILES} or more: `ulimit -n`")),
        false => Diagnosis::fine("open files", shown),
    })
}

/// Examines the standard plugins.
fn plugins() -> Vec<Diagnosis> {
    let subject = "standard plugins";
    let folders = match PluginFolders::find() {
        Ok(folders) => folders,
        Err(failure) => return vec![Diagnosis::trouble(subject, failure.to_string(), "")],
    };
    let names = folders.names();
    if names.is_empty() {
        let looked: Vec<String> = folders.folders().iter().map(|folder| folder.display().to_string()).collect();
        let found = format!("none in {}", looked.join(", "));
        return vec![Diagnosis::trouble(
            subject,
            found,
            "`make install` puts them there; WMSHOST_PLUGINS names a folder",
        )];
    }
    let problem = |name: &String| match folders.file(name) {
        Err(StandardPluginProblem::Unsafe { path, reason }) => {
            let found = format!("{name}: {} {reason}, so that it is not used", path.display());
            Some(Diagnosis::trouble(subject, found, "take that right away, or install the plugins elsewhere"))
        }
        _ => None,
    };
    let problems: Vec<Diagnosis> = names.iter().filter_map(problem).collect();
    if problems.is_empty() { vec![Diagnosis::fine(subject, names.join(", "))] } else { problems }
}

#[cfg(test)]
mod tests {
    use super::super::DiagnosisState;
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_trouble() {
        assert_eq!(clock(0).state, DiagnosisState::Trouble);
        assert_eq!(clock(EARLIEST).state, DiagnosisState::Fine);
    }
}

//! Processes: this one, those that hold leases, and the last words of those that have ended.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use wmshost_flow::LeaseOwner;

/// The most bytes of a process's last words that are kept.
const LAST_WORDS: u64 = 2_000;

/// This process, as the owner of leases.
pub(crate) fn this_process() -> LeaseOwner {
    LeaseOwner { machine: machine(), process: std::process::id() }
}

/// The machine's name, for people.
pub(crate) fn machine_name() -> String {
    machine().split(' ').next().unwrap_or_default().to_owned()
}

/// The machine's name, its boot and its PID namespace: the id of a process is meaningful only together with them.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).map(|text| text.trim().to_owned()).unwrap_or_default();
    let [name, start] = ["/proc/sys/kernel/hostname", "/proc/sys/kernel/random/boot_id"].map(read);
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{name} {} {}", start.get(..8).unwrap_or_default(), namespace.display())
}

/// Returns whether the owner of a lease is known to have ended: its process, or its machine since the last start.
pub(crate) fn is_dead(holder: &LeaseOwner) -> bool {
    let here = machine();
    let parts = |machine: &str| -> Option<(String, String)> {
        let mut words = machine.split(' ').map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    match (parts(&here), parts(&holder.machine)) {
        (Some((name, start)), Some((other, other_start))) if !name.is_empty() && name == other => {
            start != other_start || here == holder.machine && !is_alive(holder.process)
        }
        _ => false,
    }
}

/// True if a process of this machine is alive and was started with this argument; those of zombies are not known.
pub(crate) fn has_argument(process: u32, argument: &str) -> bool {
    let arguments = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).any(|found| found == argument.as_bytes())
}

/// Returns whether a process of this machine is alive. Zombies count as dead.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state follows the name, which is in parentheses and may contain any character.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// The end of what a process wrote.
pub(crate) fn last_words(mut file: File) -> String {
    let mut bytes = Vec::new();
    let length = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
    let read = file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS))).and_then(|_| file.read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

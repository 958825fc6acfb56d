//! A private PostgreSQL: created in a temporary folder, reached by a unix socket in it, removed with the emulator.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use super::link::Link;

/// The role that owns the cluster.
pub(crate) const OWNER: &str = "stand_in";

const BINARIES: &str = "/usr/lib/postgresql/15/bin";
const ORAFCE: &str = "/usr/share/postgresql/15/extension/orafce.control";
/// The prefix of temporary folders; the number of the process follows. The folders of a killed process are removed by
/// the next one.
pub(crate) const PREFIX: &str = "wmshost-oracle-emulator-";
const START_LIMIT: Duration = Duration::from_secs(20);
/// The pause between two checks whether the server is up.
const PAUSE: Duration = Duration::from_millis(10);

/// Nothing here needs to survive a crash of the machine.
const SETTINGS: [&str; 16] = [
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
    "shared_buffers=64MB",
    "deadlock_timeout=100ms",
    "track_commit_timestamp=on",
    "jit=off",
    "TimeZone=UTC",
    "DateStyle=ISO",
    "log_min_messages=warning",
    "max_prepared_transactions=0",
    "client_min_messages=error",
];

/// The missing requirement of a cluster on this machine.
pub(crate) fn missing() -> Option<&'static str> {
    if !Path::new(BINARIES).join("postgres").exists() {
        Some("PostgreSQL 15 is not installed")
    } else if !Path::new(ORAFCE).exists() {
        Some("orafce for PostgreSQL 15 is not installed")
    } else {
        None
    }
}

/// A running cluster. Stops, and removes its folder, when it is dropped.
pub(crate) struct Cluster {
    socket: PathBuf,
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Cluster {
    /// Creates and starts a cluster.
    pub(crate) fn start() -> Result<Self> {
        if !Path::new(BINARIES).join("postgres").exists() {
            bail!(
                "PostgreSQL 15 is not installed ({BINARIES}/postgres is missing): run tests/oracle-emulator/setup.sh"
            );
        }
        clear_left_behind();
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir().context("making a temporary folder")?;
        let user = User::find()?;
        user.own(folder.path())?;
        let data = folder.path().join("data");
        user.make_cluster(&data)?;
        let (stop, stopped) = channel();
        let (started, start) = channel();
        let path = folder.path().to_owned();
        // A thread of its own keeps the server, because the server dies with the thread that started it.
        let keeper = std::thread::Builder::new().name("postgres".to_owned()).spawn(move || {
            let server = user.serve(&path);
            let told = started.send(server.as_ref().map(drop).map_err(|error| anyhow!("{error:#}")));
            if let (Ok(server), Ok(())) = (server, told) {
                keep(server, &stopped);
            }
        })?;
        start.recv().context("the thread that keeps PostgreSQL ended")??;
        let socket = folder.path().join(".s.PGSQL.5432");
        let cluster = Self { socket, stop: Some(stop), keeper: Some(keeper), _folder: folder };
        cluster.wait_until_up()?;
        Ok(cluster)
    }

    /// The folder of the socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    fn wait_until_up(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            match Link::open(&self.socket, OWNER) {
                Ok(_) => return Ok(()),
                Err(error) if begin.elapsed() > START_LIMIT => {
                    let log = self.socket.with_file_name("log");
                    let log = fs::read_to_string(log).unwrap_or_default();
                    bail!("PostgreSQL did not come up within {} s: {error}\n{log}", START_LIMIT.as_secs());
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            // The thread has no result.
            let _ = keeper.join();
        }
    }
}

/// Holds the server until the emulator is dropped.
fn keep(mut server: Child, stopped: &Receiver<()>) {
    // Ends when the sender is dropped.
    let _ = stopped.recv();
    let asked = Command::new("kill").args(["-QUIT", &server.id().to_string()]).status();
    if !asked.is_ok_and(|status| status.success()) {
        let _ = server.kill();
    }
    let _ = server.wait();
}

/// The user who runs PostgreSQL, which refuses to run as root.
struct User {
    ids: Option<(u32, u32)>,
}

impl User {
    fn find() -> Result<Self> {
        if fs::metadata("/proc/self").context("finding out who runs this")?.uid() != 0 {
            return Ok(Self { ids: None });
        }
        let users = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let ids = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let ids = ids("postgres").or_else(|| ids("nobody"));
        Ok(Self { ids: Some(ids.context("PostgreSQL does not run as root, and there is no user postgres or nobody")?) })
    }

    fn own(&self, folder: &Path) -> Result<()> {
        let Some((user, group)) = self.ids else { return Ok(()) };
        chown(folder, Some(user), Some(group)).with_context(|| format!("giving {} to PostgreSQL", folder.display()))
    }

    /// A command that runs as this user and dies with the thread that starts it.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if let Some((user, group)) = self.ids {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
        }
        command.arg("--").arg(format!("{BINARIES}/{program}"));
        command.env_remove("PGDATA").stdin(Stdio::null()).current_dir("/");
        command
    }

    fn make_cluster(&self, data: &Path) -> Result<()> {
        let mut command = self.command("initdb");
        // Text is ordered by its bytes, but UPPER and LOWER know the letters of all alphabets.
        command.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8"]);
        command.args(["--no-sync", "--no-instructions"]);
        let made = command.args(["--username", OWNER, "--pgdata"]).arg(data).output().context("running initdb")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        Ok(())
    }

    fn serve(&self, folder: &Path) -> Result<Child> {
        let log = fs::File::create(folder.join("log")).context("creating PostgreSQL's log")?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.stdout(Stdio::null()).stderr(log).spawn().context("starting PostgreSQL")
    }
}

/// Removes the folders of processes that were killed before they could remove them.
fn clear_left_behind() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|owner| owner.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{owner}")).exists() && !is_served(&entry.path()) {
            // Another process may be removing the same folder.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// True if a server still runs in a folder.
fn is_served(folder: &Path) -> bool {
    let mut text = String::new();
    let Ok(mut file) = fs::File::open(folder.join("data/postmaster.pid")) else { return false };
    let read = file.read_to_string(&mut text).is_ok();
    read && text.lines().next().is_some_and(|process| Path::new(&format!("/proc/{process}")).exists())
}

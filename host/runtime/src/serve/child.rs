//! One due run: it waits for other machines, begins the process and waits for its end, on a thread of its own.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use wmshost_flow::{Exit, Failure};
use wmshost_pipeline::{Resolved, StreamPlan};

use super::book::Due;
use super::gate::{self, Hold, Passage};
use super::messages::{Message, News};
use super::scheduler::{Fate, Start};
use crate::history::{History, RunStatus};
use crate::process::is_alive;
use crate::runtime::Runtime;

/// The time between two looks at a process, or at a lease of another machine.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const GATE_INTERVAL: Duration = Duration::from_secs(10);
/// The time after which the lease is renewed: less than a third of its life.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(30);
/// The most bytes of a process's last words that are kept.
const LAST_WORDS: u64 = 2_000;

/// A run to be carried out.
pub(super) struct Child {
    pub(super) runtime: Arc<Runtime>,
    /// The program that runs pipelines.
    pub(super) program: PathBuf,
    pub(super) pipeline: Arc<Resolved>,
    /// The names of its streams.
    pub(super) streams: Vec<String>,
    /// True if these are all streams of the pipeline.
    pub(super) is_whole: bool,
    /// True if a person ordered it: other machines do not have it.
    pub(super) is_ordered: bool,
    pub(super) start: Start,
    /// Set when nothing may begin any more.
    pub(super) is_draining: Arc<AtomicBool>,
    /// Set when the process has to end.
    pub(super) is_stopped: Arc<AtomicBool>,
    /// Set when a person wants the process to end.
    pub(super) is_cancelled: Arc<AtomicBool>,
    pub(super) outbox: Sender<Message>,
}

impl Child {
    /// Carries the run out, and reports its end as its last news.
    pub(super) fn carry_out(self) {
        let end = if self.start.is_adopted { self.adopt(None) } else { self.enter() };
        let end = end.unwrap_or_else(|failure| News::Ended(None, Some(failure.to_string())));
        self.tell(end);
    }

    fn tell(&self, news: News) {
        // The scheduler that is gone needs no news.
        let _ = self.outbox.send(Message::News(self.start.run_id.clone(), news));
    }

    /// Waits for other machines, and then begins the process.
    fn enter(&self) -> Result<News, Failure> {
        if self.is_ordered {
            return self.run(Hold::none());
        }
        let plans: Vec<&StreamPlan> =
            self.pipeline.streams.iter().filter(|plan| self.streams.contains(&plan.name)).collect();
        let Start { unit, due, run_id, .. } = &self.start;
        let mut waits_for = String::new();
        loop {
            match gate::enter(&self.runtime, (&self.pipeline, &plans), (unit, *due, run_id)) {
                Passage::Here(hold) => return self.run(hold),
                Passage::Done(run) => return Ok(News::Elsewhere(run)),
                Passage::Held(why) if why != waits_for => {
                    self.tell(News::Waits(why.clone()));
                    waits_for = why;
                }
                Passage::Held(_) => {}
            }
            for _ in 0..GATE_INTERVAL.as_millis() / POLL_INTERVAL.as_millis() {
                if self.is_draining.load(Ordering::Relaxed) {
                    return Ok(News::Abandoned);
                }
                if self.is_cancelled.load(Ordering::Relaxed) {
                    return Ok(News::Ended(Some(Exit::Cancelled as u8), Some("cancelled while it waited".to_owned())));
                }
                std::thread::sleep(POLL_INTERVAL);
            }
        }
    }

    fn run(&self, mut hold: Hold) -> Result<News, Failure> {
        let words = tempfile::tempfile().map_err(|error| cannot_begin(&error))?;
        let mut command = self.command();
        // A signal for the scheduler's terminal is not one for the run.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(words.try_clone().map_err(|error| cannot_begin(&error))?);
        let mut process = command.spawn().map_err(|error| cannot_begin(&error))?;
        self.tell(News::Began(process.id()));
        let status = loop {
            match process.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => break status,
                Err(error) => return Err(Failure::permanent(format!("the run cannot be waited for: {error}"))),
            }
            self.pause(&mut hold, process.id());
        };
        let exit_code = status.code().and_then(|code| u8::try_from(code).ok());
        let note =
            (exit_code != Some(Exit::Success as u8)).then(|| last_words(words)).filter(|words| !words.is_empty());
        // A process that found its own run going on leaves it to the one that was faster.
        let end = match self.fate() {
            Some(Fate::Alive) => self.adopt(Some(&mut hold))?,
            _ => News::Ended(exit_code, note.or_else(|| exit_code.is_none().then(|| status.to_string()))),
        };
        hold.release();
        Ok(end)
    }

    /// Waits for a process that another scheduler has begun.
    fn adopt(&self, mut hold: Option<&mut Hold>) -> Result<News, Failure> {
        let mut none = Hold::none();
        loop {
            match self.fate() {
                Some(Fate::Ended(exit_code)) => return Ok(News::Ended(Some(exit_code), None)),
                Some(Fate::Alive) => {}
                _ => return Ok(News::Ended(None, Some("its process was lost".to_owned()))),
            }
            let process = running_process(&self.history()?, &self.start.run_id)?;
            self.pause(hold.as_deref_mut().unwrap_or(&mut none), process.unwrap_or_default());
            std::thread::sleep(POLL_INTERVAL * 9);
        }
    }

    /// Lets a moment pass. Asks the process to end if the scheduler has to.
    fn pause(&self, hold: &mut Hold, process: u32) {
        std::thread::sleep(POLL_INTERVAL);
        hold.renew_after(RENEWAL_INTERVAL);
        if (self.is_stopped.load(Ordering::Relaxed) || self.is_cancelled.load(Ordering::Relaxed))
            && let Some(process) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
            std::thread::sleep(POLL_INTERVAL * 10);
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--quiet").arg("run").arg(&self.pipeline.file).args(["--output", "json", "--run-id"]);
        command.arg(&self.start.run_id);
        if !self.is_whole {
            command.args(self.streams.iter().map(|stream| format!("--stream={stream}")));
        }
        command
    }

    fn history(&self) -> Result<History, Failure> {
        self.runtime.history()
    }

    fn fate(&self) -> Option<Fate> {
        self.history().and_then(|history| recorded_fate(&history, &self.start.run_id)).ok().flatten()
    }
}

fn cannot_begin(error: &std::io::Error) -> Failure {
    Failure::permanent(format!("the run cannot begin: {error}"))
}

/// The end of what a process wrote.
fn last_words(mut file: File) -> String {
    let mut bytes = Vec::new();
    let length = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
    let read = file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS))).and_then(|_| file.read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// The process of a run that the history has as running.
fn running_process(history: &History, run_id: &str) -> Result<Option<u32>, Failure> {
    let runs = history.find(run_id)?;
    Ok(runs.iter().find(|run| run.run_id == run_id && run.status == RunStatus::Running).map(|run| run.pid))
}

/// The fate of a run, as the history has it; `None` if it has not begun.
fn recorded_fate(history: &History, run_id: &str) -> Result<Option<Fate>, Failure> {
    let runs = history.find(run_id)?;
    Ok(runs.iter().find(|run| run.run_id == run_id).map(|run| match (run.status, run.exit_code) {
        (RunStatus::Running, _) => Fate::Alive,
        // A run that was stopped together with its scheduler has not done its work.
        (RunStatus::Interrupted | RunStatus::Cancelled, _) | (_, None) => Fate::Lost,
        (_, Some(exit_code)) => Fate::Ended(exit_code),
    }))
}

/// The fate of a run whose scheduler is gone.
pub(super) fn fate(runtime: &Runtime, due: &Due) -> Result<Fate, Failure> {
    if let Some(fate) = recorded_fate(&runtime.history()?, &due.run_id)? {
        return Ok(fate);
    }
    // It may not have come to its record yet.
    let is_at_it = due.process.is_some_and(|process| is_alive(process) && has_argument(process, &due.run_id));
    Ok(if is_at_it { Fate::Alive } else { Fate::NotBegun })
}

/// True if a process of this machine is alive and was started with this argument.
pub(super) fn has_argument(process: u32, argument: &str) -> bool {
    let arguments = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).any(|found| found == argument.as_bytes())
}

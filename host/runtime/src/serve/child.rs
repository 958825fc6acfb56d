//! One due run: it waits for other machines and runs, begins the process and waits for its end, on a thread of its own.

use std::cell::Cell;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use wmshost_flow::{Exit, Failure};
use wmshost_pipeline::{Resolved, StreamPlan};

use super::gate::{self, Hold, Passage};
use super::messages::{Message, News};
use super::scheduler::{Fate, Start};
use crate::history::{History, RunStatus};
use crate::process::{has_argument, last_words};
use crate::runtime::Runtime;

/// The time between two looks at a process, or at a lease of another machine.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const GATE_INTERVAL: Duration = Duration::from_secs(10);
/// The time after which the lease is renewed: less than a third of its life.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(30);
/// The number of times that the history is read, a second apart, before it counts as one that cannot be read.
const FATE_ATTEMPTS: u32 = 5;
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
    pub(super) asked: Asked,
    pub(super) outbox: Sender<Message>,
}

/// The process that was asked to end. It is asked once: a second signal would end it at once.
#[derive(Default)]
pub(super) struct Asked(Cell<Option<u32>>);

impl Asked {
    fn ask(&self, process: Option<u32>) {
        let number = process.and_then(|process| i32::try_from(process).ok());
        if let Some(pid) = number.and_then(rustix::process::Pid::from_raw).filter(|_| self.0.get() != process) {
            self.0.set(process);
            // A process that has ended meanwhile needs no signal.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

impl Child {
    /// Carries the run out, and reports its end as its last news.
    pub(super) fn carry_out(self) {
        let end = if self.start.is_adopted { Ok(self.take_up()) } else { self.enter() };
        let end = end.unwrap_or_else(|failure| News::Ended(None, Some(failure.to_string())));
        self.report(end);
    }

    fn report(&self, news: News) {
        // The scheduler that is gone needs no news.
        let _ = self.outbox.send(Message::News(self.start.run_id.clone(), news));
    }

    /// Asks the pipeline file and the target whether the run may begin. A file that has got mistakes since it was read keeps
    /// the run waiting: it would fail, and its due time would be spent.
    fn ask(&self) -> Passage {
        match self.runtime.resolved(&self.pipeline.file) {
            Ok(_) => self.ask_target(),
            Err(mistakes) => Passage::Held(format!("{mistakes}\nthe run begins when the file is mended")),
        }
    }

    /// Asks the target whether the run may go on here.
    fn ask_target(&self) -> Passage {
        let plans: Vec<&StreamPlan> =
            self.pipeline.streams.iter().filter(|plan| self.streams.contains(&plan.name)).collect();
        let Start { unit, due, run_id, .. } = &self.start;
        gate::enter(&self.runtime, (&self.pipeline, &plans), (unit, *due, run_id))
    }

    /// Waits for the file, for other machines and for other runs, and then begins the process.
    fn enter(&self) -> Result<News, Failure> {
        if self.is_ordered {
            return self.run(Hold::none());
        }
        let mut waits_for = String::new();
        loop {
            match self.ask() {
                Passage::Here(hold) => return self.run(hold),
                Passage::Done(run) => return Ok(News::Elsewhere(run)),
                Passage::Held(why) if why != waits_for => {
                    self.report(News::Waits(why.clone()));
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
        self.report(News::Began(process.id()));
        let status = loop {
            match process.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => break status,
                Err(error) => return Err(Failure::permanent(format!("the run cannot be waited for: {error}"))),
            }
            self.pause(&mut hold, Some(process.id()));
        };
        let exit_code = status.code().and_then(|code| u8::try_from(code).ok());
        let note =
            (exit_code != Some(Exit::Success as u8)).then(|| last_words(words)).filter(|words| !words.is_empty());
        // A process that found its own run going on, or done, leaves it to the one that was faster.
        let end = match self.fate() {
            Ok((Fate::Alive, _)) => self.adopt(&mut hold),
            Ok((Fate::Ended(of_run), _)) if Some(of_run) != exit_code => News::Ended(Some(of_run), None),
            _ => News::Ended(exit_code, note.or_else(|| exit_code.is_none().then(|| status.to_string()))),
        };
        hold.release();
        Ok(end)
    }

    /// Waits for a process that a scheduler that is gone has begun, under its lease if no other machine has it now.
    fn take_up(&self) -> News {
        let mut hold = match self.ask_target() {
            Passage::Here(hold) => hold,
            Passage::Done(_) | Passage::Held(_) => Hold::none(),
        };
        let end = self.adopt(&mut hold);
        hold.release();
        end
    }

    /// Waits for a process of the run that this scheduler has not begun.
    fn adopt(&self, hold: &mut Hold) -> News {
        loop {
            match self.fate() {
                Ok((Fate::Ended(exit_code), _)) => return News::Ended(Some(exit_code), None),
                Ok((Fate::Lost, _)) => return News::Ended(None, Some("its process was lost".to_owned())),
                // It ended before it came to its record: the next recovery begins it.
                Ok((Fate::NotBegun, _)) => return News::Abandoned,
                Ok((Fate::Alive, process)) => self.pause(hold, process),
                Err(_) if self.is_stopped.load(Ordering::Relaxed) => return News::Abandoned,
                Err(failure) => {
                    self.report(News::Waits(failure.to_string()));
                    self.pause(hold, None);
                }
            }
            std::thread::sleep(POLL_INTERVAL * 9);
        }
    }

    /// Lets a moment pass. Asks the process to end if it has to.
    fn pause(&self, hold: &mut Hold, process: Option<u32>) {
        std::thread::sleep(POLL_INTERVAL);
        hold.renew_after(RENEWAL_INTERVAL);
        if self.is_stopped.load(Ordering::Relaxed) || self.is_cancelled.load(Ordering::Relaxed) {
            self.asked.ask(process);
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

    /// The fate of the run, and its process if that is alive. A history that cannot be read is tried again for some seconds.
    fn fate(&self) -> Result<(Fate, Option<u32>), Failure> {
        let find = || fate(&self.runtime.history()?, &self.start.run_id, self.start.process);
        for _ in 1..FATE_ATTEMPTS {
            if let Ok(found) = find() {
                return Ok(found);
            }
            std::thread::sleep(POLL_INTERVAL * 10);
        }
        find()
    }
}

fn cannot_begin(error: &std::io::Error) -> Failure {
    Failure::permanent(format!("the run cannot begin: {error}"))
}

/// The fate of a run that was begun by another scheduler or another process, and its process if that is alive. `process` is the
/// one that the book has for it: a run that has just begun may not have come to its record yet.
pub(super) fn fate(history: &History, run_id: &str, process: Option<u32>) -> Result<(Fate, Option<u32>), Failure> {
    let is_at_it = |process: u32| has_argument(process, run_id);
    let mut run = history.run(run_id)?;
    if run.as_ref().is_none_or(|run| run.status == RunStatus::Running) {
        if let Some(process) = run.as_ref().map(|run| run.pid).or(process).filter(|process| is_at_it(*process)) {
            return Ok((Fate::Alive, Some(process)));
        }
        // It may have ended between the two looks.
        run = history.run(run_id)?;
    }
    let fate = run.map_or(Fate::NotBegun, |run| match (run.status, run.exit_code) {
        // A run that was stopped together with its scheduler has not done its work, and one that goes on by its record
        // without its process never will: another process has its number.
        (RunStatus::Running | RunStatus::Interrupted | RunStatus::Cancelled, _) | (_, None) => Fate::Lost,
        (_, Some(exit_code)) => Fate::Ended(exit_code),
    });
    Ok((fate, None))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{self, ChildStdin, ChildStdout};

    use super::*;
    use crate::history::{RunKind, RunRecord};

    const RUN: &str = "20261130-120000-000-1";

    /// A process of a shell with a run's id as its argument, which ends when a line comes.
    fn shell(script: &str) -> (process::Child, ChildStdin, BufReader<ChildStdout>) {
        let mut command = Command::new("sh");
        command.args(["-c", script, RUN]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut output = BufReader::new(output);
        assert_eq!(line(&mut output), "ready\n");
        (process, input, output)
    }

    fn line(output: &mut BufReader<ChildStdout>) -> String {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn a_process_is_asked_to_end_once() {
        let (mut process, mut input, mut output) =
            shell("trap 'echo asked' TERM; echo ready; until read line; do :; done; echo end");
        let asked = Asked::default();
        asked.ask(None);
        for _ in 0..3 {
            asked.ask(Some(process.id()));
        }
        assert_eq!(line(&mut output), "asked\n");
        asked.ask(Some(process.id()));
        input.write_all(b"go\n").unwrap();
        assert_eq!(line(&mut output), "end\n");
        process.wait().unwrap();
    }

    #[test]
    fn a_run_is_alive_with_its_process_only_and_lost_or_done_by_its_record() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("state.db")).unwrap();
        let (mut process, mut input, _output) = shell("echo ready; read line");
        let pid = process.id();
        // It has not come to its record yet.
        assert_eq!(fate(&history, RUN, Some(pid)).unwrap(), (Fate::Alive, Some(pid)));
        assert_eq!(fate(&history, RUN, None).unwrap(), (Fate::NotBegun, None));
        assert_eq!(fate(&history, RUN, Some(process::id())).unwrap(), (Fate::NotBegun, None));
        let mut run = RunRecord {
            run_id: RUN.to_owned(),
            kind: RunKind::Run,
            pipeline: "p".to_owned(),
            file: "p.toml".to_owned(),
            pid,
            started_at: 0,
            status: RunStatus::Running,
            seconds: 0.0,
            exit_code: None,
            message: None,
        };
        history.begin(&run).unwrap();
        assert_eq!(fate(&history, RUN, None).unwrap(), (Fate::Alive, Some(pid)));
        input.write_all(b"go\n").unwrap();
        process.wait().unwrap();
        assert_eq!(fate(&history, RUN, Some(pid)).unwrap(), (Fate::Lost, None));
        // Another process has its number now.
        (run.run_id, run.pid) = (format!("{RUN}1"), process::id());
        history.begin(&run).unwrap();
        assert_eq!(fate(&history, &run.run_id, None).unwrap(), (Fate::Lost, None));
    }
}

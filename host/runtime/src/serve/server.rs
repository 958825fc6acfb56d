//! The loop of `wmshost serve`: it loads the pipelines, has the scheduler decide, and carries its decisions out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use wmshost_flow::{Failure, Micros};
use wmshost_pipeline::Resolved;

use super::book::{Book, Due, DueStatus, UnitKey};
use super::child::{Child, News, fate, has_argument};
use super::events::ServeEvent;
use super::notify::Notifier;
use super::scheduler::{Scheduler, Start};
use super::units::{ServedUnit, units};
use crate::error::Result;
use crate::process::is_alive;
use crate::runtime::Runtime;

/// The longest time between two looks at clocks, signals and the book.
const TICK: Duration = Duration::from_millis(200);
/// The time between two looks for runs of schedulers that are gone.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(15);
/// The time after a failure of the book until it is tried again.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
/// The time for which due times are kept.
const KEPT: Micros = 400 * 86_400 * 1_000_000;

/// The options of a server.
pub struct ServeOptions {
    /// The pipeline files.
    pub files: Vec<PathBuf>,
    /// The program that runs pipelines.
    pub program: PathBuf,
    /// The most runs at once.
    pub concurrency: usize,
    /// The time for which runs that go on are waited for at the end.
    pub drain: Duration,
    /// Set when the files should be read again.
    pub reload: Arc<AtomicBool>,
}

/// A pipeline that is served.
struct Served {
    pipeline: Arc<Resolved>,
    units: BTreeMap<UnitKey, ServedUnit>,
}

/// A server.
pub struct Server<'a> {
    runtime: Arc<Runtime>,
    options: ServeOptions,
    report: &'a dyn Fn(ServeEvent),
    book: Book,
    scheduler: Scheduler,
    /// The pipelines by their files.
    served: BTreeMap<PathBuf, Served>,
    /// The units of the runs that have begun and not ended, by the ids of the runs.
    running: BTreeMap<String, UnitKey>,
    is_draining: Arc<AtomicBool>,
    is_stopped: Arc<AtomicBool>,
    recovered_at: Option<Duration>,
    notifier: Notifier,
    sender: Sender<(String, News)>,
    news: Receiver<(String, News)>,
}

impl<'a> Server<'a> {
    /// A server of these pipelines. Fails if no file can be served: with none, there is nothing to keep going.
    pub fn start(runtime: Arc<Runtime>, options: ServeOptions, report: &'a dyn Fn(ServeEvent)) -> Result<Self> {
        let book = Book::open(&runtime.data_dir.schedules())?;
        book.clean(runtime.clock.now() - KEPT)?;
        let (sender, news) = channel();
        let mut server = Self {
            book,
            scheduler: Scheduler::new(options.concurrency, std::process::id()),
            served: BTreeMap::new(),
            running: BTreeMap::new(),
            is_draining: Arc::default(),
            is_stopped: Arc::default(),
            recovered_at: None,
            notifier: Notifier::of_environment(),
            sender,
            news,
            runtime,
            options,
            report,
        };
        server.load()?;
        if server.served.is_empty() {
            let files = server.options.files.len();
            let failure = Failure::invalid_config(format!("none of the pipeline files can be served: {files}"));
            return Err(failure.advise("mend the mistakes that are listed above").into());
        }
        Ok(server)
    }

    /// Serves until a signal ends it; returns after the runs that had begun.
    pub fn serve(mut self) -> Result<()> {
        self.notifier.tell("READY=1");
        while !self.runtime.cancel.is_set() {
            if self.options.reload.swap(false, Ordering::Relaxed) {
                self.load()?;
            }
            self.notifier.feed(self.runtime.clock.elapsed());
            let wait = match self.turn() {
                Ok(()) => TICK,
                Err(failure) => {
                    self.tell(ServeEvent::Failing { reason: failure.to_string() });
                    FAILURE_PAUSE
                }
            };
            self.hear(wait);
        }
        self.drain();
        Ok(())
    }

    fn tell(&self, event: ServeEvent) {
        (self.report)(event);
    }

    fn now(&self) -> Micros {
        self.runtime.clock.now()
    }

    /// Reads the files. One that has mistakes is served as it was.
    fn load(&mut self) -> Result<()> {
        let registry = self.runtime.registry()?;
        for file in self.options.files.clone() {
            let checked = self.runtime.pipeline(&file, &registry);
            let pipeline = match checked.and_then(|_| self.runtime.resolved(&file)) {
                Ok(pipeline) => pipeline,
                Err(mistakes) => {
                    let is_served = self.served.contains_key(&file);
                    self.tell(ServeEvent::Broken {
                        file: file.display().to_string(),
                        reason: mistakes.to_string(),
                        is_served,
                    });
                    continue;
                }
            };
            let twin =
                self.served.iter().find(|(other, served)| **other != file && served.pipeline.name == pipeline.name);
            if let Some((other, _)) = twin {
                let reason = format!(
                    "{}: the name {} is that of the pipeline in {}; pipelines are known by their names",
                    file.display(),
                    pipeline.name,
                    other.display()
                );
                self.tell(ServeEvent::Broken { file: file.display().to_string(), reason, is_served: false });
                continue;
            }
            self.plan(file, pipeline)?;
        }
        Ok(())
    }

    fn plan(&mut self, file: PathBuf, pipeline: Resolved) -> Result<()> {
        let (now, name) = (self.now(), pipeline.name.clone());
        let units: BTreeMap<_, _> = units(&pipeline).into_iter().map(|unit| (unit.unit.key.clone(), unit)).collect();
        if let Some(before) =
            self.served.get(&file).map(|served| served.pipeline.name.clone()).filter(|old| *old != name)
        {
            self.scheduler.plan(&self.book, &before, Vec::new(), now)?;
        }
        let planned = units.values().map(|unit| unit.unit.clone()).collect();
        self.scheduler.plan(&self.book, &name, planned, now)?;
        let (schedules, shown) = (units.len(), file.display().to_string());
        self.served.insert(file, Served { pipeline: Arc::new(pipeline), units });
        self.tell(ServeEvent::Served { pipeline: name, file: shown, schedules });
        Ok(())
    }

    /// Begins what is due.
    fn turn(&mut self) -> Result<(), Failure> {
        let runtime = Arc::clone(&self.runtime);
        let mut new_id = || runtime.new_run_id();
        let elapsed = self.runtime.clock.elapsed();
        let now = self.now();
        let mut starts = Vec::new();
        if self.recovered_at.is_none_or(|at| elapsed >= at + RECOVERY_INTERVAL) {
            let is_scheduler = |process: u32| is_alive(process) && has_argument(process, "serve");
            let fate = |due: &Due| fate(&self.runtime, due);
            starts = self.scheduler.recover(&self.book, now, &is_scheduler, &fate, &mut new_id)?;
            self.recovered_at = Some(elapsed);
        }
        let mut paused = BTreeSet::new();
        if self.scheduler.wake() <= now {
            for served in self.served.values() {
                if self.book.paused_since(&served.pipeline.name)?.is_some() {
                    paused.insert(served.pipeline.name.clone());
                }
            }
        }
        starts.extend(self.scheduler.begin(&self.book, now, &paused, &mut new_id)?);
        for skipped in self.scheduler.take_skipped() {
            let why = skipped.why.to_owned();
            self.tell(ServeEvent::Skipped { unit: skipped.unit, due: skipped.due, why });
        }
        for start in starts {
            self.begin(start)?;
        }
        Ok(())
    }

    fn begin(&mut self, start: Start) -> Result<(), Failure> {
        let found = self.served.values().find_map(|served| Some((served, served.units.get(&start.unit)?)));
        let Some((served, unit)) = found else { return Ok(()) };
        let Start { unit: key, due, run_id, is_adopted } = start.clone();
        let child = Child {
            runtime: Arc::clone(&self.runtime),
            program: self.options.program.clone(),
            pipeline: Arc::clone(&served.pipeline),
            unit: unit.clone(),
            start,
            is_draining: Arc::clone(&self.is_draining),
            is_stopped: Arc::clone(&self.is_stopped),
            news: self.sender.clone(),
        };
        self.tell(ServeEvent::Begins { unit: key.clone(), due, run_id: run_id.clone(), is_adopted });
        let thread = std::thread::Builder::new().name(format!("run {run_id}"));
        thread.spawn(move || child.carry_out()).map_err(|error| {
            // The book has the run as begun; the next recovery begins it.
            self.scheduler.ended(&run_id);
            Failure::transient(format!("a thread for run {run_id} cannot be started: {error}"))
        })?;
        self.running.insert(run_id, key);
        Ok(())
    }

    /// Waits for news for this long, and writes them down.
    fn hear(&mut self, wait: Duration) {
        match self.news.recv_timeout(wait) {
            Ok((run_id, news)) => {
                let failure = self.note(&run_id, news).err();
                if let Some(failure) = failure {
                    self.tell(ServeEvent::Failing { reason: failure.to_string() });
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }

    fn note(&mut self, run_id: &str, news: News) -> Result<(), Failure> {
        let Some(unit) = self.running.get(run_id).cloned() else { return Ok(()) };
        let (now, id) = (self.now(), run_id.to_owned());
        let (status, exit_code, note) = match news {
            News::Waits(why) => {
                self.tell(ServeEvent::Waits { unit, why });
                return Ok(());
            }
            News::Began(process) => return self.book.begun(run_id, process),
            // The book keeps it as running, so that the next scheduler begins it.
            News::Abandoned => (None, None, None),
            News::Elsewhere(other) => {
                self.tell(ServeEvent::Elsewhere { unit, run_id: other.clone() });
                (Some(DueStatus::Elsewhere), None, Some(format!("run {other}")))
            }
            News::Ended(..) if self.is_stopped.load(Ordering::Relaxed) => (None, None, None),
            News::Ended(exit_code, note) => {
                self.tell(ServeEvent::Ended { unit, run_id: id, exit_code, note: note.clone() });
                (Some(DueStatus::Ended), exit_code, note)
            }
        };
        self.running.remove(run_id);
        self.scheduler.ended(run_id);
        match status {
            Some(status) => self.book.end(run_id, status, (exit_code, note.as_deref()), now),
            None => Ok(()),
        }
    }

    /// Waits for the runs that go on, and stops them when that takes too long.
    fn drain(&mut self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.notifier.tell("STOPPING=1");
        self.tell(ServeEvent::Drains { runs: self.running.len() });
        let until = self.runtime.clock.elapsed() + self.options.drain;
        while !self.running.is_empty() {
            self.hear(TICK);
            self.notifier.feed(self.runtime.clock.elapsed());
            let is_late = self.runtime.clock.elapsed() >= until;
            if is_late && !self.is_stopped.swap(true, Ordering::Relaxed) {
                self.tell(ServeEvent::Stops);
            }
        }
    }
}

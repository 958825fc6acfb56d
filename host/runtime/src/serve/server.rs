//! The loop of `wmshost serve`: it loads the pipelines, has the scheduler decide, and carries its decisions out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wmshost_flow::{Failure, Micros};
use wmshost_pipeline::Resolved;

use super::beside::Beside;
use super::book::{Book, Due, DueStatus, UnitKey};
use super::child::{Asked, Child, fate};
use super::events::ServeEvent;
use super::handle::{ServeHandle, ServedPipeline, ServedRun, Shared, locked};
use super::messages::{Message, News, Order};
use super::notify::Notifier;
use super::scheduler::{Scheduler, Start};
use super::units::{ServedUnit, units};
use crate::error::Result;
use crate::process::has_argument;
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

/// A run that goes on.
struct Running {
    unit: UnitKey,
    /// Set when a person wants it to end.
    is_cancelled: Arc<AtomicBool>,
}

/// A server.
pub struct Server<'a> {
    runtime: Arc<Runtime>,
    options: ServeOptions,
    listener: &'a dyn Fn(ServeEvent),
    book: Book,
    scheduler: Scheduler,
    /// The pipelines by their files.
    served: BTreeMap<PathBuf, Served>,
    /// The runs that have begun and not ended, by their ids.
    running: BTreeMap<String, Running>,
    shared: Arc<Mutex<Shared>>,
    is_draining: Arc<AtomicBool>,
    is_stopped: Arc<AtomicBool>,
    recovered_at: Option<Duration>,
    notifier: Notifier,
    beside: Beside,
    sender: Sender<Message>,
    inbox: Receiver<Message>,
}

impl<'a> Server<'a> {
    /// A server of these pipelines. Fails if no file can be served: with none, there is nothing to keep going.
    pub fn start(runtime: Arc<Runtime>, options: ServeOptions, listener: &'a dyn Fn(ServeEvent)) -> Result<Self> {
        let book = Book::open(&runtime.data_dir.schedules())?;
        book.clean(runtime.clock.now() - KEPT)?;
        let (sender, inbox) = channel();
        let shared = Arc::default();
        let mut server = Self {
            beside: Beside::start(&runtime, &shared)?,
            book,
            scheduler: Scheduler::new(options.concurrency, std::process::id()),
            served: BTreeMap::new(),
            running: BTreeMap::new(),
            shared,
            is_draining: Arc::default(),
            is_stopped: Arc::default(),
            recovered_at: None,
            notifier: Notifier::of_environment(),
            sender,
            inbox,
            runtime,
            options,
            listener,
        };
        server.load()?;
        if server.served.is_empty() {
            let files = server.options.files.len();
            let failure = Failure::invalid_config(format!("none of the pipeline files can be served: {files}"));
            return Err(failure.advise("mend the mistakes that are listed above").into());
        }
        Ok(server)
    }

    /// A handle of this server, for other threads.
    pub fn handle(&self) -> ServeHandle {
        let (runtime, shared) = (Arc::clone(&self.runtime), Arc::clone(&self.shared));
        ServeHandle { runtime, shared, is_draining: Arc::clone(&self.is_draining), orders: self.sender.clone() }
    }

    /// Serves until a signal ends it; returns after the runs that had begun.
    pub fn serve(mut self) -> Result<()> {
        self.notifier.report("READY=1");
        while !self.runtime.cancel.is_set() {
            if self.options.reload.swap(false, Ordering::Relaxed) {
                // What was served is served as it was.
                if let Err(error) = self.load() {
                    self.report(ServeEvent::Failing { reason: error.to_string() });
                }
            }
            self.notifier.feed(self.runtime.clock.elapsed());
            self.beside.turn();
            let wait = match self.turn() {
                Ok(()) => TICK,
                Err(failure) => {
                    // What was decided and did not begin is begun by the next recovery.
                    self.scheduler.keep(|run_id| self.running.contains_key(run_id));
                    self.recovered_at = None;
                    self.report(ServeEvent::Failing { reason: failure.to_string() });
                    FAILURE_PAUSE
                }
            };
            self.hear(wait);
        }
        self.drain();
        Ok(())
    }

    fn report(&self, event: ServeEvent) {
        (self.listener)(event);
    }

    fn now(&self) -> Micros {
        self.runtime.clock.now()
    }

    /// Reads the files. Of one that has mistakes the schedule stays as it was.
    fn load(&mut self) -> Result<()> {
        let registry = self.runtime.registry()?;
        for file in self.options.files.clone() {
            let checked = self.runtime.pipeline(&file, &registry);
            let pipeline = match checked.and_then(|_| Ok(self.runtime.resolved(&file)?)) {
                Ok(pipeline) => pipeline,
                Err(mistakes) => {
                    let is_served = self.served.contains_key(&file);
                    self.refuse(file, mistakes.to_string(), is_served);
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
                self.refuse(file, reason, false);
                continue;
            }
            self.plan(file, pipeline)?;
        }
        Ok(())
    }

    /// Reports a file that cannot be served as it is now.
    fn refuse(&self, file: PathBuf, reason: String, is_served: bool) {
        let mut shared = locked(&self.shared);
        let served = shared.pipelines.entry(file.clone());
        served.or_insert(ServedPipeline { file: file.clone(), pipeline: None, mistakes: None }).mistakes =
            Some(reason.clone());
        drop(shared);
        self.report(ServeEvent::Broken { file: file.display().to_string(), reason, is_served });
    }

    fn plan(&mut self, file: PathBuf, pipeline: Resolved) -> Result<()> {
        let (now, name) = (self.now(), pipeline.name.clone());
        let units: BTreeMap<_, _> = units(&pipeline).into_iter().map(|unit| (unit.unit.key.clone(), unit)).collect();
        // The file may have had another name before.
        let before = self.served.get(&file).map(|served| served.pipeline.name.as_str());
        let names: Vec<&str> = before.into_iter().filter(|before| *before != name).chain([name.as_str()]).collect();
        let planned = units.values().map(|unit| unit.unit.clone()).collect();
        self.scheduler.plan(&self.book, &names, planned, now)?;
        let (schedules, shown) = (units.len(), file.display().to_string());
        let pipeline = Arc::new(pipeline);
        let view = ServedPipeline { file: file.clone(), pipeline: Some(Arc::clone(&pipeline)), mistakes: None };
        locked(&self.shared).pipelines.insert(file.clone(), view);
        self.served.insert(file, Served { pipeline, units });
        self.report(ServeEvent::Served { pipeline: name, file: shown, schedules });
        Ok(())
    }

    /// Begins what is due.
    fn turn(&mut self) -> Result<(), Failure> {
        let runtime = Arc::clone(&self.runtime);
        let mut new_id = || runtime.new_run_id();
        let elapsed = self.runtime.clock.elapsed();
        let now = self.now();
        let has_to_recover = self.recovered_at.is_none_or(|at| elapsed >= at + RECOVERY_INTERVAL);
        let mut paused = BTreeSet::new();
        if has_to_recover || self.scheduler.wake() <= now {
            for served in self.served.values() {
                if self.book.paused_since(&served.pipeline.name)?.is_some() {
                    paused.insert(served.pipeline.name.clone());
                }
            }
        }
        let mut starts = Vec::new();
        if has_to_recover {
            let is_scheduler = |process: u32| has_argument(process, "serve");
            let fate = |due: &Due| Ok(fate(&self.runtime.history()?, &due.run_id, due.process)?.0);
            starts = self.scheduler.recover(&self.book, (now, &paused), &is_scheduler, &fate, &mut new_id)?;
            self.recovered_at = Some(elapsed);
        }
        starts.extend(self.scheduler.begin(&self.book, now, &paused, &mut new_id)?);
        for skipped in self.scheduler.take_skipped() {
            let why = skipped.why.to_owned();
            self.report(ServeEvent::Skipped { unit: skipped.unit, due: skipped.due, why });
        }
        for start in starts {
            self.begin(start)?;
        }
        Ok(())
    }

    fn begin(&mut self, start: Start) -> Result<(), Failure> {
        let found = self.served.values().find_map(|served| Some((served, served.units.get(&start.unit)?)));
        let Some((served, unit)) = found else {
            self.scheduler.ended(&start.run_id);
            return Ok(());
        };
        let (pipeline, streams, is_whole) = (Arc::clone(&served.pipeline), unit.streams.clone(), unit.is_whole);
        self.spawn(start, (pipeline, streams, is_whole), false)
    }

    /// Begins a run that a person ordered.
    fn obey(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Cancel(run_id) => {
                if let Some(running) = self.running.get(&run_id) {
                    running.is_cancelled.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            Order::Run { unit, streams, is_whole, run_id } => {
                let served = self.served.values().find(|served| served.pipeline.name == unit.pipeline);
                let pipeline = served.map(|served| Arc::clone(&served.pipeline));
                let Some(pipeline) = pipeline.filter(|_| !self.is_draining.load(Ordering::Relaxed)) else {
                    locked(&self.shared).running.remove(&run_id);
                    return Ok(());
                };
                let start = Start { unit, due: self.now(), run_id, is_adopted: false, process: None };
                self.spawn(start, (pipeline, streams, is_whole), true)
            }
        }
    }

    fn spawn(
        &mut self,
        start: Start,
        (pipeline, streams, is_whole): (Arc<Resolved>, Vec<String>, bool),
        is_ordered: bool,
    ) -> Result<(), Failure> {
        let Start { unit, due, run_id, is_adopted, .. } = start.clone();
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let child = Child {
            runtime: Arc::clone(&self.runtime),
            program: self.options.program.clone(),
            pipeline,
            streams,
            is_whole,
            is_ordered,
            start,
            is_draining: Arc::clone(&self.is_draining),
            is_stopped: Arc::clone(&self.is_stopped),
            is_cancelled: Arc::clone(&is_cancelled),
            asked: Asked::default(),
            outbox: self.sender.clone(),
        };
        let thread = std::thread::Builder::new().name(format!("run {run_id}"));
        thread.spawn(move || child.carry_out()).map_err(|error| {
            // The book has the run as begun; the next recovery begins it.
            self.scheduler.ended(&run_id);
            locked(&self.shared).running.remove(&run_id);
            Failure::transient(format!("a thread for run {run_id} cannot be started: {error}"))
        })?;
        let served = ServedRun { unit: unit.clone(), waits_for: None };
        locked(&self.shared).running.insert(run_id.clone(), served);
        self.running.insert(run_id.clone(), Running { unit: unit.clone(), is_cancelled });
        self.report(ServeEvent::Begins { unit, due, run_id, is_adopted });
        Ok(())
    }

    /// Waits for a message for this long, and acts on it.
    fn hear(&mut self, wait: Duration) {
        let acted = match self.inbox.recv_timeout(wait) {
            Ok(Message::News(run_id, news)) => self.note(&run_id, news),
            Ok(Message::Order(order)) => self.obey(order),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
        };
        if let Err(failure) = acted {
            self.report(ServeEvent::Failing { reason: failure.to_string() });
        }
    }

    fn note(&mut self, run_id: &str, news: News) -> Result<(), Failure> {
        let Some(unit) = self.running.get(run_id).map(|running| running.unit.clone()) else { return Ok(()) };
        let pipeline = unit.pipeline.clone();
        let (now, id) = (self.now(), run_id.to_owned());
        let (status, exit_code, note) = match news {
            News::Waits(why) => {
                if let Some(run) = locked(&self.shared).running.get_mut(run_id) {
                    run.waits_for = Some(why.clone());
                }
                self.report(ServeEvent::Waits { unit, why });
                return Ok(());
            }
            News::Began(process) => {
                if let Some(run) = locked(&self.shared).running.get_mut(run_id) {
                    run.waits_for = None;
                }
                return self.book.begun(run_id, process);
            }
            // The book keeps it as running, so that the next scheduler begins it.
            News::Abandoned => (None, None, None),
            News::Elsewhere(other) => {
                self.report(ServeEvent::Elsewhere { unit, run_id: other.clone() });
                (Some(DueStatus::Elsewhere), None, Some(format!("run {other}")))
            }
            News::Ended(..) if self.is_stopped.load(Ordering::Relaxed) => (None, None, None),
            News::Ended(exit_code, note) => {
                self.report(ServeEvent::Ended { unit, run_id: id, exit_code, note: note.clone() });
                (Some(DueStatus::Ended), exit_code, note)
            }
        };
        self.running.remove(run_id);
        self.scheduler.ended(run_id);
        match status {
            Some(DueStatus::Ended) => locked(&self.shared).end(run_id, &pipeline, exit_code),
            _ => drop(locked(&self.shared).running.remove(run_id)),
        }
        match status {
            Some(status) => self.book.end(run_id, status, (exit_code, note.as_deref()), now),
            None => Ok(()),
        }
    }

    /// Waits for the runs that go on, and stops them when that takes too long.
    fn drain(&mut self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.notifier.report("STOPPING=1");
        self.report(ServeEvent::Drains { runs: self.running.len() });
        let until = self.runtime.clock.elapsed() + self.options.drain;
        while !self.running.is_empty() {
            self.hear(TICK);
            self.notifier.feed(self.runtime.clock.elapsed());
            self.beside.turn();
            let is_late = self.runtime.clock.elapsed() >= until;
            if is_late && !self.is_stopped.swap(true, Ordering::Relaxed) {
                self.report(ServeEvent::Stops);
            }
        }
    }
}

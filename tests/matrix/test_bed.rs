//! One stream, run in this process by the program's own assembly of databases and plugins.

use std::cell::Cell as Counter;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use wmshost_flow::{
    Clock, Compare, Comparison, Depth, FailureKind, QuarantineFilter, Replayed, StatementLimit, StreamFailure,
    StreamStatus, StreamSummary, Window, run_streams,
};
use wmshost_pipeline::{Checked, check_file};
use wmshost_runtime::{PluginRegistry, StreamFactory, SystemClock, target_reader};

use crate::cell::{Bad, Breakage, Cell, Late, Method, NullChange};
use crate::faults::{self, Died, Trap, TrappedReader};
use crate::place::Place;

/// The outcome of a command.
#[derive(Debug)]
pub(crate) enum Ended<T> {
    /// It was completed.
    Done(T),
    /// It was refused, with the reason, before it moved a row.
    Refused(String),
    /// It failed during its work.
    Failed(String),
    /// It stopped because that was requested.
    Cancelled,
    /// Its process died.
    Died,
}

/// A stream, its source and its target.
pub(crate) struct TestBed<'a> {
    cell: &'a Cell,
    registry: &'a PluginRegistry,
    pub(crate) place: Place,
    runs: Counter<u32>,
}

impl<'a> TestBed<'a> {
    pub(crate) fn new(cell: &'a Cell, registry: &'a PluginRegistry) -> Self {
        Self { cell, registry, place: Place::new(cell), runs: Counter::new(0) }
    }

    /// Runs the stream: all of it, one window of it, or as a full refresh.
    pub(crate) fn run(&self, full_refresh: bool, window: Option<Window>, trap: &Arc<Trap>) -> Ended<StreamSummary> {
        self.within(trap, |pipeline, clock, run_id| {
            let mut factory = StreamFactory::new(pipeline, self.registry, clock, run_id);
            (factory.full_refresh, factory.window) = (full_refresh, window);
            let plans: Vec<_> = pipeline.streams.iter().collect();
            let mut streams = factory.streams(&plans).map_err(refused)?;
            for stream in &mut streams {
                faults::set(stream, trap, None);
                if let Some(reconcile) = &mut stream.reconcile {
                    faults::set(&mut reconcile.stream, trap, Some(self.cell.extract_rows));
                    let missing: Box<dyn Fn() -> _ + Send> = Box::new(|| unreachable!("it was taken"));
                    let open = std::mem::replace(&mut reconcile.open_target, missing);
                    let trap = Arc::clone(trap);
                    reconcile.open_target = Box::new(move || {
                        Ok(Box::new(TrappedReader { inner: open()?, trap: Arc::clone(&trap) }) as Box<_>)
                    });
                }
            }
            let mut context = factory.context(Arc::clone(trap) as _, trap.cancel.clone());
            context.is_dead = |_| true;
            let end = run_streams(streams, 1, &context).pop().expect("one stream");
            match (end.status, &end.failure) {
                (StreamStatus::Succeeded | StreamStatus::Unchanged | StreamStatus::Rejected, _) => Ok(Ended::Done(end)),
                (StreamStatus::Cancelled, _) => Ok(Ended::Cancelled),
                (_, Some(at)) => Err(failed(at)),
                (status, None) => Err(Box::new(Ended::Failed(status.name().to_owned()))),
            }
        })
    }

    /// Forgets that a window was done, as `wmshost backfill --again` does.
    pub(crate) fn forget(&self, window: Window) -> Ended<()> {
        self.within(&untrapped(), |pipeline, clock, run_id| {
            let factory = StreamFactory::new(pipeline, self.registry, clock, run_id);
            factory.forget_windows(&pipeline.streams[0], &[window]).map(Ended::Done).map_err(refused)
        })
    }

    /// Compares source and target.
    pub(crate) fn verify(&self, repair: bool, trap: &Arc<Trap>) -> Ended<Comparison> {
        self.within(trap, |pipeline, clock, run_id| {
            let factory = StreamFactory::new(pipeline, self.registry, clock, run_id);
            let plan = &pipeline.streams[0];
            let mut stream = factory.streams(&[plan]).map_err(refused)?.pop().expect("one stream");
            faults::set(&mut stream, trap, Some(self.cell.extract_rows));
            let connection = &pipeline.connections[&plan.plan.target];
            let (limit, tags) = (StatementLimit::default(), factory.session_tags());
            let opened = target_reader(&plan.plan.target, connection, &plan.plan.target_table, &tags, &limit);
            let reader = TrappedReader { inner: opened.map_err(refused)?, trap: Arc::clone(trap) };
            let reader = Mutex::new(Some(reader));
            let open = move || Ok(Box::new(reader.lock().expect("a reader").take().expect("opened once")) as Box<_>);
            let mut context = factory.context(Arc::clone(trap) as _, trap.cancel.clone());
            context.is_dead = |_| true;
            let compare = Compare { depth: Depth::Rows, repair };
            let compared = stream.compare(Box::new(open), compare, &context);
            match compared.failure {
                None => Ok(Ended::Done(compared.found)),
                Some(at) if at.failure.kind == FailureKind::Cancelled => Ok(Ended::Cancelled),
                Some(at) => Err(failed(&at)),
            }
        })
    }

    /// Replays the rows in quarantine.
    pub(crate) fn replay(&self, trap: &Arc<Trap>) -> Ended<Replayed> {
        let filter = QuarantineFilter { stream: "s".to_owned(), ..QuarantineFilter::default() };
        self.within(trap, |pipeline, clock, run_id| {
            let factory = StreamFactory::new(pipeline, self.registry, clock, run_id);
            let mut stream = factory.streams(&[&pipeline.streams[0]]).map_err(refused)?.pop().expect("one stream");
            faults::set(&mut stream, trap, None);
            let mut context = factory.context(Arc::clone(trap) as _, trap.cancel.clone());
            context.is_dead = |_| true;
            stream.replay(&filter, &context).map(Ended::Done).map_err(|at| failed(&at))
        })
    }

    /// Runs `act` with the checked pipeline; a panic of [`Died`] is the end of the process.
    fn within<T>(
        &self,
        trap: &Arc<Trap>,
        act: impl FnOnce(&Checked, &Arc<dyn Clock>, String) -> Result<Ended<T>, Box<Ended<T>>>,
    ) -> Ended<T> {
        let pipeline = match check_file(&self.place.file(), &no_variable, self.registry) {
            Ok(pipeline) => pipeline,
            Err(diagnostics) => return Ended::Refused(diagnostics.to_string()),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        self.runs.set(self.runs.get() + 1);
        let run_id = format!("run-{}", self.runs.get());
        let act = || catch_unwind(AssertUnwindSafe(|| act(&pipeline, &clock, run_id)));
        match self.place.harmed(trap, act) {
            Ok(Ok(ended)) => ended,
            Ok(Err(ended)) => *ended,
            // The threads of a scope hide their panics.
            Err(_) if trap.was_sprung() => Ended::Died,
            Err(panic) if panic.is::<Died>() => Ended::Died,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn no_variable(_: &str) -> Option<OsString> {
    None
}

fn refused<T>(failure: wmshost_flow::Failure) -> Box<Ended<T>> {
    Box::new(Ended::Refused(failure.to_string()))
}

fn failed<T>(at: &StreamFailure) -> Box<Ended<T>> {
    let before_rows = at.batch.is_none()
        && matches!(at.failure.kind, FailureKind::InvalidConfig | FailureKind::Denied | FailureKind::Permanent);
    Box::new(if before_rows { Ended::Refused(at.to_string()) } else { Ended::Failed(at.to_string()) })
}

/// A trap that never strikes.
pub(crate) fn untrapped() -> Arc<Trap> {
    Trap::new(Breakage::None, 0)
}

/// A pipeline of one stream between two connections.
pub(crate) fn pipeline(cell: &Cell, source: &str, target: &str, target_table: &str) -> String {
    let mut stream = vec![
        format!("method = \"{}\"", word(&cell.method)),
        format!("deletes = \"{}\"", word(&cell.deletes)),
        format!("late_rows = \"{}\"", if cell.late == Late::Reconcile { "reconcile" } else { "lookback" }),
        "reconcile_every = \"0s\"".to_owned(),
        format!("on_bad_value = \"{}\"", if cell.bad == Bad::Fail { "fail" } else { "reject" }),
    ];
    if cell.method == Method::Incremental {
        let null_keys =
            if cell.null_change == NullChange::None { "include".to_owned() } else { word(&cell.null_change) };
        stream.push("change_key = \"changed\"\nlookback = \"2h\"".to_owned());
        stream.push(format!("null_keys = \"{null_keys}\""));
    }
    if cell.names_its_key() {
        let key: Vec<_> = (1..=cell.kinds().count()).map(|at| format!("\"k{at}\"")).collect();
        stream.push(format!("key = [{}]", key.join(", ")));
    }
    stream.extend(without_guards());
    format!(
        "name = \"matrix-{}\"\n[plugins]\nwms-tables.path = {:?}\ntable.path = {:?}\n\
         [connections.wms]\n{source}\n[connections.ana]\n{target}\n\
         [run]\nextract_batch_rows = {}\nload_batch_rows = {}\nretries = 0\n\
         [streams.s]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\ntable = {:?}\n\
         target_table = {target_table:?}\n{}\n",
        cell.seed,
        wmshost_tests::plugin("wmshost-extractor-wms-tables"),
        wmshost_tests::plugin("wmshost-loader-table"),
        cell.extract_rows,
        cell.load_rows,
        cell.table(),
        stream.join("\n")
    )
}

fn word(value: &dyn std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}

/// A few rows of a small table are a large share of it: other tests cover the guards against that.
fn without_guards() -> Vec<String> {
    let known = wmshost_pipeline::all_keys();
    let is_known = |name: &str| known.iter().any(|key| key.path == format!("streams.*.{name}"));
    let guards = ["max_rejected_percent", "max_deleted_percent", "max_shrink_percent"];
    guards.into_iter().filter(|name| is_known(name)).map(|name| format!("{name} = 100")).collect()
}

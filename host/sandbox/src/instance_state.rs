//! The state of a plugin instance: a context per capability, and what the engine needs.

use std::sync::Arc;

use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wmshost_flow::{Cancel, Limits, SharedTarget, Stage};

use crate::capabilities::{
    BatchesCtx, BatchesView, BuildingView, Granted, HttpCtx, HttpView, LogCtx, LogMeter, SettingsCtx, SourceCtx,
    SourceView, StateCtx, TargetCtx, TargetView,
};
use crate::cost::CostMeter;
use crate::handles::Handles;
use crate::identity::Identity;
use crate::limits::{CallTimer, MemoryGuard};
use crate::purpose::Purpose;
use crate::total_time::TotalTime;

/// The state of one instance. It only holds the contexts together: a capability is linked with a view of its own one.
/// Contexts of capabilities that the world does not have stay empty, and are not linked either.
pub(crate) struct InstanceState {
    /// The plugin's name in the pipeline file.
    pub(crate) plugin: String,
    pub(crate) limits: Arc<Limits>,
    pub(crate) memory: MemoryGuard,
    pub(crate) cost: Arc<CostMeter>,
    pub(crate) timer: CallTimer,
    pub(crate) handles: Handles,
    wasi: WasiCtx,
    pub(crate) log: LogCtx,
    pub(crate) settings: SettingsCtx,
    batches: BatchesCtx,
    pub(crate) source: SourceCtx,
    http: HttpCtx,
    pub(crate) target: TargetCtx,
    pub(crate) state: StateCtx,
}

impl InstanceState {
    /// The state of an instance that is granted nothing.
    pub(crate) fn new(
        identity: Identity,
        limits: Limits,
        (meter, total): (Arc<LogMeter>, Arc<TotalTime>),
        cost: Arc<CostMeter>,
    ) -> Self {
        let limits = Arc::new(limits);
        let log = LogCtx::new(&identity, &limits, Arc::clone(&meter));
        let [stdout, stderr] = log.standard_streams();
        let mut wasi = WasiCtx::builder();
        wasi.stdout(stdout);
        wasi.stderr(stderr);
        wasi.socket_addr_check(|_, _| Box::pin(async { false }));
        wasi.insecure_random_seed(0);
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        Self {
            memory: MemoryGuard::new(&limits),
            timer: CallTimer::new(&limits, total),
            handles: Handles::new(&limits),
            wasi: wasi.build(),
            log,
            batches: BatchesCtx::new(&identity, &limits),
            source: SourceCtx::new(&limits, Arc::clone(&meter)),
            http: HttpCtx::new(&limits, Arc::clone(&meter)),
            target: TargetCtx::new(limits.batch_columns, meter),
            state: StateCtx::default(),
            settings: SettingsCtx { values: identity.settings },
            plugin: identity.plugin,
            limits,
            cost,
        }
    }

    /// The same, granted a source: what it takes out of batches was extracted.
    pub(crate) fn reading(mut self, granted: Granted, cancel: Cancel) -> Self {
        match granted {
            Granted::Database(source) => self.source.granted = Some(source),
            Granted::Service(service) => self.http.granted = Some(service),
        }
        self.http.cancel = cancel;
        self.batches.stage = Stage::Extract;
        self
    }

    /// The same, granted a target.
    pub(crate) fn writing(mut self, target: SharedTarget) -> Self {
        self.target.session = Some(target);
        self
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, purpose: Purpose) {
        self.timer.restart(purpose.time.unwrap_or(self.limits.call_time));
        self.memory.restart();
        self.log.begin(purpose);
    }

    /// The view of the batches.
    pub(crate) fn batches(&mut self) -> BatchesView<'_> {
        BatchesView { ctx: &self.batches, handles: &mut self.handles }
    }

    /// The view of the capability `source`.
    pub(crate) fn source(&mut self) -> SourceView<'_> {
        SourceView { ctx: &mut self.source, handles: &mut self.handles, timer: &mut self.timer }
    }

    /// The view of the capability `http`.
    pub(crate) fn http(&mut self) -> HttpView<'_> {
        HttpView { ctx: &mut self.http, handles: &mut self.handles, timer: &mut self.timer }
    }

    /// The view of the capability `building`.
    pub(crate) fn building(&mut self) -> BuildingView<'_> {
        BuildingView(&mut self.handles)
    }

    /// The view of the capability `target`.
    pub(crate) fn target(&mut self) -> TargetView<'_> {
        TargetView { ctx: &mut self.target, handles: &mut self.handles, timer: &mut self.timer }
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: self.handles.table() }
    }
}

//! The host's state of one plugin instance, and the WASI that it gets: output into the log, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wmshost_flow::{Failure, SharedTarget, SourceSession, WriteStats};

use crate::capabilities::{LoadPolicy, LogMeter, PluginState};
use crate::columns::PluginBatch;
use crate::instance::{INSTANTIATE, Purpose};
use crate::limits::{CallTimer, Limits, MemoryGuard};

/// The most bytes that are kept of a plugin's error messages in one call.
const ERROR_BYTES: usize = 4 << 10;

/// A value of the plugin's own table in the pipeline file.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A list of texts.
    Texts(Vec<String>),
}

/// The identity of an instance and its settings.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The plugin's name in the pipeline file.
    pub plugin: String,
    /// Its version, as it reports it.
    pub version: String,
    /// The digest of its bytes, where it is known.
    pub digest: Option<String>,
    /// The stream it works for.
    pub stream: String,
    /// Its settings, with defaults filled in.
    pub settings: BTreeMap<String, Setting>,
}

impl Identity {
    /// Name and version, as quarantine and log show them.
    pub(crate) fn signature(&self) -> String {
        format!("{} {}", self.plugin, self.version)
    }
}

/// The database that an extractor was granted.
pub struct GrantedSource {
    /// The label that it is granted under.
    pub label: String,
    /// All labels of the pipeline, to distinguish a denied one from an unknown one.
    pub known_labels: Vec<String>,
    /// A session in the run's snapshot.
    pub session: Box<dyn SourceSession>,
}

/// The host's state of one instance. Capabilities that the world does not have stay empty, and are not linked either.
pub(crate) struct InstanceState {
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) memory: MemoryGuard,
    pub(crate) timer: CallTimer,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) output: [Arc<Output>; 2],
    /// The plugin's error messages in the current call.
    errors: String,
    pub(crate) meter: Arc<LogMeter>,
    /// The current call.
    pub(crate) purpose: Purpose,
    /// Batches that the table holds.
    batches: usize,
    pub(crate) source: Option<GrantedSource>,
    /// The reason why reading rows of the source broke off in the current call.
    pub(crate) source_failure: Option<Failure>,
    /// The most rows that a read may return at once.
    pub(crate) batch_rows: u32,
    pub(crate) target: Option<SharedTarget>,
    pub(crate) counts: WriteStats,
    /// The rules that the current load must follow.
    pub(crate) rules: Option<LoadPolicy>,
    pub(crate) state: PluginState,
}

impl InstanceState {
    pub(crate) fn new(identity: Identity, limits: Limits) -> Self {
        let output = [(); 2].map(|()| Arc::new(Output::new(limits.output_bytes)));
        let mut wasi = WasiCtx::builder();
        wasi.stdout(OutputHandle(Arc::clone(&output[0])));
        wasi.stderr(OutputHandle(Arc::clone(&output[1])));
        wasi.socket_addr_check(|_, _| Box::pin(async { false }));
        wasi.insecure_random_seed(0);
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            memory: MemoryGuard::new(limits.memory_bytes),
            timer: CallTimer::new(&limits),
            table,
            wasi: wasi.build(),
            output,
            errors: String::new(),
            meter: LogMeter::new(&identity.plugin, &identity.stream),
            purpose: Purpose::of(INSTANTIATE),
            batches: 0,
            source: None,
            source_failure: None,
            batch_rows: 1_000_000,
            target: None,
            counts: WriteStats::default(),
            rules: None,
            state: PluginState::default(),
            identity,
            limits,
        }
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, purpose: Purpose) {
        self.timer.restart(purpose.time.unwrap_or(self.limits.call_time));
        self.memory.restart();
        self.errors.clear();
        self.purpose = purpose;
    }

    /// Keeps the beginning of the plugin's error messages, for the failure's message.
    pub(crate) fn remember(&mut self, message: &str) {
        if self.errors.len() < ERROR_BYTES {
            self.errors.extend(message.chars().take(ERROR_BYTES).chain(['\n']));
        }
    }

    /// The plugin's error messages and printed errors in the current call.
    pub(crate) fn printed_in_call(&self) -> String {
        format!("{}{}", self.errors, self.output[1].peek())
    }

    /// A new handle for the plugin, if it does not have too many.
    pub(crate) fn push<T: Send + 'static>(&mut self, entry: T) -> Result<Resource<T>, Failure> {
        let most = self.limits.handles;
        self.table.push(entry).map_err(|_| Failure::limit("handles", most, most + 1))
    }

    /// A new handle for a batch, if the plugin does not have too many of them.
    pub(crate) fn push_batch(&mut self, batch: PluginBatch) -> Result<Resource<PluginBatch>, Failure> {
        let most = self.limits.batches;
        if self.batches == most {
            return Err(Failure::limit("batches", most, most + 1));
        }
        let handle = self.push(batch)?;
        self.batches += 1;
        Ok(handle)
    }

    /// Takes a batch back.
    pub(crate) fn take_batch(&mut self, handle: Resource<PluginBatch>) -> Result<PluginBatch, Failure> {
        let batch = self.table.delete(handle).map_err(|error| Failure::permanent(format!("the batch: {error}")))?;
        self.batches -= 1;
        Ok(batch)
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The printed output of a plugin: kept up to a limit, then counted and dropped.
pub(crate) struct Output {
    most: usize,
    printed: Mutex<Printed>,
}

/// The output since it was last taken.
#[derive(Default)]
struct Printed {
    kept: Vec<u8>,
    dropped: usize,
}

impl Output {
    fn new(most: usize) -> Self {
        Self { most, printed: Mutex::default() }
    }

    fn printed(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, bytes: &[u8]) {
        let mut printed = self.printed();
        let room = self.most.saturating_sub(printed.kept.len()).min(bytes.len());
        printed.kept.extend_from_slice(&bytes[..room]);
        printed.dropped += bytes.len() - room;
    }

    /// The output that is kept now.
    pub(crate) fn peek(&self) -> String {
        String::from_utf8_lossy(&self.printed().kept).into_owned()
    }

    /// The kept output, and the number of bytes that were dropped.
    pub(crate) fn take(&self) -> (String, usize) {
        let Printed { kept, dropped } = std::mem::take(&mut *self.printed());
        (String::from_utf8_lossy(&kept).into_owned(), dropped)
    }
}

#[derive(Clone)]
struct OutputHandle(Arc<Output>);

impl IsTerminal for OutputHandle {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for OutputHandle {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for OutputHandle {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for OutputHandle {
    async fn ready(&mut self) {}
}

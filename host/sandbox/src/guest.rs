//! What the host keeps for one plugin instance, and the WASI that it gets: output into the log, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wmshost_flow::{Counts, SharedTarget, SourceSession};

use crate::limits::{CallTimer, Limits, MemoryGuard};

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

/// Who an instance is and what it was given.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The plugin's name in the pipeline file.
    pub plugin: String,
    /// Its version, as it says itself.
    pub version: String,
    /// The stream it works for.
    pub stream: String,
    /// Its settings, fallbacks put in.
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
    /// The label it is granted under.
    pub label: String,
    /// All labels of the pipeline, to tell a denied one from an unknown one.
    pub known_labels: Vec<String>,
    /// A session in the run's snapshot.
    pub session: Box<dyn SourceSession>,
}

/// What the host keeps for one instance. Capabilities that the world does not have stay empty, and are not
/// linked either.
pub(crate) struct Guest {
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) memory: MemoryGuard,
    pub(crate) timer: CallTimer,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) output: [Arc<Output>; 2],
    pub(crate) messages: u64,
    pub(crate) source: Option<GrantedSource>,
    pub(crate) target: Option<SharedTarget>,
    pub(crate) counts: Counts,
    pub(crate) state: BTreeMap<String, Vec<u8>>,
    pub(crate) state_changes: BTreeMap<String, Option<Vec<u8>>>,
}

impl Guest {
    pub(crate) fn new(identity: Identity, limits: Limits) -> Self {
        let output = [(); 2].map(|()| Arc::new(Output::new(limits.output_bytes)));
        let mut wasi = WasiCtx::builder();
        wasi.stdout(OutputHandle(Arc::clone(&output[0])));
        wasi.stderr(OutputHandle(Arc::clone(&output[1])));
        wasi.wall_clock(NoClock).socket_addr_check(|_, _| Box::pin(async { false }));
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            memory: MemoryGuard::new(limits.memory_bytes),
            timer: CallTimer::new(limits.call_time),
            table,
            wasi: wasi.build(),
            output,
            messages: 0,
            source: None,
            target: None,
            counts: Counts::default(),
            state: BTreeMap::new(),
            state_changes: BTreeMap::new(),
            identity,
            limits,
        }
    }

    /// Writes what the plugin printed since the last call into the log.
    pub(crate) fn log_output(&mut self) {
        for (stream, output) in ["stdout", "stderr"].into_iter().zip(&self.output) {
            let text = output.take();
            for line in text.lines() {
                tracing::info!(plugin = self.identity.plugin, stream = self.identity.stream, from = stream, "{line}");
            }
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A wall clock that stands still: time is not granted, and the standard library asks for it to be there.
struct NoClock;

impl HostWallClock for NoClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a plugin prints: kept up to a limit, then counted and dropped.
pub(crate) struct Output {
    most: usize,
    kept: Mutex<Vec<u8>>,
}

impl Output {
    fn new(most: usize) -> Self {
        Self { most, kept: Mutex::new(Vec::new()) }
    }

    fn push(&self, bytes: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.most.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What is kept now.
    pub(crate) fn peek(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
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

//! The output of a plugin: kept up to a limit until the log takes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The output of a plugin: kept up to a limit, then counted and dropped.
pub(crate) struct Output {
    most: usize,
    printed: Mutex<Printed>,
}

/// The text that was printed since it was taken last.
#[derive(Default)]
struct Printed {
    kept: Vec<u8>,
    dropped: usize,
}

impl Output {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, printed: Mutex::default() })
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

    /// Returns the text that is kept now.
    pub(crate) fn peek(&self) -> String {
        String::from_utf8_lossy(&self.printed().kept).into_owned()
    }

    /// Takes the text that is kept, and the number of bytes that were not.
    pub(crate) fn take(&self) -> (String, usize) {
        let Printed { kept, dropped } = std::mem::take(&mut *self.printed());
        (String::from_utf8_lossy(&kept).into_owned(), dropped)
    }
}

/// A standard stream of a plugin.
#[derive(Clone)]
pub(crate) struct OutputHandle(pub(crate) Arc<Output>);

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

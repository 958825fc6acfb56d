//! The wasm engine, and the clock that interrupts plugins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel};
use wmshost_flow::Failure;

/// The interval at which a computing plugin is interrupted to check its time.
const TICK: Duration = Duration::from_millis(10);

/// An engine with a thread that increments its epoch. The thread ends with it.
pub(crate) struct TickingEngine {
    pub(crate) engine: Engine,
    pub(crate) is_metered: bool,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl TickingEngine {
    /// An engine; a metered one counts instructions, which doubles the time of a call.
    pub(crate) fn new(is_metered: bool) -> Result<Self, Failure> {
        let engine = engine_of(is_metered)?;
        let stop = Arc::new(AtomicBool::new(false));
        let ticker = spawn_ticker(engine.clone(), Arc::clone(&stop));
        Ok(Self { engine, is_metered, stop, ticker: Some(ticker) })
    }
}

/// The engine by itself. Machine code is of one configuration, so that all engines have this one.
pub(crate) fn engine_of(is_metered: bool) -> Result<Engine, Failure> {
    let mut config = Config::new();
    config.consume_fuel(is_metered);
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.cranelift_opt_level(OptLevel::Speed);
    config.wasm_backtrace_max_frames(None);
    config.max_wasm_stack(1 << 20);
    config.memory_reservation_for_growth(0);
    Engine::new(&config).map_err(|e| Failure::permanent(format!("the wasm engine does not start: {e:#}")))
}

fn spawn_ticker(engine: Engine, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            thread::park_timeout(TICK);
            engine.increment_epoch();
        }
    })
}

impl Drop for TickingEngine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
    }
}

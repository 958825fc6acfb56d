//! Calling a plugin. Every call has a time limit, and ends at once when the run is asked to stop; a trap becomes a
//! failure that names plugin and function; the plugin's printed output goes into the log.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};
use wmshost_flow::{Cancel, Failure};

use crate::bindings::types;
use crate::convert::failure_from_wit;
use crate::cost::GuestClock;
use crate::instance_state::InstanceState;
use crate::purpose::{INSTANTIATE, Purpose};
use crate::trap::{Stopped, trap_failure};

/// An instance with the typed view of its world.
pub(crate) struct Instance<W> {
    pub(crate) store: Store<InstanceState>,
    pub(crate) world: Arc<W>,
    is_metered: bool,
}

impl<W> Instance<W> {
    /// Makes an instance; `view` is the generated constructor of its world.
    pub(crate) fn new(
        engine: &Engine,
        cancel: Cancel,
        component: &Component,
        linker: &Linker<InstanceState>,
        state: InstanceState,
        view: impl FnOnce(&mut Store<InstanceState>, &Component, &Linker<InstanceState>) -> wasmtime::Result<W>,
    ) -> Result<Self, Failure> {
        let copied_bytes = state.limits.copied_bytes;
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(copied_bytes);
        let is_metered = store.set_fuel(u64::MAX).is_ok();
        if store.data().cost.is_timed {
            let mut clock = GuestClock::default();
            store.call_hook(move |store, moment| {
                clock.at(moment, &store.data().cost);
                Ok(())
            });
        }
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |store| {
            if cancel.is_set() {
                return Err(Stopped.into());
            }
            store.data().timer.check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store.data_mut().begin(Purpose::of(INSTANTIATE));
        check_time(&mut store, INSTANTIATE)?;
        let world = view(&mut store, component, linker);
        store.data_mut().timer.end();
        let world = world.map_err(|error| trap_failure(&mut store, INSTANTIATE, &error))?;
        Ok(Self { store, world: Arc::new(world), is_metered })
    }

    /// Calls an exported function whose result has no failure.
    pub(crate) fn call<T>(
        &mut self,
        function: &'static str,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.call_in(Purpose::of(function), call)
    }

    /// The fuel that is left; 0 in a sandbox that does not count instructions.
    fn fuel(&self) -> u64 {
        if self.is_metered { self.store.get_fuel().unwrap_or_default() } else { 0 }
    }

    fn call_in<T>(
        &mut self,
        purpose: Purpose,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.store.data_mut().begin(purpose);
        check_time(&mut self.store, purpose.function)?;
        self.store.set_epoch_deadline(1);
        let world = Arc::clone(&self.world);
        let (before, start) = (self.fuel(), Instant::now());
        let result = call(&world, &mut self.store);
        let (used, time) = (before - self.fuel(), start.elapsed());
        let state = self.store.data_mut();
        state.timer.end();
        state.cost.count(used, state.memory.bytes(), time);
        let result = result.map_err(|error| trap_failure(&mut self.store, purpose.function, &error));
        self.store.data_mut().log.log_output();
        result
    }

    /// Counts the rows that the last call was about, which has returned. Fails if the rows so far took too long.
    pub(crate) fn count_rows(&self, function: &'static str, rows: usize) -> Result<(), Failure> {
        let state = self.store.data();
        state.timer.count_rows(rows).map_err(|failure| failure.at(&state.plugin, function))
    }

    /// Calls an exported function that returns a failure of the contract.
    pub(crate) fn call_fallible<T>(
        &mut self,
        function: &'static str,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<Result<T, types::Failure>>,
    ) -> Result<T, Failure> {
        self.call_fallible_in(Purpose::of(function), call)
    }

    /// The same, for a call that is about a batch.
    pub(crate) fn call_fallible_in<T>(
        &mut self,
        purpose: Purpose,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<Result<T, types::Failure>>,
    ) -> Result<T, Failure> {
        let plugin = self.store.data().plugin.clone();
        self.call_in(purpose, call)?.map_err(|failure| failure_from_wit(failure).at(&plugin, purpose.function))
    }
}

/// Fails if the calls so far took too long together: a call that is shorter than a tick of the clock is not interrupted.
fn check_time(store: &mut Store<InstanceState>, function: &'static str) -> Result<(), Failure> {
    let time_up = store.data().timer.check();
    time_up.map_err(|time_up| trap_failure(store, function, &time_up.into()))
}

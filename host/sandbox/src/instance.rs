//! Calling a plugin. Every call has its time; a trap becomes a failure that names plugin and function; what the
//! plugin printed goes into the log.

use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;
use wmshost_flow::{Failure, FailureKind};

use crate::bindings::types;
use crate::convert::{failure_from_wit, shown};
use crate::guest::Guest;
use crate::limits::TimeUp;
use crate::wasi::NotGranted;

/// What the making of an instance is called in failures.
const INSTANTIATE: &str = "instantiate";
/// How much of what a plugin printed stands in the failure of its trap, in bytes.
const PRINTED_BYTES: usize = 500;
/// What wasmtime says of a component with too many instances, tables or memories, and of a call that copies too
/// much. It keeps the types of these errors to itself.
const TOO_MANY: &str = "resource limit exceeded";
const COPIED_TOO_MUCH: &str = "fuel allocated for hostcalls";

/// An instance with the typed view of its world.
pub(crate) struct Instance<W> {
    pub(crate) store: Store<Guest>,
    pub(crate) world: Arc<W>,
}

impl<W> Instance<W> {
    /// Makes an instance; `view` is the generated constructor of its world.
    pub(crate) fn new(
        engine: &Engine,
        component: &Component,
        linker: &Linker<Guest>,
        guest: Guest,
        view: impl FnOnce(&mut Store<Guest>, &Component, &Linker<Guest>) -> wasmtime::Result<W>,
    ) -> Result<Self, Failure> {
        let copied_bytes = guest.limits.copied_bytes;
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(copied_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            store.data().timer.check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store.data_mut().timer.restart();
        let world = view(&mut store, component, linker);
        let world = world.map_err(|error| trap(&mut store, INSTANTIATE, &error))?;
        Ok(Self { store, world: Arc::new(world) })
    }

    /// Calls an exported function that cannot fail by itself.
    pub(crate) fn call<T>(
        &mut self,
        function: &'static str,
        call: impl FnOnce(&W, &mut Store<Guest>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let guest = self.store.data_mut();
        guest.timer.restart();
        guest.memory.restart();
        self.store.set_epoch_deadline(1);
        let world = Arc::clone(&self.world);
        let result = call(&world, &mut self.store);
        let result = result.map_err(|error| trap(&mut self.store, function, &error));
        self.store.data_mut().log_output();
        result
    }

    /// Calls an exported function that gives a failure of the contract.
    pub(crate) fn ask<T>(
        &mut self,
        function: &'static str,
        call: impl FnOnce(&W, &mut Store<Guest>) -> wasmtime::Result<Result<T, types::Failure>>,
    ) -> Result<T, Failure> {
        let plugin = self.store.data().identity.plugin.clone();
        self.call(function, call)?.map_err(|failure| failure_from_wit(failure).at(&plugin, function))
    }
}

/// The failure behind an error of the engine: a limit, an exit, a trap.
fn trap(store: &mut Store<Guest>, function: &'static str, error: &wasmtime::Error) -> Failure {
    let guest = store.data_mut();
    let plugin = guest.identity.plugin.clone();
    let printed = guest.output[1].peek();
    guest.log_output();
    let mut failure = broken_off(guest, function, error).at(&plugin, function);
    // A panic says in its first line where and in its second why.
    let lines: Vec<_> = printed.lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
    if !lines.is_empty() {
        failure.message += &format!(" ({})", shown(lines.join(" "), PRINTED_BYTES));
    }
    failure
}

fn broken_off(guest: &Guest, function: &str, error: &wasmtime::Error) -> Failure {
    if let Some(TimeUp { name, limit }) = error.downcast_ref() {
        return Failure::limit(name, format_args!("{limit:?}"), "more");
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Failure::new(FailureKind::Trap, format!("it called exit({})", exit.0));
    }
    if let Some(refused) = error.downcast_ref::<NotGranted>() {
        return Failure::new(FailureKind::Trap, refused.to_string());
    }
    if let Some(memory) = guest.memory.failure() {
        return memory;
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Failure::new(FailureKind::Trap, format!("it trapped: {trap}"));
    }
    if error.root_cause().to_string().contains(COPIED_TOO_MUCH) {
        return Failure::limit("copied_bytes", guest.limits.copied_bytes, "more");
    }
    if error.root_cause().to_string().contains(TOO_MANY) {
        return Failure::new(FailureKind::Limit, format!("{error:#}"));
    }
    if function == INSTANTIATE {
        return Failure::invalid_config(format!("it is not of this contract: {error:#}"));
    }
    Failure::new(FailureKind::Trap, format!("it broke off: {error:#}"))
}

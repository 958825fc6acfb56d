//! A component with its world: its imports, its description of itself, and the stages that are made of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{Component, Linker};
use wmshost_flow::model::Declaration;
use wmshost_flow::{
    Cancel, CompileLimits, Dialect, Extractor, Failure, FailureCause, Limits, Loader, SharedTarget, Transform,
    WasmError,
};

use crate::bindings::{any, extractor, loader, models, transform};
use crate::capabilities::{Granted, LogMeter};
use crate::compile::{Cache, compile};
use crate::component_file::ComponentFile;
use crate::contract;
use crate::cost::{Cost, CostMeter};
use crate::description::{Description, Offer, description};
use crate::engine::TickingEngine;
use crate::identity::Identity;
use crate::instance::Instance;
use crate::instance_state::InstanceState;
use crate::limits::for_description;
use crate::link::{World, check_imports, exports_of, imports_of, linker, world_of};
use crate::stages::{PluginExtractor, PluginLoader, PluginTransform, declare};
use crate::total_time::{SharedTime, TotalTime};

/// The place where plugins run: one engine, and the cache of compiled components.
pub struct Sandbox {
    engine: Arc<TickingEngine>,
    cache: Cache,
    cancel: Cancel,
    /// True if the time in the plugins' own code is measured.
    is_timed: bool,
}

impl Sandbox {
    /// A sandbox that keeps compiled components in `cache`.
    pub fn new(cache: Cache) -> Result<Self, Failure> {
        Ok(Self::of(TickingEngine::new(false)?, cache))
    }

    fn of(engine: TickingEngine, cache: Cache) -> Self {
        Self { engine: Arc::new(engine), cache, cancel: Cancel::default(), is_timed: false }
    }

    /// A sandbox that measures the time in the plugins' own code ([`Plugin::take_cost`]): for authors, not for runs.
    pub fn timed(cache: Cache) -> Result<Self, Failure> {
        Ok(Self { is_timed: true, ..Self::new(cache)? })
    }

    /// A sandbox whose plugins' instructions are counted ([`Plugin::take_cost`]): for authors, not for runs.
    pub fn metered(cache: Cache) -> Result<Self, Failure> {
        Ok(Self::of(TickingEngine::new(true)?, cache))
    }

    /// The same sandbox, whose plugins are interrupted at once when this is set.
    #[must_use]
    pub fn stopping_at(self, cancel: Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// Loads the component in `file` under its name in the pipeline, where no pipeline sets limits for compiling it. None of
    /// its code runs yet.
    pub fn load(&self, name: &str, file: &Path) -> Result<Plugin, Failure> {
        let limits = CompileLimits::default();
        let loaded = ComponentFile::read(file).and_then(|component| self.load_component(name, &component, limits));
        loaded.map_err(|failure| failure.within(file.display()))
    }

    /// The same within these limits, for a component that was read before. Failures do not name its file.
    pub fn load_component(&self, name: &str, file: &ComponentFile, limits: CompileLimits) -> Result<Plugin, Failure> {
        let engine = &self.engine.engine;
        let component = compile(&self.engine, file, &self.cache, limits, &self.cancel)?;
        let foreign = |failure: Failure| failure.caused_by(FailureCause::Wasm(WasmError::ForeignContract));
        let world = world_of(engine, &component).map_err(foreign)?;
        let imports = imports_of(engine, &component);
        check_imports(world, &imports).map_err(foreign)?;
        let exports = exports_of(engine, &component);
        let built_for = contract::latest(imports.iter().chain(&exports).map(String::as_str));
        let linker =
            linker(engine, world).map_err(|error| Failure::permanent(format!("linking {world}: {error:#}")))?;
        linker
            .instantiate_pre(&component)
            .map_err(|error| foreign(contract::lacking(built_for.as_ref(), format_args!("{error:#}"))))?;
        Ok(Plugin {
            name: name.to_owned(),
            file: file.path().to_owned(),
            digest: file.digest().to_owned(),
            world,
            contract: built_for.map_or_else(String::new, |version| version.to_string()),
            imports,
            engine: Arc::clone(&self.engine),
            component,
            linker: Arc::new(linker),
            cancel: self.cancel.clone(),
            meters: Arc::default(),
            time: Arc::default(),
            cost: Arc::new(CostMeter::new(self.is_timed)),
        })
    }
}

/// A component, compiled and checked.
#[derive(Clone)]
pub struct Plugin {
    /// Its name in the pipeline file.
    pub name: String,
    /// The file it came from.
    pub file: PathBuf,
    /// The digest of the file, in hex.
    pub digest: String,
    /// Its world.
    pub world: World,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Kept so that the clock which ends calls runs as long as there is a plugin.
    engine: Arc<TickingEngine>,
    component: Component,
    linker: Arc<Linker<InstanceState>>,
    cancel: Cancel,
    /// The log output and the time so far, by name and stream.
    meters: Arc<Mutex<Meters>>,
    /// The time of all streams.
    time: Arc<SharedTime>,
    /// The cost of its calls so far.
    cost: Arc<CostMeter>,
}

/// The log output and the time, by the plugin's name and the stream's.
type Meters = BTreeMap<(String, String), (Arc<LogMeter>, Arc<TotalTime>)>;

impl Plugin {
    /// The same plugin under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The same plugin for another run: log output, denials and time are counted from the beginning.
    #[must_use]
    pub fn for_another_run(self) -> Self {
        Self { meters: Arc::default(), time: Arc::default(), ..self }
    }

    /// Returns the number of calls of this plugin for a stream that were denied, in all of its instances.
    pub fn denials(&self, stream: &str) -> u64 {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.iter().filter(|((_, of), _)| of == stream).map(|(_, (meter, _))| meter.denials()).sum()
    }

    /// Takes the cost of the calls since it was taken last, in all instances.
    pub fn take_cost(&self) -> Cost {
        self.cost.take()
    }

    fn need(&self, world: World) -> Result<(), Failure> {
        if self.world == world {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "plugin {} ({}) is of the world {}, and {world} is needed here",
            self.name,
            self.file.display(),
            self.world
        )))
    }

    /// The plugin's description of itself. It has no capability while it describes itself.
    pub fn describe(&self) -> Result<Description, Failure> {
        let identity = Identity { plugin: self.name.clone(), ..Identity::default() };
        let state = self.state(identity, for_description());
        let said = self
            .instance(state, |store, component, linker| any::Any::instantiate(store, component, linker))?
            .call("describe", |world, store| world.wmshost_plugin_about().call_describe(store))?;
        description(said).map_err(|failure| failure.at(&self.name, "describe"))
    }

    /// The log output and the time of this plugin for a stream, in all of its instances.
    fn meter(&self, identity: &Identity) -> (Arc<LogMeter>, Arc<TotalTime>) {
        let of = (identity.plugin.clone(), identity.stream.clone());
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || (LogMeter::new(&identity.plugin, &identity.stream), TotalTime::of(&self.time));
        meters.entry(of).or_insert_with(new).clone()
    }

    /// The state of an instance that is granted nothing.
    fn state(&self, identity: Identity, limits: Limits) -> InstanceState {
        let meter = self.meter(&identity);
        InstanceState::new(identity, limits, meter, Arc::clone(&self.cost))
    }

    fn instance<W>(
        &self,
        state: InstanceState,
        view: impl FnOnce(&mut wasmtime::Store<InstanceState>, &Component, &Linker<InstanceState>) -> wasmtime::Result<W>,
    ) -> Result<Instance<W>, Failure> {
        Instance::new(&self.engine.engine, self.cancel.clone(), &self.component, &self.linker, state, view)
    }

    /// An instance that reads a stream from the granted source.
    pub fn extractor(
        &self,
        identity: Identity,
        limits: Limits,
        granted: Granted,
    ) -> Result<Box<dyn Extractor>, Failure> {
        Ok(Box::new(self.open_extractor(identity, limits, granted)?))
    }

    fn open_extractor(&self, identity: Identity, limits: Limits, granted: Granted) -> Result<PluginExtractor, Failure> {
        self.need(World::Extractor)?;
        let state = self.state(identity, limits).reading(granted, self.cancel.clone());
        Ok(PluginExtractor::new(
            self.instance(state, |store, component, linker| {
                extractor::Extractor::instantiate(store, component, linker)
            })?,
        ))
    }

    /// The streams that the granted source offers, as the plugin finds them.
    pub fn discover(&self, identity: Identity, limits: Limits, granted: Granted) -> Result<Vec<Offer>, Failure> {
        let label = granted.label().to_owned();
        self.open_extractor(identity, limits, granted)?.discover(&label)
    }

    /// An instance that changes batches.
    pub fn transform(&self, identity: Identity, limits: Limits) -> Result<Box<dyn Transform>, Failure> {
        self.need(World::Transform)?;
        let plugin = self.clone();
        let make = move || {
            let state = plugin.state(identity.clone(), limits.clone());
            plugin
                .instance(state, |store, component, linker| transform::Transform::instantiate(store, component, linker))
        };
        Ok(Box::new(PluginTransform::new(Box::new(make))?))
    }

    /// An instance that writes through the given session.
    pub fn loader(&self, identity: Identity, limits: Limits, target: SharedTarget) -> Result<Box<dyn Loader>, Failure> {
        self.need(World::Loader)?;
        let state = self.state(identity, limits).writing(target);
        Ok(Box::new(PluginLoader::new(
            self.instance(state, |store, component, linker| loader::Loader::instantiate(store, component, linker))?,
        )))
    }

    /// The models that the plugin declares for this dialect.
    pub fn models(&self, identity: Identity, limits: Limits, dialect: Dialect) -> Result<Declaration, Failure> {
        self.need(World::Models)?;
        let state = self.state(identity, limits);
        let models =
            |store: &mut wasmtime::Store<InstanceState>, component: &Component, linker: &Linker<InstanceState>| {
                models::Models::instantiate(store, component, linker)
            };
        declare(&mut self.instance(state, models)?, dialect)
    }
}

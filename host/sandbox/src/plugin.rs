//! A component with its world: its imports, its description of itself, and the stages that are made of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::SchemaRef;
use wasmtime::component::{Component, Linker};
use wmshost_flow::model::Declaration;
use wmshost_flow::{Cancel, Dialect, Extractor, Failure, Loader, SharedTarget, Transform};

use crate::bindings::{about, any, extractor, loader, models, transform};
use crate::capabilities::LogMeter;
use crate::compile::compile;
use crate::convert::sanitize;
use crate::engine::TickingEngine;
use crate::instance::Instance;
use crate::instance_state::{GrantedSource, Identity, InstanceState};
use crate::limits::Limits;
use crate::link::{World, check_imports, imports_of, linker, world_of};
use crate::stages::{PluginExtractor, PluginLoader, PluginTransform, declare};

/// The place where plugins run: one engine, and the folder where compiled components are kept.
pub struct Sandbox {
    engine: Arc<TickingEngine>,
    cache: PathBuf,
    cancel: Cancel,
}

impl Sandbox {
    /// A sandbox that keeps compiled components in `cache`.
    pub fn new(cache: PathBuf) -> Result<Self, Failure> {
        Ok(Self { engine: Arc::new(TickingEngine::new()?), cache, cancel: Cancel::default() })
    }

    /// The same sandbox, whose plugins are interrupted at once when this is set.
    #[must_use]
    pub fn stopping_at(self, cancel: Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// Loads the component in `file` under its name in the pipeline. None of its code runs yet.
    pub fn load(&self, name: &str, file: &Path) -> Result<Plugin, Failure> {
        let engine = &self.engine.engine;
        let compiled = compile(engine, file, &self.cache)?;
        let at = |failure: Failure| failure.within(file.display());
        let world = world_of(engine, &compiled.component).map_err(at)?;
        let imports = imports_of(engine, &compiled.component);
        check_imports(world, &imports).map_err(at)?;
        let linker =
            linker(engine, world).map_err(|error| at(Failure::permanent(format!("linking {world}: {error:#}"))))?;
        linker
            .instantiate_pre(&compiled.component)
            .map_err(|error| at(Failure::invalid_config(format!("not of this contract: {error:#}"))))?;
        Ok(Plugin {
            name: name.to_owned(),
            file: file.to_owned(),
            digest: compiled.digest,
            world,
            imports,
            engine: Arc::clone(&self.engine),
            component: compiled.component,
            linker: Arc::new(linker),
            cancel: self.cancel.clone(),
            meters: Arc::default(),
        })
    }
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
}

/// One key of a plugin's own table in the pipeline file.
#[derive(Debug, Clone)]
pub struct SettingDescription {
    /// The key.
    pub name: String,
    /// The type of its value.
    pub kind: SettingKind,
    /// A description in one sentence.
    pub summary: String,
    /// The value used when the key is not given; `None` if it is required.
    pub fallback: Option<String>,
    /// The allowed values; empty if any is.
    pub choices: Vec<String>,
}

/// A plugin's description of itself.
#[derive(Debug, Clone)]
pub struct Description {
    /// Its own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A description in one sentence.
    pub summary: String,
    /// Its settings.
    pub settings: Vec<SettingDescription>,
}

/// A stream that a source offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The table.
    pub table: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// Columns that could serve as a change key, the likeliest first.
    pub change_keys: Vec<String>,
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
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Kept so that the clock which ends calls runs as long as there is a plugin.
    engine: Arc<TickingEngine>,
    component: Component,
    linker: Arc<Linker<InstanceState>>,
    cancel: Cancel,
    /// The log output so far, by name and stream.
    meters: Arc<Mutex<LogMeters>>,
}

/// The log output, by the plugin's name and the stream's.
type LogMeters = BTreeMap<(String, String), Arc<LogMeter>>;

impl Plugin {
    /// The same plugin under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
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
        let state = InstanceState::new(identity, Limits::for_description());
        let said = self
            .instance(state, |store, component, linker| any::Any::instantiate(store, component, linker))?
            .call("describe", |world, store| world.wmshost_plugin_about().call_describe(store))?;
        description(said).map_err(|failure| failure.at(&self.name, "describe"))
    }

    /// The log output of this plugin for a stream, in all of its instances.
    fn meter(&self, identity: &Identity) -> Arc<LogMeter> {
        let of = (identity.plugin.clone(), identity.stream.clone());
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let meter = meters.entry(of).or_insert_with(|| LogMeter::new(&identity.plugin, &identity.stream));
        Arc::clone(meter)
    }

    fn instance<W>(
        &self,
        mut state: InstanceState,
        view: impl FnOnce(&mut wasmtime::Store<InstanceState>, &Component, &Linker<InstanceState>) -> wasmtime::Result<W>,
    ) -> Result<Instance<W>, Failure> {
        state.meter = self.meter(&state.identity);
        Instance::new(&self.engine.engine, self.cancel.clone(), &self.component, &self.linker, state, view)
    }

    /// An instance that reads a stream from the granted source.
    pub fn extractor(
        &self,
        identity: Identity,
        limits: Limits,
        source: GrantedSource,
    ) -> Result<Box<dyn Extractor>, Failure> {
        Ok(Box::new(self.open_extractor(identity, limits, source)?))
    }

    fn open_extractor(
        &self,
        identity: Identity,
        limits: Limits,
        source: GrantedSource,
    ) -> Result<PluginExtractor, Failure> {
        self.need(World::Extractor)?;
        let mut state = InstanceState::new(identity, limits);
        state.source = Some(source);
        Ok(PluginExtractor::new(
            self.instance(state, |store, component, linker| {
                extractor::Extractor::instantiate(store, component, linker)
            })?,
        ))
    }

    /// The streams that the granted source offers, as the plugin finds them.
    pub fn discover(&self, identity: Identity, limits: Limits, source: GrantedSource) -> Result<Vec<Offer>, Failure> {
        let label = source.label.clone();
        self.open_extractor(identity, limits, source)?.discover(&label)
    }

    /// An instance that changes batches.
    pub fn transform(&self, identity: Identity, limits: Limits) -> Result<Box<dyn Transform>, Failure> {
        self.need(World::Transform)?;
        let plugin = self.clone();
        let make = move || {
            let state = InstanceState::new(identity.clone(), limits.clone());
            plugin
                .instance(state, |store, component, linker| transform::Transform::instantiate(store, component, linker))
        };
        Ok(Box::new(PluginTransform::new(Box::new(make))?))
    }

    /// An instance that writes through the given session.
    pub fn loader(&self, identity: Identity, limits: Limits, target: SharedTarget) -> Result<Box<dyn Loader>, Failure> {
        self.need(World::Loader)?;
        let mut state = InstanceState::new(identity, limits);
        state.target = Some(target);
        Ok(Box::new(PluginLoader::new(
            self.instance(state, |store, component, linker| loader::Loader::instantiate(store, component, linker))?,
        )))
    }

    /// The models that the plugin declares for this dialect.
    pub fn models(&self, identity: Identity, limits: Limits, dialect: Dialect) -> Result<Declaration, Failure> {
        self.need(World::Models)?;
        let state = InstanceState::new(identity, limits);
        let models =
            |store: &mut wasmtime::Store<InstanceState>, component: &Component, linker: &Linker<InstanceState>| {
                models::Models::instantiate(store, component, linker)
            };
        declare(&mut self.instance(state, models)?, dialect)
    }
}

/// The most settings of a plugin, and the most choices of one of them.
const SETTINGS: usize = 256;
/// The longest text in a description, in bytes.
const TEXT_BYTES: usize = 1 << 10;

fn description(said: about::Description) -> Result<Description, Failure> {
    let longest = said.settings.iter().map(|setting| setting.choices.len()).max().unwrap_or(0);
    if said.settings.len().max(longest) > SETTINGS {
        return Err(Failure::limit("described settings or choices", SETTINGS, said.settings.len().max(longest)));
    }
    let text = |text: String| sanitize(text, TEXT_BYTES);
    let setting = |setting: about::SettingDescription| SettingDescription {
        name: text(setting.name),
        kind: match setting.kind {
            about::SettingKind::Text => SettingKind::Text,
            about::SettingKind::Integer => SettingKind::Integer,
            about::SettingKind::Number => SettingKind::Number,
            about::SettingKind::Flag => SettingKind::Flag,
            about::SettingKind::Texts => SettingKind::Texts,
        },
        summary: text(setting.summary),
        fallback: setting.fallback.map(text),
        choices: setting.choices.into_iter().map(text).collect(),
    };
    Ok(Description {
        name: text(said.name),
        version: text(said.version),
        summary: text(said.summary),
        settings: said.settings.into_iter().map(setting).collect(),
    })
}

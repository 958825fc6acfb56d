//! The functions that a plugin may call. A world's imports are linked and nothing else: a function that is not linked
//! cannot be called.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};
use wmshost_flow::Failure;

use crate::bindings::{batches, building, http, log, settings, source, state, target, types};
use crate::capabilities::{Batches, Building, Http, Log, Settings, Source, State, Target, Types};
use crate::contract::Interface;
use crate::instance_state::InstanceState;
use crate::wasi;

/// The purpose of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Reads a stream.
    Extractor,
    /// Changes batches.
    Transform,
    /// Writes a stream.
    Loader,
    /// Declares models.
    Models,
}

impl World {
    const ALL: [Self; 4] = [Self::Extractor, Self::Transform, Self::Loader, Self::Models];

    /// The world's name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extractor => "extractor",
            Self::Transform => "transform",
            Self::Loader => "loader",
            Self::Models => "models",
        }
    }

    /// The interface that only plugins of this world export.
    fn export(self) -> &'static str {
        match self {
            Self::Extractor => "extraction",
            Self::Transform => "transformation",
            Self::Loader => "loading",
            Self::Models => "modelling",
        }
    }

    /// The contract's interfaces that the world imports.
    fn imports(self) -> &'static [&'static str] {
        match self {
            Self::Extractor => &["types", "batches", "log", "settings", "state", "source", "http", "building"],
            Self::Transform => &["types", "batches", "log", "settings"],
            Self::Loader => &["types", "batches", "log", "settings", "target"],
            Self::Models => &["types", "log", "settings"],
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The world of a component, by what it exports.
pub(crate) fn world_of(engine: &Engine, component: &Component) -> Result<World, Failure> {
    let exports = exports_of(engine, component);
    let exported: Vec<Interface<'_>> = exports.iter().filter_map(|name| Interface::parse(name)).collect();
    exported.iter().try_for_each(|export| export.check())?;
    let exported: Vec<&str> = exported.iter().map(|export| export.name).collect();
    let mut worlds = World::ALL.into_iter().filter(|world| exported.contains(&world.export()));
    match (worlds.next(), worlds.next()) {
        (Some(world), None) if exported.contains(&"about") => Ok(world),
        (Some(world), None) => {
            Err(Failure::invalid_config(format!("it exports {} but not about; every plugin must", world.export())))
        }
        (None, _) => Err(Failure::invalid_config(
            "it exports no stage of the contract (extraction, transformation, loading or modelling)",
        )),
        (Some(a), Some(b)) => Err(Failure::invalid_config(format!("it is both {a} and {b}; a plugin has one world"))),
    }
}

/// The interfaces that a component exports.
pub(crate) fn exports_of(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The interfaces that a component imports.
pub(crate) fn imports_of(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// Refuses a component that imports more than its world has.
pub(crate) fn check_imports(world: World, imports: &[String]) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for import in imports {
        if let Some(interface) = Interface::parse(import) {
            interface.check()?;
            if world.imports().contains(&interface.name) {
                continue;
            }
        } else if wasi::is_linked(import) {
            continue;
        }
        refused.push(import.as_str());
    }
    if refused.is_empty() {
        return Ok(());
    }
    let is_later = refused.iter().filter_map(|import| Interface::parse(import)).any(Interface::is_later);
    let note = if is_later { ". It was built for a later contract: a later wmshost may grant it" } else { "" };
    Err(Failure::denied(format!(
        "it asks for {}, which the world {world} does not grant; it may have {} and, of WASI, what its standard library \
         needs to print and to exit{note}",
        refused.join(", "),
        world.imports().join(", ")
    )))
}

/// A linker with the interfaces that the world grants. Each capability is linked with a view of its own context.
pub(crate) fn linker(engine: &Engine, world: World) -> wasmtime::Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wasi::link(l)?;
    for interface in world.imports() {
        match *interface {
            "types" => types::add_to_linker::<_, Types>(l, |_| Types)?,
            "batches" => batches::add_to_linker::<_, Batches>(l, InstanceState::batches)?,
            "log" => log::add_to_linker::<_, Log>(l, |state| &mut state.log)?,
            "settings" => settings::add_to_linker::<_, Settings>(l, |state| &mut state.settings)?,
            "state" => state::add_to_linker::<_, State>(l, |state| &mut state.state)?,
            "source" => source::add_to_linker::<_, Source>(l, InstanceState::source)?,
            "http" => http::add_to_linker::<_, Http>(l, InstanceState::http)?,
            "building" => building::add_to_linker::<_, Building>(l, InstanceState::building)?,
            "target" => target::add_to_linker::<_, Target>(l, InstanceState::target)?,
            other => wasmtime::bail!("no capability is called {other}"),
        }
    }
    Ok(linker)
}

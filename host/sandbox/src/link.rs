//! The functions that a plugin may call. A world's imports are linked and nothing else: a function that is not linked
//! cannot be called.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};
use wmshost_flow::Failure;

use crate::bindings::{batches, log, settings, source, state, target, types};
use crate::instance_state::InstanceState;
use crate::wasi;

/// The version of the contract that this host implements.
pub const CONTRACT_VERSION: &str = "0.1.0";

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
            Self::Extractor => &["types", "batches", "log", "settings", "state", "source"],
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

const CONTRACT: &str = "wmshost:plugin/";

/// The world of a component, by what it exports.
pub(crate) fn world_of(engine: &Engine, component: &Component) -> Result<World, Failure> {
    let exports = interface_names(component.component_type().exports(engine));
    exports.iter().try_for_each(|export| check_version(export))?;
    let exported: Vec<&str> = exports.iter().filter_map(|name| unversioned(name).strip_prefix(CONTRACT)).collect();
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

fn interface_names<'a>(
    items: impl Iterator<Item = (&'a str, wasmtime::component::types::ComponentExtern<'a>)>,
) -> Vec<String> {
    items
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Refuses an interface of another version of the contract.
fn check_version(interface: &str) -> Result<(), Failure> {
    let Some((name, version)) =
        interface.strip_prefix(CONTRACT).map(|name| name.split_once('@').unwrap_or((name, "none")))
    else {
        return Ok(());
    };
    if version == CONTRACT_VERSION {
        return Ok(());
    }
    Err(Failure::invalid_config(format!(
        "it asks for {name} (contract {version}), this host offers {CONTRACT_VERSION}; build it with a matching \
         wmshost-plugin"
    )))
}

/// The interfaces that a component imports.
pub(crate) fn imports_of(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// Refuses a component that imports more than its world has.
pub(crate) fn check_imports(world: World, imports: &[String]) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for import in imports {
        if let Some(interface) = unversioned(import).strip_prefix(CONTRACT) {
            check_version(import)?;
            if world.imports().contains(&interface) {
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
    Err(Failure::denied(format!(
        "it asks for {}, which the world {world} does not grant; it may have {} and, of WASI, what its standard library \
         needs to print and to exit",
        refused.join(", "),
        world.imports().join(", ")
    )))
}

/// A linker with the interfaces that the world grants.
pub(crate) fn linker(engine: &Engine, world: World) -> wasmtime::Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    for interface in world.imports() {
        match *interface {
            "types" => types::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "batches" => batches::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "log" => log::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "settings" => settings::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "state" => state::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "source" => source::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            "target" => target::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?,
            other => wasmtime::bail!("no capability is called {other}"),
        }
    }
    Ok(linker)
}

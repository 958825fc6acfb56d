//! The plugins of a project, each with what it inherits, and their settings in one environment.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Placed, Source};
use crate::problem::Problem;

/// The most plugins of which one can inherit in a row.
const MOST_ANCESTORS: usize = 16;

/// The side of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Extractor,
    Loader,
    Mapper,
    /// Utilities, transformers, orchestrators, files.
    Other,
}

/// A plugin.
#[derive(Debug)]
pub(super) struct Plugin<'a> {
    pub(super) side: Side,
    /// The key of its list, such as `extractors`.
    pub(super) list: &'a str,
    pub(super) name: &'a str,
    /// Its own entry, then those that it inherits from, the nearest first.
    chain: Vec<Placed<'a>>,
}

impl<'a> Plugin<'a> {
    /// Its own entry.
    pub(super) fn at(&self) -> Placed<'a> {
        self.chain[0]
    }

    /// The words that say which program it is, in lower case.
    pub(super) fn identity(&self) -> String {
        let keys = ["name", "inherit_from", "namespace", "executable", "pip_url", "variant"];
        let words = self.chain.iter().flat_map(|placed| keys.iter().filter_map(|key| placed.text(key)));
        words.collect::<Vec<_>>().join(" ").to_lowercase()
    }
}

/// All plugins, by their names.
#[derive(Debug)]
pub(super) struct Plugins<'a> {
    pub(super) all: BTreeMap<&'a str, Plugin<'a>>,
    /// The mappings of mappers, which tasks name as they name plugins.
    pub(super) mappings: BTreeSet<&'a str>,
}

impl<'a> Plugins<'a> {
    /// Reads all plugins; mistakes are added to the others.
    pub(super) fn read(source: &'a Source, problems: &mut Vec<Problem>) -> Self {
        let mut entries: BTreeMap<&str, (&str, Placed<'_>)> = BTreeMap::new();
        for (list, entry) in source
            .at(&["plugins"])
            .flat_map(Placed::entries)
            .flat_map(|(list, all)| all.list().map(move |at| (list, at)))
        {
            let Some(name) = entry.text("name") else { continue };
            if let Some((_, first)) = entries.get(name) {
                let place = format!("{}:{}", first.file, first.node.line);
                problems.push(entry.problem(format!("the plugin {name} is there twice; the first is at {place}")));
                continue;
            }
            entries.insert(name, (list, entry));
        }
        let mut all = BTreeMap::new();
        for (name, (list, entry)) in &entries {
            let mut chain = vec![*entry];
            while let Some(parent) = chain.last().and_then(|last| last.text("inherit_from")) {
                // A parent that the project does not have is one of Meltano's own list.
                let Some((_, parent)) = entries.get(parent) else { break };
                chain.push(*parent);
                if chain.len() > MOST_ANCESTORS {
                    let what = format!("{name} inherits from more than {MOST_ANCESTORS} plugins, or from itself");
                    problems.push(entry.problem(what));
                    break;
                }
            }
            let side = match *list {
                "extractors" => Side::Extractor,
                "loaders" => Side::Loader,
                "mappers" => Side::Mapper,
                _ => Side::Other,
            };
            all.insert(*name, Plugin { side, list, name, chain });
        }
        let mappers = all.values().filter(|plugin: &&Plugin<'_>| plugin.side == Side::Mapper);
        let mappings = mappers.filter_map(|mapper| mapper.at().get("mappings")).flat_map(Placed::list);
        let mappings = mappings.filter_map(|mapping| mapping.text("name")).collect();
        Self { all, mappings }
    }

    /// The plugins of a side.
    pub(super) fn of(&self, side: Side) -> impl Iterator<Item = &Plugin<'a>> {
        self.all.values().filter(move |plugin| plugin.side == side)
    }

    /// The plugin of this name and side.
    pub(super) fn get(&self, side: Side, name: &str) -> Option<&Plugin<'a>> {
        self.all.get(name).filter(|plugin| plugin.side == side)
    }
}

/// An environment; `None` in a project without any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environment<'a> {
    pub(super) at: Option<Placed<'a>>,
}

impl<'a> Environment<'a> {
    /// Its name.
    pub(super) fn name(&self) -> Option<&'a str> {
        self.at?.text("name")
    }
}

/// A plugin in an environment: all places of its settings, of which the first wins.
#[derive(Debug)]
pub(super) struct Layers<'a> {
    pub(super) name: &'a str,
    pub(super) at: Placed<'a>,
    layers: Vec<Placed<'a>>,
    environment: Environment<'a>,
    root: Placed<'a>,
}

impl<'a> Layers<'a> {
    /// The places of a plugin's settings.
    pub(super) fn of(plugin: &Plugin<'a>, environment: Environment<'a>, root: Placed<'a>) -> Self {
        let overlays = environment.at.and_then(|at| at.get("config")?.get("plugins")?.get(plugin.list));
        let overlay = |name: Option<&str>| {
            overlays.into_iter().flat_map(Placed::list).find(|entry| name.is_some() && entry.text("name") == name)
        };
        let layers = plugin.chain.iter().flat_map(|placed| overlay(placed.text("name")).into_iter().chain([*placed]));
        Self { name: plugin.name, at: plugin.at(), layers: layers.collect(), environment, root }
    }

    /// The value of a key beside the settings, such as `select`.
    pub(super) fn extra(&self, key: &str) -> Option<Placed<'a>> {
        // Meltano also takes them among the settings, with `_` before them.
        let beside = format!("_{key}");
        self.layers.iter().find_map(|layer| layer.get(key).or_else(|| layer.get("config")?.get(&beside)))
    }

    /// The values of a key in all places, the weakest first.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = Placed<'a>> {
        self.layers.iter().rev().filter_map(move |layer| layer.get(key))
    }

    /// All settings, by their names; the nested ones with dots.
    pub(super) fn config(&self) -> BTreeMap<String, Placed<'a>> {
        let mut config = BTreeMap::new();
        for layer in self.all("config") {
            flatten("", layer, &mut config);
        }
        config.retain(|name, _| !name.starts_with('_'));
        config
    }

    /// True if the plugin declares a setting as a secret.
    pub(super) fn declares_secret(&self, setting: &str) -> bool {
        let declared = self.all("settings").flat_map(Placed::list).filter(|at| at.text("name") == Some(setting));
        declared.into_iter().any(|at| {
            at.node.get("sensitive").and_then(crate::yaml::Node::flag) == Some(true)
                || at.text("kind") == Some("password")
        })
    }

    /// The variable in which Meltano looks for a setting.
    pub(super) fn variable(&self, setting: &str) -> String {
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
        format!("{}_{setting}", self.name).chars().map(letter).collect()
    }

    /// The value of a variable in the project; `None` if it comes from outside.
    pub(super) fn variable_value(&self, name: &str) -> Option<String> {
        let places = self.layers.iter().copied().chain(self.environment.at).chain([self.root]);
        let found = places.filter_map(|place| place.get("env")).find_map(|env| env.text(name));
        let known = (name == "MELTANO_ENVIRONMENT").then(|| self.environment.name()).flatten();
        found.or(known).map(str::to_owned)
    }
}

/// Adds the settings of a map, those of inner maps with dots.
fn flatten<'a>(before: &str, placed: Placed<'a>, into: &mut BTreeMap<String, Placed<'a>>) {
    for (key, value) in placed.entries() {
        let name = if before.is_empty() { key.to_owned() } else { format!("{before}.{key}") };
        // Maps of streams stay whole.
        if value.node.map().is_some() && !["stream_maps", "batch_config"].contains(&name.as_str()) {
            flatten(&name, value, into);
        } else {
            into.insert(name, value);
        }
    }
}

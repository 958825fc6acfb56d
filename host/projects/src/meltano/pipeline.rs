//! A tap and a target in one environment as a pipeline.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use wmshost_flow::Bookmark;

use super::bookmark::{bookmark, form_of, last_value};
use super::catalog::Catalog;
use super::connection::SideOf;
use super::document::{Table, Value};
use super::plugins::{Layers, Plugin};
use super::reference::{Resolved, resolve};
use super::report::{Parity, PartKind, Report};
use super::rules::Driver;
use super::streams::{LoadChoices, Stream, Tap};

/// The settings that hold for streams.
const OF_STREAMS: [&str; 4] = ["load_method", "hard_delete", "start_date", "stream_maps"];

/// The parts of a pipeline.
pub(super) struct Parts<'a> {
    /// Its name.
    pub(super) name: &'a str,
    pub(super) tap: (&'a Plugin<'a>, &'a Layers<'a>),
    pub(super) target: (&'a Plugin<'a>, &'a Layers<'a>),
    pub(super) catalog: Option<&'a Catalog>,
    /// The file of the state, and its bookmarks by the ids of streams.
    pub(super) state: Option<(&'a str, &'a BTreeMap<String, Json>)>,
    pub(super) schedule: Option<&'a str>,
    /// The project's folder.
    pub(super) folder: &'a Path,
}

/// A pipeline, and the bookmarks of its streams.
pub(super) struct Built {
    pub(super) table: Table,
    pub(super) bookmarks: Vec<(String, Bookmark)>,
}

impl Parts<'_> {
    /// Makes the pipeline; `None` if one of the plugins has no counterpart, or no stream is known.
    pub(super) fn build(&self, report: &mut Report) -> Option<Built> {
        let [(tap, from), (target, into)] = [self.tap, self.target];
        let drivers = (driver(tap, from, report), driver(target, into, report));
        let (Some(reads), Some(writes)) = drivers else { return None };
        let mut table = Table::default();
        table.set("name", Value::Text(self.name.to_owned()));
        if let Some(line) = self.schedule {
            table.table("run").set("schedule", Value::Text(line.to_owned()));
        }
        let load_schema = ["load_schema", "namespace"].into_iter().find_map(|key| from.extra(key)?.node.text());
        let load_schema = load_schema.map_or_else(|| from.name.replace('-', "_"), str::to_owned);
        let load_schema = Some(load_schema).filter(|text| matches!(resolve(text, from), Resolved::Plain(_)));
        for (layers, driver, label) in [(from, reads, "source"), (into, writes, "target")] {
            let load_schema = load_schema.clone();
            let side = SideOf { layers, driver, label, pipeline: self.name, load_schema, folder: self.folder };
            side.write(&mut table, &OF_STREAMS, report);
            let to = format!("{}: connections.{label}", self.name);
            let reason = if label == "source" {
                format!("the extractor {}", reads.extractor())
            } else {
                "the loader table".to_owned()
            };
            report.add_to(layers.at, (PartKind::Plugin, layers.name), Parity::Mapped, &to, reason);
        }
        self.one_service(&mut table, report);
        let defaults = table.table("stream_defaults");
        for (key, value) in
            [("source", "source"), ("target", "target"), ("extractor", reads.extractor()), ("loader", "table")]
        {
            defaults.set(key, Value::Text(value.to_owned()));
        }
        let none = BTreeMap::new();
        let bookmarks = self.state.map_or(&none, |(_, bookmarks)| bookmarks);
        let load = LoadChoices { is_upper: writes == Driver::Oracle, ..self.load(report) };
        let tap = Tap { layers: from, driver: reads, catalog: self.catalog, bookmarks, load, pipeline: self.name };
        let streams = tap.write(&mut table, report);
        if streams.is_empty() {
            let reason = "no stream of it is known: no pipeline was written";
            report.add(from.at, PartKind::Plugin, from.name, Parity::ByHand, reason);
            return None;
        }
        self.extras(report);
        let bookmarks = self.bookmarks(&streams, reads, report);
        Some(Built { table, bookmarks })
    }

    /// Oracle is reached by a service or by a SID, not by both.
    fn one_service(&self, table: &mut Table, report: &mut Report) {
        for (label, layers) in [("source", self.tap.1), ("target", self.target.1)] {
            let connection = table.table("connections").table(label);
            if connection.get("sid").is_some() && connection.get("service_name").is_some() {
                connection.remove("sid");
                let at = layers.config().get("sid").copied().unwrap_or(layers.at);
                let to = format!("{}: connections.{label}.service_name", self.name);
                let reason = "the project has a SID and a service name: the service name was taken; decide for one";
                report.add_to(at, (PartKind::Setting, &format!("{}.sid", layers.name)), Parity::ByHand, &to, reason);
            }
        }
    }

    /// The settings of the target that hold for streams.
    fn load(&self, report: &mut Report) -> LoadChoices {
        let layers = self.target.1;
        let mut load = LoadChoices::default();
        for (setting, at) in layers.config() {
            let name = format!("{}.{setting}", layers.name);
            let part = (PartKind::Setting, name.as_str());
            let value = at.node.text().map(|text| resolve(text, layers));
            let value = if let Some(Resolved::Plain(text)) = value { text.to_lowercase() } else { String::new() };
            match (setting.as_str(), value.as_str()) {
                ("load_method", "upsert") => {
                    let reason = "rows are merged by their key";
                    report.add_to(at, part, Parity::Mapped, "", reason);
                }
                ("load_method", "overwrite") => {
                    load.overwrites = true;
                    let reason = "the streams are read whole, and each run replaces their tables";
                    report.add_to(at, part, Parity::Mapped, "", reason);
                }
                ("load_method", "append-only") => {
                    let reason = "rows are merged by their key, so that one that is read again is not there twice";
                    report.add_to(at, part, Parity::Changed, "", reason);
                }
                ("hard_delete", "true") => {
                    load.deletes = true;
                    let reason = "once a day the keys of both sides are compared (`deletes`)";
                    report.add_to(at, part, Parity::Changed, "", reason);
                }
                ("hard_delete", "false") => report.add_to(at, part, Parity::Carried, "", "rows are left (`deletes`)"),
                ("load_method" | "hard_delete", _) => {
                    let reason = "its value comes from a variable or is not known: see `deletes` and `method`";
                    report.add_to(at, part, Parity::ByHand, "", reason);
                }
                _ => {}
            }
        }
        load
    }

    /// Reports keys beside the settings that have no counterpart.
    fn extras(&self, report: &mut Report) {
        for layers in [self.tap.1, self.target.1] {
            for (key, parity, reason) in [
                ("schema", Parity::ByHand, "declare the types of these columns in [streams.….columns]"),
                ("state", Parity::ByHand, "give the file by --state"),
                ("commands", Parity::Dropped, "nothing of the project is run"),
                ("requires", Parity::Dropped, "nothing of the project is run"),
                ("use_cached_catalog", Parity::Dropped, "the source is described in every run"),
                ("load_schema", Parity::Mapped, "where the target's schema is made of it"),
            ] {
                if let Some(at) = layers.extra(key) {
                    report.add(at, PartKind::Setting, &format!("{}.{key}", layers.name), parity, reason);
                }
            }
            for (stream, at) in layers.config().get("stream_maps").into_iter().flat_map(|at| at.entries()) {
                let name = format!("{}.stream_maps.{stream}", layers.name);
                let reason = "write it as `skip`, `rename` and `mask` in [streams.….columns], or as a transform";
                report.add(at, PartKind::Setting, &name, Parity::ByHand, reason);
            }
        }
    }

    /// The bookmarks from which the streams go on.
    fn bookmarks(&self, streams: &[Stream], driver: Driver, report: &mut Report) -> Vec<(String, Bookmark)> {
        let layers = self.tap.1;
        let to = format!("{}.state.json", self.name);
        if let Some(at) = layers.config().get("start_date") {
            let (parity, reason) = if streams.iter().all(|stream| stream.change_key.is_none()) {
                (Parity::Dropped, "every table is read whole")
            } else {
                (Parity::Changed, "a stream without a bookmark is read whole, also what is older")
            };
            report.add(*at, PartKind::Setting, &format!("{}.start_date", layers.name), parity, reason);
        }
        let mut taken = Vec::new();
        for stream in streams {
            let name = format!("{}.{}", layers.name, stream.id);
            let found = self.state.and_then(|(file, bookmarks)| Some((file, bookmarks.get(&stream.id)?)));
            let Some((change_key, form)) = &stream.change_key else {
                if let Some((file, _)) = found {
                    report.add_state(file, &name, Parity::Dropped, "", "the table is read whole in every run");
                }
                continue;
            };
            let Some((file, json)) = found else { continue };
            let value =
                last_value(json, change_key).map_err(|why| format!("{why}: the first run reads the whole table"));
            let read = value.and_then(|value| {
                let form = form.or_else(|| form_of(&value));
                let found = form.and_then(|form| bookmark(&value, form, driver));
                found.ok_or_else(|| {
                    "its value is neither a time nor a whole number: set it by `wmshost state set`".to_owned()
                })
            });
            match read {
                Ok(bookmark) => {
                    let reason = "the first run reads what is equal to it, too";
                    report.add_state(file, &name, Parity::Mapped, &to, reason);
                    taken.push((stream.name.clone(), bookmark));
                }
                Err(why) => report.add_state(file, &name, Parity::ByHand, "", why),
            }
        }
        for id in self.state.into_iter().flat_map(|(_, bookmarks)| bookmarks.keys()) {
            if !streams.iter().any(|stream| stream.id == *id) {
                let (file, name) = (self.state.map_or("", |(file, _)| file), format!("{}.{id}", layers.name));
                report.add_state(file, &name, Parity::Dropped, "", "the tap has no selected stream of this name");
            }
        }
        taken
    }
}

/// The driver of a plugin; reports one that has none.
fn driver(plugin: &Plugin<'_>, layers: &Layers<'_>, report: &mut Report) -> Option<Driver> {
    let config = layers.config();
    let driver = Driver::of(plugin, |setting| config.contains_key(setting));
    if driver.is_none() {
        let reason = if plugin.list == "loaders" {
            "no driver writes there: no pipeline was written; `wmshost singer tap` can be its tap"
        } else {
            "no driver reads it: no pipeline was written; it can go on as a tap of `wmshost singer target`"
        };
        report.add(layers.at, PartKind::Plugin, layers.name, Parity::ByHand, reason);
    }
    driver
}

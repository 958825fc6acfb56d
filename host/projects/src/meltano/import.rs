//! The project as a whole: a pipeline for each pair of a tap and a target, in all environments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;
use wmshost_flow::Bookmark;
use wmshost_pipeline::{stream_name, unused_name};

use super::bookmark::{State, is_of};
use super::catalog::Catalog;
use super::document::{Table, Value};
use super::jobs::{Jobs, Pair};
use super::pipeline::{Built, Parts};
use super::plugins::{Environment, Layers, Plugins, Side};
use super::report::{Parity, ParityItem, PartKind, Report};
use super::source::{FILE, Placed, Source};
use crate::problem::Problem;

/// The head of a file that is written.
const HEAD: &str =
    "# Written by `wmshost import meltano`; parity-report.md beside it says what became of each part of the project.\n";

/// The choices of an import.
#[derive(Debug, Default)]
pub struct MeltanoOptions {
    /// The only environment to take over; `None` for all.
    pub environment: Option<String>,
    /// The name and the text of a file with states.
    pub state: Option<(String, String)>,
}

/// A project that was taken over.
#[derive(Debug)]
pub struct MeltanoImport {
    /// The pipelines, by their names.
    pub pipelines: Vec<String>,
    /// Their files: path and text.
    pub files: Vec<(String, String)>,
    /// The bookmarks of pipelines, each with the stream.
    pub states: Vec<(String, Vec<(String, Bookmark)>)>,
    /// The report on each part.
    pub items: Vec<ParityItem>,
}

/// Takes a project over. The errors are all mistakes that make its meaning unclear.
pub fn import(folder: &Path, options: &MeltanoOptions) -> Result<MeltanoImport, Vec<Problem>> {
    let source = Source::read(folder)?;
    let mut problems = Vec::new();
    let plugins = Plugins::read(&source, &mut problems);
    let mut jobs = Jobs::read(&source, &plugins, &mut problems);
    let environments = environments(&source, &plugins, options, &mut problems);
    let mut report = Report::default();
    jobs.add_others(&plugins, &mut report);
    let states = states(&jobs, options, environments.len(), &mut problems);
    let mut catalogs = BTreeMap::new();
    for plugin in plugins.of(Side::Extractor) {
        let layers = Layers::of(plugin, environments[0], source.root());
        match Catalog::read(&layers, folder) {
            Ok(catalog) => _ = catalogs.insert(plugin.name, catalog),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let project =
        Project { source: &source, folder, environments: &environments, catalogs: &catalogs, states: &states };
    Ok(project.import(&plugins, &jobs, options, report))
}

/// The environments that are taken over; one without a name if the project has none.
fn environments<'a>(
    source: &'a Source,
    plugins: &Plugins<'_>,
    options: &MeltanoOptions,
    problems: &mut Vec<Problem>,
) -> Vec<Environment<'a>> {
    let all: Vec<Placed<'_>> = source.at(&["environments"]).flat_map(Placed::list).collect();
    for at in &all {
        let lists = at.get("config").and_then(|config| config.get("plugins")).into_iter().flat_map(Placed::entries);
        for entry in lists.flat_map(|(_, list)| list.list()) {
            let name = entry.text("name").unwrap_or_default();
            if !plugins.all.contains_key(name) {
                let known = plugins.all.keys().copied().collect::<Vec<_>>().join(", ");
                problems.push(entry.problem(format!("the project has no plugin {name:?}: it has {known}")));
            }
        }
    }
    let Some(chosen) = &options.environment else {
        let mut environments: Vec<_> = all.into_iter().map(|at| Environment { at: Some(at) }).collect();
        if environments.is_empty() {
            environments.push(Environment { at: None });
        }
        return environments;
    };
    let found = all.iter().find(|at| at.text("name") == Some(chosen)).copied();
    if found.is_none() {
        let known = all.iter().filter_map(|at| at.text("name")).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
        let what = format!("the project has no environment {chosen:?}: {known}");
        problems.push(Problem { file: FILE.to_owned(), line: 0, what });
    }
    vec![Environment { at: found }]
}

/// The bookmarks of each pair, by the ids of streams.
fn states<'a>(
    jobs: &Jobs<'a>,
    options: &MeltanoOptions,
    environments: usize,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Pair<'a>, BTreeMap<String, Json>> {
    let Some((file, text)) = &options.state else { return BTreeMap::new() };
    let mut wrong = |what: String| {
        problems.push(Problem { file: file.clone(), line: 0, what });
        BTreeMap::new()
    };
    if environments > 1 {
        return wrong("a state is of one environment: name that by --environment".to_owned());
    }
    let states = match State::parse(text) {
        Ok(states) => states,
        Err(what) => return wrong(what),
    };
    let id = |(tap, target): &Pair<'_>| format!("{tap}-to-{target}");
    if states.contains_key("") && jobs.pairs.len() != 1 {
        let ids = jobs.pairs.iter().map(id).collect::<Vec<_>>().join(", ");
        return wrong(format!("it does not say whose state it is; write it as an object with the ids as keys: {ids}"));
    }
    let of_pair = |pair: &Pair<'a>| {
        let is_its = |known: &str| known.is_empty() || is_of(known, &id(pair), options.environment.as_deref());
        let found = states.iter().filter(|(known, _)| is_its(known));
        let bookmarks: BTreeMap<String, Json> = found.flat_map(|(_, state)| state.bookmarks.clone()).collect();
        (!bookmarks.is_empty()).then_some((*pair, bookmarks))
    };
    let found: BTreeMap<_, _> = jobs.pairs.iter().filter_map(of_pair).collect();
    let strange = |known: &&String| !known.is_empty() && !jobs.pairs.iter().any(|pair| is_of(known, &id(pair), None));
    if let Some(strange) = states.keys().find(strange) {
        return wrong(format!("{strange:?} is no state of this project: it has no such tap and target"));
    }
    found
}

/// The parts of a project that all pipelines share.
struct Project<'a> {
    source: &'a Source,
    folder: &'a Path,
    environments: &'a [Environment<'a>],
    catalogs: &'a BTreeMap<&'a str, Option<Catalog>>,
    states: &'a BTreeMap<Pair<'a>, BTreeMap<String, Json>>,
}

impl<'a> Project<'a> {
    fn import(
        &self,
        plugins: &'a Plugins<'a>,
        jobs: &Jobs<'a>,
        options: &MeltanoOptions,
        mut report: Report,
    ) -> MeltanoImport {
        let names = names(&jobs.pairs);
        let mut import =
            MeltanoImport { pipelines: Vec::new(), files: Vec::new(), states: Vec::new(), items: Vec::new() };
        // Which pipelines there are is known only when they are built, and schedules are reported after that.
        let lines = jobs.schedules(&names, &mut Report::default());
        let mut written = BTreeMap::new();
        for pair in &jobs.pairs {
            let name = &names[pair];
            let catalog = self.catalogs.get(pair.0).and_then(Option::as_ref);
            let mut built: Vec<(Option<&str>, Built)> = Vec::new();
            for environment in self.environments {
                let (Some(tap), Some(target)) =
                    (plugins.get(Side::Extractor, pair.0), plugins.get(Side::Loader, pair.1))
                else {
                    continue;
                };
                let layers = [tap, target].map(|plugin| Layers::of(plugin, *environment, self.source.root()));
                let file = options.state.as_ref().map(|(file, _)| file.as_str());
                let parts = Parts {
                    name,
                    tap: (tap, &layers[0]),
                    target: (target, &layers[1]),
                    catalog,
                    state: file.zip(self.states.get(pair)),
                    schedule: lines.get(pair).map(String::as_str),
                    folder: self.folder,
                };
                built.extend(parts.build(&mut report).map(|built| (environment.name(), built)));
            }
            if built.is_empty() {
                continue;
            }
            written.insert(*pair, name.clone());
            import.pipelines.push(name.clone());
            let bookmarks = built[0].1.bookmarks.clone();
            if !bookmarks.is_empty() {
                import.states.push((name.clone(), bookmarks));
            }
            import.files.extend(files(name, &built));
        }
        jobs.report(&written, &mut report);
        jobs.schedules(&written, &mut report);
        self.others(plugins, &mut report);
        import.items = report.items();
        import
    }

    /// Reports the parts of a project that belong to no pair.
    fn others(&self, plugins: &Plugins<'_>, report: &mut Report) {
        for environment in self.environments.iter().filter_map(|environment| environment.at) {
            let name = environment.text("name").unwrap_or_default();
            let reason = "a file of each pipeline, which extends what all environments share";
            let reason = if self.environments.len() > 1 { reason } else { "the pipelines are of this environment" };
            report.add(environment, PartKind::Environment, name, Parity::Mapped, reason);
        }
        for plugin in plugins.all.values() {
            let (at, name) = (plugin.at(), plugin.name);
            let (parity, reason) = match plugin.list {
                "extractors" | "loaders" => continue,
                "mappers" => (
                    Parity::ByHand,
                    "write its mappings as `skip`, `rename` and `mask` in [streams.….columns], or as a transform",
                ),
                _ if name.starts_with("dbt") => (
                    Parity::ByHand,
                    "take the dbt project over by `wmshost import dbt`, and name it as `project` in [models]",
                ),
                "orchestrators" => (Parity::Dropped, "`wmshost serve` begins the runs"),
                _ => (Parity::Dropped, "it is no part of moving rows"),
            };
            report.add(at, PartKind::Plugin, name, parity, reason);
        }
        let root = self.source.root();
        for (key, at) in root.entries() {
            let (parity, reason) = match key {
                "plugins" | "environments" | "schedules" | "jobs" => continue,
                "include_paths" => (Parity::Carried, "the files were read"),
                "default_environment" => (Parity::Mapped, "a command names the file of an environment"),
                "env" => (
                    Parity::Mapped,
                    "where settings refer to its variables, as their defaults; secrets were not copied",
                ),
                _ => (Parity::Dropped, "it is a matter of Meltano itself"),
            };
            report.add(at, PartKind::Setting, key, parity, reason);
        }
    }
}

/// The names of the pipelines: those of the taps, with those of the targets where a tap has several.
fn names<'a>(pairs: &[Pair<'a>]) -> BTreeMap<Pair<'a>, String> {
    let mut used = BTreeSet::new();
    let of = |pair: &Pair<'a>| {
        let tap = pair.0.strip_prefix("tap-").unwrap_or(pair.0);
        let has_several = pairs.iter().filter(|(tap, _)| *tap == pair.0).count() > 1;
        let name = if has_several { format!("{tap}-to-{}", pair.1) } else { tap.to_owned() };
        (*pair, unused_name(&stream_name(&name), &mut used))
    };
    pairs.iter().map(of).collect()
}

/// The files of a pipeline: one, or one for each environment and one that they extend.
fn files(name: &str, built: &[(Option<&str>, Built)]) -> Vec<(String, String)> {
    let text = |table: &Table| format!("{HEAD}\n{}", table.text());
    if let [(_, only)] = built {
        return vec![(format!("{name}.toml"), text(&only.table))];
    }
    let tables: Vec<&Table> = built.iter().map(|(_, built)| &built.table).collect();
    let common = Table::common(&tables);
    let mut files = vec![(format!("{name}.toml"), text(&common))];
    let mut used = BTreeSet::new();
    for (environment, built) in built {
        let mut own = Table::default();
        own.set("extends", Value::Text(format!("{name}.toml")));
        own.add_all(built.table.without(&common));
        let environment = unused_name(&stream_name(environment.unwrap_or_default()), &mut used);
        files.push((format!("{name}.{environment}.toml"), text(&own)));
    }
    files
}

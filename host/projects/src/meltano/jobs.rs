//! Jobs and schedules: the pairs of a tap and a target that run, and when.

use std::collections::BTreeMap;

use wmshost_pipeline::CronLine;

use super::plugins::{Plugins, Side};
use super::report::{Parity, PartKind, Report};
use super::source::{Placed, Source};
use crate::problem::Problem;

/// A tap and a target.
pub(super) type Pair<'a> = (&'a str, &'a str);

/// A job.
#[derive(Debug)]
struct Job<'a> {
    at: Placed<'a>,
    pairs: Vec<Pair<'a>>,
    /// The other commands, such as `dbt:run`.
    others: Vec<&'a str>,
    mappings: Vec<&'a str>,
}

/// All pairs of a project, the jobs and the schedules.
#[derive(Debug)]
pub(super) struct Jobs<'a> {
    /// The pairs, in the order in which they are met.
    pub(super) pairs: Vec<Pair<'a>>,
    jobs: BTreeMap<&'a str, Job<'a>>,
    schedules: Vec<(Placed<'a>, Vec<Pair<'a>>)>,
}

impl<'a> Jobs<'a> {
    /// Reads jobs and schedules; mistakes are added to the others.
    pub(super) fn read(source: &'a Source, plugins: &Plugins<'a>, problems: &mut Vec<Problem>) -> Self {
        let mut read = Self { pairs: Vec::new(), jobs: BTreeMap::new(), schedules: Vec::new() };
        for at in source.at(&["jobs"]).flat_map(Placed::list) {
            let Some(name) = at.text("name") else { continue };
            let job = job(at, plugins, problems);
            read.add_pairs(&job.pairs);
            if read.jobs.insert(name, job).is_some() {
                problems.push(at.problem(format!("the job {name} is there twice")));
            }
        }
        for at in source.at(&["schedules"]).flat_map(Placed::list) {
            let pairs = match (at.get("job"), at.get("extractor"), at.get("loader")) {
                (Some(job), None, None) => match read.jobs.get(job.node.text().unwrap_or_default()) {
                    Some(job) => job.pairs.clone(),
                    None => {
                        problems.push(job.problem(unknown("job", job, read.jobs.keys().copied())));
                        continue;
                    }
                },
                (None, Some(extractor), Some(loader)) => {
                    let found = [(Side::Extractor, extractor), (Side::Loader, loader)].map(|(side, placed)| {
                        let name = placed.node.text().unwrap_or_default();
                        let found = plugins.get(side, name).map(|plugin| plugin.name);
                        if found.is_none() {
                            let word = if side == Side::Extractor { "extractor" } else { "loader" };
                            problems.push(placed.problem(unknown(
                                word,
                                placed,
                                plugins.of(side).map(|plugin| plugin.name),
                            )));
                        }
                        found
                    });
                    match found {
                        [Some(tap), Some(target)] => vec![(tap, target)],
                        _ => continue,
                    }
                }
                _ => {
                    problems.push(at.problem("a schedule has either a `job`, or an `extractor` and a `loader`"));
                    continue;
                }
            };
            read.add_pairs(&pairs);
            read.schedules.push((at, pairs));
        }
        read
    }

    /// Adds the taps that no job and no schedule names, if there is one target for them.
    pub(super) fn add_others(&mut self, plugins: &Plugins<'a>, report: &mut Report) {
        let loaders: Vec<&str> = plugins.of(Side::Loader).map(|plugin| plugin.name).collect();
        let is_parent = |name: &str| plugins.all.values().any(|plugin| plugin.at().text("inherit_from") == Some(name));
        for plugin in plugins.of(Side::Extractor) {
            if self.pairs.iter().any(|(tap, _)| *tap == plugin.name) {
                continue;
            }
            match loaders.as_slice() {
                _ if is_parent(plugin.name) => {
                    let reason = "others inherit from it, and neither a job nor a schedule runs it";
                    report.add(plugin.at(), PartKind::Plugin, plugin.name, Parity::Mapped, reason);
                }
                [only] => self.pairs.push((plugin.name, only)),
                _ => {
                    let reason =
                        "neither a job nor a schedule says into which target it loads: add one, and import again";
                    report.add(plugin.at(), PartKind::Plugin, plugin.name, Parity::ByHand, reason);
                }
            }
        }
    }

    fn add_pairs(&mut self, pairs: &[Pair<'a>]) {
        for pair in pairs {
            if !self.pairs.contains(pair) {
                self.pairs.push(*pair);
            }
        }
    }

    /// Reports the jobs; `pipelines` are the names of those that were written.
    pub(super) fn report(&self, pipelines: &BTreeMap<Pair<'_>, String>, report: &mut Report) {
        for (name, job) in &self.jobs {
            let runs: Vec<&str> = job.pairs.iter().filter_map(|pair| pipelines.get(pair)).map(String::as_str).collect();
            let mut reasons = Vec::new();
            let mut parity = Parity::Mapped;
            match runs.as_slice() {
                [] => {
                    parity = Parity::ByHand;
                    reasons.push("no pipeline was written for it".to_owned());
                }
                [_] => reasons.push("it is `wmshost run` with the pipeline".to_owned()),
                _ => {
                    parity = Parity::Changed;
                    reasons.push(
                        "each pipeline runs by itself, and a schedule begins all of them at once, not in turn"
                            .to_owned(),
                    );
                }
            }
            if job.pairs.iter().any(|pair| !pipelines.contains_key(pair)) && !runs.is_empty() {
                parity = Parity::ByHand;
                reasons.push("for a part of it no pipeline was written".to_owned());
            }
            for mapping in &job.mappings {
                parity = Parity::ByHand;
                reasons.push(format!("the mapping {mapping} is not applied: see the report on its mapper"));
            }
            for other in &job.others {
                parity = Parity::ByHand;
                reasons.push(if other.starts_with("dbt") {
                    format!("{other}: take the dbt project over by `wmshost import dbt`, and name it as `project` in [models]; a run \
                             then ends with the models")
                } else {
                    format!("{other} is not run here")
                });
            }
            report.add_to(job.at, (PartKind::Job, name), parity, &runs.join(", "), reasons.join("; "));
        }
    }

    /// The schedule of each pair, with a report of each.
    pub(super) fn schedules(
        &self,
        pipelines: &BTreeMap<Pair<'a>, String>,
        report: &mut Report,
    ) -> BTreeMap<Pair<'a>, String> {
        let mut lines: BTreeMap<Pair<'_>, String> = BTreeMap::new();
        for (at, pairs) in &self.schedules {
            let name = at.text("name").unwrap_or_default();
            let interval = at.text("interval").unwrap_or("@once");
            let part = (PartKind::Schedule, name);
            let written: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pipelines.contains_key(*pair)).collect();
            let to: Vec<String> = written.iter().map(|pair| format!("{}: run.schedule", pipelines[*pair])).collect();
            let to = to.join(", ");
            let line = match interval {
                "@once" | "@none" | "@manual" => {
                    report.add_to(*at, part, Parity::Dropped, "", "`wmshost run` runs it once");
                    continue;
                }
                "@midnight" => "@daily",
                "@annually" => "@yearly",
                other => other,
            };
            if let Err((why, _)) = CronLine::parse(line) {
                let reason = format!("`{line}` {why}: set `schedule` in [run]");
                report.add_to(*at, part, Parity::ByHand, &to, reason);
                continue;
            }
            if written.is_empty() {
                report.add_to(*at, part, Parity::ByHand, "", "no pipeline was written for it");
                continue;
            }
            let mut parity = if line == interval { Parity::Carried } else { Parity::Mapped };
            let mut reasons =
                vec!["`wmshost serve` begins the runs, by UTC unless `time_zone` says otherwise".to_owned()];
            for pair in written {
                let known = lines.entry(*pair).or_insert_with(|| line.to_owned());
                if known != line {
                    parity = Parity::ByHand;
                    reasons.push(format!(
                        "the pipeline {} has the schedule `{known}` already: write both as one line",
                        pipelines[pair]
                    ));
                }
            }
            if at.get("env").is_some() {
                parity = Parity::ByHand;
                reasons
                    .push("its `env` is not taken over: set the variables where `wmshost serve` is started".to_owned());
            }
            if at.text("transform").is_some_and(|transform| transform != "skip") {
                parity = Parity::ByHand;
                reasons.push("its transform: take the dbt project over by `wmshost import dbt`".to_owned());
            }
            if at.get("start_date").is_some() {
                reasons.push("its start_date has no meaning here: nothing before now is made up for".to_owned());
            }
            report.add_to(*at, part, parity, &to, reasons.join("; "));
        }
        lines
    }
}

fn unknown<'n>(word: &str, placed: Placed<'_>, known: impl Iterator<Item = &'n str>) -> String {
    let name = placed.node.text().unwrap_or_default();
    let known = known.collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
    format!("the project has no {word} {name:?}: {known}")
}

/// The tasks of a job.
fn job<'a>(at: Placed<'a>, plugins: &Plugins<'a>, problems: &mut Vec<Problem>) -> Job<'a> {
    let mut job = Job { at, pairs: Vec::new(), others: Vec::new(), mappings: Vec::new() };
    let mut tasks = Vec::new();
    for task in at.get("tasks").into_iter() {
        collect(task, &mut tasks);
    }
    if tasks.is_empty() {
        problems.push(at.problem("the job has no `tasks`"));
    }
    // A tap and its target may be two tasks.
    let mut tap: Option<(&str, Placed<'_>)> = None;
    let mut is_unknown = false;
    for task in tasks {
        for word in task.node.text().unwrap_or_default().split_whitespace() {
            let name = word.split(':').next().unwrap_or(word);
            match plugins.all.get(name).map(|plugin| (plugin.side, plugin.name)) {
                Some((Side::Extractor, name)) => tap = Some((name, task)),
                Some((Side::Loader, name)) => match tap.take() {
                    Some((tap, _)) => job.pairs.push((tap, name)),
                    None if is_unknown => {}
                    None => problems.push(task.problem(format!("the loader {name} has no extractor before it"))),
                },
                Some((Side::Mapper, _)) => job.mappings.push(word),
                Some((Side::Other, _)) => job.others.push(word),
                None if plugins.mappings.contains(word) => job.mappings.push(word),
                None => {
                    is_unknown = true;
                    let known = plugins.all.keys().copied().collect::<Vec<_>>().join(", ");
                    problems.push(task.problem(format!("the project has no plugin {word:?}: it has {known}")));
                }
            }
        }
    }
    if let Some((tap, task)) = tap {
        problems.push(task.problem(format!("the extractor {tap} has no loader after it")));
    }
    job
}

/// Collects the texts of a list of lists.
fn collect<'a>(placed: Placed<'a>, into: &mut Vec<Placed<'a>>) {
    if placed.node.list().is_some() {
        placed.list().for_each(|inner| collect(inner, into));
    } else if placed.node.text().is_some() {
        into.push(placed);
    }
}

//! Checks of declarations that need no database. They do not stop at the first mistake.
//!
//! | module | purpose |
//! |---|---|
//! | `names` | names and references |
//! | `references` | references from one node to another |
//! | `model` | one model: materialization, columns, SQL, unit tests |
//! | `data_tests` | tests of models and streams |
//! | `cycle` | models that read each other in a circle |

mod cycle;
mod data_tests;
mod model;
mod names;
mod references;

pub(crate) use data_tests::columns as test_columns;
pub(crate) use model::fingerprints;
pub(crate) use names::hint;

use std::collections::BTreeMap;

use wmshost_flow::model::Declaration;

use crate::diagnostic::{At, Diagnostic, DiagnosticSink};
use crate::guard;
use crate::project::{Kind, Node, Project, Setup};

impl Project {
    /// Checks everything that can be known without a database. Returns all mistakes at once.
    pub fn new(setup: Setup) -> Result<Self, Vec<Diagnostic>> {
        let mut sink = DiagnosticSink::default();
        let known = names::known(&setup, &mut sink);
        let Setup { dialect, streams, variables, plugins, digests, described } = setup;
        let mut project = Self {
            dialect,
            variables,
            digests,
            described,
            nodes: Vec::new(),
            by_name: BTreeMap::new(),
            metrics: Vec::new(),
            exposures: Vec::new(),
        };
        for (name, table) in &streams {
            project.by_name.insert(name.clone(), project.nodes.len());
            project.nodes.push(stream(name, table));
        }
        for (plugin, declared) in plugins {
            declaration(&mut project, &plugin, declared, &known, &mut sink);
        }
        connect(&mut project);
        cycle::find(&project, &mut sink);
        guard::check(&project, &mut sink);
        if sink.all.is_empty() {
            references::check(&project, &mut sink);
        }
        if !sink.all.is_empty() {
            return Err(sink.all);
        }
        model::fingerprints(&mut project);
        levels(&mut project);
        Ok(project)
    }
}

fn stream(name: &str, table: &str) -> Node {
    Node {
        name: name.to_owned(),
        plugin: String::new(),
        table: table.to_owned(),
        kind: Kind::Stream(None),
        reads: Vec::new(),
        read_by: Vec::new(),
        level: 0,
        tests: Vec::new(),
        visible: Vec::new(),
    }
}

fn declaration(
    project: &mut Project,
    plugin: &str,
    declared: Declaration,
    known: &names::Known,
    sink: &mut DiagnosticSink,
) {
    for source in declared.sources {
        let place = format!("stream {}", source.name);
        let at = At { plugin, place: &place };
        let Some(&node) = project.by_name.get(&source.name).filter(|&&node| project.nodes[node].model().is_none())
        else {
            sink.add(at, format!("the pipeline has no such stream{}", known.hint(&source.name)));
            continue;
        };
        if !project.nodes[node].plugin.is_empty() {
            sink.add(at, format!("the plugin {} declares it too", project.nodes[node].plugin));
            continue;
        }
        let tests = data_tests::parse(&source.tests, at, sink);
        let node = &mut project.nodes[node];
        (node.plugin, node.tests, node.kind) = (plugin.to_owned(), tests, Kind::Stream(Some(source)));
    }
    for declared in declared.models {
        let place = format!("model {}", declared.name);
        let at = At { plugin, place: &place };
        let tests = data_tests::parse(&declared.tests, at, sink);
        let is_open = project.described.contains(plugin);
        let Some(parsed) = model::parse((declared, is_open), at, &project.variables, known, sink) else { continue };
        let name = parsed.model.name.clone();
        if project.by_name.contains_key(&name) {
            continue;
        }
        project.by_name.insert(name.clone(), project.nodes.len());
        project.nodes.push(Node {
            table: name.to_ascii_uppercase(),
            name,
            plugin: plugin.to_owned(),
            kind: Kind::Model(Box::new(parsed)),
            reads: Vec::new(),
            read_by: Vec::new(),
            level: 0,
            tests,
            visible: Vec::new(),
        });
    }
    project.metrics.extend(declared.metrics);
    project.exposures.extend(declared.exposures.into_iter().map(|exposure| (plugin.to_owned(), exposure)));
}

fn connect(project: &mut Project) {
    for at in 0..project.nodes.len() {
        let Some(model) = project.nodes[at].model() else { continue };
        let reads: Vec<usize> =
            model.model.depends_on.iter().filter_map(|name| project.by_name.get(name).copied()).collect();
        for &read in &reads {
            project.nodes[read].read_by.push(at);
        }
        project.nodes[at].reads = reads;
    }
}

/// The number of steps each node is from the streams. Circles were excluded before.
fn levels(project: &mut Project) {
    let mut open: Vec<usize> = (0..project.nodes.len()).filter(|&at| project.nodes[at].reads.is_empty()).collect();
    while let Some(at) = open.pop() {
        let level = project.nodes[at].level + 1;
        for exposure in project.nodes[at].read_by.clone() {
            if project.nodes[exposure].level < level {
                project.nodes[exposure].level = level;
                open.push(exposure);
            }
        }
    }
}

//! References from one node to the columns of another.

use super::names::{check_column, hint};
use super::{data_tests, model};
use crate::diagnostic::{At, DiagnosticSink};
use crate::project::Project;

/// Checks the references from one node to the columns of another, once all nodes are known.
pub(super) fn check(project: &Project, sink: &mut DiagnosticSink) {
    for node in &project.nodes {
        data_tests::references(project, node, sink);
        if let Some(model) = node.model() {
            model::fixtures(project, node, model, sink);
            model::watermarks(project, node, model, sink);
        }
    }
    for metric in &project.metrics {
        let place = format!("metric {}", metric.name);
        let plugin = project.by_name.get(&metric.model).map_or("", |&at| project.nodes[at].plugin.as_str());
        let at = At { plugin, place: &place };
        match project.by_name.get(&metric.model).map(|&at| &project.nodes[at]) {
            Some(node) if node.model().is_some() => {
                for column in [&metric.day, &metric.column] {
                    check_column(node, column, at, sink);
                }
            }
            _ => sink.add(at, format!("there is no model {}", metric.model)),
        }
    }
    for (plugin, exposure) in &project.exposures {
        let place = format!("exposure {}", exposure.name);
        for name in exposure.depends_on.iter().filter(|name| !project.by_name.contains_key(*name)) {
            let hint = hint(name, project.by_name.keys().map(String::as_str));
            sink.add(At { plugin, place: &place }, format!("it reads {name}, which is neither model nor stream{hint}"));
        }
    }
}

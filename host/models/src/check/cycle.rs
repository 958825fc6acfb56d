//! Models that read each other in a circle.

use super::{At, DiagnosticSink};
use crate::project::Project;

/// Finds each circle once and reports the path around it.
pub(super) fn find(project: &Project, sink: &mut DiagnosticSink) {
    let mut state = vec![Visit::New; project.nodes.len()];
    for at in 0..project.nodes.len() {
        let mut path = Vec::new();
        walk(project, at, &mut state, &mut path, sink);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    BuildOutcome,
}

fn walk(project: &Project, at: usize, state: &mut [Visit], path: &mut Vec<usize>, sink: &mut DiagnosticSink) {
    match state[at] {
        Visit::BuildOutcome => return,
        Visit::Open => {
            let from = path.iter().position(|&step| step == at).unwrap_or(0);
            let mut names: Vec<&str> = path[from..].iter().map(|&step| project.nodes[step].name.as_str()).collect();
            names.push(&project.nodes[at].name);
            let node = &project.nodes[at];
            let place = node.place();
            let around = names.join(" reads ");
            sink.add(
                At { plugin: &node.plugin, place: &place },
                format!("models read each other in a circle: {around}"),
            );
            return;
        }
        Visit::New => {}
    }
    state[at] = Visit::Open;
    path.push(at);
    for &read in &project.nodes[at].reads {
        walk(project, read, state, path, sink);
    }
    path.pop();
    state[at] = Visit::BuildOutcome;
}

//! Models that read each other in a circle.

use super::{At, Findings};
use crate::project::Project;

/// Finds each circle once and tells the way around it.
pub(super) fn find(project: &Project, findings: &mut Findings) {
    let mut state = vec![Visit::New; project.nodes.len()];
    for at in 0..project.nodes.len() {
        let mut path = Vec::new();
        walk(project, at, &mut state, &mut path, findings);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

fn walk(project: &Project, at: usize, state: &mut [Visit], path: &mut Vec<usize>, findings: &mut Findings) {
    match state[at] {
        Visit::Done => return,
        Visit::Open => {
            let from = path.iter().position(|&step| step == at).unwrap_or(0);
            let mut names: Vec<&str> = path[from..].iter().map(|&step| project.nodes[step].name.as_str()).collect();
            names.push(&project.nodes[at].name);
            let node = &project.nodes[at];
            let place = node.place();
            let around = names.join(" reads ");
            findings.add(
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
        walk(project, read, state, path, findings);
    }
    path.pop();
    state[at] = Visit::Done;
}

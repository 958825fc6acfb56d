//! Dependencies between nodes, direct and indirect.

use std::collections::BTreeSet;

use crate::project::Project;

impl Project {
    /// All nodes that a node reads, up to this number of steps away.
    pub(crate) fn ancestors(&self, at: usize, steps: usize) -> BTreeSet<usize> {
        self.reach(at, steps, |at| &self.nodes[at].reads)
    }

    /// All nodes that read a node, up to this number of steps away.
    pub(crate) fn descendants(&self, at: usize, steps: usize) -> BTreeSet<usize> {
        self.reach(at, steps, |at| &self.nodes[at].read_by)
    }

    fn reach<'p>(&'p self, at: usize, steps: usize, next: impl Fn(usize) -> &'p Vec<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut edge = vec![at];
        for _ in 0..steps.min(self.nodes.len()) {
            let further: Vec<usize> =
                edge.iter().flat_map(|&at| next(at)).copied().filter(|at| found.insert(*at)).collect();
            if further.is_empty() {
                break;
            }
            edge = further;
        }
        found
    }
}

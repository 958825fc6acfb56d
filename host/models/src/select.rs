//! Selection of models. Words separated by blanks are united, words separated by commas are intersected; `*` and `?`
//! are wildcards for letters.
//!
//! | expression | selection |
//! |---|---|
//! | `dim_items`, `stg_*` | models and streams by name |
//! | `tag:daily`, `owner:ana`, `plugin:wms-marts` | by their declaration |
//! | `layer:mart`, `materialized:view` | by their kind |
//! | `source:allocation` | streams only |
//! | `state:new`, `state:modified` | not built yet; built from another declaration |
//! | `result:error`, `result:fail`, `result:warn`, `result:skipped`, `result:success` | by the last run |
//! | `+x`, `2+x` | `x` and all it reads; only this number of steps |
//! | `x+`, `x+2` | `x` and all that read it |
//! | `@x` | `x`, all that read it, and all that those read |

use std::collections::{BTreeMap, BTreeSet};

use crate::check::hint;
use crate::project::{Kind, Node, Project};

/// The last builds and the last run, for `state:` and `result:`.
#[derive(Debug, Clone, Default)]
pub struct PreviousRun {
    /// The fingerprint of each model at its last build.
    pub fingerprints: BTreeMap<String, String>,
    /// The result of each node in the last run: `error`, `fail`, `warn`, `skipped`, `success`.
    pub results: BTreeMap<String, String>,
}

/// A set of nodes of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected(pub(crate) BTreeSet<usize>);

impl Selected {
    /// The names of the selected nodes.
    pub fn names<'p>(&self, project: &'p Project) -> Vec<&'p str> {
        self.0.iter().map(|&at| project.nodes[at].name.as_str()).collect()
    }
}

impl Project {
    /// All nodes.
    pub fn everything(&self) -> Selected {
        Selected((0..self.nodes.len()).collect())
    }

    /// The nodes that the expressions select, without those that the others exclude. A word that matches nothing is an
    /// error.
    pub fn select(
        &self,
        select: &[String],
        exclude: &[String],
        previous: &PreviousRun,
    ) -> Result<Selected, Vec<String>> {
        let mut wrong = Vec::new();
        let mut chosen = match select {
            [] => self.everything().0,
            _ => self.union(select, previous, &mut wrong),
        };
        for at in self.union(exclude, previous, &mut wrong) {
            chosen.remove(&at);
        }
        if wrong.is_empty() { Ok(Selected(chosen)) } else { Err(wrong) }
    }

    fn union(&self, expressions: &[String], previous: &PreviousRun, wrong: &mut Vec<String>) -> BTreeSet<usize> {
        let mut chosen = BTreeSet::new();
        for word in expressions.iter().flat_map(|expression| expression.split_whitespace()) {
            let parts: Vec<BTreeSet<usize>> = word
                .split(',')
                .filter_map(|part| self.one(part, previous).map_err(|what| wrong.push(what)).ok())
                .collect();
            let narrowed = parts.into_iter().reduce(|a, b| a.intersection(&b).copied().collect());
            chosen.extend(narrowed.unwrap_or_default());
        }
        chosen
    }

    fn one(&self, word: &str, previous: &PreviousRun) -> Result<BTreeSet<usize>, String> {
        let reach = Reach::of(word)?;
        let matched = self.matched(reach.word, previous)?;
        let mut chosen = matched.clone();
        for &at in &matched {
            if let Some(steps) = reach.up {
                chosen.extend(self.ancestors(at, steps));
            }
            let down = reach.down.map(|steps| self.descendants(at, steps)).unwrap_or_default();
            if reach.at {
                for &reader in down.iter().chain([&at]) {
                    chosen.extend(self.ancestors(reader, usize::MAX));
                }
            }
            chosen.extend(down);
        }
        Ok(chosen)
    }

    fn matched(&self, word: &str, previous: &PreviousRun) -> Result<BTreeSet<usize>, String> {
        let (method, value) = word.split_once(':').unwrap_or(("name", word));
        let fits: Box<dyn Fn(&Node) -> bool> = match method {
            "name" | "model" => Box::new(|node| is_like(value, &node.name)),
            "source" => Box::new(|node| node.model().is_none() && is_like(value, &node.name)),
            "tag" => Box::new(|node| tags(node).iter().any(|tag| is_like(value, tag))),
            "owner" => Box::new(|node| owner(node).is_some_and(|owner| is_like(value, owner))),
            "plugin" => Box::new(|node| is_like(value, &node.plugin)),
            "layer" => Box::new(|node| node.model().is_some_and(|model| model.model.layer.name() == value)),
            "materialized" => {
                Box::new(|node| node.model().is_some_and(|model| model.model.materialization.name().starts_with(value)))
            }
            "state" if value == "new" || value == "modified" => Box::new(move |node| state(node, previous, value)),
            "result" => Box::new(|node| previous.results.get(&node.name).is_some_and(|result| result == value)),
            "state" => return Err(format!("{word:?}: use state:new or state:modified")),
            _ => {
                let methods = "tag:, layer:, materialized:, source:, owner:, plugin:, state: and result:";
                return Err(format!("{word:?}: there is no method {method}:; there are {methods}"));
            }
        };
        let found: BTreeSet<usize> = (0..self.nodes.len()).filter(|&at| fits(&self.nodes[at])).collect();
        // For `state:` and `result:` an empty selection is a valid answer, not a typing error.
        if found.is_empty() && !matches!(method, "state" | "result") {
            let hint =
                if method == "name" { hint(value, self.by_name.keys().map(String::as_str)) } else { String::new() };
            return Err(format!("{word:?} matches nothing{hint}"));
        }
        Ok(found)
    }
}

/// A word, and how many steps around the named nodes are selected too.
struct Reach<'w> {
    word: &'w str,
    up: Option<usize>,
    down: Option<usize>,
    at: bool,
}

impl<'w> Reach<'w> {
    fn of(word: &'w str) -> Result<Self, String> {
        if let Some(rest) = word.strip_prefix('@') {
            return Ok(Self { word: rest, up: None, down: Some(usize::MAX), at: true });
        }
        let steps = |digits: &str| match digits {
            "" => Ok(usize::MAX),
            digits => digits.parse().map_err(|_| format!("{word:?}: {digits:?} is not a number of steps")),
        };
        let (up, rest) = match word.split_once('+') {
            Some((digits, rest)) if digits.chars().all(|c| c.is_ascii_digit()) => (Some(steps(digits)?), rest),
            _ => (None, word),
        };
        let (rest, down) = match rest.rsplit_once('+') {
            Some((rest, digits)) if digits.chars().all(|c| c.is_ascii_digit()) => (rest, Some(steps(digits)?)),
            _ => (rest, None),
        };
        if rest.is_empty() {
            return Err(format!("{word:?} names nothing"));
        }
        Ok(Self { word: rest, up, down, at: false })
    }
}

fn tags(node: &Node) -> &[String] {
    match &node.kind {
        Kind::Model(model) => &model.model.tags,
        Kind::Stream(Some(source)) => &source.tags,
        Kind::Stream(None) => &[],
    }
}

fn owner(node: &Node) -> Option<&String> {
    match &node.kind {
        Kind::Model(model) => model.model.owner.as_ref(),
        Kind::Stream(Some(source)) => source.owner.as_ref(),
        Kind::Stream(None) => None,
    }
}

fn state(node: &Node, previous: &PreviousRun, wanted: &str) -> bool {
    let Some(model) = node.model() else { return false };
    // An ephemeral model is never built; its readers have changed instead.
    if model.model.materialization == wmshost_flow::model::Materialization::Ephemeral {
        return false;
    }
    match previous.fingerprints.get(&node.name) {
        None => true,
        Some(built) => wanted == "modified" && *built != model.fingerprint,
    }
}

/// True if a name matches a pattern.
fn is_like(pattern: &str, name: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), None) => is_like(&pattern[1..], name),
        (Some('*'), Some(c)) => is_like(&pattern[1..], name) || is_like(pattern, &name[c.len_utf8()..]),
        (Some('?'), Some(c)) => is_like(&pattern[1..], &name[c.len_utf8()..]),
        (Some(a), Some(b)) if a == b => is_like(&pattern[a.len_utf8()..], &name[b.len_utf8()..]),
        _ => false,
    }
}

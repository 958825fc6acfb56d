//! The hostile suite: guests that try to break each promise of the sandbox, on this machine and under its limits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, Failure, FailureKind, NoObserver, StreamStatus, StreamSummary, TotalLimits};
use wmshost_sandbox::{Cache, Limits, Plugin, Sandbox};

use super::arena::{Arena, Attack, CANARY, GUESTS};
use super::attacks::{GROUPS, Group};

/// The time of a call for guests that never end: the configured one would make the suite long.
const ENDLESS: Duration = Duration::from_millis(300);
/// The same for guests that make no rows, call after call.
const BETWEEN_ROWS: Duration = Duration::from_secs(1);
/// The longest time that an attack may take beyond the limit of its calls: a run before it and one after it belong to it.
pub(super) const SLOWEST: Duration = Duration::from_secs(30);

/// The end of an attack.
#[derive(Debug, Clone)]
pub struct AttackEnd {
    /// The promise that it tried to break.
    pub promise: &'static str,
    /// The stage's guest and its behaviour.
    pub attack: String,
    /// The breach, in words; `None` if it was contained.
    pub breach: Option<String>,
    /// The message of the failure in which it ended.
    pub contained_at: String,
    /// The time of the run.
    pub took: Duration,
}

/// The hostile guests, each loaded once.
pub(super) struct Guests {
    sandbox: Sandbox,
    files: BTreeMap<&'static str, PathBuf>,
    loaded: RefCell<BTreeMap<&'static str, Plugin>>,
}

impl Guests {
    /// The guests in the first of these folders that has all of them.
    pub(super) fn find(folders: &[PathBuf], cache: Cache, cancel: &Cancel) -> Result<Self, Failure> {
        let in_folder = |folder: &Path| {
            let file = |guest: &'static str| {
                Some((guest, Some(folder.join(format!("{guest}.wasm"))).filter(|file| file.is_file())?))
            };
            GUESTS.into_iter().map(file).collect::<Option<BTreeMap<_, _>>>()
        };
        let files = folders.iter().find_map(|folder| in_folder(folder)).ok_or_else(|| {
            let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
            Failure::invalid_config(format!("the hostile plugins are in none of these folders: {}", folders.join(", ")))
                .advise("`make install` puts them there, and `make plugins` builds them in a source tree")
        })?;
        Ok(Self { sandbox: Sandbox::new(cache)?.stopping_at(cancel.clone()), files, loaded: RefCell::default() })
    }

    fn plugin(&self, name: &'static str) -> Result<Plugin, Failure> {
        if let Some(plugin) = self.loaded.borrow().get(name) {
            return Ok(plugin.clone());
        }
        let plugin = self.sandbox.load(name, &self.files[name])?;
        self.loaded.borrow_mut().insert(name, plugin.clone());
        Ok(plugin)
    }

    fn run(&self, arena: &Arena, attack: &Attack, cancel: &Cancel) -> Result<[StreamSummary; 2], Failure> {
        arena.run(attack, &|name| self.plugin(name), Arc::new(NoObserver), cancel.clone())
    }
}

/// Runs all attacks under these limits, and reports each as it ends.
pub(super) fn attack_all(
    guests: &Guests,
    limits: &Limits,
    cancel: &Cancel,
    report: &mut dyn FnMut(AttackEnd),
) -> Result<(), Failure> {
    for group in &GROUPS {
        for (behaviour, kind) in group.attacks {
            if cancel.is_set() {
                return Ok(());
            }
            report(attack(guests, group, (behaviour, *kind), limits, cancel)?);
        }
    }
    Ok(())
}

/// The limits for a guest: one that never ends gets little time.
fn narrowed(limits: &Limits, behaviour: &str) -> Limits {
    let limits = limits.clone();
    let total = limits.total;
    match behaviour {
        "trickle" => Limits { total: TotalLimits { stream: ENDLESS, ..total }, ..limits },
        "trickle-of-queries" => Limits { total: TotalLimits { stream_wait: ENDLESS, ..total }, ..limits },
        "trickle-of-no-rows" => Limits { call_time: BETWEEN_ROWS.min(limits.call_time), ..limits },
        _ if ["loop", "without-end"].iter().any(|word| behaviour.contains(word)) => {
            Limits { call_time: ENDLESS, wait_time: ENDLESS, ..limits }
        }
        _ => limits,
    }
}

fn attack(
    guests: &Guests,
    group: &Group,
    (behaviour, kind): (&str, FailureKind),
    limits: &Limits,
    cancel: &Cancel,
) -> Result<AttackEnd, Failure> {
    let limits = narrowed(limits, behaviour);
    let longest = limits.call_time + SLOWEST;
    let attack = Attack {
        method: group.method,
        loaded_before: group.loaded_before,
        ..Attack::by(group.guest, behaviour, limits)
    };
    let arena = Arena::new()?;
    if attack.loaded_before {
        guests.run(&arena, &attack.peaceful(), cancel)?;
        let change = "UPDATE orders SET amount = amount + 1000, name = name || ' changed'";
        arena.source()?.execute_batch(change).map_err(|error| Failure::permanent(error.to_string()))?;
    }
    let before = arena.both_sides()?.0;
    let began = Instant::now();
    let [victim, neighbour] = guests.run(&arena, &attack, cancel)?;
    let took = began.elapsed();
    let contained_at = victim.failure.as_ref().map(|at| at.failure.to_string()).unwrap_or_default();
    let breach = if let Some(breach) = breach(&arena, (&victim, &neighbour), &before)? {
        Some(breach)
    } else if let Some(other) = other_kind(&victim, kind) {
        Some(other)
    } else if took > longest {
        Some(format!("it took {took:.0?}"))
    } else {
        // Fresh instances of the same guests bring the target up to date with the source.
        guests.run(&arena, &attack.peaceful(), cancel)?;
        let (target, source) = arena.both_sides()?;
        (target != source).then(|| "the stream does not recover".to_owned())
    };
    Ok(AttackEnd {
        promise: group.promise,
        attack: format!("{} {behaviour}", group.guest.trim_start_matches("hostile_")),
        breach,
        contained_at,
        took,
    })
}

/// The breach of an attack that has ended, in words, if there is one.
fn breach(
    arena: &Arena,
    (victim, neighbour): (&StreamSummary, &StreamSummary),
    before: &[String],
) -> Result<Option<String>, Failure> {
    let Some(at) = victim.failure.as_ref().filter(|_| victim.status == StreamStatus::Failed) else {
        return Ok(Some(format!("the stream {}", victim.status.name())));
    };
    let message = at.failure.to_string();
    if message.contains("it got out") || message.contains(CANARY) {
        return Ok(Some(message));
    }
    if arena.both_sides()?.0 != before {
        return Ok(Some("something was written".to_owned()));
    }
    let (rows, source) = arena.both_sides_of_neighbour()?;
    // A mistake in the configuration ends the run before any stream begins.
    let continued =
        neighbour.status == StreamStatus::NotRun || (neighbour.status == StreamStatus::Succeeded && rows == source);
    Ok((!continued).then(|| format!("the neighbour {}", neighbour.status.name())))
}

/// The kind of failure in words, if it is not the expected one. A limit that is narrower here may have come first.
fn other_kind(victim: &StreamSummary, expected: FailureKind) -> Option<String> {
    let kind = victim.failure.as_ref()?.failure.kind;
    let is_as_good = kind == expected || matches!(kind, FailureKind::Limit | FailureKind::Timeout);
    (!is_as_good).then(|| format!("it ended as {}, and should as {}", kind.name(), expected.name()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_at_least_sixty_attacks_and_none_is_there_twice() {
        let attacks =
            || GROUPS.iter().flat_map(|group| group.attacks.iter().map(move |(name, _)| (group.guest, *name)));
        assert!(attacks().count() >= 60, "{}", attacks().count());
        assert_eq!(attacks().collect::<BTreeSet<_>>().len(), attacks().count());
    }
}

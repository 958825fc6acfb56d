//! The decision which notices are due: one per cause, again after a while, and one when the cause has passed. Without clock,
//! files or networks.

use std::collections::BTreeSet;
use std::time::Duration;

use wmshost_flow::Micros;

use super::cause::Cause;

/// The least time between a notice and one about further streams of the same cause.
const GROWTH_PAUSE: Duration = Duration::from_secs(900);

/// The kind of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoticeKind {
    /// A cause is new, or has more streams than before.
    Alert,
    /// A cause goes on.
    Reminder,
    /// A cause has passed.
    Recovery,
}

impl NoticeKind {
    /// The kind's name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Reminder => "reminder",
            Self::Recovery => "recovery",
        }
    }
}

/// A cause that was seen, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incident {
    /// The cause's key.
    pub(super) key: String,
    /// The title of its last notice, or of its cause as it was first seen.
    pub(super) title: String,
    /// Its owner.
    pub(super) owner: Option<String>,
    /// The streams or models that the last notice named, or those that were first seen.
    pub(super) subjects: BTreeSet<String>,
    /// The time since which it goes on.
    pub(super) since: Micros,
    /// The time at which it was first seen.
    pub(super) seen_at: Micros,
    /// The time of the last notice; `None` if there was none.
    pub(super) notified_at: Option<Micros>,
    /// The number of notices.
    pub(super) notices: u32,
}

impl Incident {
    /// The incident that begins with a cause.
    fn of(cause: &Cause, now: Micros) -> Self {
        Self {
            key: cause.key.clone(),
            title: cause.title.clone(),
            owner: cause.owner.clone(),
            subjects: cause.subjects.clone(),
            since: cause.since,
            seen_at: now,
            notified_at: None,
            notices: 0,
        }
    }
}

/// Returns the incident as it is from now on, and the notice that is due. `cause` is the cause as it is now, `None` if it has
/// passed.
pub(super) fn decide(
    known: Option<Incident>,
    cause: Option<&Cause>,
    now: Micros,
    repeat_every: Duration,
) -> (Option<Incident>, Option<NoticeKind>) {
    let Some(cause) = cause else {
        let was_said = known.is_some_and(|incident| incident.notified_at.is_some());
        return (None, was_said.then_some(NoticeKind::Recovery));
    };
    let incident = known.unwrap_or_else(|| Incident::of(cause, now));
    let notice = match incident.notified_at {
        None => has_passed(cause.grace, incident.seen_at, now).then_some(NoticeKind::Alert),
        Some(at) if has_passed(repeat_every, at, now) => Some(NoticeKind::Reminder),
        Some(at) if !cause.subjects.is_subset(&incident.subjects) => {
            has_passed(GROWTH_PAUSE.min(repeat_every), at, now).then_some(NoticeKind::Alert)
        }
        Some(_) => None,
    };
    if notice.is_none() {
        return (Some(incident), None);
    }
    let said = Incident {
        title: cause.title.clone(),
        owner: cause.owner.clone(),
        subjects: cause.subjects.clone(),
        notified_at: Some(now),
        notices: incident.notices + 1,
        ..incident
    };
    (Some(said), notice)
}

/// True if this time has passed since `before`. A clock that was ahead and is set back lets nothing wait for it.
fn has_passed(time: Duration, before: Micros, now: Micros) -> bool {
    now < before || now - before >= Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Micros = 60_000_000;
    const HOUR: Duration = Duration::from_secs(3_600);

    fn cause(subjects: &[&str], grace: Duration) -> Cause {
        Cause {
            key: "late".to_owned(),
            title: format!("{} late", subjects.len()),
            subjects: subjects.iter().map(ToString::to_string).collect(),
            owner: None,
            since: 5,
            grace,
            findings: Vec::new(),
        }
    }

    /// Lets a cause be seen at these minutes, `None` for a minute at which it is not there; returns the notices by minute.
    fn notices(seen: &[(Micros, Option<Cause>)]) -> Vec<(Micros, &'static str)> {
        let mut incident = None;
        let mut said = Vec::new();
        for (minute, cause) in seen {
            let (after, notice) = decide(incident, cause.as_ref(), minute * MINUTE, HOUR);
            said.extend(notice.map(|notice| (*minute, notice.name())));
            incident = after;
        }
        said
    }

    #[test]
    fn a_cause_is_reported_once_again_after_a_while_and_when_it_has_passed() {
        let seen = |minute| (minute, Some(cause(&["a"], Duration::ZERO)));
        let said = notices(&[seen(0), seen(1), seen(59), seen(60), seen(61), (62, None), (63, None), seen(64)]);
        assert_eq!(said, [(0, "alert"), (60, "reminder"), (62, "recovery"), (64, "alert")]);
    }

    #[test]
    fn more_streams_of_a_cause_are_reported_after_a_pause_and_fewer_are_not() {
        let seen = |minute, subjects: &[&str]| (minute, Some(cause(subjects, Duration::ZERO)));
        let said = notices(&[
            seen(0, &["a", "b"]),
            seen(1, &["a"]),
            seen(14, &["a", "b", "c"]),
            seen(15, &["a", "b", "c"]),
            seen(16, &["a", "b", "c"]),
        ]);
        assert_eq!(said, [(0, "alert"), (15, "alert")]);
    }

    #[test]
    fn a_cause_that_passes_within_its_grace_is_never_reported() {
        let seen = |minute| (minute, Some(cause(&["a"], Duration::from_secs(600))));
        assert_eq!(notices(&[seen(0), seen(9), (10, None), seen(11), seen(20)]), []);
        assert_eq!(notices(&[seen(0), seen(9), seen(10), seen(11), (12, None)]), [(10, "alert"), (12, "recovery")]);
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_back() {
        let seen = |minute| (minute, Some(cause(&["a"], Duration::ZERO)));
        assert_eq!(notices(&[seen(500_000), seen(1), seen(2)]), [(500_000, "alert"), (1, "reminder")]);
    }
}

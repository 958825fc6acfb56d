//! The walks of a run. This table shows why no row is lost:
//!
//! | threat | why no row is lost |
//! |---|---|
//! | rows move between pages while they are read | there are no pages: each request asks for the ids after the last one |
//! | equal times across a boundary, by thousands | a window is closed, and within it rows are walked over by id |
//! | a filter loses fractions of a second | windows have whole seconds |
//! | a row that commits late, with an older time | every window begins `lookback` before the last one's end, and ends `commit_lag` before the service's clock |
//! | a row that changes while it is read | it leaves the window and is in the next one |
//! | a row that changes during a first load | the first window begins before the load |
//! | a row that changes after an interrupted run | the run that continues reads the old window to its end, and then the next one |
//! | a row with a time after the service's clock | it is in the window whose turn comes |
//! | a row that was imported with an old time of change | a walk over the rows that were created in the window |
//! | a row without a time of change | a walk over all such rows, if the stream asks for it |
//! | a clock that is off | the service's own clock counts |

use std::collections::VecDeque;

use wmshost_plugin::contract::extraction::{Method, NullKeys, Request};
use wmshost_plugin::contract::types::Value;
use wmshost_plugin::{Result, invalid_config, permanent};

use crate::bookmark::ReadPosition;
use crate::entity::{CREATED, Entity};
use crate::moment::{self, SECOND};
use crate::walk::{Phase, Span, Walk};

const DAY: i64 = 86_400 * SECOND;

/// The walks of a run, and the position of the stream before and after them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadPlan {
    pub(crate) walks: VecDeque<Walk>,
    pub(crate) end: ReadPosition,
}

/// Plans a run at this time of the service's clock.
pub(crate) fn read_plan(request: &Request, entity: &Entity, now: Option<i64>, commit_lag: i64) -> Result<ReadPlan> {
    let position = request.bookmark.as_ref().map(ReadPosition::of).transpose()?;
    if let Some(window) = &request.window {
        return windowed(&window.start, &window.end, position);
    }
    match request.method {
        Method::Full => Ok(whole(position)),
        Method::Append => Ok(append(position)),
        Method::Incremental => {
            let now = now.ok_or_else(|| {
                permanent("the service's answers have no header Date, so that no window can be closed")
            })?;
            incremental(request, entity, position, moment::floor(now.saturating_sub(commit_lag)))
        }
    }
}

/// The whole entity: from the beginning, or after the row where a load was interrupted.
fn whole(position: Option<ReadPosition>) -> ReadPlan {
    let walk = match position {
        Some(ReadPosition::Walking(walk)) if walk.phase == Phase::Full => walk,
        _ => Walk::new(Phase::Full, None, None),
    };
    ReadPlan { walks: [walk].into(), end: ReadPosition::Done }
}

/// The rows after the highest id that was read.
fn append(position: Option<ReadPosition>) -> ReadPlan {
    let last = match position {
        Some(ReadPosition::Walking(Walk { phase: Phase::RowsAfter | Phase::Full, last, .. })) => last,
        _ => None,
    };
    let walk = Walk { last, ..Walk::new(Phase::RowsAfter, None, None) };
    ReadPlan { end: ReadPosition::Walking(walk), walks: [walk].into() }
}

/// The rows of a window that the host asks for.
fn windowed(start: &Value, end: &Value, position: Option<ReadPosition>) -> Result<ReadPlan> {
    let (Value::Timestamp(start), Value::Timestamp(end)) = (start, end) else {
        return Err(invalid_config("a window needs two times"));
    };
    if start >= end {
        return Err(invalid_config("a window needs two times, the first before the second"));
    }
    let span = Span { low: moment::floor(*start), next: moment::ceiling(*end) };
    let begun = Walk::new(Phase::Changes, Some(span.low), Some(span));
    let walks = match position {
        Some(ReadPosition::Done) => VecDeque::new(),
        Some(ReadPosition::Walking(Walk { phase: Phase::Changes, ceiling, last, .. })) => {
            [Walk { ceiling, last, ..begun }].into()
        }
        _ => [begun].into(),
    };
    Ok(ReadPlan { walks, end: ReadPosition::Done })
}

fn incremental(request: &Request, entity: &Entity, position: Option<ReadPosition>, until: i64) -> Result<ReadPlan> {
    match position {
        // Until now the stream was read in full, which leaves no time.
        None | Some(ReadPosition::Done) => {
            let first = Walk::new(Phase::First, Some(until), None);
            Ok(ReadPlan { walks: [first].into(), end: ReadPosition::Idle { high: until } })
        }
        Some(ReadPosition::Idle { high }) => {
            refuse_the_future(high, until)?;
            let span = window(high, until, request);
            Ok(ReadPlan { walks: walks(request, entity, high, span), end: ReadPosition::Idle { high: span.next } })
        }
        Some(ReadPosition::Walking(first @ Walk { phase: Phase::First, high: Some(high), .. })) => {
            let span = window(high, until, request);
            let mut all = walks(request, entity, high, span);
            all.push_front(first);
            Ok(ReadPlan { walks: all, end: ReadPosition::Idle { high: span.next } })
        }
        Some(ReadPosition::Walking(begun @ Walk { high: Some(high), span: Some(span), .. })) => {
            let left = walks(request, entity, high, span).into_iter().skip_while(|walk| walk.phase != begun.phase);
            let mut left: VecDeque<Walk> = left.collect();
            if let Some(first) = left.front_mut() {
                *first = begun;
            }
            // What changed since the window was closed is read by the same run.
            let next = window(span.next, until, request);
            if next.next > span.next {
                left.extend(walks(request, entity, span.next, next));
            }
            Ok(ReadPlan { walks: left, end: ReadPosition::Idle { high: next.next } })
        }
        Some(ReadPosition::Walking(_)) => Err(permanent(
            "the bookmark is that of a whole load, without a time; reset the stream's checkpoint to load the entity again, \
             or read it whole once more",
        )),
    }
}

/// The next window. It never ends before the last one did.
fn window(high: i64, until: i64, request: &Request) -> Span {
    let lookback = i64::try_from(request.lookback).unwrap_or(i64::MAX);
    Span { low: moment::floor(high.saturating_sub(lookback)), next: until.max(high) }
}

/// The walks over a window.
fn walks(request: &Request, entity: &Entity, high: i64, span: Span) -> VecDeque<Walk> {
    let is_created = request.change_key.as_deref() == Some(CREATED);
    let phases = [
        (Phase::Changes, true),
        (Phase::Backdated, !is_created && entity.fields.iter().any(|field| field == CREATED)),
        (Phase::NoTime, request.null_keys != NullKeys::Ignore),
    ];
    let walk = |(phase, is_wanted): (Phase, bool)| is_wanted.then(|| Walk::new(phase, Some(high), Some(span)));
    phases.into_iter().filter_map(walk).collect()
}

fn refuse_the_future(high: i64, until: i64) -> Result<()> {
    if high <= until.saturating_add(DAY) {
        return Ok(());
    }
    Err(permanent(
        "this is a bookmark from the future: it is more than a day after the service's clock; check that clock, and reset the \
         stream's checkpoint if it is right",
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::entity::tests::{choice, field};
    use wmshost_plugin::contract::extraction::Window;

    pub(crate) fn request() -> Request {
        Request {
            name: "allocation".into(),
            source: "cloud".into(),
            table: "allocation".into(),
            method: Method::Incremental,
            key: Vec::new(),
            change_key: Some("mod_ts".into()),
            lookback: 10_000_000,
            null_keys: NullKeys::Include,
            window: None,
            columns: Vec::new(),
            bookmark: None,
            batch_rows: 1_000,
        }
    }

    fn entity() -> Entity {
        let described = [field("id", "pk"), field("mod_ts", "datetime"), field("create_ts", "datetime")];
        Entity::of("allocation", &described, &choice(&[]), None).expect("an entity")
    }

    fn planned(request: &Request, now: i64) -> ReadPlan {
        read_plan(request, &entity(), Some(now), 120 * SECOND).expect("a plan")
    }

    fn phases(plan: &ReadPlan) -> Vec<Phase> {
        plan.walks.iter().map(|walk| walk.phase).collect()
    }

    fn at(position: &ReadPosition) -> Request {
        Request { bookmark: Some(position.bookmark()), ..request() }
    }

    const NOW: i64 = 1_000_000 * SECOND + 7;

    #[test]
    fn a_first_load_is_followed_by_the_changes_since_its_beginning() {
        let plan = planned(&request(), NOW);
        let until = 999_880 * SECOND;
        assert_eq!((phases(&plan), &plan.end), (vec![Phase::First], &ReadPosition::Idle { high: until }));
        let begun = Walk { ceiling: Some(9), last: Some(5), ..plan.walks[0] };
        let later = planned(&at(&ReadPosition::Walking(begun)), NOW + DAY);
        assert_eq!(phases(&later), [Phase::First, Phase::Changes, Phase::Backdated, Phase::NoTime]);
        assert_eq!(later.walks[0], begun);
        assert_eq!(later.walks[1].span, Some(Span { low: until - 10 * SECOND, next: until + DAY }));
    }

    #[test]
    fn a_window_begins_the_lookback_before_the_last_one_and_never_goes_back() {
        let idle = ReadPosition::Idle { high: 900_000 * SECOND };
        let plan = planned(&at(&idle), NOW);
        assert_eq!(plan.walks[0].span, Some(Span { low: 899_990 * SECOND, next: 999_880 * SECOND }));
        let late = planned(&at(&idle), 900_010 * SECOND);
        assert_eq!(late.end, idle, "the service's clock went back");
        let future = at(&ReadPosition::Idle { high: NOW + 2 * DAY });
        assert!(read_plan(&future, &entity(), Some(NOW), 0).is_err());
        assert!(read_plan(&request(), &entity(), None, 0).is_err(), "without a clock there is no window");
    }

    #[test]
    fn an_interrupted_window_is_continued_as_it_was() {
        let span = Some(Span { low: 5 * SECOND, next: 9 * SECOND });
        let begun = Walk { ceiling: Some(9), last: Some(5), ..Walk::new(Phase::Backdated, Some(6), span) };
        let plan = planned(&at(&ReadPosition::Walking(begun)), 10 * SECOND);
        assert_eq!((phases(&plan), &plan.walks[0]), (vec![Phase::Backdated, Phase::NoTime], &begun));
        assert_eq!(plan.end, ReadPosition::Idle { high: 9 * SECOND });
        // What changed since then follows in the same run.
        let plan = planned(&at(&ReadPosition::Walking(begun)), NOW);
        let (until, all) = (999_880 * SECOND, [Phase::Changes, Phase::Backdated, Phase::NoTime]);
        assert_eq!((phases(&plan), &plan.walks[0]), ([&all[1..], &all[..]].concat(), &begun));
        assert_eq!(plan.walks[2].span, Some(Span { low: -SECOND, next: until }));
        assert_eq!(plan.end, ReadPosition::Idle { high: until });
    }

    #[test]
    fn rows_without_a_time_are_left_alone_if_the_stream_asks_for_that() {
        let request = Request { null_keys: NullKeys::Ignore, ..at(&ReadPosition::Idle { high: 0 }) };
        assert_eq!(phases(&planned(&request, NOW)), [Phase::Changes, Phase::Backdated]);
    }

    #[test]
    fn a_window_of_the_host_is_widened_to_whole_seconds_and_read_once() {
        let window = Window { start: Value::Timestamp(1_500_000), end: Value::Timestamp(2_000_001) };
        let request = Request { window: Some(window), ..request() };
        let plan = planned(&request, NOW);
        assert_eq!(plan.walks[0].span, Some(Span { low: SECOND, next: 3 * SECOND }));
        let done = Request { bookmark: Some(ReadPosition::Done.bookmark()), ..request };
        assert!(planned(&done, NOW).walks.is_empty());
    }
}

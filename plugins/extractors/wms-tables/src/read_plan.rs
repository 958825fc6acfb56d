//! The rows that a run reads, part by part, and the position of the stream afterwards. This table shows why no row is
//! lost:
//!
//! | threat | why no row is lost |
//! |---|---|
//! | a timestamp that SQLite stores as a shorter text, or with an offset | rows are compared and ordered by the expressions of the table's description |
//! | equal change keys across a boundary | a position within changes has the key too |
//! | a row that commits late, with an older change key | every run begins `lookback` before the watermark |
//! | the same, while an interrupted run waits to continue | it continues at its position or `lookback` before where that run began to look, whichever comes first |
//! | a row that changes during a first load that was interrupted | the watermark is that of its beginning, and later changes are read afterwards |
//! | a version, which no clock is for | the watermark is the greatest version of the run's snapshot, and the lookback is a number of versions |
//! | a change key in the future | the watermark never passes the source's own clock; such a row is read in every run until its time has come |
//! | a row without a change key | read in every run, if the stream asks for it |
//! | a row with a NULL in its key, added to a table that is read by appended rows | no position is after it, so every run reads such rows separately |

use std::cmp::Ordering;

use wmshost_plugin::contract::extraction::{Method, NullKeys, Request, Window};
use wmshost_plugin::contract::types::Value;
use wmshost_plugin::{Result, invalid_config, permanent};

use crate::bookmark::{Inside, ReadPosition, ticks};
use crate::moment::Ticks;
use crate::select::{From, ReadStep};
use crate::table::Table;

/// The parts that a run reads.
#[derive(Debug, PartialEq)]
pub(crate) struct ReadPlan {
    /// The position of the stream before the first part.
    pub(crate) start: ReadPosition,
    /// The parts, in order.
    pub(crate) parts: Vec<ReadStep>,
}

/// The source's clock at the start of a run, and the latest change key that is not after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    pub(crate) now: i64,
    pub(crate) high: Option<i64>,
}

/// The last row of a batch: its change key, where rows are read by it, and its key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LastRow {
    pub(crate) moment: Option<i64>,
    pub(crate) key: Vec<Value>,
}

/// The plan for a whole table: from the beginning, or after the row where a load was interrupted.
pub(crate) fn whole(request: &Request, table: &Table) -> Result<ReadPlan> {
    let place = request.bookmark.as_ref().map(|bookmark| ReadPosition::of(bookmark, table)).transpose()?;
    let after = match place {
        Some(ReadPosition::Whole { after }) => after,
        // The table was read to its end, or the stream was incremental until now.
        _ => None,
    };
    Ok(ReadPlan { start: ReadPosition::Whole { after: after.clone() }, parts: vec![ReadStep::ByKey { after }] })
}

/// The plan for a table to which rows are only ever added: the rows after the last one. A row with a NULL in its key is
/// after no position, so all such rows are read separately; the host knows those that it has met before.
pub(crate) fn append(request: &Request, table: &Table) -> Result<ReadPlan> {
    let read_plan = whole(request, table)?;
    let ReadPosition::Whole { after: Some(after) } = &read_plan.start else { return Ok(read_plan) };
    let mut parts = vec![ReadStep::Added { after: after.clone() }];
    if table.order_names().iter().any(|column| column.nullable) {
        parts.push(ReadStep::WithoutKey);
    }
    Ok(ReadPlan { parts, ..read_plan })
}

/// The plan for a window of changes: from its start, or after the row where the reading was interrupted.
pub(crate) fn window(request: &Request, table: &Table, window: &Window) -> Result<ReadPlan> {
    let ticks = ticks(table);
    let wrong = || {
        let ends = if ticks == Ticks::Version { "two whole numbers" } else { "two moments" };
        invalid_config(format!("a window of this change key needs {ends}, the first before the second"))
    };
    let start = ticks.bound(&window.start).ok_or_else(wrong)?;
    let end = ticks.bound(&window.end).ok_or_else(wrong)?;
    match start.cmp(&end) {
        Ordering::Less => {}
        // Between two moments of one day no date begins.
        Ordering::Equal if ticks == Ticks::Date => {
            return Ok(ReadPlan { start: ReadPosition::Done, parts: Vec::new() });
        }
        _ => return Err(wrong()),
    }
    let place = request.bookmark.as_ref().map(|bookmark| ReadPosition::of(bookmark, table)).transpose()?;
    let from = match &place {
        Some(ReadPosition::Done) => return Ok(ReadPlan { start: ReadPosition::Done, parts: Vec::new() }),
        Some(ReadPosition::Changes { inside: Some(inside), .. }) => {
            From::Behind { moment: ticks.value(inside.moment), key: inside.key.clone() }
        }
        _ => From::At(ticks.value(start)),
    };
    let start = place.unwrap_or(ReadPosition::Changes { watermark: None, inside: None });
    Ok(ReadPlan { start, parts: vec![ReadStep::Within(from, ticks.value(end))] })
}

/// The plan for a table that is read incrementally.
pub(crate) fn incremental(request: &Request, table: &Table, horizon: Horizon) -> Result<ReadPlan> {
    let place = request.bookmark.as_ref().map(|bookmark| ReadPosition::of(bookmark, table)).transpose()?;
    let start = match place {
        // Until now the stream was read in full, which leaves no watermark.
        None | Some(ReadPosition::Done) => {
            let start = ReadPosition::First { watermark: horizon.high, after: None };
            return Ok(ReadPlan { start, parts: vec![ReadStep::ByKey { after: None }] });
        }
        Some(ReadPosition::Whole { .. }) => {
            return Err(permanent(
                "the bookmark is that of a whole load, without a watermark; reset the stream's checkpoint to load the \
                 table again, or read it whole once more",
            ));
        }
        Some(place) => place,
    };
    refuse_the_future(start.watermark(), table, horizon)?;
    let parts = parts(request, table, &start);
    Ok(ReadPlan { start, parts })
}

fn parts(request: &Request, table: &Table, start: &ReadPosition) -> Vec<ReadStep> {
    let since = |watermark: Option<i64>| ReadStep::ByChange(before(watermark, request, table));
    let mut parts = match start {
        ReadPosition::First { watermark, after } => vec![ReadStep::ByKey { after: after.clone() }, since(*watermark)],
        ReadPosition::Changes { inside: Some(inside), .. } => vec![ReadStep::ByChange(resumed(inside, request, table))],
        place => vec![since(place.watermark())],
    };
    if request.null_keys != NullKeys::Ignore {
        parts.push(ReadStep::WithoutChangeKey);
    }
    parts
}

/// The start of the rows that the lookback reads again before a moment.
fn before(moment: Option<i64>, request: &Request, table: &Table) -> From {
    let ticks = ticks(table);
    let back = ticks.span(request.lookback);
    moment.map_or(From::Start, |moment| From::At(ticks.value(moment.saturating_sub(back))))
}

/// The start of an interrupted reading: its position, unless late rows may precede that.
fn resumed(inside: &Inside, request: &Request, table: &Table) -> From {
    let ticks = ticks(table);
    let again = inside.high.map(|high| high.saturating_sub(ticks.span(request.lookback)));
    match again {
        Some(again) if inside.moment < again => {
            From::Behind { moment: ticks.value(inside.moment), key: inside.key.clone() }
        }
        _ => before(inside.high, request, table),
    }
}

fn refuse_the_future(watermark: Option<i64>, table: &Table, horizon: Horizon) -> Result<()> {
    let latest = horizon.now.saturating_add(ticks(table).day());
    if watermark.is_none_or(|watermark| watermark <= latest) {
        return Ok(());
    }
    Err(permanent(
        "this is a bookmark from the future: its watermark is more than a day after the source's clock; check that \
         clock, and reset the stream's checkpoint if it is right",
    ))
}

/// The note that the source's change keys are all before those that the next changes are read from; `None` if they are
/// not. A counter that began again looks like this, and so does a table whose newest rows were deleted.
pub(crate) fn backwards(request: &Request, table: &Table, start: &ReadPosition, horizon: Horizon) -> Option<String> {
    let watermark = start.watermark()?;
    let ticks = ticks(table);
    let least = watermark.saturating_sub(ticks.span(request.lookback));
    if horizon.high.is_some_and(|high| high >= least) {
        return None;
    }
    Some(format!(
        "table {}: its change key goes backwards: the greatest one is smaller than where the next changes are read from. Rows \
         that change with a smaller one are not read. If only the newest rows were deleted, nothing is missing; if the change \
         key began again, load the stream again by `run --full-refresh`",
        request.table
    ))
}

/// The number of versions before the end of a type from which on a counter is reported.
const NEAR_THE_END: i64 = 1_000;

/// The note that the greatest version is about to pass the greatest number of a type; `None` if it is not. A counter that
/// then begins again has versions that no later run reads.
pub(crate) fn wraps(request: &Request, table: &Table, horizon: Horizon) -> Option<String> {
    let (Ticks::Version, Some(high)) = (ticks(table), horizon.high) else { return None };
    let near = ticks(table).span(request.lookback).max(NEAR_THE_END);
    let ends = [(32, i64::from(i32::MAX)), (32, i64::from(u32::MAX)), (64, i64::MAX)];
    let (bits, end) = ends.into_iter().find(|(_, end)| high <= *end && high.saturating_add(near) >= *end)?;
    Some(format!(
        "table {}: the greatest value of its change key is {high}, and {end} is the greatest number of {bits} bits: if the \
         counter begins again after it, rows that change with a smaller number are not read, until `run --full-refresh` \
         loads the stream again",
        request.table
    ))
}

/// The position of the stream after a row, in the middle of a part.
pub(crate) fn behind(place: &ReadPosition, part: &ReadStep, row: LastRow, horizon: Horizon) -> ReadPosition {
    let LastRow { moment, key } = row;
    let watermark = place.watermark();
    match (part, moment) {
        (ReadStep::ByKey { .. } | ReadStep::Added { .. }, _) if matches!(place, ReadPosition::Whole { .. }) => {
            ReadPosition::Whole { after: Some(key) }
        }
        (ReadStep::ByKey { .. } | ReadStep::Added { .. }, _) => ReadPosition::First { watermark, after: Some(key) },
        (ReadStep::Within(..), Some(moment)) => {
            ReadPosition::Changes { watermark: None, inside: Some(Inside { moment, key, high: None }) }
        }
        (ReadStep::ByChange(_), Some(moment)) => {
            let reached = horizon.high.map(|high| high.min(moment));
            let inside = Inside { moment, key, high: horizon.high };
            ReadPosition::Changes { watermark: watermark.max(reached), inside: Some(inside) }
        }
        // These are read from the first row in every run: there is no position within them.
        (ReadStep::ByChange(_) | ReadStep::Within(..), None)
        | (ReadStep::WithoutChangeKey | ReadStep::WithoutKey, _) => place.clone(),
    }
}

/// The position of the stream at the end of a part.
pub(crate) fn at_end(place: &ReadPosition, part: &ReadStep, method: Method, horizon: Horizon) -> ReadPosition {
    let watermark = place.watermark();
    match (method, part) {
        (_, ReadStep::Within(..)) | (Method::Full, _) => ReadPosition::Done,
        // The next run continues at the position after the last row.
        (Method::Append, _) => place.clone(),
        (Method::Incremental, ReadStep::ByChange(_)) => {
            ReadPosition::Changes { watermark: watermark.max(horizon.high), inside: None }
        }
        (Method::Incremental, _) => ReadPosition::Changes { watermark, inside: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::{allocation, request};
    use wmshost_plugin::source::Dialect;

    const NOW: i64 = 1_000_000_000_000;

    fn table() -> Table {
        Table::check(&request(), &allocation(), Dialect::Oracle).expect("a table")
    }

    fn request_at(place: &ReadPosition) -> Request {
        Request { bookmark: Some(place.bookmark(&table())), ..request() }
    }

    fn horizon(high: i64) -> Horizon {
        Horizon { now: NOW, high: Some(high) }
    }

    fn key(id: i64) -> Vec<Value> {
        vec![Value::Int64(id)]
    }

    fn since(moment: i64) -> ReadStep {
        ReadStep::ByChange(From::At(Value::Timestamp(moment)))
    }

    fn goes_on(moment: i64, id: i64) -> From {
        From::Behind { moment: Value::Timestamp(moment), key: key(id) }
    }

    fn parts_of(request: &Request, high: i64) -> Vec<ReadStep> {
        incremental(request, &table(), horizon(high)).expect("a read plan").parts
    }

    #[test]
    fn a_change_key_that_goes_backwards_is_noticed() {
        let table = table();
        let request = Request { lookback: 10, ..request() };
        let after = |watermark: Option<i64>| ReadPosition::Changes { watermark, inside: None };
        let noted =
            |watermark, high| backwards(&request, &table, &after(watermark), Horizon { now: NOW, high }).is_some();
        assert!(noted(Some(100), Some(89)) && noted(Some(100), None));
        assert!(!noted(Some(100), Some(90)) && !noted(Some(100), Some(500)) && !noted(None, None));
        let first = ReadPosition::First { watermark: None, after: None };
        assert_eq!(backwards(&request, &table, &first, Horizon { now: NOW, high: Some(5) }), None);
    }

    #[test]
    fn a_counter_near_the_end_of_its_type_is_noticed() {
        let by_version = |lookback| Request { change_key: Some("allocation_id".into()), lookback, ..request() };
        let counter = Table::check(&by_version(0), &allocation(), Dialect::Oracle).expect("a table");
        let noted =
            |high: i64, lookback| wraps(&by_version(lookback), &counter, Horizon { now: NOW, high: Some(high) });
        let greatest = i64::from(i32::MAX);
        for (high, lookback, is_noted) in [
            (greatest - 1_001, 0, false),
            (greatest - 1_001, 2_000, true),
            (greatest - 1_000, 0, true),
            (greatest, 0, true),
            (greatest + 1, 0, false),
            (i64::from(u32::MAX), 0, true),
            (i64::MAX, 0, true),
            (i64::MAX - 1_001, 0, false),
            (i64::MIN, 1_000_000_000_000, false),
        ] {
            assert_eq!(noted(high, lookback).is_some(), is_noted, "{high}, {lookback}");
        }
        assert_eq!(wraps(&request(), &table(), horizon(greatest)), None, "a moment is no counter");
    }

    #[test]
    fn a_first_load_pins_the_watermark_of_its_beginning() {
        let read_plan = incremental(&request(), &table(), horizon(70)).expect("a read plan");
        assert_eq!(read_plan.start, ReadPosition::First { watermark: Some(70), after: None });
        assert_eq!(read_plan.parts, [ReadStep::ByKey { after: None }]);
        let end = at_end(&read_plan.start, &read_plan.parts[0], Method::Incremental, horizon(70));
        assert_eq!(end, ReadPosition::Changes { watermark: Some(70), inside: None });
    }

    #[test]
    fn an_interrupted_first_load_reads_what_changed_meanwhile() {
        let place = ReadPosition::First { watermark: Some(70), after: Some(key(5)) };
        let parts = parts_of(&Request { lookback: 10, ..request_at(&place) }, 90);
        assert_eq!(parts, [ReadStep::ByKey { after: Some(key(5)) }, since(60)]);
        let behind = behind(&place, &parts[0], LastRow { moment: None, key: key(9) }, horizon(90));
        assert_eq!(behind.watermark(), Some(70), "the watermark stays that of the beginning");
    }

    #[test]
    fn a_run_begins_the_lookback_before_the_watermark() {
        let place = ReadPosition::Changes { watermark: Some(70), inside: None };
        assert_eq!(parts_of(&Request { lookback: 10, ..request_at(&place) }, 90), [since(60)]);
        assert_eq!(parts_of(&request_at(&place), 90), [since(70)]);
    }

    #[test]
    fn rows_without_a_change_key_are_read_in_every_run_if_asked_for() {
        let inside = Inside { moment: 50, key: key(5), high: Some(70) };
        for (place, first) in [
            (ReadPosition::Changes { watermark: Some(70), inside: None }, since(70)),
            (ReadPosition::Changes { watermark: Some(50), inside: Some(inside) }, ReadStep::ByChange(goes_on(50, 5))),
        ] {
            let request = Request { null_keys: NullKeys::Include, ..request_at(&place) };
            assert_eq!(parts_of(&request, 90), [first, ReadStep::WithoutChangeKey]);
        }
    }

    #[test]
    fn an_interrupted_run_goes_on_behind_its_last_row() {
        let inside = Inside { moment: 50, key: key(5), high: Some(70) };
        let place = ReadPosition::Changes { watermark: Some(50), inside: Some(inside) };
        let behind = ReadStep::ByChange(goes_on(50, 5));
        assert_eq!(parts_of(&Request { lookback: 10, ..request_at(&place) }, 90), [behind]);
    }

    #[test]
    fn an_interrupted_run_looks_back_from_where_it_began_to_look() {
        let inside = Inside { moment: 65, key: key(5), high: Some(70) };
        let place = ReadPosition::Changes { watermark: Some(65), inside: Some(inside) };
        assert_eq!(parts_of(&Request { lookback: 10, ..request_at(&place) }, 90), [since(60)]);
    }

    #[test]
    fn a_row_of_the_future_does_not_move_the_watermark_past_the_clock() {
        let place = ReadPosition::Changes { watermark: Some(70), inside: None };
        let row = LastRow { moment: Some(NOW * 2), key: key(5) };
        let behind = behind(&place, &since(70), row, horizon(90));
        assert_eq!(behind.watermark(), Some(90));
        let parts = parts_of(&request_at(&behind), 95);
        assert_eq!(parts, [since(90)], "what is late is read again, and so is the row of the future");
    }

    #[test]
    fn the_watermark_never_goes_back() {
        let place = ReadPosition::Changes { watermark: Some(70), inside: None };
        let row = LastRow { moment: Some(60), key: key(5) };
        assert_eq!(behind(&place, &since(60), row, horizon(65)).watermark(), Some(70));
        assert_eq!(at_end(&place, &since(60), Method::Incremental, horizon(65)), place);
    }

    #[test]
    fn a_run_without_news_ends_where_it_began() {
        let place = ReadPosition::Changes { watermark: Some(70), inside: None };
        assert_eq!(at_end(&place, &since(70), Method::Incremental, horizon(70)), place);
    }

    #[test]
    fn a_bookmark_from_the_future_is_refused() {
        let day = 86_400_000_000;
        let at = |moment| request_at(&ReadPosition::Changes { watermark: Some(moment), inside: None });
        assert!(incremental(&at(NOW + day), &table(), horizon(70)).is_ok());
        let message = incremental(&at(NOW + day + 1), &table(), horizon(70)).expect_err("the future").to_string();
        assert!(message.contains("bookmark from the future"), "{message}");
    }

    #[test]
    fn a_whole_load_begins_anew_unless_it_was_interrupted() {
        let of = |place: &ReadPosition| whole(&request_at(place), &table()).expect("a read plan").parts;
        assert_eq!(of(&ReadPosition::Done), [ReadStep::ByKey { after: None }]);
        assert_eq!(of(&ReadPosition::Changes { watermark: Some(70), inside: None }), [ReadStep::ByKey { after: None }]);
        assert_eq!(of(&ReadPosition::Whole { after: Some(key(5)) }), [ReadStep::ByKey { after: Some(key(5)) }]);
    }

    #[test]
    fn an_incremental_stream_does_not_go_on_with_a_whole_load() {
        let place = ReadPosition::Whole { after: Some(key(5)) };
        let message = incremental(&request_at(&place), &table(), horizon(70)).expect_err("no watermark").to_string();
        assert!(message.contains("without a watermark"), "{message}");
        let read_plan = incremental(&request_at(&ReadPosition::Done), &table(), horizon(70)).expect("a first load");
        assert_eq!(read_plan.start, ReadPosition::First { watermark: Some(70), after: None });
    }
}

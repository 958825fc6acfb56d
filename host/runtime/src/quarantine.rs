//! Rejected rows: listing them, sending them through the pipeline again, deleting them. Rows are read page by page,
//! because a quarantine can be large.

use std::collections::BTreeSet;
use std::sync::Arc;

use wmshost_flow::{Failure, Quarantine, QuarantineFilter, QuarantinedRow, Replayed, Sql, SqlSession};
use wmshost_pipeline::{Checked, Connection, Resolved, StreamPlan};

use crate::assembly::{StreamFactory, connect};
use crate::error::Result;
use crate::events::StreamEvents;
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// Rows that are read at once: few, because each may be as large as a batch.
const PAGE_ROWS: usize = 50;

/// Checks a part of an id as it is typed; stored ids have no other characters.
fn check_ids(ids: &[String]) -> Result<(), Failure> {
    match ids.iter().find(|id| id.is_empty() || !id.chars().all(|c| c.is_ascii_hexdigit())) {
        Some(wrong) => Err(Failure::invalid_config(format!(
            "{wrong:?} is not an id: ids are the hexadecimal digits that `wmshost quarantine list` shows"
        ))),
        None => Ok(()),
    }
}

/// The rows to list.
#[derive(Debug, Clone)]
pub struct ListOptions<'a> {
    /// Only these streams; all if none is named.
    pub streams: &'a [String],
    /// Only rows that broke this rule.
    pub rule: Option<String>,
    /// The most rows; `None` for all.
    pub limit: Option<usize>,
    /// The beginning of the id after which the listing begins.
    pub after: Option<String>,
    /// True to read the rows as the source had them, too.
    pub with_row: bool,
}

/// The result of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The number of rows that were listed.
    pub listed: u64,
    /// The number of rows that there are.
    pub count: u64,
    /// True if the limit ended the listing.
    pub is_cut: bool,
}

/// The rest of a listing.
struct Listing<'a> {
    left: usize,
    after: Option<String>,
    with_row: bool,
    listed: u64,
    receive: &'a mut dyn FnMut(&QuarantinedRow),
}

/// A stream that can have rows in quarantine.
struct Kept {
    stream: String,
    /// The label of the database with its quarantine.
    target: String,
}

impl Kept {
    fn of(plan: &StreamPlan) -> Self {
        Self { stream: plan.name.clone(), target: plan.target.clone() }
    }

    /// A session that reads the quarantine; `None` if its database does not exist yet.
    fn reader(&self, pipeline: &Resolved) -> Result<Option<Box<dyn SqlSession>>, Failure> {
        connect::reader(&self.target, &pipeline.connections[&self.target])
    }
}

/// Returns the streams with these names, or all. A stream need not be in the pipeline file: `wmshost singer target` loads those
/// of a tap, and one that was taken out of the file leaves its rows.
fn kept(pipeline: &Resolved, names: &[String]) -> Result<Vec<Kept>> {
    let of_file = pipeline.select(names);
    if let (Ok(plans), false) = (&of_file, names.is_empty()) {
        return Ok(plans.iter().map(|plan| Kept::of(plan)).collect());
    }
    let targets: BTreeSet<&String> = pipeline.streams.iter().map(|plan| &plan.target).collect();
    let is_database = |connection: &Connection| !matches!(connection, Connection::Http(_));
    let others = pipeline.connections.iter().filter(|(_, connection)| targets.is_empty() && is_database(connection));
    let labels = targets.iter().copied().chain(others.map(|(label, _)| label));
    let mut all: Vec<Kept> = pipeline.streams.iter().map(Kept::of).collect();
    for label in labels {
        let Some(mut sql) = connect::reader(label, &pipeline.connections[label])? else { continue };
        for stream in (Quarantine { pipeline: &pipeline.name }).streams(sql.as_mut())? {
            if !all.iter().any(|kept| kept.stream == stream) {
                all.push(Kept { stream, target: label.clone() });
            }
        }
    }
    if names.iter().any(|name| !all.iter().any(|kept| kept.stream == *name)) {
        // It names the streams of the file, and what is wrong with the names.
        of_file?;
    }
    all.retain(|kept| names.is_empty() || names.contains(&kept.stream));
    Ok(all)
}

/// Lists rows in the order in which they were rejected, one by one.
pub fn list(
    pipeline: &Resolved,
    options: &ListOptions<'_>,
    receive: &mut dyn FnMut(&QuarantinedRow),
) -> Result<Listed> {
    check_ids(options.after.as_slice())?;
    let left = options.limit.unwrap_or(usize::MAX);
    let mut listing = Listing { left, after: options.after.clone(), with_row: options.with_row, listed: 0, receive };
    let mut count = 0;
    for kept in kept(pipeline, options.streams)? {
        let Some(mut sql) = kept.reader(pipeline)? else { continue };
        let filter = QuarantineFilter { stream: kept.stream, rule: options.rule.clone(), ids: Vec::new() };
        let quarantine = Quarantine { pipeline: &pipeline.name };
        count += quarantine.count(sql.as_mut(), &filter)?;
        listing.stream(&quarantine, sql.as_mut(), &filter)?;
    }
    if let Some(after) = &listing.after {
        return Err(
            Failure::invalid_config(format!("no row in quarantine has an id that begins with {after:?}")).into()
        );
    }
    Ok(Listed { listed: listing.listed, count, is_cut: listing.listed < count && listing.left == 0 })
}

impl Listing<'_> {
    /// Lists the rows of a stream up to the limit.
    fn stream(
        &mut self,
        quarantine: &Quarantine<'_>,
        sql: &mut dyn Sql,
        filter: &QuarantineFilter,
    ) -> Result<(), Failure> {
        let mut last = match &self.after {
            None => None,
            Some(id) => {
                let after = QuarantineFilter { ids: vec![id.clone()], ..filter.clone() };
                let Some(found) = quarantine.page(sql, &after, None, 1, false)?.pop() else { return Ok(()) };
                self.after = None;
                Some(found)
            }
        };
        while self.left > 0 {
            let page = quarantine.page(sql, filter, last.as_ref(), PAGE_ROWS.min(self.left), self.with_row)?;
            let Some(end) = page.last().cloned() else { break };
            self.left -= page.len();
            self.listed += page.len() as u64;
            page.iter().for_each(&mut *self.receive);
            last = Some(end);
        }
        Ok(())
    }
}

/// Finds one row by its id or the beginning of it.
pub fn find(pipeline: &Resolved, id: &str) -> Result<QuarantinedRow> {
    check_ids(&[id.to_owned()])?;
    let (mut found, mut count) = (Vec::new(), 0);
    for kept in kept(pipeline, &[])? {
        let Some(mut sql) = kept.reader(pipeline)? else { continue };
        let filter = QuarantineFilter { stream: kept.stream, rule: None, ids: vec![id.to_owned()] };
        let quarantine = Quarantine { pipeline: &pipeline.name };
        count += quarantine.count(sql.as_mut(), &filter)?;
        found.extend(quarantine.page(sql.as_mut(), &filter, None, 2, true)?);
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        _ => Err(Failure::invalid_config(match count {
            0 => format!("no row in quarantine has an id that begins with {id:?}"),
            many => format!("{many} rows have an id that begins with {id:?}; give more of it"),
        })
        .into()),
    }
}

/// Counts the selected rows of a stream. Fails if there is no row for one of the ids.
pub fn count(pipeline: &Resolved, filter: &QuarantineFilter) -> Result<u64> {
    check_ids(&filter.ids)?;
    let mut count = 0;
    for kept in kept(pipeline, std::slice::from_ref(&filter.stream))? {
        let mut sql = kept.reader(pipeline)?;
        let quarantine = Quarantine { pipeline: &pipeline.name };
        for id in &filter.ids {
            let one = QuarantineFilter { rule: None, ids: vec![id.clone()], ..filter.clone() };
            let there = sql.as_mut().map_or(Ok(0), |sql| quarantine.count(sql.as_mut(), &one))?;
            if there == 0 {
                let stream = &filter.stream;
                let message = format!("stream {stream}: no row in quarantine has an id that begins with {id:?}");
                return Err(Failure::invalid_config(message).into());
            }
        }
        count += sql.as_mut().map_or(Ok(0), |sql| quarantine.count(sql.as_mut(), filter))?;
    }
    Ok(count)
}

/// Sends the selected rows of a stream through its transforms and into the target again.
pub fn replay(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    filter: &QuarantineFilter,
    run_id: &str,
) -> Result<Replayed> {
    let plans = pipeline.select(std::slice::from_ref(&filter.stream))?;
    ownership::require(runtime, pipeline, &plans, None)?;
    let factory = StreamFactory::new(pipeline, registry, &runtime.clock, run_id.to_owned());
    let events = StreamEvents::start(&runtime.observer, &[]);
    let context = factory.context(Arc::clone(&events) as _, runtime.cancel.clone());
    let mut replayed = Replayed::default();
    for stream in factory.streams(&plans)? {
        replayed = stream.replay(filter, &context)?;
    }
    events.end();
    Ok(replayed)
}

/// Deletes the selected rows of a stream from quarantine for good; returns their number.
pub fn drop_rows(runtime: &Runtime, pipeline: &Resolved, filter: &QuarantineFilter) -> Result<u64> {
    let mut dropped = 0;
    for kept in kept(pipeline, std::slice::from_ref(&filter.stream))? {
        let connection = &pipeline.connections[&kept.target];
        let target = connect::target(&kept.target, connection, 1, Arc::clone(&runtime.clock))?;
        let mut session = target.sql()?;
        session.begin()?;
        dropped += Quarantine { pipeline: &pipeline.name }.clear(session.as_mut(), filter)?;
        session.commit()?;
    }
    Ok(dropped)
}

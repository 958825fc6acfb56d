//! A stream being read: walk after walk, each from its last id to its ceiling, page by page. Everything that a service
//! must not do is checked: a filter that it ignores, an order that it does not keep, a page that does not end.

use std::collections::VecDeque;

use wmshost_plugin::contract::extraction::{Method, NullKeys, Request};
use wmshost_plugin::contract::types::Schema;
use wmshost_plugin::http::{Each, JsonRows, Response, Service};
use wmshost_plugin::{
    Batch, Failure, Reader, Result, Rows, Settings, Step, Violation, invalid_config, log, permanent, transient,
};

use crate::bookmark::ReadPosition;
use crate::cloud::{Cloud, Listed, MOST_ROWS, empty_pages, ids_of};
use crate::entitlement;
use crate::entity::{Choice, Entity, ID};
use crate::moment::SECOND;
use crate::numbered::NumberedPages;
use crate::page_size::PageSize;
use crate::read_plan::{ReadPlan, read_plan};
use crate::request::{check_change_key, key};
use crate::walk::{Phase, Walk};

/// The rule of rows without an id: no walk can come back to them, and no order has a place for them.
const NULL_ID: &str = "null-key";
/// The rule of rows without a change key.
const NULL_CHANGE_KEY: &str = "null-change-key";
/// The pages in a row that may be empty or damaged although there are rows.
const MOST_FLUKES: u32 = 3;
/// The longest lag of commits, in seconds.
const MOST_LAG: i64 = 86_400;

/// A stream being read.
#[derive(Debug)]
pub struct CloudReader<S> {
    cloud: Cloud<S>,
    entity: Entity,
    key: Vec<String>,
    change_key: Option<String>,
    null_keys: NullKeys,
    /// The parameter `fields`, if not all of them are read.
    fields: Option<String>,
    walks: VecDeque<Walk>,
    end: ReadPosition,
    size: PageSize,
    /// Pages in a row that were empty or damaged although there are rows.
    flukes: u32,
    /// The pages so far of an entity that cannot be walked over by id.
    numbered: Option<NumberedPages>,
    has_reported_drift: bool,
    /// True until the facilities and companies that the user sees were compared with the last run's.
    checks_entitlement: bool,
}

/// A page of a walk.
struct Page {
    rows: Batch,
    /// The highest id of all rows, also of those that are rejected; `None` if none can be read.
    last: Option<i64>,
}

impl<S: Service> CloudReader<S> {
    /// Begins to read a stream. Every mistake of the request is found here.
    pub(crate) fn open(cloud: Cloud<S>, settings: &Settings, request: &Request) -> Result<Self> {
        let commit_lag = settings.integer("commit_lag")?;
        if !(0..=MOST_LAG).contains(&commit_lag) {
            return Err(invalid_config(format!("setting commit_lag is not from 0 to {MOST_LAG} seconds")));
        }
        let choice = Choice::of(settings)?.with(request.change_key.as_deref());
        let mut entity = Entity::describe(&cloud, &request.table, &choice)?;
        let key = key(request, &entity)?;
        check_change_key(request, &entity)?;
        if !request.columns.is_empty() {
            let named = request.columns.iter().chain(&key).chain(&request.change_key).map(String::as_str);
            entity.keep(&named.collect::<Vec<_>>())?;
        }
        let is_part = !request.columns.is_empty() || !settings.texts("fields")?.is_empty();
        let fields = is_part.then(|| entity.members().join(","));
        let ReadPlan { walks, end } = read_plan(request, &entity, entity.now, commit_lag * SECOND)?;
        let change_key = request.change_key.clone().filter(|change_key| entity.has_time(change_key));
        let mut reader = Self {
            numbered: None,
            cloud,
            entity,
            key,
            change_key,
            null_keys: request.null_keys,
            fields,
            walks,
            end,
            size: PageSize::new(request.batch_rows.clamp(1, MOST_ROWS)),
            flukes: 0,
            has_reported_drift: false,
            checks_entitlement: settings.flag("entitlement_guard")? && request.columns.is_empty(),
        };
        reader.begin_first_walk(request.method)?;
        Ok(reader)
    }

    /// Finds the first ceiling, so that an ordering which the tenant refuses is found before the first row.
    fn begin_first_walk(&mut self, method: Method) -> Result<()> {
        let why = match self.entity.has_id() {
            false => "it has no id",
            true => match self.find_ceiling()? {
                Err(_) if method == Method::Full => "the tenant refuses its ordering",
                begun => return begun.map(drop),
            },
        };
        let numbered = NumberedPages::of(&self.entity, &self.key, self.size);
        log::warn(format!("{}: {why}, so that it is read {}", self.entity.name, numbered.way()));
        self.numbered = Some(numbered);
        Ok(())
    }

    /// Finds the ceiling of the present walk, unless it has one; false if there is nothing to walk over.
    fn begin_walk(&mut self) -> Result<bool> {
        self.find_ceiling()?
    }

    /// The same; the inner failure is that of a tenant that refuses the ordering.
    fn find_ceiling(&mut self) -> Result<Result<bool>> {
        let Some(walk) = self.walks.front_mut() else { return Ok(Ok(false)) };
        if walk.ceiling.is_some() {
            return Ok(Ok(true));
        }
        let filters = walk.filters(self.change_key.as_deref());
        let found = self.cloud.highest_id(&self.entity.name, &filters)?;
        Ok(found.map(|highest| {
            walk.ceiling = highest;
            walk.ceiling.is_some()
        }))
    }

    /// Asks for the next page of the present walk, for fewer rows after requests that were too much; `None` if it is
    /// empty.
    fn page(&mut self) -> Result<Option<Page>> {
        let Some(walk) = self.walks.front() else { return Ok(None) };
        let filters = walk.filters(self.change_key.as_deref());
        loop {
            let size = self.size.rows().to_string();
            let mut parameters = vec![("ordering", ID), ("page_size", &*size), ("page_mode", "sequenced")];
            if let Some(fields) = &self.fields {
                parameters.push(("fields", fields));
            }
            let failure = match self.cloud.list(&self.entity.name, &filters, &parameters)? {
                Listed::Empty => return Ok(None),
                Listed::TooMuch(failure) => failure,
                Listed::NoOrdering(failure) => return Err(failure),
                Listed::Page(response) => match self.read(&response) {
                    Ok(page) => {
                        self.size.is_good();
                        return Ok(page);
                    }
                    // A body that was cut off; or rows that are too wide for a batch.
                    Err(failure @ (Failure::Transient(_) | Failure::Limit(_))) => {
                        self.flukes += 1;
                        if self.flukes > MOST_FLUKES {
                            return Err(failure);
                        }
                        failure
                    }
                    Err(failure) => return Err(failure),
                },
            };
            if !self.size.shrink() {
                return Err(failure);
            }
            log::info(format!("{}: {} rows are asked for at once from now on", self.entity.name, self.size.rows()));
        }
    }

    /// Makes rows of a page, and checks them against what was asked for.
    fn read(&mut self, response: &S::Response) -> Result<Option<Page>> {
        let JsonRows { rows, count, other_members, absent_columns } =
            response.rows("/results", Each::Element, &self.entity.columns)?;
        if count == 0 {
            return Ok(None);
        }
        self.report_drift(&other_members, &absent_columns);
        let found = ids_of((&rows, count), response)?;
        let Some(walk) = self.walks.front() else { return Ok(None) };
        let name = &self.entity.name;
        if found.is_empty() && count >= self.size.rows() {
            return Err(permanent(format!("{name}: a page of {count} rows has no id that can be read")));
        }
        let is_outside = |id: &&i64| {
            walk.last.is_some_and(|last| **id <= last) || walk.ceiling.is_some_and(|ceiling| **id > ceiling)
        };
        if found.iter().any(|id| is_outside(&id)) {
            return Err(permanent(format!("{name}: the service ignores a filter by id: nothing can be read exactly")));
        }
        if found.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(permanent(format!(
                "{name}: the service does not keep to ordering=id: nothing can be read exactly"
            )));
        }
        self.check_times(walk, &rows)?;
        Ok(Some(Page { rows, last: found.last().copied() }))
    }

    /// Fails if a row is not in the window that was asked for. A tenant may compare whole seconds.
    fn check_times(&self, walk: &Walk, rows: &Batch) -> Result<()> {
        let (Phase::Changes, Some(span), Some(change_key)) = (walk.phase, walk.span, &self.change_key) else {
            return Ok(());
        };
        let times = Rows::of(rows).timestamps(change_key)?;
        let is_inside = |time: i64| time >= span.low - SECOND && time < span.next + SECOND;
        if times.column.iter().flatten().all(is_inside) {
            return Ok(());
        }
        let name = &self.entity.name;
        Err(permanent(format!(
            "{name}: the service ignores a filter by {change_key}: nothing can be read by what changed"
        )))
    }

    /// Reports once how rows differ from the description.
    fn report_drift(&mut self, other_members: &[String], absent_columns: &[String]) {
        if self.has_reported_drift {
            return;
        }
        let others: Vec<&str> =
            other_members.iter().filter(|name| !self.entity.fields.contains(name)).map(String::as_str).collect();
        if others.is_empty() && absent_columns.is_empty() {
            return;
        }
        self.has_reported_drift = true;
        let name = &self.entity.name;
        if !others.is_empty() {
            log::warn(format!(
                "{name}: rows have fields that the service does not describe; each is left out until it is described: {}",
                others.join(", ")
            ));
        }
        if !absent_columns.is_empty() {
            log::info(format!(
                "{name}: rows lack fields that are described, which are NULL: {}",
                absent_columns.join(", ")
            ));
        }
    }

    /// Rejects rows without a change key, or fails, if the stream asks for it.
    fn judge_change_keys(&self, batch: &Batch) -> Result<()> {
        let (NullKeys::Reject | NullKeys::Fail, Some(change_key)) = (self.null_keys, &self.change_key) else {
            return Ok(());
        };
        let rows = Rows::of(batch);
        let missing = rows.missing(change_key)?;
        match (missing.is_empty(), self.null_keys) {
            (true, _) => Ok(()),
            (false, NullKeys::Fail) => Err(permanent(format!(
                "{} has a row without {change_key}; correct it, or set null_keys to a value other than \"fail\"",
                self.entity.name
            ))),
            (false, _) => {
                let reason = "its change key is NULL: no incremental run would see when it changes";
                rows.reject(&[Violation { rule: NULL_CHANGE_KEY, reason, rows: &missing }])
            }
        }
    }

    /// Counts a page that is empty or without ids although the walk is not over; true if it is over after all.
    fn is_over_after_all(&mut self) -> Result<bool> {
        let Some(walk) = self.walks.front() else { return Ok(true) };
        let filters = walk.filters(self.change_key.as_deref());
        if self.cloud.highest_id(&self.entity.name, &filters)??.is_none() {
            return Ok(true);
        }
        self.flukes += 1;
        if self.flukes > MOST_FLUKES {
            return Err(transient(empty_pages(&self.entity.name)));
        }
        Ok(false)
    }
}

impl<S: Service> Reader for CloudReader<S> {
    fn schema(&self) -> Schema {
        self.entity.schema()
    }

    fn key(&self) -> Vec<String> {
        self.key.clone()
    }

    fn expected_rows(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Step> {
        if std::mem::take(&mut self.checks_entitlement) {
            entitlement::check(&self.cloud)?;
        }
        if let Some(numbered) = &mut self.numbered {
            let page = numbered.next(&self.cloud, &self.entity)?;
            let Some(page) = page else { return Ok(Step::End(self.end.bookmark())) };
            self.report_drift(&page.other_members, &page.absent_columns);
            // An interrupted reading begins again.
            let position = ReadPosition::Walking(Walk::new(Phase::Full, None, None));
            return Ok(Step::Chunk(page.rows, position.bookmark()));
        }
        loop {
            let Some(walk) = self.walks.front() else { return Ok(Step::End(self.end.bookmark())) };
            let is_append = walk.phase == Phase::RowsAfter;
            if walk.is_over() || !self.begin_walk()? {
                let walk = self.walks.pop_front();
                // Rows that are added later are after the last id, or the ceiling if rows at the end were deleted.
                if let (true, Some(walk)) = (is_append, walk) {
                    let last = walk.last.max(walk.ceiling);
                    self.end = ReadPosition::Walking(Walk { ceiling: None, last, ..walk });
                }
                continue;
            }
            let Some(page) = self.page()? else {
                if self.is_over_after_all()? {
                    self.finish_walk();
                }
                continue;
            };
            self.flukes = 0;
            let walk = self.walks.front_mut();
            match (walk, page.last) {
                (Some(walk), Some(last)) => walk.last = Some(last),
                // Rows without an id are at the end of the order.
                _ => self.finish_walk(),
            }
            reject_without_id(&page.rows)?;
            self.judge_change_keys(&page.rows)?;
            let position = self.walks.front().map_or(self.end, |walk| ReadPosition::Walking(*walk));
            return Ok(Step::Chunk(page.rows, position.bookmark()));
        }
    }
}

impl<S> CloudReader<S> {
    /// Ends the present walk at its ceiling.
    fn finish_walk(&mut self) {
        if let Some(walk) = self.walks.front_mut() {
            walk.last = walk.ceiling;
        }
    }
}

/// Rejects rows without an id.
fn reject_without_id(batch: &Batch) -> Result<()> {
    let rows = Rows::of(batch);
    let missing = rows.nulls(ID)?;
    if missing.is_empty() {
        return Ok(());
    }
    rows.reject(&[Violation { rule: NULL_ID, reason: "the row has no id", rows: &missing }])
}

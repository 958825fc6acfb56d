//! The requests to the service, and the meaning of the answers. An empty list is answered like an unknown entity, by 404,
//! so that an entity is looked up by `describe` first.

use crate::page_size::PageSize;
use wmshost_plugin::contract::types::ColumnType;
use wmshost_plugin::http::{Each, Facts, Response, Service, column, get};
use wmshost_plugin::{Batch, Failure, Result, Rows, Settings, invalid_config, log, permanent, transient};

/// The most rows of a page.
pub(crate) const MOST_ROWS: u32 = 1_250;
/// The rows that are asked for, try after try, to find the highest id: the first page may be empty although there are more,
/// and the first rows may have an id that cannot be read.
const TRIES: [usize; 5] = [1, 1, 25, 25, 250];
/// The tries after which pages without rows and without a next page mean that there are none.
const EMPTY_TRIES: usize = 3;
/// The empty pages in a row of a small entity.
const MOST_FLUKES: usize = 3;
/// The most pages of ids of a small entity.
const MOST_PAGES: usize = 40;

/// A filter: field with lookup, and value.
pub(crate) type Filter = (String, String);

/// The service, with the version of its API.
#[derive(Debug)]
pub(crate) struct Cloud<S> {
    service: S,
    version: String,
    /// Filters that every list has.
    filters: Vec<Filter>,
}

/// The answer to a request for a list.
#[derive(Debug)]
pub(crate) enum Listed<R> {
    /// A page with rows.
    Page(R),
    /// No rows.
    Empty,
    /// The request was too much for the service: fewer rows may help. With the failure if there are no fewer.
    TooMuch(Failure),
    /// The tenant refuses the ordering.
    NoOrdering(Failure),
}

impl<S: Service> Cloud<S> {
    /// Checks the settings.
    pub(crate) fn new(service: S, settings: &Settings) -> Result<Self> {
        let version = settings.text("version")?.to_owned();
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(invalid_config("setting version is no version of an API, such as \"v10\""));
        }
        let filter = |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
            _ => Err(invalid_config(format!("setting filters: {text:?} is no filter, such as \"status_id__lt=90\""))),
        };
        let filters = settings.texts("filters")?.iter().map(filter).collect::<Result<_>>()?;
        Ok(Self { service, version, filters })
    }

    /// Sends a request below the entities.
    pub(crate) fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<S::Response> {
        self.service.send(&get(format!("wms/lgfapi/{}/entity/{path}", self.version), parameters))
    }

    /// Asks for a list. The filters of the settings are part of it.
    pub(crate) fn list(
        &self,
        entity: &str,
        filters: &[Filter],
        parameters: &[(&str, &str)],
    ) -> Result<Listed<S::Response>> {
        let all: Vec<Filter> = self.filters.iter().chain(filters).cloned().collect();
        self.unfiltered(entity, &all, parameters)
    }

    /// Asks for a list with these filters only.
    fn unfiltered(&self, entity: &str, filters: &[Filter], parameters: &[(&str, &str)]) -> Result<Listed<S::Response>> {
        let filters = filters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = filters.chain(parameters.iter().copied()).collect();
        let response = match self.get(&format!("{entity}/"), &all) {
            Ok(response) => response,
            Err(failure @ Failure::Limit(_)) => return Ok(Listed::TooMuch(failure)),
            Err(failure) => return Err(failure),
        };
        let facts = response.facts();
        match facts.status {
            200 if facts.bytes > 0 => Ok(Listed::Page(response)),
            200 | 204 | 404 => Ok(Listed::Empty),
            500 | 504 => Ok(Listed::TooMuch(transient(said(entity, &facts)))),
            400 if facts.problem.contains("ordering") => Ok(Listed::NoOrdering(no_ordering(entity, &facts))),
            _ => Err(refused(entity, &facts)),
        }
    }

    /// The highest id among the rows with these filters; `None` if there are none. The inner failure is that of a tenant
    /// that refuses the ordering.
    pub(crate) fn highest_id(&self, entity: &str, filters: &[Filter]) -> Result<Result<Option<i64>>> {
        let all: Vec<Filter> = self.filters.iter().chain(filters).cloned().collect();
        self.highest_unfiltered(entity, &all)
    }

    /// The same, with these filters only.
    fn highest_unfiltered(&self, entity: &str, filters: &[Filter]) -> Result<Result<Option<i64>>> {
        let (mut has_rows, mut says_more) = (false, false);
        for (tries, most) in TRIES.into_iter().enumerate() {
            let size = most.to_string();
            let parameters = [("ordering", "-id"), ("page_size", &*size), ("fields", "id"), ("page_mode", "sequenced")];
            let page = match self.unfiltered(entity, filters, &parameters)? {
                Listed::Empty => return Ok(Ok(None)),
                Listed::TooMuch(failure) => return Err(passing(failure)),
                Listed::NoOrdering(failure) => return Ok(Err(failure)),
                Listed::Page(page) => page,
            };
            let Ids { ids, count } = ids(&page)?;
            if count > most {
                return Err(permanent(format!("{entity}: the service ignores page_size")));
            }
            if let Some(id) = ids.into_iter().max() {
                return Ok(Ok(Some(id)));
            }
            has_rows |= count > 0;
            says_more |= has_next(&page)?;
            if tries + 1 >= EMPTY_TRIES && !has_rows && !says_more {
                return Ok(Ok(None));
            }
        }
        match (has_rows, says_more) {
            (true, true) => Err(permanent(format!(
                "{entity}: the {} rows with the highest ids have none that can be read",
                TRIES[4]
            ))),
            (true, false) => {
                log::warn(format!("{entity}: rows whose id cannot be read are left out"));
                Ok(Ok(None))
            }
            (false, _) => Err(transient(empty_pages(entity))),
        }
    }

    /// All ids of a small entity, ascending; `None` if the user may not see it.
    pub(crate) fn all_ids(&self, entity: &str) -> Result<Option<Vec<i64>>> {
        let mut all: Vec<i64> = Vec::new();
        let (mut page_size, mut flukes) = (PageSize::new(MOST_ROWS), 0);
        for _ in 0..MOST_PAGES {
            let after: Vec<Filter> = all.last().map(|id| ("id__gt".to_owned(), id.to_string())).into_iter().collect();
            let size = page_size.rows().to_string();
            let parameters = [("ordering", "id"), ("page_size", &*size), ("fields", "id"), ("page_mode", "sequenced")];
            let listed = match self.unfiltered(entity, &after, &parameters) {
                Err(Failure::Denied(_)) if all.is_empty() => return Ok(None),
                listed => listed?,
            };
            match listed {
                Listed::Empty => return Ok(Some(all)),
                Listed::TooMuch(_) if page_size.shrink() => {}
                Listed::TooMuch(failure) => return Err(passing(failure)),
                Listed::NoOrdering(failure) => return Err(failure),
                Listed::Page(page) => {
                    let found = ids(&page)?.ids;
                    let is_further = found.first().is_some_and(|first| all.last().is_none_or(|last| first > last));
                    match found.is_empty() {
                        true if self.highest_unfiltered(entity, &after)??.is_none() => return Ok(Some(all)),
                        true if flukes == MOST_FLUKES => return Err(transient(empty_pages(entity))),
                        true => flukes += 1,
                        false if is_further => all.extend(found),
                        false => return Err(permanent(format!("{entity}: the service ignores id__gt or ordering"))),
                    }
                }
            }
        }
        Err(permanent(format!("{entity} has more than {MOST_PAGES} pages")))
    }
}

/// The ids of a page.
#[derive(Debug)]
pub(crate) struct Ids {
    /// In the page's order, without those that cannot be read.
    pub(crate) ids: Vec<i64>,
    /// The number of all rows.
    pub(crate) count: usize,
}

/// The ids of a page.
fn ids(page: &impl Response) -> Result<Ids> {
    let made = page.rows("/results", Each::Element, &[column("id", ColumnType::Int64, &["id"])])?;
    let found = Rows::of(&made.rows).int64s("id")?;
    Ok(Ids { ids: found.iter().flatten().collect(), count: made.count as usize })
}

/// The ids of a page whose rows were made already: only if some of them were rejected, they are read once more.
pub(crate) fn ids_of((rows, count): (&Batch, u32), page: &impl Response) -> Result<Vec<i64>> {
    if rows.row_count() == count {
        return Ok(Rows::of(rows).int64s("id")?.iter().flatten().collect());
    }
    Ok(ids(page)?.ids)
}

/// True if the service says that a page follows. That it says nothing proves nothing.
fn has_next(page: &impl Response) -> Result<bool> {
    let made = page.rows("", Each::Document, &[column("next", ColumnType::Utf8, &["next_page"])])?;
    Ok(Rows::of(&made.rows).texts("next")?.iter().flatten().next().is_some())
}

/// The words about a service that sends empty pages.
pub(crate) fn empty_pages(entity: &str) -> String {
    format!("{entity}: the service returns empty pages although there are rows")
}

/// The failure of a request for a single row: there is no smaller one, but it may pass.
fn passing(failure: Failure) -> Failure {
    match failure {
        Failure::Limit(why) => transient(why),
        other => other,
    }
}

/// A service's words about a status.
fn said(entity: &str, facts: &Facts) -> String {
    let gap = if facts.problem.is_empty() { "" } else { ": " };
    format!("{entity}: the service answers {}{gap}{}", facts.status, facts.problem)
}

/// The failure of a list whose ordering the tenant refuses.
fn no_ordering(entity: &str, facts: &Facts) -> Failure {
    invalid_config(format!(
        "{}; the tenant refuses the ordering: read the entity with method \"full\", which can do without, or leave it out",
        said(entity, facts)
    ))
}

/// The failure of a request that the service refuses.
pub(crate) fn refused(entity: &str, facts: &Facts) -> Failure {
    let words = said(entity, facts);
    match facts.status {
        400 => invalid_config(format!("{words}; check the settings `filters` and `fields`")),
        500 | 504 => transient(words),
        _ => permanent(words),
    }
}

//! Reading by page numbers, for an entity that cannot be walked over by id. Rows may move from page to page meanwhile:
//! counts and ids are compared at the end, before the new rows replace the old ones, and an interrupted reading begins again.

use std::collections::BTreeSet;

use wmshost_plugin::contract::types::ColumnType;
use wmshost_plugin::http::{Each, JsonRows, Response, Service, column};
use wmshost_plugin::{Failure, Result, Rows, invalid_config, log, transient};

use crate::cloud::{Cloud, Listed, empty_pages, ids_of};
use crate::entity::Entity;
use crate::page_size::PageSize;

/// The most pages. More rows than these have room for are likely to move while they are read.
const MOST_PAGES: u32 = 40;
/// The times that a service which counts other rows than came is asked again.
const MOST_COUNTS: u32 = 4;
/// The empty pages in a row after which nothing is expected to follow.
const MOST_EMPTY: u32 = 3;

/// The pages of an entity that were read.
#[derive(Debug)]
pub(crate) struct NumberedPages {
    /// The number of the next page.
    next: u32,
    /// The fields that order the rows, if there are any.
    ordering: String,
    size: PageSize,
    rows: i64,
    /// The service's counts of all rows, of which there is one if nothing changed.
    counts: BTreeSet<i64>,
    ids: BTreeSet<i64>,
    is_over: bool,
}

/// The page with a number.
enum Numbered<R> {
    Page(R),
    /// There is none, or it is answered by a failure of the service.
    Missing(Option<Failure>),
}

impl NumberedPages {
    /// Before the first page. Without an id, the columns that the pipeline names as the key order the rows.
    pub(crate) fn of(entity: &Entity, key: &[String], size: PageSize) -> Self {
        let ordering = if entity.has_id() { String::new() } else { key.join(",") };
        let (counts, ids) = (BTreeSet::new(), BTreeSet::new());
        Self { next: 1, ordering, size, rows: 0, counts, ids, is_over: false }
    }

    /// The way of reading in words.
    pub(crate) fn way(&self) -> String {
        let order = if self.ordering.is_empty() { "" } else { " in the order of its key" };
        format!(
            "whole and by page numbers{order}, {} rows at most; a run fails if the service's counts are not those of the rows",
            MOST_PAGES * self.size.rows()
        )
    }

    /// The next page with rows; `None` after the last one, if nothing moved as far as can be known.
    pub(crate) fn next<S: Service>(&mut self, cloud: &Cloud<S>, entity: &Entity) -> Result<Option<JsonRows>> {
        let mut empty = 0;
        while !self.is_over {
            if self.next > MOST_PAGES {
                return Err(too_many(entity));
            }
            let response = match self.page(cloud, entity)? {
                Numbered::Page(response) => response,
                Numbered::Missing(failure) => return self.end(cloud, entity, failure).map(|()| None),
            };
            let page = response.rows("/results", Each::Element, &entity.columns)?;
            let (count, has_next) = said(&response)?;
            self.next += 1;
            self.rows += i64::from(page.count);
            self.counts.extend(count);
            self.is_over = !has_next && count.is_none_or(|count| count <= self.rows);
            if entity.has_id() {
                let again = ids_of((&page.rows, page.count), &response)?.into_iter().find(|id| !self.ids.insert(*id));
                if let Some(id) = again {
                    return Err(transient(format!(
                        "{}: id {id} came twice: rows moved from page to page",
                        entity.name
                    )));
                }
            }
            if page.count > 0 {
                return Ok(Some(page));
            }
            empty += 1;
            if empty > MOST_EMPTY {
                return Err(transient(empty_pages(&entity.name)));
            }
        }
        self.end(cloud, entity, None).map(|()| None)
    }

    /// Asks for the next page, of fewer rows if the first one is too much.
    fn page<S: Service>(&mut self, cloud: &Cloud<S>, entity: &Entity) -> Result<Numbered<S::Response>> {
        loop {
            match self.list(cloud, entity, (self.next, self.size.rows()))? {
                Listed::Page(response) => return Ok(Numbered::Page(response)),
                Listed::Empty => return Ok(Numbered::Missing(None)),
                Listed::NoOrdering(_) if !self.ordering.is_empty() && self.next == 1 => {
                    log::warn(format!("{}: the tenant refuses the ordering {}", entity.name, self.ordering));
                    self.ordering.clear();
                }
                Listed::TooMuch(_) if self.next == 1 && self.size.shrink() => {}
                // A page that is no longer there is answered like a fault.
                Listed::TooMuch(failure) if self.next > 1 => return Ok(Numbered::Missing(Some(failure))),
                Listed::TooMuch(failure) | Listed::NoOrdering(failure) => return Err(failure),
            }
        }
    }

    /// Fails if the service counts other rows than those that came.
    fn end<S: Service>(&self, cloud: &Cloud<S>, entity: &Entity, failure: Option<Failure>) -> Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        // A tenant may count one page too many, whose request fails, and correct itself later.
        for _ in 0..MOST_COUNTS {
            if self.count_now(cloud, entity)? == Some(self.rows) {
                return Ok(());
            }
        }
        let pages = self.next - 1;
        let counts: Vec<String> = self.counts.iter().map(ToString::to_string).collect();
        Err(failure.unwrap_or_else(|| {
            transient(format!(
                "{}: the service counts {} rows, and {} came on {pages} pages: rows changed while they were read",
                entity.name,
                counts.join(" and "),
                self.rows
            ))
        }))
    }

    /// Asks for the page with this number, of at most `rows` rows.
    fn list<S: Service>(
        &self,
        cloud: &Cloud<S>,
        entity: &Entity,
        (number, rows): (u32, u32),
    ) -> Result<Listed<S::Response>> {
        let (number, rows) = (number.to_string(), rows.to_string());
        let mut parameters = vec![("page", &*number), ("page_size", &*rows), ("page_mode", "paged")];
        if !self.ordering.is_empty() {
            parameters.push(("ordering", &self.ordering));
        }
        cloud.list(&entity.name, &[], &parameters)
    }

    /// True if no count differs from the rows that came, and the service has said that they are all.
    fn is_whole(&self) -> bool {
        let pages = self.next - 1;
        let is_equal = self.counts.iter().all(|count| *count == self.rows);
        let is_known = self.is_over || !self.counts.is_empty();
        pages == 0 || self.is_over && pages == 1 || is_equal && is_known
    }

    /// Asks for the count of all rows, with the smallest page.
    fn count_now<S: Service>(&self, cloud: &Cloud<S>, entity: &Entity) -> Result<Option<i64>> {
        match self.list(cloud, entity, (1, 1))? {
            Listed::Page(response) => Ok(said(&response)?.0),
            Listed::Empty => Ok(Some(0)),
            Listed::TooMuch(_) | Listed::NoOrdering(_) => Ok(None),
        }
    }
}

fn too_many(entity: &Entity) -> Failure {
    invalid_config(format!(
        "{} has more than {MOST_PAGES} pages, and cannot be walked over by id; restrict it by the setting `filters`, or \
         leave it out",
        entity.name
    ))
}

/// The count of all rows, and whether a page follows, by the words of a page.
fn said(page: &impl Response) -> Result<(Option<i64>, bool)> {
    let facts =
        [column("count", ColumnType::Int64, &["result_count"]), column("next", ColumnType::Utf8, &["next_page"])];
    let made = page.rows("", Each::Document, &facts)?;
    let (count, next) = (Rows::of(&made.rows).int64s("count")?, Rows::of(&made.rows).texts("next")?);
    Ok((count.iter().flatten().next(), next.iter().flatten().next().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_whole_only_if_the_service_says_so() {
        // Pages, rows, counts, and whether the last page said that none follows.
        for (pages, rows, counts, is_over, expected) in [
            (0, 0, &[][..], false, true),
            (1, 4, &[4], true, true),
            (1, 4, &[], true, true),
            (1, 4, &[4], false, true),
            (1, 4, &[], false, false),
            (1, 4, &[8], false, false),
            (2, 8, &[8], true, true),
            (2, 8, &[8, 9], true, false),
            (3, 8, &[], false, false),
        ] {
            let (next, ordering, size) = (pages + 1, String::new(), PageSize::new(4));
            let (counts, ids) = (counts.iter().copied().collect(), BTreeSet::new());
            let read = NumberedPages { next, ordering, size, rows, counts, ids, is_over };
            assert_eq!(read.is_whole(), expected, "{read:?}");
        }
    }
}

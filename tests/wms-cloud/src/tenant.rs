//! A tenant: its rows, its clock, its quirks, and the changes that are still to happen.

use std::collections::{BTreeSet, VecDeque};

use anyhow::Result;
use wmshost_sample::Moment;

use crate::generate;
use crate::quirks::{Quirk, Quirks};
use crate::random::Random;
use crate::store::Tables;
use crate::value::{HOUR, SECOND, STANDARD};

/// The field that a release adds to every entity (Q44).
pub(crate) const RELEASE_FIELD: &str = "release_ref";
/// The time that the clock advances with each request.
const PER_REQUEST: i64 = 7_919;
/// The shift of the server's clock under Q4.
const CLOCK_OFF: i64 = 5 * HOUR;

/// A change of a few rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// An order with two lines and an allocation.
    NewOrder,
    /// An allocation of an existing line, with its inventory.
    NewAllocation,
    /// A row of an entity is changed as usual: `mod_ts` is now.
    Update(&'static str),
    /// A row goes away.
    Delete(&'static str),
    /// An allocation is committed late: its times are up to 90 minutes old.
    Late,
    /// An allocation is imported with an old `mod_ts`; its `create_ts` is now.
    Backdated,
    /// A row is changed and its `mod_ts` stays.
    Silent(&'static str),
    /// A row is changed and its `mod_ts` goes back.
    TimesBack,
    /// An allocation goes away, and another one gets its id.
    ReusedId,
    /// A fifth of all allocations is changed at once, with one `mod_ts`.
    Bulk,
    /// A release adds, widens and narrows fields.
    Release,
}

/// A tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) tables: Tables,
    pub(crate) quirks: Quirks,
    /// The address of the entities: `http://localhost:8080/env/wms/lgfapi/v10/entity`.
    pub(crate) base: String,
    /// The address of the other host, to which wrong links and redirects lead.
    pub(crate) other_host: String,
    /// The server's clock, in microseconds since 1970 in UTC.
    pub(crate) now: i64,
    /// Requests for lists so far.
    pub(crate) lists: u64,
    pub(crate) pending: VecDeque<Change>,
    /// Requests for lists between two pending changes.
    pub(crate) every: u64,
    /// Rows whose last change no incremental reader can see, by entity and id.
    pub(crate) unseen: BTreeSet<(&'static str, i64)>,
    pub(crate) random: Random,
    released: bool,
}

impl Tenant {
    /// A tenant with this number of allocations up to a moment of the warehouse's clocks.
    pub(crate) fn new(seed: u64, allocations: u64, until: Moment, quirks: Quirks) -> Result<Self> {
        let shift = match (quirks.has(Quirk::ClockOff), seed % 2) {
            (false, _) => 0,
            (true, 0) => CLOCK_OFF,
            (true, _) => -CLOCK_OFF,
        };
        let until = Moment::from_micros(until.micros() + shift);
        Ok(Self {
            tables: generate::tenant(seed, allocations, until, quirks)?,
            quirks,
            base: String::new(),
            other_host: String::new(),
            now: until.micros() - STANDARD,
            lists: 0,
            pending: VecDeque::new(),
            every: 1,
            unseen: BTreeSet::new(),
            random: Random::new(seed, 0xC4A9),
            released: false,
        })
    }

    /// True after the release that Q44 is about.
    pub(crate) fn is_released(&self) -> bool {
        self.released
    }

    /// Lets a release happen, under Q44.
    pub(crate) fn release(&mut self) {
        self.released = self.quirks.has(Quirk::Release);
    }

    /// Lets time go by.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.now += seconds * SECOND;
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, is_list: bool) {
        self.now += PER_REQUEST;
        self.lists += u64::from(is_list);
    }
}

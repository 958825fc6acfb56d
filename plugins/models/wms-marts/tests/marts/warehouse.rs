//! A warehouse as its rows, and its changes when later rows arrive.

use wmshost_plugin::Setting;

use crate::moment::{DAY, SECOND, date_text};

/// 2026-06-30, in days.
pub(crate) const TODAY: i64 = 20_634;
/// The local time is UTC−2 until this time, a day before today, and UTC−3 from then on.
pub(crate) const CLOCKS_CHANGE: i64 = (TODAY - 1) * DAY + 2 * 3_600 * SECOND;

/// A warehouse and its settings. Quantities are in thousandths, money in hundredths, cost in ten-thousandths;
/// timestamps in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warehouse {
    pub(crate) terms: Terms,
    pub(crate) allocations: Vec<Allocation>,
    pub(crate) orders: Vec<Order>,
    pub(crate) lines: Vec<Line>,
    pub(crate) items: Vec<Item>,
    pub(crate) locations: Vec<Location>,
    pub(crate) receipts: Vec<Receipt>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) today: i64,
    /// True if timestamps are instants in UTC.
    pub(crate) zoned: bool,
    pub(crate) soft_deletes: bool,
    pub(crate) receipts: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { today: TODAY, zoned: false, soft_deletes: false, receipts: false }
    }
}

/// The load time of a version of a row, and whether the row was found deleted then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) loaded: i64,
    pub(crate) deleted: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Allocation {
    pub(crate) id: i64,
    pub(crate) order: Option<i64>,
    pub(crate) item: Option<i64>,
    pub(crate) location: Option<i64>,
    pub(crate) quantity: Option<i64>,
    pub(crate) status: Option<&'static str>,
    pub(crate) user: Option<&'static str>,
    pub(crate) priority: Option<i64>,
    pub(crate) created: Option<i64>,
    pub(crate) updated: Option<i64>,
    pub(crate) mark: Mark,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) customer: Option<i64>,
    pub(crate) date: Option<i64>,
    pub(crate) status: Option<&'static str>,
    pub(crate) amount: Option<i64>,
    pub(crate) requested: Option<i64>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) priority: Option<&'static str>,
    pub(crate) address: Option<i64>,
    pub(crate) updated: Option<i64>,
    pub(crate) mark: Mark,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) id: i64,
    pub(crate) order: Option<i64>,
    pub(crate) item: Option<i64>,
    pub(crate) quantity: Option<i64>,
    pub(crate) price: Option<i64>,
    pub(crate) total: Option<i64>,
    pub(crate) updated: Option<i64>,
    pub(crate) mark: Mark,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) code: Option<&'static str>,
    pub(crate) description: Option<&'static str>,
    pub(crate) category: Option<&'static str>,
    pub(crate) unit: Option<&'static str>,
    pub(crate) cost: Option<i64>,
    pub(crate) active: Option<&'static str>,
    pub(crate) weight: Option<i64>,
    pub(crate) volume: Option<i64>,
    pub(crate) storage: Option<&'static str>,
    pub(crate) shelf_life: Option<i64>,
    pub(crate) hazmat: Option<&'static str>,
    pub(crate) mark: Mark,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Location {
    pub(crate) id: i64,
    pub(crate) code: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) zone: Option<&'static str>,
    pub(crate) aisle: Option<&'static str>,
    pub(crate) level: Option<&'static str>,
    pub(crate) active: Option<&'static str>,
    /// Volume capacity, weight capacity, volume used, weight used.
    pub(crate) measures: [Option<i64>; 4],
    pub(crate) sequence: Option<i64>,
    pub(crate) mark: Mark,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Receipt {
    pub(crate) id: i64,
    pub(crate) item: Option<i64>,
    pub(crate) quantity: Option<i64>,
    pub(crate) status: Option<&'static str>,
    pub(crate) received: Option<i64>,
    pub(crate) mark: Mark,
}

impl Terms {
    /// The settings as the pipeline file would have them. `today` stays the run's own.
    pub(crate) fn settings(&self) -> Vec<(&'static str, Setting)> {
        let texts = |texts: &[&str]| Setting::Texts(texts.iter().map(|text| (*text).to_owned()).collect());
        let change = format!("{} 02:00:00 -03:00", date_text(TODAY - 1));
        let mut settings = Vec::new();
        if self.zoned {
            settings.push(("utc_offsets", texts(&["-02:00", &change])));
        }
        if self.soft_deletes {
            settings.push((
                "soft_deletes",
                texts(&["allocation", "order_hdr", "order_dtl", "item_master", "location", "receipt"]),
            ));
        }
        if self.receipts {
            settings.push(("receipts", Setting::Text("receipt".to_owned())));
        }
        settings
    }
}

impl Warehouse {
    /// All rows, each loaded a microsecond after the one before.
    pub(crate) fn mark_loaded(&mut self, from: i64) {
        let marks = (self.allocations.iter_mut().map(|row| &mut row.mark))
            .chain(self.orders.iter_mut().map(|row| &mut row.mark))
            .chain(self.lines.iter_mut().map(|row| &mut row.mark))
            .chain(self.items.iter_mut().map(|row| &mut row.mark))
            .chain(self.locations.iter_mut().map(|row| &mut row.mark))
            .chain(self.receipts.iter_mut().map(|row| &mut row.mark));
        for (at, mark) in marks.enumerate() {
            mark.loaded = from + at as i64;
            mark.deleted &= self.terms.soft_deletes;
        }
    }

    /// Keeps the first row of every key.
    pub(crate) fn without_versions(mut self) -> Self {
        fn first_of<T>(rows: &mut Vec<T>, key: impl Fn(&T) -> i64) {
            let mut seen = std::collections::HashSet::new();
            rows.retain(|row| seen.insert(key(row)));
        }
        first_of(&mut self.allocations, |row| row.id);
        first_of(&mut self.orders, |row| row.id);
        first_of(&mut self.lines, |row| row.id);
        first_of(&mut self.items, |row| row.id);
        first_of(&mut self.locations, |row| row.id);
        first_of(&mut self.receipts, |row| row.id);
        self
    }

    /// The warehouse after the rows of `later` have arrived: they replace those with their keys, the others stay. All
    /// of `later` is loaded from `from` on.
    pub(crate) fn changed_by(&self, mut later: Self, from: i64) -> Self {
        fn merged<T: Clone>(old: &[T], new: Vec<T>, key: impl Fn(&T) -> i64) -> Vec<T> {
            let replaced = |row: &&T| !new.iter().any(|new| key(new) == key(row));
            let mut rows: Vec<T> = old.iter().filter(replaced).cloned().collect();
            rows.extend(new);
            rows
        }
        later.terms = self.terms;
        later.mark_loaded(from);
        Self {
            terms: self.terms,
            allocations: merged(&self.allocations, later.allocations, |row| row.id),
            orders: merged(&self.orders, later.orders, |row| row.id),
            lines: merged(&self.lines, later.lines, |row| row.id),
            items: merged(&self.items, later.items, |row| row.id),
            locations: merged(&self.locations, later.locations, |row| row.id),
            receipts: merged(&self.receipts, later.receipts, |row| row.id),
        }
    }
}

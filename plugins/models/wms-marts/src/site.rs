//! The settings of a warehouse, from its pipeline file, and the pieces of SQL that follow from them.

use crate::cloud::words::Words;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::contract::types::Value;
use wmshost_plugin::models::{at, columns, date};
use wmshost_plugin::{Declared, Description, Result, Setting, Settings, Sql, all_mistakes};

/// The owner of models and sources.
pub(crate) const OWNER: &str = "warehouse analytics";
/// The number of days up to today that count as recent.
pub(crate) const RECENT_DAYS: i32 = 90;

/// The run's own date.
const TODAY: &str = "{today}";

/// A warehouse, and the kind of database its tables are loaded into.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Writes the SQL.
    pub(crate) sql: Sql,
    /// The expression for today's date.
    pub(crate) today: String,
    /// The lowest priority of an urgent allocation.
    pub(crate) high_priority: i64,
    /// The stream of receipts, where there is one.
    pub(crate) receipts: Option<String>,
    /// The words for WMS Cloud's lookups, if that is the source; `None`: the source is the database.
    pub(crate) cloud: Option<Words>,
    soft_deletes: Vec<String>,
    offsets: Vec<(String, i32)>,
}

impl Site {
    /// Declares the settings.
    pub(crate) fn declare(description: Description) -> Description {
        let none = || Setting::Texts(Vec::new());
        description
            .setting(
                Declared::text(
                    "source",
                    "The kind of source: `tables`, the warehouse's database, or `cloud`, the entities of Oracle WMS Cloud as \
                     streams of the same names: allocation, order_hdr, order_dtl, item, location, inventory, \
                     allocation_status, order_status, order_type, location_type, uom.",
                )
                .choices(&["tables", "cloud"])
                .fallback(Setting::Text("tables".to_owned())),
            )
            .setting(
                Declared::texts(
                    "words",
                    "Only for the source `cloud`: the warehouse's words for descriptions of its lookups, \
                     `order_status:In Transit=COMPLETED`. Lookups with words are allocation_status, order_status, order_type, \
                     location_type and priority. They go before the usual ones; a description without a word stays itself.",
                )
                .fallback(none()),
            )
            .setting(
                Declared::text("today", "The date that counts as today, `2026-06-30`; empty: the run's own.")
                    .fallback(Setting::Text(String::new())),
            )
            .setting(
                Declared::integer("high_priority_from", "The lowest priority level that counts as high.")
                    .fallback(Setting::Integer(4)),
            )
            .setting(
                Declared::text(
                    "receipts",
                    "The stream of goods received, with the columns receipt_id, order_id, item_id, location_id, \
                     quantity_received, receipt_status, received_date; empty: there is none, and no inbound movement.",
                )
                .fallback(Setting::Text(String::new())),
            )
            .setting(
                Declared::texts("soft_deletes", "The streams that mark deleted rows in the column wms_deleted_at.")
                    .fallback(none()),
            )
            .setting(
                Declared::texts(
                    "utc_offsets",
                    "How far the warehouse's clocks are ahead of UTC: the first offset, `-02:00`, then each change with \
                     its moment in UTC, `2019-02-17 02:00:00 -03:00`. Only for timestamps that are instants in UTC; \
                     empty: they are what the warehouse's clocks show.",
                )
                .fallback(none()),
            )
    }

    /// Reads the settings.
    pub(crate) fn of(settings: &Settings, sql: Sql) -> Result<Self> {
        let mut mistakes = Vec::new();
        let today = match settings.text("today")? {
            "" => TODAY.to_owned(),
            day if matches!(date(day), Value::Date(_)) => sql.date(day),
            day => {
                mistakes.push(format!("setting today: {day:?} is not a date like 2026-06-30"));
                String::new()
            }
        };
        let mut offsets = Vec::new();
        for (at, written) in settings.texts("utc_offsets")?.iter().enumerate() {
            match offset(written, at == 0) {
                Some(offset) => offsets.push(offset),
                None => mistakes.push(format!(
                    "setting utc_offsets: {written:?} is not valid; the first is like -02:00, the others are like \
                     2019-02-17 02:00:00 -03:00"
                )),
            }
        }
        if offsets.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            mistakes.push("setting utc_offsets: the changes must ascend in time".to_owned());
        }
        let is_cloud = settings.text("source")? == "cloud";
        let words = settings.texts("words")?;
        if !is_cloud && !words.is_empty() {
            mistakes.push("setting words: only the source cloud has them; add source = \"cloud\"".to_owned());
        }
        let cloud = match Words::read(words) {
            Ok(words) => is_cloud.then_some(words),
            Err(error) => {
                mistakes.push(error);
                None
            }
        };
        if is_cloud && offsets.is_empty() {
            // The entities' times are instants.
            offsets.push((String::new(), 0));
        }
        all_mistakes(&mistakes)?;
        let receipts = settings.text("receipts")?;
        Ok(Self {
            sql,
            today,
            high_priority: settings.integer("high_priority_from")?,
            receipts: (!receipts.is_empty()).then(|| receipts.to_owned()),
            cloud,
            soft_deletes: settings.texts("soft_deletes")?.to_vec(),
            offsets,
        })
    }

    /// A timestamp of the source in the warehouse's local time.
    pub(crate) fn local(&self, moment: &str) -> String {
        if self.offsets.is_empty() {
            return moment.to_owned();
        }
        let offsets: Vec<_> = self.offsets.iter().map(|(since, seconds)| (since.as_str(), *seconds)).collect();
        self.sql.wall_clock(moment, &offsets)
    }

    /// True if the warehouse's clocks show timestamps as they are stored, so that unit tests can name their hours.
    pub(crate) fn shows_stored_times(&self) -> bool {
        self.offsets.iter().all(|(_, seconds)| *seconds == 0)
    }

    /// The seconds between two timestamps of the source: elapsed time, if they are instants.
    pub(crate) fn elapsed(&self, from: &str, to: &str) -> String {
        if self.offsets.is_empty() {
            return self.sql.seconds_between(from, to);
        }
        self.sql.seconds_between(&self.sql.utc(from), &self.sql.utc(to))
    }

    /// A timestamp of a source, as a column of a model.
    pub(crate) fn moment(&self, name: &str, summary: &str) -> ModelColumn {
        if self.offsets.is_empty() { columns::timestamp(name, summary) } else { columns::instant(name, summary) }
    }

    /// The instant at which a day begins by the warehouse's clocks.
    pub(crate) fn start_of_day(&self, date: &str) -> String {
        let midnight = self.sql.midnight(date);
        let offsets: Vec<_> = self.offsets.iter().map(|(since, seconds)| (since.as_str(), *seconds)).collect();
        self.sql.instant_of(&midnight, &offsets)
    }

    /// A text as a whole number; NULL where it is not made of at most 15 digits.
    pub(crate) fn digits(&self, text: &str) -> String {
        let trimmed = self.sql.trimmed(text);
        let number = self.sql.parsed(&trimmed);
        format!(
            "CASE WHEN {trimmed} IS NOT NULL AND LENGTH({trimmed}) <= 15 \
             AND COALESCE(LENGTH(LTRIM({trimmed}, '0123456789')), 0) = 0 THEN {number} END"
        )
    }

    /// The table that a stream of the database has, and its key: those of the entity, if WMS Cloud is the source.
    pub(crate) fn table<'s>(&self, stream: &'s str, key: &'s str) -> (&'s str, &'s str) {
        match (&self.cloud, stream) {
            (Some(_), "item_master") => ("item", "id"),
            (Some(_), _) if self.rows(stream) != stream => (stream, "id"),
            _ => (stream, key),
        }
    }

    /// The node that has a stream's rows in the warehouse's words.
    pub(crate) fn rows<'s>(&self, stream: &'s str) -> &'s str {
        match (&self.cloud, stream) {
            (Some(_), "allocation") => "stg_cloud_allocation",
            (Some(_), "order_hdr") => "stg_cloud_order_hdr",
            (Some(_), "order_dtl") => "stg_cloud_order_dtl",
            (Some(_), "item_master") => "stg_cloud_item",
            (Some(_), "location") => "stg_cloud_location",
            _ => stream,
        }
    }

    /// The column with the time of deletion of a row, as the end of a list of columns; empty without one.
    pub(crate) fn deleted_at(&self, stream: &str, row: &str) -> String {
        match self.marks_deleted(stream) {
            true => format!(", {row}.wms_deleted_at AS wms_deleted_at"),
            false => String::new(),
        }
    }

    /// The host's columns of a model that passes a stream's rows on.
    pub(crate) fn own_columns(&self, stream: &str) -> Vec<ModelColumn> {
        let loaded = columns::timestamp("wms_loaded_at", "When the row was loaded.");
        let deleted = columns::timestamp("wms_deleted_at", "When the source was first seen without the row.");
        [loaded].into_iter().chain(self.marks_deleted(stream).then_some(deleted)).collect()
    }

    /// The active flag of items and locations; NULL where there is none.
    pub(crate) fn is_active(&self) -> String {
        match self.cloud {
            None => self.sql.flag("is_active_clean = 'Y'"),
            Some(_) => self.sql.whole("NULL"),
        }
    }

    /// True if the stream's table marks deleted rows.
    pub(crate) fn marks_deleted(&self, stream: &str) -> bool {
        let (table, _) = self.table(stream, "");
        self.soft_deletes.iter().any(|marked| marked == table)
    }

    /// The condition that a version of a row is not that of a deleted row.
    pub(crate) fn is_there(&self, stream: &str) -> &'static str {
        if self.marks_deleted(stream) { "wms_deleted_at IS NULL" } else { "1 = 1" }
    }

    /// The flag that the row is deleted, for models that keep such rows because facts refer to them.
    pub(crate) fn is_deleted(&self, stream: &str) -> String {
        self.sql.flag(if self.marks_deleted(stream) { "wms_deleted_at IS NOT NULL" } else { "1 = 0" })
    }

    /// The condition that a version of a row is new since the last build.
    pub(crate) fn is_new(&self, stream: &str) -> String {
        let loaded = format!("wms_loaded_at > {{watermark:{stream}}}");
        match self.marks_deleted(stream) {
            true => format!("({loaded} OR wms_deleted_at > {{watermark:{stream}}})"),
            false => loaded,
        }
    }

    /// The condition that the day differs from that of the last build. A day that is set by a setting does not change.
    pub(crate) fn day_went_by(&self) -> &'static str {
        if self.today == TODAY { "{built_today} <> {today}" } else { "1 = 0" }
    }

    /// The condition that a timestamp, in the warehouse's local time, is in the days up to today that count as recent.
    /// NULL and later timestamps are not.
    pub(crate) fn is_recent(&self, local_moment: &str) -> String {
        let first = self.sql.plus_days(&self.today, -RECENT_DAYS);
        let end = self.sql.plus_days(&self.today, 1);
        format!("{local_moment} >= {first} AND {local_moment} < {end}")
    }
}

/// An offset from its written form, in seconds, with the time since when it applies; `None` if it is invalid.
fn offset(written: &str, first: bool) -> Option<(String, i32)> {
    let (since, offset) = if first { ("", written) } else { written.rsplit_once(' ')? };
    let is_moment = since.len() == 19 && matches!(at(since), Value::Timestamp(_));
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    let valid = (first || is_moment) && (0..=15).contains(&hours) && (0..60).contains(&minutes);
    valid.then(|| (since.to_owned(), sign * (hours * 3_600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WmsMarts;
    use wmshost_plugin::Models;

    fn site(given: &[(&str, Setting)]) -> Result<Site> {
        Site::of(&Settings::given(&WmsMarts::describe(), given), Sql::sqlite())
    }

    #[test]
    fn offsets_are_read_with_their_moments() {
        assert_eq!(offset("-02:00", true), Some((String::new(), -7_200)));
        let change = offset("2019-02-17 02:00:00 +05:30", false);
        assert_eq!(change, Some(("2019-02-17 02:00:00".to_owned(), 19_800)));
        for wrong in ["", "2", "02:00", "-2", "-02:60", "2019-02-17 -03:00"] {
            assert_eq!(offset(wrong, false), None, "{wrong}");
        }
    }

    #[test]
    fn all_mistakes_of_the_settings_are_reported_at_once() {
        let offsets = ["BRT", "2020-01-01 00:00:00 -03:00", "2019-01-01 00:00:00 -02:00"].map(str::to_owned);
        let given = [("today", Setting::Text("soon".into())), ("utc_offsets", Setting::Texts(offsets.into()))];
        let message = site(&given).expect_err("mistakes").to_string();
        for part in ["is not a date like 2026-06-30", "is not valid; the first is like", "must ascend"] {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    }

    #[test]
    fn today_is_the_runs_own_unless_it_is_given() {
        assert_eq!(site(&[]).expect("settings").today, "{today}");
        let given = [("today", Setting::Text("2026-06-30".into()))];
        assert_eq!(site(&given).expect("settings").today, "'2026-06-30'");
    }
}

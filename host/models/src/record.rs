//! The records of builds and tests that the host's tables keep, and the facts in them: everything that a build or a
//! test read, each kind in a field of its own, so that a later one sees whether any of it has changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wmshost_flow::Micros;
use wmshost_sql::{Value, timestamp_from_text};

/// A moment in UTC, in microseconds since 1970. In records it is text: `2026-01-31 23:59:59.999999`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Micros);

impl Moment {
    /// A moment before anything is loaded.
    pub(crate) const EARLIEST: Self = Self(-62_135_596_800_000_000);

    /// Reads `2026-01-31 23:59:59.999999` and the shorter forms that [`timestamp_from_text`] takes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        timestamp_from_text(text).map(Self)
    }

    /// The same in ISO 8601, for documents.
    pub(crate) fn iso_8601(self) -> String {
        self.to_string().replace(' ', "T") + "Z"
    }

    /// The start of its day.
    pub(crate) fn start_of_day(self) -> Self {
        Self(self.0.div_euclid(DAY) * DAY)
    }
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::Timestamp(self.0).fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A time in UTC: 2026-01-31 23:59:59.999999." })
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is not a moment")))
    }
}

/// The version of a stream's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamVersion {
    /// The load time of its newest row; `None` for a table without rows.
    pub newest: Option<Moment>,
    /// The number of its rows: a deletion changes no load time.
    pub rows: u64,
    /// The time of the newest soft deletion, which changes no load time either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Moment>,
}

/// Everything that a build or a test read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inputs {
    /// The streams, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub streams: BTreeMap<String, StreamVersion>,
    /// The models with rows, by name: when each last changed; `None` for one that was never built.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Option<Moment>>,
    /// The views and ephemeral models in between, by name: the fingerprint of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub views: BTreeMap<String, String>,
    /// The models whose before images are read, by name: when the present chain of each began.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub before_images: BTreeMap<String, Option<Moment>>,
    /// The present moment, where the SQL uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Moment>,
    /// The start of the present day, where the SQL uses the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Moment>,
}

impl Inputs {
    /// The load time of the newest row of a stream or of a model with rows.
    pub(crate) fn newest(&self, name: &str) -> Option<Moment> {
        match self.streams.get(name) {
            Some(stream) => stream.newest,
            None => self.models.get(name).copied().flatten(),
        }
    }

    /// The names of the streams and of the models with rows.
    fn tables(&self) -> impl Iterator<Item = &String> {
        self.streams.keys().chain(self.models.keys())
    }

    fn has_table(&self, name: &str) -> bool {
        self.streams.contains_key(name) || self.models.contains_key(name)
    }

    /// The time up to which the last build, which read `before`, saw every row of the inputs that changed.
    pub(crate) fn watermark_since(&self, before: &Self) -> Moment {
        let seen = |name: &String| before.newest(name).unwrap_or(Moment::EARLIEST);
        let has_changed = |name: &&String| !before.has_table(name) || before.newest(name) != self.newest(name);
        let changed = self.tables().filter(has_changed).map(seen).min();
        changed.unwrap_or_else(|| self.tables().map(seen).max().unwrap_or(Moment::EARLIEST))
    }

    /// True if views in between, or chains of before images, differ: their former rows can no longer be derived.
    pub(crate) fn views_differ(&self, before: &Self) -> bool {
        self.views != before.views || self.before_images != before.before_images
    }

    /// The names of the inputs that differ from those `before`.
    pub(crate) fn changed_since(&self, before: &Self) -> BTreeSet<&str> {
        let mut changed = BTreeSet::new();
        changed.extend(differing(&self.streams, &before.streams));
        changed.extend(differing(&self.models, &before.models));
        changed.extend(differing(&self.views, &before.views));
        changed.extend(differing(&self.before_images, &before.before_images));
        changed.extend((self.now.is_some() && self.now != before.now).then_some("now"));
        changed.extend((self.today.is_some() && self.today != before.today).then_some("today"));
        changed
    }

    /// Adds the inputs of another reader.
    pub(crate) fn add(&mut self, other: Self) {
        self.streams.extend(other.streams);
        self.models.extend(other.models);
        self.views.extend(other.views);
        self.before_images.extend(other.before_images);
        self.now = other.now.or(self.now);
        self.today = other.today.or(self.today);
    }
}

/// The names of the facts that differ from those `before`, or are new.
fn differing<'n, T: PartialEq>(
    now: &'n BTreeMap<String, T>,
    before: &BTreeMap<String, T>,
) -> impl Iterator<Item = &'n str> {
    now.iter().filter(|(name, fact)| before.get(*name) != Some(*fact)).map(|(name, _)| name.as_str())
}

/// The facts about a model's own rows, or its view, that later builds need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnState {
    /// The start of the chain of before images that it keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Moment>,
    /// The last time that rows of it were deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Moment>,
    /// The digest of its view's text, as the database has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

/// The record of a model's last build.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildRecord {
    /// The fingerprint of its declaration.
    pub fingerprint: String,
    /// Its inputs; `None` where an earlier version recorded them in a form that is no longer read. Such a model is
    /// built as if all of them had changed.
    pub inputs: Option<Inputs>,
    /// The facts about its own rows.
    pub own: OwnState,
    /// The load time of its own newest rows: when it last changed.
    pub changed_at: Moment,
    /// The time when it was last built or found unchanged, UTC.
    pub checked_at: Micros,
    /// The number of its rows, if it has any of its own.
    pub rows: Option<u64>,
    /// The run that built it.
    pub run_id: String,
    /// The digest of the plugin that declared it.
    pub plugin_digest: String,
}

/// Everything that a test looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The digest of everything but the rows that determines the result.
    pub digest: String,
    /// The inputs.
    pub inputs: Inputs,
    /// The models with rows among them, by name: when rows of each were last deleted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<String, Option<Moment>>,
}

/// The record of a test's last result.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRecord {
    /// `passed`, `warned`, `failed` or `errored`.
    pub status: String,
    /// The number of failing rows.
    pub failing: u64,
    /// True if fewer may fail: only new rows were counted since the last full count.
    pub at_most: bool,
    /// The number that a measuring test measured when it last passed.
    pub measured: Option<f64>,
    /// The time of the test, UTC.
    pub at: Micros,
    /// Everything that it looked at; `None` if that is not known.
    pub seen: Option<Seen>,
}

impl TestRecord {
    /// True if it passed or only warned.
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self.status.as_str(), "passed" | "warned")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: i64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    fn inputs(models: &[(&str, i64)], view: &str) -> Inputs {
        let models = models.iter().map(|(name, at)| ((*name).to_owned(), Some(seconds(*at)))).collect();
        Inputs { models, views: BTreeMap::from([("v".to_owned(), view.to_owned())]), ..Inputs::default() }
    }

    #[test]
    fn moments_come_back() {
        for micros in [0, -1, 1_709_210_096_123_456, -62_135_596_800_000_000] {
            assert_eq!(Moment::parse(&Moment(micros).to_string()), Some(Moment(micros)));
        }
        assert_eq!(Moment::parse("1970-01-02"), Some(Moment(86_400_000_000)));
        assert_eq!(Moment::parse("1970-01-01 00:00:00.5"), Some(Moment(500_000)));
        assert_eq!(Moment::parse("soon"), None);
        assert_eq!(Moment(-1).start_of_day(), seconds(-86_400));
    }

    #[test]
    fn only_changed_inputs_set_the_watermark() {
        let before = inputs(&[("a", 5), ("b", 1)], "x");
        let a = inputs(&[("a", 9), ("b", 1)], "x");
        assert_eq!(a.watermark_since(&before), seconds(5));
        assert_eq!(a.changed_since(&before), BTreeSet::from(["a"]));
        assert_eq!(inputs(&[("a", 9), ("b", 8)], "x").watermark_since(&before), seconds(1));
        assert_eq!(before.watermark_since(&before), seconds(5));
        let new = inputs(&[("a", 5), ("c", 8)], "y");
        assert_eq!(new.watermark_since(&before), Moment::EARLIEST);
        assert_eq!(new.changed_since(&before), BTreeSet::from(["c", "v"]));
        assert!(new.views_differ(&before) && !a.views_differ(&before));
    }

    #[test]
    fn deleted_rows_change_a_stream_and_not_its_watermark() {
        let stream = |rows| StreamVersion { newest: Some(seconds(5)), rows, deleted: None };
        let inputs = |rows| Inputs { streams: BTreeMap::from([("s".to_owned(), stream(rows))]), ..Inputs::default() };
        let (before, now) = (inputs(2), inputs(1));
        assert_eq!(now.changed_since(&before), BTreeSet::from(["s"]));
        assert_eq!(now.watermark_since(&before), seconds(5));
    }

    #[test]
    fn inputs_are_recorded_as_readable_text() {
        let deleted = Some(seconds(2));
        let stream = StreamVersion { newest: Some(seconds(5)), rows: 3, deleted };
        let inputs = Inputs {
            streams: BTreeMap::from([("s".to_owned(), stream)]),
            before_images: BTreeMap::from([("b".to_owned(), None)]),
            today: Some(seconds(0)),
            ..inputs(&[("m", 1)], "x")
        };
        let json = serde_json::to_value(&inputs).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "streams": { "s": {
                    "newest": seconds(5).to_string(), "rows": 3, "deleted": seconds(2).to_string(),
                } },
                "models": { "m": seconds(1).to_string() },
                "views": { "v": "x" },
                "before_images": { "b": null },
                "today": seconds(0).to_string(),
            })
        );
        assert_eq!(serde_json::from_value::<Inputs>(json).expect("the same"), inputs);
    }
}

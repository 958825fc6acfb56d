//! How much of a test's rows has to be read: nothing where it has passed and nothing has changed since; only the new
//! rows where a row is judged alone, a key by its equals, or a reference by keys none of which was deleted.

use wmshost_flow::model::{Assertion, Severity};
use wmshost_sql::Dialect;

use super::query::query_of;
use crate::check::test_columns;
use crate::guard::looks_around;
use crate::project::{ParsedTest, SqlRenderer};
use crate::record::{Moment, Seen, TestRecord};
use crate::template::{Placeholder, Template};
use wmshost_flow::DELETED_AT;

/// The share of the rows that has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Nothing.
    Nothing,
    /// The node's rows that are newer than this load time; `failing` of the rows up to it failed.
    Since { newest: Moment, failing: u64 },
    /// All rows.
    Whole,
}

/// The rows that a test has to read, and what it will have seen then.
#[derive(Debug, Clone)]
pub(crate) struct TestScope {
    pub(crate) extent: Extent,
    pub(crate) seen: Seen,
}

impl TestScope {
    /// All rows have to be read.
    pub(crate) fn whole(seen: Seen) -> Self {
        Self { extent: Extent::Whole, seen }
    }

    /// The load time after which rows are new, and the number of rows up to it that failed.
    pub(super) fn since(&self) -> Option<(Moment, u64)> {
        match &self.extent {
            Extent::Since { newest, failing } => Some((*newest, *failing)),
            _ => None,
        }
    }
}

impl ParsedTest {
    /// True if the result may differ tomorrow over the same rows.
    fn depends_on_time(&self) -> bool {
        let words = self.sql.iter().chain(&self.only_where).flat_map(Template::uses);
        matches!(self.test.assertion, Assertion::Recency { .. })
            || words
                .into_iter()
                .any(|used| matches!(used.word, Placeholder::Now | Placeholder::Today | Placeholder::RunId))
    }

    /// True if a row that has passed passes as long as it is unchanged, whatever happens to other rows, except those
    /// that the test refers to. A soft deletion changes a row, but not always its load time.
    fn judges_rows_alone(&self, dialect: Dialect) -> bool {
        let texts = self.sql.iter().chain(&self.only_where);
        let looks_around = texts.clone().any(|sql| looks_around(dialect, &sql.source, DELETED_AT));
        let names_others = texts
            .flat_map(Template::uses)
            .any(|used| matches!(used.word, Placeholder::Relation(_) | Placeholder::This));
        let assertion = &self.test.assertion;
        let is_of_row = match assertion {
            Assertion::NotNull(_) | Assertion::AcceptedValues { .. } | Assertion::Range { .. } => true,
            Assertion::Expression(_) | Assertion::Relationship { .. } => true,
            Assertion::Unique(_) => self.only_where.is_none(),
            _ => false,
        };
        let is_deletion = test_columns(assertion).iter().any(|column| column.eq_ignore_ascii_case(DELETED_AT));
        is_of_row && !looks_around && !names_others && !is_deletion
    }

    /// True if the table that the test refers to may have lost a row since the last reading, by the load times then and
    /// now.
    fn may_have_lost_sight(&self, then: &Seen, now: &Seen) -> bool {
        match &self.test.assertion {
            Assertion::Relationship { to, .. } => may_have_lost_rows(to, then, now),
            _ => false,
        }
    }
}

/// True if a node may have lost rows, or keys of rows, since the last reading, by the load times then and now. For a
/// model with rows its last loss is recorded; a stream has lost none if its newest load time and the rest of its
/// version are the same. Views, and nodes that were never built, have no load time.
fn may_have_lost_rows(node: &str, then: &Seen, now: &Seen) -> bool {
    if now.inputs.newest(node).is_none() {
        return true;
    }
    match now.lost.get(node) {
        Some(lost_at) => then.lost.get(node) != Some(lost_at),
        None => then.inputs.streams.get(node) != now.inputs.streams.get(node),
    }
}

/// The digest of everything that determines a test's result except the rows.
pub(crate) fn digest(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> String {
    let text = format!(
        "{} {:?} {} {:?} {:?}",
        query_of(renderer, at, parsed),
        parsed.test.assertion,
        parsed.test.severity == Severity::Warn,
        parsed.test.warn_if,
        parsed.test.error_if
    );
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// The rows that a test has to read, after its result `before`. `own` is the name of the node if its rows have load times.
pub(crate) fn test_scope(
    dialect: Dialect,
    parsed: &ParsedTest,
    before: Option<&TestRecord>,
    mut seen: Seen,
    digest: String,
    own: Option<&str>,
) -> TestScope {
    seen.digest = digest;
    let passed = before.filter(|before| before.status == "passed" && !parsed.depends_on_time());
    let Some((failing, then)) = passed.and_then(|before| Some((before.failing, before.seen.as_ref()?))) else {
        return TestScope::whole(seen);
    };
    if *then == seen {
        return TestScope { extent: Extent::Nothing, seen };
    }
    let is_same =
        then.digest == seen.digest && parsed.judges_rows_alone(dialect) && !parsed.may_have_lost_sight(then, &seen);
    let own = own.filter(|_| is_same);
    match own.and_then(|own| Some((then.inputs.newest(own)?, seen.inputs.newest(own)?))) {
        // A load time that went back is unusable: a clock was set, or the newest rows are deleted.
        Some((newest, now)) if newest <= now => TestScope { extent: Extent::Since { newest, failing }, seen },
        _ => TestScope::whole(seen),
    }
}

//! Which days, items and places an incremental build has to compute again. A window is affected where a row in it is
//! new or changed, and where one has left it: then it has fewer rows than were counted when it was built. A row that
//! moved is new in the one window and gone from the other, so nothing has to be remembered between builds.

/// A SELECT of the affected windows.
pub(crate) struct Affected<'s> {
    /// The column that tells windows apart. Rows without it are in none.
    pub(crate) window: &'s str,
    /// The model that is read.
    pub(crate) from: &'s str,
    /// How many of them a window had: an aggregate over the model's own rows.
    pub(crate) counted: &'s str,
}

impl Affected<'_> {
    /// The SELECT, for [`Model::replaced_by`](wmshost_plugin::models::Model::replaced_by).
    pub(crate) fn select(&self) -> String {
        let Self { window, from, counted } = self;
        format!(
            "SELECT {window} FROM {{{from}}} WHERE wms_loaded_at > {{watermark}} AND {window} IS NOT NULL
UNION
SELECT built.{window}
FROM (SELECT {window}, {counted} AS row_count FROM {{this}} GROUP BY {window}) built
LEFT JOIN (SELECT {window}, COUNT(*) AS row_count FROM {{{from}}} WHERE {window} IS NOT NULL GROUP BY {window}) found
  ON found.{window} = built.{window}
WHERE found.row_count IS NULL OR found.row_count <> built.row_count"
        )
    }
}

/// The condition that restricts an incremental build to the affected windows.
pub(crate) fn in_changes(window: &str) -> String {
    format!("{{when incremental}} AND {window} IN (SELECT {window} FROM {{changes}}) {{end}}")
}

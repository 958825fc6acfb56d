//! Which days, items and places an incremental build has to compute again. A window is affected where a row in it is
//! new or changed, and where one has left it: then it has fewer rows than were counted when it was built. A row that
//! moved is new in the one window and gone from the other, so nothing has to be remembered between builds.

/// A SELECT of the affected windows.
pub(crate) struct Affected<'s> {
    /// The columns that tell windows apart. Rows without the first are in none; the others are never NULL.
    pub(crate) window: &'s [&'s str],
    /// The model that is read.
    pub(crate) from: &'s str,
    /// How many of its rows a window had: an aggregate over the model's own rows.
    pub(crate) counted: &'s str,
}

impl Affected<'_> {
    /// The SELECT, for [`Model::replaced_by`](wmshost_plugin::models::Model::replaced_by).
    pub(crate) fn select(&self) -> String {
        let Self { window, from, counted } = self;
        let (first, columns) = (window[0], window.join(", "));
        let of_built: Vec<_> = window.iter().map(|column| format!("built.{column}")).collect();
        let same: Vec<_> = window.iter().map(|column| format!("found.{column} = built.{column}")).collect();
        format!(
            "SELECT {columns} FROM {{{from}}} WHERE wms_loaded_at > {{watermark}} AND {first} IS NOT NULL
UNION
SELECT {of_built}
FROM (SELECT {columns}, {counted} AS row_count FROM {{this}} GROUP BY {columns}) built
LEFT JOIN (SELECT {columns}, COUNT(*) AS row_count FROM {{{from}}} WHERE {first} IS NOT NULL GROUP BY {columns}) found
  ON {same}
WHERE found.row_count IS NULL OR found.row_count <> built.row_count",
            of_built = of_built.join(", "),
            same = same.join(" AND "),
        )
    }
}

/// The condition that restricts an incremental build to the affected windows.
pub(crate) fn in_changes(window: &[&str]) -> String {
    let columns = window.join(", ");
    let row = if window.len() == 1 { columns.clone() } else { format!("({columns})") };
    format!("{{when incremental}} AND {row} IN (SELECT {columns} FROM {{changes}}) {{end}}")
}

/// The same where a few changes come to most windows, and a window's rows lie all over the table: one look at all rows
/// costs less than to find those of each window. The sign keeps the database from doing that; it is for numbers.
pub(crate) fn in_many_changes(window: &str) -> String {
    format!("{{when incremental}} AND +{window} IN (SELECT {window} FROM {{changes}}) {{end}}")
}

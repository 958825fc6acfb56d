//! How a model follows the rows of a table it is computed from: by windows that rows came to or left, which are computed
//! again, or by sums, to which new rows are added and from which former ones are taken off. Either way only what
//! changed is looked at.

/// A table that is followed, in windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed<'s> {
    /// The model whose rows they are. It must be incremental.
    pub(crate) from: &'s str,
    /// What tells windows apart: columns, and what each of them is made of.
    pub(crate) window: &'s [(&'s str, &'s str)],
    /// The condition that a row counts. Windows of rows that count have no NULL.
    pub(crate) only: &'s str,
}

/// A sum that is kept up to date: a whole number, so that nothing is lost on the way.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    name: &'static str,
    adds: String,
    kept: String,
}

impl Sum {
    /// A sum with its name, and what a row adds to it. The model has it as a column.
    pub(crate) fn of(name: &'static str, adds: impl Into<String>) -> Self {
        Self { name, adds: adds.into(), kept: name.to_owned() }
    }

    /// How many rows meet a condition.
    pub(crate) fn count(name: &'static str, condition: &str) -> Self {
        Self::of(name, format!("CASE WHEN {condition} THEN 1 ELSE 0 END"))
    }

    /// The model has it in another form, from which this makes it again.
    pub(crate) fn kept_as(self, kept: String) -> Self {
        Self { kept, ..self }
    }
}

impl Followed<'_> {
    /// A SELECT of the windows that rows came to, or left. For
    /// [`Model::replaced_by`](wmshost_plugin::models::Model::replaced_by).
    pub(crate) fn windows(&self) -> String {
        let (Self { from, only, .. }, window) = (self, self.made());
        format!(
            "SELECT {window} FROM {{{from}}} came WHERE wms_loaded_at > {{watermark:{from}}} AND {only}
UNION ALL
SELECT {window} FROM {{former:{from}}} went WHERE {only}"
        )
    }

    /// A SELECT of a row for each window, with its columns and these sums. The first counts rows: a window without any
    /// has no row.
    pub(crate) fn sums(&self, sums: &[Sum]) -> String {
        let Self { from, only, .. } = self;
        let listed = |term: &dyn Fn(&Sum) -> String| sums.iter().map(term).collect::<Vec<_>>().join(", ");
        format!(
            "SELECT {names}, {summed}
  FROM (
    SELECT {made}, {added} FROM {{{from}}} came
    WHERE {only} {{when incremental}} AND wms_loaded_at > {{watermark:{from}}}
    UNION ALL
    SELECT {made}, {taken} FROM {{former:{from}}} went WHERE {only}
    UNION ALL
    SELECT {names}, {built} FROM {{this}} built WHERE ({names}) IN (SELECT {names} FROM {{changes}}) {{end}}
  ) terms
  GROUP BY {names} {{when incremental}} HAVING SUM({count}) > 0 {{end}}",
            names = self.names(),
            made = self.made(),
            summed = listed(&|sum| format!("SUM({0}) AS {0}", sum.name)),
            added = listed(&|sum| format!("{} AS {}", sum.adds, sum.name)),
            taken = listed(&|sum| format!("-({}) AS {}", sum.adds, sum.name)),
            built = listed(&|sum| format!("{} AS {}", sum.kept, sum.name)),
            count = sums.first().map_or("0", |sum| sum.name),
        )
    }

    /// The condition that restricts an incremental build to the windows that changed, behind another one.
    pub(crate) fn and_changed(&self) -> String {
        let parts: Vec<_> = self.window.iter().map(|(_, made)| *made).collect();
        let (names, parts) = (self.names(), parts.join(", "));
        format!("{{when incremental}} AND ({parts}) IN (SELECT {names} FROM {{changes}}) {{end}}")
    }

    fn names(&self) -> String {
        self.window.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    fn made(&self) -> String {
        let made = |(name, made): &(&str, &str)| if name == made { (*name).to_owned() } else { format!("{made} AS {name}") };
        self.window.iter().map(made).collect::<Vec<_>>().join(", ")
    }
}

//! A loader that breaks the clause of certification that its setting `breaks` names; with `none` it keeps all of them.
//! It merges by key, or replaces the table.

use wmshost_plugin::contract::loading::{Mode, Request};
use wmshost_plugin::target::{Definition, Granted, MergeRule, Target};
use wmshost_plugin::{Batch, Declared, Description, Loader, Result, Setting, Settings, permanent};

/// The plugin.
pub struct Rogue {
    breaks: String,
    table: String,
    rule: MergeRule,
    /// The staged table of a load that replaces.
    staged: Option<String>,
    /// Columns that the table lacks.
    lacking: Vec<String>,
    has_rows: bool,
}

impl Rogue {
    /// Fails where the clause says that it must not.
    fn fail_at(&self, rows: &Batch) -> Result<()> {
        let fails = match self.breaks.as_str() {
            "rows-as-given" => !rows.read_texts("name")?.values.is_ascii(),
            "batch-sizes-alike" => rows.row_count() == 1,
            "rows-merged" => self.rule.version.is_none(),
            _ => false,
        };
        if fails { Err(permanent("such rows are not loaded")) } else { Ok(()) }
    }
}

impl Loader for Rogue {
    fn describe() -> Description {
        let breaks = Declared::text("breaks", "The clause to break.").fallback(Setting::Text("none".into()));
        Description::new("rogue-loader", "1.2.3", "Breaks a clause of certification.").setting(breaks)
    }

    fn prepare(settings: &Settings, request: Request) -> Result<Self> {
        let breaks = settings.text("breaks")?.to_owned();
        let Request { table, columns, key, version, mode, resume, .. } = request;
        if breaks == "loads" {
            return Err(permanent("not today"));
        }
        let wanted = Definition { name: table.clone(), columns: columns.clone(), key: key.clone() };
        let (mut staged, mut lacking) = (None, Vec::new());
        match (mode, Granted.describe(&table)?) {
            (Mode::Replace, _) if breaks == "replace-or-refuse" => panic!("no table is replaced"),
            (Mode::Replace, _) => staged = Some(Granted.stage(&wanted, resume)?),
            (_, Some(_)) if breaks == "second-load-changes-nothing" => return Err(permanent("the table is there")),
            (_, None) => Granted.create(&wanted)?,
            (_, Some(known)) => {
                let is_new = |name: &str| known.columns.iter().all(|column| !column.name.eq_ignore_ascii_case(name));
                let mut new: Vec<_> = columns.into_iter().filter(|column| is_new(&column.name)).collect();
                new.iter_mut().for_each(|column| column.nullable = true);
                if breaks == "column-added" {
                    lacking = new.into_iter().map(|column| column.name).collect();
                } else if !new.is_empty() {
                    Granted.add_columns(&table, &new)?;
                }
            }
        }
        Ok(Self { breaks, table, rule: MergeRule { key, version }, staged, lacking, has_rows: false })
    }

    fn load(&mut self, rows: &Batch) -> Result<()> {
        self.has_rows = true;
        self.fail_at(rows)?;
        if !self.lacking.is_empty() {
            rows.drop_columns(&self.lacking)?;
        }
        match &self.staged {
            Some(staged) => Granted.insert(staged, rows),
            None => Granted.merge(&self.table, rows, &self.rule),
        }
    }

    fn finish(&mut self) -> Result<()> {
        assert!(self.breaks != "empty-load" || self.has_rows, "no rows");
        if self.staged.is_some() { Granted.swap(&self.table) } else { Ok(()) }
    }
}

wmshost_plugin::export_loader!(Rogue);

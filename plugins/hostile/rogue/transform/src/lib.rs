//! A transform that breaks the clause of certification that its setting `breaks` names; with `none` it keeps all of them.
//! It flags rows whose text `name` is blank, and rejects rows whose `amount` is NULL.

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use wmshost_plugin::contract::batches::Int64s;
use wmshost_plugin::contract::types::{Column as Promised, ColumnType, Schema};
use wmshost_plugin::{
    Declared, Description, Input, Mask, Result, Rows, Setting, Settings, Transform, Violation, log, permanent,
};

thread_local! {
    /// The calls of this instance.
    static CALLS: Cell<i64> = const { Cell::new(0) };
    /// Memory that is never freed.
    static HOARD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// The plugin, and the clause that it breaks.
pub struct Rogue(String);

impl Rogue {
    fn breaks(&self, clause: &str) -> bool {
        self.0 == clause
    }

    /// The value of `flag` in every row.
    fn flag(&self, count: usize, calls: i64) -> i64 {
        match self.0.as_str() {
            "split-invariant" => i64::try_from(count).unwrap_or(i64::MAX),
            "instances-alike" => calls,

            _ => 1,
        }
    }

    /// Ends the call at the values of a clause.
    fn trap_at(&self, rows: &Rows<'_>) -> Result<()> {
        let (names, amounts) = (rows.texts("name")?, rows.numbers("amount")?);
        let traps = |row: usize| {
            let (name, amount) = (names.get(row), amounts.get(row));
            let large = amount.and_then(|amount| amount.unscaled_at(2)).is_some_and(|amount| amount > 99_999_999);
            match self.0.as_str() {
                "null-values" => name.is_none(),
                "extreme-values" => large,
                "unicode-values" => name.is_some_and(|name| !name.is_empty() && !name.is_char_boundary(1)),
                "long-values" => name.is_some_and(|name| name.len() > 50_000),
                "random-rows" => name.is_some_and(|name| name.contains("DROP TABLE")),
                _ => false,
            }
        };
        assert!(!(0..rows.count()).any(traps), "a value that the plugin does not expect");
        Ok(())
    }

    fn talk(&self, rows: &Rows<'_>) -> Result<()> {
        let names = rows.texts("name")?;
        for row in 0..rows.count() {
            if self.breaks("messages-few") {
                (0..20).for_each(|_| log::info("a row"));
            }
            if self.breaks("messages-without-values") {
                log::info(format!("the name {}", names.get(row).unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// The rule and the reason of rejected rows.
    fn words(&self, rows: &Rows<'_>) -> Result<(&'static str, String)> {
        let names = rows.texts("name")?;
        let first = (0..rows.count()).find_map(|row| names.get(row)).unwrap_or_default().to_owned();
        Ok(match self.0.as_str() {
            "rejects-explained" => ("No Rule", String::new()),
            "reasons-without-values" => ("no-amount", format!("the row of {first} has no amount")),
            _ => ("no-amount", "the amount is missing".to_owned()),
        })
    }
}

impl Transform for Rogue {
    fn describe() -> Description {
        let breaks = Declared::text("breaks", "The clause to break.").fallback(Setting::Text("none".into()));
        Description::new("rogue-transform", "1.2.3", "Breaks a clause of certification.").setting(breaks)
    }

    fn new(settings: &Settings) -> Result<Self> {
        Ok(Self(settings.text("breaks")?.to_owned()))
    }

    fn output_schema(&self, input: Schema) -> Result<Schema> {
        if self.breaks("schema-made") {
            return Err(permanent("no columns"));
        }
        if self.breaks("foreign-columns-refused") {
            assert!(input.iter().any(|column| column.name == "name"), "no name");
        }
        let mut expected = Input::of(&input);
        expected.text(&["name"]).number(&["amount"]);
        let mut columns = expected.with(&[("flag", ColumnType::Int64, false)])?;
        if self.breaks("columns-as-promised") {
            columns.push(Promised { name: "never".into(), kind: ColumnType::Date, nullable: true });
        }
        Ok(columns)
    }

    fn process(&mut self, rows: Rows<'_>) -> Result<()> {
        let calls = CALLS.get() + i64::from(rows.count() > 0);
        CALLS.set(calls);
        if self.breaks("empty-batch") {
            assert!(rows.count() > 0, "an empty batch");
        }
        self.trap_at(&rows)?;
        self.talk(&rows)?;
        let count = rows.count();
        if self.breaks("many-rows") {
            let steps = count * 500_000;
            assert!((0..steps).map(black_box).all(|step| step < steps), "steps");
        }
        if self.breaks("memory-steady") && count > 0 {
            HOARD.with_borrow_mut(|hoard| hoard.push(black_box(vec![1; 512 << 10])));
        }
        let values = vec![self.flag(count, calls); count];
        let nulls = self.breaks("nulls-as-promised").then(|| vec![0; count.div_ceil(8)]);
        rows.batch().write_int64s("flag", &Int64s { values, validity: nulls })?;
        if self.breaks("key-unchanged") && count > 0 {
            rows.batch().write_int64s("id", &Int64s { values: vec![7; count], validity: None })?;
        }
        let missing = rows.missing("amount")?;
        if self.breaks("rows-not-dropped") {
            return rows.keep(&Mask::where_row(count, |row| !missing.contains(row)));
        }
        let (rule, reason) = self.words(&rows)?;
        rows.reject(&[Violation { rule, reason: &reason, rows: &missing }])
    }
}

wmshost_plugin::export_transform!(Rogue);

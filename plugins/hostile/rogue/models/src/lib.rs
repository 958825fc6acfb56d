//! Models that break the clause of certification that the setting `breaks` names; with `none` they keep all of them.

use wmshost_plugin::contract::types::Dialect;
use wmshost_plugin::models::{Declaration, Model, UnitTest, columns::*, not_null, unique};
use wmshost_plugin::{Declared, Description, Models, Result, Setting, Settings, Sql, rows};

/// The plugin.
pub struct Rogue;

impl Models for Rogue {
    fn describe() -> Description {
        let breaks = Declared::text("breaks", "The clause to break.").fallback(Setting::Text("none".into()));
        Description::new("rogue-models", "1.2.3", "Breaks a clause of certification.").setting(breaks)
    }

    fn declare(settings: &Settings, sql: Sql) -> Result<Declaration> {
        let breaks = settings.text("breaks")?;
        if breaks == "declares" {
            return Ok(Declaration::new());
        }
        let is_oracle = sql == Sql::of(Dialect::Oracle);
        let name = if breaks == "dialects-alike" && is_oracle { "other_totals" } else { "totals" };
        let statement = match breaks {
            "checked" => "SELECT id AS item, load_extension('x') AS total FROM {items}",
            "builds" => "SELECT id AS item, ABS(-9223372036854775807 - id) AS total FROM {items}",
            "tests-pass" => "SELECT 1 AS item, id AS total FROM {items}",
            _ => "SELECT id AS item, id * 2 AS total FROM {items}",
        };
        let total = if breaks == "unit-tests-pass" { 3 } else { 2 };
        let mut model = Model::mart(name)
            .summary("Twice of each item.")
            .reads(["items"])
            .sql(statement)
            .columns([int64("item", "The item."), int64("total", if breaks == "documented" { "" } else { "Twice." })]);
        if breaks != "tested" {
            model = model.test(unique(["item"])).test(not_null(["total"]));
        }
        if !["builds", "tests-pass"].contains(&breaks) {
            let unit = UnitTest::new("an item counts twice").given("items", rows! { id; 1 });
            model = model.unit_test(unit.expect(rows! { item, total; 1, total }));
        }
        Ok(Declaration::new().model(model))
    }
}

wmshost_plugin::export_models!(Rogue);

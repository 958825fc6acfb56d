//! Models that misbehave as their setting `behaviour` says; with `none`, two small and honest ones.

use wmshost_plugin::models::{
    Declaration, Model, SourceTable, Test, UnitTest, columns::*, hours, no_rows, not_null, unique,
};
use wmshost_plugin::{Declared, Description, Models, Result, Setting, Settings, Sql, invalid_config, rows};

/// The models.
pub struct Misbehaving;

impl Models for Misbehaving {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION"))
            .setting(Declared::text("behaviour", "How to misbehave.").fallback(Setting::Text("none".into())))
    }

    fn declare(settings: &Settings, sql: Sql) -> Result<Declaration> {
        let behaviour = settings.text("behaviour")?;
        let declaration = honest(sql);
        Ok(match behaviour {
            "none" => declaration,
            "many-models" => (0..100_000).fold(declaration, |all, at| all.model(Model::mart(&format!("m{at}")))),
            "many-tests" => declaration.model((0..100_000).fold(Model::mart("tested"), |model, _| model.test(one()))),
            "long-sql" => declaration.model(Model::mart("long").sql("SELECT 1 ".repeat(1 << 20))),
            "long-name" => declaration.model(Model::mart(&"n".repeat(1 << 20))),
            "many-columns" => declaration
                .model(Model::mart("wide").columns((0..100_000).map(|at| int64(&format!("c{at}"), "A column.")))),
            "many-rows" => {
                let mut given = rows! { allocation_id; 1 };
                given.rows = vec![given.rows[0].clone(); 1_000_000];
                declaration
                    .model(Model::mart("proven").unit_test(UnitTest::new("many rows").given("allocation", given)))
            }
            "reach-out" => reaching_out().fold(declaration, Declaration::model),
            "loop" => loop {
                std::hint::black_box(&declaration);
            },
            "panic" => panic!("no models today"),
            "fail" => return Err(invalid_config("these models want another setting")),
            other => return Err(invalid_config(format!("no behaviour is called {other}"))),
        })
    }
}

fn one() -> Test {
    no_rows("nothing", "SELECT 1 AS x WHERE 1 = 0")
}

/// SQL that reads tables outside of its dependencies, each in another way.
fn reaching_out() -> impl Iterator<Item = Model> {
    let tries = [
        ("another_table", "SELECT allocation_id FROM {allocation} UNION SELECT item_id FROM WMS_ITEM_MASTER"),
        ("quoted_table", "SELECT allocation_id FROM {allocation}, \"WMS_LOCATION\""),
        ("other_schema", "SELECT allocation_id FROM {allocation}, main.WMS_LOCATION"),
        ("the_catalogue", "SELECT allocation_id FROM {allocation}, sqlite_master"),
        ("the_users", "SELECT allocation_id FROM {allocation}, ALL_USERS"),
        ("shadowed", "WITH WMS_LOCATION AS (SELECT 1 AS allocation_id) SELECT allocation_id FROM {allocation}"),
        ("commented_out", "SELECT allocation_id FROM {allocation} /* /* */ , secret -- */"),
        ("in_quotes", "SELECT allocation_id FROM \"{allocation}\", secret"),
        ("two_statements", "SELECT allocation_id FROM {allocation}; DROP TABLE WMS_LOCATION"),
        ("pragma", "PRAGMA writable_schema = 1"),
        ("attach", "ATTACH '/tmp/elsewhere.db' AS elsewhere"),
        ("a_file", "SELECT readfile('/etc/passwd') AS allocation_id FROM {allocation}"),
        ("a_package", "SELECT pack.age AS allocation_id FROM {allocation}"),
        ("anothers_package", "SELECT other.pack.age AS allocation_id FROM {allocation}"),
        (
            "beside",
            "SELECT x.allocation_id FROM {allocation} pack, (SELECT pack.age AS allocation_id FROM {allocation}) x",
        ),
        ("a_write", "INSERT INTO WMS_LOCATION SELECT * FROM {allocation}"),
    ];
    tries.into_iter().map(|(name, sql)| {
        let model = Model::mart(name).sql(sql).columns([int64("allocation_id", "Its number.")]);
        if sql.contains("{allocation}") { model.reads(["allocation"]) } else { model }
    })
}

fn honest(sql: Sql) -> Declaration {
    let day = sql.day("created_date");
    Declaration::new()
        .source(
            SourceTable::of("allocation")
                .summary("What was allocated to orders.")
                .columns([int64("allocation_id", "Its number."), timestamp("created_date", "When it was made.")])
                .test(not_null(["allocation_id"]))
                .fresh(hours(2), hours(4)),
        )
        .model(
            Model::staging("stg_small")
                .summary("Allocations with the day they were made.")
                .reads(["allocation"])
                .sql(format!("SELECT allocation_id, {day} AS day FROM {{allocation}}"))
                .columns([int64("allocation_id", "Its number."), date("day", "When it was made.")])
                .test(unique(["allocation_id"])),
        )
        .model(
            Model::mart("per_day")
                .summary("Allocations per day.")
                .reads(["stg_small"])
                .sql("SELECT day, COUNT(*) AS allocations FROM {stg_small} GROUP BY day")
                .columns([date("day", "The day."), int64("allocations", "How many.")])
                .test(unique(["day"]))
                .unit_test(
                    UnitTest::new("days are counted apart")
                        .given("stg_small", rows! { allocation_id, day; 1, "2026-01-05"; 2, "2026-01-06" })
                        .expect(rows! { day, allocations; "2026-01-05", 1; "2026-01-06", 1 }),
                ),
        )
}

wmshost_plugin::export_models!(Misbehaving);

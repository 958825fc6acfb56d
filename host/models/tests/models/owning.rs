//! A build changes only the model's own tables and views: an object of another owner under a name that it needs stays
//! as it is, and nothing is built.

use wmshost_flow::model::{Materialization, Model, Snapshot, Strategy};
use wmshost_flow::{Claim, Dialect, Failure, FailureKind, OwnerKind, TableOwner, TakeOver, record_of};
use wmshost_models::Project;
use wmshost_oracle_emulator::{Effect, Fault, Moment};

use crate::oracle::{self, SERVER};
use crate::warehouse::{Warehouse, incremental, model, names, reported, setup, view};

const STRANGERS: [&str; 4] = ["an empty table", "a table with rows", "a table like one of the host", "a view"];

/// A warehouse of each kind, and its account on the emulator.
fn warehouses() -> [(Warehouse, Dialect, String); 2] {
    let (oracle, account) = oracle::warehouse();
    [(Warehouse::new(), Dialect::Sqlite, String::new()), (oracle, Dialect::Oracle, account)]
}

fn project(dialect: Dialect, models: Vec<Model>) -> Project {
    let setup = wmshost_models::Setup { dialect, ..setup(models) };
    Project::new(setup).unwrap_or_else(|wrong| panic!("{}", reported(&wrong)))
}

/// A model for each strategy. The last has a follower, so that its before images are kept.
fn models() -> Vec<(&'static str, Vec<Model>)> {
    let rows = "SELECT id, item, amount FROM {stock}";
    let columns = &["id", "item", "amount"];
    let plain = || model("mine", &["stock"], columns, rows);
    let changes = "SELECT id FROM {stock} WHERE wms_loaded_at > {watermark}";
    let by_id = format!("{rows} {{when incremental}} WHERE id IN (SELECT id FROM {{changes}}) {{end}}");
    let replaced = model("mine", &["stock"], columns, &by_id);
    let snapshot =
        Snapshot { key: names(&["id"]), check_columns: Vec::new(), updated_at: None, invalidate_deleted: true };
    let follower = model(
        "follower",
        &["mine"],
        &["id"],
        "SELECT id FROM {mine} {when incremental} UNION ALL SELECT id FROM {before:mine} {end}",
    );
    let merged = incremental(Strategy::Merge(names(&["id"])), None, plain());
    vec![
        ("view", vec![view("mine", &["stock"], columns, rows)]),
        ("table", vec![plain()]),
        ("merge", vec![merged.clone()]),
        ("replace", vec![incremental(Strategy::Replace(names(&["id"])), Some(changes), replaced)]),
        ("append", vec![incremental(Strategy::Append, None, plain())]),
        ("snapshot", vec![Model { materialization: Materialization::Snapshot(snapshot), ..plain() }]),
        ("followed", vec![merged, incremental(Strategy::Append, None, follower)]),
    ]
}

/// The names that a strategy needs.
fn needed(way: &str, dialect: Dialect) -> Vec<&'static str> {
    let mut needed = vec!["MINE"];
    if way != "view" {
        needed.push("WMSHOST_NEW_MINE");
        if dialect == Dialect::Oracle {
            needed.push("WMSHOST_OLD_MINE");
        }
    }
    if way == "followed" {
        needed.push("WMSHOST_BEFORE_MINE");
    }
    needed
}

fn make(warehouse: &Warehouse, dialect: Dialect, stranger: &str, name: &str) {
    let (whole, text, dual) = match dialect {
        Dialect::Sqlite => ("INTEGER", "TEXT", ""),
        Dialect::Oracle => ("NUMBER(19)", "VARCHAR2(100)", " FROM dual"),
    };
    let own = match stranger {
        "a table like one of the host" => format!(", wms_run_id {text}, wms_loaded_at TIMESTAMP(6)"),
        _ => String::new(),
    };
    match stranger {
        "a view" => warehouse.run_sql(&format!("CREATE VIEW {name} AS SELECT 1 AS id, 'x' AS name{dual}")),
        _ => warehouse.run_sql(&format!("CREATE TABLE {name} (id {whole} PRIMARY KEY, name {text}{own})")),
    }
    if stranger.contains("with rows") {
        warehouse.run_sql(&format!("INSERT INTO {name} VALUES (1, 'theirs')"));
    }
}

fn seen(warehouse: &Warehouse, name: &str) -> String {
    let mut sql = warehouse.target.sql().expect("a session");
    let query = format!("SELECT * FROM {name}");
    format!("{:?} {:?}", sql.columns(&query).unwrap_or_default(), sql.query(&query, &[]).unwrap_or_default())
}

fn refused(warehouse: &Warehouse, project: &Project, pipeline: &str, take_over: &[&str], case: &str) -> Failure {
    let take_over: Vec<TakeOver> = take_over.iter().map(|wish| TakeOver::parse(wish)).collect();
    let ran = warehouse.try_run_as(pipeline, project, |options| options.take_over = take_over);
    let failure = ran.expect_err(case);
    assert_eq!(failure.kind, FailureKind::InvalidConfig, "{case}: {failure}");
    failure
}

#[test]
fn no_way_to_build_a_model_touches_a_table_of_somebody_else() {
    for (warehouse, dialect, _) in warehouses() {
        for (way, models) in models() {
            let project = project(dialect, models);
            for name in needed(way, dialect) {
                for stranger in STRANGERS {
                    let case = format!("{dialect:?}, {way}, {stranger} {name}");
                    make(&warehouse, dialect, stranger, name);
                    let before = seen(&warehouse, name);
                    let failure = refused(&warehouse, &project, "wms", &[], &case);
                    assert!(
                        failure.to_string().contains("model mine: the ") && failure.to_string().contains(name),
                        "{failure}"
                    );
                    assert_eq!(seen(&warehouse, name), before, "{case}");
                    for other in needed(way, dialect).into_iter().filter(|other| *other != name) {
                        assert_eq!(seen(&warehouse, other), "[] []", "{case}: {other}");
                    }
                    let found =
                        project.foreign_tables("wms", &[], false, warehouse.target.sql().expect("sql").as_mut());
                    assert_eq!(found.expect("a look").len(), 1, "{case}");
                    let kind = if stranger == "a view" { "VIEW" } else { "TABLE" };
                    warehouse.run_sql(&format!("DROP {kind} {name}"));
                }
            }
        }
    }
}

#[test]
fn two_pipelines_do_not_build_the_same_models() {
    for (warehouse, dialect, _) in warehouses() {
        for (way, models) in models() {
            let project = project(dialect, models);
            assert!(!warehouse.run_as("wms", &project, |_| {}).has_failed(), "{way}");
            let before = seen(&warehouse, "MINE");
            let case = format!("{dialect:?}, {way}");
            let failure = refused(&warehouse, &project, "other", &[], &case);
            assert!(failure.to_string().contains("belongs to the model mine of the pipeline wms"), "{case}: {failure}");
            assert!(failure.to_string().contains("take_over = [\"MINE of wms\"] in [models]"), "{case}: {failure}");
            assert_eq!(seen(&warehouse, "MINE"), before, "{case}");
            assert!(!warehouse.run_as("wms", &project, |_| {}).has_failed(), "{way}");
            clean(&warehouse);
        }
    }
}

/// A stream and a model with the same table, whichever came first.
#[test]
fn a_stream_and_a_model_do_not_share_a_table() {
    for (warehouse, dialect, _) in warehouses() {
        let mut sql = warehouse.target.sql().expect("a session");
        let stream = TableOwner { pipeline: "wms".into(), kind: OwnerKind::Stream, name: "mine".into() };
        let claim = Claim { owner: &stream, run_id: "run-0", take_over: None, allows_triggers: false };
        claim.secure(sql.as_mut(), "MINE", 0).expect("a record");
        make(&warehouse, dialect, "a table like one of the host", "MINE");
        let before = seen(&warehouse, "MINE");
        for (way, models) in models() {
            let project = project(dialect, models);
            let failure = refused(&warehouse, &project, "wms", &[], way);
            assert!(failure.to_string().contains("the stream mine of this pipeline"), "{failure}");
            assert_eq!(seen(&warehouse, "MINE"), before, "{dialect:?}, {way}");
        }
    }
}

#[test]
fn what_stands_in_the_way_is_replaced_where_the_pipeline_says_so_by_name() {
    for (warehouse, dialect, _) in warehouses() {
        for (way, models) in models() {
            let project = project(dialect, models);
            for stranger in STRANGERS {
                let case = format!("{dialect:?}, {way}, {stranger}");
                make(&warehouse, dialect, stranger, "MINE");
                make(&warehouse, dialect, "a table with rows", "BYSTANDER");
                let bystander = seen(&warehouse, "BYSTANDER");
                refused(&warehouse, &project, "wms", &["OTHER", "MINE of other"], &case);
                let ran = warehouse.run_as("wms", &project, |options| {
                    options.take_over = vec![TakeOver::parse("mine")];
                });
                assert!(!ran.has_failed(), "{case}: {ran:#?}");
                assert_eq!(warehouse.rows("SELECT COUNT(*), SUM(amount) FROM MINE"), ["3 35"], "{case}");
                assert!(!warehouse.run_as("wms", &project, |_| {}).has_failed(), "{case}");
                refused(&warehouse, &project, "other", &["MINE"], &case);
                let ran = warehouse.run_as("other", &project, |options| {
                    options.take_over = vec![TakeOver::parse("MINE of wms"), TakeOver::parse("FOLLOWER of wms")];
                });
                assert!(!ran.has_failed(), "{case}: {ran:#?}");
                refused(&warehouse, &project, "wms", &[], &case);
                assert_eq!(seen(&warehouse, "BYSTANDER"), bystander, "{case}");
                clean(&warehouse);
            }
        }
    }
}

/// Removes everything that the tests of one strategy have left.
fn clean(warehouse: &Warehouse) {
    for name in ["MINE", "FOLLOWER", "BYSTANDER"] {
        for name in ["", "WMSHOST_NEW_", "WMSHOST_OLD_", "WMSHOST_BEFORE_"].map(|before| format!("{before}{name}")) {
            drop_if_there(warehouse, &name);
        }
    }
    warehouse.run_sql("DELETE FROM WMSHOST_TABLE");
    warehouse.run_sql("DELETE FROM WMSHOST_MODEL");
}

fn drop_if_there(warehouse: &Warehouse, name: &str) {
    let mut sql = warehouse.target.sql().expect("a session");
    for kind in ["TABLE", "VIEW"] {
        let _ = sql.execute(&format!("DROP {kind} {name}"), &[]);
    }
}

#[test]
fn a_streams_table_of_somebody_else_gets_no_index() {
    for (warehouse, dialect, _) in warehouses() {
        let indexes = match dialect {
            Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE 'WMSHOST_IX%'",
            Dialect::Oracle => "SELECT COUNT(*) FROM user_indexes WHERE index_name LIKE 'WMSHOST_IX%'",
        };
        let merged = project(dialect, models().swap_remove(2).1);
        assert!(!warehouse.build(&merged).has_failed());
        assert_eq!(warehouse.rows(indexes), ["0"], "{dialect:?}");
        let mut sql = warehouse.target.sql().expect("a session");
        let stream = TableOwner { pipeline: "wms".into(), kind: OwnerKind::Stream, name: "stock".into() };
        let wish = TakeOver::parse("WMS_STOCK");
        let claim = Claim { owner: &stream, run_id: "run-0", take_over: Some(&wish), allows_triggers: false };
        claim.secure(sql.as_mut(), "WMS_STOCK", 0).expect("a record");
        assert!(!warehouse.build(&merged).has_failed());
        assert_eq!(warehouse.rows(indexes), ["1"], "{dialect:?}");
    }
}

/// Oracle commits at every DDL statement: a build that is interrupted at any of them leaves the stranger's rows, or has
/// replaced them as configured; the next build completes it.
#[test]
fn a_take_over_that_breaks_off_anywhere_is_ended_by_the_next_build() {
    let (warehouse, account) = oracle::warehouse();
    let project = project(Dialect::Oracle, models().swap_remove(1).1);
    let points = [
        "ALTER TABLE \"MINE\" ADD",
        "CREATE TABLE WMSHOST_TABLE",
        "INSERT INTO WMSHOST_TABLE",
        "DELETE FROM WMSHOST_TABLE",
        "CREATE TABLE \"WMSHOST_NEW_MINE\"",
        "INTO \"WMSHOST_NEW_MINE\"",
        "ALTER TABLE \"MINE\" RENAME",
        "ALTER TABLE \"WMSHOST_NEW_MINE\"",
        "DROP TABLE \"WMSHOST_OLD_MINE\"",
        "INSERT INTO WMSHOST_MODEL",
    ];
    let mut struck = 0;
    for point in points {
        for effect in [Effect::DropBefore, Effect::DropAfter] {
            let case = format!("{point}, {effect:?}");
            make(&warehouse, Dialect::Oracle, "a table with rows", "MINE");
            make(&warehouse, Dialect::Oracle, "a table with rows", "BYSTANDER");
            let bystander = seen(&warehouse, "BYSTANDER");
            let fault = Fault::new(Moment::Statement(point.into()), effect).account(&account);
            let fault = SERVER.faults().add(fault);
            let take = || vec![TakeOver::parse("MINE")];
            let _ = warehouse.try_run_as("wms", &project, |options| options.take_over = take());
            struck += SERVER.faults().struck(fault);
            // The stranger's rows, or rows of the model: never none, except between the two renames of an exchange.
            let rows = warehouse.try_rows("SELECT COUNT(*) FROM MINE");
            let is_exchange = point.contains("RENAME") || point.contains("ALTER TABLE \"WMSHOST_NEW");
            let old = warehouse.try_rows("SELECT COUNT(*) FROM WMSHOST_OLD_MINE");
            match rows {
                Ok(rows) => assert!(rows == ["1"] || rows == ["3"], "{case}: {rows:?}"),
                Err(_) => assert!(is_exchange && old == Ok(vec!["1".to_owned()]), "{case}: {old:?}"),
            }
            let ran = warehouse.run_as("wms", &project, |options| options.take_over = take());
            assert!(!ran.has_failed(), "{case}: {ran:#?}");
            assert_eq!(warehouse.rows("SELECT COUNT(*), SUM(amount) FROM MINE"), ["3 35"], "{case}");
            let mut sql = warehouse.target.sql().expect("a session");
            let record = record_of(sql.as_mut(), "MINE").expect("a query").expect("a record");
            assert_eq!(record.owner.name, "mine", "{case}");
            assert_eq!(seen(&warehouse, "BYSTANDER"), bystander, "{case}");
            clean(&warehouse);
            drop_if_there(&warehouse, "WMSHOST_TABLE");
        }
    }
    assert!(struck >= 14, "{struck} faults struck");
}

/// Rows as the models read them, and others.
fn view_of(amount: &str) -> Vec<Model> {
    let statement = format!("SELECT id, item, {amount} AS amount FROM {{stock}}");
    vec![view("mine", &["stock"], &["id", "item", "amount"], &statement)]
}

/// The record of a model says who owns the name, not that the object with that name is the one that the model made.
#[test]
fn what_somebody_put_in_the_place_of_a_models_view_is_left_alone() {
    for (warehouse, dialect, _) in warehouses() {
        for stranger in ["a view", "a table like one of the host", "a table with rows"] {
            let case = format!("{dialect:?}, {stranger}");
            let first = project(dialect, view_of("amount"));
            assert!(!warehouse.run_as("wms", &first, |_| {}).has_failed(), "{case}");
            assert!(!warehouse.run_as("wms", &first, |_| {}).has_failed(), "{case}: its own view");
            warehouse.run_sql("DROP VIEW MINE");
            make(&warehouse, dialect, stranger, "MINE");
            let before = seen(&warehouse, "MINE");
            let changed = project(dialect, view_of("amount + 0"));
            for project in [&first, &changed] {
                let reported = match warehouse.try_run_as("wms", project, |_| {}) {
                    Ok(ran) => format!("{} {ran:?}", ran.has_failed()),
                    Err(failure) => format!("true {failure}"),
                };
                assert!(
                    reported.starts_with("true") && reported.contains("is not the one that wmshost made"),
                    "{case}: {reported}"
                );
                assert_eq!(seen(&warehouse, "MINE"), before, "{case}");
            }
            let ran = warehouse.run_as("wms", &changed, |options| options.take_over = vec![TakeOver::parse("MINE")]);
            assert!(!ran.has_failed(), "{case}: {ran:#?}");
            assert_eq!(warehouse.rows("SELECT COUNT(*), SUM(amount) FROM MINE"), ["3 35"], "{case}");
            clean(&warehouse);
        }
    }
}

#[test]
fn a_view_in_the_place_of_a_models_table_is_left_alone() {
    for (warehouse, dialect, _) in warehouses() {
        for (way, models) in models().into_iter().filter(|(way, _)| *way != "view") {
            let case = format!("{dialect:?}, {way}");
            let project = project(dialect, models);
            assert!(!warehouse.run_as("wms", &project, |_| {}).has_failed(), "{case}");
            warehouse.run_sql("DROP TABLE MINE");
            make(&warehouse, dialect, "a view", "MINE");
            let before = seen(&warehouse, "MINE");
            let ran = warehouse.run_as("wms", &project, |_| {});
            assert!(ran.has_failed(), "{case}");
            assert!(format!("{ran:?}").contains("is not the one that wmshost made"), "{case}: {ran:#?}");
            assert_eq!(seen(&warehouse, "MINE"), before, "{case}");
            clean(&warehouse);
        }
    }
}

#[test]
fn what_somebody_added_to_a_models_table_stays_when_the_table_is_replaced() {
    let warehouse = Warehouse::new();
    let rows = |item: &str| {
        vec![model(
            "mine",
            &["stock"],
            &["id", item, "amount"],
            &format!("SELECT id, item AS {item}, amount FROM {{stock}}"),
        )]
    };
    let first = project(Dialect::Sqlite, rows("item"));
    assert!(!warehouse.run_as("wms", &first, |_| {}).has_failed());
    warehouse.run_sql("CREATE TABLE SEEN (id INTEGER)");
    warehouse.run_sql("CREATE UNIQUE INDEX theirs ON MINE (id)");
    warehouse.run_sql("CREATE TRIGGER they_look AFTER DELETE ON MINE BEGIN INSERT INTO SEEN VALUES (old.id); END");
    let added = "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND tbl_name = 'MINE' ORDER BY name";
    warehouse.run_sql("CREATE INDEX by_item ON MINE (item)");
    let refused = warehouse.try_run_as("wms", &first, |options| options.full_refresh = true);
    let refused = refused.expect_err("a trigger").to_string();
    assert!(refused.contains("triggers that wmshost did not make (they_look)"), "{refused}");
    let ran = warehouse.run_as("wms", &first, |options| {
        (options.full_refresh, options.allows_triggers) = (true, true);
    });
    assert!(!ran.has_failed(), "{ran:#?}");
    assert_eq!(warehouse.rows(added), ["by_item", "theirs", "they_look"]);
    // An index that does not fit is named, and everything stays as it was.
    let before = seen(&warehouse, "MINE");
    let renamed = project(Dialect::Sqlite, rows("article"));
    let ran = warehouse.run_as("wms", &renamed, |options| options.allows_triggers = true);
    assert!(ran.has_failed() && format!("{ran:?}").contains("by_item, which somebody added"), "{ran:#?}");
    assert_eq!((seen(&warehouse, "MINE"), warehouse.rows(added).len()), (before, 3));
    warehouse.run_sql("DROP INDEX by_item");
    assert!(!warehouse.run_as("wms", &renamed, |options| options.allows_triggers = true).has_failed());
    assert_eq!(warehouse.rows(added), ["theirs", "they_look"]);
}

/// Oracle exchanges tables of different columns by two renames. A build that is interrupted between them, and the next
/// one at any statement of its own, leave the old rows under one of the two names until the new ones are in place.
#[test]
fn an_exchange_that_breaks_off_and_the_next_that_does_too_lose_no_table() {
    let (warehouse, account) = oracle::warehouse();
    let rows = |columns: &[&str]| {
        let statement = format!("SELECT {} FROM {{stock}}", columns.join(", "));
        project(Dialect::Oracle, vec![model("mine", &["stock"], columns, &statement)])
    };
    let (narrow, wide) = (rows(&["id", "amount"]), rows(&["id", "item", "amount"]));
    let strike = |point: &str, effect| {
        SERVER.faults().add(Fault::new(Moment::Statement(point.into()), effect).account(&account))
    };
    let mut struck = 0;
    // The answer to the first rename is lost; or the second fails, and so does the statement that undoes the first.
    let broken_off = [
        vec![("ALTER TABLE \"MINE\" RENAME", Effect::DropAfter)],
        vec![
            ("ALTER TABLE \"WMSHOST_NEW_MINE\"", Effect::DropBefore),
            ("ALTER TABLE \"WMSHOST_OLD_MINE\"", Effect::DropBefore),
        ],
    ];
    for first in broken_off {
        for point in [
            "ALTER TABLE \"WMSHOST_OLD_MINE\"",
            "TABLE \"WMSHOST_NEW_MINE\"",
            "INTO \"WMSHOST_NEW_MINE\"",
            "ALTER TABLE \"MINE\" RENAME",
            "ALTER TABLE \"WMSHOST_NEW_MINE\"",
            "DROP TABLE \"WMSHOST_OLD_MINE\"",
        ] {
            for effect in [Effect::DropBefore, Effect::DropAfter] {
                let case = format!("{first:?}, then {point} {effect:?}");
                assert!(!warehouse.run_as("wms", &narrow, |_| {}).has_failed(), "{case}");
                let faults: Vec<_> = first.iter().map(|(point, effect)| strike(point, effect.clone())).collect();
                let _ = warehouse.try_run_as("wms", &wide, |_| {});
                assert!(faults.into_iter().all(|fault| SERVER.faults().struck(fault) == 1), "{case}");
                assert!(warehouse.try_rows("SELECT COUNT(*) FROM MINE").is_err(), "{case}: it broke off in between");
                let two = strike(point, effect);
                let _ = warehouse.try_run_as("wms", &wide, |_| {});
                struck += SERVER.faults().struck(two);
                SERVER.faults().remove(two);
                let is_there = |name: &str| {
                    warehouse.try_rows(&format!("SELECT COUNT(*) FROM {name}")) == Ok(vec!["3".to_owned()])
                };
                assert!(is_there("MINE") || is_there("WMSHOST_OLD_MINE"), "{case}");
                let ran = warehouse.run_as("wms", &wide, |_| {});
                assert!(!ran.has_failed(), "{case}: {ran:#?}");
                assert_eq!(warehouse.rows("SELECT COUNT(*), SUM(amount), COUNT(item) FROM MINE"), ["3 35 3"], "{case}");
                assert!(!is_there("WMSHOST_OLD_MINE") && !is_there("WMSHOST_NEW_MINE"), "{case}");
                clean(&warehouse);
            }
        }
    }
    assert!(struck >= 20, "{struck} faults struck");
}

/// An exchange of tables would drop what somebody added to the old one.
#[test]
fn an_exchange_that_would_lose_an_index_of_somebody_else_is_refused() {
    let (warehouse, _) = oracle::warehouse();
    let rows = |columns: &[&str]| {
        let statement = format!("SELECT {} FROM {{stock}}", columns.join(", "));
        project(Dialect::Oracle, vec![model("mine", &["stock"], columns, &statement)])
    };
    let (narrow, wide) = (rows(&["id", "amount"]), rows(&["id", "item", "amount"]));
    assert!(!warehouse.run_as("wms", &narrow, |_| {}).has_failed());
    warehouse.run_sql("CREATE INDEX THEIRS ON MINE (AMOUNT)");
    let before = seen(&warehouse, "MINE");
    let ran = warehouse.run_as("wms", &wide, |_| {});
    let told = format!("{ran:?}");
    assert!(ran.has_failed() && told.contains("THEIRS, which somebody added to it, would be lost"), "{told}");
    assert_eq!(seen(&warehouse, "MINE"), before);
    // The rows alone are replaced with the index in place.
    assert!(!warehouse.run_as("wms", &narrow, |options| options.full_refresh = true).has_failed());
    warehouse.run_sql("DROP INDEX THEIRS");
    assert!(!warehouse.run_as("wms", &wide, |_| {}).has_failed());
    assert_eq!(warehouse.rows("SELECT COUNT(*), COUNT(item) FROM MINE"), ["3 3"]);
}

//! A table that is not recorded as the stream's own is never touched, whatever is asked for, and under whatever name it
//! is in the way.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use wmshost_flow::{
    Claim, Failure, FailureKind, Lease, LeaseOwner, MERGE_SUFFIX, MergeRule, OwnerKind, Removal, STAGED_SUFFIX,
    STAGING_PREFIXES, Secured, TableOwner, TakeOver, TargetGrant, TargetSession, WriteStats, record_of,
};

use crate::world::{World, batch, in_transaction, worlds};

/// The objects of other owners that may have a name.
const STRANGERS: [&str; 4] = ["an empty table", "a table with rows", "a table like one of the host", "a view"];

/// The requests that a session may get.
const REQUESTS: [&str; 9] =
    ["create", "add columns", "widen", "insert", "merge", "stage", "keep deleted", "delete", "mark as deleted"];

fn run(world: &World, statement: &str) {
    let mut sql = world.target().sql().expect("a session");
    sql.execute(statement, &[]).unwrap_or_else(|failure| panic!("{statement}: {failure}"));
}

fn make(world: &World, stranger: &str, name: &str) {
    let (whole, text) = if world.is_oracle() { ("NUMBER(19)", "VARCHAR2(100)") } else { ("INTEGER", "TEXT") };
    let own = format!(", changed TIMESTAMP(6), wms_run_id {text}, wms_loaded_at TIMESTAMP(6)");
    let columns = format!("id {whole} PRIMARY KEY, name {text}");
    match stranger {
        "a view" if world.is_oracle() => run(world, &format!("CREATE VIEW {name} AS SELECT 1 id, 'x' name FROM dual")),
        "a view" => run(world, &format!("CREATE VIEW {name} AS SELECT 1 AS id, 'x' AS name")),
        "a table like one of the host" => run(world, &format!("CREATE TABLE {name} ({columns}{own})")),
        _ => run(world, &format!("CREATE TABLE {name} ({columns})")),
    }
    if stranger.contains("with rows") {
        run(world, &format!("INSERT INTO {name} VALUES (1, 'theirs')"));
    }
}

fn unmake(world: &World, stranger: &str, name: &str) {
    run(world, &format!("DROP {} {name}", if stranger == "a view" { "VIEW" } else { "TABLE" }));
}

/// All visible parts of a table: its columns and rows.
fn seen(world: &World, name: &str) -> String {
    let mut sql = world.target().sql().expect("a session");
    let query = format!("SELECT * FROM {name}");
    let columns = sql.columns(&query).unwrap_or_default();
    format!("{columns:?} {:?}", sql.query(&query, &[]).unwrap_or_default())
}

fn session(world: &World, change: impl FnOnce(&mut TargetGrant)) -> Box<dyn TargetSession> {
    let mut grant = world.grant("run-1");
    change(&mut grant);
    world.target().session(grant).expect("a session")
}

fn ask(world: &World, writer: &mut dyn TargetSession, request: &str) -> Result<(), Failure> {
    let (table, rows) = (world.table.as_str(), batch(&[(1, Some("ours"), None)]));
    let more = Arc::new(Schema::new(vec![Field::new("more", DataType::Int64, true)]));
    let wide = Arc::new(Schema::new(vec![Field::new("id", DataType::Decimal128(30, 0), true)]));
    let key = rows.project(&[0]).expect("a column");
    writer.begin().expect("a transaction");
    let asked = match request {
        "create" => writer.create(&world.definition(&["id"])),
        "add columns" => writer.add_columns(table, &more),
        "widen" => writer.widen_columns(table, &wide),
        "insert" => writer.insert(table, &rows).map(drop),
        "merge" => writer.merge(table, &rows, &MergeRule { key: vec!["id".to_owned()], version: None }).map(drop),
        "stage" => writer.stage(&world.definition(&["id"]), false).map(drop),
        "keep deleted" => writer.keep_deleted(table),
        "delete" => writer.remove(table, &key, Removal::Delete).map(drop),
        _ => writer.remove(table, &key, Removal::Soft).map(drop),
    };
    match asked {
        Ok(()) => writer.commit(),
        Err(failure) => {
            writer.rollback().expect("a rollback");
            Err(failure)
        }
    }
}

fn replace(world: &World, writer: &mut dyn TargetSession, name: &str) -> WriteStats {
    let staged = in_transaction(writer, |writer| writer.stage(&world.definition(&["id"]), false));
    in_transaction(writer, |writer| writer.insert(&staged, &batch(&[(1, Some(name), None)])));
    in_transaction(writer, |writer| writer.swap(&world.table))
}

#[test]
fn nothing_that_is_asked_for_touches_a_table_of_somebody_else() {
    for world in worlds() {
        for stranger in STRANGERS {
            make(&world, stranger, &world.table);
            let before = seen(&world, &world.table);
            for request in REQUESTS {
                let case = format!("{}, {stranger}, {request}", world.driver());
                let failure = ask(&world, world.writer().as_mut(), request).expect_err(&case);
                assert_eq!(failure.kind, FailureKind::InvalidConfig, "{case}: {failure}");
                let kind = if stranger == "a view" { "the view" } else { "the table" };
                assert!(
                    failure.to_string().contains(kind) && failure.to_string().contains("not made by wmshost"),
                    "{failure}"
                );
                assert_eq!(seen(&world, &world.table), before, "{case}");
                assert_eq!(seen(&world, &format!("{}__NEXT", world.table)), "[] []", "{case}");
            }
            unmake(&world, stranger, &world.table);
        }
    }
}

#[test]
fn a_stranger_beside_the_table_is_not_used_to_stage_rows() {
    for world in worlds() {
        let mut writer = world.writer();
        replace(&world, writer.as_mut(), "first");
        let beside = format!("{}__NEXT", world.table);
        run(&world, &format!("DELETE FROM WMSHOST_TABLE WHERE table_name = '{beside}'"));
        for stranger in STRANGERS {
            make(&world, stranger, &beside);
            let before = seen(&world, &beside);
            let case = format!("{}, {stranger}", world.driver());
            let failure = ask(&world, writer.as_mut(), "stage").expect_err(&case);
            assert!(failure.to_string().contains("rename the table or drop it yourself"), "{case}: {failure}");
            // A request that needs no staged table succeeds.
            ask(&world, writer.as_mut(), "merge").unwrap_or_else(|failure| panic!("{case}: {failure}"));
            assert_eq!(seen(&world, &beside), before, "{case}");
            unmake(&world, stranger, &beside);
        }
        ask(&world, writer.as_mut(), "stage").expect("a staged table");
    }
}

#[test]
fn the_temporary_table_of_large_merges_is_not_taken_from_somebody_else() {
    for world in worlds().into_iter().filter(World::is_oracle) {
        let mut writer = world.writer();
        replace(&world, writer.as_mut(), "first");
        let beside = format!("{}__MERGE", world.table);
        make(&world, "a table with rows", &beside);
        let before = seen(&world, &beside);
        let rows = batch(&[(1, Some("a"), None), (2, Some("b"), None), (3, Some("c"), None)]);
        let rule = MergeRule { key: vec!["id".to_owned()], version: None };
        in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &rows, &rule));
        assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), ["1 a", "2 b", "3 c"], "{}", world.driver());
        assert_eq!(seen(&world, &beside), before, "{}", world.driver());
    }
}

/// Whatever the difference between two claimants, pipeline or stream, and however the name is written.
#[test]
fn a_table_of_another_stream_or_pipeline_is_refused_with_its_owner() {
    for world in worlds() {
        replace(&world, world.writer().as_mut(), "first");
        let before = seen(&world, &world.table);
        for (pipeline, stream, lower) in
            [("other", "s", false), (world.table.as_str(), "t", false), ("other", "t", true)]
        {
            let mut writer = session(&world, |grant| {
                grant.pipeline = pipeline.to_owned();
                grant.stream = stream.to_owned();
                if lower {
                    grant.table = grant.table.to_lowercase();
                }
            });
            for request in REQUESTS {
                let case = format!("{}, {pipeline} {stream}, {request}", world.driver());
                let failure = ask(&world, writer.as_mut(), request).expect_err(&case);
                assert_eq!(failure.kind, FailureKind::InvalidConfig, "{case}: {failure}");
                assert!(failure.to_string().contains("belongs to the stream s of "), "{case}: {failure}");
                let wish = format!(" of {}\"", world.table);
                assert!(
                    failure.to_string().contains(&wish) && failure.to_string().contains("run-1"),
                    "{case}: {failure}"
                );
                assert_eq!(seen(&world, &world.table), before, "{case}");
            }
        }
        replace(&world, world.writer().as_mut(), "second");
    }
}

#[test]
fn a_table_that_was_put_in_the_place_of_a_dropped_one_is_somebody_elses() {
    for world in worlds() {
        replace(&world, world.writer().as_mut(), "first");
        run(&world, &format!("DROP TABLE {}", world.table));
        make(&world, "a table with rows", &world.table);
        let before = seen(&world, &world.table);
        for request in REQUESTS {
            let case = format!("{}, {request}", world.driver());
            let failure = ask(&world, world.writer().as_mut(), request).expect_err(&case);
            assert!(failure.to_string().contains("is not the one that wmshost made"), "{case}: {failure}");
            assert_eq!(seen(&world, &world.table), before, "{case}");
        }
    }
}

#[test]
fn a_table_is_taken_over_by_its_name_and_its_owners() {
    for world in worlds() {
        make(&world, "a table with rows", &world.table);
        let take = |grant: &mut TargetGrant, wish: &str| grant.take_over = Some(TakeOver::parse(wish));
        for wish in ["ANOTHER", &format!("{} of nobody", world.table)] {
            let failure = ask(&world, session(&world, |grant| take(grant, wish)).as_mut(), "stage").expect_err(wish);
            assert_eq!(failure.kind, FailureKind::InvalidConfig, "{}: {failure}", world.driver());
        }
        let wish = world.table.to_lowercase();
        let mut writer = session(&world, |grant| take(grant, &wish));
        in_transaction(writer.as_mut(), |writer| {
            writer.add_columns(&world.table, &batch(&[]).project(&[2]).expect("a column").schema())
        });
        ask(&world, writer.as_mut(), "merge").expect("a merge");
        assert_eq!(world.rows("SELECT id, name FROM T"), ["1 ours"], "{}", world.driver());
        replace(&world, writer.as_mut(), "replaced");
        // The key is used up: a table of the stream's own needs none.
        replace(&world, world.writer().as_mut(), "own");

        let other = |wish: Option<&str>| {
            session(&world, |grant| {
                grant.pipeline = "other".to_owned();
                grant.run_id = "run-2".to_owned();
                grant.take_over = wish.map(TakeOver::parse);
            })
        };
        ask(&world, other(Some(&wish)).as_mut(), "merge").expect_err("it does not say whose it is");
        let wish = format!("{} of {}", world.table, world.table);
        ask(&world, other(Some(&wish)).as_mut(), "merge").expect("a merge");
        let mut sql = world.target().sql().expect("a session");
        let record = record_of(sql.as_mut(), &world.table).expect("a query").expect("a record");
        assert_eq!((record.owner.pipeline.as_str(), record.run_id.as_str()), ("other", "run-2"));
        replace(&world, other(Some(&wish)).as_mut(), "with what is beside it");
        let before = seen(&world, &world.table);
        for request in REQUESTS {
            let failure = ask(&world, world.writer().as_mut(), request).expect_err(request);
            assert!(failure.to_string().contains("the stream s of the pipeline other"), "{failure}");
        }
        assert_eq!(seen(&world, &world.table), before, "{}", world.driver());
        ask(&world, other(None).as_mut(), "merge").expect("it is the other's own");
    }
}

#[test]
fn a_table_is_not_taken_over_while_its_owner_writes_it() {
    for world in worlds() {
        replace(&world, world.writer().as_mut(), "first");
        let lease = Lease {
            pipeline: world.table.clone(),
            stream: "s".to_owned(),
            run_id: "run-1".to_owned(),
            holder: LeaseOwner { machine: "m".to_owned(), process: 1 },
        };
        let mut sql = world.target().sql().expect("a session");
        sql.begin().expect("a transaction");
        lease.acquire(sql.as_mut(), &|_| false).expect("a lease");
        sql.commit().expect("a commit");
        let wish = format!("{} of {}", world.table, world.table);
        let mut writer = session(&world, |grant| {
            grant.pipeline = "other".to_owned();
            grant.run_id = "run-2".to_owned();
            grant.take_over = Some(TakeOver::parse(&wish));
        });
        let failure = ask(&world, writer.as_mut(), "merge").expect_err("a lease is held");
        assert_eq!(failure.kind, FailureKind::Busy, "{}: {failure}", world.driver());
        assert!(failure.to_string().contains("run-1"), "{failure}");
        run(&world, &format!("DELETE FROM WMSHOST_LEASE WHERE pipeline = '{}'", world.table));
        ask(&world, writer.as_mut(), "merge").expect("a merge");
    }
}

/// A transaction that is rolled back leaves neither a record nor a table.
#[test]
fn what_is_undone_is_not_recorded() {
    for world in worlds() {
        let mut writer = world.writer();
        writer.begin().expect("a transaction");
        writer.create(&world.definition(&["id"])).expect("a table");
        writer.rollback().expect("a rollback");
        let mut sql = world.target().sql().expect("a session");
        assert_eq!(record_of(sql.as_mut(), &world.table).expect("a query"), None, "{}", world.driver());
        assert_eq!(seen(&world, &world.table), "[] []", "{}", world.driver());
    }
}

/// Streams and models of two pipelines, in every order, under every name that one of them can need, in either spelling.
#[test]
fn no_two_owners_share_a_name_whichever_came_first() {
    let owner = |pipeline: &str, kind, name: &str| TableOwner { pipeline: pipeline.into(), kind, name: name.into() };
    let owners = [
        owner("p", OwnerKind::Stream, "a"),
        owner("p", OwnerKind::Stream, "b"),
        owner("q", OwnerKind::Stream, "a"),
        owner("p", OwnerKind::Model, "a"),
        owner("p", OwnerKind::Model, "b"),
        owner("q", OwnerKind::Model, "a"),
    ];
    for world in worlds() {
        make(&world, "a table with rows", &format!("{}_CANARY", world.table));
        let canary = seen(&world, &format!("{}_CANARY", world.table));
        let table = &world.table;
        let mut names = vec![table.clone(), format!("{table}{STAGED_SUFFIX}"), format!("{table}{MERGE_SUFFIX}")];
        names.extend(STAGING_PREFIXES.map(|prefix| format!("{prefix}{table}")));
        let mut sql = world.target().sql().expect("a session");
        let mut pairs = 0;
        for (first, second) in owners.iter().flat_map(|first| owners.iter().map(move |second| (first, second))) {
            for (at, name) in names.iter().enumerate() {
                let case = format!("{}: {first:?}, then {second:?}: {name}", world.driver());
                let claim = |owner| Claim { owner, run_id: "run-1", take_over: None, allows_triggers: false };
                sql.begin().expect("a transaction");
                assert_eq!(claim(first).secure(sql.as_mut(), name, 0), Ok(Secured::New), "{case}");
                let other = if at % 2 == 0 { name.to_lowercase() } else { name.clone() };
                match claim(second).secure(sql.as_mut(), &other, 0) {
                    Ok(secured) => assert_eq!((secured, first), (Secured::Own, second), "{case}"),
                    Err(failure) => {
                        assert!(first != second && failure.kind == FailureKind::InvalidConfig, "{case}: {failure}");
                        let whose = format!("{} {}", first.kind.name(), first.name);
                        assert!(failure.to_string().contains(&whose), "{case}: {failure}");
                    }
                }
                // Next to each other they are free.
                let beside = &names[(at + 1) % names.len()];
                assert_eq!(claim(second).secure(sql.as_mut(), beside, 0), Ok(Secured::New), "{case}");
                let record = record_of(sql.as_mut(), name).expect("a query").expect("a record");
                assert_eq!(&record.owner, first, "{case}");
                let canary = format!("{table}_CANARY");
                let refused = claim(second).secure(sql.as_mut(), &canary, 0).expect_err(&case);
                assert!(refused.to_string().contains("was not made by wmshost"), "{case}: {refused}");
                sql.rollback().expect("undone");
                pairs += 1;
            }
        }
        assert_eq!(pairs, owners.len() * owners.len() * names.len());
        assert_eq!(seen(&world, &format!("{}_CANARY", world.table)), canary, "{}", world.driver());
    }
}

/// A trigger can change, drop or add rows without a sign, on every database.
#[test]
fn a_table_with_triggers_is_refused_unless_they_are_allowed() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        let owner = TableOwner { pipeline: world.table.clone(), kind: OwnerKind::Stream, name: "s".to_owned() };
        let claim = |allows_triggers| Claim { owner: &owner, run_id: "run-1", take_over: None, allows_triggers };
        let mut sql = world.target().sql().expect("a session");
        assert_eq!(claim(false).refusal(sql.as_mut(), &world.table), Ok(None), "{}", world.driver());
        world.add_trigger("theirs");
        let refusal = claim(false).refusal(sql.as_mut(), &world.table).expect("an answer");
        let refusal = refusal.unwrap_or_else(|| panic!("{}", world.driver()));
        let is_named = refusal.to_lowercase().contains("did not make (theirs)");
        assert!(is_named && refusal.contains("target_triggers"), "{}: {refusal}", world.driver());
        assert_eq!(claim(true).refusal(sql.as_mut(), &world.table), Ok(None), "{}", world.driver());
        // One that is made between two transactions of a run is noticed by the second.
        writer.begin().expect("a transaction");
        let failure = writer.insert(&world.table, &batch(&[(1, None, None)])).expect_err("a trigger");
        assert!(failure.to_string().contains("did not make"), "{}: {failure}", world.driver());
        writer.rollback().expect("a rollback");
        assert!(world.rows("SELECT id FROM T").is_empty(), "{}", world.driver());
    }
}

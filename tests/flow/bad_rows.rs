//! Bad rows of every kind, by every method and in batches of every size: the target has the good rows, quarantine the
//! bad ones as the source has them, each with its true reason.

use std::fmt::Write as _;

use wmshost_tests::{Numbers, TestProject};

/// The mistake in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    NullInKey,
    NullKey,
    LongKey,
    NoNumber,
    TooManyDigits,
    TooFine,
    NoDate,
    NotUtf8,
    TooLarge,
    Refused,
}

const KINDS: [Kind; 10] = [
    Kind::NullInKey,
    Kind::NullKey,
    Kind::LongKey,
    Kind::NoNumber,
    Kind::TooManyDigits,
    Kind::TooFine,
    Kind::NoDate,
    Kind::NotUtf8,
    Kind::TooLarge,
    Kind::Refused,
];

impl Kind {
    /// The rule, and a text that the reason must contain.
    fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("", ""),
            Self::NullInKey => ("null-key", "the key column b is NULL"),
            Self::NullKey => ("null-key", "the key columns a, b are NULL"),
            Self::LongKey => ("long-key", "the key column b has 5000 bytes, and a key has at most 4095"),
            Self::NoNumber => {
                ("bad-value", "amount, declared DECIMAL(8,2), holds a value that is text, not a number: 'n/a'")
            }
            Self::TooManyDigits => ("bad-value", "has 7 digits before the point, the column holds 6: 1234567"),
            Self::TooFine => ("bad-value", "has 3 digits after the point, the column holds 2: 1.005"),
            Self::NoDate => ("bad-value", "at, declared TIMESTAMP, holds a value that is not a date or moment: 'n/a'"),
            Self::NotUtf8 => ("bad-value", "note, declared TEXT, holds a value that is not UTF-8 text"),
            Self::TooLarge => ("bad-value", "has 1100000 bytes, at most 1048576 are read (lob_mib"),
            Self::Refused => ("unique", "the target refuses it: UNIQUE constraint failed: WMS_S.code"),
        }
    }
}

/// A row as it is written into the source, and its expected outcome.
struct Row {
    kind: Kind,
    /// The values as SQL.
    values: [String; 7],
    /// The parts that the row must have in quarantine.
    kept: Vec<String>,
}

const TABLE: &str = "CREATE TABLE s (a INTEGER, b TEXT, amount DECIMAL(8,2), at TIMESTAMP, note TEXT, code INTEGER,
    changed TIMESTAMP, PRIMARY KEY (a, b));";

fn row(number: u64, kind: Kind) -> Row {
    let mut values = [
        number.to_string(),
        format!("'b{number}'"),
        format!("{number}.25"),
        format!("'2026-01-31 10:00:{:02}'", number % 60),
        format!("'note {number}'"),
        number.to_string(),
        format!("'2026-02-01 00:{:02}:00'", number % 60),
    ];
    let mut kept = vec![format!("\"amount\":\"{number}.25\"")];
    let change: &[(usize, &str, Option<&str>)] = match kind {
        Kind::Good => &[],
        Kind::NullInKey => &[(1, "NULL", Some("\"b\":null"))],
        Kind::NullKey => &[(0, "NULL", Some("\"a\":null")), (1, "NULL", Some("\"b\":null"))],
        Kind::LongKey => &[(1, "hex(zeroblob(2500))", Some("\"b\":\"000000"))],
        Kind::NoNumber => &[(2, "'n/a'", Some("\"amount\":\"n/a\""))],
        Kind::TooManyDigits => &[(2, "1234567", Some("\"amount\":1234567"))],
        Kind::TooFine => &[(2, "1.005", Some("\"amount\":1.005"))],
        Kind::NoDate => &[(3, "'n/a'", Some("\"at\":\"n/a\""))],
        Kind::NotUtf8 => &[(4, "CAST(x'ff41' AS TEXT)", Some("\"note\":{\"bytes\":\"ff41\",\"stored\":\"text\"}"))],
        Kind::TooLarge => &[(4, "hex(zeroblob(550000))", Some("\"note\":{\"too_large\":\"1100000 bytes\"}"))],
        Kind::Refused => &[(5, "-1", Some("\"code\":-1"))],
    };
    for (column, value, expected) in change {
        values[*column] = (*value).to_owned();
        if *column == 2 {
            kept.clear();
        }
        kept.extend(expected.map(str::to_owned));
    }
    Row { kind, values, kept }
}

fn insert(rows: &[Row]) -> String {
    rows.iter().fold(String::new(), |mut sql, row| {
        let _ = write!(sql, "INSERT INTO s VALUES ({});", row.values.join(", "));
        sql
    })
}

/// The source's connection reads texts of up to a mebibyte.
fn write_pipeline(project: &TestProject, stream: &str) {
    project.write_stream(stream);
    let text = std::fs::read_to_string(project.pipeline()).expect("a pipeline");
    let text = text.replace("[connections.ana]", "lob_mib = 1\n[connections.ana]");
    std::fs::write(project.pipeline(), text).expect("a pipeline");
}

fn project(batch_rows: &str, stream: &str) -> TestProject {
    let mut project = TestProject::with_stream(TABLE, "");
    project.set("WMS_BATCH_SIZE", batch_rows);
    project.set("TARGET_BATCH_SIZE", if batch_rows == "1" { "3" } else { "50" });
    write_pipeline(&project, stream);
    project
}

/// A table that has a unique index of another owner, which refuses a second row with the code -1, also in a load that
/// replaces the table.
fn with_index(project: &TestProject) {
    project.change("INSERT INTO s VALUES (0, 'b0', 0.25, NULL, NULL, -1, '2026-02-01 00:00:00')");
    project.run();
    project.target().execute_batch("CREATE UNIQUE INDEX codes ON WMS_S (code)").expect("an index");
}

fn method(name: &str) -> String {
    match name {
        "incremental" => "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"1d\"\n".to_owned(),
        name => format!("method = \"{name}\"\n"),
    }
}

#[test]
fn the_target_has_the_good_rows_and_quarantine_the_bad_ones_as_the_source_has_them() {
    let mut numbers = Numbers(11);
    let mut cases = 0;
    for name in ["full", "incremental", "append"] {
        for batch_rows in ["1", "7", "100"] {
            let stream = format!("{}max_rejected_percent = 100\n", method(name));
            let project = project(batch_rows, &stream);
            with_index(&project);
            let of = |number: u64, numbers: &mut Numbers| match numbers.pick(&KINDS) {
                _ if numbers.chance(50) => row(number, Kind::Good),
                kind => row(number, kind),
            };
            let rows: Vec<Row> = (1..=40).map(|number| of(number, &mut numbers)).collect();
            project.change(&insert(&rows));
            let run = project.run_stream("s");
            let when = format!("{name}, batches of {batch_rows}");
            let bad: Vec<&Row> = rows.iter().filter(|row| row.kind != Kind::Good).collect();
            assert_eq!(run["rows_rejected"], bad.len(), "{when}");
            let good = rows.iter().filter(|row| row.kind == Kind::Good);
            let expected: Vec<String> = good.map(|row| row.values[0].clone()).collect();
            assert_eq!(project.rows("SELECT a FROM WMS_S WHERE a > 0 ORDER BY a"), expected, "{when}");
            let kept = project.wmshost("quarantine list", &["--output", "json", "--limit", "0"]).succeeded().json();
            let kept = kept.as_array().expect("rows");
            assert_eq!(kept.len(), bad.len(), "{when}");
            for row in bad {
                let (rule, reason) = row.kind.reason();
                let is_meant = |kept: &&serde_json::Value| {
                    let json = kept["row"].to_string();
                    let text = row.kept.iter().all(|part| json.contains(part));
                    text && json.contains(&format!("\"changed\":\"{}.000000\"", row.values[6].trim_matches('\'')))
                };
                let found = kept.iter().filter(is_meant).find(|kept| kept["rule"] == rule);
                let found =
                    found.unwrap_or_else(|| panic!("{when}: {:?} {:?} is not in {kept:#?}", row.kind, row.kept));
                assert!(found["reason"].as_str().is_some_and(|said| said.contains(reason)), "{when}: {found}");
                cases += 1;
            }
            // The same run again changes nothing, and every row is kept once.
            let again: &[&str] = if name == "full" { &["--full-refresh"] } else { &[] };
            project.wmshost("run", again).succeeded();
            assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), kept.len() as i64, "{when}, again");
        }
    }
    println!("{cases} bad rows");
    assert!(cases > 100);
}

#[test]
fn a_stream_that_asks_for_it_fails_with_the_row_and_what_to_do() {
    for name in ["full", "incremental"] {
        for kind in KINDS {
            let project = project("7", &format!("{}on_bad_value = \"fail\"\n", method(name)));
            if kind == Kind::Refused {
                with_index(&project);
            }
            project.change(&insert(&[row(1, Kind::Good), row(2, Kind::Good), row(7, kind)]));
            let (_, reason) = kind.reason();
            // The value is only in quarantine, not in the failure.
            let reason = reason.split(": ").take(1 + usize::from(kind == Kind::Refused)).collect::<Vec<_>>().join(": ");
            let key = match kind {
                Kind::NullInKey => "(a=7, b=NULL)",
                Kind::NullKey => "(a=NULL, b=NULL)",
                Kind::LongKey => "(a=7, b=000000",
                _ => "(a=7, b=b7)",
            };
            project.wmshost("run", &[]).ended(1).says(&[
                "stream s, ",
                "row ",
                key,
                &reason,
                "on_bad_value = \"reject\"",
            ]);
        }
    }
}

#[test]
fn a_key_that_is_there_twice_in_a_full_load_costs_one_row() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER, v TEXT); INSERT INTO s VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd');",
        "key = [\"id\"]",
    );
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&3.into(), &1.into()));
    let kept = project.rows("SELECT rule, row_key, stage FROM WMSHOST_QUARANTINE");
    assert_eq!(kept, ["duplicate-key id=2 load"]);
}

#[test]
fn a_row_that_is_larger_than_a_batch_is_a_bad_value() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);
         INSERT INTO s VALUES (1, 'x', 'y', 'z'), (3, 'x', 'y', 'z'), (4, hex(zeroblob(400000)), NULL, NULL);
         INSERT INTO s VALUES (2, hex(zeroblob(400000)), hex(zeroblob(400000)), hex(zeroblob(400000)));",
        "",
    );
    let text = std::fs::read_to_string(project.pipeline()).expect("a pipeline");
    std::fs::write(project.pipeline(), format!("{text}\n[limits]\nbatch_mib = 2\n")).expect("a pipeline");
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&3.into(), &1.into()));
    let reason = project.rows("SELECT reason FROM WMSHOST_QUARANTINE").remove(0);
    assert!(reason.contains("a batch holds 2097152") && reason.contains("batch_mib"), "{reason}");
}

#[test]
fn many_columns_are_read_in_smaller_batches() {
    let columns: Vec<String> = (0..900).map(|n| format!("c{n} DECIMAL(12,2)")).collect();
    let project = TestProject::with_stream(
        &format!(
            "CREATE TABLE s (id INTEGER PRIMARY KEY, {});
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO s (id, c7) SELECT i, i FROM n;",
            columns.join(", ")
        ),
        "",
    );
    let text = std::fs::read_to_string(project.pipeline()).expect("a pipeline");
    std::fs::write(project.pipeline(), format!("{text}\n[limits]\nbatch_mib = 1\n")).expect("a pipeline");
    assert_eq!(project.run_stream("s")["rows_written"], 300);
}

#[test]
fn everything_rejected_is_not_success() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2), changed TIMESTAMP);
        INSERT INTO s VALUES (1, 1, '2026-01-01'), (2, 2, '2026-01-01'), (3, 3, '2026-01-01');";
    for name in ["full", "incremental"] {
        let project = TestProject::with_stream(table, &method(name));
        project.run();
        project.change("UPDATE s SET amount = 'many', changed = '2026-01-02'");
        let run = project.wmshost("run", &["--output", "json"]).ended(4);
        let run = run.says(&["every row that was read was rejected (3)", "wmshost quarantine list"]).json();
        assert_eq!((&run["status"], &run["streams"][0]["status"]), (&"rejected".into(), &"rejected".into()), "{name}");
        assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 3, "{name}: the table is as it was");
        if name == "full" {
            project.wmshost("run", &[]).ended(4);
        }
        project.change("UPDATE s SET amount = id, changed = '2026-01-03' WHERE id < 3");
        project.wmshost("run", &[]).succeeded().says(&["s: 1 of 3 rows were rejected", "--stream s"]);
        let left = if name == "full" { 2 } else { 3 };
        assert_eq!(project.number("SELECT count(*) FROM WMS_S"), left, "{name}");
        assert_eq!(
            project.rows("SELECT row_key FROM WMSHOST_QUARANTINE"),
            ["id=3"],
            "{name}: what was loaded is forgotten"
        );
    }
}

#[test]
fn a_share_of_rejected_rows_stops_a_stream_from_the_eleventh_on() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2));
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
        INSERT INTO s SELECT i, CASE WHEN i <= 10 THEN 'many' ELSE i END FROM n;";
    let project = TestProject::with_stream(table, "");
    project.run();
    project.change("UPDATE s SET amount = 'many' WHERE id = 11");
    let words = ["max_rejected_percent: 5 allowed, 5.50 (11 of 200 rows)", "wmshost quarantine list"];
    project.wmshost("run", &[]).ended(1).says(&words);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 190, "the table is as it was");
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 11);
    project.write_stream("max_rejected_percent = 6");
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 189);
}

#[test]
fn rows_that_a_run_of_changes_meets_again_do_not_stop_it_and_those_that_stopped_it_do() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2), changed TIMESTAMP);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO s SELECT i, i, '2026-01-01' FROM n;";
    let stream = |more: &str| format!("{}{more}\n", method("incremental"));
    let project = TestProject::with_stream(table, &stream(""));
    project.run();
    project.change("UPDATE s SET amount = 'many', changed = '2026-01-02' WHERE id <= 12");
    for _ in 0..2 {
        project.wmshost("run", &[]).ended(1).says(&["max_rejected_percent: 5 allowed, 12.00 (12 of 100 rows)"]);
        assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 12);
    }
    project.write_stream(&stream("max_rejected_percent = 100"));
    project.run();
    // They are within the lookback of the next runs.
    project.write_stream(&stream(""));
    project.change("UPDATE s SET amount = 7, changed = '2026-01-02' WHERE id = 50");
    let run = project.run_stream("s");
    assert_eq!((&run["rows_rejected"], &run["rows_written"]), (&12.into(), &1.into()));
}

/// No position in the order of keys is after NULL, so every run reads these rows again; it recognises those that it has
/// met.
#[test]
fn an_added_row_without_a_whole_key_is_rejected_once_however_far_the_stream_is() {
    let project = project("7", &format!("{}max_rejected = 2\nmax_rejected_percent = 100\n", method("append")));
    project.change(&insert(&[row(1, Kind::Good), row(20, Kind::Good)]));
    project.run();
    project.change(&insert(&[row(5, Kind::NullInKey), row(30, Kind::NullInKey), row(31, Kind::Good)]));
    let run = project.run_stream("s");
    assert_eq!((&run["rows_rejected"], &run["rows_written"]), (&2.into(), &1.into()), "{run}");
    project.change(&insert(&[row(2, Kind::NullKey), row(40, Kind::NullKey), row(41, Kind::Good)]));
    let run = project.run_stream("s");
    assert_eq!(run["rows_rejected"], 4, "two are new, which the budget allows: {run}");
    assert_eq!(project.run_stream("s")["status"], "succeeded", "there is nothing new");
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 4);
    project.write_stream(&format!("{}on_bad_value = \"fail\"\n", method("append")));
    project.wmshost("run", &[]).ended(1).says(&["the key columns a, b are NULL"]);
}

/// A row without a whole key cannot be recognised once it has one: it leaves quarantine when all rows were read and it
/// was not met.
#[test]
fn a_row_whose_key_was_null_leaves_quarantine_once_it_was_corrected() {
    for name in ["full", "incremental", "append"] {
        let reconcile = if name == "full" { "" } else { "late_rows = \"reconcile\"\nreconcile_every = \"0s\"\n" };
        let stream = format!("{}max_rejected_percent = 100\n", method(name));
        let project = project("7", &format!("{stream}{reconcile}"));
        project.change(&insert(&[
            row(1, Kind::Good),
            row(2, Kind::NullInKey),
            row(3, Kind::NullKey),
            row(9, Kind::Good),
        ]));
        project.run();
        let kept = || project.rows("SELECT row_key FROM WMSHOST_QUARANTINE ORDER BY 1");
        assert_eq!(kept(), ["a=2, b=NULL", "a=NULL, b=NULL"], "{name}");
        project.change("UPDATE s SET b = 'b2', changed = '2026-02-01 00:59:00' WHERE a = 2");
        project.run();
        assert_eq!(kept(), ["a=NULL, b=NULL"], "{name}: the other one is still there");
        assert_eq!(project.rows("SELECT a FROM WMS_S ORDER BY a"), ["1", "2", "9"], "{name}");
        project.change("UPDATE s SET a = 3, b = 'b3', changed = '2026-02-01 00:59:01' WHERE a IS NULL");
        match name {
            "full" => _ = project.run(),
            _ => _ = project.wmshost("verify", &["--repair"]).succeeded(),
        }
        assert!(kept().is_empty(), "{name}");
        assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 4, "{name}");
    }
}

#[test]
fn rows_that_share_a_key_are_counted_also_where_they_come_in_other_batches() {
    for batch_rows in ["1", "3", "100"] {
        let stream = "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"1d\"\nkey = [\"a\"]\n";
        let mut project = TestProject::with_stream("CREATE TABLE s (a INTEGER, b TEXT, changed TIMESTAMP)", stream);
        project.set("WMS_BATCH_SIZE", batch_rows);
        project.set("TARGET_BATCH_SIZE", batch_rows);
        let add = |rows: &[(u64, &str)]| {
            for (minute, (a, b)) in rows.iter().enumerate() {
                project.change(&format!("INSERT INTO s VALUES ({a}, '{b}', '2026-02-01 0{}:{minute:02}:00')", b.len()));
            }
        };
        add(&[(1, "a"), (2, "b"), (2, "c"), (3, "d"), (4, "e"), (4, "f")]);
        let counted =
            |project: &TestProject| project.run_stream("s")["rows_with_duplicate_keys"].as_u64().expect("a count");
        assert_eq!(counted(&project), 2, "the first load, batches of {batch_rows}");
        // The lookback reads all of them again, and two more keys are duplicate.
        add(&[(5, "aa"), (6, "bb"), (5, "cc"), (1, "dd")]);
        let again = counted(&project);
        assert_eq!(again, 4, "what changed, batches of {batch_rows}");
    }
}

//! The SQL that the crate writes for SQLite, run in SQLite; and the SQL that it writes for Oracle, as text.

use rusqlite::Connection;
use rusqlite::types::Value;
use wmshost_plugin::Sql;

const SQL: fn() -> Sql = Sql::sqlite;

fn rows(statement: &str) -> Vec<Vec<Value>> {
    let database = Connection::open_in_memory().expect("a database");
    database
        .execute_batch(
            "CREATE TABLE t (g, v, at); INSERT INTO t VALUES
             ('a', 1, '2026-01-01 00:00:00.000000'), ('a', 2, '2026-01-02 00:00:00.000000'),
             ('a', 3, '2026-01-03 00:00:00.000000'), ('a', 10, '2026-01-04 00:00:00.000000'),
             ('a', NULL, '2026-01-05 00:00:00.000000'), ('b', 7, NULL), (NULL, 4, NULL);",
        )
        .expect("filled");
    let mut statement = database.prepare(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    let count = statement.column_count();
    let rows = statement.query_map([], |row| (0..count).map(|at| row.get(at)).collect()).expect("rows");
    rows.collect::<Result<_, _>>().expect("values")
}

fn value(expression: &str) -> Value {
    rows(&format!("SELECT {expression}")).remove(0).remove(0)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn time_between_counts_days_and_microseconds() {
    let between = |from: &str, to: &str| value(&SQL().seconds_between(&format!("'{from}'"), &format!("'{to}'")));
    assert_eq!(between("2026-01-01 10:00:00.000000", "2026-01-02 11:00:00.000000"), Value::Real(90_000.0));
    assert_eq!(between("2026-01-01 23:59:59.999999", "2026-01-02 00:00:00.000001"), Value::Real(0.000_002));
    assert_eq!(between("2026-01-01 00:00:00.500000Z", "2026-01-01 00:00:00.250000Z"), Value::Real(-0.25));
    assert_eq!(value(&SQL().seconds_between("NULL", "'2026-01-01 00:00:00.000000'")), Value::Null);
    let days = SQL().days_between("'2026-02-28 23:59:59.999999'", "'2026-03-01 00:00:00.000000'");
    assert_eq!(value(&days), Value::Integer(1));
}

#[test]
fn calendar_parts_are_those_of_iso() {
    for (day, weekday, week, monday) in [
        ("2026-01-01", 4, 1, "2025-12-29"),
        ("2027-01-01", 5, 53, "2026-12-28"),
        ("2026-01-04", 7, 1, "2025-12-29"),
        ("2026-01-05", 1, 2, "2026-01-05"),
    ] {
        let moment = format!("'{day} 23:59:59.999999'");
        assert_eq!(value(&SQL().iso_weekday(&moment)), Value::Integer(weekday), "{day}");
        assert_eq!(value(&SQL().iso_week(&moment)), Value::Integer(week), "{day}");
        assert_eq!(value(&SQL().week_start(&moment)), text(monday), "{day}");
        assert_eq!(value(&SQL().day(&moment)), text(day));
    }
    let moment = "'2026-11-30 07:08:09.000000'";
    assert_eq!(value(&SQL().quarter(moment)), Value::Integer(4));
    assert_eq!(value(&SQL().hour(moment)), Value::Integer(7));
    assert_eq!(value(&SQL().month_start(moment)), text("2026-11-01"));
    assert_eq!(value(&SQL().plus_days(moment, -30)), text("2026-10-31"));
    assert_eq!(value(&SQL().plus_days(moment, 1)), text("2026-12-01"));
}

#[test]
fn a_spine_has_every_day() {
    let days = rows(&SQL().date_spine("'2026-02-27'", "'2026-03-02'"));
    let expected = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"];
    assert_eq!(days, expected.map(|day| vec![text(day)]));
    assert_eq!(rows(&SQL().date_spine("'2026-02-27'", "'2026-02-27'")).len(), 1);
}

#[test]
fn percentiles_lie_between_neighbours() {
    let wanted = [("p25", 0.25), ("median", 0.5), ("p90", 0.9), ("highest", 1.0)];
    let found = rows(&format!("{} ORDER BY g", SQL().percentiles("t", &["g"], "v", &wanted)));
    let real = |values: [f64; 4]| values.map(Value::Real).to_vec();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0][0], Value::Null);
    assert_eq!(found[0][1..], real([4.0, 4.0, 4.0, 4.0]));
    assert_eq!(found[1][1..], real([1.75, 2.5, 7.900_000_000_000_001, 10.0]));
    assert_eq!(found[2][1..], real([7.0, 7.0, 7.0, 7.0]));
    assert_eq!(rows(&SQL().median("t", &[], "v", "m")), [vec![Value::Real(3.5)]]);
}

#[test]
fn percentiles_stand_beside_other_aggregates() {
    let median = SQL().percentile_placed("v", 0.5);
    let placed = SQL().placed("t", &["g"], "v");
    let found = rows(&format!("SELECT g, COUNT(*), {median} FROM ({placed}) GROUP BY g ORDER BY g"));
    assert_eq!(found[1], [text("a"), Value::Integer(5), Value::Real(2.5)], "a NULL counts as a row, not as a value");
    let nothing = rows(&format!(
        "SELECT COUNT(*), {median} FROM ({}) GROUP BY g",
        SQL().placed("(SELECT g, NULL AS v FROM t WHERE g = 'b')", &["g"], "v")
    ));
    assert_eq!(nothing, [[Value::Integer(1), Value::Null]]);
}

#[test]
fn an_instant_is_shown_by_the_clocks_of_its_time() {
    let offsets = [("", -7_200), ("2019-02-17 02:00:00", -10_800)];
    let shown = |instant: &str| value(&SQL().wall_clock(&format!("'{instant}'"), &offsets));
    assert_eq!(shown("2019-02-17 01:59:59.999999Z"), text("2019-02-16 23:59:59.999999"));
    assert_eq!(shown("2019-02-17 02:00:00.000000Z"), text("2019-02-16 23:00:00.000000"));
    assert_eq!(
        value(&SQL().wall_clock("'2026-01-01 00:00:00.000001Z'", &[("", 3_600)])),
        text("2026-01-01 01:00:00.000001")
    );
    assert_eq!(value(&SQL().wall_clock("NULL", &offsets)), Value::Null);
}

#[test]
fn a_day_begins_at_an_instant() {
    let offsets = [("", -7_200), ("2019-02-17 02:00:00", -10_800)];
    let begins = |day: &str| value(&SQL().instant_of(&SQL().midnight(&format!("'{day}'")), &offsets));
    assert_eq!(begins("2019-02-16"), text("2019-02-16 02:00:00.000000Z"));
    assert_eq!(begins("2019-02-17"), text("2019-02-17 03:00:00.000000Z"));
    assert_eq!(value(&SQL().instant_of("NULL", &offsets)), Value::Null);
    // The hour that the clocks show twice is the later one.
    let shown = |wall: &str| value(&SQL().instant_of(&format!("'{wall}'"), &offsets));
    assert_eq!(shown("2019-02-16 23:30:00.000001"), text("2019-02-17 02:30:00.000001Z"));
    assert_eq!(shown("2019-02-16 22:30:00.000000"), text("2019-02-17 00:30:00.000000Z"));
    assert_eq!(value(&SQL().parsed("'000123'")), Value::Integer(123));
}

#[test]
fn windows_look_back_and_ahead() {
    let (before, behind) = (SQL().previous("v", "g", "at"), SQL().next("v", "g", "at"));
    let total = SQL().running("SUM(v)", "g", "at");
    let found = rows(&format!("SELECT {before}, {behind}, {total} FROM t WHERE g = 'a' ORDER BY at"));
    let (one, two, three) = (Value::Integer(1), Value::Integer(2), Value::Integer(3));
    assert_eq!(found[0], [Value::Null, two, one.clone()]);
    assert_eq!(found[1], [one, three.clone(), three]);
    let first = rows(&SQL().first_by_key("t", "g", "v DESC"));
    assert_eq!(first.len(), 3);
}

#[test]
fn keys_tell_values_apart() {
    let key = |values: &[&str]| value(&SQL().surrogate_key(values));
    assert_eq!(key(&["'2026-01-05'", "17", "NULL"]), text("2026-01-05|17|~n"));
    assert_ne!(key(&["'a|b'", "'c'"]), key(&["'a'", "'b|c'"]));
    assert_ne!(key(&["'~n'"]), key(&["NULL"]));
}

#[test]
fn numbers_divide_with_a_fraction() {
    assert_eq!(value(&SQL().ratio("1", "4")), Value::Real(0.25));
    assert_eq!(value(&SQL().percent("1", "3", 2)), Value::Real(33.33));
    assert_eq!(value(&SQL().percent("1", "0", 2)), Value::Null);
    assert_eq!(value(&SQL().percentage("57", "100")), Value::Real(57.0));
    assert_eq!(value(&SQL().number("CAST('10.5' AS TEXT)")), Value::Real(10.5));
    assert_eq!(value(&SQL().greatest(&["1", "3", "2"])), Value::Integer(3));
    assert_eq!(value(&SQL().flag("NULL > 1")), Value::Integer(0));
    assert_eq!(value(&SQL().trimmed_upper("' picked '")), text("PICKED"));
    assert_eq!(value(&SQL().trimmed_upper("'  '")), Value::Null);
    assert_eq!(value(&SQL().trimmed("char(9) || ' a b' || char(10)")), text("a b"));
}

#[test]
fn a_profile_has_a_row_per_column() {
    let found = rows(&SQL().quality_profile("t", &["g", "v"]));
    let number = Value::Integer;
    assert_eq!(found[0], [text("g"), number(7), number(6), Value::Real(14.29), number(2)]);
    assert_eq!(found[1], [text("v"), number(7), number(6), Value::Real(14.29), number(6)]);
}

#[test]
fn oracle_has_its_own_words() {
    let sql = Sql::oracle();
    assert_eq!(sql.day("x"), "TRUNC(x)");
    assert_eq!(sql.iso_weekday("x"), "(TRUNC(x) - TRUNC(x, 'IW') + 1)");
    assert_eq!(sql.date("2026-01-31"), "DATE '2026-01-31'");
    assert_eq!(sql.first_rows(3), "FETCH FIRST 3 ROWS ONLY");
    assert_eq!(
        sql.median("t", &["g"], "v", "m"),
        "SELECT g, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v) AS m FROM t wms_all WHERE v IS NOT NULL GROUP BY g"
    );
}

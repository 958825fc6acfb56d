//! The effect of `change` on a sample: the number of changes, and the distance of the new keys from the old ones.

use rusqlite::Connection;
use wmshost_sample::{ChangeOptions, LATE_LIMIT_MINUTES, Summary, change};

use crate::{INCREMENTAL, Outcome, Sample, TABLES, assert_between, digest};

/// Applies a day of changes; the file before the changes is attached as `old`.
fn a_day(sample: &Sample, percent: f64, seed: u64) -> Result<(Summary, Connection), Box<dyn std::error::Error>> {
    let old = sample.file.with_extension("old");
    std::fs::copy(&sample.file, &old)?;
    let summary = change(&ChangeOptions::new(&sample.file, percent, seed), |_, _, _| ())?;
    let connection = Connection::open(&sample.file)?;
    connection.execute("ATTACH ?1 AS old", [old.to_string_lossy()])?;
    Ok((summary, connection))
}

fn number(connection: &Connection, query: &str) -> Result<f64, rusqlite::Error> {
    connection.query_row(&format!("SELECT CAST(({query}) AS REAL)"), [], |row| row.get(0))
}

#[test]
fn touches_its_share_of_every_table_and_says_so() -> Outcome {
    let sample = Sample::new(20_000, 11)?;
    let (summary, connection) = a_day(&sample, 5.0, 1)?;
    for table in &summary.tables {
        let name = table.table;
        let (pk, rows) = (format!("(SELECT name FROM pragma_table_info('{name}') WHERE pk = 1)"), table.rows as f64);
        let pk: String = connection.query_row(&format!("SELECT {pk}"), [], |row| row.get(0))?;
        let count = |query: &str| number(&connection, query);
        assert_eq!(count(&format!("SELECT count(*) FROM main.{name}"))?, rows, "{name}");
        let (new, gone) = (
            format!("SELECT count(*) FROM main.{name} WHERE {pk} NOT IN (SELECT {pk} FROM old.{name})"),
            format!("SELECT count(*) FROM old.{name} WHERE {pk} NOT IN (SELECT {pk} FROM main.{name})"),
        );
        assert_eq!((count(&new)?, count(&gone)?), (table.inserted as f64, table.deleted as f64), "{name}");
        let changed = format!("SELECT count(*) FROM (SELECT * FROM main.{name} EXCEPT SELECT * FROM old.{name})");
        assert_eq!(count(&changed)?, (table.inserted + table.updated) as f64, "{name}");
        let before = count(&format!("SELECT count(*) FROM old.{name}"))?;
        let touched = (table.inserted + table.updated + table.deleted) as f64;
        assert_between(name, before * 0.05 - 1.0, touched, before * 0.05 + 1.0);
        assert!(table.inserted > 0 && table.updated > 0, "{name}");
        assert_eq!(table.deleted > 0, name == "item_master" || name == "location", "{name}");
    }
    assert_eq!(summary.tables.len(), TABLES.len());
    Ok(())
}

#[test]
fn new_keys_lie_in_the_next_day_and_late_ones_within_the_limit() -> Outcome {
    let sample = Sample::new(20_000, 12)?;
    let (_, connection) = a_day(&sample, 5.0, 2)?;
    let start = "(SELECT max(k) FROM (SELECT max(last_updated) AS k FROM old.allocation
        UNION ALL SELECT max(last_updated) FROM old.order_hdr UNION ALL SELECT max(last_updated) FROM old.order_dtl))";
    let late_limit = LATE_LIMIT_MINUTES as f64 / 1_440.0;
    for (table, pk) in INCREMENTAL {
        let touched = format!("(SELECT * FROM main.{table} EXCEPT SELECT * FROM old.{table})");
        let latest = format!("(SELECT max(last_updated) FROM old.{table})");
        let count = |condition: &str| number(&connection, &format!("SELECT count(*) FROM {touched} WHERE {condition}"));
        let all = count("true")?;
        let late = count(&format!("last_updated <= {latest}"))?;
        assert_between(&format!("{table}: late rows, percent"), 2.0, late * 100.0 / all, 7.0);
        let behind =
            number(&connection, &format!("SELECT julianday({latest}) - julianday(min(last_updated)) FROM {touched}"))?;
        assert_between(&format!("{table}: days behind"), late_limit * 0.7, behind, late_limit + 1e-7);
        let between = format!("last_updated > {latest} AND last_updated <= {start}");
        assert_eq!(count(&between)?, 0.0, "{table}");
        let ahead =
            number(&connection, &format!("SELECT julianday(max(last_updated)) - julianday({start}) FROM {touched}"))?;
        assert_between(&format!("{table}: days ahead"), 0.8, ahead, 1.001);
        assert!(count("last_updated IS NULL")? > 0.0, "{table}");
        let tied = format!(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM {touched} WHERE last_updated IS NOT NULL GROUP BY last_updated)"
        );
        assert_between(&format!("{table}: tied rows, percent"), 2.5, number(&connection, &tied)? * 100.0 / all, 7.0);
        let both = format!("main.{table} AS new JOIN old.{table} AS old USING ({pk})");
        let backwards = format!("SELECT count(*) FROM {both} WHERE new.last_updated < old.last_updated");
        assert_eq!(number(&connection, &backwards)?, 0.0, "{table}");
        let unset =
            format!("SELECT count(*) FROM {both} WHERE new.last_updated IS NULL AND old.last_updated IS NOT NULL");
        let set =
            format!("SELECT count(*) FROM {both} WHERE new.last_updated IS NOT NULL AND old.last_updated IS NULL");
        assert!(number(&connection, &unset)? > 0.0 && number(&connection, &set)? > 0.0, "{table}");
    }
    Ok(())
}

#[test]
fn late_rows_are_inserted_as_well_as_updated() -> Outcome {
    let sample = Sample::new(20_000, 13)?;
    let (_, connection) = a_day(&sample, 5.0, 3)?;
    let late =
        "SELECT count(*) FROM main.allocation WHERE last_updated < (SELECT max(last_updated) FROM old.allocation)";
    let old = "allocation_id IN (SELECT allocation_id FROM old.allocation)";
    assert!(number(&connection, &format!("{late} AND NOT {old}"))? > 0.0);
    let updated = format!(
        "{late} AND {old} AND (allocation_id, last_updated) NOT IN
        (SELECT allocation_id, last_updated FROM old.allocation WHERE last_updated IS NOT NULL)"
    );
    assert!(number(&connection, &updated)? > 0.0);
    let early = "SELECT count(*) FROM main.allocation WHERE last_updated < created_date";
    assert_eq!(number(&connection, early)?, 0.0);
    Ok(())
}

#[test]
fn days_follow_one_another() -> Outcome {
    let (one, same) = (Sample::new(4_000, 14)?, Sample::new(4_000, 14)?);
    let mut before = one.one::<String>("SELECT max(last_updated) FROM allocation")?;
    let mut seen = vec![digest(&one.file)?];
    for day in 0..5 {
        for sample in [&one, &same] {
            change(&ChangeOptions::new(&sample.file, 1.5, 9), |_, _, _| ())?;
        }
        let latest = one.one::<String>("SELECT max(last_updated) FROM allocation")?;
        assert!(latest > before, "day {day}: {latest} after {before}");
        before = latest;
        let contents = digest(&one.file)?;
        assert_eq!(contents, digest(&same.file)?, "day {day}");
        assert!(!seen.contains(&contents), "day {day}");
        seen.push(contents);
    }
    assert_eq!(one.one::<String>("PRAGMA integrity_check")?, "ok");
    Ok(())
}

#[test]
fn any_size_and_any_share_will_do() -> Outcome {
    for allocations in [0, 1, 2, 7, 300] {
        for percent in [0.001, 1.0, 100.0] {
            let sample = Sample::new(allocations, 15)?;
            for _ in 0..3 {
                change(&ChangeOptions::new(&sample.file, percent, 4), |_, done, total| assert!(done <= total))?;
            }
            let touched = if allocations == 0 { 0 } else { 1 };
            let (summary, _) = a_day(&sample, percent, 5)?;
            for table in summary.tables.iter().filter(|table| table.table == "allocation") {
                assert!(table.inserted + table.updated >= touched, "{allocations} rows, {percent} %");
            }
        }
    }
    Ok(())
}

#[test]
fn a_reader_does_not_stop_it() -> Outcome {
    let sample = Sample::new(500, 16)?;
    let reader = sample.open()?;
    reader.execute_batch("BEGIN")?;
    let count = || reader.query_row("SELECT count(*) FROM allocation", [], |row| row.get::<_, i64>(0));
    assert_eq!(count()?, 500);
    change(&ChangeOptions::new(&sample.file, 10.0, 1), |_, _, _| ())?;
    assert_eq!(count()?, 500);
    assert!(sample.one::<i64>("SELECT count(*) FROM allocation")? > 500);
    Ok(())
}

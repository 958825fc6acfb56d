//! Streams that read nothing but what is added, by a key whose values SQLite stores in several ways: a row is loaded, or
//! rejected, or the stream is refused before anything is written, but no row is passed over.

use wmshost_tests::TestProject;

const APPEND: &str = "method = \"append\"\nmax_rejected_percent = 100";
/// The words of the refusal.
const WORDS: [&str; 3] =
    ["key column id has no order", "the method append would miss it", "use the method incremental or full"];

/// A stream of this method by an append key of this type, with rows of these ids.
fn project(declared: &str, ids: &[&str]) -> TestProject {
    let project = TestProject::with_stream(&format!("CREATE TABLE s (id {declared} PRIMARY KEY, v TEXT)"), APPEND);
    add(&project, ids);
    project
}

fn add(project: &TestProject, ids: &[&str]) {
    ids.iter().for_each(|id| project.change(&format!("INSERT INTO s VALUES ({id}, 'v')")));
}

fn loaded(project: &TestProject) -> i64 {
    project.number("SELECT count(*) FROM WMS_S")
}

#[test]
fn numbers_beside_texts_or_fractions_are_refused_before_anything_is_written() {
    for ids in [&["9", "'x'"][..], &["7", "8.5"], &["1.5", "'x'", "x'01'"]] {
        let project = project("", ids);
        project.wmshost("check", &[]).ended(2).says(&WORDS);
        project.wmshost("run", &[]).ended(2).says(&WORDS);
        assert_eq!(project.number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'WMS_S%'"), 0, "{ids:?}");
        // What is read as a whole needs no such order.
        project.write_stream("method = \"full\"");
        project.run();
        let texts = ids.iter().filter(|id| !id.starts_with("x'")).count();
        assert_eq!(loaded(&project), texts as i64, "{ids:?}");
    }
}

#[test]
fn a_text_that_comes_later_stops_the_stream_until_it_is_corrected_and_no_number_is_lost() {
    for (first, later) in [(["8", "9"], "'x'"), (["'m'", "'n'"], "5"), (["8", "9"], "10.5")] {
        let project = project("", &first);
        project.run();
        add(&project, &[later]);
        project.wmshost("run", &[]).ended(2).says(&WORDS);
        assert_eq!(loaded(&project), 2, "{first:?}, then {later}");
        project.change("DELETE FROM s WHERE rowid = 3");
        let next = if first[0] == "8" { "10" } else { "'o'" };
        add(&project, &[next]);
        project.run();
        assert_eq!(loaded(&project), 3, "{first:?}, then {later} and {next}");
    }
}

#[test]
fn a_key_that_does_not_fit_goes_to_quarantine_also_where_it_sorts_before_the_last_one() {
    for (declared, first, misfits, next) in [
        ("", ["8", "9"], &["x'ff'", "x''"][..], "10"),
        ("", ["'m'", "'n'"], &["x'00'"][..], "'o'"),
        ("BLOB", ["x'01'", "x'07'"], &["5", "'zz'", "-1.5"][..], "x'08'"),
        ("DATE_ONLY", ["'2026-01-01'", "'2026-03-01'"], &["20260401", "'1/2/2026'", "x'01'"][..], "'2026-03-02'"),
        ("DECIMAL(9,2)", ["1.5", "2.5"], &["'n/a'", "x'01'"][..], "10"),
        ("TEXT", ["'a'", "'b'"], &["x'01'"][..], "'c'"),
    ] {
        let project = project(declared, &first);
        project.run();
        add(&project, misfits);
        add(&project, &[next]);
        let run = project.run_stream("s");
        let counts = (&run["rows_rejected"], &run["rows_written"]);
        assert_eq!(counts, (&misfits.len().into(), &1.into()), "{declared:?}: {run}");
        let kept = || project.number("SELECT count(*) FROM WMSHOST_QUARANTINE") as usize;
        assert_eq!((loaded(&project), kept()), (3, misfits.len()), "{declared:?}");
        // The next run meets them again, and knows them.
        project.write_stream(&format!("{APPEND}\nmax_rejected = 0"));
        project.wmshost("run", &[]).succeeded();
        assert_eq!(kept(), misfits.len(), "{declared:?}");
        project.wmshost("verify", &[]).succeeded();
    }
}

//! Streams whose definition has changed since their checkpoint was made: a generated matrix of every part of a
//! definition × method × `on_change` × rows in the table. After each run the target is what plain Rust computes from
//! the generated rows, or the run reported or failed exactly as README.md and `pipelines/help.toml` document.

use std::collections::BTreeMap;
use std::fs;

use wmshost_tests::{CommandOutput, TestProject, plugin};

const COLUMNS: &str = "(allocation_id INTEGER PRIMARY KEY, order_id INTEGER, item_id INTEGER, location_id INTEGER,
    quantity_allocated DECIMAL(8,2), allocation_status TEXT, allocated_by_user TEXT, priority_level INTEGER,
    created_date TIMESTAMP(6), last_updated TIMESTAMP(6), code TEXT NOT NULL UNIQUE)";

/// A row of the source.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    id: u64,
    quantity: i64,
    created: u64,
    updated: u64,
}

fn moment(hour: u64) -> String {
    format!("2026-{:02}-{:02} {:02}:00:00.000000", 1 + hour / 24 / 28, 1 + hour / 24 % 28, hour % 24)
}

/// A generator of numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The expected rows of the source, and the file that holds it.
struct Source {
    rows: BTreeMap<u64, Row>,
    hour: u64,
    numbers: Numbers,
}

impl Source {
    fn new(count: u64, seed: u64) -> Self {
        let mut source = Self { rows: BTreeMap::new(), hour: 0, numbers: Numbers(seed) };
        source.add(count);
        source
    }

    fn add(&mut self, count: u64) {
        for _ in 0..count {
            let id = self.rows.keys().last().map_or(1, |last| last + 1 + self.numbers.below(3));
            self.hour += 1;
            let quantity = self.numbers.below(20) as i64 - 4;
            self.rows.insert(id, Row { id, quantity, created: self.hour, updated: self.hour });
        }
    }

    /// Changes about every third row.
    fn update(&mut self) {
        for row in self.rows.values_mut() {
            if self.numbers.below(3) == 0 {
                self.hour += 1;
                (row.quantity, row.updated) = (self.numbers.below(20) as i64 - 4, self.hour);
            }
        }
    }

    fn write(&self, project: &TestProject, table: &str) {
        let mut text = format!("DELETE FROM {table};");
        for Row { id, quantity, created, updated } in self.rows.values() {
            text += &format!(
                "INSERT INTO {table} (allocation_id, order_id, item_id, location_id, quantity_allocated, \
                 allocation_status, allocated_by_user, priority_level, created_date, last_updated, code) VALUES \
                 ({id}, 1, 2, 3, {quantity}, 'PICKED', 'user', 1, '{}', '{}', 'c{id:05}');",
                moment(*created),
                moment(*updated)
            );
        }
        project.change(&text);
    }
}

/// A row in the form of the target's.
fn shown(row: &Row) -> String {
    format!("{} {} {} c{:05}", row.id, row.quantity, moment(row.updated), row.id)
}

fn target_rows(project: &TestProject, table: &str) -> Vec<String> {
    project.rows(&format!(
        "SELECT allocation_id, quantity_allocated, last_updated, code FROM {table} ORDER BY allocation_id"
    ))
}

/// The difference between the first definition and the second.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Nothing,
    Key,
    Table,
    TargetTable,
    WatermarkColumn,
    Method(&'static str),
    Lookback,
    NullKeys,
    SettingAdded,
    SettingRemoved,
    TransformAdded,
    TransformRemoved,
    TransformBytes,
    ExtractorBytes,
    LoaderBytes,
    NewColumn,
    WiderType,
    TargetColumnDropped,
    TargetColumnRenamed,
    TargetColumnRetyped,
}

/// The consequence of a difference, as documented.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Means {
    Nothing,
    Identity,
    Position,
    Target,
    Rows,
}

impl Change {
    const ALL: [Self; 22] = [
        Self::Nothing,
        Self::Key,
        Self::Table,
        Self::TargetTable,
        Self::WatermarkColumn,
        Self::Method("full"),
        Self::Method("incremental"),
        Self::Method("append"),
        Self::Lookback,
        Self::NullKeys,
        Self::SettingAdded,
        Self::SettingRemoved,
        Self::TransformAdded,
        Self::TransformRemoved,
        Self::TransformBytes,
        Self::ExtractorBytes,
        Self::LoaderBytes,
        Self::NewColumn,
        Self::WiderType,
        Self::TargetColumnDropped,
        Self::TargetColumnRenamed,
        Self::TargetColumnRetyped,
    ];

    fn means(self) -> Means {
        match self {
            Self::Nothing | Self::Lookback | Self::NullKeys | Self::Method("full") => Means::Nothing,
            Self::Key | Self::Table | Self::TargetTable => Means::Identity,
            Self::WatermarkColumn | Self::Method(_) => Means::Position,
            Self::TargetColumnDropped | Self::TargetColumnRenamed | Self::TargetColumnRetyped => Means::Target,
            _ => Means::Rows,
        }
    }

    /// The name of the difference in the output.
    fn words(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::TransformRemoved => "transforms allocation → none",
            Self::Key => "key (allocation_id) → (code)",
            Self::Table => "table s → s2",
            Self::TargetTable => "target table WMS_S → WMS_T",
            Self::WatermarkColumn => "change key created_date → last_updated",
            Self::Method(_) => "method ",
            Self::Lookback => "lookback 0s → 15m",
            Self::NullKeys => "null keys include → ignore",
            Self::SettingAdded | Self::SettingRemoved => "setting reject of allocation changed",
            Self::TransformAdded => "transforms none → allocation",
            Self::TransformBytes => "transform allocation 0.1.0",
            Self::ExtractorBytes => "extractor wms-tables 0.1.0",
            Self::LoaderBytes => "loader table 0.1.0",
            Self::NewColumn => "column note (utf8) is new",
            Self::WiderType => "column quantity_allocated decimal(8, 2) → decimal(12, 4)",
            Self::TargetColumnDropped | Self::TargetColumnRenamed => {
                "column quantity_allocated of the target decimal(8, 2) → none"
            }
            Self::TargetColumnRetyped => "column quantity_allocated of the target decimal(8, 2) → decimal(6, 1)",
        }
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
struct Cell {
    change: Change,
    method: &'static str,
    on_change: &'static str,
    rows: u64,
}

/// The required outcome of the run under the second definition.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Must {
    Load,
    Fail,
    /// Nothing is written, because replacing the table would lose a column that the stream never wrote.
    Keep,
}

impl Cell {
    fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for change in Change::ALL {
            for method in ["full", "incremental", "append"] {
                let of_incremental = matches!(change, Change::WatermarkColumn | Change::Lookback | Change::NullKeys);
                if of_incremental && method != "incremental" || change == Change::Method(method) {
                    continue;
                }
                for on_change in ["tell", "reload", "fail"] {
                    for rows in [0, 60] {
                        cells.push(Self { change, method, on_change, rows });
                    }
                }
            }
        }
        cells
    }

    /// The method under the second definition.
    fn then(self) -> &'static str {
        if let Change::Method(method) = self.change { method } else { self.method }
    }

    fn must(self) -> Must {
        let means = self.change.means();
        if self.change == Change::TargetColumnRenamed && self.then() == "full" {
            return Must::Keep;
        }
        // A table that is replaced in every run loses nothing by other changes to it.
        let fails = match (means, self.on_change) {
            (Means::Nothing, _) => false,
            (_, "fail") => true,
            _ if self.then() == "full" => false,
            (Means::Identity | Means::Target, "tell") => true,
            _ => false,
        };
        if fails { Must::Fail } else { Must::Load }
    }

    /// True if the run leaves rows of the old definition as they are.
    fn leaves_rows(self) -> bool {
        self.change.means() == Means::Rows && self.on_change == "tell" && self.then() != "full"
    }

    fn rejects(self, second: bool) -> bool {
        match self.change {
            Change::SettingAdded => second,
            Change::SettingRemoved => !second,
            _ => false,
        }
    }

    /// The stream's section.
    fn stream(self, second: bool) -> String {
        let pick = |change: Change, first: &'static str, then: &'static str| {
            if second && self.change == change { then } else { first }
        };
        let transforms = match (self.change, second) {
            (Change::TransformAdded, false) | (Change::TransformRemoved, true) => "",
            _ => "\"allocation\"",
        };
        let change_key = match (self.change, second) {
            (Change::WatermarkColumn, false) => "created_date",
            _ => "last_updated",
        };
        let reject = if self.rejects(second) { "reject = [\"invalid-quantity\"]" } else { "" };
        let settings = if transforms.is_empty() { "" } else { "[streams.s.settings.allocation]\n" };
        format!(
            "method = \"{}\"\ntable = \"{}\"\ntarget_table = \"{}\"\nkey = [\"{}\"]\nchange_key = \"{change_key}\"\n\
             lookback = \"{}\"\nnull_keys = \"{}\"\nmax_rejected_percent = 100\non_change = \"{}\"\ntransforms = [{transforms}]\n{settings}{reject}",
            if second { self.then() } else { self.method },
            pick(Change::Table, "s", "s2"),
            pick(Change::TargetTable, "WMS_S", "WMS_T"),
            pick(Change::Key, "allocation_id", "code"),
            pick(Change::Lookback, "0s", "15m"),
            pick(Change::NullKeys, "include", "ignore"),
            self.on_change,
        )
    }

    /// Puts the second definition in place.
    fn redefine(self, project: &TestProject) {
        project.write_stream(&self.stream(true));
        let recompiled = |name: &str| {
            let path = plugin(name);
            let mut bytes = fs::read(&path).expect("a component");
            // A custom section that is ignored: the same component with another digest.
            bytes.extend([0, 6, 5]);
            bytes.extend(b"other");
            let copy = project.path("other.wasm");
            fs::write(&copy, bytes).expect("a copy");
            let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
            fs::write(project.pipeline(), text.replace(&format!("{path:?}"), &format!("{copy:?}")))
                .expect("a pipeline");
        };
        let target = |statement: &str| {
            let has_table = project.number("SELECT count(*) FROM sqlite_schema WHERE name = 'WMS_S'") > 0;
            if has_table {
                project.target().execute_batch(statement).expect("a valid statement");
            }
        };
        match self.change {
            Change::TransformBytes => recompiled("wmshost-transform-allocation"),
            Change::ExtractorBytes => recompiled("wmshost-extractor-wms-tables"),
            Change::LoaderBytes => recompiled("wmshost-loader-table"),
            Change::NewColumn => project.change("ALTER TABLE s ADD COLUMN note TEXT; UPDATE s SET note = 'n' || code"),
            Change::WiderType => project.change(&format!(
                "ALTER TABLE s RENAME TO old; CREATE TABLE s {}; INSERT INTO s SELECT * FROM old; DROP TABLE old",
                COLUMNS.replace("DECIMAL(8,2)", "DECIMAL(12,4)")
            )),
            Change::TargetColumnDropped => target("ALTER TABLE WMS_S DROP COLUMN quantity_allocated"),
            Change::TargetColumnRenamed => target("ALTER TABLE WMS_S RENAME COLUMN quantity_allocated TO qty"),
            Change::TargetColumnRetyped => target(
                "ALTER TABLE WMS_S RENAME COLUMN quantity_allocated TO qty;
                 ALTER TABLE WMS_S ADD COLUMN quantity_allocated DECIMAL(6,1);
                 UPDATE WMS_S SET quantity_allocated = 0; ALTER TABLE WMS_S DROP COLUMN qty",
            ),
            _ => {}
        }
    }
}

/// Returns the mistake of a cell, if there is one.
fn check(cell: Cell) -> Result<(), String> {
    let mut source = Source::new(cell.rows, 7 + cell.rows);
    let project =
        TestProject::with_stream(&format!("CREATE TABLE s {COLUMNS}; CREATE TABLE s2 {COLUMNS};"), &cell.stream(false));
    source.write(&project, "s");
    project.wmshost("run", &[]).succeeded();
    let loaded = source.rows.clone();
    // A day passes: rows change, where the method can see it, and rows are added.
    if cell.method != "append" && cell.then() != "append" {
        source.update();
    }
    source.add(5);
    source.write(&project, "s");
    let mut passed_over = BTreeMap::new();
    if cell.change == Change::WatermarkColumn {
        // Changes that the first change key does not show happen before the second definition is used.
        project.wmshost("run", &[]).succeeded();
        passed_over = loaded.clone();
        source.add(1);
        source.write(&project, "s");
    }
    if cell.change == Change::Table {
        source = Source::new(cell.rows + 3, 99);
        source.write(&project, "s2");
    }
    let _ = passed_over;
    cell.redefine(&project);
    let before = state(&project);
    let planned = project.wmshost("plan", &["--output", "json"]);
    let ran = project.wmshost("run", &["--output", "json"]);
    let table = if cell.change == Change::TargetTable { "WMS_T" } else { "WMS_S" };
    match cell.must() {
        Must::Fail => {
            wants(before == state(&project), "something was written", &ran)?;
            wants(ran.code() == Some(2) && planned.code() == Some(2), "exit code 2 is due", &ran)?;
            let words = cell.change.words();
            wants(ran.err().contains(words) && planned.out().contains(words), words, &ran)?;
            wants(ran.err().contains("--on-change reload"), "advice is due", &ran)?;
            let mended = project.wmshost("run", &["--on-change", "reload", "--output", "json"]);
            wants(mended.code() == Some(0), "a reload is due", &mended)?;
            is_as_source(cell, &project, table, &source, &loaded, false, &mended)
        }
        Must::Keep => {
            wants(before == state(&project), "something was written", &ran)?;
            let mended = load_without_kept_column(cell, &project, &ran)?;
            is_as_source(cell, &project, table, &source, &loaded, false, &mended)
        }
        Must::Load => {
            wants(ran.code() == Some(0) && planned.code() == Some(0), "exit code 0 is due", &ran)?;
            let reported = ran.json()["streams"][0]["definition_changes"].to_string();
            let planned = planned.json()["streams"][0]["definition_changes"].to_string();
            let words = cell.change.words();
            wants(reported.contains(words), &format!("{words:?} is not in {reported}"), &ran)?;
            wants(planned.contains(words), &format!("{words:?} is not in {planned}"), &ran)?;
            if cell.change == Change::Nothing {
                wants(reported == "[]" && planned == "[]", "nothing is to be reported", &ran)?;
            }
            is_as_source(cell, &project, table, &source, &loaded, cell.leaves_rows(), &ran)?;
            if cell.leaves_rows() {
                let repaired = project.wmshost("verify", &["--repair"]);
                wants(repaired.code() == Some(0), "the repair is due", &repaired)?;
                is_as_source(cell, &project, table, &source, &loaded, false, &repaired)?;
            }
            // It is reported once; from then on it is the definition.
            let quiet = project.run_stream("s")["definition_changes"].to_string();
            wants(quiet == "[]", &format!("still reported: {quiet}"), &ran)
        }
    }
}

/// Everything in the target that a run could change, besides leases.
fn state(project: &TestProject) -> [Vec<String>; 3] {
    [
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'WMSHOST_LEASE%' ORDER BY 1",
        "SELECT * FROM WMS_S",
        "SELECT * FROM WMSHOST_CHECKPOINT",
    ]
    .map(|query| project.rows(query))
}

/// Checks that a run names the column that it keeps, drops the column as the advice says, and loads the table.
fn load_without_kept_column(cell: Cell, project: &TestProject, ran: &CommandOutput) -> Result<CommandOutput, String> {
    let words = if cell.on_change == "fail" { cell.change.words() } else { "never wrote the columns qty" };
    wants(ran.code() == Some(2) && ran.err().contains(words), words, ran)?;
    project.target().execute_batch("ALTER TABLE WMS_S DROP COLUMN qty").expect("a valid statement");
    let mended = project.wmshost("run", &["--on-change", "reload", "--output", "json"]);
    wants(mended.code() == Some(0), "a load is due", &mended)?;
    Ok(mended)
}

fn wants(holds: bool, what: &str, ran: &CommandOutput) -> Result<(), String> {
    let reported = || format!("{what}\n  exit {:?}\n  {}\n  {}", ran.code(), ran.out().trim(), ran.err().trim());
    if holds { Ok(()) } else { Err(reported()) }
}

/// The target is what plain Rust computes from the source.
fn is_as_source(
    cell: Cell,
    project: &TestProject,
    table: &str,
    source: &Source,
    loaded: &BTreeMap<u64, Row>,
    leaves_rows: bool,
    ran: &CommandOutput,
) -> Result<(), String> {
    let is_rejected = |row: &Row, second: bool| cell.rejects(second) && row.quantity <= 0;
    let mut expected = BTreeMap::new();
    for (id, row) in &source.rows {
        // A table that is read by key only, or by changes only, keeps rows that did not change.
        let is_old = leaves_rows && loaded.get(id) == Some(row);
        match (is_rejected(row, !is_old), loaded.get(id).filter(|old| !is_rejected(old, false))) {
            (false, _) => _ = expected.insert(*id, shown(row)),
            // The last good version stays where rows are merged.
            (true, Some(old)) if cell.then() != "full" => _ = expected.insert(*id, shown(old)),
            (true, _) => {}
        }
    }
    let expected: Vec<String> = expected.into_values().collect();
    let found = target_rows(project, table);
    if found != expected {
        let extra: Vec<_> = found.iter().filter(|row| !expected.contains(row)).take(4).collect();
        let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).take(4).collect();
        return wants(false, &format!("the target differs: extra {extra:?}, missing {missing:?}"), ran);
    }
    if cell.change == Change::NewColumn && !leaves_rows {
        wants(project.number("SELECT count(*) FROM WMS_S WHERE note IS NULL") == 0, "note is empty", ran)?;
    }
    Ok(())
}

/// Checks one share of the cells, so that several run at once.
fn check_share(share: usize) {
    let shares = 4;
    let cells: Vec<Cell> =
        Cell::all().into_iter().enumerate().filter(|(at, _)| at % shares == share).map(|(_, c)| c).collect();
    let count = cells.len();
    let wrong: Vec<String> =
        cells.into_iter().filter_map(|cell| check(cell).err().map(|why| format!("{cell:?}: {why}"))).collect();
    println!("{count} cells of changed definitions");
    assert!(wrong.is_empty(), "{} of {count} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_changed_definition_is_reported_reloaded_or_refused_0() {
    check_share(0);
}

#[test]
fn a_changed_definition_is_reported_reloaded_or_refused_1() {
    check_share(1);
}

#[test]
fn a_changed_definition_is_reported_reloaded_or_refused_2() {
    check_share(2);
}

#[test]
fn a_changed_definition_is_reported_reloaded_or_refused_3() {
    check_share(3);
}

/// The settings of an extractor may choose the rows that it reads: those before the bookmark were chosen by the old
/// ones.
#[test]
fn another_setting_of_the_extractor_has_the_whole_table_read_again() {
    for (on_change, code) in [("tell", 0), ("reload", 0), ("fail", 2)] {
        let source = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP);
            INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00'), (2, 'b', '2026-01-02 00:00:00')";
        let project = TestProject::with_stream(source, "");
        let write = |setting: &str| {
            project.write_stream(&format!(
                "method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]\non_change = \"{on_change}\"\n\
                 [streams.s.settings.filtering]\nbehaviour = \"{setting}\""
            ));
            let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
            let plugins = format!("[plugins]\nfiltering.path = {:?}", plugin("hostile-extractor"));
            let text =
                text.replace("[plugins]", &plugins).replace("extractor = \"wms-tables\"", "extractor = \"filtering\"");
            fs::write(project.pipeline(), text).expect("a pipeline");
        };
        write("none");
        project.wmshost("run", &[]).succeeded();
        assert_eq!(project.run_stream("s")["definition_changes"].to_string(), "[]");
        write("other");
        let planned = project.wmshost("plan", &["--output", "json"]).ended(code);
        let ran = project.wmshost("run", &["--output", "json"]).ended(code);
        for reported in [&planned.out(), &ran.out()] {
            let reaction = if code == 0 { "\"reload\"" } else { "fail" };
            for words in ["setting behaviour of filtering changed", reaction] {
                assert!(
                    reported.contains(words) || ran.err().contains(words),
                    "{on_change}: {words} is not in {reported}"
                );
            }
        }
        if code == 0 {
            let change = &ran.json()["streams"][0]["definition_changes"][0];
            let consequence = change["consequence"].as_str().expect("words");
            assert!(consequence.contains("stay in WMS_S until a comparison removes them"), "{consequence}");
            assert_eq!(change["impact"], "selection");
            assert_eq!(project.run_stream("s")["definition_changes"].to_string(), "[]", "it is reported once");
        }
    }
}

/// The label is the same, and so may be the tables: only the file says that the rows may be others.
#[test]
fn another_database_behind_the_label_is_reported_once_with_what_to_do() {
    let source =
        "CREATE TABLE s (id INTEGER PRIMARY KEY, changed TIMESTAMP); INSERT INTO s VALUES (1, '2026-01-01 00:00:00')";
    let project = TestProject::with_stream(source, "method = \"incremental\"\nchange_key = \"changed\"\n");
    project.run();
    assert_eq!(project.run_stream("s")["definition_changes"].to_string(), "[]");
    let text = fs::read_to_string(project.pipeline()).expect("the pipeline");
    let other = project.path("other.db");
    rusqlite::Connection::open(&other).expect("a database").execute_batch(source).expect("a table");
    let before = format!("{:?}", project.source_path());
    fs::write(project.pipeline(), text.replace(&before, &format!("{other:?}"))).expect("a pipeline");
    let change = project.run_stream("s")["definition_changes"][0].clone();
    assert_eq!(change["what"], "database of the source");
    assert!(change["after"].as_str().is_some_and(|after| after.ends_with("other.db")), "{change}");
    assert!(change["consequence"].as_str().is_some_and(|words| words.contains("--full-refresh")), "{change}");
    assert_eq!(project.run_stream("s")["definition_changes"].to_string(), "[]");
}

/// The target keeps a column that leaves the stream. Its values are of the earlier loads when the column comes back, and those
/// of rows that did not change since are not the source's any more.
#[test]
fn a_column_that_comes_back_has_the_whole_table_read_again() {
    const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP);
        INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00'), (2, 'b', '2026-01-02 00:00:00'), (3, NULL, '2026-01-03 00:00:00');";
    for (on_change, code) in [("tell", 0), ("reload", 0), ("fail", 2)] {
        for (method, is_skipped) in [("incremental", true), ("incremental", false), ("append", true), ("append", false)]
        {
            let when = format!("{method}, on_change {on_change}, skipped by the pipeline: {is_skipped}");
            let stream = |on_change: &str, rules: &str| {
                let change_key =
                    if method == "incremental" { "change_key = \"changed\"\nlookback = \"0s\"" } else { "" };
                format!("method = \"{method}\"\n{change_key}\non_change = \"{on_change}\"\n{rules}")
            };
            let project = TestProject::with_stream(SOURCE, &stream("tell", ""));
            project.run();
            match is_skipped {
                true => project.write_stream(&stream("tell", "[streams.s.columns]\nv = \"skip\"\n")),
                false => project.change("ALTER TABLE s DROP COLUMN v"),
            }
            project.change("INSERT INTO s (id, changed) VALUES (4, '2026-01-04 00:00:00')");
            project.run();
            project.write_stream(&stream(on_change, ""));
            match is_skipped {
                true => project.change("UPDATE s SET v = 'other' WHERE id = 2; UPDATE s SET v = 'c' WHERE id = 3"),
                false => project.change("ALTER TABLE s ADD COLUMN v TEXT"),
            }
            let ran = project.wmshost("run", &["--output", "json"]).ended(code);
            if code == 0 {
                let changes = ran.json()["streams"][0]["definition_changes"].clone();
                let of_column = changes.as_array().expect("changes").iter().find(|change| change["impact"] == "stale");
                assert_eq!(of_column.expect("a change")["reaction"], "reload", "{when}: {changes}");
                project.wmshost("verify", &[]).succeeded();
                let kept = if is_skipped { ["a", "other", "c", "NULL"] } else { ["NULL"; 4] };
                assert_eq!(project.rows("SELECT v FROM WMS_S ORDER BY id"), kept, "{when}");
            } else {
                ran.says(&[if is_skipped { "columns v skip" } else { "column v" }, "--on-change reload"]);
                assert_eq!(project.rows("SELECT v FROM WMS_S ORDER BY id"), ["a", "b", "NULL", "NULL"], "{when}");
            }
        }
    }
}

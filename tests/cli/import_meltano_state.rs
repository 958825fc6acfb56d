//! `wmshost import meltano --state`: the first run goes on where the tap ended.

use std::fs;

use crate::import_meltano::{import, item, project, sqlite_project, written};

/// The source; the first four orders were loaded by Meltano, which ended at the time of two of them.
const SOURCE: &str = "
CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(12,2), card TEXT, updated_at DATETIME);
INSERT INTO orders VALUES (1, 10.5, 'a', '2026-01-01 10:00:00'), (2, 20, 'b', '2026-01-02 10:00:00'),
    (3, 30, 'c', '2026-01-03 10:00:00.250000'), (4, 40, 'd', '2026-01-03 10:00:00.250000');
CREATE TABLE kinds (code TEXT NOT NULL PRIMARY KEY, name TEXT);
INSERT INTO kinds VALUES ('x', 'one'), ('y', 'two');";

/// The tables as a target of the Singer SDK leaves them.
const LOADED: &str = "
CREATE TABLE orders (id INTEGER NOT NULL, total DECIMAL, updated_at DATETIME, _sdc_extracted_at DATETIME, PRIMARY KEY (id));
INSERT INTO orders VALUES (1, 10.5, '2026-01-01 10:00:00.000000', NULL), (2, 20, '2026-01-02 10:00:00.000000', NULL),
    (3, 30, '2026-01-03 10:00:00.250000', NULL), (4, 40, '2026-01-03 10:00:00.250000', NULL);
CREATE TABLE kinds (code VARCHAR, name VARCHAR, PRIMARY KEY (code));
INSERT INTO kinds VALUES ('x', 'old');";

#[test]
fn the_first_run_goes_on_where_meltano_ended_and_loses_no_tie() {
    let project = project();
    project.change(SOURCE);
    project.target().execute_batch(LOADED).expect("valid statements");
    let folder = sqlite_project(&project);
    let state = project.path("state.json");
    let text = r#"{"singer_state": {"bookmarks": {"main-orders": {"replication_key": "updated_at",
        "replication_key_value": "2026-01-03T10:00:00.250000+00:00"}, "main-kinds": {}, "main-gone": {}}}}"#;
    fs::write(&state, text).expect("written");
    let state = state.display().to_string();
    let report = import(&project, &folder, &["--state", &state]).succeeded().json();
    for (name, outcome) in [("main-orders", "mapped"), ("main-kinds", "dropped"), ("main-gone", "dropped")] {
        assert_eq!(item(&report, "state", &format!("tap-sqlite.{name}"))["outcome"], outcome, "{report:#}");
    }
    let file = project.path("to").join("sqlite.toml").display().to_string();
    let export = project.path("to").join("sqlite.state.json").display().to_string();
    // Without a lookback, what is equal to the bookmark is read for the bookmark's sake alone.
    let text = fs::read_to_string(&file).expect("read");
    let change_key = "change_key = \"updated_at\"\n";
    assert!(text.contains(change_key), "{text}");
    fs::write(&file, text.replace(change_key, &format!("{change_key}lookback = \"0s\"\n"))).expect("written");
    project.plain(&["check", &file]).succeeded();
    project.plain(&["state", "import", &file, "--file", &export, "--yes"]).succeeded();

    // After Meltano's last run: a change, a row that is equal to the bookmark and committed late, and an old row that no tap
    // would read again.
    project.change(
        "UPDATE orders SET total = 21, updated_at = '2026-01-04 00:00:00' WHERE id = 2;
         INSERT INTO orders VALUES (5, 50, 'e', '2026-01-03 10:00:00.250000');
         UPDATE orders SET total = 11 WHERE id = 1;",
    );
    let run = project.plain(&["run", &file, "--output", "json"]).succeeded().json();
    let streams = run["streams"].as_array().expect("streams");
    let orders = streams.iter().find(|stream| stream["stream"] == "orders").expect("orders");
    assert_eq!(orders["rows_read"], 4, "what is new, and the ties of the bookmark: {run:#}");
    let rows = project.rows("SELECT id, total FROM orders ORDER BY id");
    assert_eq!(
        rows.iter().map(|row| row.split(' ').next().expect("an id")).collect::<Vec<_>>(),
        ["1", "2", "3", "4", "5"]
    );
    assert_eq!(project.number("SELECT total = 10.5 FROM orders WHERE id = 1"), 1, "it was not read");
    assert_eq!(project.number("SELECT total = 21 FROM orders WHERE id = 2"), 1);
    assert_eq!(project.number("SELECT COUNT(*) FROM pragma_table_info('orders') WHERE name = 'card'"), 0);
    assert_eq!(project.rows("SELECT code, name FROM kinds ORDER BY code"), ["x one", "y two"]);
    // The comparison finds the row that changed without a sign, and nothing else.
    project.plain(&["verify", &file]).ended(1);
    project.plain(&["verify", &file, "--repair"]);
    project.plain(&["verify", &file]).succeeded();
    let again = project.plain(&["run", &file, "--output", "json"]).succeeded().json();
    assert_eq!(again["streams"].as_array().map(Vec::len), Some(2), "{again:#}");
}

#[test]
fn whole_numbers_and_states_of_older_taps_carry_over() {
    let project = project();
    project.change("CREATE TABLE orders (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO orders VALUES (1, 7), (2, 8), (3, 8), (4, 9);");
    let table = "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, v INTEGER)";
    project.target().execute_batch(table).expect("a table");
    let folder = sqlite_project(&project);
    let path = folder.join("meltano.yml");
    let text = fs::read_to_string(&path).expect("read").replace("updated_at", "v").replace("main-kinds.*, ", "");
    fs::write(&path, text.replace(", '!main-orders.card'", "")).expect("written");
    let state = project.path("state.json").display().to_string();
    fs::write(&state, r#"{"dev:tap-sqlite-to-target-sqlite": {"bookmarks": {"main-orders": {"v": 8}}}}"#)
        .expect("written");
    import(&project, &folder, &["--state", &state]).succeeded();
    let file = project.path("to").join("sqlite.toml").display().to_string();
    assert!(written(&project, "sqlite.toml").contains("lookback_versions = 0"));
    let export = project.path("to").join("sqlite.state.json").display().to_string();
    project.plain(&["state", "import", &file, "--file", &export, "--yes"]).succeeded();
    project.plain(&["run", &file]).succeeded();
    assert_eq!(
        project.rows("SELECT id FROM orders ORDER BY id"),
        ["2", "3", "4"],
        "equal ones are read, older ones not"
    );
}

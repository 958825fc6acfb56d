//! A dbt project, taken over and run: its tables are those that its SQL means.

use wmshost_tests::{TestProject, root};

/// The tables that the project in `tests/dbt/shop` reads.
const SOURCE: &str = "
CREATE TABLE wms_order (order_id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, amount_cents INTEGER,
    updated_at TIMESTAMP NOT NULL);
CREATE TABLE wms_line (order_id INTEGER, line_no INTEGER, quantity INTEGER, PRIMARY KEY (order_id, line_no));
INSERT INTO wms_order VALUES (1, 1, ' new ', 1250, '2026-01-01 00:00:00'), (2, 2, 'OPEN', 999, '2026-01-02 00:00:00'),
    (3, 1, 'done', 0, '2026-01-03 00:00:00'), (4, 3, 'Done', 5, '2026-01-04 00:00:00');
INSERT INTO wms_line VALUES (1, 1, 2), (1, 2, 3), (2, 1, 0), (4, 1, 7);";

/// A pipeline that loads both and builds the imported project.
fn pipeline(project: &TestProject) -> String {
    let stream = |name: &str, rest: &str| {
        format!(
            "[streams.{name}]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\ntarget_table = \"{name}\"\n{rest}\n"
        )
    };
    let (source, target) = (project.source_path(), project.target_path());
    format!(
        "name = \"shop\"\n[connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
         [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n{}{}[models]\nplugins = []\nproject = \"shop\"\n",
        stream("wms_order", "method = \"incremental\"\nchange_key = \"updated_at\"\nlookback = \"0s\""),
        stream("wms_line", "method = \"full\""),
    )
}

#[test]
fn an_imported_project_builds_the_tables_that_its_sql_means() {
    let project = TestProject::with_pipeline(SOURCE, pipeline);
    let shop = root().join("tests/dbt/shop").display().to_string();
    let folder = project.path("shop").display().to_string();
    let words = ["import", "dbt", &shop, "--dialect", "sqlite", "--to", &folder];
    let report = project.plain(&words).ended(1);
    let out = report.out();
    assert!(out.contains("project shop: ") && out.contains("run_query reads the database"), "{out}");
    assert!(report.err().contains("It reads the streams wms_line, wms_order"), "{}", report.err());
    project.plain(&words).ended(2).says(&["it is there already"]);
    project.plain(&[&words[..], &["--force", "--accept"]].concat()).succeeded();

    project.wmshost("check", &[]).succeeded();
    project.wmshost("run", &[]).succeeded();
    let history = "SELECT order_id, status, amount, substr(updated_at, 1, 10) FROM ORDER_HISTORY ORDER BY 1";
    assert_eq!(project.rows(history), ["1 NEW 12.5 2026-01-01", "2 OPEN 9.99 2026-01-02", "4 DONE 0.05 2026-01-04"]);
    let kinds = "SELECT label, retail_amount, trade_amount, orders, quantity FROM PER_KIND ORDER BY 1";
    assert_eq!(project.rows(kinds), ["NULL 0.05 0 1 7", "Acme 0 9.99 1 0", "Smith, John 12.5 0 1 5"]);
    assert_eq!(project.number("SELECT count(*) FROM WITH_HOOK WHERE double_amount = 25"), 1);

    let versions = "SELECT order_id, status, substr(valid_from, 1, 10), substr(valid_to, 1, 10) FROM ORDER_VERSIONS \
                    WHERE order_id = 2 ORDER BY 3";
    assert_eq!(project.rows(versions), ["2 OPEN 2026-01-02 NULL"]);

    project.change(
        "UPDATE wms_order SET status = 'done', amount_cents = 1000, updated_at = '2026-01-05 00:00:00' WHERE order_id = 2;
         INSERT INTO wms_order VALUES (5, 3, 'new', 700, '2026-01-05 00:00:00');",
    );
    project.wmshost("run", &[]).succeeded();
    assert_eq!(
        project.rows(history),
        ["1 NEW 12.5 2026-01-01", "2 DONE 10.0 2026-01-05", "4 DONE 0.05 2026-01-04", "5 NEW 7.0 2026-01-05"]
    );
    assert_eq!(project.rows(versions), ["2 OPEN 2026-01-02 2026-01-05", "2 DONE 2026-01-05 NULL"]);
    assert_eq!(project.rows(kinds), ["NULL 7.05 0 2 7", "Acme 0 10.0 1 0", "Smith, John 12.5 0 1 5"]);
}

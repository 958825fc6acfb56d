//! The dbt project in `tests/dbt/shop`, taken over: what becomes of each part, and mistakes that must not hang or be half
//! done.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use wmshost_projects::{DbtImport, DbtOptions, ItemStatus, import_dbt, problems_text, write_project};
use wmshost_sql::Dialect;

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/dbt/shop")
}

fn options() -> DbtOptions {
    DbtOptions {
        dialect: Dialect::Sqlite,
        variables: BTreeMap::new(),
        streams: BTreeMap::new(),
        time_limit: Duration::from_secs(60),
    }
}

fn imported(folder: &Path) -> DbtImport {
    import_dbt(folder, &options()).unwrap_or_else(|problems| panic!("{}", problems_text(&problems)))
}

fn status<'i>(import: &'i DbtImport, name: &str) -> (ItemStatus, &'i str, String) {
    let item =
        import.items.iter().find(|item| item.name == name).unwrap_or_else(|| panic!("{name}: {:#?}", import.items));
    (item.status, &item.reason, format!("{}:{}", item.file, item.line))
}

fn text<'i>(import: &'i DbtImport, file: &str) -> &'i str {
    let found = import.files.iter().find(|(path, _)| path == file);
    found.map(|(_, text)| text.as_str()).unwrap_or_else(|| panic!("no {file}: {:#?}", import.files))
}

#[test]
fn each_part_is_taken_over_or_refused_by_name() {
    let import = imported(&shop());
    for name in ["stg_orders", "stg_lines", "order_history", "per_kind", "customers"] {
        assert_eq!(status(&import, name).0, ItemStatus::TakenOver, "{name}: {:#?}", import.items);
    }
    assert_eq!(status(&import, "order_versions").0, ItemStatus::TakenOver);
    let (found, why, at) = status(&import, "orders_snapshot");
    assert_eq!((found, at.as_str()), (ItemStatus::ByHand, "snapshots/orders_snapshot.sql:1"));
    assert!(why.starts_with("its versions begin with the first build here"), "{why}");
    assert_eq!(status(&import, "with_hook").0, ItemStatus::ByHand);
    assert_eq!(status(&import, "with_hook").1, "post_hook is not run here");
    for (name, reason, place) in [
        ("asks_the_database", "run_query reads the database", "models/marts/asks_the_database.sql:1"),
        (
            "reads_a_refused_one",
            "it reads asks_the_database, which is not taken over",
            "models/marts/reads_a_refused_one.sql:0",
        ),
        ("misspelt", "claen", "models/marts/misspelt.sql:2"),
        ("reaches_out", "it names the table sqlite_master", "models/marts/reaches_out.sql:0"),
        ("in_python", "a model in Python", "models/marts/in_python.py:0"),
        (
            "dbt_expectations.expect_something_new of stg_lines.order_id",
            "is not known",
            "models/staging/sources.yml:35",
        ),
    ] {
        let (found, why, at) = status(&import, name);
        assert!(found == ItemStatus::Refused && why.contains(reason) && at == place, "{name}: {found:?} {why} {at}");
    }
    for name in ["retired", "by_weight"] {
        let (found, why, _) = status(&import, name);
        assert_eq!((found, why), (ItemStatus::LeftOut, "it is disabled in the project"), "{name}");
    }
    assert_eq!(import.streams, ["wms_line", "wms_order"]);
}

#[test]
fn the_sql_is_plain() {
    let import = imported(&shop());
    assert_eq!(
        text(&import, "models/order_history.sql"),
        "select order_id, status, amount, updated_at\nfrom {stg_orders}\n{when incremental}\n\
         where updated_at >= (select max(updated_at) from {this})\n{end}\n"
    );
    assert!(
        text(&import, "models/stg_orders.sql")
            .contains("upper(trim(status)) as status,\n    round(amount_cents / 100.0, 2) as amount")
    );
    assert!(
        text(&import, "models/stg_lines.sql").contains("from {wms_line} wms_line\nwhere"),
        "{}",
        text(&import, "models/stg_lines.sql")
    );
    assert!(text(&import, "models/with_hook.sql").contains("2 * amount as double_amount"));
    assert!(
        text(&import, "tests/stg_orders_positive_amount.sql").contains("select * from {stg_orders} where amount < 0")
    );
    let yaml = text(&import, "project.yml");
    assert!(yaml.contains("\"unique_key\": \"order_id\"") && yaml.contains("\"delete+insert\""), "{yaml}");
    assert!(yaml.contains("\"values\": [\"NEW\", \"OPEN\", \"DONE\"]"), "{yaml}");
    assert!(!yaml.contains("expect_something_new"), "{yaml}");
    assert_eq!(text(&import, "snapshots/orders_snapshot.sql"), "select * from {stg_orders}\n");
    let versions = "{\"materialized\": \"snapshot\", \"check_cols\": [\"updated_at\"], \"updated_at\": \"updated_at\", \
                    \"unique_key\": \"order_id\"}";
    assert!(yaml.contains(versions), "{yaml}");
    assert!(text(&import, "models/order_versions.sql").contains("wms_version.wms_valid_to AS dbt_valid_to"));
}

#[test]
fn a_folder_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("sql");
    let import = imported(&shop());
    write_project(&import.files, &target, false).expect("written");
    let read =
        wmshost_projects::read(&target, Dialect::Sqlite).unwrap_or_else(|wrong| panic!("{}", problems_text(&wrong)));
    assert_eq!(read.declaration.models.len(), 8);
    fs::write(target.join("own.sql"), "SELECT 1 AS a").expect("written");
    assert!(write_project(&import.files, &target, false).is_err());
    assert!(target.join("own.sql").exists(), "nothing is replaced without a word");
    write_project(&import.files, &target, true).expect("replaced");
    assert!(!target.join("own.sql").exists());
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing is left beside it: {left:?}");
}

#[test]
fn a_folder_stays_as_it_was_if_the_new_one_cannot_be_put_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("sql");
    let file = |path: &str| (path.to_owned(), "SELECT 1 AS a".to_owned());
    write_project(&[file("project.yml"), file("a.sql")], &target, false).expect("written");
    // A file cannot also be a folder.
    write_project(&[file("project.yml"), file("b"), file("b/c.sql")], &target, true).expect_err("not written");
    assert!(target.join("a.sql").exists() && !target.join("b").exists());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");

    // The state in which a process leaves the folders that dies while it exchanges them.
    fs::rename(&target, folder.path().join(".sql.old")).expect("renamed");
    write_project(&[file("project.yml")], &target, false).expect_err("it is there");
    assert!(target.join("a.sql").exists(), "the old folder is back");

    let home = folder.path().join("home");
    fs::create_dir(&home).expect("a folder");
    fs::write(home.join("letter.txt"), "dear").expect("written");
    let wrong = write_project(&[file("project.yml")], &home, true).expect_err("no SQL project");
    assert!(wrong.to_string().contains("no SQL project") && home.join("letter.txt").exists(), "{wrong}");
}

/// A project of one model, and more files.
fn project(model: &str, more: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [("dbt_project.yml", "name: small\n"), ("models/m.sql", model)].iter().chain(more) {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }
    folder
}

#[test]
fn jinja_that_does_not_end_is_refused() {
    let endless =
        "{% for a in range(10000) %}{% for b in range(10000) %}{% set c = a %}{% endfor %}{% endfor %}select 1 as a";
    let import = imported(project(endless, &[]).path());
    assert!(status(&import, "m").1.contains("does not end within"), "{:?}", import.items);

    let macros = "{% macro ping() %}{{ pong() }}{% endmacro %}\n{% macro pong() %}{{ ping() }}{% endmacro %}";
    let import = imported(project("select {{ ping() }} as a", &[("macros/a.sql", macros)]).path());
    assert!(status(&import, "m").1.contains("macros call each other more than"), "{:?}", import.items);

    let growing = [
        "{% set x = 'ab' %}".to_owned() + &"{% set x = x ~ x %}".repeat(60) + "select 1 as a",
        "{% set it = namespace(x='ab') %}{% for i in range(60) %}{% set it.x = it.x ~ it.x %}{% endfor %}".to_owned(),
        "{{ grown() }}{{ grown() }}".to_owned(),
    ];
    let grown = "{% macro grown() %}{% set it = namespace(x='ab') %}{% for i in range(23) %}{% set it.x = it.x ~ it.x %}\
                 {% endfor %}{{ return(it.x) }}{% endmacro %}";
    for text in growing {
        let import = imported(project(&text, &[("macros/a.sql", grown)]).path());
        assert!(status(&import, "m").1.contains("may make 64 bytes of text"), "{text}: {:?}", import.items);
    }

    let import =
        imported(project("select '{{ exceptions.raise_compiler_error('no ' ~ target.type) }}' as a", &[]).path());
    assert_eq!(status(&import, "m").1, "the project raises: no sqlite");
}

/// The engine does not count the parts of lists that are added to each other.
#[test]
fn jinja_that_the_engine_does_not_count_is_refused_after_a_time() {
    let lists = "{% set it = namespace(x=['a']) %}{% for i in range(60) %}{% set it.x = it.x + it.x %}{% endfor %}select 1 as a";
    let folder = project(lists, &[("models/n.sql", "select {{ 1 }} as a")]);
    let options = DbtOptions { time_limit: Duration::from_secs(1), ..options() };
    let import = import_dbt(folder.path(), &options).unwrap_or_else(|problems| panic!("{}", problems_text(&problems)));
    assert_eq!(status(&import, "m").1, "it does not end within 1 s");
    assert_eq!(status(&import, "n").1, "not evaluated, because another text did not end in time");
}

#[test]
fn return_ends_the_macro_that_calls_it_alone() {
    let macros = "{% macro sign(n) %}{% if n < 0 %}{{ return('minus') }}{% endif %}{{ return('plus') }}{% endmacro %}\n\
                  {% macro factorial(n) %}{% if n < 2 %}{{ return(1) }}{% endif %}{{ return(n * factorial(n - 1)) }}{% endmacro %}\n\
                  {% macro both() %}{{ sign(-1) }}, {{ sign(1) }}{% endmacro %}";
    let model = "select '{{ both() }}' as a, {{ factorial(5) }} as b";
    let import = imported(project(model, &[("macros/a.sql", macros)]).path());
    assert_eq!(text(&import, "models/m.sql"), "select 'minus, plus' as a, 120 as b\n");
    let import = imported(project("{{ return(1) }}select 1 as a", &[]).path());
    assert_eq!(status(&import, "m").1, "return outside of a macro");
}

#[test]
fn a_broken_project_file_is_reported_with_its_line() {
    let mut bomb = "name: small\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    for (text, what) in [
        (bomb.as_str(), "more than 200000 values"),
        ("name: [small\n", "it is not YAML"),
        ("version: 2\n", "it has no `name`"),
    ] {
        let folder = project("select 1 as a", &[]);
        fs::write(folder.path().join("dbt_project.yml"), text).expect("written");
        let problems = import_dbt(folder.path(), &options()).expect_err("broken");
        let text = problems_text(&problems);
        assert!(text.starts_with("dbt_project.yml") && text.contains(what), "{text}");
    }
}

/// A project of these files, with a `dbt_project.yml`.
fn described_project(description: &str, files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let described = ("dbt_project.yml", description);
    for (path, text) in [&described].into_iter().chain(files) {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    folder
}

const POSITIVE: (&str, &str) = (
    "macros/positive.sql",
    "{% test positive(model, column_name) %}select * from {{ model }} where {{ column_name }} <= 0{% endtest %}",
);

#[test]
fn no_name_of_a_project_leads_out_of_the_folder_that_is_written() {
    let yaml =
        "models:\n  - name: m\n    columns:\n      - name: \"x/../../../../evil\"\n        data_tests: [positive]\n";
    let folder = described_project("name: p\n", &[("models/m.sql", "select 1 as x"), ("models/m.yml", yaml), POSITIVE]);
    let import = imported(folder.path());
    assert!(import.files.iter().all(|(path, _)| !path.contains("..")), "{:#?}", import.files);
    let to = folder.path().join("a/b/c/d/sql");
    let outside = [("../evil.sql".to_owned(), String::new())];
    assert!(write_project(&outside, &to, false).is_err());
    assert!(!to.exists() && !folder.path().join("a/b/c/d/evil.sql").exists());
}

#[test]
fn settings_of_tests_are_reported_and_disabled_ones_left_out() {
    let yaml = "models:\n  - name: m\n    columns:\n      - name: x\n        data_tests:\n          - positive:\n              arguments: {}\n              config: {severity: warn}\n";
    let files = [
        ("models/m.sql", "select 1 as x"),
        ("models/m.yml", yaml),
        POSITIVE,
        ("tests/off.sql", "{{ config(enabled=false) }} select 1 where 1 = 0"),
        ("tests/mild.sql", "{{ config(severity='warn') }} select * from {{ ref('m') }} where x < 0"),
    ];
    let import = imported(described_project("name: p\ndata_tests: {+severity: warn}\n", &files).path());
    assert_eq!(status(&import, "m_positive_x").0, ItemStatus::ByHand);
    assert_eq!(status(&import, "off").0, ItemStatus::LeftOut);
    assert_eq!(status(&import, "mild").0, ItemStatus::ByHand);
    assert!(status(&import, "data_tests").1.contains("settings of all tests are not taken"));
    let names: Vec<&str> = import.files.iter().map(|(path, _)| path.as_str()).collect();
    assert!(names.contains(&"tests/mild.sql") && !names.contains(&"tests/off.sql"), "{names:?}");
}

#[test]
fn what_differs_between_environments_is_never_taken_over_without_a_word() {
    let files = [
        ("models/id.sql", "select '{{ invocation_id }}' as x"),
        ("models/dev.sql", "select 1 as x {% if target.name != 'prod' %} where 1 < 3 {% endif %}"),
        ("models/kind.sql", "select 1 as x {% if target.type == 'nothing' %} where 1 < 3 {% endif %}"),
        ("models/stars.sql", "select {{ dbt_utils.star(ref('kind'), prefix='k_') }} from {{ ref('kind') }}"),
    ];
    let import = imported(described_project("name: p\n", &files).path());
    assert_eq!(status(&import, "id").0, ItemStatus::Refused);
    let (found, why, _) = status(&import, "dev");
    assert!(found == ItemStatus::ByHand && why.contains("target.name"), "{found:?} {why}");
    assert_eq!(status(&import, "kind").0, ItemStatus::TakenOver);
    assert!(status(&import, "stars").1.contains("`prefix`"));
}

#[test]
fn settings_of_the_tree_hold_below_any_folder() {
    let tree =
        "name: p\nmodel-paths: [src/models]\nmodels:\n  p:\n    old:\n      +enabled: false\n    pre_hook: drop it\n";
    let files = [("src/models/old/a.sql", "select 1 as x"), ("src/models/b.sql", "select 1 as x")];
    let import = imported(described_project(tree, &files).path());
    assert_eq!(status(&import, "a").0, ItemStatus::LeftOut);
    assert_eq!(status(&import, "b").1, "pre_hook is not run here");
}

#[test]
fn snapshots_are_found_wherever_a_tag_begins_and_not_in_comments() {
    let snapshots =
        "{# {% snapshot old %} #}\n{%- snapshot one -%} select 1 as x {% endsnapshot %}\n\n{% snapshot two\n%}";
    let import = imported(described_project("name: p\n", &[("snapshots/s.sql", snapshots)]).path());
    let found: Vec<_> = import.items.iter().map(|item| (item.name.as_str(), item.line)).collect();
    assert_eq!(found, [("one", 2), ("two", 4)]);
}

#[test]
fn snapshots_are_taken_over_with_their_strategy_or_refused_by_name() {
    let block = |name: &str, config: &str| {
        format!(
            "{{% snapshot {name} %}}\n{{{{ config({config}) }}}}\nselect * from {{{{ ref('m') }}}}\n{{% endsnapshot %}}\n"
        )
    };
    let file = [
        block("checked", "unique_key='a', strategy='check', check_cols=['b'], invalidate_hard_deletes=true"),
        block("all_of_it", "unique_key=['a', 'b'], strategy='check', check_cols='all', target_schema='history'"),
        block("no_key", "strategy='check', check_cols='all'"),
        block("by_expression", "unique_key=\"a || b\", strategy='check', check_cols='all'"),
        block("no_time", "unique_key='a', strategy='timestamp'"),
        block("new_record", "unique_key='a', strategy='check', check_cols='all', hard_deletes='new_record'"),
        block("of_their_own", "unique_key='a', strategy='mine'"),
    ];
    let yaml = "snapshots:\n  - name: in_yaml\n    relation: ref('m')\n    config: {unique_key: a, strategy: timestamp, updated_at: b}\n";
    let folder = project(
        "select 1 as a, 2 as b",
        &[
            ("snapshots/all.sql", &file.concat()),
            ("snapshots/all.yml", yaml),
            ("models/reader.sql", "select dbt_scd_id from {{ ref('checked') }}"),
            ("models/reads_a_refused_one.sql", "select * from {{ ref('no_key') }}"),
        ],
    );
    let import = imported(folder.path());
    let yaml = text(&import, "project.yml");
    for part in [
        "\"check_cols\": [\"b\"], \"hard_deletes\": \"invalidate\"",
        "\"check_cols\": \"all\", \"unique_key\": [\"a\", \"b\"]",
        "\"check_cols\": [\"b\"], \"updated_at\": \"b\"",
    ] {
        assert!(yaml.contains(part), "{part}: {yaml}");
    }
    assert_eq!(text(&import, "snapshots/in_yaml.sql"), "select * from {m}\n");
    for (name, reason) in [
        ("no_key", "it has no `unique_key`"),
        ("by_expression", "its `unique_key` is not a column"),
        ("no_time", "needs a column as `updated_at`"),
        ("new_record", "hard_deletes new_record is not known here"),
        ("of_their_own", "the strategy mine is not known here"),
        ("reader", "it names dbt_scd_id"),
        ("reads_a_refused_one", "it reads no_key, which is not taken over"),
    ] {
        let (found, why, _) = status(&import, name);
        assert!(found == ItemStatus::Refused && why.contains(reason), "{name}: {found:?} {why}");
    }
}

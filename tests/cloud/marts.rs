//! The same marts come out of both kinds of source: from the entities of WMS Cloud by the models' source `cloud`, and from
//! the same rows in the warehouse's words by the streams and transforms of its database.

use rusqlite::Connection;
use rusqlite::types::Value;
use wmshost_tests::{TestProject, plugin};
use wmshost_wms_cloud_mock::{Mock, Options};

use crate::tables::{ENTITIES, write_entities, write_in_words};

/// The marts.
const MARTS: [&str; 4] = ["FACT_ALLOCATION_PERFORMANCE", "FACT_INVENTORY_MOVEMENT", "KPI_DAILY", "DIM_ITEMS"];
/// The columns that WMS Cloud has no value for.
const MISSING: [&str; 1] = ["is_active"];

/// A pipeline over the entities, each a stream of its own, whose models have the source `cloud`.
fn cloud_pipeline(project: &TestProject) -> String {
    let labels = [
        ("wms-tables", "wmshost-extractor-wms-tables"),
        ("table", "wmshost-loader-table"),
        ("wms-marts", "wmshost-models-wms-marts"),
    ];
    let plugins: String = labels.iter().map(|(label, name)| format!("{label}.path = {:?}\n", plugin(name))).collect();
    let streams: String = ENTITIES
        .iter()
        .map(|(entity, columns)| {
            let method = match columns.contains("mod_ts") {
                true => "method = \"incremental\"\nchange_key = \"mod_ts\"\nlookback = \"2h\"",
                false => "method = \"full\"",
            };
            format!("[streams.{entity}]\nkey = [\"id\"]\n{method}\n")
        })
        .collect();
    let (source, target) = (project.source_path(), project.target_path());
    format!(
        "name = \"cloud\"\n[plugins]\n{plugins}\
         [connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
         [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
         [stream_defaults]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\n{streams}\
         [models]\nplugins = [\"wms-marts\"]\n[models.settings.wms-marts]\nsource = \"cloud\"\ntoday = \"2026-06-30\"\n\
         utc_offsets = [\"-03:00\"]\n\
         words = [\"priority:1=LOW\", \"priority:2=NORMAL\", \"priority:4=HIGH\", \"priority:5=URGENT\"]\n"
    )
}

/// The rows of a table, without the host's columns and those that are missing; times are only times, because one source has
/// instants and the other has what the warehouse's clocks show.
fn rows_of(target: &Connection, table: &str) -> Vec<String> {
    let mut statement = target.prepare(&format!("SELECT * FROM {table}")).expect("the mart");
    let names: Vec<String> = statement.column_names().map(str::to_lowercase).collect();
    let kept: Vec<usize> = (0..names.len())
        .filter(|at| !names[*at].starts_with("wms_") && !MISSING.contains(&names[*at].as_str()))
        .collect();
    let is_time = |text: &str| text.trim_end_matches('Z').len() == 26 && text.as_bytes()[10] == b' ';
    let rows = statement.query_map([], |row| {
        let cell = |at: &usize| {
            Ok(match row.get::<_, Value>(*at)? {
                // Sums of binary fractions depend on the order of the rows.
                Value::Real(value) => format!("{}={value:.4}", names[*at]),
                Value::Integer(value) => format!("{}={:.4}", names[*at], value as f64),
                Value::Text(text) if is_time(&text) => format!("{}=a time", names[*at]),
                value => format!("{}={value:?}", names[*at]),
            })
        };
        Ok(kept.iter().map(cell).collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
    });
    let mut rows: Vec<String> = rows.expect("rows").collect::<rusqlite::Result<_>>().expect("rows");
    rows.sort();
    rows
}

fn assert_same_marts(cloud: &TestProject, tables: &TestProject) {
    for mart in MARTS {
        let (found, expected) = (rows_of(&cloud.target(), mart), rows_of(&tables.target(), mart));
        assert!(!found.is_empty(), "{mart} has no rows");
        let difference = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert_eq!(difference, None, "{mart}: {} rows from the cloud, {} from tables", found.len(), expected.len());
        assert_eq!(found.len(), expected.len(), "{mart}");
    }
}

/// The same rows in the warehouse's words, loaded and modelled from the start.
fn in_words(entities: &TestProject) -> TestProject {
    let project = TestProject::sample(0, 1);
    write_in_words(&project.source(), &entities.source_path().to_string_lossy());
    project.run();
    project.wmshost("models build", &[]).ended(0);
    project
}

#[test]
fn the_same_marts_come_out_of_both_kinds_of_source() {
    let mock = Mock::start(&Options { allocations: 1_500, ..Options::default() }).expect("a mock");
    let cloud = TestProject::with_pipeline("", cloud_pipeline);
    write_entities(&cloud.source(), &mock);
    cloud.run();
    assert_same_marts(&cloud, &in_words(&cloud));
    // A day of changes: the incremental builds end at what a full build ends at.
    mock.advance(86_400);
    mock.begin_changes(3, 10.0, 1);
    mock.settle();
    write_entities(&cloud.source(), &mock);
    cloud.run();
    assert_same_marts(&cloud, &in_words(&cloud));
}

#[test]
fn a_lookup_that_changes_is_followed() {
    let mock = Mock::start(&Options { allocations: 300, ..Options::default() }).expect("a mock");
    let cloud = TestProject::with_pipeline("", cloud_pipeline);
    write_entities(&cloud.source(), &mock);
    cloud.run();
    let groups = "SELECT status_group, count(*) FROM STG_WMS_ALLOCATION GROUP BY 1 ORDER BY 1";
    let before = cloud.rows(groups);
    cloud.change("UPDATE allocation_status SET description = 'On hold' WHERE id = 90");
    cloud.run();
    let after = cloud.rows(groups);
    assert_ne!(before, after);
    assert_eq!(cloud.number("SELECT count(*) FROM STG_WMS_ALLOCATION WHERE allocation_status = 'SHIPPED'"), 0);
    assert_eq!(
        cloud.number("SELECT count(*) FROM STG_WMS_ALLOCATION WHERE allocation_status = 'ON HOLD'"),
        cloud.number("SELECT count(*) FROM WMS_ALLOCATION WHERE status_id = 90")
    );
    // An order line that is deleted in the target leaves its allocations without an order.
    let line = cloud.number(
        "SELECT min(order_dtl_id) FROM (SELECT order_dtl_id FROM WMS_ALLOCATION GROUP BY 1 HAVING count(*) = 1)",
    );
    cloud.target().execute("DELETE FROM WMS_ORDER_DTL WHERE id = ?1", [line]).expect("deleted");
    cloud.change(&format!("DELETE FROM order_dtl WHERE id = {line}"));
    cloud.wmshost("models build", &[]).ended(0);
    let orphans = format!(
        "SELECT count(*) FROM STG_WMS_ALLOCATION s JOIN WMS_ALLOCATION a ON a.id = s.allocation_id \
         WHERE a.order_dtl_id = {line} AND s.order_id IS NOT NULL"
    );
    assert_eq!(cloud.number(&orphans), 0);
}

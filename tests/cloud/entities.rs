//! Entities that cannot be walked over by id, and fields that come and go.

use wmshost_wms_cloud_mock::Quirk::{self, *};

use crate::bed::{Cloud, Setup};

/// An entity without an id.
const NO_ID: &str =
    "[streams.rf_key_map]\ntable = \"rf_key_map\"\ntarget_table = \"CLOUD_RF_KEY_MAP\"\ndeletes = \"ignore\"\n";

fn cloud(quirks: &[Quirk], tables: &'static str) -> Cloud {
    let quirks = quirks.iter().copied().collect();
    Cloud::new(&Setup { allocations: 100, page_rows: 4, tables, ..Setup::new(5, quirks) })
}

#[test]
fn an_entity_without_an_id_is_read_by_page_numbers_and_plan_says_so() {
    let cloud = cloud(&[], NO_ID);
    let only = ["--stream", "rf_key_map"];
    let plan = cloud.project.wmshost("plan", &only).ended(0);
    plan.says(&["rf_key_map: it has no id", "by page numbers", "160 rows"]);
    for _ in 0..2 {
        cloud.project.wmshost("run", &only).ended(0);
        assert_eq!(cloud.project.number("SELECT count(*) FROM CLOUD_RF_KEY_MAP"), 10);
    }
}

#[test]
fn a_page_that_is_counted_and_not_there_is_no_failure() {
    let cloud = cloud(&[], NO_ID);
    let only = ["--stream", "rf_key_map"];
    cloud.project.wmshost("run", &only).ended(0);
    // A page that is counted, and whose request fails, is no row.
    cloud.mock.set_quirks([PhantomPage].into_iter().collect());
    cloud.project.wmshost("run", &only).ended(0);
    assert_eq!(cloud.project.number("SELECT count(*) FROM CLOUD_RF_KEY_MAP"), 10);
}

#[test]
fn an_entity_whose_ordering_is_refused_is_read_by_page_numbers() {
    for quirks in
        [&[OrderingRefused][..], &[OrderingRefused, PhantomPage], &[OrderingRefused, ShortPages, BigPagesTimeOut]]
    {
        let cloud = cloud(quirks, "");
        let run = cloud.project.wmshost("run", &["--stream", "order_type"]).ended(0);
        run.says(&["order_type: the tenant refuses its ordering", "by page numbers"]);
        let rows = cloud.mock.truth("order_type").len() as i64;
        assert_eq!(cloud.project.number("SELECT count(*) FROM CLOUD_ORDER_TYPE"), rows, "{quirks:?}");
    }
}

#[test]
fn fields_that_come_are_loaded_once_they_are_described_and_reported_in_any_case() {
    let cloud = cloud(&[Release, UnknownFields], "");
    let only = ["--stream", "allocation"];
    let first = cloud.project.wmshost("run", &only).ended(0);
    first.says(&["does not describe", "zz_unlisted"]);
    cloud.mock.advance(86_400);
    cloud.mock.begin_changes(3, 50.0, 1);
    cloud.settle();
    let second = cloud.project.wmshost("run", &["--stream", "allocation", "--output", "json"]).ended(0).json();
    let changes = second["streams"][0]["schema_changes"].to_string();
    assert!(changes.contains("release_ref was added") && changes.contains("task_seq_nbr changed"), "{changes}");
    assert_ne!(cloud.project.number("SELECT count(*) FROM CLOUD_ALLOCATION WHERE release_ref IS NOT NULL"), 0);
}

#[test]
fn a_tenant_is_measured_at_first_contact_and_again_when_asked() {
    let cloud = cloud(&[], "");
    // The findings by subject, the time of an earlier check, and true if the tenant was measured.
    let check = |arguments: &[&str]| {
        cloud.mock.take_exchanges();
        let arguments = [&["--connect", "--output", "json"], arguments].concat();
        let check = cloud.project.wmshost("check", &arguments).ended(0).json();
        let exchanges = cloud.mock.take_exchanges();
        let mut connections = check["connections"].as_array().expect("connections").iter();
        let service = connections.find(|connection| connection["label"] == "cloud").cloned().expect("the service");
        (service, exchanges.iter().any(|exchange| exchange.target.contains("page_size=25")))
    };
    let subjects = |service: &serde_json::Value| -> Vec<String> {
        let measured = service["measured"].as_array().expect("findings").iter();
        measured.map(|finding| finding["subject"].as_str().expect("a subject").to_owned()).collect()
    };
    let (first, is_measured) = check(&[]);
    assert!(is_measured && first["measured_at"].is_null(), "{first:#}");
    for subject in [
        "entities",
        "the service's clock",
        "facility: rows that the user sees",
        "words for types",
        "a fraction of a second in a filter",
        "id__gt with ordering=id",
        "empty_response_http_code=204",
        "values_list=id",
        "allocation: a page of 1250",
        "gzip",
        "spelling of id",
        "mod_ts: offset, digits of a second",
    ] {
        assert!(subjects(&first).iter().any(|found| found == subject), "{subject}: {first:#}");
    }
    let (second, is_measured) = check(&[]);
    assert!(!is_measured && second["measured_at"].is_string(), "{second:#}");
    assert_eq!(subjects(&second), subjects(&first));
    let (again, is_measured) = check(&["--measure"]);
    assert!(is_measured && again["measured_at"].is_null(), "{again:#}");
    let (_, is_measured) = check(&["--stream", "item"]);
    assert!(is_measured, "the entities are others");
}

//! The target is equal to the mock's truth, or to the documented difference, under each quirk alone, while rows change as
//! they are read.

use wmshost_wms_cloud_mock::Quirk::{self, *};
use wmshost_wms_cloud_mock::Quirks;

use crate::bed::{Cloud, Setup};

/// Quirks under which a run fails with a clear error, as it should.
pub(crate) const FATAL: [Quirk; 4] = [LoginPage, Redirect, Forbidden, FacilityLost];

/// A first load while rows change, and a second run after a day.
fn two_runs(setup: &Setup) {
    let cloud = Cloud::new(setup);
    cloud.mock.begin_changes(5, 15.0, 1);
    cloud.run().ended(0);
    cloud.mock.settle();
    cloud.mock.advance(86_400);
    cloud.mock.begin_changes(6, 5.0, 1);
    cloud.settle();
    cloud.run().ended(0);
    cloud.assert_equal("after the second run");
}

#[test]
fn the_target_is_equal_to_the_truth_without_quirks() {
    two_runs(&Setup::new(1, Quirks::default()));
}

/// A moment is a bookmark in other words than a database's.
#[test]
fn a_stream_goes_on_from_a_moment_that_an_operator_sets() {
    let cloud = Cloud::new(&Setup::new(4, Quirks::default()));
    cloud.run().ended(0);
    let target = cloud.project.target();
    target.execute_batch("UPDATE CLOUD_ITEM SET description = 'lost'").expect("an update");
    let set = ["--stream", "item", "--bookmark", "2001-01-01 00:00:00", "--yes"];
    cloud.project.wmshost("state set", &set).succeeded();
    let run = cloud.project.wmshost("run", &["--stream", "item", "--output", "json"]).ended(0).json();
    assert_ne!(run["streams"][0]["rows_read"], 0, "{run}");
}

#[test]
fn each_quirk_alone() {
    let only = std::env::var("WMSHOST_TEST_QUIRK").ok();
    let is_meant = |quirk: &Quirk| only.as_ref().is_none_or(|only| only.parse() == Ok(*quirk));
    let failed: Vec<String> = Quirk::all()
        .filter(is_meant)
        .filter(|quirk| !FATAL.contains(quirk))
        .filter_map(|quirk| {
            let run = || two_runs(&Setup::new(2, [quirk].into_iter().collect()));
            let panicked = std::panic::catch_unwind(run).err()?;
            let message = panicked.downcast_ref::<String>().cloned().unwrap_or_default();
            Some(format!("Q{}: {}", quirk.number(), message.chars().take(1_500).collect::<String>()))
        })
        .collect();
    assert!(failed.is_empty(), "{} quirks fail:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn replies_that_are_no_data_end_a_run_and_leave_the_target_as_it_is() {
    for quirk in [LoginPage, Redirect, Forbidden] {
        let cloud = Cloud::new(&Setup::new(3, Quirks::default()));
        cloud.run().ended(0);
        cloud.mock.set_quirks([quirk].into_iter().collect());
        let failed = cloud.run();
        assert_ne!(failed.code(), Some(0), "{quirk:?}");
        cloud.assert_equal("after the failure");
    }
}

/// The attacks T8, T17 and T18: a change key in microseconds and filters that refuse or cut their fractions, more rows in a
/// second than on a page; counts that shrink and a phantom page; a service that is busy or silent.
#[test]
fn fractions_phantom_pages_and_a_busy_service_lose_nothing() {
    for (name, quirks) in [
        ("T8", vec![FractionRefused, CrowdedSecond]),
        ("T8", vec![FractionCut, CrowdedSecond, EqualTimes]),
        ("T17", vec![PhantomPage, OrderingRefused]),
        ("T18", vec![TooMany, Silent]),
    ] {
        println!("{name}: {quirks:?}");
        two_runs(&Setup { page_rows: 25, ..Setup::new(4, quirks.into_iter().collect()) });
    }
}

#[test]
fn a_hundredth_of_changes_costs_a_fiftieth_of_the_requests_of_a_first_load() {
    let setup = Setup { allocations: 30_000, page_rows: 25, ..Setup::new(8, Quirks::default()) };
    let cloud = Cloud::new(&setup);
    let requests = || {
        cloud.project.wmshost("run", &["--stream", "allocation"]).ended(0);
        cloud.mock.take_exchanges().len()
    };
    let first = requests();
    cloud.mock.advance(86_400);
    cloud.mock.touch("allocation", 300);
    cloud.mock.advance(3_600);
    let later = requests();
    println!("requests: {first} of the first load, {later} of the incremental one");
    assert!(first >= 1_200 && later * 50 <= first, "{later} requests after {first}");
    cloud.assert_entity_equal("allocation", "after the changes");
}

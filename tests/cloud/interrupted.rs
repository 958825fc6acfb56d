//! Runs that are interrupted at the boundary of each page: of a first load, of an incremental read, of a comparison. The
//! target is equal to the truth afterwards, with no row twice, and every run goes on where the last one ended.

use wmshost_tests::CommandOutput;
use wmshost_wms_cloud_mock::Quirks;

use crate::bed::{Cloud, Setup};

/// The rows of a page, and of a transaction.
const PAGE: u64 = 40;
/// More runs than any of the loads has pages.
const MOST_RUNS: u64 = 60;

/// The points of a comparison at which a run may be interrupted.
const COMPARING: [&str; 4] = ["range-read", "range-compared", "rows-removed", "all-compared"];

/// The way in which a run is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interruption {
    /// The process dies, as by a power cut.
    Killed,
    /// It is asked to stop, as by Ctrl-C.
    Signalled,
    /// The service refuses the page after the first one.
    Refused,
}

fn allocations(cloud: &Cloud) -> CommandOutput {
    cloud.project.wmshost("run", &["--stream", "allocation", "--output", "json"])
}

/// Runs again and again, each time interrupted as soon as a page is loaded, until a run ends well. Returns the number of
/// runs.
fn run_page_by_page(cloud: &mut Cloud, how: Interruption, point: &str) -> u64 {
    let at = format!("allocation:{point}:1");
    match how {
        Interruption::Killed => cloud.project.set("WMSHOST_CRASH_AT", &at),
        Interruption::Signalled => cloud.project.set("WMSHOST_SIGNAL_AT", &at),
        Interruption::Refused => {}
    }
    let interrupted = (1..MOST_RUNS).find(|runs| {
        if how == Interruption::Refused {
            // Four for the facilities and companies, and a page; later runs get further.
            cloud.mock.refuse_after(Some(5 + runs / 4));
        }
        let ended = allocations(cloud).code() == Some(0);
        // A point of a comparison would be reached by every run.
        if *runs == 1 && COMPARING.contains(&point) {
            cloud.project.set("WMSHOST_CRASH_AT", "");
            cloud.project.set("WMSHOST_SIGNAL_AT", "");
        }
        ended
    });
    cloud.project.set("WMSHOST_CRASH_AT", "");
    cloud.project.set("WMSHOST_SIGNAL_AT", "");
    cloud.mock.refuse_after(None);
    let runs = interrupted.unwrap_or_else(|| panic!("{how:?}: {}", allocations(cloud).err()));
    allocations(cloud).ended(0);
    runs
}

fn interrupt(how: Interruption) {
    let setup = Setup { page_rows: PAGE, defaults: "reconcile_every = \"0s\"", ..Setup::new(7, Quirks::default()) };
    let mut cloud = Cloud::new(&setup);
    cloud.project.set("TARGET_BATCH_SIZE", &PAGE.to_string());
    let pages = cloud.mock.truth("allocation").len() as u64 / PAGE;

    cloud.mock.begin_changes(1, 10.0, 1);
    let runs = run_page_by_page(&mut cloud, how, "batch-committed");
    assert!(runs >= pages / 2, "{how:?}: a first load of {pages} pages ended after {runs} runs");
    cloud.settle();
    allocations(&cloud).ended(0);
    cloud.assert_entity_equal("allocation", "after the first load");

    cloud.mock.advance(86_400);
    cloud.mock.begin_changes(2, 80.0, 1);
    cloud.settle();
    let runs = run_page_by_page(&mut cloud, how, "batch-committed");
    assert!(runs >= 3, "{how:?}: the changes were read by {runs} runs");
    cloud.assert_entity_equal("allocation", "after the changes");

    for point in COMPARING {
        cloud.mock.delete("allocation", 20);
        let runs = run_page_by_page(&mut cloud, how, point);
        // A request to stop that comes after the last row changes nothing.
        assert!(runs > 1 || how == Interruption::Signalled, "{how:?}: the comparison never came to {point}");
        cloud.assert_entity_equal("allocation", &format!("after the comparison that was interrupted at {point}"));
    }
}

#[test]
fn a_run_that_is_killed_after_each_page_ends_equal() {
    interrupt(Interruption::Killed);
}

#[test]
fn a_run_that_is_stopped_after_each_page_ends_equal() {
    interrupt(Interruption::Signalled);
}

#[test]
fn a_run_that_the_service_refuses_after_each_page_ends_equal() {
    interrupt(Interruption::Refused);
}

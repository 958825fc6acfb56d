//! Mistakes of an operator, and refusals by a tenant: each has a message of its own, with the next step.

use wmshost_tests::CommandOutput;
use wmshost_wms_cloud_mock::Quirk::{self, *};

use crate::bed::{Cloud, Setup};

/// No second try, and a stream of an entity that the tenant does not have.
const LINES: &str = "request_retries = 0\n[streams.nowhere]\ntable = \"items\"\ntarget_table = \"CLOUD_NOWHERE\"\ndeletes = \"ignore\"\n";

fn cloud(quirks: &[Quirk]) -> Cloud {
    let quirks = quirks.iter().copied().collect();
    Cloud::new(&Setup { allocations: 60, fault_every: 100_000, tables: LINES, ..Setup::new(7, quirks) })
}

/// A check of the connection and of a stream, and a run of it: neither succeeds, and each says these words.
fn fail(cloud: &Cloud, stream: &str, words: &[&str]) -> CommandOutput {
    let only = ["--stream", stream];
    cloud.project.wmshost("check", &[&["--connect"], &only[..]].concat()).ended(2).says(words);
    cloud.project.wmshost("run", &only).ended(2).says(words)
}

#[test]
fn every_wrong_setting_has_its_message() {
    for (variable, value, words) in [
        ("WMS_CLOUD_ENVIRONMENT", "nowhere", &["the address is not that of a tenant", "404", "`base_path`"][..]),
        (
            "WMS_CLOUD_CLIENT_SECRET",
            "wrong",
            &["refuses the credentials with 401", "`client_secret`", "not sent again"],
        ),
        (
            "WMS_CLOUD_ALLOW_PRIVATE",
            "false",
            &["is an address without encryption", "use https://", "`allow_private = true`"],
        ),
    ] {
        let mut cloud = cloud(&[]);
        cloud.project.set(variable, value);
        let run = fail(&cloud, "item", words);
        assert!(!run.err().contains("were denied"), "the plugin tried nothing: {}", run.err());
        // One token for each of the two processes.
        assert!(cloud.mock.tokens_asked() <= 2, "accounts get locked: {}", cloud.mock.tokens_asked());
    }
}

#[test]
fn a_service_that_is_not_there_is_an_address_to_check() {
    for url in ["http://127.0.0.1:9", "https://no-such-host.invalid"] {
        let mut cloud = cloud(&[]);
        cloud.project.set("WMS_CLOUD_URL", url);
        let check = cloud.project.wmshost("check", &["--connect", "--stream", "item"]);
        check.ended(2).says(&["service cloud", "check `url`, the network and `proxy`"]);
    }
}

#[test]
fn what_a_tenant_refuses_is_told_apart() {
    fail(&cloud(&[Forbidden]), "item", &["403", "ask the service's administrator for the permission to read"]);
    fail(&cloud(&[]), "nowhere", &["the service has no entity items", "did you mean item"]);
    let cloud = cloud(&[LoginPage]);
    let check = cloud.project.wmshost("check", &["--connect", "--stream", "item"]).ended(2);
    check.says(&["it answered with a page instead of data"]);
}

#[test]
fn a_clock_that_is_off_is_shown_and_followed() {
    let cloud = cloud(&[ClockOff]);
    let check = cloud.project.wmshost("check", &["--connect", "--stream", "item"]).ended(0);
    assert!(check.out().contains("s beside this machine's; set the one that is wrong"), "{}", check.out());
    cloud.project.wmshost("run", &["--stream", "item"]).ended(0);
    cloud.assert_entity_equal("item", "a clock that is off");
}

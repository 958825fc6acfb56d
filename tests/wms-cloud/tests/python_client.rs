//! An independent client in Python accepts the mock. In `make test-long`, where Python has the package `requests`.

use std::process::Command;

use wmshost_wms_cloud_mock::{CLIENT_ID, CLIENT_SECRET, Mock, Options, PASSWORD, Quirk, SCOPE, USER};

#[test]
fn a_client_in_python_reads_the_truth() {
    let has_requests =
        || Command::new("python3").args(["-c", "import requests"]).output().is_ok_and(|done| done.status.success());
    if std::env::var_os("WMSHOST_TEST_LONG").is_none() || !has_requests() {
        return;
    }
    let quirks = [Quirk::SummerTime, Quirk::FieldOrder].into_iter().collect();
    let mock = Mock::start(&Options { control: true, quirks, ..Options::default() }).expect("a mock");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/client.py");
    let (url, token, control) = (mock.url(), mock.token_url(), mock.control_url().expect("an address"));
    let addresses = [url.as_str(), token.as_str(), control.as_str()];
    let arguments = addresses.into_iter().chain([USER, PASSWORD, CLIENT_ID, CLIENT_SECRET, SCOPE]);
    let done = Command::new("python3").arg(script).args(arguments).output().expect("python");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.starts_with("36 entities equal"), "{out}{err}");
}

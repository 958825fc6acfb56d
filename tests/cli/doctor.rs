//! `wmshost doctor`: trouble has the next step and its exit code, and the sandbox holds on this machine.

use std::os::unix::fs::PermissionsExt as _;

use wmshost_tests::TestProject;

#[test]
fn a_machine_in_order_is_said_to_be_so() {
    let project = TestProject::sample(50, 1);
    let doctor = project.plain(&["doctor", &project.pipeline()]).succeeded();
    for words in ["ok       standard plugins: allocation", "source wms of", "in order: 5 streams", "nothing is wrong"] {
        assert!(doctor.out().contains(words), "{words}: {}", doctor.out());
    }
}

#[test]
fn trouble_has_its_next_step() {
    let mut project = TestProject::sample(50, 1);
    std::fs::remove_file(project.source_path()).expect("no source");
    let doctor = project.plain(&["doctor", &project.pipeline(), "--output", "json"]).ended(2).json();
    let examinations = doctor["examinations"].as_array().expect("a list");
    let troubles: Vec<_> = examinations.iter().filter(|one| one["state"] == "trouble").collect();
    assert!(doctor["ok"] == false && !troubles.is_empty(), "{doctor:#}");
    // A folder that others may read is a remark, and no trouble.
    let home = project.path("open");
    std::fs::create_dir(&home).expect("a folder");
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o755)).expect("its rights");
    project.set("WMSHOST_HOME", &home.to_string_lossy());
    let doctor = project.plain(&["doctor"]).succeeded();
    assert!(
        doctor.out().contains("can be read by other users") && doctor.out().contains("chmod 700"),
        "{}",
        doctor.out()
    );
    // A file in the place of the folder.
    std::fs::write(project.path("file"), "").expect("a file");
    let file = project.path("file");
    project.set("WMSHOST_HOME", &file.to_string_lossy());
    let doctor = project.plain(&["doctor"]).ended(2);
    assert!(doctor.out().contains("cannot be written") && doctor.out().contains("WMSHOST_HOME"), "{}", doctor.out());
}

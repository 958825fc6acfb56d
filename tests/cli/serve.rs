//! `wmshost serve`: runs that begin by schedules, restarts, reloads, drains, and pauses.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wmshost_tests::TestProject;

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER);
    INSERT INTO s VALUES (1, 1), (2, 2);";
const EVERY_MINUTE: &str = "schedule = \"* * * * *\"";
/// The clock is moved to this many seconds before a due time, so that no test waits for a minute.
const LEAD_SECONDS: i64 = 6;
/// More than a minute: on a busy machine the server may come up after the due time, and then waits for the next.
const PATIENCE: Duration = Duration::from_secs(150);

/// A server that is killed at the end.
pub(crate) struct Server(Child);

impl Server {
    fn start(project: &TestProject) -> Self {
        Self::start_with(project, &[])
    }

    pub(crate) fn start_with(project: &TestProject, rest: &[&str]) -> Self {
        let mut command = Command::new(project.program());
        command.args(["serve", &project.pipeline()]).args(rest).envs(project.variables());
        let log = std::fs::File::options().append(true).create(true).open(project.path("serve.log")).expect("a log");
        Self(command.stdin(Stdio::null()).stderr(log).spawn().expect("a server"))
    }

    pub(crate) fn signal(&self, name: &str) {
        wmshost_tests::signal(&self.0, name);
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn end(mut self) -> i32 {
        self.signal("-TERM");
        let end = self.0.wait().expect("an end").code();
        end.expect("an exit code")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sets the program's clock so that the next minute begins in a moment.
fn before_a_minute(project: &mut TestProject) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let ahead = 60 - i64::try_from(now % 60).expect("a second") - LEAD_SECONDS;
    project.set("WMSHOST_CLOCK_AHEAD", &ahead.to_string());
}

pub(crate) fn wait_for(what: &str, project: &TestProject, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        let log = log(project);
        assert!(begin.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}:\n{log}");
        sleep(Duration::from_millis(50));
    }
}

pub(crate) fn log(project: &TestProject) -> String {
    std::fs::read_to_string(project.path("serve.log")).unwrap_or_default()
}

/// The due times of the only schedule, the newest first.
fn dues(project: &TestProject) -> Vec<Json> {
    let list = project.wmshost("schedule list", &["--output", "json"]).succeeded().json();
    list["schedules"][0]["last"].as_array().expect("due times").clone()
}

fn runs(project: &TestProject) -> Vec<Json> {
    project.plain(&["runs", "list", "--output", "json"]).succeeded().json().as_array().expect("runs").clone()
}

#[test]
fn a_due_run_begins_in_time_is_recorded_and_is_not_run_again_after_a_restart() {
    let mut project = TestProject::with_stream(SOURCE, EVERY_MINUTE);
    before_a_minute(&mut project);
    let server = Server::start(&project);
    wait_for("a run", &project, || dues(&project).first().is_some_and(|due| due["status"] == "ended"));
    assert_eq!(server.end(), 0, "{}", log(&project));
    let due = &dues(&project)[0];
    assert_eq!((&due["exit_code"], &due["attempt"]), (&0.into(), &1.into()), "{due:#}");
    let records = runs(&project);
    assert_eq!((&records[0]["run_id"], &records[0]["status"]), (&due["run_id"], &"succeeded".into()));
    // The id of a run has its start: the minute at which it was due.
    let (due_at, run_id) = (due["due"].as_str().expect("a time"), due["run_id"].as_str().expect("an id"));
    assert_eq!(due_at[11..16].replace(':', ""), run_id[9..13], "{due_at} {run_id}");
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
    let server = Server::start(&project);
    wait_for("the second server", &project, || log(&project).matches("is served").count() == 2);
    sleep(Duration::from_millis(600));
    assert_eq!(server.end(), 0);
    // A minute may have passed meanwhile: another due time is not the same one twice.
    let begun: Vec<Json> = dues(&project).into_iter().map(|due| due["run_id"].clone()).collect();
    let recorded: Vec<Json> = runs(&project).into_iter().map(|run| run["run_id"].clone()).collect();
    assert!(
        begun.contains(&records[0]["run_id"]) && recorded.iter().all(|run| begun.contains(run)),
        "{}",
        log(&project)
    );
    assert_eq!(begun.len(), recorded.len(), "{}", log(&project));
}

#[test]
fn a_run_outlives_a_server_that_is_killed_and_the_next_one_waits_for_it() {
    let mut project = TestProject::with_stream(SOURCE, EVERY_MINUTE);
    project.change("WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) INSERT INTO s SELECT i, i FROM n");
    project.set("TARGET_BATCH_SIZE", "1");
    before_a_minute(&mut project);
    let server = Server::start(&project);
    wait_for("a run", &project, || runs(&project).first().is_some_and(|run| run["status"] == "running"));
    server.signal("-KILL");
    drop(server);
    let server = Server::start(&project);
    wait_for("the adoption", &project, || log(&project).contains("goes on since before"));
    wait_for("the end", &project, || dues(&project).last().is_some_and(|due| due["status"] == "ended"));
    assert_eq!(server.end(), 0);
    let first = dues(&project).last().expect("a due time").clone();
    assert_eq!((&first["exit_code"], &first["attempt"]), (&0.into(), &1.into()), "{first:#}");
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 400_000);
}

#[test]
fn a_file_with_mistakes_is_served_as_it_was_until_it_is_mended() {
    let project = TestProject::with_stream(SOURCE, "schedule = \"0 0 1 1 *\"");
    let server = Server::start(&project);
    wait_for("the server", &project, || log(&project).contains("schedules: 1"));
    project.write_stream("schedule = \"0 0 31 2 *\"");
    server.signal("-HUP");
    wait_for("the mistake", &project, || log(&project).contains("its schedule stays as it was, and due runs wait"));
    let found = log(&project);
    assert!(found.contains("streams.s.schedule: `0 0 31 2 *` is never due"), "{found}");
    project.write_stream(EVERY_MINUTE);
    server.signal("-HUP");
    wait_for("the mended file", &project, || log(&project).matches("schedules: 1").count() == 2);
    assert_eq!(server.end(), 0);
}

/// A due run waits for the end of what would make it fail or do nothing: its due time is not spent on that.
#[test]
fn a_due_run_waits_for_a_broken_file_and_for_a_run_that_holds_the_stream() {
    let mut project = TestProject::with_stream(SOURCE, EVERY_MINUTE);
    project.run();
    let hold = "INSERT OR REPLACE INTO WMSHOST_LEASE VALUES ('lab', 's', 'by-hand', 'elsewhere 1 pid', 4242424, unixepoch(), unixepoch() + 600)";
    project.target().execute_batch(hold).expect("a lease");
    before_a_minute(&mut project);
    let server = Server::start(&project);
    wait_for("the server", &project, || log(&project).contains("schedules: 1"));
    project.change("INSERT INTO s VALUES (3, 3)");
    project.write_stream(&format!("{EVERY_MINUTE}\nmethd = \"full\""));
    wait_for("the broken file", &project, || log(&project).contains("the run begins when the file is mended"));
    project.write_stream(EVERY_MINUTE);
    wait_for("the run by hand", &project, || log(&project).contains("by-hand"));
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
    project.target().execute_batch("DELETE FROM WMSHOST_LEASE WHERE stream = 's'").expect("released");
    wait_for("a run", &project, || dues(&project).last().is_some_and(|due| due["status"] == "ended"));
    assert_eq!(server.end(), 0);
    let due = dues(&project).last().expect("a due time").clone();
    assert_eq!((&due["exit_code"], &due["attempt"]), (&0.into(), &1.into()), "{due:#}");
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 3);
}

#[test]
fn a_server_of_nothing_but_mistakes_ends_and_one_broken_pipeline_stops_no_other() {
    let project = TestProject::with_stream(SOURCE, "schedule = \"every day\"");
    let refused = project.wmshost("serve", &[]).ended(2).err();
    assert!(
        refused.contains("is not a cron line of five fields") && refused.contains("none of the pipeline"),
        "{refused}"
    );
    let good = TestProject::with_stream(SOURCE, "schedule = \"@daily\"");
    let mut command = Command::new(project.program());
    command.args(["serve", &project.pipeline(), &good.pipeline()]).envs(good.variables());
    let said = std::fs::File::create(good.path("serve.log")).expect("a log");
    let server = Server(command.stderr(said).spawn().expect("a server"));
    wait_for("the good pipeline", &good, || log(&good).contains("schedules: 1"));
    assert!(log(&good).contains("is not served"), "{}", log(&good));
    assert_eq!(server.end(), 0);
}

#[test]
fn nothing_begins_while_a_pipeline_is_paused_and_one_run_makes_up_for_it() {
    let mut project = TestProject::with_stream(SOURCE, EVERY_MINUTE);
    before_a_minute(&mut project);
    project.wmshost("schedule pause", &[]).succeeded();
    let server = Server::start(&project);
    wait_for("the server", &project, || log(&project).contains("schedules: 1"));
    sleep(Duration::from_secs(LEAD_SECONDS.unsigned_abs() + 2));
    assert!(dues(&project).is_empty(), "{}", log(&project));
    let paused = project.wmshost("schedule list", &["--output", "json"]).succeeded().json();
    assert!(paused["paused_since"].is_string(), "{paused:#}");
    project.wmshost("schedule resume", &[]).succeeded();
    wait_for("a run", &project, || dues(&project).first().is_some_and(|due| due["status"] == "ended"));
    assert_eq!(server.end(), 0);
}

/// The fates of the due times that are decided in this home.
fn decided(project: &TestProject, home: &str) -> BTreeMap<String, String> {
    let mut command = Command::new(project.program());
    command.args(["schedule", "list", &project.pipeline(), "--output", "json"]).envs(project.variables());
    let list = command.env("WMSHOST_HOME", home).output().expect("the program runs").stdout;
    let list: Json = serde_json::from_slice(&list).expect("JSON");
    let dues = list["schedules"][0]["last"].as_array().expect("due times");
    let word = |due: &Json, key: &str| due[key].as_str().expect("a word").to_owned();
    let fates = dues.iter().map(|due| (word(due, "due"), word(due, "status")));
    fates.filter(|(_, status)| status != "running").collect()
}

#[test]
fn a_second_machine_finds_what_the_first_has_done() {
    let mut project = TestProject::with_stream(SOURCE, EVERY_MINUTE);
    // The target exists, so that the machines have a place to meet.
    project.wmshost("run", &[]).succeeded();
    before_a_minute(&mut project);
    let first = Server::start(&project);
    let home = project.path("home");
    let other_home = project.path("home-2").to_string_lossy().into_owned();
    project.set("WMSHOST_HOME", &other_home);
    let second = Server::start(&project);
    let homes = [home.to_string_lossy().into_owned(), other_home];
    let mut fates = Vec::new();
    wait_for("a time that both have decided", &project, || {
        let [first, second] = homes.each_ref().map(|home| decided(&project, home));
        let common = first.into_iter().find_map(|(due, fate)| Some([fate, second.get(&due)?.clone()]));
        fates = common.map(Vec::from).unwrap_or_default();
        !fates.is_empty()
    });
    fates.sort();
    assert_eq!(fates, ["elsewhere", "ended"], "{}", log(&project));
    assert_eq!((first.end(), second.end()), (0, 0));
}

#[test]
fn the_service_manager_hears_of_the_start_the_life_and_the_end() {
    let mut project = TestProject::with_stream(SOURCE, "schedule = \"@daily\"");
    let path = project.path("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    project.set("NOTIFY_SOCKET", &path.to_string_lossy());
    project.set("WATCHDOG_USEC", "1000000");
    let server = Server::start(&project);
    let hear = || {
        let mut bytes = [0; 100];
        let length = socket.recv(&mut bytes).expect("news");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!((hear(), hear()), ("READY=1".to_owned(), "WATCHDOG=1".to_owned()));
    server.signal("-TERM");
    let mut last = hear();
    while last == "WATCHDOG=1" {
        last = hear();
    }
    assert_eq!(last, "STOPPING=1");
    let mut server = server;
    assert_eq!(server.0.wait().expect("an end").code(), Some(0));
}

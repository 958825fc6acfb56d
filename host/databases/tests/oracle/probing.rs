//! Testing a connection: what is to be known about the account and the database, and the statements that could help.

use wmshost_databases::oracle::{Purpose, probe_source, probe_target};
use wmshost_oracle_emulator::{Account, Emulator, Options, Release};

use crate::server::{run, settings, settings_of};

#[test]
fn the_account_and_its_rights_are_described() {
    let options = Options::default()
        .account(Account::new("ETL", "e").expires_in_days(5).without_quota())
        .account(Account::new("READER", "r").without_catalogue());
    let server = Emulator::start(options).expect("an emulator");
    let etl = settings_of(&server, Release::R19, "ETL", "e");
    let probe = probe_target(etl.clone(), Purpose { models: true }, "ana").expect("a server");
    assert_eq!(probe.password_days, Some(5));
    assert!(probe.remarks.iter().any(|remark| remark.contains("expires in 5 days")), "{:?}", probe.remarks);
    let grants: Vec<_> = probe.missing.iter().filter_map(|missing| missing.grant.as_deref()).collect();
    assert_eq!(grants, ["ALTER USER ETL QUOTA UNLIMITED ON USERS"]);

    let mut foreign = etl;
    foreign.schema = Some("mart".to_owned());
    let probe = probe_target(foreign, Purpose::default(), "ana").expect("a server");
    let grant = probe.missing[0].grant.as_deref().expect("rights");
    for right in ["CREATE ANY TABLE", "INSERT ANY TABLE", "DROP ANY TABLE", "CREATE ANY INDEX"] {
        assert!(grant.contains(right), "{grant}");
    }
    assert!(probe.missing[0].what.contains("log in as MART"), "{:?}", probe.missing);
    assert_eq!(probe_target(settings(&server, Release::R19), Purpose::default(), "ana").expect("a server").missing, []);
}

#[test]
fn a_table_that_cannot_be_read_is_asked_of_its_owner_only() {
    let options = Options::default().account(Account::new("READER", "r").without_catalogue());
    let server = Emulator::start(options).expect("an emulator");
    run(&settings(&server, Release::R19), &["CREATE TABLE HIDDEN (ID NUMBER(5))"]);
    let mut reader = settings_of(&server, Release::R19, "READER", "r");
    let probe = probe_source(reader.clone(), &["hidden"], "wms").expect("a server");
    assert_eq!(probe.missing[0].grant, None);
    assert!(probe.missing[0].what.contains("Set `schema` to the owner"), "{:?}", probe.missing);
    reader.schema = Some("wms".to_owned());
    let probe = probe_source(reader, &["hidden"], "wms").expect("a server");
    assert_eq!(probe.missing[0].grant.as_deref(), Some("GRANT SELECT ON WMS.HIDDEN TO READER"));
    let wanted: Vec<_> = probe.wanted.iter().filter_map(|wanted| wanted.grant.as_deref()).collect();
    assert!(wanted.contains(&"GRANT SELECT ON SYS.GV_$TRANSACTION TO READER"), "{wanted:?}");
}

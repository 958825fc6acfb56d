//! A sample that the program makes in Oracle, the job over it, and tables that the job wrote as sources of another one.

use wmshost_oracle_emulator::{Account, Emulator, Options};

use crate::warehouse::{Warehouse, reported};

/// The variables of a source that owns nothing yet.
const OWNER: [(&str, &str); 3] =
    [("WMS_ORACLE_USERNAME", "SAMPLE"), ("WMS_ORACLE_PASSWORD", "s"), ("WMS_ORACLE_SCHEMA", "SAMPLE")];

#[test]
fn a_sample_is_made_in_oracle_and_its_loaded_tables_can_be_read_again() {
    let options = Options::default().account(Account::new("SAMPLE", "s"));
    let warehouse = Warehouse::new(Emulator::start(options).expect("an emulator"), 1);
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), "\n[models]\nafter_load = false\n");
    let create = ["sample", "create", &pipeline, "--to", "wms", "--allocations", "300"];
    let made = warehouse.wmshost(&create, &OWNER);
    assert!(made.status.success() && reported(&made).contains("connection wms"), "{}", reported(&made));
    let again = warehouse.wmshost(&create, &OWNER);
    assert_eq!(again.status.code(), Some(2), "{}", reported(&again));
    assert!(reported(&again).contains("the table item_master exists already"), "{}", reported(&again));
    let unknown = warehouse.wmshost(&["sample", "create", &pipeline, "--to", "nowhere"], &OWNER);
    assert!(reported(&unknown).contains("there is no connection nowhere"), "{}", reported(&unknown));

    let ran = warehouse.wmshost(&["run", &pipeline], &OWNER);
    assert!(ran.status.success(), "{}", reported(&ran));
    let count = |table: &str| -> String {
        let rows = warehouse.sql("MART", "mart").query(&format!("SELECT COUNT(*) FROM {table}"), &[]).expect("a count");
        rows[0][0].to_string()
    };
    assert_eq!(count("wms_allocation"), "300");

    // What the job wrote is the source of the next one.
    let copied = "\n[models]\nafter_load = false\n[streams.allocation]\nenabled = false\n[streams.order_hdr]\n\
        enabled = false\n[streams.order_dtl]\nenabled = false\n[streams.item_master]\nenabled = false\n\
        [streams.location]\nenabled = false\n[streams.copy]\nsource = \"analytics\"\ntable = \"wms_allocation\"\n\
        key = [\"allocation_id\"]\ntarget_table = \"copied\"\n";
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), copied);
    let ran = warehouse.wmshost(&["run", &pipeline], &OWNER);
    assert!(ran.status.success(), "{}", reported(&ran));
    assert_eq!(count("copied"), "300");
    let same = "copied c JOIN wms_allocation a ON a.allocation_id = c.allocation_id WHERE c.wms_run_id <> a.wms_run_id";
    assert_eq!(count(same), "300", "the marks are those of the later run");
    let verified = warehouse.wmshost(&["verify", &pipeline], &OWNER);
    assert!(verified.status.success(), "{}", reported(&verified));
}

//! Oracle commits at every change of a table: a load that breaks off at any of them leaves another owner's table as it
//! was, or has taken it over as it was asked to, and the next load completes the rest.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use wmshost_flow::{Failure, TableDefinition, TargetSession, record_of};
use wmshost_oracle_emulator::{Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{rows, run, settings, target, writer};

fn load(writer: &mut dyn TargetSession, table: &str) -> Result<(), Failure> {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(10..13));
    let batch = RecordBatch::try_from_iter([("id", ids)]).expect("a batch");
    let definition = TableDefinition { name: table.to_owned(), columns: batch.schema(), key: vec!["id".to_owned()] };
    writer.begin()?;
    let staged = writer.stage(&definition, false)?;
    writer.commit()?;
    writer.begin()?;
    writer.insert(&staged, &batch)?;
    writer.commit()?;
    writer.begin()?;
    writer.swap(table)?;
    writer.commit()
}

#[test]
fn a_load_that_breaks_off_at_any_definition_is_ended_by_the_next() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let settings = settings(&server, Release::R19);
    run(&settings, &["CREATE TABLE BYSTANDER (ID NUMBER(5))", "INSERT INTO BYSTANDER VALUES (1)"]);
    let ids = |table: &str| -> Vec<String> {
        let found = rows(&settings, &format!("SELECT id FROM {table} ORDER BY id"));
        found.iter().flatten().map(ToString::to_string).collect()
    };
    let (mut number, mut struck) = (0, 0);
    for is_there in [false, true] {
        for point in [
            "ALTER TABLE \"{}\" ADD (WMS_",
            "INSERT INTO WMSHOST_TABLE",
            "DELETE FROM WMSHOST_TABLE",
            "CREATE TABLE \"{}\"",
            "CREATE TABLE \"{}__NEXT\"",
            "INTO \"{}__NEXT\"",
            "INTO \"{}\"",
            "DROP TABLE \"{}__NEXT\"",
        ] {
            // Nothing is taken over: the fault would wait for the next table that is.
            if !is_there && point.starts_with("DELETE") {
                continue;
            }
            for effect in [Effect::DropBefore, Effect::DropAfter] {
                number += 1;
                let table = format!("T{number}");
                let case = format!("{point}, {effect:?}, {is_there}");
                if is_there {
                    let create = format!("CREATE TABLE {table} (ID NUMBER(19) PRIMARY KEY, NAME VARCHAR2(20))");
                    run(&settings, &[&create, &format!("INSERT INTO {table} VALUES (1, 'theirs')")]);
                }
                let fault = Fault::new(Moment::Statement(point.replace("{}", &table)), effect);
                let fault = server.faults().add(fault);
                let _ = load(writer(&settings, &table).as_mut(), &table);
                struck += server.faults().struck(fault);
                if is_there {
                    let found = ids(&table);
                    let is_theirs = found == ["1"];
                    assert!(is_theirs || found.len() == 3, "{case}: {found:?}");
                }
                load(writer(&settings, &table).as_mut(), &table).unwrap_or_else(|why| panic!("{case}: {why}"));
                assert_eq!(ids(&table), ["10", "11", "12"], "{case}");
                let mut sql = target(&settings).sql().expect("a session");
                let record = record_of(sql.as_mut(), &table).expect("a query").expect("a record");
                assert_eq!(
                    (record.owner.pipeline.as_str(), record.owner.name.as_str()),
                    ("p", table.as_str()),
                    "{case}"
                );
                assert_eq!(ids("BYSTANDER"), ["1"], "{case}");
            }
        }
    }
    assert!(struck >= 20, "{struck} faults struck");
}

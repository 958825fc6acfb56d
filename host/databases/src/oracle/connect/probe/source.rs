//! Testing a source: the tables that are read, and what can be known of the moment that they are read as of.

use wmshost_flow::Failure;

use super::{Missing, Probe, Tested};
use crate::oracle::connect::settings::{Settings, Snapshot};
use crate::oracle::names::{exactly, spelled};
use crate::oracle::owner::{grantee, owned};
use crate::oracle::read::snapshot_point::{Lateness, scn};

/// The columns of a table that a query does not return unless it names them.
const INVISIBLE: &str = "SELECT column_name FROM all_tab_cols WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') \
     AND table_name = :1 AND hidden_column = 'YES' AND user_generated = 'YES' ORDER BY column_name";

/// Tests a source and the tables that are read from it.
pub fn probe_source(settings: Settings, tables: &[&str], label: &str) -> Result<Probe, Failure> {
    let mut tested = Tested::reach(settings, label)?;
    let late = Lateness::ask(&mut tested.connection, &tested.settings)?;
    let user = grantee(&tested.settings);
    let by_scn = tested.settings.snapshot == Snapshot::Scn;
    let scn = if by_scn { Some(scn(&mut tested.connection, &tested.place)?) } else { None };
    for table in tables {
        tested.read(table, scn.map(|(number, _)| number))?;
    }
    tested.probe.remarks.extend(late.remarks.iter().cloned());
    if let Some(view) = late.unseen {
        let what = "how late a change can be committed is not known exactly; `commit_lag` is used instead".to_owned();
        tested.probe.wanted.push(Missing::right(what, format!("GRANT SELECT ON SYS.{view} TO {user}")));
    }
    if scn.is_some_and(|(_, is_exact)| !is_exact) {
        tested.probe.wanted.push(Missing::right(
            "the system change number is known to about three seconds only; at least `commit_lag` is read again"
                .to_owned(),
            format!("GRANT SELECT ON SYS.V_$DATABASE TO {user}"),
        ));
    }
    Ok(tested.probe)
}

impl Tested {
    /// Tests whether a table can be read, also as of this number.
    fn read(&mut self, table: &str, scn: Option<u64>) -> Result<(), Failure> {
        let plain = |name: &str| format!("SELECT 1 FROM {} WHERE 1 = 0", exactly(name));
        let user = grantee(&self.settings);
        let mut name = spelled(table);
        if let Some(words) = self.refusal(&plain(&name))? {
            // A name that was created in quotes is spelled as the pipeline has it.
            if name == table || self.refusal(&plain(table))?.is_some() {
                let missing = unreadable(&self.settings, table, &words);
                self.probe.missing.push(missing);
                return Ok(());
            }
            name = table.to_owned();
        }
        if let Some(scn) = scn
            && let Some(words) =
                self.refusal(&format!("SELECT 1 FROM {} AS OF SCN {scn} WHERE 1 = 0", exactly(&name)))?
        {
            let owned = owned(&mut self.connection, &self.place, &self.settings, table)?;
            self.probe.missing.push(Missing::right(
                format!("the table {name} cannot be read as of the run's moment ({words})"),
                format!("GRANT FLASHBACK ON {owned} TO {user}"),
            ));
        }
        let of = [wmshost_sql::Value::Text(name.clone())];
        let invisible = crate::oracle::sql_session::query(&mut self.connection, &self.place, INVISIBLE, &of)?;
        let invisible: Vec<String> = invisible.into_iter().flatten().map(|name| name.to_string()).collect();
        if !invisible.is_empty() {
            self.probe.remarks.push(format!(
                "the table {name} has invisible columns, which are not read: {}; a view that names them makes them visible",
                invisible.join(", ")
            ));
        }
        Ok(())
    }
}

/// A table that cannot be read. The server does not say whether it exists, so that only the statement that could help is
/// named.
fn unreadable(settings: &Settings, table: &str, words: &str) -> Missing {
    let (user, table) = (grantee(settings), spelled(table));
    match settings.schema.as_deref().map(spelled).filter(|schema| *schema != user) {
        Some(schema) => Missing::right(
            format!("the table {schema}.{table} cannot be read ({words}); if it exists, its owner has not granted it"),
            format!("GRANT SELECT ON {schema}.{table} TO {user}"),
        ),
        None => Missing {
            what: format!(
                "the table {table} cannot be read ({words}): {user} owns no such table. Set `schema` to the owner of the \
                 tables, or create the synonym {table}, and have the owner GRANT SELECT on it TO {user}"
            ),
            grant: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::connect::settings::{Address, Secret, Service};

    #[test]
    fn only_a_statement_that_could_help_is_asked_for() {
        let service = Service::Name("s".into());
        let address = Address::Host {
            host: "h".into(),
            port: 1,
            service,
            protocol: super::super::super::settings::Protocol::Tcp,
        };
        let mut settings = Settings::new(address, "etl", Secret::new("x"));
        assert_eq!(unreadable(&settings, "allocation", "no").grant, None);
        settings.schema = Some("ETL".into());
        assert_eq!(unreadable(&settings, "allocation", "no").grant, None);
        settings.schema = Some("wms".into());
        let grant = unreadable(&settings, "allocation", "no").grant;
        assert_eq!(grant.as_deref(), Some("GRANT SELECT ON WMS.ALLOCATION TO ETL"));
    }
}

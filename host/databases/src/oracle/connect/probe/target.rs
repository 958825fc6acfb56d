//! Testing a target: creating tables, filling them, and what the models need.

use wmshost_flow::Failure;
use wmshost_sql::Value;

use super::{Missing, Probe, Tested};
use crate::oracle::charset::Charset;
use crate::oracle::connect::settings::Settings;
use crate::oracle::names::spelled;
use crate::oracle::owner::grantee;
use crate::oracle::sql_session::charset;

/// The release that has private temporary tables, with which models are built.
const MODELS_RELEASE: usize = 18;
/// The rights by which a user writes into the schema of another one.
const ANY: [&str; 9] = [
    "CREATE ANY TABLE",
    "ALTER ANY TABLE",
    "DROP ANY TABLE",
    "SELECT ANY TABLE",
    "INSERT ANY TABLE",
    "UPDATE ANY TABLE",
    "DELETE ANY TABLE",
    "CREATE ANY INDEX",
    "CREATE ANY VIEW",
];
/// The tablespaces in which the user may use room: name, bytes that are used, bytes at most (-1 for no limit).
const QUOTAS: &str = "SELECT tablespace_name, bytes, max_bytes FROM user_ts_quotas WHERE max_bytes <> 0";
const DEFAULT_TABLESPACE: &str = "SELECT default_tablespace FROM user_users";

/// The use that is made of a target.
#[derive(Debug, Clone, Copy, Default)]
pub struct Purpose {
    /// True if models are built in it.
    pub models: bool,
}

/// Tests a target.
pub fn probe_target(settings: Settings, purpose: Purpose, label: &str) -> Result<Probe, Failure> {
    let mut tested = Tested::reach(settings, label)?;
    let charset = charset(&mut tested.connection, &tested.place)?;
    tested.probe.remarks.extend(charset_remark(&charset));
    if purpose.models && tested.connection.version < MODELS_RELEASE {
        tested.probe.missing.push(Missing {
            what: format!(
                "models are built with private temporary tables, which Oracle has since release {MODELS_RELEASE}; this is \
                 {}. Run without models, or upgrade",
                tested.probe.version
            ),
            grant: None,
        });
    }
    let user = grantee(&tested.settings);
    let schema = tested.settings.schema.as_deref().map(spelled);
    match schema.filter(|schema| *schema != user) {
        Some(schema) => tested.rights_on_schema(&user, &schema)?,
        None => {
            tested.own_rights(&user)?;
            tested.own_quota(&user)?;
        }
    }
    Ok(tested.probe)
}

/// The remark about a character set that does not hold every letter.
fn charset_remark(charset: &Charset) -> Option<String> {
    (!charset.is_unicode()).then(|| {
        format!(
            "the character set {} does not hold every letter: a row with a text that has another one is a bad value \
             (`on_bad_value`)",
            charset.name
        )
    })
}

impl Tested {
    fn own_rights(&mut self, user: &str) -> Result<(), Failure> {
        if !self.has_right("CREATE TABLE")? {
            let missing = Missing::right("tables cannot be created".into(), format!("GRANT CREATE TABLE TO {user}"));
            self.probe.missing.push(missing);
        }
        if !self.has_right("CREATE VIEW")? {
            let what = "models that are views cannot be created".to_owned();
            self.probe.wanted.push(Missing::right(what, format!("GRANT CREATE VIEW TO {user}")));
        }
        Ok(())
    }

    /// The rights to write into the schema of another user, which hold for all schemas.
    fn rights_on_schema(&mut self, user: &str, schema: &str) -> Result<(), Failure> {
        let mut lacking = Vec::new();
        for right in ANY {
            if !self.has_right(right)? {
                lacking.push(right);
            }
        }
        if !lacking.is_empty() {
            self.probe.missing.push(Missing::right(
                format!(
                    "{user} writes into the schema {schema} of another user, which needs rights on all schemas; better, \
                     log in as {schema}"
                ),
                format!("GRANT {} TO {user}", lacking.join(", ")),
            ));
        }
        self.probe.remarks.push(format!("the quota of {schema} can be seen by {schema} itself only"));
        Ok(())
    }

    fn own_quota(&mut self, user: &str) -> Result<(), Failure> {
        if self.has_right("UNLIMITED TABLESPACE")? {
            return Ok(());
        }
        let Ok(quotas) = self.attempt(QUOTAS)? else { return Ok(()) };
        if quotas.is_empty() {
            let space = match self.attempt(DEFAULT_TABLESPACE)?.ok().and_then(|rows| rows.into_iter().flatten().next())
            {
                Some(Value::Text(space)) => space,
                _ => "its tablespace".to_owned(),
            };
            self.probe.missing.push(Missing::right(
                format!("no row can be stored: {user} has no quota on any tablespace"),
                format!("ALTER USER {user} QUOTA UNLIMITED ON {space}"),
            ));
        }
        for quota in quotas {
            let [Value::Text(space), Value::Int64(used), Value::Int64(most @ 1..)] = quota.as_slice() else { continue };
            let percent = i128::from(*used) * 100 / i128::from(*most);
            self.probe.remarks.push(format!("{percent} % of the quota of {user} on the tablespace {space} are used"));
        }
        Ok(())
    }
}

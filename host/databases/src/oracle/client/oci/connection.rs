//! A connection by Oracle's own libraries.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use arrow_array::RecordBatch;
use oracle::sql_type::ToSql;
use oracle::{Connection, Connector, Error, InitParams, Version};
use wmshost_sql::Value;

use super::bind::{all_bindable, set, type_of, type_of_many};
use super::column::columns;
use super::error::{of_server, oracle_error};
use super::rows::{OciRows, plain};
use crate::oracle::client::column_info::ColumnInfo;
use crate::oracle::client::{Affected, Client, Fetch, OpenQuery, Opened};
use crate::oracle::connect::settings::{Address, STATEMENTS, Server, Settings, Tags, connect_text};
use crate::oracle::failure::{ErrorClass, OracleError};

struct OciClient(Connection);

/// The reason why the driver cannot be used with these settings; `None` if it can.
pub(crate) fn violation(settings: &Settings) -> Option<String> {
    if settings.trust.ca_file.is_some() || settings.trust.wallet_password.is_some() {
        return Some(
            "the client \"oci\" reads certificates from a wallet that opens by itself (cwallet.sso) only: set `wallet`, \
             without `ca_file` and `wallet_password`"
                .to_owned(),
        );
    }
    if settings.trust.wallet.is_some() && !matches!(settings.address, Address::Host { .. }) {
        return Some(
            "the client \"oci\" takes the wallet from the descriptor: write MY_WALLET_DIRECTORY there".to_owned(),
        );
    }
    let folder = match &settings.address {
        Address::Alias { folder, .. } => Some(folder.as_path()),
        _ => None,
    };
    initialize(folder).err().map(|oracle_error| oracle_error.to_string())
}

/// Connects once.
pub(crate) fn connect(settings: &Settings) -> Result<Opened, OracleError> {
    let opened = || -> Result<Opened, Error> {
        let text = with_wallet(connect_text(settings), settings.trust.wallet.as_deref());
        let mut connector = Connector::new(&settings.user, settings.password.reveal(), text);
        connector.driver_name("wmshost : oci").stmt_cache_size(STATEMENTS as u32);
        if let Server::Pooled { class } = &settings.server {
            connector.connection_class(class);
        }
        let connection = connector.connect()?;
        let version = connection.server_version()?.0;
        let version = usize::try_from(version.major()).unwrap_or(0);
        let name_bytes = connection.info().map_or(0, |info| info.max_identifier_length as usize);
        Ok(Opened { client: Box::new(OciClient(connection)), version, name_bytes })
    };
    opened().map_err(|error| oracle_error(&error))
}

/// Loads the libraries. They read aliases in one folder per process: that of the first connection.
fn initialize(folder: Option<&Path>) -> Result<(), OracleError> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let first = FOLDER.get_or_init(|| folder.map(Path::to_owned)).as_deref();
    let load = || -> Result<Version, Error> {
        let mut parameters = InitParams::new();
        if let Some(folder) = first {
            parameters.oracle_client_config_dir(folder.to_string_lossy().as_ref())?;
        }
        parameters.init()?;
        Version::client()
    };
    load().map_err(|error| oracle_error(&error))?;
    if folder.is_some() && folder != first {
        return Err(OracleError::new(
            ErrorClass::Permanent,
            "the client \"oci\" reads aliases in one folder only, that of the first connection that is opened: put all \
             aliases into one tnsnames.ora, and give every connection its `tns_alias` and `tns_admin`, or a `descriptor`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Puts the wallet's folder into a descriptor.
fn with_wallet(text: String, wallet: Option<&Path>) -> String {
    match (wallet, text.strip_suffix(')')) {
        (Some(folder), Some(open)) => format!("{open}(SECURITY=(MY_WALLET_DIRECTORY={})))", folder.display()),
        _ => text,
    }
}

impl OciClient {
    fn run<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, OracleError> {
        act(&self.0).map_err(|error| oracle_error(&error))
    }
}

/// Values by reference.
fn references<T: ToSql>(bound: &[T]) -> Vec<&dyn ToSql> {
    bound.iter().map(|value| value as &dyn ToSql).collect()
}

impl Client for OciClient {
    fn execute(&self, statement: &str, values: &[Value]) -> Result<u64, OracleError> {
        let bound = all_bindable(values)?;
        self.run(|connection| {
            let done = connection.execute(statement, &references(&bound))?;
            if done.is_dml() { done.row_count() } else { Ok(0) }
        })
    }

    fn execute_many(&self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, OracleError> {
        let kinds: Vec<_> = (0..rows.first().map_or(0, Vec::len))
            .map(|at| type_of_many(rows.iter().filter_map(|row| row.get(at))))
            .collect();
        let bound: Vec<_> = rows.iter().map(|row| all_bindable(row)).collect::<Result<_, _>>()?;
        self.run(|connection| {
            let mut batch = connection.batch(statement, rows.len() + 1).with_row_counts().build()?;
            for (at, kind) in kinds.iter().enumerate() {
                batch.set_type(at + 1, kind)?;
            }
            for row in &bound {
                batch.append_row(&references(row))?;
            }
            batch.execute()?;
            Ok(batch.row_counts()?.iter().sum())
        })
    }

    /// A row that cannot be written does not keep the server from writing the others.
    fn execute_batch(&self, statement: &str, rows: &RecordBatch) -> Result<Affected, OracleError> {
        let mut builder = self.0.batch(statement, rows.num_rows().max(1));
        let mut batch = builder.with_batch_errors().with_row_counts().build().map_err(|error| oracle_error(&error))?;
        let kinds = rows.columns().iter().map(type_of).collect::<Result<Vec<_>, _>>()?;
        for (at, kind) in kinds.iter().enumerate() {
            batch.set_type(at + 1, kind).map_err(|error| oracle_error(&error))?;
        }
        for row in 0..rows.num_rows() {
            for (at, (column, kind)) in rows.columns().iter().zip(&kinds).enumerate() {
                set(&mut batch, at, column, row, kind)?;
            }
            batch.append_row(&[]).map_err(|error| oracle_error(&error))?;
        }
        let failed = match batch.execute() {
            Ok(()) => Vec::new(),
            Err(error) => match error.batch_errors() {
                Some(errors) => errors.iter().map(|error| (error.offset() as usize, of_server(error))).collect(),
                None => return Err(oracle_error(&error)),
            },
        };
        let rows = batch.row_counts().map_err(|error| oracle_error(&error))?.iter().sum();
        Ok(Affected { rows, failed })
    }

    fn query(&self, statement: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, OracleError> {
        let bound = all_bindable(values)?;
        self.run(|connection| {
            let found = connection.query(statement, &references(&bound))?;
            let kinds: Vec<_> = columns(found.column_info()).iter().map(|column| column.kind).collect();
            let mut rows = Vec::new();
            for row in found {
                let row = row?;
                let values = row.sql_values().iter().zip(&kinds).map(|(value, kind)| plain(value, *kind));
                rows.push(values.collect::<Result<_, _>>()?);
            }
            Ok(rows)
        })
    }

    fn describe(&self, statement: &str) -> Result<Vec<ColumnInfo>, OracleError> {
        self.run(|connection| Ok(columns(connection.query(statement, &[])?.column_info())))
    }

    fn start(&self, statement: &str, values: &[Value], fetch: Fetch) -> Result<Box<dyn OpenQuery>, OracleError> {
        let bound = all_bindable(values)?;
        let found = self.run(|connection| {
            let mut builder = connection.statement(statement);
            builder.fetch_array_size(fetch.rows).prefetch_rows(fetch.rows);
            if fetch.by_locator {
                builder.lob_locator();
            }
            builder.build()?.into_result_set(&references(&bound))
        })?;
        Ok(Box::new(OciRows::new(found)))
    }

    fn commit(&self) -> Result<(), OracleError> {
        self.run(Connection::commit)
    }

    fn rollback(&self) -> Result<(), OracleError> {
        self.run(Connection::rollback)
    }

    fn ping(&self) -> Result<(), OracleError> {
        self.run(Connection::ping)
    }

    fn version(&self) -> Result<String, OracleError> {
        Ok(self.run(Connection::server_version)?.0.to_string())
    }

    /// An Instant Client older than 18 has no such limit.
    fn set_call_timeout(&self, span: Duration) -> Result<(), OracleError> {
        match self.0.set_call_timeout(Some(span)) {
            Err(error) if error.dpi_code() == Some(1050) => Err(OracleError::new(
                ErrorClass::Permanent,
                "the Instant Client does not support call_timeout: install 18 or later".to_owned(),
            )),
            done => done.map_err(|error| oracle_error(&error)),
        }
    }

    /// Costs no round trip: it travels with the next call.
    fn tag(&self, tags: &Tags) {
        let _ = self.0.set_module(&tags.module);
        let _ = self.0.set_action(&tags.action);
        let _ = self.0.set_client_identifier(&tags.client_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::connect::settings::{Protocol, Secret, Service};

    fn settings() -> Settings {
        let service = Service::Name("S".to_owned());
        let address = Address::Host { host: "db.example".to_owned(), port: 2484, service, protocol: Protocol::Tcps };
        Settings::new(address, "etl", Secret::new("word"))
    }

    #[test]
    fn the_wallet_stands_in_the_descriptor() {
        let text = with_wallet(connect_text(&settings()), Some(Path::new("/w")));
        assert!(text.ends_with("(SERVER=DEDICATED))(SECURITY=(MY_WALLET_DIRECTORY=/w)))"), "{text}");
        assert_eq!(text.matches('(').count(), text.matches(')').count());
    }

    #[test]
    fn certificates_come_from_a_wallet_only() {
        let mut settings = settings();
        settings.trust.ca_file = Some("ca.pem".into());
        assert!(violation(&settings).is_some_and(|why| why.contains("cwallet.sso")));
    }
}

//! A connection of the thin driver.

use std::sync::Once;
use std::time::Duration;

use arrow_array::RecordBatch;
use oracledb::{BindParameters, Config, Connection, Error, ToDbValue};
use wmshost_sql::Value;

use super::column::columns;
use super::error::oracle_error;
use super::rows::ThinRows;
use super::value::{all_bindable, rows, rows_bindable};
use crate::oracle::client::column_info::ColumnInfo;
use crate::oracle::client::panic::caught;
use crate::oracle::client::{Affected, Client, Fetch, OpenQuery, Opened};
use crate::oracle::connect::settings::{Address, STATEMENTS, Server, Settings, Tags, connect_text};
use crate::oracle::failure::OracleError;

struct ThinClient(Connection);

/// Connects once. `wallet` is the folder with the certificates.
pub(crate) fn connect(settings: &Settings, wallet: Option<&str>) -> Result<Opened, OracleError> {
    install_provider();
    let opened = || -> Result<Opened, Error> {
        let connection = oracledb::connect(config(settings, wallet)?)?;
        let version = connection.version()?.0;
        let name_bytes = connection.max_identifier_length()?;
        Ok(Opened { client: Box::new(ThinClient(connection)), version, name_bytes })
    };
    opened().map_err(|error| oracle_error(&error))
}

/// Chooses a provider of cryptography, since the driver panics where two are linked and none was chosen.
fn install_provider() {
    static ONCE: Once = Once::new();
    // A choice that was made elsewhere is as good.
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

fn config(settings: &Settings, wallet: Option<&str>) -> Result<Config, Error> {
    let mut config = Config::default()
        .set_credentials(&settings.user, settings.password.reveal())
        .set_driver_name("wmshost : thin")
        .set_stmtcachesize(STATEMENTS)
        .set_transport_connect_timeout(Some(settings.connect_timeout));
    if let Some(wallet) = wallet {
        config = config.set_wallet_location(wallet);
    }
    if let Some(password) = &settings.trust.wallet_password {
        config = config.set_wallet_password(password.reveal());
    }
    if let Server::Pooled { class } = &settings.server {
        config = config.set_cclass(class.as_str());
    }
    if let Address::Alias { folder, .. } = &settings.address {
        config = config.set_config_dir(&folder.to_string_lossy());
    }
    let config = config.set_connect_string(&connect_text(settings))?;
    if config.get_connect_descriptor().contains("(SSL_SERVER_CERT_DN=") {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing::warn!(
                "SSL_SERVER_CERT_DN of the connect descriptor is not compared with the server's certificate; the thin \
                 driver compares the host's name with it; the client \"oci\" compares both"
            );
        });
    }
    Ok(config)
}

impl ThinClient {
    fn run<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, OracleError> {
        caught(|| act(&self.0))?.map_err(|error| oracle_error(&error))
    }
}

impl Client for ThinClient {
    fn execute(&self, statement: &str, values: &[Value]) -> Result<u64, OracleError> {
        let bound = all_bindable(values)?;
        let bound: Vec<&dyn ToDbValue> = bound.iter().map(AsRef::as_ref).collect();
        self.run(|connection| Ok(connection.execute(statement, &bound)?.rows_affected()))
    }

    fn execute_many(&self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, OracleError> {
        let bound = rows_bindable(rows)?;
        let bound: Vec<Vec<&dyn ToDbValue>> =
            bound.iter().map(|values| values.iter().map(AsRef::as_ref).collect()).collect();
        let slices: Vec<&[&dyn ToDbValue]> = bound.iter().map(Vec::as_slice).collect();
        self.run(|connection| Ok(connection.execute_batch(statement, slices.as_slice())?.rows_affected()))
    }

    fn execute_batch(&self, statement: &str, rows: &RecordBatch) -> Result<Affected, OracleError> {
        let done = self.run(|connection| connection.execute_batch(statement, BindParameters::Arrow(rows.clone())))?;
        Ok(Affected { rows: done.rows_affected(), failed: Vec::new() })
    }

    fn query(&self, statement: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, OracleError> {
        let bound = all_bindable(values)?;
        let bound: Vec<&dyn ToDbValue> = bound.iter().map(AsRef::as_ref).collect();
        self.run(|connection| rows(connection.query(statement, &bound)?))
    }

    fn describe(&self, statement: &str) -> Result<Vec<ColumnInfo>, OracleError> {
        // With locators, because without them the driver describes large objects as LONG.
        self.run(|connection| {
            let cursor = connection.statement(statement)?.fetch_lobs().build()?.query(&[])?;
            Ok(columns(cursor.columns()))
        })
    }

    fn start(&self, statement: &str, values: &[Value], fetch: Fetch) -> Result<Box<dyn OpenQuery>, OracleError> {
        let bound = all_bindable(values)?;
        let bound: Vec<&dyn ToDbValue> = bound.iter().map(AsRef::as_ref).collect();
        let cursor = self.run(|connection| {
            let builder = connection.statement(statement)?.fetch_array_size(fetch.rows).prefetch_rows(fetch.rows);
            let builder = if fetch.by_locator { builder.fetch_lobs() } else { builder };
            builder.build()?.query(&bound)
        })?;
        Ok(Box::new(ThinRows::new(cursor)))
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
        Ok(self.run(Connection::version)?.to_string())
    }

    fn set_call_timeout(&self, span: Duration) -> Result<(), OracleError> {
        self.run(|connection| connection.set_call_timeout(Some(span)))
    }

    /// Costs no round trip: it travels with the next call.
    fn tag(&self, tags: &Tags) {
        let _ = self.0.set_module(&tags.module);
        let _ = self.0.set_action(&tags.action);
        let _ = self.0.set_client_identifier(&tags.client_id);
    }
}

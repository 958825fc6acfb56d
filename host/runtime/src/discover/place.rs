//! A database as the command line names it: `sqlite:FILE`, `oracle:HOST:PORT/SERVICE`, or the label of a connection in a
//! pipeline file. Users and passwords are never on the command line: they come from environment variables.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wmshost_flow::Failure;
use wmshost_pipeline::{Connection, load, load_text, toml_text};

use crate::environment::variable;
use crate::error::{Error, Result};

/// The forms in which a database is named.
const FORMS: &str =
    "write sqlite:FILE, oracle:HOST:PORT/SERVICE, or a label of `[connections]` in the file that --pipeline names";

/// The listener's usual port.
const ORACLE_PORT: u16 = 1521;

/// The side of a pipeline on which a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is read.
    Source,
    /// It is written.
    Target,
}

/// The details of a database that its name does not have.
#[derive(Debug, Clone, Default)]
pub struct PlaceOptions {
    /// The pipeline file that declares the connection.
    pub pipeline: Option<PathBuf>,
    /// The schema of an Oracle database; `None` for the user's own.
    pub schema: Option<String>,
}

/// A database.
#[derive(Debug)]
pub struct Place {
    /// Its label in pipelines.
    pub label: String,
    /// The connection to it.
    pub connection: Connection,
    address: Address,
}

#[derive(Debug)]
enum Address {
    /// The file, as an absolute path.
    Sqlite(PathBuf),
    Oracle {
        host: String,
        port: u16,
        service: String,
        schema: Option<String>,
    },
    /// A pipeline file declares it.
    Declared,
}

impl Role {
    /// Returns the label of a connection that no pipeline file declares.
    pub fn label(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

impl Place {
    /// Returns the database with this name.
    pub fn of(name: &str, role: Role, options: &PlaceOptions) -> Result<Self> {
        let address = address(name, options)?;
        let label = if matches!(address, Address::Declared) { name } else { role.label() };
        let resolved = match (&address, &options.pipeline) {
            (Address::Declared, Some(file)) => load(file, &variable)?,
            _ => {
                let text = format!("name = \"{label}\"\n{}", section(label, &address, Path::new("")));
                load_text(Path::new(name.split(':').next().unwrap_or_default()), &text, &variable)?
            }
        };
        let Some(connection) = resolved.connections.get(label).cloned() else {
            let known: Vec<&str> = resolved.connections.keys().map(String::as_str).collect();
            let message = format!("{} has no connection {name}", resolved.file.display());
            let advice = format!("it has: {}", known.join(", "));
            return Err(Error::Failure(Failure::invalid_config(message).advise(advice)));
        };
        Ok(Self { label: label.to_owned(), connection, address })
    }

    /// Returns the section that declares the connection, for a file in this folder; `None` if a pipeline file declares it.
    pub fn section(&self, folder: &Path) -> Option<String> {
        (!matches!(self.address, Address::Declared)).then(|| section(&self.label, &self.address, folder))
    }

    /// Returns a name for a pipeline that reads this database.
    pub fn subject(&self) -> &str {
        match &self.address {
            Address::Sqlite(path) => path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default(),
            Address::Oracle { service, schema, .. } => schema.as_ref().unwrap_or(service),
            Address::Declared => &self.label,
        }
    }
}

fn refused<T>(message: impl Into<String>, advice: &str) -> Result<T> {
    Err(Error::Failure(Failure::invalid_config(message).advise(advice)))
}

fn address(name: &str, options: &PlaceOptions) -> Result<Address> {
    match name.split_once(':') {
        Some(("sqlite", "")) => refused("`sqlite:` names no file", FORMS),
        Some(("sqlite", path)) => {
            if options.schema.is_some() {
                return refused("a SQLite file has no schemas", "leave the schema out");
            }
            let absolute = std::path::absolute(path).map_err(Error::file(Path::new(path), "is not a path"))?;
            Ok(Address::Sqlite(absolute))
        }
        // What is not understood here is not repeated: it could contain a password.
        Some(("oracle", server)) => match oracle(server) {
            Some((host, port, service)) => Ok(Address::Oracle { host, port, service, schema: options.schema.clone() }),
            None if server.contains('@') => refused(
                "the address of the Oracle server has a user or a password",
                "write oracle:HOST:PORT/SERVICE, and set the variables SOURCE_USERNAME and SOURCE_PASSWORD (of the \
                 target: TARGET_USERNAME and TARGET_PASSWORD)",
            ),
            None => refused("the address of the Oracle server is not HOST:PORT/SERVICE", FORMS),
        },
        Some(_) => refused("the database is neither SQLite nor Oracle", FORMS),
        None if options.pipeline.is_some() => Ok(Address::Declared),
        None => refused(format!("`{name}` is the label of a connection, and no file declares it"), FORMS),
    }
}

/// Returns host, port and service.
fn oracle(server: &str) -> Option<(String, u16, String)> {
    let server = server.strip_prefix("//").unwrap_or(server);
    let (address, service) = server.split_once('/')?;
    let (host, port) = match address.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (address, ORACLE_PORT),
    };
    let is_word = |word: &str| !word.is_empty() && !word.contains(['@', '/', ' ', '"', '(']);
    (is_word(host) && is_word(service)).then(|| (host.to_owned(), port, service.to_owned()))
}

/// Returns the section that declares a connection, in a file in this folder.
fn section(label: &str, address: &Address, folder: &Path) -> String {
    let mut text = format!("[connections.{label}]\n");
    let _ = match address {
        Address::Sqlite(path) => {
            let beside = if folder.as_os_str().is_empty() { None } else { path.strip_prefix(folder).ok() };
            writeln!(text, "driver = \"sqlite\"\npath = {}", toml_text(&beside.unwrap_or(path).to_string_lossy()))
        }
        Address::Oracle { host, port, service, schema } => {
            let variables = label.to_uppercase();
            let schema = schema.as_ref().map(|schema| format!("schema = {}\n", toml_text(schema))).unwrap_or_default();
            write!(
                text,
                "driver = \"oracle\"\nhost = {}\nport = {port}\nservice_name = {}\n\
                 username = {{ env = \"{variables}_USERNAME\" }}\npassword = {{ env = \"{variables}_PASSWORD\" }}\n{schema}",
                toml_text(host),
                toml_text(service)
            )
        }
        Address::Declared => Ok(()),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_host_a_port_and_a_service() {
        let of = |server: &str| oracle(server).map(|(host, port, service)| format!("{host} {port} {service}"));
        assert_eq!(of("db.example.com:1522/ORCL").as_deref(), Some("db.example.com 1522 ORCL"));
        assert_eq!(of("//db/ORCL").as_deref(), Some("db 1521 ORCL"));
        assert_eq!(of("[::1]/ORCL").as_deref(), Some("[::1] 1521 ORCL"));
        for wrong in ["db", "db/", "/ORCL", "db:x/ORCL", "scott/tiger@db/ORCL", "db/ORCL/more"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_and_not_repeated() {
        let refused = Place::of("oracle:scott/tiger@db/ORCL", Role::Source, &PlaceOptions::default());
        let refused = refused.expect_err("a password").to_string();
        assert!(refused.contains("SOURCE_PASSWORD") && !refused.contains("tiger"), "{refused}");
    }

    #[test]
    fn a_file_beside_the_pipeline_is_written_without_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("sqlite:{}", folder.path().join("a \"b\".db").display());
        let place = Place::of(&name, Role::Source, &PlaceOptions::default()).expect("a place");
        let written = place.section(folder.path()).expect("a section");
        assert_eq!(written, "[connections.source]\ndriver = \"sqlite\"\npath = \"a \\\"b\\\".db\"\n");
        let elsewhere = place.section(Path::new("/nowhere")).expect("a section");
        assert!(elsewhere.contains(&format!("path = \"{}", folder.path().display())), "{elsewhere}");
    }
}

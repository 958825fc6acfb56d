//! The settings of taps and targets that have a key here.

use super::plugins::{Plugin, Side};

/// A kind of database or service that this host reaches by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    Sqlite,
    Oracle,
    /// Oracle WMS Cloud by its REST API.
    Http,
}

impl Driver {
    /// Its name in pipeline files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Oracle => "oracle",
            Self::Http => "http",
        }
    }

    /// The extractor that reads it.
    pub(super) fn extractor(self) -> &'static str {
        if self == Self::Http { "wms-cloud" } else { "wms-tables" }
    }

    /// The driver of a plugin with these settings; `None` for a plugin that only runs as itself.
    pub(super) fn of(plugin: &Plugin<'_>, has: impl Fn(&str) -> bool) -> Option<Self> {
        let identity = plugin.identity();
        let is_extractor = plugin.side == Side::Extractor;
        let is_service = is_extractor && SERVICE.names("url").any(&has);
        let is_database = ["host", "sid", "service_name", "dsn"].iter().any(|name| has(name));
        if identity.contains("sqlite") {
            Some(Self::Sqlite)
        } else if is_service && !is_database {
            identity.contains("wms").then_some(Self::Http)
        } else {
            (identity.contains("oracle") || is_extractor && identity.contains("wms")).then_some(Self::Oracle)
        }
    }

    /// The rules for its settings.
    pub(super) fn rules(self) -> &'static Rules {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Oracle => &ORACLE,
            Self::Http => &SERVICE,
        }
    }

    /// The keys that a connection must have.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["path"],
            Self::Oracle => &["host", "service_name", "username", "password"],
            Self::Http => &["url", "username", "password"],
        }
    }
}

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// The name of a schema.
    Schema,
    /// A file, relative to the project's folder.
    Path,
    /// By reference only.
    Secret,
    /// A whole number from 1 to this one.
    Whole(u64),
    /// A number of seconds, which becomes a duration.
    Seconds,
    /// The way to sign in.
    SignIn,
    /// `tcp` or `tcps`.
    Protocol,
}

/// A setting by all its names, the key of a connection and its form.
type Rule = (&'static [&'static str], &'static str, Form);

/// The settings of one kind of connection.
#[derive(Debug)]
pub(super) struct Rules(&'static [Rule]);

impl Rules {
    /// The key and the form of a setting.
    pub(super) fn get(&self, setting: &str) -> Option<(&'static str, Form)> {
        self.0.iter().find(|(names, ..)| names.contains(&setting)).map(|(_, key, form)| (*key, *form))
    }

    /// The names of the settings for a key.
    pub(super) fn names(&self, key: &str) -> impl Iterator<Item = &'static str> {
        let found = self.0.iter().find(|(_, known, _)| *known == key);
        found.map(|(names, ..)| *names).unwrap_or_default().iter().copied()
    }
}

const SQLITE: Rules =
    Rules(&[(&["path_to_database", "database", "database_path", "db_path", "path", "filename"], "path", Form::Path)]);

const ORACLE: Rules = Rules(&[
    (&["host", "hostname"], "host", Form::Text),
    (&["port"], "port", Form::Whole(65_535)),
    (&["sid"], "sid", Form::Text),
    (&["service_name", "service", "database", "dbname"], "service_name", Form::Text),
    (&["username", "user"], "username", Form::Text),
    (&["password"], "password", Form::Secret),
    (&["schema", "schema_name", "default_schema", "default_target_schema", "target_schema"], "schema", Form::Schema),
    (&["protocol"], "protocol", Form::Protocol),
    (&["pool_size", "pool_max_size", "max_connections"], "connections", Form::Whole(256)),
    (&["fetch_size", "arraysize", "array_size"], "fetch_rows", Form::Whole(100_000)),
    (&["connect_timeout", "connection_timeout"], "connect_timeout", Form::Seconds),
]);

const SERVICE: Rules = Rules(&[
    (&["url", "base_url", "api_url"], "url", Form::Text),
    (&["auth", "auth_method", "auth_type"], "auth", Form::SignIn),
    (&["username", "user"], "username", Form::Text),
    (&["password"], "password", Form::Secret),
    (&["client_id", "oauth_client_id"], "client_id", Form::Text),
    (&["client_secret", "oauth_client_secret"], "client_secret", Form::Secret),
    (&["token_url", "oauth_token_url", "token_endpoint"], "token_url", Form::Text),
    (&["scope", "oauth_scope"], "scope", Form::Text),
    (&["response_timeout", "request_timeout", "timeout"], "response_timeout", Form::Seconds),
    (&["request_retries", "max_retries"], "request_retries", Form::Whole(20)),
    (&["requests_per_second", "rate_limit"], "requests_per_second", Form::Whole(1_000)),
]);

/// The settings for the number of rows that are read or written at once.
pub(super) const BATCH_SIZES: [&str; 6] =
    ["batch_size_rows", "batch_size", "max_batch_size", "page_size", "batch_rows", "itersize"];

/// The settings without a counterpart, each with the reason.
const WITHOUT: [(&str, &str); 16] = [
    ("add_record_metadata", "wms_run_id and wms_loaded_at are always added; there are no _sdc_ columns"),
    ("flattening_enabled", "columns of a database are not nested"),
    ("flattening_max_depth", "columns of a database are not nested"),
    ("batch_config", "rows pass in memory, not in files"),
    ("validate_records", "every value is held to its column's type"),
    ("process_activate_version_messages", "a table that is read whole replaces the one before"),
    ("emit_activate_version_messages", "a table that is read whole replaces the one before"),
    ("use_singer_decimal", "decimals keep their digits"),
    ("batch_wait_limit_seconds", "rows are committed by their number"),
    ("parallelism", "`concurrency` in [run] is the number of streams at once"),
    ("max_parallelism", "`concurrency` in [run] is the number of streams at once"),
    ("page_mode", "the extractor pages by id"),
    ("user_agent", "requests name this host"),
    ("log_level", "`wmshost logs` shows every level"),
    ("stream_map_config", "it belongs to stream maps"),
    ("entities", "they are the streams"),
];

/// The reason why a setting has no counterpart, if it is known.
pub(super) fn without_counterpart(setting: &str) -> Option<&'static str> {
    WITHOUT.iter().find(|(name, _)| *name == setting).map(|(_, reason)| *reason)
}

/// True if a setting of this name is a secret.
pub(super) fn is_secret(setting: &str) -> bool {
    let words = [
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "credential",
    ];
    let setting = setting.to_lowercase();
    // The address of tokens is none.
    !setting.ends_with("url") && !setting.ends_with("endpoint") && words.iter().any(|word| setting.contains(word))
}

//! The only table of the keys that a pipeline file may have: their types, ranges, units and defaults. Reading, messages
//! and the test that help.toml is complete are all based on it.
//!
//! | module | what it is for |
//! |---|---|
//! | `alerts` | the keys of `[alerts]` |
//! | `limits` | the keys of `[limits]` |
//! | `run` | the keys of `[run]` |

use std::collections::BTreeMap;

use wmshost_flow::{
    Deletes, Mask, Method, NewColumns, NewTypes, NullKeys, OnBadValue, OnChange, OnTrap, SourceForm, TargetTriggers,
};

use crate::diagnostics::join;
use crate::documentation::{self, Documented};
use crate::key_type::{Key, KeyDefault, KeyType};
use crate::policies::LateRows;

const DAY: u64 = 86_400;

/// Defines keys and the list of them, so that a key is written once.
macro_rules! keys {
    ($(#[$about:meta])* $list:ident: $($constant:ident = $key:expr;)+) => {
        $(pub(crate) const $constant: Key = $key;)+
        $(#[$about])*
        pub(crate) const $list: &[Key] = &[$($constant),+];
    };
}

/// A key that holds a duration; the bounds and the default are in seconds.
const fn span(name: &'static str, least: u64, most: u64, fallback: u64) -> Key {
    Key::new(name, KeyType::Span { least, most }).or(KeyDefault::Number(fallback))
}

/// Several lists of keys as one.
const fn joined<const LENGTH: usize>(lists: &[&[Key]]) -> [Key; LENGTH] {
    let mut all = [lists[0][0]; LENGTH];
    let (mut list, mut filled) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[filled] = lists[list][at];
            (filled, at) = (filled + 1, at + 1);
        }
        list += 1;
    }
    assert!(filled == LENGTH, "the length is that of all lists");
    all
}

pub(crate) mod alerts;

/// The keys of the file itself.
pub(crate) mod file {
    use super::*;
    keys! {
        /// The keys of the file itself.
        ALL:
        NAME = Key::new("name", KeyType::Name).literal();
        MASK_KEY = Key::new("mask_key", KeyType::Secret);
        REQUIRE_SIGNED = Key::new("require_signed", KeyType::PublicKeys).or(KeyDefault::Empty);
        EXTENDS = Key::new("extends", KeyType::Path).literal();
        PLUGINS = Key::new("plugins", KeyType::Named(plugin::ALL));
        CONNECTIONS = Key::new("connections", KeyType::Named(connection::ALL));
        RUN = Key::new("run", KeyType::Table(run::ALL));
        LIMITS = Key::new("limits", KeyType::Table(limits::ALL));
        DEFAULTS = Key::new("stream_defaults", KeyType::Table(stream::DEFAULTS));
        STREAMS = Key::new("streams", KeyType::Named(stream::ALL));
        MODELS = Key::new("models", KeyType::Table(models::ALL));
        ALERTS = Key::new("alerts", KeyType::Table(alerts::ALL));
    }
}

/// The keys of `[plugins.*]`.
pub(crate) mod plugin {
    use super::*;
    keys! {
        /// The keys of a plugin.
        ALL:
        PATH = Key::new("path", KeyType::Path);
        NAME = Key::new("name", KeyType::Name);
        DIGEST = Key::new("digest", KeyType::Digest);
        LIMITS = Key::new("limits", KeyType::Table(limits::OF_PLUGIN));
    }
}

/// The keys of `[connections.*]`.
pub(crate) mod connection {
    use super::*;
    pub(crate) const SQLITE_NAME: &str = "sqlite";
    pub(crate) const ORACLE_NAME: &str = "oracle";
    pub(crate) const HTTP_NAME: &str = "http";
    pub(crate) const DRIVER: Key = Key::new("driver", KeyType::Choice(&[SQLITE_NAME, ORACLE_NAME, HTTP_NAME]));
    pub(crate) const LOB_MIB: Key = Key::count("lob_mib", 1, 900, "MiB").or(KeyDefault::Number(16));
    keys! {
        /// The keys of a SQLite database only.
        ONLY_SQLITE:
        PATH = Key::new("path", KeyType::Path);
    }
    keys! {
        /// The keys of an Oracle server only.
        ONLY_ORACLE:
        CLIENT = Key::new("client", KeyType::Choice(&["thin", "oci"])).or(KeyDefault::Text("thin"));
        HOST = Key::new("host", KeyType::Address);
        PORT = Key::count("port", 1, 65_535, "TCP port").or(KeyDefault::Number(1521));
        SERVICE_NAME = Key::new("service_name", KeyType::Address);
        SID = Key::new("sid", KeyType::Address);
        USERNAME = Key::new("username", KeyType::Text);
        PASSWORD = Key::new("password", KeyType::Secret);
        SCHEMA = Key::new("schema", KeyType::Identifier);
        DESCRIPTOR = Key::new("descriptor", KeyType::Text);
        TNS_ALIAS = Key::new("tns_alias", KeyType::Address);
        TNS_ADMIN = Key::new("tns_admin", KeyType::Folder);
        PROTOCOL = Key::new("protocol", KeyType::Choice(&["tcp", "tcps"])).or(KeyDefault::Text("tcp"));
        CA_FILE = Key::new("ca_file", KeyType::Path);
        WALLET = Key::new("wallet", KeyType::Folder);
        WALLET_PASSWORD = Key::new("wallet_password", KeyType::Secret);
        SERVER = Key::new("server", KeyType::Choice(&["dedicated", "pooled"])).or(KeyDefault::Text("dedicated"));
        CONNECTION_CLASS = Key::new("connection_class", KeyType::Address).or(KeyDefault::Text("WMSHOST"));
        SDU = Key::count("sdu", 512, 2_097_152, "bytes").or(KeyDefault::Number(65_535));
        CONNECT_TIMEOUT = span("connect_timeout", 1, 600, 15);
        CONNECT_BUDGET = span("connect_budget", 0, 3_600, 60);
        CALL_TIMEOUT = span("call_timeout", 1, DAY, 300);
        POOL_TIMEOUT = span("pool_timeout", 1, 3_600, 60);
        PING_AFTER = span("ping_after", 0, 3_600, 30);
        MAX_LIFETIME = span("max_lifetime", 60, DAY, 3_600);
        CONNECTIONS = Key::count("connections", 1, 256, "connections").or(KeyDefault::Number(16));
        FETCH_ROWS = Key::count("fetch_rows", 1, 100_000, "rows");
        READERS = Key::count("readers", 1, 32, "sessions").or(KeyDefault::Number(1));
        ARRAY_ROWS = Key::count("array_rows", 1, 100_000, "rows").or(KeyDefault::Number(5_000));
        BULK_MERGE_ROWS = Key::count("bulk_merge_rows", 1, 1_000_000, "rows").or(KeyDefault::Number(500));
        BARE_NUMBER = Key::new("bare_number", KeyType::Choice(&["decimal", "text"])).or(KeyDefault::Text("decimal"));
        COMMIT_LAG = span("commit_lag", 0, DAY, 60);
        SNAPSHOT = Key::new("snapshot", KeyType::Choice(&["scn", "statement"])).or(KeyDefault::Text("scn"));
    }
    keys! {
        /// The keys of credentials for OAuth that only a web service has.
        OAUTH:
        TOKEN_URL = Key::new("token_url", KeyType::WebAddress);
        CLIENT_ID = Key::new("client_id", KeyType::Text);
        CLIENT_SECRET = Key::new("client_secret", KeyType::Secret);
    }
    keys! {
        /// The keys of a web service only, without those that OAuth always needs.
        ONLY_HTTP:
        URL = Key::new("url", KeyType::WebAddress);
        AUTH = Key::new(
            "auth",
            KeyType::Choice(&["none", "basic", "client_credentials", "password", "refresh_token"]),
        );
        BASE_PATH = Key::new("base_path", KeyType::Text);
        CLIENT_AUTH = Key::new("client_auth", KeyType::Choice(&["header", "form"])).or(KeyDefault::Text("header"));
        REFRESH_TOKEN = Key::new("refresh_token", KeyType::Secret);
        SCOPE = Key::new("scope", KeyType::Text);
        IDENTITY_DOMAIN = Key::new("identity_domain", KeyType::Address);
        PROXY = Key::new("proxy", KeyType::WebAddress);
        PROXY_USERNAME = Key::new("proxy_username", KeyType::Text);
        PROXY_PASSWORD = Key::new("proxy_password", KeyType::Secret);
        ALLOW_PRIVATE = Key::new("allow_private", KeyType::Flag).or(KeyDefault::Flag(false));
        RESPONSE_TIMEOUT = span("response_timeout", 1, 3_600, 120);
        BODY_TIMEOUT = span("body_timeout", 1, 3_600, 120);
        HEADER_KIB = Key::count("header_kib", 1, 1_024, "KiB").or(KeyDefault::Number(64));
        BODY_MIB = Key::count("body_mib", 1, 512, "MiB").or(KeyDefault::Number(32));
        REQUESTS_PER_SECOND = Key::count("requests_per_second", 1, 1_000, "requests").or(KeyDefault::Number(5));
        CONCURRENT_REQUESTS = Key::count("concurrent_requests", 1, 64, "requests").or(KeyDefault::Number(2));
        REQUEST_RETRIES = Key::count("request_retries", 0, 20, "tries").or(KeyDefault::Number(4));
        RETRY_BUDGET = Key::count("retry_budget", 0, 100_000, "tries").or(KeyDefault::Number(200));
        LONGEST_PAUSE = span("longest_pause", 1, 3_600, 120);
    }
    /// The keys that OAuth with a user's password needs.
    pub(crate) const OAUTH_PASSWORD: &[Key] = &joined::<{ OAUTH.len() + 2 }>(&[OAUTH, &[USERNAME, PASSWORD]]);
    /// The keys that OAuth with a refresh token needs.
    pub(crate) const OAUTH_REFRESH: &[Key] = &joined::<{ OAUTH.len() + 1 }>(&[OAUTH, &[REFRESH_TOKEN]]);
    /// The keys of all credentials of a web service.
    pub(crate) const CREDENTIALS: &[Key] = &joined::<{ OAUTH_PASSWORD.len() + 4 }>(&[
        OAUTH_PASSWORD,
        &[REFRESH_TOKEN, SCOPE, IDENTITY_DOMAIN, CLIENT_AUTH],
    ]);
    pub(crate) const HTTP: &[Key] = &joined::<{ ONLY_HTTP.len() + OAUTH.len() + 5 }>(&[
        &[DRIVER],
        ONLY_HTTP,
        OAUTH,
        &[USERNAME, PASSWORD, CA_FILE, CONNECT_TIMEOUT],
    ]);
    pub(crate) const SQLITE: &[Key] = &joined::<{ ONLY_SQLITE.len() + 2 }>(&[&[DRIVER], ONLY_SQLITE, &[LOB_MIB]]);
    pub(crate) const ORACLE: &[Key] = &joined::<{ ONLY_ORACLE.len() + 2 }>(&[&[DRIVER], ONLY_ORACLE, &[LOB_MIB]]);
    pub(crate) const ALL: &[Key] = &joined::<{ SQLITE.len() + ONLY_ORACLE.len() + ONLY_HTTP.len() + OAUTH.len() }>(&[
        SQLITE,
        ONLY_ORACLE,
        ONLY_HTTP,
        OAUTH,
    ]);
}

pub(crate) mod limits;
pub(crate) mod run;

/// The keys of `[streams.*]`, and those of them that `[stream_defaults]` may set for all streams.
pub(crate) mod stream {
    use super::*;
    keys! {
        /// The keys that `[stream_defaults]` may have too.
        DEFAULTS:
        SOURCE = Key::new("source", KeyType::Name);
        TARGET = Key::new("target", KeyType::Name);
        EXTRACTOR = Key::new("extractor", KeyType::Name);
        LOADER = Key::new("loader", KeyType::Name);
        METHOD = Key::new("method", KeyType::Choice(Method::NAMES)).or(KeyDefault::Text("full"));
        CHANGE_KEY = Key::new("change_key", KeyType::SourceName);
        LOOKBACK = span("lookback", 0, 366 * DAY, 900);
        NULL_KEYS = Key::new("null_keys", KeyType::Choice(NullKeys::NAMES)).or(KeyDefault::Text("include"));
        LATE_ROWS = Key::new("late_rows", KeyType::Choice(LateRows::NAMES)).or(KeyDefault::Text("lookback"));
        DELETES = Key::new("deletes", KeyType::Choice(Deletes::NAMES)).or(KeyDefault::Text("ignore"));
        RECONCILE_EVERY = span("reconcile_every", 0, 366 * DAY, DAY);
        NEW_COLUMNS = Key::new("new_columns", KeyType::Choice(NewColumns::NAMES)).or(KeyDefault::Text("evolve"));
        NEW_TYPES = Key::new("new_types", KeyType::Choice(NewTypes::NAMES)).or(KeyDefault::Text("evolve"));
        ON_CHANGE = Key::new("on_change", KeyType::Choice(OnChange::NAMES)).or(KeyDefault::Text("tell"));
        ON_BAD_VALUE = Key::new("on_bad_value", KeyType::Choice(OnBadValue::NAMES)).or(KeyDefault::Text("reject"));
        ON_TRAP = Key::new("on_trap", KeyType::Choice(OnTrap::NAMES)).or(KeyDefault::Text("fail_run"));
        RECORD = Key::new("record", KeyType::Record).or(KeyDefault::Text("off"));
        TARGET_TRIGGERS = Key::new("target_triggers", KeyType::Choice(TargetTriggers::NAMES)).or(KeyDefault::Text("refuse"));
        MAX_REJECTED = Key::count("max_rejected", 0, 1_000_000_000_000, "rows");
        MAX_REJECTED_PERCENT = Key::count("max_rejected_percent", 0, 100, "percent").or(KeyDefault::Number(5));
        MAX_DELETED = Key::count("max_deleted", 0, 1_000_000_000_000, "rows");
        MAX_DELETED_PERCENT = Key::count("max_deleted_percent", 0, 100, "percent").or(KeyDefault::Number(20));
        MAX_AGE = Key::new("max_age", KeyType::Span { least: 1, most: 366 * DAY });
        OWNER = Key::new("owner", KeyType::Text);
        REQUIRED = Key::new("required", KeyType::Flag).or(KeyDefault::Flag(true));
    }
    keys! {
        /// The keys that only a stream has.
        OWN:
        ENABLED = Key::new("enabled", KeyType::Flag).or(KeyDefault::Flag(true));
        TABLE = Key::new("table", KeyType::SourceName);
        READS = Key::new("reads", KeyType::SourceNames).or(KeyDefault::Empty);
        TARGET_TABLE = Key::new("target_table", KeyType::TargetTable);
        TAKE_OVER = Key::new("take_over", KeyType::TakeOver).literal();
        TRANSFORMS = Key::new("transforms", KeyType::Names).or(KeyDefault::Empty);
        KEY = Key::new("key", KeyType::SourceNames).or(KeyDefault::Empty);
        LOOKBACK_VERSIONS = Key::count("lookback_versions", 0, 1_000_000_000_000, "versions");
        TAGS = Key::new("tags", KeyType::Names).or(KeyDefault::Empty);
        SNAPSHOT = Key::new("snapshot", KeyType::Choice(&["run", "statement"])).or(KeyDefault::Text("run"));
        SCHEDULE = Key::new("schedule", KeyType::CronLine);
        COLUMNS = Key::new("columns", KeyType::Columns(column::ALL));
        GRANTS = Key::new("grants", KeyType::Grants(grant::ALL));
        SETTINGS = Key::new("settings", KeyType::Settings);
    }
    pub(crate) const ALL: &[Key] = &joined::<{ DEFAULTS.len() + OWN.len() }>(&[DEFAULTS, OWN]);
}

/// The keys of `[streams.*.columns.*]`.
pub(crate) mod column {
    use super::*;
    /// The forms of values, and the word for Oracle's pseudo-column.
    const FORMS: &[&str] = &{
        let mut words = [SourceForm::ROW_SCN; SourceForm::NAMES.len() + 1];
        let mut at = 0;
        while at < SourceForm::NAMES.len() {
            words[at] = SourceForm::NAMES[at];
            at += 1;
        }
        words
    };
    keys! {
        /// The keys of a column.
        ALL:
        TYPE = Key::new("type", KeyType::ColumnType).literal();
        FROM = Key::new("from", KeyType::Choice(FORMS)).literal();
        RENAME = Key::new("rename", KeyType::SourceName).literal();
        SKIP = Key::new("skip", KeyType::Flag).or(KeyDefault::Flag(false)).literal();
        GREATEST = Key::new("greatest", KeyType::SourceNames);
        MASK = Key::new("mask", KeyType::Choice(Mask::NAMES)).literal();
    }
}

/// The keys of `[streams.*.grants.*]`.
pub(crate) mod grant {
    use super::*;
    keys! {
        /// The keys of the grant of a table.
        ALL:
        COLUMNS = Key::new("columns", KeyType::SourceNames);
        EXCEPT = Key::new("except", KeyType::SourceNames).or(KeyDefault::Empty);
        ROWS = Key::new("rows", KeyType::Text).literal();
    }
}

/// The keys of `[models]`.
pub(crate) mod models {
    use super::*;
    keys! {
        /// The keys of the models.
        ALL:
        PLUGINS = Key::new("plugins", KeyType::Names).or(KeyDefault::Empty);
        PROJECT = Key::new("project", KeyType::Folder);
        TARGET = Key::new("target", KeyType::Name);
        TAKE_OVER = Key::new("take_over", KeyType::TakeOvers).or(KeyDefault::Empty);
        TARGET_TRIGGERS = Key::new("target_triggers", KeyType::Choice(TargetTriggers::NAMES)).or(KeyDefault::Text("refuse"));
        THREADS = Key::count("threads", 1, 64, "models").or(KeyDefault::Number(4));
        AFTER_LOAD = Key::new("after_load", KeyType::Flag).or(KeyDefault::Flag(true));
        LINEAGE = Key::new("lineage", KeyType::Text);
        LINEAGE_KEY = Key::new("lineage_key", KeyType::Secret);
        VARS = Key::new("vars", KeyType::Values);
        SETTINGS = Key::new("settings", KeyType::Settings);
    }
}

/// The documentation of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHelp {
    /// Its path; `*` represents a name that the author chooses.
    pub path: String,
    /// The values that it accepts, with range and unit.
    pub expected: String,
    /// The default as it would be written; `None` if there is none.
    pub fallback: Option<String>,
    /// Its documentation.
    pub description: String,
    /// A value, as the reference of the format writes it.
    pub example: String,
}

/// Returns every key that a pipeline file may have.
pub fn all_keys() -> Vec<KeyHelp> {
    let mut all = Vec::new();
    collect(file::ALL, "", &documented(), &mut all);
    all
}

/// Returns the keys of the reference by path. Those that limit one plugin are documented where they limit all.
pub(crate) fn documented() -> BTreeMap<String, Documented> {
    let mut documented = documentation::documented();
    for key in limits::OF_PLUGIN {
        if let Some(known) = documented.get(&join(file::LIMITS.name, key.name)).cloned() {
            documented.insert(format!("{}.*.{}.{}", file::PLUGINS.name, plugin::LIMITS.name, key.name), known);
        }
    }
    documented
}

fn collect(keys: &[Key], path: &str, documented: &BTreeMap<String, Documented>, all: &mut Vec<KeyHelp>) {
    for key in keys {
        let path = join(path, key.name);
        let path = match key.kind {
            KeyType::Table(keys) => {
                collect(keys, &path, documented, all);
                continue;
            }
            KeyType::Named(keys) | KeyType::Grants(keys) => {
                collect(keys, &(path + ".*"), documented, all);
                continue;
            }
            KeyType::Columns(keys) => {
                collect(keys, &format!("{path}.*"), documented, all);
                path + ".*"
            }
            KeyType::Settings => path + ".*.*",
            KeyType::Values => path + ".*",
            _ => path,
        };
        let known = documented.get(&path);
        all.push(KeyHelp {
            expected: key.kind.expected(),
            fallback: key.fallback_text(),
            description: known.map(|known| known.description.clone()).unwrap_or_default(),
            example: known.map(|known| known.example.clone()).unwrap_or_default(),
            path,
        });
    }
}

/// Returns the tables of the format that have a key of this name, as their headers are written.
pub(crate) fn tables_with(name: &str) -> Vec<String> {
    let mut tables = Vec::new();
    for table in file::ALL {
        if table.kind.keys().iter().any(|key| key.name == name) {
            let any = if matches!(table.kind, KeyType::Named(_)) { ".…" } else { "" };
            tables.push(format!("`[{}{any}]`", table.name));
        }
    }
    if file::ALL.iter().any(|key| key.name == name) {
        tables.push("the head of the file".to_owned());
    }
    tables
}

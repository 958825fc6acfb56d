//! The only table of the keys that a pipeline file may have: their types, ranges, units and defaults. Reading, messages
//! and the test that help.toml is complete are all based on it.

use crate::diagnostics::join;
use crate::key_type::{Key, KeyDefault, KeyType};

const DAY: u64 = 86_400;

/// The keys of the file itself.
pub(crate) mod file {
    use super::*;
    pub(crate) const NAME: Key = Key::new("name", KeyType::Name).literal();
    pub(crate) const EXTENDS: Key = Key::new("extends", KeyType::Path).literal();
    pub(crate) const PLUGINS: Key = Key::new("plugins", KeyType::Named(plugin::ALL));
    pub(crate) const CONNECTIONS: Key = Key::new("connections", KeyType::Named(connection::ALL));
    pub(crate) const RUN: Key = Key::new("run", KeyType::Table(run::ALL));
    pub(crate) const LIMITS: Key = Key::new("limits", KeyType::Table(limits::ALL));
    pub(crate) const DEFAULTS: Key = Key::new("stream_defaults", KeyType::Table(stream::DEFAULTS));
    pub(crate) const STREAMS: Key = Key::new("streams", KeyType::Named(stream::ALL));
    pub(crate) const MODELS: Key = Key::new("models", KeyType::Table(models::ALL));
    pub(crate) const ALL: &[Key] = &[NAME, EXTENDS, PLUGINS, CONNECTIONS, RUN, LIMITS, DEFAULTS, STREAMS, MODELS];
}

/// The keys of `[plugins.*]`.
pub(crate) mod plugin {
    use super::*;
    pub(crate) const PATH: Key = Key::new("path", KeyType::Path);
    pub(crate) const DIGEST: Key = Key::new("digest", KeyType::Digest);
    pub(crate) const ALL: &[Key] = &[PATH, DIGEST];
}

/// The keys of `[connections.*]`.
pub(crate) mod connection {
    use super::*;
    pub(crate) const SQLITE_NAME: &str = "sqlite";
    pub(crate) const ORACLE_NAME: &str = "oracle";
    pub(crate) const DRIVER: Key = Key::new("driver", KeyType::Choice(&[SQLITE_NAME, ORACLE_NAME]));
    pub(crate) const PATH: Key = Key::new("path", KeyType::Path);
    pub(crate) const CLIENT: Key = Key::new("client", KeyType::Choice(&["thin", "oci"])).or(KeyDefault::Text("thin"));
    pub(crate) const HOST: Key = Key::new("host", KeyType::Address);
    pub(crate) const PORT: Key = Key::count("port", 1, 65_535, "TCP port").or(KeyDefault::Number(1521));
    pub(crate) const SERVICE_NAME: Key = Key::new("service_name", KeyType::Address);
    pub(crate) const SID: Key = Key::new("sid", KeyType::Address);
    pub(crate) const USERNAME: Key = Key::new("username", KeyType::Text);
    pub(crate) const PASSWORD: Key = Key::new("password", KeyType::Secret);
    pub(crate) const SCHEMA: Key = Key::new("schema", KeyType::Identifier);
    pub(crate) const DESCRIPTOR: Key = Key::new("descriptor", KeyType::Text);
    pub(crate) const TNS_ALIAS: Key = Key::new("tns_alias", KeyType::Address);
    pub(crate) const TNS_ADMIN: Key = Key::new("tns_admin", KeyType::Path);
    pub(crate) const PROTOCOL: Key =
        Key::new("protocol", KeyType::Choice(&["tcp", "tcps"])).or(KeyDefault::Text("tcp"));
    pub(crate) const CA_FILE: Key = Key::new("ca_file", KeyType::Path);
    pub(crate) const WALLET: Key = Key::new("wallet", KeyType::Path);
    pub(crate) const WALLET_PASSWORD: Key = Key::new("wallet_password", KeyType::Secret);
    pub(crate) const SERVER: Key =
        Key::new("server", KeyType::Choice(&["dedicated", "pooled"])).or(KeyDefault::Text("dedicated"));
    pub(crate) const CONNECTION_CLASS: Key =
        Key::new("connection_class", KeyType::Address).or(KeyDefault::Text("WMSHOST"));
    pub(crate) const SDU: Key = Key::count("sdu", 512, 2_097_152, "bytes").or(KeyDefault::Number(65_535));
    pub(crate) const CONNECT_TIMEOUT: Key = span("connect_timeout", 1, 600, 15);
    pub(crate) const CONNECT_BUDGET: Key = span("connect_budget", 0, 3_600, 60);
    pub(crate) const CALL_TIMEOUT: Key = span("call_timeout", 1, DAY, 300);
    pub(crate) const POOL_TIMEOUT: Key = span("pool_timeout", 1, 3_600, 60);
    pub(crate) const PING_AFTER: Key = span("ping_after", 0, 3_600, 30);
    pub(crate) const MAX_LIFETIME: Key = span("max_lifetime", 60, DAY, 3_600);
    pub(crate) const CONNECTIONS: Key = Key::count("connections", 1, 256, "connections").or(KeyDefault::Number(16));
    pub(crate) const FETCH_ROWS: Key = Key::count("fetch_rows", 1, 100_000, "rows");
    pub(crate) const ARRAY_ROWS: Key = Key::count("array_rows", 1, 100_000, "rows").or(KeyDefault::Number(5_000));
    pub(crate) const BULK_MERGE_ROWS: Key =
        Key::count("bulk_merge_rows", 1, 1_000_000, "rows").or(KeyDefault::Number(500));
    pub(crate) const BARE_NUMBER: Key =
        Key::new("bare_number", KeyType::Choice(&["decimal", "text"])).or(KeyDefault::Text("decimal"));
    pub(crate) const LOB_MIB: Key = Key::count("lob_mib", 1, 900, "MiB").or(KeyDefault::Number(16));
    pub(crate) const COMMIT_LAG: Key = span("commit_lag", 0, DAY, 60);
    pub(crate) const SNAPSHOT: Key =
        Key::new("snapshot", KeyType::Choice(&["scn", "statement"])).or(KeyDefault::Text("scn"));
    pub(crate) const SQLITE: &[Key] = &[DRIVER, PATH, LOB_MIB];
    pub(crate) const ORACLE: &[Key] = &[
        DRIVER,
        CLIENT,
        HOST,
        PORT,
        SERVICE_NAME,
        SID,
        USERNAME,
        PASSWORD,
        SCHEMA,
        DESCRIPTOR,
        TNS_ALIAS,
        TNS_ADMIN,
        PROTOCOL,
        CA_FILE,
        WALLET,
        WALLET_PASSWORD,
        SERVER,
        CONNECTION_CLASS,
        SDU,
        CONNECT_TIMEOUT,
        CONNECT_BUDGET,
        CALL_TIMEOUT,
        POOL_TIMEOUT,
        PING_AFTER,
        MAX_LIFETIME,
        CONNECTIONS,
        FETCH_ROWS,
        ARRAY_ROWS,
        BULK_MERGE_ROWS,
        BARE_NUMBER,
        LOB_MIB,
        COMMIT_LAG,
        SNAPSHOT,
    ];
    pub(crate) const ALL: &[Key] = &[
        DRIVER,
        PATH,
        CLIENT,
        HOST,
        PORT,
        SERVICE_NAME,
        SID,
        USERNAME,
        PASSWORD,
        SCHEMA,
        DESCRIPTOR,
        TNS_ALIAS,
        TNS_ADMIN,
        PROTOCOL,
        CA_FILE,
        WALLET,
        WALLET_PASSWORD,
        SERVER,
        CONNECTION_CLASS,
        SDU,
        CONNECT_TIMEOUT,
        CONNECT_BUDGET,
        CALL_TIMEOUT,
        POOL_TIMEOUT,
        PING_AFTER,
        MAX_LIFETIME,
        CONNECTIONS,
        FETCH_ROWS,
        ARRAY_ROWS,
        BULK_MERGE_ROWS,
        BARE_NUMBER,
        LOB_MIB,
        COMMIT_LAG,
        SNAPSHOT,
    ];

    const fn span(name: &'static str, least: u64, most: u64, fallback: u64) -> Key {
        Key::new(name, KeyType::Span { least, most }).or(KeyDefault::Number(fallback))
    }
}

/// The keys of `[run]`.
pub(crate) mod run {
    use super::*;
    const MOST_ROWS: u64 = 1_000_000;
    pub(crate) const EXTRACT_BATCH_ROWS: Key =
        Key::count("extract_batch_rows", 1, MOST_ROWS, "rows").or(KeyDefault::Number(1_000));
    pub(crate) const LOAD_BATCH_ROWS: Key =
        Key::count("load_batch_rows", 1, MOST_ROWS, "rows").or(KeyDefault::Number(5_000));
    pub(crate) const CONCURRENCY: Key = Key::count("concurrency", 1, 64, "streams").or(KeyDefault::Number(4));
    pub(crate) const QUEUE_BATCHES: Key = Key::count("queue_batches", 1, 64, "batches").or(KeyDefault::Number(2));
    pub(crate) const RETRIES: Key = Key::count("retries", 0, 20, "tries").or(KeyDefault::Number(3));
    pub(crate) const ALL: &[Key] = &[EXTRACT_BATCH_ROWS, LOAD_BATCH_ROWS, CONCURRENCY, QUEUE_BATCHES, RETRIES];
}

/// The keys of `[limits]`.
pub(crate) mod limits {
    use super::*;
    pub(crate) const MEMORY_MIB: Key = Key::count("memory_mib", 1, 4_096, "MiB").or(KeyDefault::Number(64));
    pub(crate) const CALL_TIMEOUT: Key =
        Key::new("call_timeout", KeyType::Span { least: 1, most: 3_600 }).or(KeyDefault::Number(30));
    pub(crate) const BATCH_MIB: Key = Key::count("batch_mib", 1, 2_047, "MiB").or(KeyDefault::Number(64));
    pub(crate) const LOG_MESSAGES: Key =
        Key::count("log_messages", 0, 1_000_000, "messages").or(KeyDefault::Number(10_000));
    pub(crate) const ALL: &[Key] = &[MEMORY_MIB, CALL_TIMEOUT, BATCH_MIB, LOG_MESSAGES];
}

/// The keys of `[streams.*]`, and those of them that `[stream_defaults]` may set for all streams.
pub(crate) mod stream {
    use super::*;
    pub(crate) const ENABLED: Key = Key::new("enabled", KeyType::Flag).or(KeyDefault::Flag(true));
    pub(crate) const SOURCE: Key = Key::new("source", KeyType::Name);
    pub(crate) const TARGET: Key = Key::new("target", KeyType::Name);
    pub(crate) const TABLE: Key = Key::new("table", KeyType::Identifier);
    pub(crate) const TARGET_TABLE: Key = Key::new("target_table", KeyType::TargetTable);
    pub(crate) const TAKE_OVER: Key = Key::new("take_over", KeyType::TakeOver).literal();
    pub(crate) const EXTRACTOR: Key = Key::new("extractor", KeyType::Name);
    pub(crate) const TRANSFORMS: Key = Key::new("transforms", KeyType::Names).or(KeyDefault::Empty);
    pub(crate) const LOADER: Key = Key::new("loader", KeyType::Name);
    pub(crate) const METHOD: Key =
        Key::new("method", KeyType::Choice(&["full", "incremental", "append"])).or(KeyDefault::Text("full"));
    pub(crate) const KEY: Key = Key::new("key", KeyType::Identifiers).or(KeyDefault::Empty);
    pub(crate) const CHANGE_KEY: Key = Key::new("change_key", KeyType::Identifier);
    pub(crate) const LOOKBACK: Key =
        Key::new("lookback", KeyType::Span { least: 0, most: 366 * DAY }).or(KeyDefault::Number(900));
    pub(crate) const NULL_KEYS: Key = Key::new("null_keys", KeyType::Choice(&["include", "ignore", "reject", "fail"]))
        .or(KeyDefault::Text("include"));
    pub(crate) const LATE_ROWS: Key =
        Key::new("late_rows", KeyType::Choice(&["lookback", "reconcile"])).or(KeyDefault::Text("lookback"));
    pub(crate) const DELETES: Key =
        Key::new("deletes", KeyType::Choice(&["ignore", "soft", "hard"])).or(KeyDefault::Text("ignore"));
    pub(crate) const RECONCILE_EVERY: Key =
        Key::new("reconcile_every", KeyType::Span { least: 0, most: 366 * DAY }).or(KeyDefault::Number(DAY));
    pub(crate) const NEW_COLUMNS: Key =
        Key::new("new_columns", KeyType::Choice(&["evolve", "freeze", "discard"])).or(KeyDefault::Text("evolve"));
    pub(crate) const NEW_TYPES: Key =
        Key::new("new_types", KeyType::Choice(&["evolve", "freeze"])).or(KeyDefault::Text("evolve"));
    pub(crate) const ON_CHANGE: Key =
        Key::new("on_change", KeyType::Choice(&["tell", "reload", "fail"])).or(KeyDefault::Text("tell"));
    pub(crate) const ON_BAD_VALUE: Key =
        Key::new("on_bad_value", KeyType::Choice(&["reject", "fail"])).or(KeyDefault::Text("reject"));
    pub(crate) const ON_TRAP: Key =
        Key::new("on_trap", KeyType::Choice(&["fail_run", "retry", "quarantine"])).or(KeyDefault::Text("fail_run"));
    pub(crate) const MAX_REJECTED: Key = Key::count("max_rejected", 0, 1_000_000_000_000, "rows");
    pub(crate) const MAX_REJECTED_PERCENT: Key =
        Key::count("max_rejected_percent", 0, 100, "percent").or(KeyDefault::Number(5));
    pub(crate) const MAX_DELETED: Key = Key::count("max_deleted", 0, 1_000_000_000_000, "rows");
    pub(crate) const MAX_DELETED_PERCENT: Key =
        Key::count("max_deleted_percent", 0, 100, "percent").or(KeyDefault::Number(20));
    pub(crate) const SETTINGS: Key = Key::new("settings", KeyType::Settings);
    pub(crate) const DEFAULTS: &[Key] = &[
        SOURCE,
        TARGET,
        EXTRACTOR,
        LOADER,
        METHOD,
        CHANGE_KEY,
        LOOKBACK,
        NULL_KEYS,
        LATE_ROWS,
        DELETES,
        RECONCILE_EVERY,
        NEW_COLUMNS,
        NEW_TYPES,
        ON_CHANGE,
        ON_BAD_VALUE,
        ON_TRAP,
        MAX_REJECTED,
        MAX_REJECTED_PERCENT,
        MAX_DELETED,
        MAX_DELETED_PERCENT,
    ];
    pub(crate) const ALL: &[Key] = &[
        ENABLED,
        SOURCE,
        TARGET,
        TABLE,
        TARGET_TABLE,
        TAKE_OVER,
        EXTRACTOR,
        TRANSFORMS,
        LOADER,
        METHOD,
        KEY,
        CHANGE_KEY,
        LOOKBACK,
        NULL_KEYS,
        LATE_ROWS,
        DELETES,
        RECONCILE_EVERY,
        NEW_COLUMNS,
        NEW_TYPES,
        ON_CHANGE,
        ON_BAD_VALUE,
        ON_TRAP,
        MAX_REJECTED,
        MAX_REJECTED_PERCENT,
        MAX_DELETED,
        MAX_DELETED_PERCENT,
        SETTINGS,
    ];
}

/// The keys of `[models]`.
pub(crate) mod models {
    use super::*;
    pub(crate) const PLUGINS: Key = Key::new("plugins", KeyType::Names).or(KeyDefault::Empty);
    pub(crate) const TARGET: Key = Key::new("target", KeyType::Name);
    pub(crate) const TAKE_OVER: Key = Key::new("take_over", KeyType::TakeOvers).or(KeyDefault::Empty);
    pub(crate) const THREADS: Key = Key::count("threads", 1, 64, "models").or(KeyDefault::Number(4));
    pub(crate) const AFTER_LOAD: Key = Key::new("after_load", KeyType::Flag).or(KeyDefault::Flag(true));
    pub(crate) const LINEAGE: Key = Key::new("lineage", KeyType::Text);
    pub(crate) const LINEAGE_KEY: Key = Key::new("lineage_key", KeyType::Secret);
    pub(crate) const VARS: Key = Key::new("vars", KeyType::Values);
    pub(crate) const SETTINGS: Key = Key::new("settings", KeyType::Settings);
    pub(crate) const ALL: &[Key] =
        &[PLUGINS, TARGET, TAKE_OVER, THREADS, AFTER_LOAD, LINEAGE, LINEAGE_KEY, VARS, SETTINGS];
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
}

/// Returns every key that a pipeline file may have.
pub fn all_keys() -> Vec<KeyHelp> {
    let mut all = Vec::new();
    collect(file::ALL, "", &mut all);
    all
}

fn collect(keys: &[Key], path: &str, all: &mut Vec<KeyHelp>) {
    for key in keys {
        let path = join(path, key.name);
        match key.kind {
            KeyType::Table(keys) => collect(keys, &path, all),
            KeyType::Named(keys) => collect(keys, &(path + ".*"), all),
            _ => all.push(KeyHelp {
                path: match key.kind {
                    KeyType::Settings => path + ".*.*",
                    KeyType::Values => path + ".*",
                    _ => path,
                },
                expected: key.kind.expected(),
                fallback: key.fallback_text(),
            }),
        }
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

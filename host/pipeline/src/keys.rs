//! The one table of every key that a pipeline file may have: its type, range, unit and default. Reading,
//! messages and the proof that help.toml is complete all go by it.

use crate::kind::{Fallback, Key, Kind};
use crate::mistakes::join;

const DAY: u64 = 86_400;

/// The keys of the file itself.
pub(crate) mod file {
    use super::*;
    pub(crate) const NAME: Key = Key::new("name", Kind::Name).literal();
    pub(crate) const EXTENDS: Key = Key::new("extends", Kind::Path).literal();
    pub(crate) const PLUGINS: Key = Key::new("plugins", Kind::Named(plugin::ALL));
    pub(crate) const CONNECTIONS: Key = Key::new("connections", Kind::Named(connection::ALL));
    pub(crate) const RUN: Key = Key::new("run", Kind::Table(run::ALL));
    pub(crate) const LIMITS: Key = Key::new("limits", Kind::Table(limits::ALL));
    pub(crate) const DEFAULTS: Key = Key::new("stream_defaults", Kind::Table(stream::DEFAULTS));
    pub(crate) const STREAMS: Key = Key::new("streams", Kind::Named(stream::ALL));
    pub(crate) const MODELS: Key = Key::new("models", Kind::Table(models::ALL));
    pub(crate) const ALL: &[Key] = &[NAME, EXTENDS, PLUGINS, CONNECTIONS, RUN, LIMITS, DEFAULTS, STREAMS, MODELS];
}

/// The keys of `[plugins.*]`.
pub(crate) mod plugin {
    use super::*;
    pub(crate) const PATH: Key = Key::new("path", Kind::Path);
    pub(crate) const DIGEST: Key = Key::new("digest", Kind::Digest);
    pub(crate) const ALL: &[Key] = &[PATH, DIGEST];
}

/// The keys of `[connections.*]`.
pub(crate) mod connection {
    use super::*;
    pub(crate) const SQLITE_NAME: &str = "sqlite";
    pub(crate) const ORACLE_NAME: &str = "oracle";
    pub(crate) const DRIVER: Key = Key::new("driver", Kind::Choice(&[SQLITE_NAME, ORACLE_NAME]));
    pub(crate) const PATH: Key = Key::new("path", Kind::Path);
    pub(crate) const CLIENT: Key = Key::new("client", Kind::Choice(&["thin", "oci"])).or(Fallback::Text("thin"));
    pub(crate) const HOST: Key = Key::new("host", Kind::Address);
    pub(crate) const PORT: Key = Key::count("port", 1, 65_535, "TCP port").or(Fallback::Number(1521));
    pub(crate) const SERVICE_NAME: Key = Key::new("service_name", Kind::Address);
    pub(crate) const SID: Key = Key::new("sid", Kind::Address);
    pub(crate) const USERNAME: Key = Key::new("username", Kind::Text);
    pub(crate) const PASSWORD: Key = Key::new("password", Kind::Secret);
    pub(crate) const SCHEMA: Key = Key::new("schema", Kind::Identifier);
    pub(crate) const DESCRIPTOR: Key = Key::new("descriptor", Kind::Text);
    pub(crate) const TNS_ALIAS: Key = Key::new("tns_alias", Kind::Address);
    pub(crate) const TNS_ADMIN: Key = Key::new("tns_admin", Kind::Path);
    pub(crate) const PROTOCOL: Key = Key::new("protocol", Kind::Choice(&["tcp", "tcps"])).or(Fallback::Text("tcp"));
    pub(crate) const CA_FILE: Key = Key::new("ca_file", Kind::Path);
    pub(crate) const WALLET: Key = Key::new("wallet", Kind::Path);
    pub(crate) const WALLET_PASSWORD: Key = Key::new("wallet_password", Kind::Secret);
    pub(crate) const SERVER: Key =
        Key::new("server", Kind::Choice(&["dedicated", "pooled"])).or(Fallback::Text("dedicated"));
    pub(crate) const CONNECTION_CLASS: Key = Key::new("connection_class", Kind::Address).or(Fallback::Text("WMSHOST"));
    pub(crate) const SDU: Key = Key::count("sdu", 512, 2_097_152, "bytes").or(Fallback::Number(65_535));
    pub(crate) const CONNECT_TIMEOUT: Key = span("connect_timeout", 1, 600, 15);
    pub(crate) const CONNECT_BUDGET: Key = span("connect_budget", 0, 3_600, 60);
    pub(crate) const CALL_TIMEOUT: Key = span("call_timeout", 1, DAY, 300);
    pub(crate) const POOL_TIMEOUT: Key = span("pool_timeout", 1, 3_600, 60);
    pub(crate) const PING_AFTER: Key = span("ping_after", 0, 3_600, 30);
    pub(crate) const MAX_LIFETIME: Key = span("max_lifetime", 60, DAY, 3_600);
    pub(crate) const CONNECTIONS: Key = Key::count("connections", 1, 256, "connections").or(Fallback::Number(16));
    pub(crate) const FETCH_ROWS: Key = Key::count("fetch_rows", 1, 100_000, "rows");
    pub(crate) const ARRAY_ROWS: Key = Key::count("array_rows", 1, 100_000, "rows").or(Fallback::Number(5_000));
    pub(crate) const BULK_MERGE_ROWS: Key =
        Key::count("bulk_merge_rows", 1, 1_000_000, "rows").or(Fallback::Number(500));
    pub(crate) const BARE_NUMBER: Key =
        Key::new("bare_number", Kind::Choice(&["decimal", "text"])).or(Fallback::Text("decimal"));
    pub(crate) const LOB_MIB: Key = Key::count("lob_mib", 1, 900, "MiB").or(Fallback::Number(16));
    pub(crate) const COMMIT_LAG: Key = span("commit_lag", 0, DAY, 60);
    pub(crate) const SNAPSHOT: Key =
        Key::new("snapshot", Kind::Choice(&["scn", "statement"])).or(Fallback::Text("scn"));
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
        Key::new(name, Kind::Span { least, most }).or(Fallback::Number(fallback))
    }
}

/// The keys of `[run]`.
pub(crate) mod run {
    use super::*;
    const MOST_ROWS: u64 = 1_000_000;
    pub(crate) const EXTRACT_BATCH_ROWS: Key =
        Key::count("extract_batch_rows", 1, MOST_ROWS, "rows").or(Fallback::Number(1_000));
    pub(crate) const LOAD_BATCH_ROWS: Key =
        Key::count("load_batch_rows", 1, MOST_ROWS, "rows").or(Fallback::Number(5_000));
    pub(crate) const CONCURRENCY: Key = Key::count("concurrency", 1, 64, "streams").or(Fallback::Number(4));
    pub(crate) const QUEUE_BATCHES: Key = Key::count("queue_batches", 1, 64, "batches").or(Fallback::Number(2));
    pub(crate) const RETRIES: Key = Key::count("retries", 0, 20, "tries").or(Fallback::Number(3));
    pub(crate) const ALL: &[Key] = &[EXTRACT_BATCH_ROWS, LOAD_BATCH_ROWS, CONCURRENCY, QUEUE_BATCHES, RETRIES];
}

/// The keys of `[limits]`.
pub(crate) mod limits {
    use super::*;
    pub(crate) const MEMORY_MIB: Key = Key::count("memory_mib", 1, 4_096, "MiB").or(Fallback::Number(64));
    pub(crate) const CALL_TIMEOUT: Key =
        Key::new("call_timeout", Kind::Span { least: 1, most: 3_600 }).or(Fallback::Number(30));
    pub(crate) const BATCH_MIB: Key = Key::count("batch_mib", 1, 2_047, "MiB").or(Fallback::Number(64));
    pub(crate) const LOG_MESSAGES: Key =
        Key::count("log_messages", 0, 1_000_000, "messages").or(Fallback::Number(10_000));
    pub(crate) const ALL: &[Key] = &[MEMORY_MIB, CALL_TIMEOUT, BATCH_MIB, LOG_MESSAGES];
}

/// The keys of `[streams.*]`, and those of them that `[stream_defaults]` may give for all streams.
pub(crate) mod stream {
    use super::*;
    pub(crate) const ENABLED: Key = Key::new("enabled", Kind::Flag).or(Fallback::Flag(true));
    pub(crate) const SOURCE: Key = Key::new("source", Kind::Name);
    pub(crate) const TARGET: Key = Key::new("target", Kind::Name);
    pub(crate) const TABLE: Key = Key::new("table", Kind::Identifier);
    pub(crate) const TARGET_TABLE: Key = Key::new("target_table", Kind::TargetTable);
    pub(crate) const TAKE_OVER: Key = Key::new("take_over", Kind::TakeOver).literal();
    pub(crate) const EXTRACTOR: Key = Key::new("extractor", Kind::Name);
    pub(crate) const TRANSFORMS: Key = Key::new("transforms", Kind::Names).or(Fallback::Empty);
    pub(crate) const LOADER: Key = Key::new("loader", Kind::Name);
    pub(crate) const METHOD: Key =
        Key::new("method", Kind::Choice(&["full", "incremental", "append"])).or(Fallback::Text("full"));
    pub(crate) const KEY: Key = Key::new("key", Kind::Identifiers).or(Fallback::Empty);
    pub(crate) const CHANGE_KEY: Key = Key::new("change_key", Kind::Identifier);
    pub(crate) const LOOKBACK: Key =
        Key::new("lookback", Kind::Span { least: 0, most: 366 * DAY }).or(Fallback::Number(900));
    pub(crate) const NULL_KEYS: Key =
        Key::new("null_keys", Kind::Choice(&["include", "ignore", "reject", "fail"])).or(Fallback::Text("include"));
    pub(crate) const LATE_ROWS: Key =
        Key::new("late_rows", Kind::Choice(&["lookback", "reconcile"])).or(Fallback::Text("lookback"));
    pub(crate) const DELETES: Key =
        Key::new("deletes", Kind::Choice(&["ignore", "soft", "hard"])).or(Fallback::Text("ignore"));
    pub(crate) const RECONCILE_EVERY: Key =
        Key::new("reconcile_every", Kind::Span { least: 0, most: 366 * DAY }).or(Fallback::Number(DAY));
    pub(crate) const NEW_COLUMNS: Key =
        Key::new("new_columns", Kind::Choice(&["evolve", "freeze", "discard"])).or(Fallback::Text("evolve"));
    pub(crate) const NEW_TYPES: Key =
        Key::new("new_types", Kind::Choice(&["evolve", "freeze"])).or(Fallback::Text("evolve"));
    pub(crate) const ON_CHANGE: Key =
        Key::new("on_change", Kind::Choice(&["tell", "reload", "fail"])).or(Fallback::Text("tell"));
    pub(crate) const ON_BAD_VALUE: Key =
        Key::new("on_bad_value", Kind::Choice(&["reject", "fail"])).or(Fallback::Text("reject"));
    pub(crate) const ON_TRAP: Key =
        Key::new("on_trap", Kind::Choice(&["fail_run", "retry", "quarantine"])).or(Fallback::Text("fail_run"));
    pub(crate) const MAX_REJECTED: Key = Key::count("max_rejected", 0, 1_000_000_000_000, "rows");
    pub(crate) const MAX_REJECTED_PERCENT: Key =
        Key::count("max_rejected_percent", 0, 100, "percent").or(Fallback::Number(5));
    pub(crate) const MAX_DELETED: Key = Key::count("max_deleted", 0, 1_000_000_000_000, "rows");
    pub(crate) const MAX_DELETED_PERCENT: Key =
        Key::count("max_deleted_percent", 0, 100, "percent").or(Fallback::Number(20));
    pub(crate) const SETTINGS: Key = Key::new("settings", Kind::Settings);
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
    pub(crate) const PLUGINS: Key = Key::new("plugins", Kind::Names).or(Fallback::Empty);
    pub(crate) const TARGET: Key = Key::new("target", Kind::Name);
    pub(crate) const TAKE_OVER: Key = Key::new("take_over", Kind::TakeOvers).or(Fallback::Empty);
    pub(crate) const THREADS: Key = Key::count("threads", 1, 64, "models").or(Fallback::Number(4));
    pub(crate) const AFTER_LOAD: Key = Key::new("after_load", Kind::Flag).or(Fallback::Flag(true));
    pub(crate) const LINEAGE: Key = Key::new("lineage", Kind::Text);
    pub(crate) const LINEAGE_KEY: Key = Key::new("lineage_key", Kind::Secret);
    pub(crate) const VARS: Key = Key::new("vars", Kind::Values);
    pub(crate) const SETTINGS: Key = Key::new("settings", Kind::Settings);
    pub(crate) const ALL: &[Key] =
        &[PLUGINS, TARGET, TAKE_OVER, THREADS, AFTER_LOAD, LINEAGE, LINEAGE_KEY, VARS, SETTINGS];
}

/// What is to be known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHelp {
    /// Its path; `*` stands for a name of one's own.
    pub path: String,
    /// What it may hold, with range and unit.
    pub expected: String,
    /// The value used when it is not given, as it would be written.
    pub fallback: Option<String>,
}

/// Every key that a pipeline file may have.
pub fn all_keys() -> Vec<KeyHelp> {
    let mut all = Vec::new();
    collect(file::ALL, "", &mut all);
    all
}

fn collect(keys: &[Key], path: &str, all: &mut Vec<KeyHelp>) {
    for key in keys {
        let path = join(path, key.name);
        match key.kind {
            Kind::Table(keys) => collect(keys, &path, all),
            Kind::Named(keys) => collect(keys, &(path + ".*"), all),
            _ => all.push(KeyHelp {
                path: match key.kind {
                    Kind::Settings => path + ".*.*",
                    Kind::Values => path + ".*",
                    _ => path,
                },
                expected: key.kind.expected(),
                fallback: key.fallback_text(),
            }),
        }
    }
}

/// Where else in the format a key of this name stands: the tables, as they would be headed.
pub(crate) fn tables_with(name: &str) -> Vec<String> {
    let mut tables = Vec::new();
    for table in file::ALL {
        if table.kind.keys().iter().any(|key| key.name == name) {
            let any = if matches!(table.kind, Kind::Named(_)) { ".…" } else { "" };
            tables.push(format!("`[{}{any}]`", table.name));
        }
    }
    if file::ALL.iter().any(|key| key.name == name) {
        tables.push("the head of the file".to_owned());
    }
    tables
}

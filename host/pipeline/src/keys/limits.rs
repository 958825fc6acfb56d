//! The keys of `[limits]`, and those that `[plugins.*.limits]` may set for one plugin.

use super::*;

keys! {
    /// The limits of a plugin.
    OF_PLUGIN:
    MEMORY_MIB = Key::count("memory_mib", 1, 4_096, "MiB").or(KeyDefault::Number(64));
    CALL_TIMEOUT = span("call_timeout", 1, 3_600, 30);
    WAIT_TIMEOUT = span("wait_timeout", 1, DAY, 3_600);
    BATCH_MIB = Key::count("batch_mib", 1, 2_047, "MiB").or(KeyDefault::Number(64));
    BATCH_COLUMNS = Key::count("batch_columns", 1, 2_000, "columns").or(KeyDefault::Number(1_000));
    BATCHES = Key::count("batches", 2, 64, "batches").or(KeyDefault::Number(4));
    RESPONSES = Key::count("responses", 1, 64, "responses").or(KeyDefault::Number(2));
    EMPTY_BATCHES = Key::count("empty_batches", 1, 1_000_000, "batches").or(KeyDefault::Number(1_000));
    HANDLES = Key::count("handles", 8, 10_000, "handles").or(KeyDefault::Number(64));
    COPIED_MIB = Key::count("copied_mib", 1, 2_047, "MiB").or(KeyDefault::Number(64));
    LOG_MESSAGES = Key::count("log_messages", 0, 1_000_000, "messages").or(KeyDefault::Number(10_000));
    LOG_MIB = Key::count("log_mib", 1, 1_024, "MiB").or(KeyDefault::Number(8));
    MESSAGE_KIB = Key::count("message_kib", 1, 64, "KiB").or(KeyDefault::Number(4));
    OUTPUT_KIB = Key::count("output_kib", 1, 1_024, "KiB").or(KeyDefault::Number(64));
    CORE_INSTANCES = Key::count("core_instances", 1, 1_000, "instances").or(KeyDefault::Number(64));
    TABLE_ELEMENTS = Key::count("table_elements", 1, 10_000_000, "elements").or(KeyDefault::Number(100_000));
    DECLARED_MODELS = Key::count("declared_models", 1, 100_000, "models").or(KeyDefault::Number(1_000));
    DECLARED_PARTS = Key::count("declared_parts", 1, 10_000_000, "parts").or(KeyDefault::Number(100_000));
    DECLARED_MIB = Key::count("declared_mib", 1, 1_024, "MiB").or(KeyDefault::Number(8));
    STATEMENT_KIB = Key::count("statement_kib", 1, 16_384, "KiB").or(KeyDefault::Number(256));
    STREAM_TIMEOUT = span("stream_timeout", 1, 366 * DAY, DAY / 2);
    STREAM_WAIT_TIMEOUT = span("stream_wait_timeout", 1, 366 * DAY, 7 * DAY);
    RUN_TIMEOUT = span("run_timeout", 1, 366 * DAY, DAY);
    ROW_MS = Key::count("row_ms", 1, 3_600_000, "ms").or(KeyDefault::Number(100));
    COMPILE_MIB = Key::count("compile_mib", 64, 1_048_576, "MiB").or(KeyDefault::Number(2_048));
    COMPILE_CPU = span("compile_cpu", 1, DAY, 300);
    COMPILE_TIMEOUT = span("compile_timeout", 1, DAY, 600);
    FUNCTION_KIB = Key::count("function_kib", 1, 7_474, "KiB").or(KeyDefault::Number(512));
}
keys! {
    /// The limits of databases within the process, which plugins share.
    OF_STATEMENTS:
    STATEMENT_TIMEOUT = span("statement_timeout", 1, DAY, 1_800);
    TEMP_MIB = Key::count("temp_mib", 1, 16_777_216, "MiB").or(KeyDefault::Number(16_384));
}
/// The keys of `[limits]`.
pub(crate) const ALL: &[Key] = &joined::<30>(&[OF_PLUGIN, OF_STATEMENTS]);

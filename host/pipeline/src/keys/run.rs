//! The keys of `[run]`.

use super::*;
use crate::policies::Misfire;

const MOST_ROWS: u64 = 1_000_000;
keys! {
    /// The keys of a run.
    ALL:
    EXTRACT_BATCH_ROWS = Key::count("extract_batch_rows", 1, MOST_ROWS, "rows").or(KeyDefault::Number(1_000));
    LOAD_BATCH_ROWS = Key::count("load_batch_rows", 1, MOST_ROWS, "rows").or(KeyDefault::Number(5_000));
    CONCURRENCY = Key::count("concurrency", 1, 64, "streams").or(KeyDefault::Number(4));
    QUEUE_BATCHES = Key::count("queue_batches", 1, 64, "batches").or(KeyDefault::Number(2));
    RETRIES = Key::count("retries", 0, 20, "tries").or(KeyDefault::Number(3));
    RECEIPTS = Key::new("receipts", KeyType::Flag).or(KeyDefault::Flag(false));
    RECEIPT_KEY = Key::new("receipt_key", KeyType::Path);
    SCHEDULE = Key::new("schedule", KeyType::CronLine);
    TIME_ZONE = Key::new("time_zone", KeyType::TimeZone).or(KeyDefault::Text("UTC"));
    JITTER = span("jitter", 0, 3_600, 0);
    MISFIRE = Key::new("misfire", KeyType::Choice(Misfire::NAMES)).or(KeyDefault::Text("once"));
}

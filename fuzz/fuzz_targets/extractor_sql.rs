//! `wmshost_fuzz::extractor_sql` with any bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wmshost_fuzz::extractor_sql(bytes);
});

//! `wmshost_fuzz::pipeline_file` with any bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wmshost_fuzz::pipeline_file(bytes);
});

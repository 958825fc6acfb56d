//! What a row costs. Run by hand: `cargo test --release -p wmshost-databases -- --ignored --nocapture speed`.

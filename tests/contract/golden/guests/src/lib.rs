//! The golden plugins are the examples of this crate: `extractor`, `transform`, `loader` and `models`.

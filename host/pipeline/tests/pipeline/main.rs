//! Tests of the pipeline crate through its public interface: files in, a pipeline or mistakes out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod property;
mod shipped;
mod values;
mod world;

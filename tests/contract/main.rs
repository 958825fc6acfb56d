//! The contract in `wit/` and the host that speaks it: one version, one table of who may call what, words on every
//! item, and no change without a new version.

mod documented;
mod version;
mod wit;
mod worlds;

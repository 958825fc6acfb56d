//! The contract in `wit/` and the host that speaks it: one version, one table of who may call what, words on every
//! item, and no change without a new version; components that were built for it once run for as long as it says.

mod documented;
mod golden;
mod version;
mod wit;
mod worlds;

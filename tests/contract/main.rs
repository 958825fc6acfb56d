//! The contract in `wit/` and the host that implements it: one version, one table of worlds and their imports, a
//! comment on every item, no change without a new version, and components of earlier versions that still run.

mod documented;
mod golden;
mod version;
mod wit;
mod worlds;

//! The contract in `wit/` and the host that implements it: one version, one table of worlds and their imports, a
//! comment on every item, and no change without a new version.

mod documented;
mod version;
mod wit;
mod worlds;

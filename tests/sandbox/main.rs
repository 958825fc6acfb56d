//! Hostile guests against the sandbox: every limit and every grant has a guest that tries to break it. Adding a case
//! is adding a row.
//!
//! | module | what is proven |
//! |---|---|
//! | `world` | a warehouse, the guests, and what must hold after each of them |
//! | `refused` | components that are refused before their code runs |
//! | `wasi` | what of WASI can be linked, and the guests of both kinds of toolchain |
//! | `start` | what runs while an instance is made and described |
//! | `transforms` | hostile transforms |
//! | `extractors` | hostile extractors |
//! | `loaders` | hostile loaders |
//! | `echo` | values survive the way into a guest and back |
//! | `cache` | kept artefacts never run wrong code and never stop a run |
//! | `program` | the program itself: exit codes and words |

mod cache;
mod echo;
mod extractors;
mod loaders;
mod program;
mod refused;
mod start;
mod transforms;
mod wasi;
mod world;

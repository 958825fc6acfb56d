//! Hostile guests against the sandbox: every limit and every grant has a guest that tries to break it. A new case is a
//! new row.
//!
//! | module | subject |
//! |---|---|
//! | `world` | a warehouse, the guests, and the checks after each of them |
//! | `bombs` | components that are dear to compile |
//! | `canary` | random SQL of models |
//! | `recordings` | batches on which transforms failed |
//! | `refused` | components that are refused before their code runs |
//! | `bundles` | bundles of plugins |
//! | `mutated` | components that are damaged at random |
//! | `wasi` | the parts of WASI that can be linked, and the guests of both kinds of toolchain |
//! | `start` | code that runs while an instance is created and described |
//! | `transforms` | hostile transforms |
//! | `extractors` | hostile extractors |
//! | `services` | hostile extractors with a web service |
//! | `loaders` | hostile loaders |
//! | `signatures` | components that nobody has signed |
//! | `echo` | values survive the way into a guest and back |
//! | `cache` | cached artefacts never run wrong code and never stop a run |
//! | `program` | the program itself: exit codes and messages |

mod bombs;
mod bundles;
mod cache;
mod canary;
mod echo;
mod extractors;
mod loaders;
mod mutated;
mod program;
mod recordings;
mod refused;
mod services;
mod signatures;
mod start;
mod transforms;
mod wasi;
mod world;

//! Plugins: components in a sandbox, as stages of the flow. The only module that names wasmtime.
//!
//! | module | what it is for |
//! |---|---|
//! | `engine` | the engine, and the clock that interrupts plugins |
//! | `compile` | components, compiled ahead of time and kept |
//! | `plugin` | a component with its world, its imports and its description of itself |
//! | `link` | the functions that each world may call: its imports, and nothing else |
//! | `wasi` | the WASI that every plugin gets, and the parts of it that trap |
//! | `instance_state` | the host's state of one instance |
//! | `limits` | the limits of an instance |
//! | `instance` | calling a plugin: time, signals, output |
//! | `trap` | the reason why a call broke off, in words |
//! | `stages` | instances as extractor, transform and loader |
//! | `capabilities` | the functions that plugins may call |
//! | `columns` | a batch as plugins see it |
//! | `convert` | between the contract's types and the flow's |
//! | `bindings` | the contract, generated |

mod bindings;
mod capabilities;
mod columns;
mod compile;
mod convert;
mod engine;
mod instance;
mod instance_state;
mod limits;
mod link;
mod plugin;
mod stages;
mod trap;
mod wasi;

pub use instance_state::{GrantedSource, Identity, Setting};
pub use limits::Limits;
pub use link::{CONTRACT_VERSION, World};
pub use plugin::{Description, Offer, Plugin, Sandbox, SettingDescription, SettingKind};

//! Plugins: components in a sandbox, as stages of the flow. The only module that names wasmtime.
//!
//! | module | what it is for |
//! |---|---|
//! | `engine` | the engine, and the clock that interrupts plugins |
//! | `compile` | components, compiled ahead of time and kept |
//! | `plugin` | a component with its world, and the stages that are made of it |
//! | `description` | what a plugin says of itself and of its source |
//! | `contract` | the contract's version, and which plugins this host runs |
//! | `link` | who may call what: each world's imports, and nothing else |
//! | `wasi` | the WASI that every plugin gets, and what of it traps |
//! | `instance_state` | what the host keeps for one instance: a context per capability |
//! | `identity` | who an instance is, and its settings |
//! | `limits` | what an instance may use |
//! | `instance` | calling a plugin: time, signals, output |
//! | `purpose` | what a call is for |
//! | `trap` | why a call broke off, in words |
//! | `stages` | instances as extractor, transform and loader |
//! | `capabilities` | what plugins may call: per capability its context and its functions |
//! | `handles` | what plugins hold handles to |
//! | `load_policy` | what a load is held to |
//! | `plugin_state` | a plugin's own memory |
//! | `output` | what a plugin prints |
//! | `columns` | a batch as plugins see it |
//! | `convert` | between the contract's words and the flow's |
//! | `checks` | names and keys that plugins give, held to the contract's rules |
//! | `text` | texts of plugins, as they may be shown |
//! | `bindings` | the contract, generated |

mod bindings;
mod capabilities;
mod checks;
mod columns;
mod compile;
mod contract;
mod convert;
mod description;
mod engine;
mod handles;
mod identity;
mod instance;
mod instance_state;
mod limits;
mod link;
mod load_policy;
mod output;
mod plugin;
mod plugin_state;
mod purpose;
mod stages;
mod text;
mod trap;
mod wasi;

pub use capabilities::GrantedSource;
pub use contract::CONTRACT_VERSION;
pub use description::{Description, Offer, SettingDescription, SettingKind};
pub use identity::{Identity, Setting};
pub use limits::Limits;
pub use link::World;
pub use plugin::{Plugin, Sandbox};

//! Plugins: components in a sandbox, as stages of the flow. The only module that names wasmtime.
//!
//! | module | what it is for |
//! |---|---|
//! | `engine` | the engine, and the clock that interrupts plugins |
//! | `component_file` | the bytes of a component, read once |
//! | `compile` | components, compiled ahead of time and kept |
//! | `compiler` | this process or one of its own as the compiler |
//! | `seal` | the key that seals compiled components |
//! | `weigh` | a look at a component before it is compiled |
//! | `plugin` | a component with its world, and the stages that are made of it |
//! | `description` | a plugin's descriptions: of itself, and of the streams of its source |
//! | `contract` | the contract's version, and the range of versions that this host runs |
//! | `link` | the functions that each world may call: its imports, and nothing else |
//! | `wasi` | the WASI that every plugin gets, and the parts of it that trap |
//! | `instance_state` | the host's state of one instance: a context per capability |
//! | `identity` | the names and the settings of an instance |
//! | `cost` | the cost of a plugin's calls |
//! | `limits` | the limits of an instance |
//! | `total_time` | the time of all calls together |
//! | `instance` | calling a plugin: time, signals, output |
//! | `purpose` | the purpose of a call |
//! | `trap` | the reason why a call broke off, in words |
//! | `stages` | instances as extractor, transform and loader |
//! | `capabilities` | the functions that plugins may call, and the context of each capability |
//! | `handles` | the handles of an instance |
//! | `load_policy` | the rules that a load must follow |
//! | `plugin_state` | a plugin's own memory |
//! | `output` | the printed output of a plugin |
//! | `columns` | a batch as plugins see it |
//! | `convert` | between the contract's types and the flow's |
//! | `checks` | the contract's rules about names and keys |
//! | `border` | any bytes as what a guest passes, for tests |
//! | `text` | texts of plugins, in a form that may be shown |
//! | `bindings` | the contract, generated |

mod bindings;
mod border;
mod capabilities;
mod checks;
mod columns;
mod compile;
mod compiler;
mod component_file;
mod contract;
mod convert;
mod cost;
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
mod seal;
mod stages;
mod text;
mod total_time;
mod trap;
mod wasi;
mod weigh;

pub use border::cross_border;
pub use capabilities::{Granted, GrantedService, GrantedSource};
pub use compile::Cache;
pub use compiler::{COMPILE_COMMAND, Compiler, compile_for_parent};
pub use component_file::ComponentFile;
pub use contract::{CONTRACT_VERSION, contract_range};
pub use cost::Cost;
pub use description::{Description, Offer, SettingDescription};
pub use identity::Identity;
pub use link::World;
pub use plugin::{Plugin, Sandbox};
pub use seal::random_key;
/// The version of the engine that runs components.
pub use wasmtime_environ::VERSION as WASMTIME_VERSION;
pub use wmshost_flow::Limits;

//! The SDK of wmshost plugins: bindings of the contract, and a convenient interface over them.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | the contract's own types, as generated |
//! | `failure` | ways to fail |
//! | `about` | a plugin's description and its settings |
//! | `capability` | the capabilities that a plugin may call: [log](log()), [`state`], [`source`], [`http`], [`building`], [`target`] |
//! | `columns` | typed columns, read and written |
//! | `batch` | batches: the host's, or in memory without a host |
//! | `schema` | the columns that a transform requires and adds |
//! | `keyset` | [`Keyset`]: an incremental extractor of one SELECT |
//! | `quarantine` | the rows that a transform rejects |
//! | [`models`] | the declaration of models |
//! | `sql` | [`Sql`] where the databases differ |
//! | [`row`] | a transform as a plain function of one row: [`transform!`] |
//! | `stage` | the kinds of plugins: [`Extractor`], [`Transform`], [`Loader`], [`Models`] |
//! | `wasi_shim` | keeps WASI out of components |
//!
//! A whole transform of one column:
//!
//! ```
//! use wmshost_plugin::{Description, Result, Rows, Settings, Transform, contract::types::Schema};
//!
//! struct Trim;
//!
//! impl Transform for Trim {
//!     fn describe() -> Description {
//!         Description::new("trim", "0.1.0", "Trims the item's description.")
//!     }
//!     fn new(_settings: &Settings) -> Result<Self> {
//!         Ok(Self)
//!     }
//!     fn output_schema(&self, input: Schema) -> Result<Schema> {
//!         wmshost_plugin::declare_text(input, "item_description", "item_description_clean")
//!     }
//!     fn process(&mut self, rows: Rows<'_>) -> Result<()> {
//!         wmshost_plugin::map_text(&rows, "item_description", "item_description_clean", |text| text.map(str::trim))
//!     }
//! }
//!
//! wmshost_plugin::export_transform!(Trim);
//!
//! // The same transform on a batch in memory, as in a test.
//! # #[cfg(not(target_family = "wasm"))] {
//! # use wmshost_plugin::Batch;
//! let batch = Batch::with_rows(2).texts("item_description", &[Some("  pallet "), None]);
//! Trim.process(Rows::of(&batch)).expect("trimmed");
//! let clean = Rows::of(&batch).texts("item_description_clean").expect("derived");
//! assert_eq!(clean.iter().collect::<Vec<_>>(), [Some("pallet"), None]);
//! # }
//! ```

mod about;
mod batch;
mod capability;
mod columns;
pub mod contract;
mod failure;
#[cfg(feature = "extractor")]
mod keyset;
#[cfg(feature = "models")]
pub mod models;
mod quarantine;
#[cfg(feature = "transform")]
pub mod row;
mod schema;
#[cfg(feature = "models")]
mod sql;
mod stage;
#[cfg(target_family = "wasm")]
mod wasi_shim;

pub use about::{Declared, Description, Setting, Settings};
#[cfg(all(not(target_family = "wasm"), feature = "transform"))]
pub use batch::run_transform;
pub use batch::{Batch, Derived, Rows, Violation, declare_text, map_text};
#[cfg(not(target_family = "wasm"))]
pub use batch::{Rejected, shown};
pub use capability::{building, http, log, source, state, target};
pub use columns::{AnyColumn, Column, Decimals, Labels, Mask, Number, Numbers, TextWriter, Texts, Times, trim_to_none};
pub use failure::{Failure, Result, all_mistakes, invalid_config, permanent, transient};
#[cfg(feature = "extractor")]
pub use keyset::{Keyset, Select};
pub use quarantine::{MISSING_KEY, Quarantine};
pub use schema::{Input, type_name};
#[cfg(feature = "models")]
pub use sql::Sql;
#[cfg(feature = "loader")]
pub use stage::Loader;
#[cfg(feature = "models")]
pub use stage::Models;
#[cfg(feature = "transform")]
pub use stage::Transform;
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub use stage::export;
#[cfg(feature = "extractor")]
pub use stage::{Extractor, Reader, Step};

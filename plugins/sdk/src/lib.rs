//! The SDK of wmshost plugins: bindings of the contract, and a convenient interface over them.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | the contract's own types, as generated |
//! | `failure` | ways to fail |
//! | `about` | a plugin's description and its settings |
//! | [`log`], [`state`], [`source`], [`target`] | the capabilities that a plugin may call |
//! | `columns` | typed columns, read and written |
//! | `batch` | batches: the host's, or in memory without a host |
//! | `schema` | the columns that a transform requires and adds |
//! | `quarantine` | the rows that a transform rejects |
//! | [`models`] | the declaration of models |
//! | [`Sql`] | SQL where the databases differ |
//! | `stage` | the kinds of plugins: [`Extractor`], [`Transform`], [`Loader`], [`Models`] |
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
pub mod models;
mod quarantine;
mod schema;
mod sql;
mod stage;
#[cfg(target_family = "wasm")]
mod wasi_shim;

pub use about::{Declared, Description, Setting, Settings};
pub use batch::{Batch, Derived, Rows, Violation, declare_text, map_text};
#[cfg(not(target_family = "wasm"))]
pub use batch::{Rejected, run_transform, shown};
pub use capability::{log, source, state, target};
pub use columns::{AnyColumn, Column, Decimals, Labels, Mask, Number, Numbers, TextWriter, Texts, Times, trim_to_none};
pub use failure::{Failure, Result, all_mistakes, invalid_config, permanent, transient};
pub use quarantine::{MISSING_KEY, Quarantine};
pub use schema::{Input, type_name};
pub use sql::Sql;
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub use stage::export;
pub use stage::{Extractor, Loader, Models, Reader, Step, Transform};

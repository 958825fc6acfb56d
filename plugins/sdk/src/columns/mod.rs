//! Columns as plugins see them: reading without an allocation per row, writing into buffers of the right size.
//!
//! | module | what it is |
//! |---|---|
//! | `mask` | sets of rows, and which rows have a value |
//! | `values` | columns of values of one size |
//! | `numbers` | exact numbers, whole or decimal |
//! | `texts` | texts |
//! | `labels` | texts with few distinct values |
//! | `any` | a column of any type, value by value |

mod any;
mod labels;
mod mask;
mod numbers;
mod texts;
mod values;

pub use any::AnyColumn;
pub(crate) use labels::Labelled;
pub use labels::Labels;
pub use mask::Mask;
pub(crate) use mask::Validity;
pub use numbers::{Decimals, Number, Numbers};
pub use texts::{TextWriter, Texts, trim_to_none};
pub use values::{Column, Times};

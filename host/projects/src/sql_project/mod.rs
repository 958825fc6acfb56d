//! A folder of SQL files with YAML beside them, as declarations of models.
//!
//! | module | purpose |
//! |---|---|
//! | `properties` | models, streams and exposures as YAML describes them, in dbt's words |
//! | `settings` | the settings of a model: materialization, keys, storage |
//! | `data_tests` | tests by name |
//! | `scalars` | scalars of YAML as types, values and names |
//! | `seed` | a CSV file as a model |
//! | `assemble` | files and properties put together |

mod assemble;
mod data_tests;
mod properties;
mod scalars;
mod seed;
mod settings;

pub(crate) use assemble::declaration;
pub(crate) use data_tests::read as read_tests;
pub(crate) use scalars::{braces_doubled, relation};

use std::path::Path;

use wmshost_flow::model::Declaration;
use wmshost_sql::Dialect;

use crate::problem::Problem;

/// A folder as declarations.
#[derive(Debug)]
pub struct SqlProject {
    /// The models, the streams' descriptions and the exposures.
    pub declaration: Declaration,
    /// The digest of all files: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
}

/// Reads a folder for a dialect; fails with all mistakes at once.
pub fn read(folder: &Path, dialect: Dialect) -> Result<SqlProject, Vec<Problem>> {
    let files = crate::files::read(folder)?;
    let digest = crate::files::digest(&files);
    assemble::declaration(&files, dialect).map(|declaration| SqlProject { declaration, digest })
}

/// Returns the digest of the files of a folder; `None` if they cannot be read. It changes when a file is saved.
pub fn digest(folder: &Path) -> Option<String> {
    crate::files::read(folder).ok().map(|files| crate::files::digest(&files))
}

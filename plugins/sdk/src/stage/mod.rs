//! The four kinds of plugins: a trait and a macro each. The macro creates the component's exports; natively it creates
//! nothing, so that several plugins can be in one test program.
//!
//! | module | what it is |
//! |---|---|
//! | `extractor` | streams read from a source |
//! | `transform` | batches changed in flight |
//! | `loader` | batches written into a target table |
//! | `models` | SQL over the loaded tables, with tests and documentation |
//! | `instance` | the one plugin of a component |

#[cfg(feature = "extractor")]
mod extractor;
#[cfg(all(target_family = "wasm", any(feature = "transform", feature = "loader")))]
pub(crate) mod instance;
#[cfg(feature = "loader")]
mod loader;
#[cfg(feature = "models")]
mod models;
#[cfg(feature = "transform")]
mod transform;

#[cfg(feature = "extractor")]
pub use extractor::{Extractor, Reader, Step};
#[cfg(feature = "loader")]
pub use loader::Loader;
#[cfg(feature = "models")]
pub use models::Models;
#[cfg(feature = "transform")]
pub use transform::Transform;

/// Items that the macros need. Not for authors.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub mod export {
    #[cfg(feature = "extractor")]
    pub use super::extractor::exported::Exported as ExportedExtractor;
    #[cfg(feature = "loader")]
    pub use super::loader::exported::Exported as ExportedLoader;
    #[cfg(feature = "models")]
    pub use super::models::exported::Exported as ExportedModels;
    #[cfg(feature = "transform")]
    pub use super::transform::exported::Exported as ExportedTransform;
    #[cfg(feature = "extractor")]
    pub use wmshost_plugin_extractor_world as extractor_world;
    #[cfg(feature = "loader")]
    pub use wmshost_plugin_loader_world as loader_world;
    #[cfg(feature = "models")]
    pub use wmshost_plugin_models_world as models_world;
    #[cfg(feature = "transform")]
    pub use wmshost_plugin_transform_world as transform_world;
}

/// Makes this type the extractor of the component.
#[cfg(feature = "extractor")]
#[macro_export]
macro_rules! export_extractor {
    ($extractor:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::export::ExportedExtractor<$extractor>;
    $crate::export::extractor_world::export_world!(Exported with_types_in $crate::export::extractor_world);
        };
    };
}

/// Makes this type the transform of the component.
#[cfg(feature = "transform")]
#[macro_export]
macro_rules! export_transform {
    ($transform:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::export::ExportedTransform<$transform>;
    $crate::export::transform_world::export_world!(Exported with_types_in $crate::export::transform_world);
        };
    };
}

/// Makes this type the loader of the component.
#[cfg(feature = "loader")]
#[macro_export]
macro_rules! export_loader {
    ($loader:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::export::ExportedLoader<$loader>;
    $crate::export::loader_world::export_world!(Exported with_types_in $crate::export::loader_world);
        };
    };
}

/// Makes this type the models of the component.
#[cfg(feature = "models")]
#[macro_export]
macro_rules! export_models {
    ($models:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::export::ExportedModels<$models>;
    $crate::export::models_world::export_world!(Exported with_types_in $crate::export::models_world);
        };
    };
}

//! The four kinds of plugins: a trait and a macro each. The macro creates the component's exports; natively it creates
//! nothing, so that several plugins can be in one test program.

mod extractor;
#[cfg(target_family = "wasm")]
pub(crate) mod instance;
mod loader;
mod models;
mod transform;

pub use extractor::{Extractor, Reader, Step};
pub use loader::Loader;
pub use models::Models;
pub use transform::Transform;

/// Items that the macros need. Not for authors.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub mod export {
    pub use super::extractor::exported::Exported as ExportedExtractor;
    pub use super::loader::exported::Exported as ExportedLoader;
    pub use super::models::exported::Exported as ExportedModels;
    pub use super::transform::exported::Exported as ExportedTransform;
    pub use wmshost_plugin_extractor_world as extractor_world;
    pub use wmshost_plugin_loader_world as loader_world;
    pub use wmshost_plugin_models_world as models_world;
    pub use wmshost_plugin_transform_world as transform_world;
}

/// Makes this type the extractor of the component.
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

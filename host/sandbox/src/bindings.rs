//! The Rust side of the contract in `wit/`, generated. The interfaces are generated once, with the extractor's
//! and the loader's worlds, and shared by the others.

pub(crate) mod extractor {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "extractor",
        imports: { default: trappable },
        with: {
            "wmshost:plugin/batches.batch": crate::columns::PluginBatch,
            "wmshost:plugin/source.connection": crate::handles::Connection,
            "wmshost:plugin/source.cursor": crate::handles::OpenCursor,
            "wmshost:plugin/http.service": crate::handles::OpenService,
            "wmshost:plugin/http.response": crate::handles::OpenResponse,
        },
    });
}

pub(crate) mod transform {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "transform",
        imports: { default: trappable },
        with: {
            "wmshost:plugin/types": super::extractor::wmshost::plugin::types,
            "wmshost:plugin/batches": super::extractor::wmshost::plugin::batches,
            "wmshost:plugin/log": super::extractor::wmshost::plugin::log,
            "wmshost:plugin/settings": super::extractor::wmshost::plugin::settings,
        },
    });
}

pub(crate) mod loader {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "loader",
        imports: { default: trappable },
        with: {
            "wmshost:plugin/types": super::extractor::wmshost::plugin::types,
            "wmshost:plugin/batches": super::extractor::wmshost::plugin::batches,
            "wmshost:plugin/log": super::extractor::wmshost::plugin::log,
            "wmshost:plugin/settings": super::extractor::wmshost::plugin::settings,
        },
    });
}

pub(crate) mod models {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "models",
        imports: { default: trappable },
        with: {
            "wmshost:plugin/types": super::extractor::wmshost::plugin::types,
            "wmshost:plugin/log": super::extractor::wmshost::plugin::log,
            "wmshost:plugin/settings": super::extractor::wmshost::plugin::settings,
        },
    });
}

/// The exports of every plugin, whatever its world.
pub(crate) mod any {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package wmshost:host;
            world any { export wmshost:plugin/about@0.1.0; }
        ",
        world: "wmshost:host/any",
    });
}

pub(crate) use any::exports::wmshost::plugin::about;
pub(crate) use extractor::exports::wmshost::plugin::extraction;
pub(crate) use extractor::wmshost::plugin::{batches, building, http, log, settings, source, state, types};
pub(crate) use loader::exports::wmshost::plugin::loading;
pub(crate) use loader::wmshost::plugin::target;
pub(crate) use models::exports::wmshost::plugin::modelling;

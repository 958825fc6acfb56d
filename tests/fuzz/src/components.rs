//! Components, and what guests pass at the border.

use std::sync::LazyLock;

use wmshost_flow::CompileLimits;
use wmshost_sandbox::{Cache, Compiler, ComponentFile, Sandbox, cross_border};

/// A sandbox that keeps nothing.
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let cache = Cache { folder: "nowhere".into(), key: None, compiler: Compiler::ThisProcess };
    Sandbox::new(cache).expect("a sandbox")
});

/// A component: it is refused, or describes itself within its limits.
pub fn component(bytes: &[u8]) -> bool {
    let file = ComponentFile::of_bytes("any.wasm".into(), bytes.to_vec());
    let loaded = SANDBOX.load_component("any", &file, CompileLimits::default());
    loaded.and_then(|plugin| plugin.describe()).is_ok()
}

/// The calls of a guest: what gets across is whole.
pub fn border(bytes: &[u8]) -> bool {
    cross_border(bytes) > 0
}

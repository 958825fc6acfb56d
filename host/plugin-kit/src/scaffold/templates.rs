//! The files of a new project.

use wmshost_sandbox::World;

use crate::project::{COMPONENTIZE_JS, COMPONENTIZE_PY, Language};

/// The placeholders of the plugin's name, its crate's and its world's.
const NAME: &str = "{{name}}";
const CRATE: &str = "{{crate}}";
const WORLD: &str = "{{world}}";
/// Those of the tools that make components.
const JS_TOOL: &str = "{{componentize-js}}";
const PY_TOOL: &str = "{{componentize-py}}";

/// The files that every project in Rust has.
const RUST: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("templates/Cargo.toml.txt")),
    (".gitignore", "/target\n/src/bindings.rs\n"),
    ("README.md", include_str!("templates/README.md.txt")),
    ("tests/cases.rs", include_str!("templates/tests.rs.txt")),
    (".github/workflows/ci.yml", include_str!("templates/ci.yml.txt")),
];

const JAVASCRIPT: [(&str, &str); 7] = [
    ("package.json", include_str!("templates/javascript/package.json.txt")),
    (".gitignore", "/target\n/node_modules\n"),
    ("README.md", include_str!("templates/javascript/README.md.txt")),
    (".github/workflows/ci.yml", include_str!("templates/javascript/ci.yml.txt")),
    ("src/plugin.js", include_str!("templates/javascript/plugin.js.txt")),
    ("src/clean.js", include_str!("templates/javascript/clean.js.txt")),
    ("test/clean.test.js", include_str!("templates/javascript/clean.test.js.txt")),
];

const PYTHON: [(&str, &str); 7] = [
    ("pyproject.toml", include_str!("templates/python/pyproject.toml.txt")),
    (".gitignore", "/target\n/.venv\n__pycache__\n"),
    ("README.md", include_str!("templates/python/README.md.txt")),
    (".github/workflows/ci.yml", include_str!("templates/python/ci.yml.txt")),
    ("src/plugin.py", include_str!("templates/python/plugin.py.txt")),
    ("src/clean.py", include_str!("templates/python/clean.py.txt")),
    ("tests/test_clean.py", include_str!("templates/python/test_clean.py.txt")),
];

const TRANSFORM: [(&str, &str); 1] = [("src/lib.rs", include_str!("templates/transform/lib.rs.txt"))];

/// The case of a new transform, in whatever language.
const CLEANS: [(&str, &str); 4] = [
    ("cases/cleans/case.toml", include_str!("templates/transform/case.toml.txt")),
    ("cases/cleans/input.csv", include_str!("templates/transform/input.csv.txt")),
    ("cases/cleans/expected.csv", include_str!("templates/transform/expected.csv.txt")),
    ("cases/cleans/rejected.csv", include_str!("templates/transform/rejected.csv.txt")),
];

const EXTRACTOR: [(&str, &str); 12] = [
    ("src/lib.rs", include_str!("templates/extractor/lib.rs.txt")),
    ("cases/first/case.toml", include_str!("templates/extractor/first.toml.txt")),
    ("cases/first/tables/order_lines.csv", include_str!("templates/extractor/order_lines.csv.txt")),
    ("cases/first/tables/orders.csv", include_str!("templates/extractor/orders.csv.txt")),
    ("cases/first/bookmark.json", include_str!("templates/extractor/bookmark.json.txt")),
    ("cases/first/expected.csv", include_str!("templates/extractor/first.csv.txt")),
    ("cases/changes/case.toml", include_str!("templates/extractor/changes.toml.txt")),
    ("cases/changes/tables/order_lines.csv", include_str!("templates/extractor/order_lines.csv.txt")),
    ("cases/changes/tables/orders.csv", include_str!("templates/extractor/orders.csv.txt")),
    ("cases/changes/bookmark_before.json", include_str!("templates/extractor/bookmark_before.json.txt")),
    ("cases/changes/bookmark.json", include_str!("templates/extractor/bookmark.json.txt")),
    ("cases/changes/expected.csv", include_str!("templates/extractor/changes.csv.txt")),
];

const LOADER: [(&str, &str); 6] = [
    ("src/lib.rs", include_str!("templates/loader/lib.rs.txt")),
    ("cases/merges/case.toml", include_str!("templates/loader/case.toml.txt")),
    ("cases/merges/before.csv", include_str!("templates/loader/before.csv.txt")),
    ("cases/merges/input.csv", include_str!("templates/loader/input.csv.txt")),
    ("cases/merges/results.txt", include_str!("templates/loader/results.txt")),
    ("cases/merges/expected.csv", include_str!("templates/loader/expected.csv.txt")),
];

const MODELS: [(&str, &str); 5] = [
    ("src/lib.rs", include_str!("templates/models/lib.rs.txt")),
    ("cases/open-orders/case.toml", include_str!("templates/models/case.toml.txt")),
    ("cases/open-orders/results.txt", include_str!("templates/models/results.txt")),
    ("cases/open-orders/tables/order-lines.csv", include_str!("templates/models/order_lines.csv.txt")),
    ("cases/open-orders/expected/open_orders.csv", include_str!("templates/models/open_orders.csv.txt")),
];

/// Returns the files of a project: path and text. The languages besides Rust have a template of transforms only.
pub(super) fn files(name: &str, world: World, language: Language) -> Vec<(&'static str, String)> {
    let parts: [&[(&str, &str)]; 3] = match (language, world) {
        (Language::JavaScript, _) => [&JAVASCRIPT, &CLEANS, &[]],
        (Language::Python, _) => [&PYTHON, &CLEANS, &[]],
        (Language::Rust, World::Transform) => [&RUST, &TRANSFORM, &CLEANS],
        (Language::Rust, World::Extractor) => [&RUST, &EXTRACTOR, &[]],
        (Language::Rust, World::Loader) => [&RUST, &LOADER, &[]],
        (Language::Rust, World::Models) => [&RUST, &MODELS, &[]],
    };
    let krate = name.replace('-', "_");
    let filled = |text: &str| {
        let named = text.replace(NAME, name).replace(CRATE, &krate).replace(WORLD, world.name());
        named.replace(JS_TOOL, COMPONENTIZE_JS).replace(PY_TOOL, COMPONENTIZE_PY)
    };
    parts.into_iter().flatten().map(|(path, text)| (*path, filled(text))).collect()
}

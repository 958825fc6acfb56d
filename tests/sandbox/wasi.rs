//! WASI, as toolchains import it: the interfaces that any 0.2 release of the standard library may import are linked,
//! all others are refused; and the guests of every available toolchain load and run.

use std::path::{Path, PathBuf};

use wmshost_flow::FailureKind::{Denied, InvalidConfig};
use wmshost_tests::{plugins, root};

use crate::world::SANDBOX;

/// Interfaces that the standard library imports for printing, panicking, hash maps, files and the environment.
const LINKED: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure-seed",
];

/// Interfaces that only a plugin's own code imports.
const REFUSED: [&str; 13] = [
    "wasi:cli/run",
    "wasi:clocks/timezone",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Guests that are refused, in `refused` and `start`.
const UNRUNNABLE: [&str; 7] = [
    "hostile_misshapen",
    "hostile_next_contract",
    "hostile_slow_describe",
    "hostile_stageless",
    "hostile_two_stages",
    "hostile_wants_network",
    "hostile_wants_source",
];

/// Loads a transform that imports one interface of WASI.
fn load(folder: &Path, import: &str) -> Result<(), wmshost_flow::Failure> {
    let text = format!(
        r#"(component
            (import "{import}" (instance))
            (instance $empty)
            (export "wmshost:plugin/about@0.1.0" (instance $empty))
            (export "wmshost:plugin/transformation@0.1.0" (instance $empty)))"#
    );
    let file = folder.join("importing.wasm");
    std::fs::write(&file, wat::parse_str(text).expect("a component")).expect("a file");
    SANDBOX.load("importing", &file).map(drop)
}

#[test]
fn every_patch_version_of_what_the_standard_library_imports_is_linked() {
    let folder = tempfile::tempdir().expect("a folder");
    for patch in 0..=20 {
        for interface in LINKED {
            load(folder.path(), &format!("{interface}@0.2.{patch}")).expect(interface);
        }
        for interface in REFUSED {
            let import = format!("{interface}@0.2.{patch}");
            let failure = load(folder.path(), &import).expect_err(&import);
            assert_eq!((failure.kind, failure.to_string().contains(&import)), (Denied, true), "{failure}");
        }
    }
    for interface in LINKED.iter().chain(&REFUSED) {
        let failure = load(folder.path(), &format!("{interface}@0.3.0")).expect_err("another WASI");
        assert_eq!(failure.kind, Denied, "{failure}");
    }
}

/// The components in a folder, by name.
fn guests(folder: &Path) -> Vec<(String, PathBuf)> {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.expect("a file").path());
    let mut guests: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|end| end == "wasm"))
        .map(|file| (file.file_stem().expect("a name").to_string_lossy().into_owned(), file))
        .collect();
    guests.sort();
    guests
}

/// The components of `make plugins` and `make plugins-second`: with rustup's standard library, and with that of
/// Debian's packages.
#[test]
fn guests_of_every_toolchain_run() {
    let mut loaded = 0;
    for folder in [plugins(), root().join("plugins/target/second/wasm32-wasip2/release")] {
        let guests = guests(&folder);
        let mut imports = Vec::new();
        for (name, file) in &guests {
            let plugin = SANDBOX.load(name, file);
            if UNRUNNABLE.contains(&name.as_str()) {
                let is_reported = plugin.is_ok() || plugin.is_err_and(|at| [Denied, InvalidConfig].contains(&at.kind));
                assert!(is_reported, "{}", file.display());
                continue;
            }
            let plugin = plugin.unwrap_or_else(|failure| panic!("{}: {failure}", file.display()));
            let said = plugin.describe().unwrap_or_else(|failure| panic!("{}: {failure}", file.display()));
            assert!(!said.name.is_empty(), "{}", file.display());
            imports.extend(plugin.imports.into_iter().filter(|import| import.starts_with("wasi:")));
            loaded += 1;
        }
        imports.sort();
        imports.dedup();
        println!("{}: {} components, importing {}", folder.display(), guests.len(), imports.join(" "));
    }
    assert!(loaded > 0, "no plugin is built: run `make plugins`");
}

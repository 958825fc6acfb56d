//! Components that would take a machine to compile: each is refused by a limit with a name, before it is compiled.

use std::fs;
use std::time::{Duration, Instant};

use wmshost_sandbox::{Cache, Sandbox};

const DEPTH: usize = 8;
const MODULES: usize = 1_000;
const FUNCTIONS: usize = 50_000;
const FUNCTION_BYTES: usize = 192 << 10;
const LOCALS: usize = 10_000;
const ENTRIES: usize = 200_000;

/// The failure to load a component of this text, and the time that it took.
fn refusal(text: &str) -> (String, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bomb.wasm");
    fs::write(&file, wat::parse_str(text).expect("valid text")).expect("written");
    let sandbox = Sandbox::new(Cache::beside(folder.path().join("plugins"))).expect("a sandbox");
    let started = Instant::now();
    let refused = sandbox.load("bomb", &file).err().expect("refused").to_string();
    (refused, started.elapsed())
}

fn nested(depth: usize) -> String {
    format!("{}{}", "(component ".repeat(depth + 1), ")".repeat(depth + 1))
}

fn module(inner: &str) -> String {
    format!("(component (core module {inner}))")
}

#[test]
fn what_would_take_long_to_compile_is_refused_before() {
    for (text, limit, found) in [
        (nested(DEPTH), "component_depth: 8 allowed", "9"),
        (format!("(component {})", "(core module)".repeat(MODULES + 1)), "component_modules: 1000 allowed", "1001"),
        (module(&"(func)".repeat(FUNCTIONS + 1)), "component_functions: 50000 allowed", "50001"),
        (
            module(&format!("(func {})", "i32.const 1 drop ".repeat(FUNCTION_BYTES / 3 + 1))),
            "function_bytes: 196608 allowed",
            "19661",
        ),
        (module(&format!("(func (local{}))", " i64".repeat(LOCALS + 1))), "function_locals: 10000 allowed", "10001"),
        (module(&"(type (func (param i32)))".repeat(ENTRIES + 1)), "component_entries: 200000 allowed", "200001"),
    ] {
        let (refused, took) = refusal(&text);
        assert!(refused.contains(&format!("limit {limit}")) && refused.contains(found), "{limit}: {refused}");
        assert!(took < Duration::from_secs(20), "{limit}: {took:?}");
    }
    let (refused, _) = refusal(&nested(DEPTH - 1));
    assert!(!refused.contains("limit"), "at the limit: {refused}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large.wasm");
    fs::File::create(&file).and_then(|large| large.set_len((32 << 20) + 1)).expect("a file with a hole");
    let sandbox = Sandbox::new(Cache::beside(folder.path().join("plugins"))).expect("a sandbox");
    let refused = sandbox.load("large", &file).err().expect("refused").to_string();
    assert!(refused.contains("limit component_bytes: 33554432 allowed"), "{refused}");
}

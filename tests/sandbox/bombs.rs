//! Components that would take a machine to compile: each is refused by a limit with a name, before it is compiled where its
//! sizes tell, and else by the process that compiles it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, CompileLimits, Failure, FailureKind};
use wmshost_sandbox::{Cache, Compiler, ComponentFile, Sandbox};
use wmshost_tests::{plugin as component, program};

use crate::program::{Site, text};

const DEPTH: usize = 8;
const MODULES: usize = 1_000;
const FUNCTIONS: usize = 50_000;
const FUNCTION_BYTES: usize = 512 << 10;
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

/// A component with a function of three bytes more than this many.
fn long(bytes: usize) -> String {
    module(&format!("(func {})", "i32.const 1 drop ".repeat(bytes / 3 + 1)))
}

#[test]
fn what_would_take_long_to_compile_is_refused_before() {
    for (text, limit, found) in [
        (nested(DEPTH), "component_depth: 8 allowed", "9"),
        (format!("(component {})", "(core module)".repeat(MODULES + 1)), "component_modules: 1000 allowed", "1001"),
        (module(&"(func)".repeat(FUNCTIONS + 1)), "component_functions: 50000 allowed", "50001"),
        (
            long(FUNCTION_BYTES),
            "function_bytes: 524288 allowed",
            "524291 asked for; compiling it could take all of the machine; `function_kib` in [limits] raises it",
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

/// A function of nearly as many bytes as may be, whose variables all pass through all of its loops, so that the compiler holds
/// a value for each pair.
fn dear() -> Vec<u8> {
    let (loops, sweeps) = (150, 5);
    let sweep: String = (0..LOCALS).map(|at| format!("local.get {at} i64.const 1 i64.add local.set {at} ")).collect();
    let sweep = sweep.repeat(sweeps);
    let (begin, end) = ("loop ".repeat(loops), "local.get 0 i32.wrap_i64 br_if 0 end ".repeat(loops));
    let function = format!("(func (local{}) {begin}{sweep}{end})", " i64".repeat(LOCALS));
    wat::parse_str(module(&function)).expect("valid text")
}

/// A sandbox whose components another process compiles, and which keeps none.
fn sandbox_by(program: &Path) -> Sandbox {
    let cache = Cache { folder: PathBuf::new(), key: None, compiler: Compiler::Child(program.to_owned()) };
    Sandbox::new(cache).expect("a sandbox")
}

fn compiled(sandbox: &Sandbox, bytes: Vec<u8>, limits: CompileLimits) -> Result<(), Failure> {
    sandbox.load_component("bomb", &ComponentFile::of_bytes("bomb.wasm".into(), bytes), limits).map(|_| ())
}

#[test]
fn what_is_dear_to_compile_ends_at_its_limits_and_the_host_goes_on() {
    let unlimited = Duration::from_secs(600);
    let wide = CompileLimits { bytes: 8 << 30, cpu: unlimited, time: unlimited, ..CompileLimits::default() };
    let sandbox = sandbox_by(&program());
    for (limits, kind, words) in [
        (
            CompileLimits { bytes: 128 << 20, ..wide },
            FailureKind::Limit,
            "limit compile_bytes: 134217728 allowed, more asked for; `compile_mib` in [limits] raises it",
        ),
        (
            CompileLimits { cpu: Duration::from_secs(1), ..wide },
            FailureKind::Timeout,
            "limit compile_cpu: 1s allowed, more asked for; `compile_cpu` in [limits] raises it",
        ),
        (
            CompileLimits { time: Duration::from_millis(300), ..wide },
            FailureKind::Timeout,
            "limit compile_time: 300ms allowed, more asked for; `compile_timeout` in [limits] raises it",
        ),
    ] {
        let began = Instant::now();
        let refused = compiled(&sandbox, dear(), limits).expect_err(words);
        assert_eq!((refused.kind, refused.to_string().as_str()), (kind, words));
        assert!(began.elapsed() < Duration::from_secs(20), "{words}: {:?}", began.elapsed());
        // The same sandbox compiles others.
        let echo = fs::read(component("hostile_echo")).expect("a component");
        compiled(&sandbox, echo, CompileLimits::default()).expect("a plugin");
    }
}

#[test]
fn the_largest_function_is_a_matter_of_the_plugin() {
    let cache = Cache { folder: PathBuf::new(), key: None, compiler: Compiler::default() };
    let sandbox = Sandbox::new(cache).expect("a sandbox");
    let of = |function_bytes| CompileLimits { function_bytes, ..CompileLimits::default() };
    let bomb = wat::parse_str(long(30_000)).expect("valid text");
    let refused = compiled(&sandbox, bomb.clone(), of(30_000)).expect_err("too long").to_string();
    assert!(refused.contains("limit function_bytes: 30000 allowed, 30005 asked for"), "{refused}");
    let compiled = compiled(&sandbox, bomb, of(30_005)).expect_err("no plugin").to_string();
    assert!(compiled.contains("it exports no stage of the contract"), "{compiled}");
}

#[test]
fn compiling_ends_when_the_host_is_asked_to_stop() {
    let cancel = Cancel::default();
    let sandbox = sandbox_by(&program()).stopping_at(cancel.clone());
    cancel.set();
    let began = Instant::now();
    let stopped = compiled(&sandbox, dear(), CompileLimits::default()).expect_err("stopped");
    assert_eq!((stopped.kind, stopped.to_string().as_str()), (FailureKind::Cancelled, "the run was asked to stop"));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn nothing_is_run_that_was_not_compiled_from_the_same_bytes() {
    let limits = CompileLimits { bytes: 64 << 20, ..CompileLimits::default() };
    for (other, words) in [
        ("/bin/true", "the process that compiled it answered for other bytes"),
        ("/bin/echo", "the process that compiled it answered for other bytes"),
        ("/bin/false", "compiling it broke off (exit status: 1)"),
        ("/usr/bin/yes", "compiling it broke off (signal: 13 (SIGPIPE))"),
        ("/absent", "the process that compiles it cannot be run: No such file or directory"),
    ] {
        let echo = fs::read(component("hostile_echo")).expect("a component");
        let refused = compiled(&sandbox_by(Path::new(other)), echo, limits).expect_err(words).to_string();
        assert!(refused.starts_with(words), "{other}: {refused}");
    }
}

#[test]
fn the_program_refuses_a_dear_component_by_the_limits_of_its_plugin() {
    let site = Site::new("none");
    fs::write(site.path("dear.wasm"), dear()).expect("a component");
    let file = site.path("pipeline.toml");
    let pipeline = fs::read_to_string(&file).expect("a pipeline");
    let pipeline = pipeline.replace(&format!("{:?}", component("hostile_transform")), "\"dear.wasm\"");
    fs::write(&file, pipeline + "[plugins.hostile.limits]\ncompile_mib = 128\n").expect("a pipeline");
    let end = site.wmshost(&["run", "pipeline.toml"]);
    let reported = text(&end.stderr);
    assert_eq!(end.status.code(), Some(2), "{reported}");
    assert!(reported.contains("dear.wasm is not compiled: limit compile_bytes: 134217728 allowed"), "{reported}");
    assert!(!site.path("target.db").exists());
}

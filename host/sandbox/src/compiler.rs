//! Who compiles components: this process, or a process of its own for each, under limits of memory and time. What a component
//! makes the compiler do cannot be foreseen by its sizes alone; a process that goes beyond a limit is ended, and the host
//! goes on. Bytes and machine code pass through pipes, where nobody else can put anything.
//!
//! | the process ends by | the failure |
//! |---|---|
//! | its exit, with machine code for the same bytes | none |
//! | its exit, with a message | it is no valid component |
//! | an allocation that it did not get | limit `compile_bytes` |
//! | the system, after too much computing | limit `compile_cpu` |
//! | the host, after too long | limit `compile_time` |
//! | the host, which was asked to stop | cancelled |
//! | anything else, such as a stack that is used up | compiling it broke off |

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use wmshost_flow::{Cancel, CompileLimits, Exit, Failure, FailureCause, FailureKind, WasmError};

use crate::component_file::ComponentFile;
use crate::engine::{TickingEngine, engine_of};
use crate::text::sanitize;
use crate::trap::Stopped;
use crate::weigh::COMPONENT_BYTES;

/// The first argument of the program as a process that compiles.
pub const COMPILE_COMMAND: &str = "compile-component";
/// The argument for an engine that counts instructions.
const METERED: &str = "metered";
const NOT_METERED: &str = "plain";
/// The time between two looks at the process.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// The most bytes of its message.
const MESSAGE_BYTES: usize = 2 << 10;
/// The words of Rust's standard library before it aborts because memory ran out, and of the system's error.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of", "Cannot allocate memory"];
/// The time for a signal to take effect before the system ends the process.
const GRACE_SECONDS: u64 = 2;

/// The compiler of components.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Compiler {
    /// This process, without limits: the host as a library, and tests that do not have the program.
    #[default]
    ThisProcess,
    /// A process of this program, which calls [`compile_for_parent`] if its first argument is [`COMPILE_COMMAND`].
    Child(PathBuf),
}

impl Compiler {
    /// Returns the machine code of a component.
    pub(crate) fn compile(
        &self,
        engine: &TickingEngine,
        file: &ComponentFile,
        limits: CompileLimits,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, Failure> {
        match self {
            Self::ThisProcess => precompile(&engine.engine, file.bytes()),
            Self::Child(program) => {
                let mut command = command(program, engine.is_metered, limits);
                let ended = run(&mut command, file.bytes(), limits, cancel).map_err(|error| {
                    Failure::permanent(format!("the process that compiles it cannot be run: {error}"))
                })?;
                ended.machine_code(file, limits)
            }
        }
    }
}

/// The failure over bytes that are no component.
pub(crate) fn no_component(why: String) -> Failure {
    Failure::invalid_config(why).caused_by(FailureCause::Wasm(WasmError::NotAComponent))
}

fn precompile(engine: &wasmtime::Engine, wasm: &[u8]) -> Result<Vec<u8>, Failure> {
    engine.precompile_component(wasm).map_err(|error| no_component(format!("not a valid component: {error:#}")))
}

/// The command of a process that compiles: without environment, and out of reach of the terminal's signals.
fn command(program: &Path, is_metered: bool, limits: CompileLimits) -> Command {
    let mut command = Command::new(program);
    command.arg0("wmshost").arg(COMPILE_COMMAND);
    command.args([limits.bytes, limits.cpu.as_secs()].map(|most| most.to_string()));
    command.arg(if is_metered { METERED } else { NOT_METERED });
    command.env_clear().current_dir("/").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The end of a process that compiled.
struct Ended {
    how: How,
    output: Vec<u8>,
    /// The beginning of its standard error.
    said: String,
}

enum How {
    Exited(ExitStatus),
    TimeUp,
    Stopped,
}

/// Runs a process that compiles these bytes, to its end.
fn run(command: &mut Command, wasm: &[u8], limits: CompileLimits, cancel: &Cancel) -> io::Result<Ended> {
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // A process that ends early breaks its pipes, which says no more than its end.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(wasm)));
        let output = scope.spawn(move || read_most(stdout, limits.bytes));
        let said = scope.spawn(move || read_most(stderr, MESSAGE_BYTES as u64));
        let how = wait(&mut child, limits.time, cancel);
        let joined = |bytes: thread::Result<Vec<u8>>| bytes.unwrap_or_default();
        let (output, said) = (joined(output.join()), joined(said.join()));
        let said = sanitize(String::from_utf8_lossy(&said).trim().to_owned(), MESSAGE_BYTES);
        Ok(Ended { how: how?, output, said })
    })
}

/// Reads a pipe to its end, or to this many bytes: it is closed then.
fn read_most(pipe: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What cannot be read is missing from what was read.
        let _ = pipe.take(most).read_to_end(&mut bytes);
    }
    bytes
}

/// Waits for a process, and ends it if it takes too long or the host is asked to stop.
fn wait(child: &mut Child, time: Duration, cancel: &Cancel) -> io::Result<How> {
    let began = Instant::now();
    let end = loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(How::Exited(status)),
            Ok(None) if cancel.is_set() => break Ok(How::Stopped),
            Ok(None) if began.elapsed() > time => break Ok(How::TimeUp),
            Ok(None) => thread::sleep(POLL_INTERVAL),
            Err(error) => break Err(error),
        }
    };
    child.kill()?;
    child.wait()?;
    end
}

impl Ended {
    /// The machine code, if it is of this component.
    fn machine_code(self, file: &ComponentFile, limits: CompileLimits) -> Result<Vec<u8>, Failure> {
        let status = match self.how {
            How::Exited(status) => status,
            How::Stopped => return Err(Failure::new(FailureKind::Cancelled, Stopped.to_string())),
            How::TimeUp => return Err(too_long("compile_time", limits.time, "compile_timeout")),
        };
        if status.success() {
            let mut output = self.output;
            let is_whole = output.len() > blake3::OUT_LEN && output[..blake3::OUT_LEN] == file.hash()[..];
            output.drain(..blake3::OUT_LEN.min(output.len()));
            let other = || Failure::permanent("the process that compiled it answered for other bytes");
            return is_whole.then_some(output).ok_or_else(other);
        }
        if status.code() == Some(Exit::Configuration as i32) {
            return Err(no_component(self.said));
        }
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            return Err(too_long("compile_cpu", limits.cpu, "compile_cpu"));
        }
        if OUT_OF_MEMORY.iter().any(|words| self.said.contains(words)) {
            let refused = Failure::limit("compile_bytes", limits.bytes, "more");
            return Err(refused.and("`compile_mib` in [limits] raises it"));
        }
        let words = if self.said.is_empty() { String::new() } else { format!(": {}", self.said) };
        Err(Failure::permanent(format!("compiling it broke off ({status}){words}")))
    }
}

fn too_long(name: &str, limit: Duration, key: &str) -> Failure {
    Failure::timeout(name, format_args!("{limit:?}")).and(format_args!("`{key}` in [limits] raises it"))
}

/// Compiles a component for the process that began this one with these arguments after [`COMPILE_COMMAND`]: it comes by
/// `input`, and its digest and the machine code go to `output`. First of all it takes limits upon itself.
pub fn compile_for_parent(arguments: &[OsString], input: &mut dyn Read, output: &mut dyn Write) -> Result<(), Failure> {
    let arguments: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let [bytes, seconds, metering] = arguments[..] else { return Err(misused()) };
    let (Ok(bytes), Ok(seconds)) = (bytes.parse(), seconds.parse()) else { return Err(misused()) };
    let failed = |error: io::Error| Failure::permanent(error.to_string());
    limit_this_process(bytes, seconds).map_err(failed)?;
    let mut wasm = Vec::new();
    input.take(COMPONENT_BYTES + 1).read_to_end(&mut wasm).map_err(failed)?;
    let machine_code = precompile(&engine_of(metering == METERED)?, &wasm)?;
    output.write_all(blake3::hash(&wasm).as_bytes()).map_err(failed)?;
    output.write_all(&machine_code).and_then(|()| output.flush()).map_err(failed)
}

fn misused() -> Failure {
    Failure::permanent(format!("`{COMPILE_COMMAND}` is for the program itself"))
}

/// Takes limits of memory and computing time upon this process. It writes no file and no
/// image of its memory, and ends with its parent.
fn limit_this_process(bytes: u64, seconds: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The signal of the soft limit says why it ends; the hard one ends it in any case.
    for (resource, soft, hard) in [
        (Resource::Data, bytes, bytes),
        (Resource::Cpu, seconds, seconds.saturating_add(GRACE_SECONDS)),
        (Resource::Fsize, 0, 0),
        (Resource::Core, 0, 0),
    ] {
        let within = |most: u64| getrlimit(resource).maximum.map_or(most, |before| before.min(most));
        setrlimit(resource, Rlimit { current: Some(within(soft)), maximum: Some(within(hard)) })?;
    }
    Ok(())
}

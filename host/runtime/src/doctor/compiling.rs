//! A component that is small and dear to compile, against each limit of compiling. Nothing in it is ever run.

use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, CompileLimits, Failure, FailureKind};
use wmshost_sandbox::{Cache, Compiler, ComponentFile, Sandbox};

use super::sandbox::{AttackEnd, SLOWEST};

const PROMISE: &str = "a component is compiled within its limits";
/// The limits of the attacks: the configured ones would make the suite long.
const BYTES: u64 = 128 << 20;
const CPU: Duration = Duration::from_secs(1);
const TIME: Duration = Duration::from_millis(300);
/// The sizes of the component's one function: each variable passes through each loop.
const VARIABLES: usize = 10_000;
const LOOPS: usize = 150;

/// Has the component compiled beyond one limit after the other, and reports how each attempt ended.
pub(super) fn attack_compiler(
    cache: &Cache,
    limits: CompileLimits,
    cancel: &Cancel,
    report: &mut dyn FnMut(AttackEnd),
) -> Result<(), Failure> {
    let component = ComponentFile::of_bytes("dear.wasm".into(), component());
    let sandbox = Sandbox::new(Cache { key: None, ..cache.clone() })?.stopping_at(cancel.clone());
    for (attack, limits) in [
        ("compiler memory", CompileLimits { bytes: BYTES.min(limits.bytes), ..limits }),
        ("compiler computing", CompileLimits { cpu: CPU.min(limits.cpu), ..limits }),
        ("compiler time", CompileLimits { time: TIME.min(limits.time), ..limits }),
    ] {
        if cancel.is_set() {
            return Ok(());
        }
        let began = Instant::now();
        let refused = match cache.compiler {
            Compiler::Child(_) => sandbox.load_component("dear", &component, limits).err(),
            Compiler::ThisProcess => Some(Failure::permanent("this process would compile it itself, without limits")),
        };
        let took = began.elapsed();
        let contained_at = refused.as_ref().map_or_else(|| "it was compiled".to_owned(), Failure::to_string);
        let is_limited = refused.is_some_and(|at| matches!(at.kind, FailureKind::Limit | FailureKind::Timeout));
        let breach = match is_limited {
            false => Some(contained_at.clone()),
            true => (took > limits.time + SLOWEST).then(|| format!("it took {took:.0?}")),
        };
        report(AttackEnd { promise: PROMISE, attack: attack.to_owned(), breach, contained_at, took });
    }
    Ok(())
}

/// A component of one core module with one function. The compiler keeps a value for each variable of each loop.
fn component() -> Vec<u8> {
    const I64: u8 = 0x7e;
    let mut body = [&[1][..], &number(VARIABLES), &[I64]].concat();
    // loop, without a result
    body.extend([0x03, 0x40].repeat(LOOPS));
    for variable in 0..VARIABLES {
        // local.set VARIABLE (i64.add (local.get VARIABLE) (i64.const 1))
        body.extend([&[0x20][..], &number(variable), &[0x42, 1, 0x7c, 0x21], &number(variable)].concat());
    }
    // br_if 0 (i32.wrap_i64 (local.get 0)), end
    body.extend([0x20, 0, 0xa7, 0x0d, 0, 0x0b].repeat(LOOPS));
    body.push(0x0b);
    let function = [number(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(10, &[vec![1], function].concat()),
    ];
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module.concat())].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &number(content.len()), content].concat()
}

/// A number as WebAssembly writes it (LEB128).
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

//! A look at a component before it is compiled: compiling takes time and memory that grow with the square of some sizes, so
//! that a small file could take all of a machine. The sizes of the plugins that ship with the host are far below these
//! limits.

use wasmtime_environ::wasmparser::{Chunk, Parser, Payload};
use wmshost_flow::{Failure, FailureCause, WasmError};

/// The largest file of a component, in bytes.
pub(crate) const COMPONENT_BYTES: u64 = 32 << 20;
/// The deepest nesting of components and modules.
const DEPTH: usize = 8;
/// The most components and modules, whatever their nesting.
const MODULES: usize = 1_000;
/// The most functions in all modules together.
const FUNCTIONS: usize = 50_000;
/// The most local variables of a function.
const LOCALS: usize = 10_000;
/// The most entries of all sections besides functions: types, imports, exports, elements.
const ENTRIES: usize = 200_000;

/// The sizes that are counted.
struct Weights {
    /// The largest body that a function may have, in bytes.
    function_bytes: usize,
    modules: usize,
    functions: usize,
    entries: usize,
}

/// Fails if a component is beyond a limit for compiling it, `function_bytes` among them; whether it is valid is left to the compiler.
pub(crate) fn weigh(wasm: &[u8], function_bytes: usize) -> Result<(), Failure> {
    let mut weights = Weights { function_bytes, modules: 0, functions: 0, entries: 0 };
    let mut depth = 1;
    let mut parser = Parser::new(0);
    let mut around = Vec::new();
    let mut rest = wasm;
    loop {
        let (payload, taken) = match parser.parse(rest, true).map_err(|error| invalid(&error.to_string()))? {
            Chunk::Parsed { consumed, payload } => (payload, consumed),
            Chunk::NeedMoreData(_) => return Err(invalid("it ends before its end")),
        };
        rest = &rest[taken..];
        match payload {
            Payload::ModuleSection { parser: inner, .. } | Payload::ComponentSection { parser: inner, .. } => {
                depth += 1;
                weights.modules += 1;
                most("component_depth", DEPTH, depth)?;
                most("component_modules", MODULES, weights.modules)?;
                around.push(std::mem::replace(&mut parser, inner));
            }
            Payload::End(_) => match around.pop() {
                Some(outer) => {
                    depth -= 1;
                    parser = outer;
                }
                None => return Ok(()),
            },
            payload => weights.add(&payload)?,
        }
    }
}

impl Weights {
    fn add(&mut self, payload: &Payload<'_>) -> Result<(), Failure> {
        if let Payload::CodeSectionEntry(body) = payload {
            self.functions += 1;
            most("component_functions", FUNCTIONS, self.functions)?;
            most("function_bytes", self.function_bytes, body.range().len())
                .map_err(|failure| failure.and("`function_kib` in [limits] raises it"))?;
            let reader = body.get_locals_reader().map_err(|error| invalid(&error.to_string()))?;
            let mut locals = 0_usize;
            for group in reader {
                let (count, _) = group.map_err(|error| invalid(&error.to_string()))?;
                locals = locals.saturating_add(count as usize);
                most("function_locals", LOCALS, locals)?;
            }
            return Ok(());
        }
        let entries = match payload {
            Payload::TypeSection(section) => section.count(),
            Payload::ImportSection(section) => section.count(),
            Payload::ExportSection(section) => section.count(),
            Payload::ElementSection(section) => section.count(),
            Payload::DataSection(section) => section.count(),
            Payload::GlobalSection(section) => section.count(),
            Payload::InstanceSection(section) => section.count(),
            Payload::ComponentTypeSection(section) => section.count(),
            Payload::ComponentImportSection(section) => section.count(),
            Payload::ComponentExportSection(section) => section.count(),
            Payload::ComponentInstanceSection(section) => section.count(),
            Payload::ComponentAliasSection(section) => section.count(),
            Payload::ComponentCanonicalSection(section) => section.count(),
            _ => 0,
        };
        self.entries = self.entries.saturating_add(entries as usize);
        most("component_entries", ENTRIES, self.entries)
    }
}

fn most(name: &'static str, most: usize, found: usize) -> Result<(), Failure> {
    if found <= most {
        return Ok(());
    }
    Err(Failure::limit(name, most, found).and("compiling it could take all of the machine"))
}

fn invalid(why: &str) -> Failure {
    let why = format!("not a valid component: {why}");
    Failure::invalid_config(why).caused_by(FailureCause::Wasm(WasmError::NotAComponent))
}

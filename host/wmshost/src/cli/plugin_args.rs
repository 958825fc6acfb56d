//! The arguments of `wmshost plugin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::OutputArgs;

#[derive(Subcommand)]
pub(crate) enum PluginCommand {
    /// Make a project for a plugin, with everything it needs to be built without a network
    #[command(after_help = "\
The folder NAME gets a package with a working plugin, its tests and a file for CI; the contract and the SDK's source are in
vendor/wmshost, with their digests.

Examples:
  wmshost plugin new clean-status --kind transform
  wmshost plugin new order-lines --kind extractor --to plugins/order-lines
  wmshost plugin new clean-status --kind transform --language python")]
    New(NewArgs),
    /// Build the plugin of the present folder: cargo build --release --target wasm32-wasip2
    #[command(after_help = "\
A package.json or a pyproject.toml instead of a Cargo.toml makes it a project in JavaScript or Python: src/plugin.js is built
by componentize-js or jco, src/plugin.py by componentize-py, from the project's node_modules or .venv, or from the PATH.

Example:
  wmshost plugin build && wmshost plugin test")]
    Build(ProjectArgs),
    /// Build the plugin and run its cases whenever one of its files is saved
    #[command(after_help = "\
Ends on Ctrl-C. A panic is shown with its text, file and line; a case that differs with the lines that do.

Example:
  wmshost plugin dev cases/cleans")]
    Dev(DevArgs),
    /// Run the component over its cases, and compare what it makes with what is expected
    #[command(after_help = "\
A folder with a case.toml is a case. The compiled component is run by the host, against databases of the case's own and a
clock that never advances; each case also in batches of 1, 2 and 7 rows, which must have the same result.
Exit code 1 if a case fails, 2 if a case or the component is not as it must be.

Examples:
  wmshost plugin test
  wmshost plugin test cases/cleans --update
  wmshost plugin test --junit target/cases.xml --output json")]
    Test(TestArgs),
    /// Certify a component: what the contract asks of every plugin of its world, clause by clause
    #[command(after_help = "\
The component is examined with the first case of the folder `cases`, with random rows of its columns, and with values that
plugins get wrong. Each clause passes, fails, is skipped with the reason, or is not reached because another one does not pass.
Exit code 1 if a clause fails, is not reached, or is skipped and not accepted.

Examples:
  wmshost plugin check
  wmshost plugin check target/wasm32-wasip2/release/trim.wasm --cases cases --accept-skip rows-not-dropped
  wmshost plugin check --explain split-invariant")]
    Check(CheckPluginArgs),
    /// Measure a transform: its time and instructions per row, the share of the border, and its start
    #[command(after_help = "\
The rows of the first case are passed through the stage without a transform and with this one; the fastest of several passes
counts. The border is what calls cost beside the plugin's own code: columns that are copied in and out, above all. A start is
cold when the component is compiled, and warm when it is in the cache.

Examples:
  wmshost plugin bench
  wmshost plugin bench trim.wasm --cases cases/cleans --rows 1000000 --output json")]
    Bench(BenchArgs),
    /// Compare two components: what they state, and what they make of the same cases and of recorded batches
    #[command(after_help = "\
Version, contract, imports, settings; then each case is run over both, and the cells or lines that differ are shown, with the
instructions per row of a transform. With --recording, each batch or reading of the plugin that a run has recorded is passed through both:
columns, rows that only one of them keeps, and cells, of which the first are shown and all are counted.
Exit code 1 if anything but the cost differs.

Examples:
  wmshost plugin diff trim-1.0.wasm trim-1.1.wasm
  wmshost plugin diff old.wasm new.wasm cases/cleans --output json
  wmshost plugin diff trim target/wasm32-wasip2/release/trim.wasm --recording 20261130-162404-dc9b0082764363cc")]
    Diff(DiffArgs),
    /// Run transforms and extractors again over what a run has recorded
    #[command(after_help = "\
A run keeps the first batch on which each transform fails, and the reading on which the extractor fails, where the stream has
`record = \"failures\"`; and a share of all where it has `record = { sample = 0.01 }`. They are run again without the run's
databases, by the component of that run or by another one; a failure of a transform names the row. Exit code 1 if any fails.

Examples:
  wmshost plugin replay 20261130-162404-dc9b0082764363cc
  wmshost plugin replay 20261130-162404-dc9b0082764363cc --component target/wasm32-wasip2/release/trim.wasm")]
    Replay {
        /// The id of the run
        run: String,
        /// The component to run instead of that of the run, or the name of a standard plugin
        #[arg(long, value_name = "FILE")]
        component: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make a case for `plugin test` of a batch or a reading that a run has recorded
    #[command(after_help = "\
The case has the rows of the source as the plugin got them: look at them before you share it. A batch that failed is
preferred to those of a sample.

Examples:
  wmshost plugin fixture 20261130-162404-dc9b0082764363cc --to cases/odd-status
  wmshost plugin fixture 20261130-162404-dc9b0082764363cc --stream orders --batch 7 --to cases/usual")]
    Fixture(FixtureArgs),
    /// List the plugins of a pipeline, or the standard plugins, which pipelines name without a path
    #[command(after_help = "\
Standard plugins are looked for in the folders of WMSHOST_PLUGINS (absolute paths, with `:` between them), in
`lib/wmshost/plugins` beside the `bin` of the program, and in the source tree that the program was built in.

Examples:
  wmshost plugin list
  wmshost plugin list pipelines/dev.toml")]
    List {
        /// The pipeline file; the standard plugins are listed if none is named
        pipeline: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Say what each plugin of a pipeline may read, write and ask for
    #[command(after_help = "\
The grants follow from the pipeline file; nothing is connected. A run denies everything else, and counts each denial.

Examples:
  wmshost plugin grants pipelines/dev.toml
  wmshost plugin grants pipelines/prod.toml --output json")]
    Grants {
        /// The pipeline file
        pipeline: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make a pair of keys for signing components: a secret one in a private file, a public one in FILE.pub
    #[command(after_help = "\
The secret key is protected by a password, from the terminal or from the variable WMSHOST_SIGNING_PASSWORD. The keys are those of
minisign, whose programs read them too.

Example:
  wmshost plugin key --to release.key")]
    Key {
        /// The file to make for the secret key
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Do not protect the secret key by a password
        #[arg(long)]
        unprotected: bool,
    },
    /// Sign a component: NAME.wasm.minisig is written beside NAME.wasm
    #[command(after_help = "\
Where a pipeline has `require_signed`, only components run that are signed by one of its keys.

Example:
  wmshost plugin sign target/wasm32-wasip2/release/trim.wasm --key release.key")]
    Sign {
        /// The component
        component: PathBuf,
        /// The file of the secret key, which only its owner may read
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Verify the signature of a component; exit code 1 if it is not signed by one of the keys
    #[command(after_help = "\
Examples:
  wmshost plugin verify trim.wasm --key release.key.pub
  wmshost plugin verify trim.wasm --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")]
    Verify {
        /// The component
        component: PathBuf,
        /// A public key, or the file that has it
        #[arg(long, value_name = "KEY", required = true)]
        key: Vec<String>,
    },
    /// Put the plugins of a pipeline into one archive, to install them on a machine without a network
    #[command(after_help = "\
The archive (tar) has the components, their signatures, wmshost.lock, and a bill of materials in CycloneDX's format. The
same plugins make the same bytes.

Examples:
  wmshost plugin bundle pipelines/prod.toml --to wms-plugins.tar
  sha256sum wms-plugins.tar")]
    Bundle {
        /// The pipeline file
        pipeline: PathBuf,
        /// The archive to make
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Install the plugins of a bundle where pipelines find them by name
    #[command(after_help = "\
All of them are checked first: digests, signatures, and that this host can run them. If anything is wrong, nothing is
installed. Another component of the same name is only replaced with --replace.

Examples:
  wmshost plugin install wms-plugins.tar --key release.key.pub
  wmshost plugin install wms-plugins.tar --to /opt/wmshost/plugins --replace")]
    Install {
        /// The archive
        bundle: PathBuf,
        /// The folder to install them in; by default the first of WMSHOST_PLUGINS, or lib/wmshost/plugins beside the bin
        /// of the program
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
        /// A public key, or the file that has it; each plugin has to be signed by one of them
        #[arg(long, value_name = "KEY")]
        key: Vec<String>,
        /// Replace components of the same name that differ
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show a component's world, its imports and its settings
    #[command(after_help = "\
Examples:
  wmshost plugin inspect wms-tables
  wmshost plugin inspect target/wasm32-wasip2/release/my_transform.wasm")]
    Inspect {
        /// The component's file, or the name of a standard plugin
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// The plugin's name: lower-case letters, digits and `-`
    pub(crate) name: String,
    /// The kind of plugin
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// The language
    #[arg(long, value_enum, default_value = "rust")]
    pub(crate) language: Language,
    /// The folder to make; NAME in the present one by default
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ProjectArgs {
    /// The folder of the plugin's package
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Args)]
pub(crate) struct DevArgs {
    /// Cases, or folders of cases; the folder `cases` by default
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// End after this number of builds
    #[arg(long, value_name = "N")]
    pub(crate) builds: Option<u32>,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// The component; that of the package in the present folder by default
    pub(crate) component: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// A case or a folder of cases; the folder `cases` by default; may be given several times
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cases: Vec<PathBuf>,
    /// The number of rows of a pass
    #[arg(long, value_name = "N", default_value = "200000", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) rows: u32,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// The earlier component, or the name of a standard plugin
    pub(crate) old: PathBuf,
    /// The later component, or the name of a standard plugin
    pub(crate) new: PathBuf,
    /// Cases, or folders of cases; the folder `cases` by default, if there is one and no run is named
    pub(crate) cases: Vec<PathBuf>,
    /// The id of a run with recordings of the earlier plugin
    #[arg(long, value_name = "RUN")]
    pub(crate) recording: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct FixtureArgs {
    /// The id of the run
    pub(crate) run: String,
    /// The stream, if the run has recordings of several
    #[arg(long)]
    pub(crate) stream: Option<String>,
    /// The plugin, by its name in the pipeline, if there are recordings of several
    #[arg(long)]
    pub(crate) plugin: Option<String>,
    /// The number of the batch, if there are several
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u64>,
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: PathBuf,
}

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Cases, or folders of cases; the folder `cases` by default
    pub(crate) paths: Vec<PathBuf>,
    /// The component; that of the package in the present folder by default
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Write what the component makes as expected
    #[arg(long)]
    pub(crate) update: bool,
    /// Write the results as JUnit's XML, too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct CheckPluginArgs {
    /// The component; that of the package in the present folder by default
    pub(crate) component: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// A case or a folder of cases to examine it with; the folder `cases` by default; may be given several times
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cases: Vec<PathBuf>,
    /// Examine only this clause, and those that it needs; may be given several times
    #[arg(long, value_name = "CLAUSE")]
    pub(crate) only: Vec<String>,
    /// Let this clause be skipped; may be given several times
    #[arg(long, value_name = "CLAUSE")]
    pub(crate) accept_skip: Vec<String>,
    /// Explain a clause, and examine nothing
    #[arg(long, value_name = "CLAUSE")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// JavaScript, by componentize-js; transforms only
    #[value(name = "javascript")]
    JavaScript,
    /// Python, by componentize-py; transforms only
    Python,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Reads a stream from a source
    Extractor,
    /// Changes batches in flight
    Transform,
    /// Writes a stream into a target
    Loader,
    /// Declares models over loaded tables
    Models,
}

//! The program and the plugins that a test runs: they must have been built last, from the present sources. A file that
//! is missing or older than its sources fails the test, with the command that builds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The variable with the folder of plugins that replaces the one of `make plugins`.
const PLUGINS: &str = "WMSHOST_TEST_PLUGINS";

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project's folder")
}

/// The program, as the profile of this test built it.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/<profile>/deps/<test>
    let folder = test.parent().and_then(Path::parent).expect("the folder of a profile");
    let release = if folder.ends_with("release") { " --release" } else { "" };
    current(&folder.join("wmshost"), &format!("cargo build{release}"))
}

/// The component of a plugin, by the name of its crate.
pub fn plugin(name: &str) -> PathBuf {
    let file = format!("{}.wasm", name.replace('-', "_"));
    current(&plugins().join(file), "make plugins")
}

/// The folder of the components under test.
pub fn plugins() -> PathBuf {
    let other = std::env::var_os(PLUGINS).filter(|folder| !folder.is_empty());
    root().join(other.map_or_else(|| "plugins/target/wasm32-wasip2/release".into(), PathBuf::from))
}

/// A built file, if its sources have not changed since. Cargo lists them in the `.d` file beside it.
fn current(file: &Path, command: &str) -> PathBuf {
    let built = changed(file).unwrap_or_else(|| panic!("{} is missing: run `{command}`", file.display()));
    let listing = fs::read_to_string(file.with_extension("d")).expect("the list of its sources");
    for source in sources(&listing) {
        let is_older = changed(&source).is_some_and(|at| at <= built);
        assert!(is_older, "{} is older than {}: run `{command}`", file.display(), source.display());
    }
    file.to_owned()
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|of| of.modified()).ok()
}

/// The paths after the colon of a rule of make; a blank in a path has a backslash before it.
fn sources(rule: &str) -> Vec<PathBuf> {
    let (_, paths) = rule.split_once(": ").unwrap_or_default();
    let paths = paths.replace("\\ ", "\0");
    paths.split_whitespace().map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_is_current_until_one_of_its_sources_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, source) = (folder.path().join("built"), folder.path().join("a source"));
        fs::write(&source, "one").expect("a source");
        fs::write(&file, "built").expect("a file");
        let rule = format!("{}: {}\n", file.display(), source.display().to_string().replace(' ', "\\ "));
        fs::write(file.with_extension("d"), rule).expect("a rule");
        assert_eq!(current(&file, "make"), file);
        let later = SystemTime::now() + Duration::from_secs(5);
        fs::File::options().write(true).open(&source).and_then(|file| file.set_modified(later)).expect("a later time");
        let failure = std::panic::catch_unwind(|| current(&file, "make")).expect_err("an old file");
        let words = failure.downcast_ref::<String>().expect("words");
        assert!(words.contains("a source: run `make`"), "{words}");
    }
}

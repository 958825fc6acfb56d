//! The folders of standard plugins, which pipelines name without a path. They are, in this order:
//!
//! 1. the folders that `WMSHOST_PLUGINS` names, absolute paths with `:` between them;
//! 2. `lib/wmshost/plugins` of the prefix in whose `bin` the program is, as `make install` makes it;
//! 3. `plugins/target/wasm32-wasip2/release` of the source tree in whose `target` the program was built.
//!
//! The current folder is never one of them. A plugin is only used if no other user of the machine could have replaced it:
//! its file and its folder have the owner of the program or root (any owner, where `WMSHOST_PLUGINS` names the folder), no
//! other user may write them (a group's right to write counts, except that of the owner's own group, which has the number
//! of the owner), and no folder around them can be written by every user.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use wmshost_flow::Failure;
use wmshost_pipeline::StandardPluginProblem;

use crate::environment::variable;

/// The variable with folders of standard plugins.
const VARIABLE: &str = "WMSHOST_PLUGINS";

/// The right of a group, and that of everybody, to write.
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// In a folder with this bit, only the owner of a file may rename it.
const STICKY: u32 = 0o1000;

/// The names of the files in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// `wms-tables.wasm`, as they are installed.
    Plain,
    /// `wmshost_extractor_wms_tables.wasm`, as cargo names the crates of `plugins/`.
    Crates,
}

/// A folder of standard plugins.
#[derive(Debug, Clone)]
struct Folder {
    path: PathBuf,
    naming: Naming,
    /// The owner that files must have, if it is not root; `None` for any.
    owner: Option<u32>,
}

/// The standard plugins that were found.
#[derive(Debug, Default)]
pub struct PluginFolders {
    folders: Vec<Folder>,
    /// The files by name, each from the first folder that has one.
    files: BTreeMap<String, (PathBuf, Folder)>,
}

impl PluginFolders {
    /// Finds the folders by the environment and by the program's own place.
    pub fn find() -> Result<Self, Failure> {
        let mut folders = named_folders()?;
        if let Ok(program) = std::env::current_exe().and_then(|program| program.canonicalize()) {
            folders.extend(folders_of(&program));
        }
        Self::of(folders)
    }

    /// Reads these folders.
    fn of(folders: Vec<Folder>) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        for folder in &folders {
            for (name, file) in folder.plugins().map_err(|error| unreadable(&folder.path, &error))? {
                files.entry(name).or_insert_with(|| (file, folder.clone()));
            }
        }
        Ok(Self { folders, files })
    }

    /// Returns the folders, in the order in which they are looked at.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.path.clone()).collect()
    }

    /// Returns the folder to install plugins in, where they have plain names; `None` if the program is not installed.
    pub fn installed(&self) -> Option<PathBuf> {
        self.folders.iter().find(|folder| folder.naming == Naming::Plain).map(|folder| folder.path.clone())
    }

    /// Returns the names of all standard plugins, in order.
    pub fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    /// Returns the file of a standard plugin.
    pub fn file(&self, name: &str) -> Result<PathBuf, StandardPluginProblem> {
        let (file, folder) = self.files.get(name).ok_or(StandardPluginProblem::Unknown)?;
        match folder.weakness(file) {
            Some((path, reason)) => Err(StandardPluginProblem::Unsafe { path, reason }),
            None => Ok(file.clone()),
        }
    }
}

impl Folder {
    /// Returns the plugins in this folder; none if there is no such folder.
    fn plugins(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let entries = match self.path.read_dir() {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let is_component = path.extension().is_some_and(|extension| extension == "wasm");
            if let Some(name) = self.naming.plugin(stem).filter(|_| is_component) {
                found.push((name, path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Returns what another user could replace on the way to a file of this folder, and the reason; `None` if nothing.
    fn weakness(&self, file: &Path) -> Option<(PathBuf, &'static str)> {
        let (Ok(file), Ok(folder)) = (file.canonicalize(), self.path.canonicalize()) else { return None };
        let own = [file.as_path(), file.parent()?, folder.as_path()];
        own.into_iter().find_map(|path| Some((path.to_owned(), self.own_weakness(&path.metadata().ok()?)?))).or_else(
            || {
                let around = own.into_iter().flat_map(|path| path.ancestors().skip(1));
                around.into_iter().find_map(|path| Some((path.to_owned(), weakness_around(&path.metadata().ok()?)?)))
            },
        )
    }

    /// Returns the reason why another user could write a file or folder of the plugins themselves.
    fn own_weakness(&self, metadata: &Metadata) -> Option<&'static str> {
        let (mode, owner) = (metadata.mode(), metadata.uid());
        if self.owner.is_some_and(|own| ![0, own].contains(&owner)) {
            Some("belongs to another user than the program")
        } else if mode & OTHERS_WRITE != 0 {
            Some("can be written by every user")
        } else if mode & GROUP_WRITES != 0 && metadata.gid() != owner {
            Some("can be written by a group of users")
        } else {
            None
        }
    }
}

/// Returns the reason why another user could replace what is in a folder around the plugins' one.
fn weakness_around(metadata: &Metadata) -> Option<&'static str> {
    let is_open = metadata.mode() & (OTHERS_WRITE | STICKY) == OTHERS_WRITE;
    is_open.then_some("can be written by every user")
}

impl Naming {
    /// Returns the name of the plugin in a file with this stem; `None` if it is none.
    fn plugin(self, stem: &str) -> Option<String> {
        match self {
            Self::Plain => Some(stem.to_owned()),
            Self::Crates => {
                let rest = stem.strip_prefix("wmshost_")?;
                let mut worlds = ["extractor_", "transform_", "loader_", "models_"].into_iter();
                let name = worlds.find_map(|world| rest.strip_prefix(world))?;
                Some(name.replace('_', "-"))
            }
        }
    }
}

/// Returns the folders that the environment names.
fn named_folders() -> Result<Vec<Folder>, Failure> {
    let value = variable(VARIABLE).unwrap_or_default();
    let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
    paths
        .map(|path| {
            if path.is_absolute() {
                return Ok(Folder { path, naming: Naming::Plain, owner: None });
            }
            let message = format!("{VARIABLE} names {}, which is not an absolute path", path.display());
            Err(Failure::invalid_config(message)
                .advise("Write the whole path: plugins are never taken from the current folder"))
        })
        .collect()
}

/// Returns the folders that belong to a program: `PREFIX/bin/wmshost` or `SOURCES/target/PROFILE/wmshost`.
fn folders_of(program: &Path) -> Vec<Folder> {
    let owner = program.metadata().ok().map(|metadata| metadata.uid());
    let folder = |path: PathBuf, naming| Folder { path, naming, owner };
    let prefix = program.ancestors().nth(2).map(|prefix| prefix.join("lib/wmshost/plugins"));
    // A test of the program is one folder deeper, in `deps`.
    let targets = program.ancestors().skip(2).take(2).filter(|path| path.ends_with("target"));
    let trees = targets.filter_map(Path::parent).filter(|tree| tree.join("wit/worlds.wit").is_file());
    let built = trees.map(|tree| folder(tree.join("plugins/target/wasm32-wasip2/release"), Naming::Crates));
    prefix.map(|path| folder(path, Naming::Plain)).into_iter().chain(built).collect()
}

fn unreadable(folder: &Path, error: &io::Error) -> Failure {
    let message = format!("the folder of plugins {} cannot be read: {error}", folder.display());
    Failure::invalid_config(message).advise("Make it readable, or name another one in WMSHOST_PLUGINS")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder with files of these names, which only their owner may write.
    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "component").unwrap();
            allow(&path, 0o644);
        }
        folder
    }

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn plain(path: &Path) -> Folder {
        Folder { path: path.to_owned(), naming: Naming::Plain, owner: None }
    }

    #[test]
    fn an_installed_program_has_the_folder_of_its_prefix_and_a_built_one_that_of_its_sources() {
        let prefix =
            folder_with(&["bin/wmshost", "lib/wmshost/plugins/wms-tables.wasm", "lib/wmshost/plugins/notes.txt"]);
        let found = PluginFolders::of(folders_of(&prefix.path().join("bin/wmshost"))).unwrap();
        assert_eq!(found.names(), ["wms-tables"]);
        assert_eq!(found.file("wms-tables"), Ok(prefix.path().join("lib/wmshost/plugins/wms-tables.wasm")));
        assert_eq!(found.file("table"), Err(StandardPluginProblem::Unknown));

        let built = "plugins/target/wasm32-wasip2/release";
        let names =
            ["extractor_wms_tables", "loader_table", "models_wms_marts"].map(|n| format!("{built}/wmshost_{n}.wasm"));
        let mut files: Vec<&str> = names.iter().map(String::as_str).collect();
        let hostile = format!("{built}/hostile_loader.wasm");
        files.extend(["wit/worlds.wit", "target/release/wmshost", "target/release/deps/test", &hostile]);
        let tree = folder_with(&files);
        for program in ["target/release/wmshost", "target/release/deps/test"] {
            let found = PluginFolders::of(folders_of(&tree.path().join(program))).unwrap();
            assert_eq!(found.names(), ["table", "wms-marts", "wms-tables"], "{program}");
        }
        fs::remove_file(tree.path().join("wit/worlds.wit")).unwrap();
        let found = PluginFolders::of(folders_of(&tree.path().join("target/release/wmshost"))).unwrap();
        assert!(found.names().is_empty(), "a folder `target` alone is no source tree");
    }

    #[test]
    fn the_first_folder_that_has_a_name_wins() {
        let (first, second) = (folder_with(&["a.wasm"]), folder_with(&["a.wasm", "b.wasm"]));
        let found = PluginFolders::of(vec![plain(first.path()), plain(second.path())]).unwrap();
        assert_eq!(found.file("a"), Ok(first.path().join("a.wasm")));
        assert_eq!(found.file("b"), Ok(second.path().join("b.wasm")));
    }

    #[test]
    fn a_plugin_that_another_user_could_replace_is_refused_and_nothing_else_is_taken_in_its_place() {
        let (first, second) = (folder_with(&["in/a.wasm"]), folder_with(&["a.wasm"]));
        let (folder, file) = (first.path().join("in"), first.path().join("in/a.wasm"));
        let found = || PluginFolders::of(vec![plain(&folder), plain(second.path())]).unwrap().file("a");
        assert_eq!(found(), Ok(file.clone()));
        for (path, before) in [(&file, 0o644), (&folder, 0o755), (&first.path().to_owned(), 0o700)] {
            allow(path, before | OTHERS_WRITE);
            let refused = StandardPluginProblem::Unsafe {
                path: path.canonicalize().unwrap(),
                reason: "can be written by every user",
            };
            assert_eq!(found(), Err(refused), "{}", path.display());
            allow(path, before);
        }
        // In a folder such as /tmp nobody renames the files of others.
        allow(first.path(), 0o1777);
        assert_eq!(found(), Ok(file));
    }

    #[test]
    fn a_plugin_of_another_user_than_the_program_is_refused() {
        let folder = folder_with(&["a.wasm"]);
        let own = folder.path().metadata().unwrap().uid();
        let of = |owner| PluginFolders::of(vec![Folder { owner, ..plain(folder.path()) }]).unwrap().file("a");
        assert!(of(Some(own)).is_ok() && of(None).is_ok());
        // Files of root may be used by every program.
        assert_eq!(of(Some(own + 1)).is_ok(), own == 0);
        let metadata = folder.path().metadata().unwrap();
        let group = Folder { owner: Some(own), ..plain(folder.path()) };
        allow(folder.path(), 0o775);
        let shared = group.own_weakness(&folder.path().metadata().unwrap());
        assert_eq!(shared.is_none(), metadata.gid() == own, "the owner's own group has the owner's number");
    }
}

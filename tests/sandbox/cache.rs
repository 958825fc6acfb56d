//! Cached artefacts: a damaged, foreign or unwritable cache never runs wrong code, and never fails a run that could
//! continue.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use wmshost_sandbox::{Cache, Compiler, Limits, Sandbox};
use wmshost_tests::plugin as component;

use crate::world::identity;

/// The name in the description of a component in this sandbox.
fn name(sandbox: &Sandbox, guest: &str) -> String {
    let plugin = sandbox.load(guest, &component(guest)).expect("a plugin");
    plugin.transform(identity(guest, "none"), Limits::default()).expect("an instance");
    plugin.describe().expect("a description").name
}

fn sandbox(folder: &Path) -> Sandbox {
    Sandbox::new(Cache::beside(folder.to_owned())).expect("a sandbox")
}

/// The one artefact in a folder.
fn artefact(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (first, second) = (files.next().expect("an artefact"), files.next());
    assert_eq!(second, None, "and nothing beside it");
    first
}

/// The damage to the cached artefact of `echo`, from its path and its bytes.
type Damage = fn(&Path, &[u8]);

const DAMAGES: [(&str, Damage); 9] = [
    ("empty", |file, _| fs::write(file, b"").expect("written")),
    ("header only", |file, bytes| fs::write(file, &bytes[..8]).expect("written")),
    ("cut in the digest", |file, bytes| fs::write(file, &bytes[..20]).expect("written")),
    ("cut", |file, bytes| fs::write(file, &bytes[..bytes.len() / 2]).expect("written")),
    ("longer", |file, bytes| fs::write(file, [bytes, b"more"].concat()).expect("written")),
    ("a bit flipped", |file, bytes| {
        let mut flipped = bytes.to_vec();
        flipped[bytes.len() / 2] ^= 1;
        fs::write(file, flipped).expect("written");
    }),
    ("another header", |file, bytes| fs::write(file, [b"wmsaot00", &bytes[8..]].concat()).expect("written")),
    ("text", |file, _| fs::write(file, "rm -rf /\n".repeat(1_000)).expect("written")),
    ("a folder", |file, _| {
        fs::remove_file(file).expect("removed");
        fs::create_dir(file).expect("made");
    }),
];

#[test]
fn damage_is_noticed_and_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(name(&sandbox(folder.path()), "hostile_echo"), "hostile-echo");
    let file = artefact(folder.path());
    let whole = fs::read(&file).expect("an artefact");
    for (damage, act) in DAMAGES {
        act(&file, &whole);
        assert_eq!(name(&sandbox(folder.path()), "hostile_echo"), "hostile-echo", "{damage}");
        if file.is_file() {
            assert!(fs::read(&file).expect("an artefact") == whole, "{damage}: not mended");
        }
    }
}

#[test]
fn an_artefact_of_another_component_is_not_run() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let guests = ["hostile_echo", "hostile_transform"];
    for (folder, guest) in folders.iter().zip(guests) {
        name(&sandbox(folder.path()), guest);
    }
    let [echo, other] = folders.each_ref().map(|folder| artefact(folder.path()));
    fs::copy(&other, &echo).expect("swapped");
    assert_eq!(name(&sandbox(folders[0].path()), "hostile_echo"), "hostile-echo");
    assert!(fs::read(&echo).expect("mended") != fs::read(&other).expect("there"));
}

/// A folder with artefacts that somebody else made, as one in a repository that was checked out: their seals are of another
/// key, so that not even an undamaged artefact of the same component is run.
#[test]
fn an_artefact_of_somebody_else_is_not_run() {
    let theirs = tempfile::tempdir().expect("a folder");
    let plugins = theirs.path().join("plugins");
    let own_key = theirs.path().join("own/plugins.key");
    assert_eq!(name(&sandbox(&plugins), "hostile_echo"), "hostile-echo");
    let file = artefact(&plugins);
    let made = fs::read(&file).expect("an artefact");
    let cache = Cache { folder: plugins.clone(), key: Some(own_key.clone()), compiler: Compiler::default() };
    assert_eq!(name(&Sandbox::new(cache).expect("a sandbox"), "hostile_echo"), "hostile-echo");
    let kept = fs::read(artefact(&plugins)).expect("an artefact");
    assert!(kept != made, "the artefact of another key was taken as it is");
    assert_eq!(own_key.metadata().expect("a key").permissions().mode() & 0o777, 0o600);
    assert_eq!(file.metadata().expect("an artefact").permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_a_key_of_the_user_alone_nothing_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open.key");
    fs::write(&open, [7; 32]).expect("a key");
    fs::set_permissions(&open, Permissions::from_mode(0o644)).expect("opened");
    let link = folder.path().join("link.key");
    std::os::unix::fs::symlink("/etc/hostname", &link).expect("a link");
    for key in [None, Some(open), Some(link), Some(PathBuf::from("/proc/plugins.key"))] {
        let plugins = folder.path().join("plugins");
        let cache = Cache { folder: plugins.clone(), key: key.clone(), compiler: Compiler::default() };
        assert_eq!(name(&Sandbox::new(cache).expect("a sandbox"), "hostile_echo"), "hostile-echo");
        assert!(!plugins.exists(), "{key:?}");
    }
}

#[test]
fn a_whole_artefact_is_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    name(&sandbox(folder.path()), "hostile_echo");
    let file = artefact(folder.path());
    let made = fs::metadata(&file).expect("there").modified().expect("a time");
    name(&sandbox(folder.path()), "hostile_echo");
    assert_eq!(fs::metadata(artefact(folder.path())).expect("there").modified().expect("a time"), made);
}

#[test]
fn a_folder_that_cannot_be_written_is_no_obstacle() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a file");
    fs::write(&file, "in the way").expect("a file");
    for cache in [file.join("plugins"), file, PathBuf::from("/proc/plugins"), PathBuf::from("/dev/null")] {
        assert_eq!(name(&sandbox(&cache), "hostile_echo"), "hostile-echo", "{}", cache.display());
    }
}

#[test]
fn many_may_fill_it_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(name(&sandbox(folder.path()), "hostile_echo"), "hostile-echo"));
        }
    });
    assert!(artefact(folder.path()).is_file());
}

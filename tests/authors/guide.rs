//! The guide in `docs/plugins/`, run as it is written: each block of commands in order, each file that it shows, and each line
//! of output that it promises; in an empty folder, and without a network.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wmshost_tests::{plugin, program, root};

/// A block of a document.
struct Block {
    /// The line in which it begins.
    line: usize,
    kind: String,
    text: String,
    /// The file whose name is in the line above the block.
    file: Option<String>,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(document.lines());
    let mut named = None;
    while let Some((line, text)) = lines.next() {
        if let Some(kind) = text.strip_prefix("```") {
            let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
            let text = inside.collect::<Vec<_>>().join("\n") + "\n";
            blocks.push(Block { line, kind: kind.to_owned(), text, file: named.take() });
        } else if text.starts_with('`') && text.ends_with('`') && text.matches('`').count() == 2 {
            named = Some(text.trim_matches('`').to_owned());
        } else if !text.trim().is_empty() {
            named = None;
        }
    }
    blocks
}

/// A shell in a folder, whose `cd` is kept.
struct Author {
    folder: PathBuf,
    home: PathBuf,
    output: String,
}

impl Author {
    fn run(&mut self, commands: &str) {
        let standard = plugin("wmshost_extractor_wms_tables");
        let path = std::env::var("PATH").unwrap_or_default();
        let program = program();
        let own = program.parent().expect("a folder").display();
        let done = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &format!("{commands}\npwd >\"$WMSHOST_HOME/../folder\"")])
            .current_dir(&self.folder)
            .env("PATH", format!("{own}:{path}"))
            .env("WMSHOST_HOME", &self.home)
            .env("WMSHOST_PLUGINS", standard.parent().expect("a folder"))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.output = text(&done.stdout) + &text(&done.stderr);
        assert!(done.status.success(), "{commands}\n{}", self.output);
        let folder = fs::read_to_string(self.home.parent().expect("a folder").join("folder")).expect("the folder");
        self.folder = PathBuf::from(folder.trim());
    }
}

fn follow(document: &str) {
    let scratch = tempfile::tempdir().expect("a folder");
    let home = scratch.path().join("home");
    fs::create_dir_all(&home).expect("a folder");
    let work = scratch.path().join("work");
    fs::create_dir_all(&work).expect("a folder");
    let mut author = Author { folder: work, home, output: String::new() };
    let mut shown = String::new();
    for block in blocks(&fs::read_to_string(root().join(document)).expect("a document")) {
        let place = format!("{document}:{}", block.line);
        match (block.kind.as_str(), &block.file) {
            (_, Some(file)) => {
                let file = author.folder.join(file);
                fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                fs::write(file, &block.text).expect("a file");
            }
            ("sh", None) => {
                author.run(&block.text);
                shown.clone_from(&author.output);
            }
            ("text", None) => {
                for line in block.text.lines() {
                    assert!(shown.contains(line), "{place}: `{line}` is not in\n{shown}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_first_plugin_is_made_as_the_guide_says() {
    follow("docs/plugins/first-plugin.md");
}

#[test]
fn the_recipes_work_as_they_are_written() {
    follow("docs/plugins/reference.md");
}

#[test]
fn transforms_in_javascript_and_python_are_certified_and_run() {
    if !wmshost_tests::is_long() {
        return;
    }
    let is_there = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|done| done.status.success())
    };
    let npm = is_there("npm", &["view", "@bytecodealliance/componentize-js", "version"]);
    if !npm || !is_there("python3", &["-m", "pip", "download", "--help"]) {
        eprintln!("not tried: npm, pip, or the packages that they would install, are not there");
        return;
    }
    follow("docs/plugins/other-languages.md");
}

#[test]
fn the_held_transform_has_at_most_40_lines() {
    let guide = fs::read_to_string(root().join("docs/plugins/first-plugin.md")).expect("the guide");
    let listing =
        blocks(&guide).into_iter().find(|block| block.file.as_deref() == Some("src/lib.rs")).expect("a listing");
    let own = listing.text.split("#[cfg(test)]").next().unwrap_or_default();
    assert!(own.lines().count() <= 40, "{}", own.lines().count());
}

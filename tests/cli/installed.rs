//! A program that was installed needs nothing of the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use wmshost_tests::{plugins, program, root};

/// A prefix with an installed program, and an empty folder to work in.
struct Installed {
    folder: TempDir,
}

impl Installed {
    fn new() -> Self {
        let installed = Self { folder: tempfile::tempdir().expect("a folder") };
        let mut command = Command::new(root().join("packaging/install.sh"));
        let made = command.args([program(), plugins(), installed.prefix()]).output().expect("a shell");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let home = installed.folder.path().join("work/.wmshost");
        fs::create_dir_all(&home).expect("a folder");
        // Compiling the plugins takes long; what is cached is verified before it is used.
        let kept = root().join("target/tests-plugins");
        fs::create_dir_all(&kept).expect("a folder");
        std::os::unix::fs::symlink(kept, home.join("plugins")).expect("a link");
        installed
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("usr")
    }

    /// Runs the installed program in the folder to work in, without any variable.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(self.prefix().join("bin/wmshost"));
        command.args(arguments).env_clear().current_dir(self.folder.path().join("work"));
        let Output { status, stdout, stderr } = command.output().expect("the program runs");
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).into_owned()
    }

    fn has(&self, file: &str) -> bool {
        self.prefix().join(file).metadata().is_ok_and(|file| file.len() > 0)
    }
}

#[test]
fn an_installed_program_runs_the_quick_start_from_an_empty_folder() {
    let installed = Installed::new();
    let pipeline = installed.prefix().join("share/wmshost/pipelines/dev.toml");
    let pipeline = pipeline.to_string_lossy();
    installed.run(&["sample", "create", ".wmshost/wms.db", "--allocations", "500"]);
    installed.run(&["check", &pipeline]);
    installed.run(&["run", &pipeline]);
    installed.run(&["verify", &pipeline]);
    let source = "sqlite:.wmshost/wms.db";
    installed.run(&["init", "--source", source, "--target", "sqlite:copy.db", "--output", "copy.toml"]);
    installed.run(&["run", "copy.toml"]);
    installed.run(&["verify", "copy.toml"]);
    let list: serde_json::Value =
        serde_json::from_str(&installed.run(&["plugin", "list", "--output", "json"])).expect("JSON");
    let folder = installed.prefix().join("lib/wmshost/plugins");
    let list = list.as_array().expect("a list");
    assert!(list.len() >= 7, "{list:?}");
    for plugin in list {
        let file = Path::new(plugin["file"].as_str().expect("a file"));
        assert!(file.starts_with(&folder), "{}", file.display());
    }
}

#[test]
fn every_attack_is_contained_under_the_limits_of_the_pipeline() {
    let installed = Installed::new();
    let shipped = installed.prefix().join("share/wmshost/pipelines/dev.toml");
    let text = format!("extends = {shipped:?}\n[limits]\nmemory_mib = 32\n");
    fs::write(installed.folder.path().join("work/narrow.toml"), text).expect("a pipeline");
    installed.run(&["sample", "create", ".wmshost/wms.db", "--allocations", "50"]);
    let doctor = installed.run(&["doctor", "narrow.toml", "--sandbox", "--output", "json"]);
    let doctor: serde_json::Value = serde_json::from_str(&doctor).expect("JSON");
    let attacks = doctor["attacks"].as_array().expect("a list");
    assert!(attacks.len() >= 60, "{}", attacks.len());
    for attack in attacks {
        assert!(attack["contained"] == true && attack["breach"].is_null(), "{attack:#}");
    }
    let at =
        |name: &str| attacks.iter().find(|attack| attack["attack"] == name).expect("it")["contained_at"].to_string();
    for (attack, limit) in [("memory", "compile_bytes"), ("computing", "compile_cpu"), ("time", "compile_time")] {
        let at = at(&format!("compiler {attack}"));
        assert!(at.contains(&format!("limit {limit}: ")), "{at}");
    }
    for (attack, limit) in
        [("trickle", "stream_time"), ("trickle-of-queries", "stream_wait_time"), ("trickle-of-no-rows", "row_time")]
    {
        let at = at(&format!("extractor {attack}"));
        assert!(at.contains(&format!("limit {limit}: ")), "{at}");
    }
    assert!(at("transform memory").contains("limit memory_bytes: 33554432 allowed"), "{}", at("transform memory"));
}

#[test]
fn pages_and_completions_are_installed_for_every_command() {
    let installed = Installed::new();
    let help = installed.run(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() >= 15 && commands.contains(&"init"), "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        assert!(installed.has(&format!("share/man/man1/wmshost-{command}.1")), "{command}");
    }
    for file in [
        "share/man/man1/wmshost.1",
        "share/bash-completion/completions/wmshost",
        "share/zsh/site-functions/_wmshost",
        "share/fish/vendor_completions.d/wmshost.fish",
        "share/doc/wmshost/LICENSE-MIT",
        "share/wmshost/pipelines/base.toml",
    ] {
        assert!(installed.has(file), "{file}");
    }
}

#[test]
fn the_long_version_names_contract_drivers_and_engine() {
    let run = |flag: &str| {
        let ended = Command::new(program()).arg(flag).output().expect("the program runs");
        String::from_utf8(ended.stdout).expect("text")
    };
    let long = run("--version");
    for words in ["wmshost 0.", "contract 0.", "runs plugins of 0.", "sqlite (3.", "oracle (thin", "wasmtime 4"] {
        assert!(long.contains(words), "{words:?} is not in:\n{long}");
    }
    assert_eq!(run("-V").lines().count(), 1);
}

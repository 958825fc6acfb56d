//! Every folder in host/pipeline/tests/cases is a case: `pipeline.toml` with the files that it needs, the variables in `environment`,
//! and the expected report in `expected.txt`. `UPDATE_EXPECTED=1` writes the expected files.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use wmshost_pipeline::{Checked, changed_limits, check_file, duration_text};

use crate::world::{ByFileName, variables};

#[test]
fn every_case_is_reported_as_expected() {
    let mut folders: Vec<PathBuf> = fs::read_dir("tests/cases").unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    let mut wrong = String::new();
    for folder in folders {
        let reported = reported(&folder);
        let expected = folder.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &reported).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if reported != expected {
            writeln!(wrong, "{}:\n--- expected\n{expected}--- reported\n{reported}", folder.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Without any standard plugin the advice names the folders that were looked at.
#[test]
fn where_no_standard_plugin_is_installed_the_folders_are_named() {
    let reported = check_file(Path::new("../../pipelines/dev.toml"), &variables(Vec::new()), &ByFileName::Missing);
    let reported = reported.unwrap_err().to_string();
    let expected = "there is no plugin `wms-tables`; add a table `[plugins.wms-tables]` with its `path`; no standard plugin is in \
                    /usr/lib/wmshost/plugins, /src/plugins: install them, or name their folder in WMSHOST_PLUGINS";
    assert!(reported.contains(expected), "{reported}");
}

fn reported(folder: &Path) -> String {
    let environment = fs::read_to_string(folder.join("environment")).unwrap_or_default();
    // The rights of a file that is checked out are the umask's.
    for (name, mode) in [("password", 0o640), ("open-password", 0o644)] {
        let _ = fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode));
    }
    let pairs = environment.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let result = check_file(&folder.join("pipeline.toml"), &variables(pairs), &ByFileName::Installed);
    let reported = match result {
        Ok(checked) => summary(&checked),
        Err(diagnostics) => format!("{diagnostics}\n"),
    };
    reported.replace(&format!("{}/", folder.display()), "")
}

fn summary(checked: &Checked) -> String {
    let mut text = format!("{} {:?}\n", checked.name, checked.run);
    writeln!(text, "limits {:?}", changed_limits(&checked.limits)).unwrap();
    for (label, connection) in &checked.connections {
        writeln!(text, "{label}: {connection}").unwrap();
    }
    for stream in &checked.streams {
        let plan = &stream.plan;
        writeln!(text, "{}: {}.{} to {}.{}", plan.name, plan.source, plan.table, plan.target, plan.target_table)
            .unwrap();
        let lookback = duration_text(plan.lookback);
        writeln!(text, "  {:?} by {:?} {:?} lookback {lookback}", plan.method, plan.key, plan.change_key).unwrap();
        for (column, rule) in &plan.columns {
            writeln!(text, "  column {column}: {rule}").unwrap();
        }
        for (table, grant) in &plan.grants {
            writeln!(text, "  grant {table}: {:?} but {:?} where {:?}", grant.columns, grant.except, grant.rows)
                .unwrap();
        }
        writeln!(text, "  {:?} {:?} {:?}", plan.null_keys, plan.on_bad_value, plan.max_rejected).unwrap();
        for stage in [&stream.extractor].into_iter().chain(&stream.transforms).chain([&stream.loader]) {
            writeln!(text, "  {} {} {:?}", stage.plugin, stage.path.display(), stage.settings).unwrap();
            if stage.limits != checked.limits {
                writeln!(text, "    limits {:?}", changed_limits(&stage.limits)).unwrap();
            }
        }
    }
    for plan in &checked.disabled {
        writeln!(text, "{}: disabled", plan.name).unwrap();
    }
    text
}

//! Bundles of plugins: what is installed is what was bundled, and of a damaged or hostile archive nothing is.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::program::text;
use crate::signatures::Signed;

/// The entries of an archive.
type Entries = Vec<(String, Vec<u8>)>;

fn entries(archive: &Path) -> Entries {
    let mut archive = tar::Archive::new(fs::File::open(archive).expect("an archive"));
    let entry = |entry: std::io::Result<tar::Entry<'_, fs::File>>| {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("content");
        (name, content)
    };
    archive.entries().expect("entries").map(entry).collect()
}

/// An archive of these entries, under names that no archiver would write by itself, too.
fn archive(entries: &Entries, kind: tar::EntryType) -> Vec<u8> {
    let mut made = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(if name.ends_with("allocation.wasm") { kind } else { tar::EntryType::Regular });
        header.set_cksum();
        made.append(&header, content.as_slice()).expect("an entry");
    }
    made.into_inner().expect("an archive")
}

/// Three signed plugins, bundled.
fn bundled() -> (Signed, String) {
    let signed = Signed::new();
    let key = signed.key("own.key");
    signed.require(&[&key]);
    signed.sign("own.key");
    let made = signed.site.wmshost(&["plugin", "bundle", "pipeline.toml", "--to", "all.tar"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    (signed, key)
}

#[test]
fn what_is_installed_is_what_was_bundled() {
    let (signed, key) = bundled();
    let site = &signed.site;
    let again = site.wmshost(&["plugin", "bundle", "pipeline.toml", "--to", "again.tar"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    let [first, second] = ["all.tar", "again.tar"].map(|name| fs::read(site.path(name)).expect("an archive"));
    assert_eq!(first, second, "the same plugins are the same bytes");
    let install = ["plugin", "install", "all.tar", "--to", "plugins", "--key", &key];
    for outcome in ["installed", "was there"] {
        let end = site.wmshost(&install);
        assert_eq!(end.status.code(), Some(0), "{}", text(&end.stderr));
        assert_eq!(text(&end.stdout).matches(outcome).count(), 3, "{}", text(&end.stdout));
    }
    let names = ["hostile", "table", "wms-tables"];
    for (name, content) in entries(&site.path("all.tar")) {
        if let Some(file) = name.strip_prefix("plugins/") {
            assert_eq!(fs::read(site.path("plugins").join(file)).expect("a file"), content, "{file}");
        }
    }
    let bill = entries(&site.path("all.tar")).into_iter().find(|(name, _)| name == "sbom.cdx.json").expect("a bill").1;
    let bill: serde_json::Value = serde_json::from_slice(&bill).expect("JSON");
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let parts = bill["components"].as_array().expect("components");
    assert_eq!(parts.iter().map(|part| part["bom-ref"].as_str().expect("a name")).collect::<Vec<_>>(), names);
    let names_its_tools = |part: &serde_json::Value| {
        let properties = part["properties"].as_array().expect("properties");
        properties.iter().any(|property| property["name"] == "wasm:producers:processed-by")
    };
    assert!(parts.iter().all(names_its_tools), "{bill:#}");
    // Nothing is left of the checking.
    let left: Vec<_> =
        fs::read_dir(site.path("plugins")).expect("a folder").map(|file| file.expect("a file")).collect();
    assert_eq!(left.len(), 6, "{left:?}");
}

/// Archives that are damaged or hostile, each with a part of the reason why it is refused.
fn damaged(whole: &Entries, bytes: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let changed = |change: &dyn Fn(&mut Entries)| {
        let mut entries = whole.clone();
        change(&mut entries);
        archive(&entries, tar::EntryType::Regular)
    };
    let table = whole.iter().position(|entry| entry.0 == "plugins/table.wasm").expect("an entry");
    let renamed = |to: &str| changed(&|all| all[table].0 = to.to_owned());
    let manifest = |from: &str, to: &str| {
        let text = String::from_utf8(whole[0].1.clone()).expect("text");
        assert!(text.contains(from));
        changed(&|all| all[0].1 = text.replace(from, to).into_bytes())
    };
    let link = vec![whole[0].clone(), ("plugins/allocation.wasm".to_owned(), Vec::new())];
    vec![
        ("nothing", Vec::new(), "it is empty"),
        ("no archive", b"#!/bin/sh\n".repeat(100), "it is no archive"),
        ("cut off", bytes[..bytes.len() / 2].to_vec(), "is cut off"),
        ("another byte", changed(&|all| all[table].1[5_000] ^= 1), "plugin table has the digest"),
        ("no component", changed(&|all| drop(all.remove(table))), "it lacks plugins/table.wasm"),
        (
            "one more",
            changed(&|all| all.push(("plugins/more.wasm".into(), vec![1]))),
            "that its manifest does not name",
        ),
        ("a path upwards", renamed("../table.wasm"), "that its manifest does not name"),
        ("an absolute path", renamed("/tmp/table.wasm"), "that its manifest does not name"),
        ("a name upwards", manifest("\"table\": {", "\"../table\": {"), "is not the name of a plugin"),
        ("another format", manifest("\"format\": 1", "\"format\": 2"), "it has the format 2"),
        ("an unknown key", manifest("\"format\": 1", "\"format\": 1, \"run\": \"rm\""), "unknown field `run`"),
        ("manifest last", changed(&|all| all.rotate_left(1)), "its first entry is not bundle.json"),
        ("a link", archive(&link, tar::EntryType::Symlink), "is not a plain file"),
    ]
}

#[test]
fn nothing_of_a_bundle_is_installed_where_anything_is_wrong() {
    let (signed, key) = bundled();
    let site = &signed.site;
    let bytes = fs::read(site.path("all.tar")).expect("an archive");
    for (name, archive, why) in damaged(&entries(&site.path("all.tar")), &bytes) {
        fs::write(site.path("bad.tar"), archive).expect("written");
        let end = site.wmshost(&["plugin", "install", "bad.tar", "--to", "bad", "--key", &key]);
        assert_eq!(end.status.code(), Some(2), "{name}: {}", text(&end.stderr));
        assert!(text(&end.stderr).contains(why), "{name}: {}", text(&end.stderr));
        assert_eq!(fs::read_dir(site.path("bad")).expect("a folder").count(), 0, "{name}: something was installed");
    }
    let other = signed.key("other.key");
    let end = site.wmshost(&["plugin", "install", "all.tar", "--to", "bad", "--key", &other]);
    assert!(text(&end.stderr).contains("by none of the keys"), "{}", text(&end.stderr));
    assert_eq!(fs::read_dir(site.path("bad")).expect("a folder").count(), 0);
}

#[test]
fn a_component_of_others_is_only_replaced_on_demand() {
    let (signed, _) = bundled();
    let site = &signed.site;
    fs::create_dir(site.path("there")).expect("a folder");
    fs::write(site.path("there/table.wasm"), "theirs").expect("written");
    let install = ["plugin", "install", "all.tar", "--to", "there"];
    let end = site.wmshost(&install);
    assert!(text(&end.stderr).contains("--replace"), "{}", text(&end.stderr));
    assert_eq!(fs::read_dir(site.path("there")).expect("a folder").count(), 1);
    assert_eq!(site.wmshost(&[&install[..], &["--replace"]].concat()).status.code(), Some(0));
    assert_ne!(fs::read(site.path("there/table.wasm")).expect("a component"), b"theirs");
}

//! Where a pipeline has `require_signed`, nothing of a component is compiled that none of its keys has signed.

use std::fs;
use std::path::PathBuf;

use wmshost_tests::plugin as component;

use crate::program::{Site, text};

/// A pipeline whose three components are beside it, and two pairs of keys.
pub(crate) struct Signed {
    pub(crate) site: Site,
    /// The pipeline file without `require_signed`.
    pipeline: String,
    components: Vec<PathBuf>,
}

impl Signed {
    pub(crate) fn new() -> Self {
        let site = Site::new("none");
        let mut pipeline = fs::read_to_string(site.path("pipeline.toml")).expect("a pipeline");
        let names = ["wmshost_extractor_wms_tables", "hostile_transform", "wmshost_loader_table"];
        let components = names.map(|name| {
            let copy = site.path(&format!("{name}.wasm"));
            fs::copy(component(name), &copy).expect("a copy");
            pipeline = pipeline.replace(&component(name).display().to_string(), &copy.display().to_string());
            copy
        });
        Self { site, pipeline, components: components.to_vec() }
    }

    /// Makes a pair of keys; returns the public one.
    pub(crate) fn key(&self, file: &str) -> String {
        let made = self.site.wmshost(&["plugin", "key", "--to", file, "--unprotected"]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        text(&made.stdout).lines().next().expect("a key").to_owned()
    }

    pub(crate) fn require(&self, keys: &[&str]) {
        fs::write(self.site.path("pipeline.toml"), format!("require_signed = {keys:?}\n{}", self.pipeline))
            .expect("a file");
    }

    pub(crate) fn sign(&self, key: &str) {
        for component in &self.components {
            let signed = self.site.wmshost(&["plugin", "sign", &component.display().to_string(), "--key", key]);
            assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
        }
    }

    /// Asserts that every command that loads components refuses the pipeline for this reason.
    fn is_refused(&self, why: &str) {
        for words in [&["run"][..], &["check"], &["plan"], &["lock"], &["plugin", "list"], &["plugin", "grants"]] {
            let end = self.site.wmshost(&[words, &["pipeline.toml"]].concat());
            assert_eq!(end.status.code(), Some(2), "{words:?}: {}", text(&end.stderr));
            assert!(text(&end.stderr).contains(why), "{words:?}: {}", text(&end.stderr));
        }
        assert_eq!(self.site.rows("WMS_ORDERS"), 0);
    }

    fn runs(&self) {
        let end = self.site.wmshost(&["run", "pipeline.toml"]);
        assert_eq!(end.status.code(), Some(0), "{}", text(&end.stderr));
        assert_eq!(self.site.rows("WMS_ORDERS"), 8);
    }
}

#[test]
fn only_what_a_key_has_signed_is_compiled() {
    let signed = Signed::new();
    let (own, other) = (signed.key("own.key"), signed.key("other.key"));
    signed.require(&[&own]);
    signed.is_refused("its signature");
    signed.sign("other.key");
    signed.is_refused("by none of the keys, or for other bytes");
    let verify = |key: &str| {
        let file = signed.components[0].display().to_string();
        signed.site.wmshost(&["plugin", "verify", &file, "--key", key]).status.code()
    };
    assert_eq!([verify("other.key.pub"), verify(&other), verify(&own)], [Some(0), Some(0), Some(1)]);
    // Any of several keys will do.
    signed.require(&[&own, &other]);
    signed.runs();
}

#[test]
fn a_signed_component_that_is_replaced_is_refused() {
    let signed = Signed::new();
    signed.require(&[&signed.key("own.key")]);
    signed.sign("own.key");
    fs::copy(component("hostile_echo"), &signed.components[1]).expect("replaced");
    signed.is_refused("for other bytes");
    fs::copy(component("hostile_transform"), &signed.components[1]).expect("restored");
    signed.runs();
}

#[test]
fn a_key_that_is_none_is_a_mistake_of_the_file() {
    let signed = Signed::new();
    signed.require(&["RWshort"]);
    let end = signed.site.wmshost(&["check", "pipeline.toml"]);
    let reported = text(&end.stderr);
    assert_eq!(end.status.code(), Some(2), "{reported}");
    assert!(reported.contains("pipeline.toml:1: require_signed: `RWshort` is not a public key"), "{reported}");
    // Without the keys, nothing is compiled.
    let compiled = fs::read_dir(signed.site.path("home/plugins")).map_or(0, Iterator::count);
    assert_eq!(compiled, 0);
}

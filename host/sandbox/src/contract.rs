//! The version of the contract, and which plugins this host runs: all that were built for a version of its range. The
//! README of `wit/` says what may change within a range, and why that harms no plugin.
//!
//! | version of the host | plugins that it runs |
//! |---|---|
//! | 0.MINOR.PATCH | those of 0.MINOR, with any patch |
//! | from 1.0.0 on: MAJOR.MINOR.PATCH | those of MAJOR, up to MINOR, with any patch |
//! | 0.0.PATCH, or one with a suffix (`-rc.1`) | those of the same version |
//!
//! A plugin of a later patch runs if the host has all that it calls: imports are looked up one by one.

use std::fmt::Display;

use semver::Version;
use wmshost_flow::Failure;

/// The version of the contract that this host implements.
pub const CONTRACT_VERSION: &str = "0.1.0";

/// The beginning of the names of the contract's interfaces.
const PACKAGE: &str = "wmshost:plugin/";

/// An interface of the contract, as a component names it: `wmshost:plugin/log@0.1.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface<'a> {
    /// Its name, `log`.
    pub(crate) name: &'a str,
    /// The version after the `@`.
    version: &'a str,
}

impl<'a> Interface<'a> {
    /// The interface of this name, if it is one of the contract.
    pub(crate) fn parse(name: &'a str) -> Option<Self> {
        let name = name.strip_prefix(PACKAGE)?;
        let (name, version) = name.split_once('@').unwrap_or((name, "none"));
        Some(Self { name, version })
    }

    /// True if it is of a later version than the host's.
    pub(crate) fn is_later(self) -> bool {
        Version::parse(self.version).is_ok_and(|plugin| plugin > host())
    }

    /// Refuses an interface of a version that this host does not run.
    pub(crate) fn check(self) -> Result<(), Failure> {
        let host = host();
        let plugin = Version::parse(self.version).ok();
        if plugin.as_ref().is_some_and(|plugin| is_in_range(&host, plugin)) {
            return Ok(());
        }
        let advice = match plugin {
            Some(plugin) if plugin > host => "use a later wmshost, or build the plugin with",
            _ => "build the plugin again with",
        };
        Err(Failure::invalid_config(format!(
            "it was built for version {} of the contract ({}); this host has {host} and runs plugins of {range}: {advice} \
             wmshost-plugin {range}",
            self.version,
            self.name,
            range = range(&host),
        )))
    }
}

/// The versions of the contract whose plugins this host runs, such as `0.1`.
pub fn contract_range() -> String {
    range(&host())
}

/// The latest version of the contract among these interfaces, which were checked.
pub(crate) fn latest<'a>(interfaces: impl IntoIterator<Item = &'a str>) -> Option<Version> {
    interfaces.into_iter().filter_map(Interface::parse).filter_map(|of| Version::parse(of.version).ok()).max()
}

/// The failure over a component of which the host lacks a part: a plugin of a later version may call what is new in it.
pub(crate) fn lacking(built_for: Option<&Version>, error: impl Display) -> Failure {
    let host = host();
    match built_for {
        Some(plugin) if *plugin > host => Failure::invalid_config(format!(
            "it was built for version {plugin} of the contract; this host has {host}, which lacks something that it \
             calls: use a later wmshost, or build the plugin with wmshost-plugin {host} ({error})"
        )),
        _ => Failure::invalid_config(format!("not of this contract: {error}")),
    }
}

/// The host's version, as a number.
fn host() -> Version {
    Version::parse(CONTRACT_VERSION).unwrap_or(Version::new(0, 0, 0))
}

fn is_in_range(host: &Version, plugin: &Version) -> bool {
    let is_bound = |version: &Version| !version.pre.is_empty() || (version.major, version.minor) == (0, 0);
    if is_bound(host) || is_bound(plugin) {
        return host.cmp_precedence(plugin).is_eq();
    }
    match host.major {
        0 => plugin.major == 0 && plugin.minor == host.minor,
        major => plugin.major == major && plugin.minor <= host.minor,
    }
}

/// The versions that a host runs, in words.
fn range(host: &Version) -> String {
    match (host.major, host.minor) {
        _ if !host.pre.is_empty() => host.to_string(),
        (0, 0) => host.to_string(),
        (0, minor) => format!("0.{minor}"),
        (major, 0) => format!("{major}.0"),
        (major, minor) => format!("{major}.0 to {major}.{minor}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_runs_the_plugins_of_its_range() {
        for (host, plugin, runs) in [
            ("0.1.0", "0.1.0", true),
            ("0.1.0", "0.1.7", true),
            ("0.1.7", "0.1.0", true),
            ("0.1.0", "0.2.0", false),
            ("0.2.0", "0.1.9", false),
            ("0.1.0", "1.1.0", false),
            ("1.0.0", "0.1.0", false),
            ("1.2.0", "1.0.3", true),
            ("1.2.0", "1.2.9", true),
            ("1.2.0", "1.3.0", false),
            ("1.2.0", "2.0.0", false),
            ("2.0.0", "1.9.0", false),
            ("0.0.1", "0.0.1", true),
            ("0.0.1", "0.0.2", false),
            ("0.1.0", "0.1.1-rc.1", false),
            ("0.1.1-rc.1", "0.1.1-rc.1", true),
            ("0.1.1-rc.1", "0.1.1", false),
            ("0.1.0", "0.1.0+build.7", true),
        ] {
            let [of_host, of_plugin] = [host, plugin].map(|text| Version::parse(text).expect("a version"));
            assert_eq!(is_in_range(&of_host, &of_plugin), runs, "a host of {host}, a plugin of {plugin}");
        }
    }

    #[test]
    fn the_refusal_names_both_versions_and_the_way_out() {
        let check = |name| Interface::parse(name).expect("an interface of the contract").check();
        assert_eq!(check("wmshost:plugin/log@0.1.3"), Ok(()));
        for (name, words) in [
            (
                "wmshost:plugin/log@0.2.0",
                "it was built for version 0.2.0 of the contract (log); this host has 0.1.0 and runs plugins of 0.1: use a \
                 later wmshost, or build the plugin with wmshost-plugin 0.1",
            ),
            (
                "wmshost:plugin/log@0.0.9",
                "it was built for version 0.0.9 of the contract (log); this host has 0.1.0 and runs plugins of 0.1: build \
                 the plugin again with wmshost-plugin 0.1",
            ),
            ("wmshost:plugin/log", "it was built for version none of the contract (log)"),
        ] {
            let refusal = check(name).expect_err(name);
            assert!(refusal.message.starts_with(words), "{refusal}");
        }
        assert_eq!(Interface::parse("wasi:cli/exit@0.2.0"), None);
    }
}

//! The addresses that may be connected to. They are checked where a name has been resolved, and that very address is
//! connected to, so that a name cannot mean another address a moment later.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The kind of network that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    Public,
    /// This machine or a private network: allowed where the pipeline grants it.
    Private,
    /// Link-local (metadata services of clouds), multicast, reserved: never allowed.
    Forbidden,
}

/// An address that may not be connected to.
#[derive(Debug)]
pub(crate) struct RefusedAddress {
    pub(crate) address: IpAddr,
    /// True if `allow_private` would allow it.
    pub(crate) is_private: bool,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind =
            if self.is_private { "this machine or a private network" } else { "a network that is never allowed" };
        write!(f, "its address {} is that of {kind}", self.address)
    }
}

impl std::error::Error for RefusedAddress {}

/// Resolves names as the system does, and refuses addresses.
#[derive(Debug)]
pub(crate) struct CheckingResolver {
    /// True if private addresses are allowed.
    pub(crate) allow_private: bool,
    /// True if all connections go to a proxy, whose address the pipeline names.
    pub(crate) is_proxied: bool,
}

impl CheckingResolver {
    /// Refuses an address if it may not be connected to.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        match network(address) {
            Network::Public => Ok(()),
            Network::Private if self.allow_private => Ok(()),
            kind => Err(RefusedAddress { address, is_private: kind == Network::Private }),
        }
    }
}

impl Resolver for CheckingResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        if !self.is_proxied {
            for address in found.iter() {
                let refused = |refused| ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, refused));
                self.check(address.ip()).map_err(refused)?;
            }
        }
        Ok(found)
    }
}

fn network(address: IpAddr) -> Network {
    match address {
        IpAddr::V4(address) => network_v4(address),
        IpAddr::V6(address) => network_v6(address),
    }
}

fn network_v4(address: Ipv4Addr) -> Network {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && b & 0xc0 == 64;
    if address.is_loopback() || address.is_private() || is_shared {
        return Network::Private;
    }
    let is_special = a == 0 || a >= 224 || (a, b, c) == (192, 0, 0) || (a == 198 && b & 0xfe == 18);
    if address.is_link_local() || address.is_documentation() || is_special {
        return Network::Forbidden;
    }
    Network::Public
}

fn network_v6(address: Ipv6Addr) -> Network {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| network_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    if address.is_loopback() || segments[0] & 0xfe00 == 0xfc00 {
        return Network::Private;
    }
    match segments {
        // An address of version 4, written as one of version 6, or reached by a translator or a tunnel.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] if (high, low) != (0, 0) => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // 2000::/3 is what there is of public addresses; documentation is in it.
        [0x2001, 0xdb8, ..] => Network::Forbidden,
        [first, ..] if first & 0xe000 == 0x2000 => Network::Public,
        _ => Network::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_has_its_network() {
        for (text, kind) in [
            ("8.8.8.8", Network::Public),
            ("2606:4700::1111", Network::Public),
            ("127.0.0.1", Network::Private),
            ("10.1.2.3", Network::Private),
            ("172.31.0.1", Network::Private),
            ("192.168.1.1", Network::Private),
            ("100.64.0.1", Network::Private),
            ("::1", Network::Private),
            ("fd00::1", Network::Private),
            ("::ffff:127.0.0.1", Network::Private),
            ("::127.0.0.1", Network::Private),
            ("64:ff9b::10.0.0.1", Network::Private),
            ("2002:a00:1::", Network::Private),
            ("169.254.169.254", Network::Forbidden),
            ("::ffff:169.254.169.254", Network::Forbidden),
            ("64:ff9b::169.254.169.254", Network::Forbidden),
            ("fe80::1", Network::Forbidden),
            ("0.0.0.0", Network::Forbidden),
            ("::", Network::Forbidden),
            ("224.0.0.1", Network::Forbidden),
            ("255.255.255.255", Network::Forbidden),
            ("198.18.0.1", Network::Forbidden),
            ("ff02::1", Network::Forbidden),
            ("2001:db8::1", Network::Forbidden),
        ] {
            assert_eq!(network(text.parse().expect("an address")), kind, "{text}");
        }
    }

    #[test]
    fn private_addresses_need_a_grant_and_metadata_services_have_none() {
        let check = |allow_private, text: &str| {
            let resolver = CheckingResolver { allow_private, is_proxied: false };
            resolver.check(text.parse().expect("an address")).is_ok()
        };
        assert!(check(true, "127.0.0.1") && !check(false, "127.0.0.1"));
        assert!(!check(true, "169.254.169.254") && check(false, "8.8.8.8"));
    }
}

//! Addresses of web services: scheme, host, port and a plain path. They have no user, query or fragment.

use std::fmt;

/// The address of a web service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress {
    /// True for `https`.
    pub is_secure: bool,
    /// The host: a name or an address, the latter of version 6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, with a slash at its end and at its beginning.
    pub path: String,
}

impl WebAddress {
    /// Parses an address; the error is a message about the text, without it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schemes = [("https://", true), ("http://", false)];
        let found = schemes.iter().find_map(|(begin, is_secure)| Some((text.strip_prefix(begin)?, *is_secure)));
        let Some((rest, is_secure)) = found else {
            return Err("does not begin with https:// or http://".to_owned());
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err("has a user in it; the credentials have keys of their own".to_owned());
        }
        if text.contains(['?', '#']) {
            return Err("has a query or a fragment".to_owned());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port > 0);
                (host, port.ok_or("has a port that is no number from 1 to 65535")?)
            }
            _ => (authority, if is_secure { 443 } else { 80 }),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        let is_name = !host.is_empty() && host.bytes().all(is_plain);
        let is_address = is_bracketed && host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
        if !is_name && !is_address {
            return Err("has no host, or one with other characters than letters, digits, `.` and `-`".to_owned());
        }
        let segments = path.strip_suffix('/').unwrap_or(path);
        let is_segment =
            |segment: &str| !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(is_plain);
        if !segments.is_empty() && !segments.split('/').all(is_segment) {
            return Err("has a path with other segments than letters, digits, `.`, `_`, `-` and `~`".to_owned());
        }
        let path = if segments.is_empty() { "/".to_owned() } else { format!("/{segments}/") };
        Ok(Self { is_secure, host: host.to_ascii_lowercase(), port, path })
    }
}

impl WebAddress {
    /// The address of a resource: without the slash at the end.
    pub fn resource(&self) -> String {
        let text = self.to_string();
        if self.path.len() > 1 { text.trim_end_matches('/').to_owned() } else { text }
    }
}

/// Writes it as it would be typed, with the slash at the end.
impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.is_secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_with_a_slash_and_without_its_usual_port() {
        for (text, shown) in [
            ("https://wms.example", "https://wms.example/"),
            ("https://WMS.example:443/dev_1", "https://wms.example/dev_1/"),
            ("http://127.0.0.1:8080/a/b/", "http://127.0.0.1:8080/a/b/"),
            ("https://[::1]:8443/a", "https://[::1]:8443/a/"),
        ] {
            assert_eq!(WebAddress::parse(text).map(|address| address.to_string()).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn an_address_that_could_lead_elsewhere_is_refused() {
        for (text, why) in [
            ("wms.example", "begin with"),
            ("ftp://wms.example", "begin with"),
            ("https://", "no host"),
            ("https://user:secret@wms.example", "a user"),
            ("https://wms.example/../x", "a path"),
            ("https://wms.example//x", "a path"),
            ("https://wms.example/%2e%2e/x", "a path"),
            ("https://wms.example/a?b=c", "a query"),
            ("https://wms.example/#a", "a query"),
            ("https://wms.example:0/", "a port"),
            ("https://wms example/", "no host"),
            ("https://[::1/", "no host"),
        ] {
            let message = WebAddress::parse(text).expect_err(text);
            assert!(message.contains(why), "{text}: {message}");
        }
    }
}

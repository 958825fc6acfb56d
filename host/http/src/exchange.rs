//! One request and its whole response, within the limits on size and time. No redirect is followed.

use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Timeout};
use wmshost_flow::{Failure, FailureCause};
use wmshost_pipeline::{Proxy, WebAddress, WebService};

use crate::resolver::{CheckingResolver, RefusedAddress};

/// A response as it was received.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, unpacked.
    pub(crate) body: Vec<u8>,
    /// Bytes of the body before it was unpacked.
    pub(crate) received_bytes: u64,
}

impl Received {
    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The reason why there is no response.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection failed or broke off; a further try may help.
    Connection(String),
    /// A limit of time: its key in the pipeline file, and its value.
    Time(&'static str, Duration),
    /// A limit of size: its key in the pipeline file, and its value in bytes.
    Size(&'static str, usize),
    /// The service's address or certificate is refused.
    Refused(String, &'static str),
    /// The bytes that were received are no response.
    Malformed(String),
}

/// The client of one service.
pub(crate) struct Exchange {
    agent: Agent,
    connect_timeout: Duration,
    response_timeout: Duration,
    body_timeout: Duration,
    header_bytes: usize,
    body_bytes: usize,
}

impl Exchange {
    /// Prepares the client; reads the file of certificates.
    pub(crate) fn new(service: &WebService) -> Result<Self, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        if let Some(file) = &service.ca_file {
            tls = tls.root_certs(RootCerts::new_with_certs(&authorities(file)?));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(service.proxy.as_ref().map(proxy).transpose()?)
            .timeout_resolve(Some(service.connect_timeout))
            .timeout_connect(Some(service.connect_timeout))
            .timeout_send_request(Some(service.response_timeout))
            .timeout_send_body(Some(service.response_timeout))
            .timeout_recv_response(Some(service.response_timeout))
            .timeout_recv_body(Some(service.body_timeout))
            .max_response_header_size(service.header_bytes)
            .user_agent(concat!("wmshost/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .accept_encoding("gzip")
            .tls_config(tls.build())
            .build();
        let resolver = CheckingResolver { allow_private: service.allow_private, is_proxied: service.proxy.is_some() };
        for address in [Some(&service.base), service.sign_in.token_address()].into_iter().flatten() {
            check_literal(&resolver, address)?;
        }
        Ok(Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            connect_timeout: service.connect_timeout,
            response_timeout: service.response_timeout,
            body_timeout: service.body_timeout,
            header_bytes: service.header_bytes,
            body_bytes: service.body_bytes,
        })
    }

    /// Reads from an address.
    pub(crate) fn get(&self, address: &str, is_head: bool, authorization: Option<&str>) -> Result<Received, Trouble> {
        let mut request = if is_head { self.agent.head(address) } else { self.agent.get(address) };
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        self.received(request.call())
    }

    /// Posts a form, for a token.
    pub(crate) fn post_form(&self, address: &str, headers: &[(&str, String)], form: &str) -> Result<Received, Trouble> {
        let mut request = self.agent.post(address).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.received(request.send(form))
    }

    fn received(&self, response: Result<Response<Body>, ureq::Error>) -> Result<Received, Trouble> {
        let (parts, body) = response.map_err(|error| self.trouble(error))?.into_parts();
        let expected = body.content_length();
        let packed = self.read(body.into_reader())?;
        // A connection that is closed early looks like the end of the body.
        let is_whole = expected.is_none_or(|expected| packed.is_empty() || expected == packed.len() as u64);
        if !is_whole {
            return Err(Trouble::Connection("the connection was closed in the middle of the body".to_owned()));
        }
        let received_bytes = packed.len() as u64;
        let encoding = parts.headers.get("content-encoding").map_or(&b""[..], |value| value.as_bytes());
        let body = match encoding.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => packed,
            b"gzip" | b"x-gzip" if packed.is_empty() => packed,
            b"gzip" | b"x-gzip" => {
                self.read(MultiGzDecoder::new(packed.as_slice())).map_err(|trouble| match trouble {
                    Trouble::Connection(_) => {
                        Trouble::Connection("the body is damaged: it cannot be unpacked".to_owned())
                    }
                    other => other,
                })?
            }
            _ => return Err(Trouble::Malformed("the body is packed in a way that was not asked for".to_owned())),
        };
        Ok(Received { status: parts.status.as_u16(), headers: parts.headers, body, received_bytes })
    }

    /// Reads to the end, or to the limit.
    fn read(&self, from: impl Read) -> Result<Vec<u8>, Trouble> {
        let mut read = Vec::new();
        let most = self.body_bytes as u64;
        let mut limited = from.take(most + 1);
        match limited.read_to_end(&mut read) {
            Ok(_) if read.len() as u64 > most => Err(Trouble::Size("body_mib", self.body_bytes)),
            Ok(_) => Ok(read),
            Err(error) => Err(self.trouble(ureq::Error::from(error))),
        }
    }

    fn trouble(&self, error: ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(Timeout::RecvBody) => Trouble::Time("body_timeout", self.body_timeout),
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                Trouble::Connection(format!("no connection within {:?} (connect_timeout)", self.connect_timeout))
            }
            ureq::Error::Timeout(_) => Trouble::Time("response_timeout", self.response_timeout),
            ureq::Error::LargeResponseHeader(..) => Trouble::Size("header_kib", self.header_bytes),
            ureq::Error::Rustls(error) => insecure(&error),
            ureq::Error::Io(error) => io_trouble(&error),
            ureq::Error::HostNotFound => Trouble::Connection("its host is not known".to_owned()),
            ureq::Error::Protocol(error) => Trouble::Malformed(format!("this is not HTTP: {error}")),
            ureq::Error::ConnectProxyFailed(why) => Trouble::Connection(format!("the proxy refuses: {why}")),
            error => Trouble::Connection(error.to_string()),
        }
    }
}

fn io_trouble(error: &io::Error) -> Trouble {
    let inner = error.get_ref();
    if let Some(refused) = inner.and_then(|inner| inner.downcast_ref::<RefusedAddress>()) {
        let advice = if refused.is_private {
            "if the service is within a network that you trust, set `allow_private = true`"
        } else {
            "correct the address"
        };
        return Trouble::Refused(refused.to_string(), advice);
    }
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return insecure(tls);
    }
    Trouble::Connection(error.to_string())
}

fn insecure(error: &rustls::Error) -> Trouble {
    Trouble::Refused(
        format!("no secure connection: {error}"),
        "check the address, and name the file of its authority's certificate in `ca_file`",
    )
}

/// Refuses an address that is written as a number before anything is connected; a proxy would resolve it itself.
fn check_literal(resolver: &CheckingResolver, address: &WebAddress) -> Result<(), Failure> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>().map(|literal| resolver.check(literal)) {
        Ok(Err(refused)) => {
            let advice = if refused.is_private { "set `allow_private = true` to allow it" } else { "correct it" };
            Err(Failure::denied(format!("{address} is refused: {refused}")).advise(advice))
        }
        _ => Ok(()),
    }
}

fn proxy(proxy: &Proxy) -> Result<ureq::Proxy, Failure> {
    use ureq::ProxyProtocol;
    let protocol = if proxy.address.is_secure { ProxyProtocol::Https } else { ProxyProtocol::Http };
    let mut builder = ureq::Proxy::builder(protocol).host(&proxy.address.host).port(proxy.address.port);
    if let Some(username) = &proxy.username {
        builder = builder.username(username);
    }
    if let Some(password) = &proxy.password {
        builder = builder.password(password.reveal());
    }
    builder.resolve_target(false).build().map_err(|error| Failure::invalid_config(format!("the proxy: {error}")))
}

/// The certificates of a file.
fn authorities(file: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let failed = |why: String| Failure::invalid_config(format!("ca_file {}: {why}", file.display()));
    let text = fs::read(file)
        .map_err(|error| failed(format!("it cannot be read: {error}")).caused_by(FailureCause::Io(error.kind())))?;
    let certificates = ureq::tls::parse_pem(&text).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(failed(format!("it is not in the form PEM: {error}")))),
    });
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(
            failed("it has no certificate".to_owned()).advise("put the authority's certificate into it, as PEM")
        );
    }
    Ok(certificates)
}

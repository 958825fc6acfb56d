//! Reads the keys of a connection to a web service: its address, the credentials, certificates, and limits.

use crate::diagnostics::join;
use crate::key_type::Key;
use crate::keys::connection as keys;
use crate::section_reader::SectionReader;
use crate::web_address::WebAddress;
use crate::web_service::{Grant, OAuthClient, Proxy, SignIn, User, WebService};

/// The way to sign in, as pipeline files name it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    None,
    Basic,
    ClientCredentials,
    Password,
    RefreshToken,
}

/// The ways with their names, and the keys of credentials that each of them needs.
const WAYS: [(&str, Way, &[Key]); 5] = [
    ("none", Way::None, &[]),
    ("basic", Way::Basic, &[keys::USERNAME, keys::PASSWORD]),
    ("client_credentials", Way::ClientCredentials, keys::OAUTH),
    ("password", Way::Password, keys::OAUTH_PASSWORD),
    ("refresh_token", Way::RefreshToken, keys::OAUTH_REFRESH),
];

/// Reads the keys of a connection to a web service.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> Option<WebService> {
    scope.require(&keys::URL);
    scope.require(&keys::AUTH);
    let base = base(scope);
    let sign_in = sign_in(scope);
    let proxy = proxy(scope);
    let ca_file = scope.path(&keys::CA_FILE);
    let allow_private = scope.flag(&keys::ALLOW_PRIVATE);
    let [connect_timeout, response_timeout, body_timeout, longest_pause] =
        [&keys::CONNECT_TIMEOUT, &keys::RESPONSE_TIMEOUT, &keys::BODY_TIMEOUT, &keys::LONGEST_PAUSE]
            .map(|key| scope.span(key));
    let [header_kib, body_mib, requests_per_second, concurrent_requests, request_retries, retry_budget] = [
        &keys::HEADER_KIB,
        &keys::BODY_MIB,
        &keys::REQUESTS_PER_SECOND,
        &keys::CONCURRENT_REQUESTS,
        &keys::REQUEST_RETRIES,
        &keys::RETRY_BUDGET,
    ]
    .map(|key| scope.count(key).and_then(|count| u32::try_from(count).ok()));
    let (base, sign_in, allow_private) = (base?, sign_in?, allow_private?);
    let plain = [(&keys::URL, &base)];
    let tokens = sign_in.token_address().map(|address| (&keys::TOKEN_URL, address));
    for (key, address) in plain.into_iter().chain(tokens) {
        if !address.is_secure && !allow_private {
            let path = join(&scope.path, key.name);
            let advice = "use https://; within a network that you trust, set `allow_private = true`".to_owned();
            scope.sink.of(&path, "is an address without encryption", Some(advice));
        }
    }
    Some(WebService {
        base,
        sign_in,
        ca_file,
        proxy,
        allow_private,
        connect_timeout: connect_timeout?,
        response_timeout: response_timeout?,
        body_timeout: body_timeout?,
        longest_pause: longest_pause?,
        header_bytes: (header_kib? as usize) << 10,
        body_bytes: (body_mib? as usize) << 20,
        requests_per_second: requests_per_second?,
        concurrent_requests: concurrent_requests?,
        request_retries: request_retries?,
        retry_budget: retry_budget?,
    })
}

/// Reads the base address, with the path that has a key of its own.
fn base(scope: &mut SectionReader<'_>) -> Option<WebAddress> {
    let (base, path) = (address(scope, &keys::URL), scope.text(&keys::BASE_PATH));
    if !scope.has(&keys::BASE_PATH) {
        return base;
    }
    let (base, path) = (base?, path?);
    let found = WebAddress::parse(&format!("{base}{}", path.trim_matches('/')));
    if let Err(why) = &found {
        let key = join(&scope.path, keys::BASE_PATH.name);
        scope.sink.of(&key, format!("with it the address {why}"), Some("write plain segments: `wms_dev`".to_owned()));
    }
    found.ok()
}

fn address(scope: &mut SectionReader<'_>, key: &Key) -> Option<WebAddress> {
    scope.text(key).and_then(|text| WebAddress::parse(&text).ok())
}

/// Reads the way to sign in with its credentials, and reports credentials that this way does not use.
fn sign_in(scope: &mut SectionReader<'_>) -> Option<SignIn> {
    let meanings = WAYS.map(|(name, way, _)| (name, way));
    let way = scope.choice(&keys::AUTH, &meanings)?;
    let needed = WAYS.iter().find(|(_, known, _)| *known == way).map_or(&[][..], |(_, _, needed)| needed);
    needed.iter().for_each(|key| scope.require(key));
    let optional = [keys::SCOPE, keys::IDENTITY_DOMAIN, keys::CLIENT_AUTH];
    let is_oauth = !matches!(way, Way::None | Way::Basic);
    let known = needed.iter().chain(optional.iter().filter(|_| is_oauth));
    let known: Vec<&str> = known.map(|key| key.name).collect();
    for key in keys::CREDENTIALS {
        if scope.has(key) && !known.contains(&key.name) {
            let path = join(&scope.path, key.name);
            let message = "is not used by this `auth`".to_owned();
            let advice = match known.as_slice() {
                [] => "it uses no credentials".to_owned(),
                known => format!("it uses {}", known.join(", ")),
            };
            scope.sink.of(&path, message, Some(advice));
        }
    }
    if way == Way::None {
        return Some(SignIn::None);
    }
    let user = |scope: &mut SectionReader<'_>| {
        let (name, password) = (scope.text(&keys::USERNAME), scope.secret(&keys::PASSWORD));
        Some(User { name: name?, password: password? })
    };
    if way == Way::Basic {
        return user(scope).map(SignIn::Basic);
    }
    let grant = match way {
        Way::Password => user(scope).map(Grant::Password),
        Way::RefreshToken => scope.secret(&keys::REFRESH_TOKEN).map(Grant::RefreshToken),
        _ => Some(Grant::ClientCredentials),
    };
    let (token_address, id) = (address(scope, &keys::TOKEN_URL), scope.text(&keys::CLIENT_ID));
    let secret = scope.secret(&keys::CLIENT_SECRET);
    let is_in_form = scope.choice(&keys::CLIENT_AUTH, &[("header", false), ("form", true)]);
    let (asked, identity_domain) = (scope.text(&keys::SCOPE), scope.text(&keys::IDENTITY_DOMAIN));
    Some(SignIn::OAuth(OAuthClient {
        token_address: token_address?,
        id: id?,
        secret: secret?,
        is_in_form: is_in_form?,
        grant: grant?,
        scope: asked,
        identity_domain,
    }))
}

fn proxy(scope: &mut SectionReader<'_>) -> Option<Proxy> {
    if !scope.has(&keys::PROXY) {
        for key in [&keys::PROXY_USERNAME, &keys::PROXY_PASSWORD] {
            if scope.has(key) {
                let path = join(&scope.path, key.name);
                scope.sink.of(&path, "there is no `proxy`", Some("add `proxy = …`, or remove the key".to_owned()));
            }
        }
        return None;
    }
    let address = address(scope, &keys::PROXY);
    let (username, password) = (scope.text(&keys::PROXY_USERNAME), scope.secret(&keys::PROXY_PASSWORD));
    Some(Proxy { address: address?, username, password })
}

//! Credentials, tokens, and what never leaves the client.

use std::io;
use std::sync::{Arc, Mutex};

use wmshost_flow::{Cancel, FailureKind, ServiceRequest};
use wmshost_pipeline::{Grant, OAuthClient, Secret, SignIn, User, WebAddress, WebService};

use crate::server::{Got, Reply, Server, get, session};

const PASSWORD: &str = "hunter-22 é&";
const CLIENT_SECRET: &str = "client:secret/33";

fn basic() -> SignIn {
    SignIn::Basic(User { name: "reader".to_owned(), password: Secret::new(PASSWORD) })
}

fn oauth(tokens: &Server, grant: Grant, is_in_form: bool) -> SignIn {
    SignIn::OAuth(OAuthClient {
        token_address: WebAddress::parse(&format!("{}/oauth2/v1/token", tokens.address)).expect("an address"),
        id: "the client".to_owned(),
        secret: Secret::new(CLIENT_SECRET),
        is_in_form,
        grant,
        scope: Some("urn:wms:read".to_owned()),
        identity_domain: Some("idcs-1".to_owned()),
    })
}

/// Issues the tokens `token-0`, `token-1` and so on.
fn issuer(life: u64) -> Server {
    Server::start(move |_, number| {
        Reply::json(&format!(r#"{{"access_token": "token-{number}", "token_type": "Bearer", "expires_in": {life}}}"#))
    })
}

fn accepts(token: &'static str) -> Server {
    Server::start(move |got, _| {
        let is_right = got.head.contains(&format!("authorization: Bearer {token}"));
        if is_right { Reply::json("{}") } else { Reply::status(401, "") }
    })
}

#[test]
fn basic_credentials_are_sent_and_wrong_ones_only_once() {
    let server = Server::start(|_, _| Reply::json("{}"));
    get(&mut session(&server.service(basic())), "a").map(drop).expect("a response");
    let expected = base64("reader:hunter-22 é&");
    assert!(server.got()[0].head.contains(&format!("authorization: Basic {expected}")), "{:?}", server.got());

    let server = Server::start(|_, _| Reply::Plain(401, "", format!("wrong: {PASSWORD}").into_bytes()));
    let client = wmshost_http::open("cloud", &server.service(basic())).expect("a client");
    for stream in ["a", "b", "c"] {
        let failure = get(&mut client.session(stream), "a").err().expect("refused");
        assert_eq!((failure.kind, server.got().len()), (FailureKind::InvalidConfig, 1), "{stream}: {failure}");
        assert!(
            failure.to_string().contains("refused with 401") && !failure.to_string().contains(PASSWORD),
            "{failure}"
        );
    }
}

#[test]
fn credentials_that_were_right_before_are_sent_once_more() {
    let server = Server::start(|_, number| if number == 1 { Reply::status(401, "") } else { Reply::json("{}") });
    let mut session = session(&server.service(basic()));
    for _ in 0..2 {
        get(&mut session, "a").map(drop).expect("a response");
    }
    assert_eq!(server.got().len(), 3);
}

#[test]
fn one_token_serves_all_streams() {
    let (tokens, server) = (issuer(3_600), accepts("token-0"));
    let client = wmshost_http::open("cloud", &server.service(oauth(&tokens, Grant::ClientCredentials, false)));
    let client = client.expect("a client");
    std::thread::scope(|scope| {
        for stream in ["a", "b", "c", "d"] {
            let mut session = client.session(stream);
            scope.spawn(move || get(&mut session, "a").map(drop).expect("a response"));
        }
    });
    let asked = tokens.got();
    assert_eq!((asked.len(), server.got().len()), (1, 4));
    let Got { method, path, head, body } = &asked[0];
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/oauth2/v1/token"));
    assert_eq!(body, "grant_type=client_credentials&scope=urn%3Awms%3Aread");
    let client = base64("the%20client:client%3Asecret%2F33");
    assert!(head.contains(&format!("authorization: Basic {client}")), "{head}");
    assert!(head.contains("x-user-identity-domain-name: idcs-1"), "{head}");
}

#[test]
fn every_grant_is_sent_as_its_form() {
    let user = || User { name: "a b".to_owned(), password: Secret::new(PASSWORD) };
    for (grant, in_form, expected) in [
        (
            Grant::Password(user()),
            false,
            "grant_type=password&username=a%20b&password=hunter-22%20%C3%A9%26&scope=urn%3Awms%3Aread",
        ),
        (
            Grant::RefreshToken(Secret::new("r/1")),
            false,
            "grant_type=refresh_token&refresh_token=r%2F1&scope=urn%3Awms%3Aread",
        ),
        (
            Grant::ClientCredentials,
            true,
            "grant_type=client_credentials&scope=urn%3Awms%3Aread&client_id=the%20client&client_secret=client%3Asecret%2F33",
        ),
    ] {
        let (tokens, server) = (issuer(3_600), accepts("token-0"));
        get(&mut session(&server.service(oauth(&tokens, grant, in_form))), "a").map(drop).expect("a response");
        let asked = &tokens.got()[0];
        assert_eq!(asked.body, expected);
        assert_eq!(asked.head.contains("authorization:"), !in_form, "{}", asked.head);
    }
}

#[test]
fn a_token_is_renewed_before_its_end_and_once_after_a_401() {
    let (tokens, server) = (issuer(0), Server::start(|_, _| Reply::json("{}")));
    let mut short = session(&server.service(oauth(&tokens, Grant::ClientCredentials, false)));
    for _ in 0..2 {
        get(&mut short, "a").map(drop).expect("a response");
    }
    assert_eq!(tokens.got().len(), 2, "a token without life is used once");

    let (tokens, server) = (issuer(3_600), accepts("token-1"));
    let mut session_ = session(&server.service(oauth(&tokens, Grant::ClientCredentials, false)));
    get(&mut session_, "a").map(drop).expect("by the second token");
    assert_eq!((tokens.got().len(), server.got().len()), (2, 2));

    let (tokens, server) = (issuer(3_600), accepts("none"));
    let client = wmshost_http::open("cloud", &server.service(oauth(&tokens, Grant::ClientCredentials, false)));
    let client = client.expect("a client");
    for stream in ["a", "b"] {
        let failure = get(&mut client.session(stream), "a").err().expect("refused");
        assert_eq!(
            (failure.kind, tokens.got().len(), server.got().len()),
            (FailureKind::InvalidConfig, 2, 2),
            "{failure}"
        );
    }
}

#[test]
fn a_token_server_that_is_away_is_tried_again_and_one_that_refuses_is_not() {
    let away = Server::start(|_, number| match number {
        0 => Reply::status(503, "retry-after: 0\r\n"),
        1 => Reply::json("{}"),
        _ => Reply::json(r#"{"access_token": "token-2", "expires_in": "3600"}"#),
    });
    let server = accepts("token-2");
    get(&mut session(&server.service(oauth(&away, Grant::ClientCredentials, false))), "a")
        .map(drop)
        .expect("a response");
    assert_eq!(away.got().len(), 3);

    let refuses = Server::start(|_, _| {
        Reply::Plain(400, "", format!(r#"{{"error": "invalid_client", "secret": "{CLIENT_SECRET}"}}"#).into_bytes())
    });
    let client = wmshost_http::open("cloud", &server.service(oauth(&refuses, Grant::ClientCredentials, false)));
    let client = client.expect("a client");
    for stream in ["a", "b"] {
        let failure = get(&mut client.session(stream), "a").err().expect("refused");
        assert_eq!((failure.kind, refuses.got().len()), (FailureKind::InvalidConfig, 1), "{failure}");
        let said = failure.to_string();
        assert!(said.contains("invalid_client") && !said.contains(CLIENT_SECRET), "{said}");
    }
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_call_is_logged_and_no_secret_is() {
    let tokens = issuer(3_600);
    let server = Server::start(|got, number| match number {
        0 => Reply::Plain(503, "retry-after: 0\r\n", format!("{} {}", got.head, got.path).into_bytes()),
        1 => Reply::json("{}"),
        _ => Reply::Plain(403, "", got.head.clone().into_bytes()),
    });
    let user = User { name: "reader".to_owned(), password: Secret::new(PASSWORD) };
    let service = server.service(oauth(&tokens, Grant::Password(user), true));
    let log = Log::default();
    let written = log.clone();
    let logger = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || written.clone());
    let mut said = format!("{service:?} {service}");
    tracing::subscriber::with_default(logger.finish(), || {
        let mut session = session(&service);
        let parameters =
            vec![("api_token".to_owned(), "parameter-44".to_owned()), ("id__gt".to_owned(), "7".to_owned())];
        let request = ServiceRequest { is_head: false, path: "entity/item/".to_owned(), parameters };
        session.send(&request, &Cancel::default()).map(drop).expect("a response");
        let failure = session.send(&request, &Cancel::default()).err().expect("forbidden");
        assert_eq!(failure.kind, FailureKind::InvalidConfig);
        said.push_str(&failure.to_string());
    });
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("a text");
    for words in
        ["method=\"GET\"", "path=entity/item/?api_token=…&id__gt=7", "status=503", "status=200", "ms=", "stream="]
    {
        let plain = log.replace('"', "");
        assert!(plain.contains(&words.replace('"', "")), "{words} is not in {log}");
    }
    for secret in [PASSWORD, CLIENT_SECRET, "token-0", "parameter-44", "hunter"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
        assert!(!said.contains(secret), "{secret} is in {said}");
    }
}

#[test]
fn a_name_for_a_token_that_breaks_a_header_is_refused() {
    let tokens = Server::start(|_, _| Reply::json(r#"{"access_token": "a\r\nx: y"}"#));
    let server = Server::start(|_, _| Reply::json("{}"));
    let failure = get(&mut session(&server.service(oauth(&tokens, Grant::ClientCredentials, false))), "a");
    assert_eq!((failure.err().expect("refused").kind, server.got().len()), (FailureKind::Permanent, 0));
    let unused: WebService = server.service(SignIn::None);
    assert!(unused.secrets().is_empty());
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

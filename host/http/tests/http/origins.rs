//! Addresses that requests and responses try to lead to: every request arrives at the granted origin, or nowhere.

use wmshost_flow::{FailureKind, ServiceRequest};
use wmshost_pipeline::{SignIn, WebAddress, WebService};

use crate::server::{Reply, Server, get, session};

#[test]
fn no_path_of_a_plugin_leaves_the_base_address() {
    let evil = Server::start(|_, _| Reply::json("{}"));
    let server = Server::start(|_, _| Reply::json("{}"));
    let mut session = server.session();
    let host = evil.address.strip_prefix("http://").expect("an address").to_owned();
    for path in [
        evil.address.clone(),
        format!("//{host}/x"),
        format!("/\\{host}"),
        format!("@{host}/x"),
        format!("x@{host}"),
        "../x".to_owned(),
        "a/../../x".to_owned(),
        "/x".to_owned(),
        "%2e%2e/x".to_owned(),
        "a%2f..%2f..".to_owned(),
        "..%5cx".to_owned(),
        "a?b=c".to_owned(),
        "a#b".to_owned(),
        "a\r\nx: y".to_owned(),
        "a//b".to_owned(),
        String::new(),
        "．．/x".to_owned(),
        "a;b".to_owned(),
    ] {
        let failure = get(&mut session, &path).err().expect(&path);
        assert_eq!(failure.kind, FailureKind::Denied, "{path}: {failure}");
    }
    assert_eq!((server.got().len(), evil.got().len()), (0, 0));
    let request = ServiceRequest {
        is_head: false,
        path: "a".to_owned(),
        parameters: vec![("x".to_owned(), format!(" HTTP/1.1\r\nhost: {host}\r\n\r\nGET {}", evil.address))],
    };
    session.send(&request, &wmshost_flow::Cancel::default()).map(drop).expect("an encoded value");
    let got = server.got();
    assert!(got[0].path.starts_with("/env/a?x=%20HTTP%2F1.1%0D%0Ahost%3A"), "{got:?}");
    assert_eq!((got.len(), evil.got().len()), (1, 0));
}

#[test]
fn no_redirect_is_followed() {
    let evil = Server::start(|_, _| Reply::json("{}"));
    for (status, to) in [
        (301, format!("{}/x", evil.address)),
        (302, "http://169.254.169.254/latest/meta-data/".to_owned()),
        (303, "/env/other".to_owned()),
        (307, format!("{}/x", evil.address)),
        (308, "//evil.example/x?token=hidden".to_owned()),
    ] {
        let headers: &'static str = Box::leak(format!("location: {to}\r\n").into_boxed_str());
        let server = Server::start(move |_, _| Reply::status(status, headers));
        let failure = get(&mut server.session(), "a").err().expect("a redirect");
        assert_eq!((failure.kind, server.got().len()), (FailureKind::Permanent, 1), "{status}: {failure}");
        let said = failure.to_string();
        assert!(said.contains(&format!("answered {status}")) && said.contains("not followed"), "{said}");
        assert!(!said.contains("hidden") && !said.contains("meta-data"), "{said}");
    }
    assert_eq!(evil.got().len(), 0);
}

#[test]
fn private_addresses_need_a_grant() {
    let server = Server::start(|_, _| Reply::json("{}"));
    let granted = server.service(SignIn::None);
    let refused = WebService { allow_private: false, ..granted.clone() };
    let failure = wmshost_http::open("cloud", &refused).err().expect("a literal address");
    assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
    // A name is resolved first: it is refused by the address that it has.
    let port = granted.base.port;
    let base = WebAddress::parse(&format!("http://localhost:{port}/env")).expect("an address");
    let named = WebService { base: base.clone(), ..refused };
    let failure = get(&mut session(&named), "a").err().expect("a name of this machine");
    assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
    assert!(failure.to_string().contains("allow_private = true"), "{failure}");
    assert_eq!(server.got().len(), 0);
    get(&mut session(&WebService { base, ..granted.clone() }), "a").map(drop).expect("granted");
    for address in
        ["http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::ffff:169.254.169.254]/"]
    {
        let base = WebAddress::parse(address).expect("an address");
        let failure = wmshost_http::open("cloud", &WebService { base, ..granted.clone() }).err().expect(address);
        assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
    }
}

#[test]
fn a_proxy_is_used_if_the_pipeline_names_one() {
    let proxy = Server::start(|_, _| Reply::json("{}"));
    let base = WebAddress::parse("http://wms.invalid/env").expect("an address");
    let address = WebAddress::parse(&proxy.address).expect("an address");
    let service = WebService {
        proxy: Some(wmshost_pipeline::Proxy { address, username: None, password: None }),
        request_retries: 0,
        ..WebService::new(base, SignIn::None)
    };
    let _ = get(&mut session(&service), "a");
    let got = proxy.got();
    assert!(got.first().is_some_and(|got| got.method == "CONNECT" && got.path == "wms.invalid:80"), "{got:?}");
}

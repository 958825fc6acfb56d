//! The settings of an Oracle server are those of pipeline files; this module has the driver's use of them.

pub use wmshost_pipeline::Secret;
pub use wmshost_pipeline::oracle::{
    Address, BareNumber, ClientKind, Protocol, Server, Service, Settings, Snapshot, Tags, Trust,
};

/// The number of statements that a connection keeps open.
pub(crate) const STATEMENTS: usize = 40;

/// The text that the driver connects with. Names that could close a bracket were refused before.
pub(crate) fn connect_text(settings: &Settings) -> String {
    let (host, port, service, protocol) = match &settings.address {
        Address::Descriptor(text) => return text.clone(),
        Address::Alias { name, .. } => return name.clone(),
        Address::Host { host, port, service, protocol } => (host, port, service, protocol),
    };
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Tcps => "tcps",
    };
    let service = match service {
        Service::Name(name) => format!("(SERVICE_NAME={name})"),
        Service::Sid(sid) => format!("(SID={sid})"),
    };
    let server = match &settings.server {
        Server::Dedicated => "(SERVER=DEDICATED)".to_owned(),
        Server::Pooled { class } => format!("(SERVER=POOLED)(POOL_CONNECTION_CLASS={class})"),
    };
    format!(
        "(DESCRIPTION=(SDU={})(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))(CONNECT_DATA={service}{server}))",
        settings.sdu
    )
}

/// The reason why these settings cannot be used at all; `None` if they can.
pub(crate) fn violation(settings: &Settings) -> Option<String> {
    if let Address::Host { host, service: Service::Name(name) | Service::Sid(name), .. } = &settings.address {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:$#".contains(&byte));
        if host.is_empty() || !plain(host) {
            return Some("the host's name has characters that are not allowed".to_owned());
        }
        if name.is_empty() || !plain(name) {
            return Some("the service's name has characters that are not allowed".to_owned());
        }
    }
    if let Server::Pooled { class } = &settings.server
        && !class.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    {
        return Some("the connection class may have letters, digits, `-` and `_` only".to_owned());
    }
    if settings.user.is_empty() || settings.password.reveal().is_empty() {
        return Some("user or password is empty".to_owned());
    }
    if settings.client == ClientKind::Thin && settings.user.contains(['[', ']']) {
        return Some(
            "the thin client cannot log in as a proxy user: log in as the user in the brackets itself, or use the client \
             \"oci\""
                .to_owned(),
        );
    }
    if settings.trust.ca_file.is_some() && settings.trust.wallet.is_some() {
        return Some(
            "both a CA file and a wallet are set; put the authority's certificate into the wallet's ewallet.pem"
                .to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, service: Service) -> Settings {
        let address = Address::Host { host: host.into(), port: 1521, service, protocol: Protocol::Tcps };
        Settings::new(address, "etl", Secret::new("hidden-word"))
    }

    #[test]
    fn a_descriptor_is_made_of_settings() {
        let mut settings = settings("db.example", Service::Sid("WMS".into()));
        settings.server = Server::Pooled { class: "ETL".into() };
        assert_eq!(
            connect_text(&settings),
            "(DESCRIPTION=(SDU=65535)(ADDRESS=(PROTOCOL=tcps)(HOST=db.example)(PORT=1521))\
             (CONNECT_DATA=(SID=WMS)(SERVER=POOLED)(POOL_CONNECTION_CLASS=ETL)))"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_bracket() {
        for (host, service) in [("a)(HOST=b", "x"), ("a", "x)(SERVER=y"), ("", "x"), ("a b", "x"), ("a", "")] {
            assert!(violation(&settings(host, Service::Name(service.into()))).is_some(), "{host} {service}");
        }
        assert_eq!(violation(&settings("a.b-c", Service::Name("svc.domain".into()))), None);
    }

    #[test]
    fn a_proxy_user_is_refused_where_the_client_would_ignore_it() {
        let mut settings = settings("a", Service::Name("b".into()));
        settings.user = "etl[WMS]".into();
        assert!(violation(&settings).is_some_and(|why| why.contains("proxy user")));
        settings.client = ClientKind::Oci;
        assert_eq!(violation(&settings), None);
    }

    #[test]
    fn no_secret_is_shown() {
        let mut settings = settings("a", Service::Name("b".into()));
        settings.trust.wallet_password = Some(Secret::new("hidden-too"));
        assert!(!format!("{settings:?}").contains("hidden"));
    }
}

//! A web service as it is opened: the settings that pipeline files have and that the client takes. No secret is shown,
//! not by `{:?}` either.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::key_type::Key;
use crate::keys::connection as keys;
use crate::secret::Secret;
use crate::web_address::WebAddress;

/// A web service: its address, the credentials, certificates, and limits.
#[derive(Debug, Clone)]
pub struct WebService {
    /// The address that all requests begin with.
    pub base: WebAddress,
    /// The way to sign in.
    pub sign_in: SignIn,
    /// A file of certificates of authorities to trust instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The proxy that all connections go through.
    pub proxy: Option<Proxy>,
    /// True if the service may be at an address of a private network or of this machine.
    pub allow_private: bool,
    /// The time limit of finding the host's address and connecting.
    pub connect_timeout: Duration,
    /// The time limit from the request to the end of the response's headers.
    pub response_timeout: Duration,
    /// The time limit of reading a body.
    pub body_timeout: Duration,
    /// The largest headers of a response, in bytes.
    pub header_bytes: usize,
    /// The largest body of a response, in bytes, both as it is received and unpacked.
    pub body_bytes: usize,
    /// The most requests per second of all streams together.
    pub requests_per_second: u32,
    /// The most requests at a time of all streams together.
    pub concurrent_requests: u32,
    /// The number of further tries of one request.
    pub request_retries: u32,
    /// The number of further tries of all requests of a run together.
    pub retry_budget: u32,
    /// The longest pause that the service may ask for.
    pub longest_pause: Duration,
}

impl WebService {
    /// A service with the defaults of pipeline files.
    pub fn new(base: WebAddress, sign_in: SignIn) -> Self {
        let seconds = |key: &Key| Duration::from_secs(key.default_number());
        let count = |key: &Key| u32::try_from(key.default_number()).unwrap_or(u32::MAX);
        Self {
            base,
            sign_in,
            ca_file: None,
            proxy: None,
            allow_private: false,
            connect_timeout: seconds(&keys::CONNECT_TIMEOUT),
            response_timeout: seconds(&keys::RESPONSE_TIMEOUT),
            body_timeout: seconds(&keys::BODY_TIMEOUT),
            header_bytes: (count(&keys::HEADER_KIB) as usize) << 10,
            body_bytes: (count(&keys::BODY_MIB) as usize) << 20,
            requests_per_second: count(&keys::REQUESTS_PER_SECOND),
            concurrent_requests: count(&keys::CONCURRENT_REQUESTS),
            request_retries: count(&keys::REQUEST_RETRIES),
            retry_budget: count(&keys::RETRY_BUDGET),
            longest_pause: seconds(&keys::LONGEST_PAUSE),
        }
    }

    /// All secrets, to be kept out of texts of the service.
    pub fn secrets(&self) -> Vec<&Secret> {
        let of_proxy = self.proxy.iter().filter_map(|proxy| proxy.password.as_ref());
        let of_sign_in = match &self.sign_in {
            SignIn::None => Vec::new(),
            SignIn::Basic(User { password, .. }) => vec![password],
            SignIn::OAuth(client) => {
                let grant = match &client.grant {
                    Grant::ClientCredentials => None,
                    Grant::Password(user) => Some(&user.password),
                    Grant::RefreshToken(token) => Some(token),
                };
                [&client.secret].into_iter().chain(grant).collect()
            }
        };
        of_sign_in.into_iter().chain(of_proxy).collect()
    }
}

/// Writes the address for people, without secrets.
impl fmt::Display for WebService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http {} ({})", self.base, self.sign_in.name())
    }
}

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address.
    pub address: WebAddress,
    /// The user to sign in as.
    pub username: Option<String>,
    /// That user's password.
    pub password: Option<Secret>,
}

/// The way to sign in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// None.
    None,
    /// HTTP Basic.
    Basic(User),
    /// OAuth 2.0.
    OAuth(OAuthClient),
}

impl SignIn {
    /// The address that tokens are asked of, if there are tokens.
    pub fn token_address(&self) -> Option<&WebAddress> {
        if let Self::OAuth(client) = self { Some(&client.token_address) } else { None }
    }

    /// Its name in pipeline files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic(_) => "basic",
            Self::OAuth(client) => match client.grant {
                Grant::ClientCredentials => "client_credentials",
                Grant::Password(_) => "password",
                Grant::RefreshToken(_) => "refresh_token",
            },
        }
    }
}

/// A user with a password.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// A client of OAuth 2.0.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// The address that tokens are asked of.
    pub token_address: WebAddress,
    /// The client's id.
    pub id: String,
    /// The client's secret.
    pub secret: Secret,
    /// True if id and secret are sent in the form instead of a header.
    pub is_in_form: bool,
    /// The grant.
    pub grant: Grant,
    /// The scope to ask for.
    pub scope: Option<String>,
    /// The identity domain of an older Oracle identity service.
    pub identity_domain: Option<String>,
}

/// The grant with which a token is asked for.
#[derive(Debug, Clone)]
pub enum Grant {
    /// The client's own credentials.
    ClientCredentials,
    /// A user's password.
    Password(User),
    /// A token that is good for others.
    RefreshToken(Secret),
}

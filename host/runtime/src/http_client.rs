//! The client for addresses that events are sent to: lineage and alerts.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::TlsConfig;

/// A client with a time limit for each call. It follows no redirect: what is sent is meant for one address.
pub(crate) fn client(timeout: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
    let config = Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).max_redirects(0);
    config.tls_config(tls).build().new_agent()
}

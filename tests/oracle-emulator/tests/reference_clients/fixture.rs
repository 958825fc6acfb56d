//! The one emulator of these tests, and the reason why they are skipped where it cannot start.

use std::sync::LazyLock;

use wmshost_oracle_emulator::{Account, AccountState, Emulator, Options, Release, Transport, Verifier};

static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| {
    let account = |name: &str| Account::new(name, &name.to_lowercase());
    let options = Options::default()
        .account(account("LOCKED").state(AccountState::Locked))
        .account(account("EXPIRED").state(AccountState::Expired))
        .account(account("VETERAN").verifier(Verifier::V11))
        .account(account("READER").read_only().without_catalogue())
        .account(account("NATIVE"))
        .account(account("FAULTS"))
        .account(account("COST"))
        .account(account("GARBLED"));
    Emulator::start(options).expect("an emulator")
});

/// The emulator, or `None` where a test is skipped because this machine lacks something.
pub(crate) fn emulator() -> Option<&'static Emulator> {
    match Emulator::missing() {
        Some(missing) => left_out(missing),
        None => Some(&EMULATOR),
    }
}

/// Reports that a test is skipped, and fails where it must not be.
pub(crate) fn left_out<T>(missing: &str) -> Option<T> {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}: run tests/oracle-emulator/setup.sh");
    eprintln!("LEFT OUT: {missing}; tests/oracle-emulator/setup.sh installs it");
    None
}

/// All combinations of release and transport.
pub(crate) fn ways() -> Vec<(Release, Transport)> {
    let ways = Release::ALL.into_iter().flat_map(|release| Transport::ALL.map(|transport| (release, transport)));
    ways.collect()
}

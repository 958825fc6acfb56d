//! The tokens of a server, and what they allow. A browser sends none that a page did not set, so that a page of another site
//! can neither read nor order; and another user of the machine has none.

use super::exchange::{Refusal, Request};

/// The right that a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// None: the reply has names and numbers only.
    Open,
    /// Reading what the host keeps for the owner of its folder, such as logs and failures.
    Read,
    /// Giving orders.
    Operate,
}

/// The tokens of a server.
#[derive(Default)]
pub(crate) struct Tokens {
    /// The token for reading; `None` if only that for orders reads.
    pub(crate) read: Option<String>,
    /// The token for orders, which reads, too; `None` if none are taken.
    pub(crate) operate: Option<String>,
}

impl Tokens {
    /// Refuses a request that has not the right.
    pub(super) fn allow(&self, access: Access, request: &Request) -> Result<(), Refusal> {
        let (tokens, without, other) = match access {
            Access::Open => return Ok(()),
            Access::Read => (
                [&self.read, &self.operate],
                "this server shows nothing below /api/v1, which any user of the machine could read; start it with \
                 --read-token or --operate-token",
                "the token is neither that of --read-token nor that of --operate-token",
            ),
            Access::Operate => (
                [&self.operate, &None],
                "this server takes no orders; start it with --operate-token",
                "the token is not that of --operate-token",
            ),
        };
        let tokens: Vec<&String> = tokens.into_iter().flatten().collect();
        match &request.token {
            _ if tokens.is_empty() => Err(Refusal(403, without.to_owned())),
            Some(given) if tokens.iter().any(|token| is_same(given, token)) => Ok(()),
            Some(_) => Err(Refusal(401, other.to_owned())),
            None => Err(Refusal(401, "this request needs the header `Authorization: Bearer TOKEN`".to_owned())),
        }
    }

    /// The right of those who have this token; `None` if it is none of this server's.
    pub(super) fn right(&self, given: &str) -> Option<Access> {
        let is = |token: &Option<String>| token.as_ref().is_some_and(|token| is_same(given, token));
        match (is(&self.operate), is(&self.read)) {
            (true, _) => Some(Access::Operate),
            (_, true) => Some(Access::Read),
            _ => None,
        }
    }

    /// True if there is a token to sign in with.
    pub(super) fn are_any(&self) -> bool {
        self.read.is_some() || self.operate.is_some()
    }
}

/// Compares secrets in a time that does not depend on where they differ.
pub(super) fn is_same(given: &str, token: &str) -> bool {
    let differing = given.bytes().zip(token.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
    given.len() == token.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_or_it_is_not() {
        assert!(is_same("secret", "secret"));
        for other in ["", "secre", "secrets", "Secret", "secreu"] {
            assert!(!is_same(other, "secret"), "{other}");
        }
    }

    #[test]
    fn each_token_allows_its_own_and_the_one_for_orders_reads_too() {
        let status = |tokens: &Tokens, access, token: Option<&str>| {
            let request = Request { token: token.map(str::to_owned), ..Request::default() };
            tokens.allow(access, &request).err().map_or(200, |refusal| refusal.0)
        };
        let both = Tokens { read: Some("reader".to_owned()), operate: Some("operator".to_owned()) };
        let read_only = Tokens { read: Some("reader".to_owned()), operate: None };
        for (tokens, access, token, expected) in [
            (&Tokens::default(), Access::Open, None, 200),
            (&Tokens::default(), Access::Read, None, 403),
            (&Tokens::default(), Access::Read, Some(""), 403),
            (&Tokens::default(), Access::Operate, Some("operator"), 403),
            (&read_only, Access::Read, Some("reader"), 200),
            (&read_only, Access::Operate, Some("reader"), 403),
            (&both, Access::Read, None, 401),
            (&both, Access::Read, Some("other"), 401),
            (&both, Access::Read, Some("reader"), 200),
            (&both, Access::Read, Some("operator"), 200),
            (&both, Access::Operate, Some("reader"), 401),
            (&both, Access::Operate, Some("operator"), 200),
        ] {
            assert_eq!(status(tokens, access, token), expected, "{access:?} {token:?}");
        }
    }
}

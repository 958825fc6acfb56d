//! A route: what it takes, what it returns and what answers it.

use schemars::{Schema, SchemaGenerator};

use super::Site;
use super::access::Access;
use super::exchange::{Call, Refusal, Reply};

/// The form of a reply.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// JSON of a type.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Text of a media type.
    Text(&'static str),
}

/// A route.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// Its path; a part in braces is a name that the caller chooses.
    pub(super) path: &'static str,
    /// Its name for programs.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// The parameters after `?`, each with its meaning.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The status of a reply that is no refusal.
    pub(super) status: u16,
    pub(super) form: Form,
    pub(super) handle: fn(&Site, &Call<'_>) -> Result<Reply, Refusal>,
}

impl Route {
    /// The right that it needs: what is no GET is an order, and all that the host keeps is below `/api/v1`.
    pub(super) fn access(&self) -> Access {
        match self.method {
            "GET" if self.path.starts_with("/api/v1/") => Access::Read,
            "GET" => Access::Open,
            _ => Access::Operate,
        }
    }
}

/// Returns the names in a path of this form; `None` if it has another form. Names have letters, digits, `-` and `_` only.
pub(super) fn names<'a>(form: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut form, mut path, mut names) = (form.split('/'), path.split('/'), Vec::new());
    loop {
        match (form.next(), path.next()) {
            (None, None) => return Some(names),
            (Some(part), Some(name)) if part.starts_with('{') => {
                let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
                names.push(Some(name).filter(|name| !name.is_empty() && name.bytes().all(is_name))?);
            }
            (Some(part), Some(found)) if part == found => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_names_where_its_form_has_braces_and_nothing_that_leads_elsewhere() {
        let form = "/api/v1/runs/{run}/log";
        assert_eq!(names(form, "/api/v1/runs/20261129-17/log"), Some(vec!["20261129-17"]));
        for path in
            ["/api/v1/runs//log", "/api/v1/runs/../log", "/api/v1/runs/%2e%2e/log", "/api/v1/runs/a/log/", "/api"]
        {
            assert_eq!(names(form, path), None, "{path}");
        }
    }
}

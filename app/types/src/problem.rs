//! The one error a caller sees, in the shape of RFC 9457 (`application/problem+json`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, what was expected, and which fields it concerns.
///
/// Source: RFC 9457, "Problem Details for HTTP APIs". `kind` is its `type` member, as a relative
/// reference (`/problems/<kind>`); `errors` is an extension member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// HTTP status code.
    pub status: u16,
    /// One or two sentences for the person who has to act on it.
    pub detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A complaint about one field of a form, under the field's own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl Problem {
    fn new(kind: &str, status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// 400: the request could not be read at all.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            "malformed-request",
            400,
            "The request could not be read",
            detail,
        )
    }

    /// 401: nobody is signed in where somebody must be.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new("not-signed-in", 401, "Sign in first", detail)
    }

    /// 403: the request came from where it must not come from.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new("forbidden", 403, "Not allowed", detail)
    }

    /// 404: no such thing, or not yours; the two look the same on purpose.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new("not-found", 404, "Not found", detail)
    }

    /// 409: the request is fine but the world has moved; `kind` says how.
    pub fn conflict(kind: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(kind, 409, title, detail)
    }

    /// 422: the fields were read and some are not acceptable.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|e| e.message.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        Self {
            errors,
            ..Self::new(
                "invalid-fields",
                422,
                "Please check what you entered",
                detail,
            )
        }
    }

    /// 422 about a single field.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    /// 429: too many tries.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new("too-many-requests", 429, "Too many tries", detail)
    }

    /// 500: our fault. The detail never carries an internal message; that goes to the log.
    pub fn internal() -> Self {
        let detail = "Something broke on our side. Nothing was lost; please try again.";
        Self::new("internal", 500, "Something went wrong", detail)
    }

    /// 503: cannot take more work right now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new("unavailable", 503, "Busy right now", detail)
    }

    /// 503 as the browser sees it: nobody answered.
    pub fn no_connection() -> Self {
        let detail = "The shop cannot be reached. Check your connection and try again.";
        Self::new("no-connection", 503, "No connection", detail)
    }

    /// The same with complaints about fields.
    pub fn about(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Whether this is the problem called `kind`.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.strip_prefix("/problems/") == Some(kind)
    }

    /// The complaint about `field`, if there is one.
    pub fn field(&self, field: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|e| e.field == field)
            .map(|e| e.message.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}

//! What every answer carries and every change must prove: response headers after OWASP ASVS, the
//! content security policy, and the check against requests from other sites.

use api_types::{CSRF_HEADER, CSRF_HEADER_VALUE};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::HttpProblem;

/// Headers that are the same on every answer.
const FIXED: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(self), payment=(), usb=(), browsing-topics=()",
    ),
];

/// The policy of everything that is not the page itself.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The policy of a page whose scripts carry `nonce`. Nothing is ever loaded from another host.
#[must_use]
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
         frame-ancestors 'none'"
    )
}

/// Adds the headers that are missing. Answers are not stored anywhere unless they say otherwise.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    set_default(headers, &header::CONTENT_SECURITY_POLICY, API_POLICY);
    set_default(headers, &header::CACHE_CONTROL, "no-store");
    response
}

/// Tells browsers to come back over HTTPS only; sensible only when the gateway is behind TLS.
pub async fn strict_transport(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    set_default(
        response.headers_mut(),
        &header::STRICT_TRANSPORT_SECURITY,
        "max-age=31536000; includeSubDomains",
    );
    response
}

fn set_default(headers: &mut HeaderMap, name: &HeaderName, value: &'static str) {
    if !headers.contains_key(name) {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

/// Lets a change through only from our own pages.
pub async fn same_site(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_site(request.method(), request.headers()) {
        next.run(request).await
    } else {
        HttpProblem::cross_site().into_response()
    }
}

fn is_same_site(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let marked = text(CSRF_HEADER) == Some(CSRF_HEADER_VALUE);
    let fetched_here = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
    let origin_matches = match (text("origin"), text("host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority == host),
        (Some(_), None) => false,
    };
    !method.is_safe() && marked && fetched_here && origin_matches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_the_header_and_our_own_origin() {
        let base = [
            ("host", "detox.test"),
            ("x-requested-with", "digital-detox"),
        ];
        let cases: [(&[(&str, &str)], bool); 6] = [
            (&[], true),
            (
                &[
                    ("origin", "https://detox.test"),
                    ("sec-fetch-site", "same-origin"),
                ],
                true,
            ),
            (&[("origin", "https://evil.test")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("x-requested-with", "XMLHttpRequest")], false),
        ];
        for (extra, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in base.iter().chain(extra) {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(is_same_site(&Method::POST, &headers), expected, "{extra:?}");
        }
    }
}

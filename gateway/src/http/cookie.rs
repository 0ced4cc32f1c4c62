//! The session cookie: 256 random bits that only the browser keeps. The store derives from them by what it finds the
//! session and with what it opens its records, and keeps neither.

use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::HEXLOWER;

use crate::domain::session::{SECRET_BYTES, SessionSecret};

const PLAIN_NAME: &str = "detox_session";
const SECURE_NAME: &str = "__Host-detox_session";

/// The secret in a request's cookies; none when there is none or it was tampered with.
pub fn secret_from(headers: &HeaderMap, secure: bool) -> Option<SessionSecret> {
    let name = cookie_name(secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| HEXLOWER.decode(value.as_bytes()).ok())
        .and_then(|bytes| <[u8; SECRET_BYTES]>::try_from(bytes).ok())
        .map(SessionSecret::from_bytes)
}

/// The `Set-Cookie` value. Without `max_age_seconds` it ends with the browser's session.
pub fn set_cookie(
    secret: &SessionSecret,
    secure: bool,
    max_age_seconds: Option<i64>,
) -> Option<HeaderValue> {
    let max_age = max_age_seconds
        .map(|age| format!("; Max-Age={age}"))
        .unwrap_or_default();
    cookie(secure, &HEXLOWER.encode(secret.expose()), &max_age)
}

/// The `Set-Cookie` value that makes the browser forget the token.
pub fn clear_cookie(secure: bool) -> Option<HeaderValue> {
    cookie(secure, "", "; Max-Age=0")
}

fn cookie(secure: bool, value: &str, max_age: &str) -> Option<HeaderValue> {
    let name = cookie_name(secure);
    let secure_flag = if secure { "; Secure" } else { "" };
    HeaderValue::try_from(format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure_flag}{max_age}"
    ))
    .ok()
}

const fn cookie_name(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_token_survives_the_way_through_the_browser() {
        let secret = SessionSecret::generate();
        let set = set_cookie(&secret, true, Some(60)).unwrap();
        let sent = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let back = secret_from(&headers(&format!("a=b; {sent}")), true).unwrap();
        assert_eq!(back.expose(), secret.expose());
    }

    #[test]
    fn a_tampered_cookie_is_no_cookie() {
        for value in [
            "",
            "zz",
            &"g".repeat(64),
            &"é".repeat(32),
            &"a".repeat(65),
            "+1",
        ] {
            let found = secret_from(&headers_lossy(value), false);
            assert!(found.is_none(), "{value}");
        }
    }

    fn headers_lossy(value: &str) -> HeaderMap {
        let bytes = format!("{PLAIN_NAME}={value}").into_bytes();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(&bytes).unwrap())])
    }
}

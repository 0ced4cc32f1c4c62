//! The session cookie: 256 random bits that only the browser keeps. The store knows their SHA-256.

use axum::http::{HeaderMap, HeaderValue, header};
use rand::RngCore;
use sha2::{Digest, Sha256};

const PLAIN_NAME: &str = "detox_session";
const SECURE_NAME: &str = "__Host-detox_session";
const TOKEN_BYTES: usize = 32;

/// What opens a session.
pub struct SessionToken([u8; TOKEN_BYTES]);

impl SessionToken {
    /// A fresh one from the operating system's generator.
    pub fn generate() -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// SHA-256, which is what the store may know.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The token in a request's cookies; none when there is none or it was tampered with.
    pub fn from_headers(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let name = cookie_name(secure);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| decode_hex(value))
            .map(Self)
    }

    fn to_hex(&self) -> String {
        use std::fmt::Write;
        self.0
            .iter()
            .fold(String::with_capacity(2 * TOKEN_BYTES), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// The `Set-Cookie` value. Without `max_age_seconds` it ends with the browser's session.
    pub fn set_cookie(&self, secure: bool, max_age_seconds: Option<i64>) -> Option<HeaderValue> {
        let max_age = max_age_seconds
            .map(|age| format!("; Max-Age={age}"))
            .unwrap_or_default();
        cookie(secure, &self.to_hex(), &max_age)
    }
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

fn decode_hex(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != 2 * TOKEN_BYTES || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; TOKEN_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_token_survives_the_way_through_the_browser() {
        let token = SessionToken::generate();
        let set = token.set_cookie(true, Some(60)).unwrap();
        let sent = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let back = SessionToken::from_headers(&headers(&format!("a=b; {sent}")), true).unwrap();
        assert_eq!(back.hash(), token.hash());
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
            let found = SessionToken::from_headers(&headers_lossy(value), false);
            assert!(found.is_none(), "{value}");
        }
    }

    fn headers_lossy(value: &str) -> HeaderMap {
        let bytes = format!("{PLAIN_NAME}={value}").into_bytes();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(&bytes).unwrap())])
    }
}

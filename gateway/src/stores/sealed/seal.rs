//! The cryptography of the store: keys derived from a secret, the wrapped data key, sealed records. Comes in: secrets,
//! keys and bytes; goes out: bytes that open only in the place they were sealed for.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with random 192-bit nonces, HKDF-SHA256 (RFC 5869).

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use rand::RngCore;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::{
    ports::StoreError,
    session::{DataKey, SECRET_BYTES, SessionAccess, SessionId, SessionSecret},
};

/// Version of the sealed form. A record of another version does not open.
const SCHEMA_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// Bytes of the identifier by which a secret finds its row.
const LOOKUP_BYTES: usize = 32;
const LOOKUP_LABEL: &[u8] = b"digital-detox session lookup v1";
const WRAP_LABEL: &[u8] = b"digital-detox key wrap v1";

/// What a sealed record is, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The session's record at this revision.
    Session(i64),
    /// The entry of the conversation with this sequence number.
    Entry(i64),
    /// The wrapped data key.
    Key,
}

impl Place {
    /// Associated data: version, kind, session, position. Fixed widths, so that no two places share it.
    fn associated_data(self, id: SessionId) -> Vec<u8> {
        let (kind, position) = match self {
            Self::Session(revision) => (1_u8, revision),
            Self::Entry(sequence) => (2, sequence),
            Self::Key => (3, 0),
        };
        let mut data = vec![SCHEMA_VERSION, kind];
        data.extend_from_slice(id.as_bytes());
        data.extend_from_slice(&position.to_be_bytes());
        data
    }
}

/// The identifier by which a secret finds its row. It opens nothing and says nothing about the secret.
pub(super) fn lookup(secret: &SessionSecret) -> Result<Vec<u8>, StoreError> {
    let mut lookup = vec![0; LOOKUP_BYTES];
    derive(secret, None, LOOKUP_LABEL, &mut lookup)?;
    Ok(lookup)
}

/// The data key, wrapped so that only `secret` opens it.
pub(super) fn wrap_key(
    access: &SessionAccess,
    secret: &SessionSecret,
) -> Result<Vec<u8>, StoreError> {
    let key = wrapping_key(access.id, secret)?;
    encrypt(&key, access.id, Place::Key, access.key.expose())
}

/// The data key that was wrapped for `secret`.
pub(super) fn unwrap_key(
    id: SessionId,
    secret: &SessionSecret,
    wrapped: &[u8],
) -> Result<DataKey, StoreError> {
    let key = wrapping_key(id, secret)?;
    let opened = decrypt(&key, id, Place::Key, wrapped)?;
    let bytes = <[u8; SECRET_BYTES]>::try_from(opened.as_slice());
    bytes
        .map(DataKey::from_bytes)
        .map_err(|_| StoreError::Corrupt("data key"))
}

/// Seals a record for its place.
pub(super) fn seal(
    access: &SessionAccess,
    place: Place,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    encrypt(access.key.expose(), access.id, place, plain)
}

/// Opens a record that was sealed for this place.
pub(super) fn open(
    access: &SessionAccess,
    place: Place,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    decrypt(access.key.expose(), access.id, place, sealed)
}

fn wrapping_key(
    id: SessionId,
    secret: &SessionSecret,
) -> Result<Zeroizing<[u8; SECRET_BYTES]>, StoreError> {
    let mut key = Zeroizing::new([0; SECRET_BYTES]);
    derive(secret, Some(id.as_bytes()), WRAP_LABEL, key.as_mut())?;
    Ok(key)
}

fn derive(
    secret: &SessionSecret,
    salt: Option<&[u8]>,
    label: &[u8],
    output: &mut [u8],
) -> Result<(), StoreError> {
    Hkdf::<Sha256>::new(salt, secret.expose())
        .expand(label, output)
        .map_err(|_| StoreError::Corrupt("key length"))
}

fn encrypt(
    key: &[u8; SECRET_BYTES],
    id: SessionId,
    place: Place,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    let payload = Payload {
        msg: plain,
        aad: &place.associated_data(id),
    };
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| StoreError::Corrupt("record too large to seal"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(
    key: &[u8; SECRET_BYTES],
    id: SessionId,
    place: Place,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(StoreError::Corrupt("sealed record"))?;
    let payload = Payload {
        msg: sealed,
        aad: &place.associated_data(id),
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| StoreError::Corrupt("sealed record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_in_its_place_only() {
        let access = SessionAccess::generate();
        let other = SessionAccess {
            id: SessionAccess::generate().id,
            key: access.key.clone(),
        };
        let sealed = seal(&access, Place::Entry(7), b"words").unwrap();
        let opens = |access: &SessionAccess, place| open(access, place, &sealed).is_ok();
        assert!(opens(&access, Place::Entry(7)));
        assert!(!opens(&access, Place::Entry(8)), "another position");
        assert!(!opens(&access, Place::Session(7)), "another kind");
        assert!(!opens(&other, Place::Entry(7)), "another session");
        assert!(
            !opens(&SessionAccess::generate(), Place::Entry(7)),
            "another key"
        );
    }

    #[test]
    fn a_changed_or_cut_record_does_not_open() {
        let access = SessionAccess::generate();
        let sealed = seal(&access, Place::Session(0), b"words").unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(open(&access, Place::Session(0), &changed).is_err());
            assert!(open(&access, Place::Session(0), &sealed[..position]).is_err());
        }
    }

    #[test]
    fn the_data_key_opens_with_its_secret_and_in_its_session_only() {
        let access = SessionAccess::generate();
        let secret = SessionSecret::generate();
        let wrapped = wrap_key(&access, &secret).unwrap();
        let key = unwrap_key(access.id, &secret, &wrapped).unwrap();
        assert_eq!(key.expose(), access.key.expose());
        assert!(unwrap_key(access.id, &SessionSecret::generate(), &wrapped).is_err());
        assert!(unwrap_key(SessionAccess::generate().id, &secret, &wrapped).is_err());
    }

    #[test]
    fn the_lookup_is_stable_and_is_not_the_wrapping_key() {
        let secret = SessionSecret::from_bytes([7; SECRET_BYTES]);
        let found = lookup(&secret).unwrap();
        assert_eq!(found, lookup(&secret).unwrap());
        let key = wrapping_key(SessionAccess::generate().id, &secret).unwrap();
        assert_ne!(found.as_slice(), key.as_slice());
        assert_ne!(found, lookup(&SessionSecret::generate()).unwrap());
    }
}

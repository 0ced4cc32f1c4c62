//! The three files, read and checked before anything listens or connects.
//!
//! Comes in: paths with their flags; goes out: PEM text that tonic accepts. tonic itself checks late and skips
//! certificates that it cannot read, so that a wrong CA file would look like a peer with a wrong certificate.

use std::path::{Path, PathBuf};

use rustls::{
    Error, InconsistentKeys, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use tonic::transport::{Certificate, Identity};

use crate::error::PeerTlsError;

/// The flag of the CA.
pub(crate) const CA: &str = "--peer-tls-ca";
/// The flag of our certificate.
pub(crate) const CERT: &str = "--peer-tls-cert";
/// The flag of our private key.
pub(crate) const KEY: &str = "--peer-tls-key";

/// A file with the flag that named it.
pub(crate) struct PemFile {
    flag: &'static str,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl PemFile {
    /// Reads the file; what is in it is checked later.
    pub(crate) fn read(flag: &'static str, path: &Path) -> Result<Self, PeerTlsError> {
        let path = path.to_owned();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Self { flag, path, bytes }),
            Err(source) => Err(PeerTlsError::Unreadable { flag, path, source }),
        }
    }

    fn unusable(&self, problem: &'static str) -> PeerTlsError {
        PeerTlsError::Unusable {
            flag: self.flag,
            path: self.path.clone(),
            problem,
        }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, PeerTlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        match found {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            Ok(_) => Err(self.unusable("holds no certificate in PEM form")),
            Err(_) => Err(self.unusable("is not a complete PEM file")),
        }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, PeerTlsError> {
        PrivateKeyDer::from_pem_slice(&self.bytes)
            .map_err(|_| self.unusable("holds no private key in PEM form without a password"))
    }
}

/// Whom to trust and who we are. Holds the private key, hence no `Debug`.
pub(crate) struct Material {
    pub(crate) ca: Certificate,
    pub(crate) identity: Identity,
}

impl Material {
    /// Checks that each file holds what it should and that the key is the certificate's.
    pub(crate) fn check(ca: &PemFile, cert: &PemFile, key: &PemFile) -> Result<Self, PeerTlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in ca.certificates()? {
            roots
                .add(certificate)
                .map_err(|_| ca.unusable("holds a certificate that cannot be read"))?;
        }
        let chain = cert.certificates()?;
        match CertifiedKey::from_der(chain, key.private_key()?, &ring::default_provider()) {
            Ok(_) => Ok(Self {
                ca: Certificate::from_pem(&ca.bytes),
                identity: Identity::from_pem(&cert.bytes, &key.bytes),
            }),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(key.unusable("is not the key of the first certificate of --peer-tls-cert"))
            }
            Err(Error::InvalidCertificate(_)) => {
                Err(cert.unusable("holds a certificate that cannot be read"))
            }
            Err(_) => Err(key.unusable("holds a private key that is not RSA, ECDSA or Ed25519")),
        }
    }
}

//! The settings, the same for both ends: whom to trust, and who we are.
//!
//! Comes in: command line and environment; goes out: checked files as [`ClientTls`] or [`ServerTls`].

use std::path::PathBuf;

use clap::Args;

use crate::{
    error::PeerTlsError,
    install_crypto_provider,
    material::{CA, CERT, KEY, Material, PemFile},
    tls::{ClientTls, ServerTls},
};

/// Mutual TLS between the gateway and the services: all three or none.
#[derive(Debug, Clone, Default, Args)]
pub struct PeerTlsArgs {
    /// PEM file of the CA that certificates of our services come from. With it, and the two below, services
    /// talk to each other over mutual TLS only; without them, in plain HTTP/2.
    #[arg(long, env = "PEER_TLS_CA", value_name = "FILE", requires_all = ["peer_tls_cert", "peer_tls_key"])]
    pub peer_tls_ca: Option<PathBuf>,
    /// PEM file of this program's certificate, followed by those between it and the CA, if any.
    #[arg(long, env = "PEER_TLS_CERT", value_name = "FILE", requires_all = ["peer_tls_ca", "peer_tls_key"])]
    pub peer_tls_cert: Option<PathBuf>,
    /// PEM file of the private key of that certificate, without a password.
    #[arg(long, env = "PEER_TLS_KEY", value_name = "FILE", requires_all = ["peer_tls_ca", "peer_tls_cert"])]
    pub peer_tls_key: Option<PathBuf>,
}

impl PeerTlsArgs {
    /// What a caller needs, for [`crate::secure_endpoint`]; nothing without the settings.
    ///
    /// # Errors
    /// A setting or a file is missing, or a file cannot be used.
    pub fn client_config(&self) -> Result<Option<ClientTls>, PeerTlsError> {
        Ok(self.read()?.map(ClientTls::new))
    }

    /// What a service needs, for [`crate::secure_server`]; nothing without the settings.
    ///
    /// # Errors
    /// A setting or a file is missing, or a file cannot be used.
    pub fn server_config(&self) -> Result<Option<ServerTls>, PeerTlsError> {
        Ok(self.read()?.map(ServerTls::new))
    }

    fn read(&self) -> Result<Option<Material>, PeerTlsError> {
        match (&self.peer_tls_ca, &self.peer_tls_cert, &self.peer_tls_key) {
            (Some(ca), Some(cert), Some(key)) => {
                install_crypto_provider();
                let ca = PemFile::read(CA, ca)?;
                let cert = PemFile::read(CERT, cert)?;
                let key = PemFile::read(KEY, key)?;
                Material::check(&ca, &cert, &key).map(Some)
            }
            (None, None, None) => Ok(None),
            _ => Err(PeerTlsError::Incomplete),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        peer_tls: PeerTlsArgs,
    }

    #[test]
    fn without_the_settings_there_is_no_tls() {
        let args = Program::parse_from(["x"]).peer_tls;
        assert!(args.client_config().unwrap().is_none());
        assert!(args.server_config().unwrap().is_none());
    }

    #[test]
    fn the_command_line_takes_all_three_or_none() {
        let all = [
            "x",
            "--peer-tls-ca=a",
            "--peer-tls-cert=b",
            "--peer-tls-key=c",
        ];
        assert!(Program::try_parse_from(all).is_ok());
        for (given, missing) in [
            (&all[1..2], [CERT, KEY]),
            (&all[2..3], [CA, KEY]),
            (&all[3..4], [CA, CERT]),
        ] {
            let error = Program::try_parse_from([&all[..1], given].concat()).unwrap_err();
            for flag in missing {
                assert!(error.to_string().contains(flag), "{error}");
            }
        }
        for (given, missing) in [
            ([all[1], all[2]], KEY),
            ([all[1], all[3]], CERT),
            ([all[2], all[3]], CA),
        ] {
            let error = Program::try_parse_from([&all[..1], &given].concat()).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn settings_made_by_hand_are_all_three_or_none_too() {
        let args = PeerTlsArgs {
            peer_tls_ca: Some("ca.pem".into()),
            ..PeerTlsArgs::default()
        };
        assert!(matches!(
            args.client_config(),
            Err(PeerTlsError::Incomplete)
        ));
    }
}

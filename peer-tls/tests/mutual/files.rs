//! Files that cannot be used: one line each, with the flag and the file and nothing of what is in it.

use std::{fs, path::PathBuf};

use peer_tls::PeerTlsArgs;

use crate::support::{Authority, Role};

/// The error for a service with these settings, which is the same for the gateway.
fn error(settings: &PeerTlsArgs) -> String {
    let line = settings.server_config().unwrap_err().to_string();
    assert_eq!(line, settings.client_config().unwrap_err().to_string());
    assert!(!line.contains('\n'), "{line}");
    line
}

/// The path of a flag.
fn file<'a>(settings: &'a mut PeerTlsArgs, flag: &str) -> &'a mut PathBuf {
    match flag {
        "--peer-tls-ca" => settings.peer_tls_ca.as_mut(),
        "--peer-tls-cert" => settings.peer_tls_cert.as_mut(),
        _ => settings.peer_tls_key.as_mut(),
    }
    .unwrap()
}

const FLAGS: [&str; 3] = ["--peer-tls-ca", "--peer-tls-cert", "--peer-tls-key"];

#[test]
fn a_missing_file_is_named_with_its_flag() {
    let authority = Authority::new();
    for flag in FLAGS {
        let mut settings = authority.issue(Role::Service, "localhost");
        *file(&mut settings, flag) = PathBuf::from("/nowhere/file.pem");
        let line = error(&settings);
        assert!(
            line.starts_with(&format!("{flag} /nowhere/file.pem cannot be read: ")),
            "{line}"
        );
    }
}

#[test]
fn a_garbled_file_is_named_with_its_flag_and_nothing_of_it_is_shown() {
    let secret = "c2VjcmV0LWtleS1ieXRlcw";
    let bytes = format!("{:?}", secret.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    let authority = Authority::new();
    for flag in FLAGS {
        let label = if flag == "--peer-tls-key" {
            "PRIVATE KEY"
        } else {
            "CERTIFICATE"
        };
        for garbled in [
            String::new(),
            secret.to_owned(),
            // No end, a broken first line, a character outside of base64, and base64 of something else.
            format!("-----BEGIN {label}-----\n{secret}\n"),
            format!("-----BEGIN {secret}\n{secret}\n-----END {label}-----\n"),
            format!("-----BEGIN {label}-----\n{secret}*{secret}\n-----END {label}-----\n"),
            format!("-----BEGIN {label}-----\n{secret}==\n-----END {label}-----\n"),
        ] {
            let mut settings = authority.issue(Role::Service, "localhost");
            let path = file(&mut settings, flag).clone();
            // The CA's file is shared by what the authority issues.
            let path = path.with_extension("garbled");
            *file(&mut settings, flag) = path.clone();
            fs::write(&path, &garbled).unwrap();
            let line = error(&settings);
            assert!(
                line.starts_with(&format!("{flag} {} ", path.display())),
                "{line}"
            );
            assert!(!line.contains(secret) && !line.contains(bytes), "{line}");
        }
    }
}

#[test]
fn the_key_of_another_certificate_is_noticed() {
    let authority = Authority::new();
    let mut settings = authority.issue(Role::Service, "localhost");
    let other = authority.issue(Role::Service, "localhost");
    settings.peer_tls_key = other.peer_tls_key;
    let line = error(&settings);
    assert!(line.starts_with("--peer-tls-key /"), "{line}");
    assert!(
        line.contains("is not the key of the first certificate of --peer-tls-cert"),
        "{line}"
    );
}

#[test]
fn a_key_in_place_of_the_ca_is_noticed() {
    let authority = Authority::new();
    let mut settings = authority.issue(Role::Service, "localhost");
    settings.peer_tls_ca = settings.peer_tls_key.clone();
    let line = error(&settings);
    assert!(line.starts_with("--peer-tls-ca /"), "{line}");
    assert!(line.ends_with("holds no certificate in PEM form"), "{line}");
}

#[test]
fn debug_output_holds_no_key() {
    let authority = Authority::new();
    let settings = authority.issue(Role::Service, "localhost");
    let client = settings.client_config().unwrap().unwrap();
    let server = settings.server_config().unwrap().unwrap();
    assert_eq!(format!("{client:?}"), "ClientTls { .. }");
    assert_eq!(format!("{server:?}"), "ServerTls { .. }");
    assert!(!format!("{settings:?}").contains("PRIVATE KEY"));
}

//! Choosing ports on 127.0.0.1. Comes in: what is wished for; goes out: ports that were free a moment ago.
//!
//! The services bind later and report it themselves when somebody was faster.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// How a port is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortChoice {
    /// This one or none.
    Exactly(u16),
    /// The service's usual one, or the next free one above it.
    From,
    /// Any free one.
    Any,
}

/// Hands out ports, none twice.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    given: Vec<u16>,
}

impl Ports {
    /// A free port by `choice`; `usual` is where [`PortChoice::From`] starts.
    pub(crate) fn choose(&mut self, choice: PortChoice, usual: u16) -> Result<u16> {
        let port = match choice {
            PortChoice::Exactly(port) => {
                require_free(port)?;
                port
            }
            PortChoice::From => (usual..=u16::MAX)
                .find(|port| !self.given.contains(port) && is_free(*port))
                .with_context(|| format!("no port from {usual} up is free"))?,
            PortChoice::Any => self.any()?,
        };
        self.given.push(port);
        Ok(port)
    }

    /// The system picks; a port that it already gave us and that is not bound yet may come again.
    fn any(&self) -> Result<u16> {
        // Every listener is held until one is new, so that the system cannot repeat itself.
        let mut held = Vec::new();
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
            let port = listener.local_addr().context("no free port")?.port();
            if !self.given.contains(&port) {
                return Ok(port);
            }
            held.push(listener);
        }
    }
}

/// Fails with one clear line when `port` is taken.
pub(crate) fn require_free(port: u16) -> Result<()> {
    if !is_free(port) {
        bail!("port {port} on 127.0.0.1 is in use; stop what uses it or pass --port");
    }
    Ok(())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn a_port_in_use_is_one_clear_line() {
        let (_listener, port) = taken();
        let error = Ports::default()
            .choose(PortChoice::Exactly(port), 1)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("port {port} on 127.0.0.1 is in use")),
            "{error}"
        );
        assert!(!error.contains('\n'));
    }

    #[test]
    fn an_internal_port_in_use_is_stepped_over() {
        let (_listener, port) = taken();
        let chosen = Ports::default().choose(PortChoice::From, port).unwrap();
        assert!(chosen > port);
    }

    #[test]
    fn no_port_is_given_twice() {
        let (listener, port) = taken();
        drop(listener);
        let mut ports = Ports::default();
        let first = ports.choose(PortChoice::From, port).unwrap();
        let second = ports.choose(PortChoice::From, port).unwrap();
        let third = ports.choose(PortChoice::Any, 0).unwrap();
        assert!(first != second && second != third && first != third);
    }
}

//! What the three services are made of, where they listen and how they are called.
//!
//! Comes in: programs, models and port choices; goes out: three command lines that fit together.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{
    ports::{PortChoice, Ports},
    service::ServiceCommand,
};
use crate::models::{ChatModel, RunningModels};

/// What the services are made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) gateway: PathBuf,
    pub(crate) classifier: PathBuf,
    pub(crate) inference: PathBuf,
    pub(crate) models: RunningModels,
    pub(crate) web_dist: PathBuf,
    pub(crate) content: PathBuf,
}

/// The addresses of a stack, each `http://127.0.0.1:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) gateway: Address,
    pub(crate) inference: Address,
    pub(crate) classifier: Address,
}

/// Where one service listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    main: u16,
    admin: u16,
}

impl Address {
    pub(super) fn choose(
        ports: &mut Ports,
        main: PortChoice,
        admin: PortChoice,
        usual: (u16, u16),
    ) -> Result<Self> {
        Ok(Self {
            main: ports.choose(main, usual.0)?,
            admin: ports.choose(admin, usual.1)?,
        })
    }

    /// The URL of the service itself.
    pub(crate) fn url(self) -> String {
        format!("http://127.0.0.1:{}", self.main)
    }

    /// The URL of its admin port.
    pub(crate) fn admin_url(self) -> String {
        format!("http://127.0.0.1:{}", self.admin)
    }

    fn arguments(self) -> Vec<OsString> {
        let on = |port: u16| format!("127.0.0.1:{port}").into();
        vec![
            "--listen".into(),
            on(self.main),
            "--admin-listen".into(),
            on(self.admin),
        ]
    }
}

impl Addresses {
    /// Free ports: `public` for the web page, `internal` for everything else.
    pub(super) fn choose(public: PortChoice, internal: PortChoice) -> Result<Self> {
        let mut ports = Ports::default();
        Ok(Self {
            gateway: Address::choose(&mut ports, public, internal, (8080, 9090))?,
            inference: Address::choose(&mut ports, internal, internal, (50051, 9091))?,
            classifier: Address::choose(&mut ports, internal, internal, (50052, 9092))?,
        })
    }
}

/// Name of the service without which there is no product.
pub(super) const GATEWAY: &str = "gateway";

/// The command lines, in the order in which the services stop.
pub(super) fn commands(
    parts: Parts,
    addresses: &Addresses,
    data_dir: &Path,
) -> [ServiceCommand; 3] {
    let mut gateway = addresses.gateway.arguments();
    push(&mut gateway, "--database-url", database_url(data_dir));
    push(&mut gateway, "--content-dir", parts.content);
    push(&mut gateway, "--web-dir", parts.web_dist);
    push(&mut gateway, "--inference-url", addresses.inference.url());
    push(&mut gateway, "--classifier-url", addresses.classifier.url());
    let service = |name, program, arguments| ServiceCommand {
        name,
        program,
        arguments,
    };
    [
        service(GATEWAY, parts.gateway, gateway),
        inference_command(parts.inference, parts.models.chat, addresses.inference),
        classifier_command(
            parts.classifier,
            parts.models.classifier,
            addresses.classifier,
        ),
    ]
}

/// The command line of classifier-svc.
pub(super) fn classifier_command(
    program: PathBuf,
    model: PathBuf,
    address: Address,
) -> ServiceCommand {
    let mut arguments = address.arguments();
    push(&mut arguments, "--model", model);
    ServiceCommand {
        name: "classifier-svc",
        program,
        arguments,
    }
}

/// The command line of inference-svc.
pub(super) fn inference_command(
    program: PathBuf,
    chat: ChatModel,
    address: Address,
) -> ServiceCommand {
    let mut arguments = address.arguments();
    push(&mut arguments, "--model", chat.source);
    push(&mut arguments, "--model-name", chat.name);
    for (flag, value) in [("--adapter", chat.adapter), ("--isq", chat.isq)] {
        if let Some(value) = value {
            push(&mut arguments, flag, value);
        }
    }
    ServiceCommand {
        name: "inference-svc",
        program,
        arguments,
    }
}

fn push(arguments: &mut Vec<OsString>, flag: &str, value: impl Into<OsString>) {
    arguments.push(flag.into());
    arguments.push(value.into());
}

/// The SQLite URL of the database in `data_dir`; what a URL would misread is escaped.
fn database_url(data_dir: &Path) -> String {
    let path = data_dir.join("digital-detox.db").display().to_string();
    let escaped = path
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    format!("sqlite://{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_url_keeps_odd_folder_names_whole() {
        let url = database_url(Path::new("/srv/50% done?"));
        assert_eq!(url, "sqlite:///srv/50%25 done%3F/digital-detox.db");
    }

    #[test]
    fn a_stack_on_any_ports_uses_six_different_ones() {
        let Addresses {
            gateway,
            inference,
            classifier,
        } = Addresses::choose(PortChoice::Any, PortChoice::Any).unwrap();
        let mut ports: Vec<u16> = [gateway, inference, classifier]
            .iter()
            .flat_map(|address| [address.main, address.admin])
            .collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 6);
    }

    #[test]
    fn the_gateway_is_told_where_the_other_two_are_and_the_model_its_adapter() {
        let addresses = Addresses::choose(PortChoice::Any, PortChoice::Any).unwrap();
        let chat = ChatModel {
            source: "a/b".into(),
            name: "b".into(),
            adapter: Some("c/d".into()),
            isq: None,
        };
        let parts = Parts {
            gateway: "gateway".into(),
            classifier: "classifier-svc".into(),
            inference: "inference-svc".into(),
            models: RunningModels {
                chat,
                classifier: "models/encoder".into(),
            },
            web_dist: "web-dist".into(),
            content: "content".into(),
        };
        let [gateway, inference, _] = commands(parts, &addresses, Path::new("/data"));
        assert!(
            gateway
                .arguments
                .contains(&addresses.inference.url().into())
        );
        assert!(
            gateway
                .arguments
                .contains(&addresses.classifier.url().into())
        );
        assert!(inference.arguments.contains(&"c/d".into()));
        assert!(!inference.arguments.contains(&"--isq".into()));
    }
}

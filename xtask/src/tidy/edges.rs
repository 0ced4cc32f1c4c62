//! Which package may depend on which. Comes in: a package's dependencies; goes out: the edges that are not allowed.
//!
//! The table is ARCHITECTURE.md's "who may know whom"; change both together.

/// Every package of the workspace with the workspace packages it may use.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("api-types", &[]),
    ("chat-template", &[]),
    ("encoder", &[]),
    ("peer-tls", &[]),
    ("proto", &[]),
    ("telemetry", &[]),
    ("xtask", &[]),
    ("web", &["api-types"]),
    ("gateway", &["api-types", "peer-tls", "proto", "telemetry"]),
    (
        "classifier-svc",
        &["encoder", "peer-tls", "proto", "telemetry"],
    ),
    (
        "inference-svc",
        &["chat-template", "peer-tls", "proto", "telemetry"],
    ),
    ("trainer", &["chat-template", "encoder", "proto"]),
    ("e2e", &["api-types", "gateway", "guard-eval", "proto"]),
    ("guard-eval", &["gateway"]),
];

/// Outside packages that only some of ours may use: the start of their name, and who.
const RESERVED: [(&str, &[&str]); 6] = [
    ("mistralrs", &["inference-svc"]),
    ("candle", &["encoder", "trainer"]),
    ("leptos", &["web"]),
    ("axum", &["gateway", "telemetry"]),
    ("sqlx", &["gateway"]),
    ("wasm-bindgen-cli-support", &["xtask"]),
];

/// The breaches of one package.
pub(super) fn check(package: &str, dependencies: &[&str]) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package) else {
        return vec![format!(
            "{package}: a new package needs a line in xtask/src/tidy/edges.rs and in ARCHITECTURE.md"
        )];
    };
    let mut breaches = Vec::new();
    for dependency in dependencies {
        let is_ours = ALLOWED.iter().any(|(name, _)| name == dependency);
        // A package may name itself, to switch its own features on for its tests.
        if is_ours && *dependency != package && !allowed.contains(dependency) {
            breaches.push(format!("{package} must not depend on {dependency}"));
        }
        for (start, users) in RESERVED {
            if dependency.starts_with(start) && !users.contains(&package) {
                breaches.push(format!(
                    "{package} must not depend on {dependency}: only {} may",
                    users.join(", ")
                ));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_uses_another_service_is_refused() {
        assert_eq!(
            check("gateway", &["proto", "inference-svc", "serde"]),
            ["gateway must not depend on inference-svc"]
        );
    }

    #[test]
    fn a_leaf_uses_no_workspace_package() {
        assert_eq!(
            check("proto", &["telemetry"]),
            ["proto must not depend on telemetry"]
        );
    }

    #[test]
    fn mistralrs_and_candle_stay_where_they_belong() {
        assert_eq!(check("inference-svc", &["mistralrs"]), [""; 0]);
        assert_eq!(check("trainer", &["candle-core", "encoder"]), [""; 0]);
        assert!(check("classifier-svc", &["candle-core"])[0].contains("only encoder, trainer may"));
        assert!(check("gateway", &["mistralrs-core"])[0].contains("only inference-svc may"));
    }

    #[test]
    fn a_package_that_nobody_listed_is_refused() {
        assert!(check("newcomer", &[])[0].contains("edges.rs"));
    }
}

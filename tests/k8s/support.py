"""What the tests of k8s/ and deploy/ share: rendering, lookups, and the names that the programs know.

Comes in: the checkout; goes out: parsed objects. Needs kubectl on PATH and the packages of requirements.txt.
"""

import functools
import pathlib
import re
import shutil
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACE = "digital-detox"
# The complete sets of objects, and everything that renders.
CLUSTERS = ("base", "overlays/local", "overlays/local-tls", "overlays/postgres", "overlays/gke-l4")
# Those whose gateways share a PostgreSQL database; the others have one gateway with a SQLite file.
POSTGRES = ("overlays/postgres", "overlays/gke-l4")
TARGETS = (*CLUSTERS, "autoscaling")
WORKLOADS = ("gateway", "classifier", "inference")
PROGRAMS = {"gateway": "gateway", "classifier": "classifier-svc", "inference": "inference-svc"}
PORTS = {"gateway": 8080, "classifier": 50052, "inference": 50051}
ADMIN_PORTS = {"gateway": 9090, "classifier": 9092, "inference": 9091}

# Objects that no Kubernetes schema describes, each with the reason why it is skipped.
NO_SCHEMA = {
    ("networking.gke.io/v1", "ManagedCertificate"): "a custom resource of Google Kubernetes Engine",
    ("networking.gke.io/v1beta1", "FrontendConfig"): "a custom resource of Google Kubernetes Engine",
    ("cloud.google.com/v1", "BackendConfig"): "a custom resource of Google Kubernetes Engine",
    ("monitoring.googleapis.com/v1", "PodMonitoring"): "a custom resource of Google's Managed Service for Prometheus",
}

TELEMETRY_ENV = {"LOG_FILTER", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
PEER_TLS_ENV = {"PEER_TLS_CA", "PEER_TLS_CERT", "PEER_TLS_KEY"}
# The environment variables that each program accepts; `test_sources` compares them with the programs.
ENV = {
    "gateway": TELEMETRY_ENV | PEER_TLS_ENV | {
        "GATEWAY_LISTEN", "GATEWAY_ADMIN_LISTEN", "DATABASE_URL", "CONTENT_DIR", "WEB_DIR", "INFERENCE_URL",
        "CLASSIFIER_URL", "SECURE_COOKIES", "CLIENT_ADDRESS_HEADER", "RATE_LIMIT_BURST", "RATE_LIMIT_PER_SECOND",
        "ANSWER_MAX_TOKENS", "SECOND_OPINION", "GENERATION_TOTAL_SECONDS", "GENERATION_FIRST_SECONDS", "GENERATION_NEXT_SECONDS",
        "DRAIN_SECONDS", "SESSION_TOKENS_PER_HOUR", "CLIENT_TOKENS_PER_HOUR", "TLS_CERT", "TLS_KEY", "REQUEST_HEAD_SECONDS",
    },
    "classifier-svc": TELEMETRY_ENV | PEER_TLS_ENV | {
        "CLASSIFIER_LISTEN", "CLASSIFIER_ADMIN_LISTEN", "CLASSIFIER_MODEL", "CLASSIFIER_MAX_BATCH",
        "CLASSIFIER_MAX_QUEUE", "CLASSIFIER_BATCH_WINDOW_MS", "CLASSIFIER_THREADS", "DRAIN_SECONDS",
    },
    "inference-svc": TELEMETRY_ENV | PEER_TLS_ENV | {
        "INFERENCE_LISTEN", "INFERENCE_ADMIN_LISTEN", "INFERENCE_MODEL", "INFERENCE_MODEL_NAME", "INFERENCE_ADAPTER",
        "INFERENCE_ISQ", "INFERENCE_MAX_RUNNING", "INFERENCE_MAX_WAITING", "INFERENCE_CONTEXT_LENGTH",
        "INFERENCE_THREADS", "INFERENCE_PREFIX_CACHE_SEQUENCES", "INFERENCE_PAGED_KV_MIB", "INFERENCE_MAX_SECONDS",
        "INFERENCE_STALL_SECONDS", "INFERENCE_READER_BUFFER", "DRAIN_SECONDS",
    },
}


def render(target):
    """The objects of k8s/<target> as `kubectl kustomize` makes them."""
    return list(_render(target))


@functools.lru_cache(maxsize=None)
def _render(target):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise AssertionError("kubectl is missing; on Debian or Ubuntu: apt-get install kubernetes-client")
    done = subprocess.run(
        [kubectl, "kustomize", str(ROOT / "k8s" / target)], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"k8s/{target} does not render:\n{done.stderr}")
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


class Cluster:
    """The objects of one target, by kind and name."""

    def __init__(self, target):
        self.objects = render(target)

    def of_kind(self, kind):
        return [item for item in self.objects if item["kind"] == kind]

    def get(self, kind, name):
        found = [item for item in self.of_kind(kind) if item["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
        return found[0]

    def pod(self, name):
        return self.get("Deployment", name)["spec"]["template"]["spec"]

    def container(self, name):
        (container,) = self.pod(name)["containers"]
        return container

    def settings(self, name):
        """The environment of a workload: what its ConfigMaps and its own entries say, a secret as `secret:NAME/KEY`."""
        container, values = self.container(name), {}
        for source in container.get("envFrom", []):
            values.update(self.get("ConfigMap", source["configMapRef"]["name"])["data"])
        for entry in container.get("env", []):
            secret = entry.get("valueFrom", {}).get("secretKeyRef")
            values[entry["name"]] = f"secret:{secret['name']}/{secret['key']}" if secret else entry["value"]
        return values

    def has_peer_tls(self, name):
        """Whether a workload talks to its peers over mutual TLS."""
        return "PEER_TLS_CA" in self.settings(name)

    def pods_selected_by(self, labels):
        """Names of the Deployments whose pods carry `labels`."""
        return {
            item["metadata"]["name"]
            for item in self.of_kind("Deployment")
            if labels.items() <= item["spec"]["template"]["metadata"]["labels"].items()
        }


def for_each_cluster(test):
    """Runs a test for each complete set of objects."""

    @functools.wraps(test)
    def run(self):
        for target in CLUSTERS:
            with self.subTest(target=target):
                test(self, target, Cluster(target))

    return run


def image_is_pinned(image):
    """Whether an image has a tag or digest that says which version it is."""
    if "@sha256:" in image:
        return True
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return bool(re.search(r"\d", tag)) and "latest" not in tag


def env_names_in_sources(program):
    """The variables that the command line declarations of a program name."""
    shared = (ROOT / "telemetry/src/init.rs", ROOT / "peer-tls/src/args.rs")
    files = (*(ROOT / program / "src").rglob("*.rs"), *shared)
    return {name for file in files for name in re.findall(r'\benv = "([A-Z0-9_]+)"', file.read_text())}


def metrics_in_sources():
    """{name: "histogram" | "gauge" | "counter"} of every metric that a service records."""
    macro = re.compile(r'\b(histogram|gauge|counter)!\(\s*"([a-z0-9_]+)"')
    found = {}
    for program in PROGRAMS.values():
        for file in (ROOT / program / "src").rglob("*.rs"):
            found.update({name: kind for kind, name in macro.findall(file.read_text())})
    return found

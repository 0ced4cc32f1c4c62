"""Who may talk to whom: the network policies allow the edges of the design and no others."""

import ipaddress
import unittest

from support import ADMIN_PORTS, PORTS, POSTGRES, WORKLOADS, Cluster, for_each_cluster

LABEL = "app.kubernetes.io/name"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
DESIGN = {("gateway", "inference", PORTS["inference"]), ("gateway", "classifier", PORTS["classifier"])}
MONITORING = {
    "base": {"monitoring"},
    "overlays/local": {"monitoring"},
    "overlays/local-tls": {"monitoring"},
    "overlays/postgres": {"monitoring"},
    "overlays/gke-l4": {"gmp-system", "gke-gmp-system"},
}
DNS = ("kube-system", "kube-dns")
# Load balancers of Google and their health checks.
GOOGLE_BALANCERS = {"130.211.0.0/22", "35.191.0.0/16"}
# What the volume of weights needs: the metadata server, and Cloud Storage through Private Google Access.
GOOGLE_STORAGE = {("169.254.169.252/32", 988), ("169.254.169.254/32", 80), ("199.36.153.8/30", 443)}


def rules(cluster, name, direction):
    """(peer, port) of each allowed pair; a rule without peers allows "anyone"."""
    policy = cluster.get("NetworkPolicy", name)["spec"]
    assert policy["podSelector"] == {"matchLabels": {LABEL: name}}, policy["podSelector"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    key = "from" if direction == "ingress" else "to"
    return {
        (peer_name(peer), port["port"])
        for rule in policy.get(direction, [])
        for peer in rule.get(key, [None])
        for port in rule["ports"]
    }


def peer_name(peer):
    if peer is None:
        return "anyone"
    if "ipBlock" in peer:
        return peer["ipBlock"]["cidr"]
    labels = peer.get("podSelector", {}).get("matchLabels", {})
    if "namespaceSelector" in peer:
        namespace = peer["namespaceSelector"]["matchLabels"][NAMESPACE_LABEL]
        return (namespace, labels["k8s-app"]) if labels else ("namespace", namespace)
    return labels[LABEL]


class Network(unittest.TestCase):
    @for_each_cluster
    def test_everything_is_denied_first(self, target, cluster):
        spec = cluster.get("NetworkPolicy", "default-deny")["spec"]
        self.assertEqual(spec["podSelector"], {})
        self.assertEqual(set(spec["policyTypes"]), {"Ingress", "Egress"})
        self.assertFalse(spec.get("ingress") or spec.get("egress"))
        names = {item["metadata"]["name"] for item in cluster.of_kind("NetworkPolicy")}
        self.assertEqual(names - {"gateway-database"}, {"default-deny", *WORKLOADS})
        self.assertEqual("gateway-database" in names, target in POSTGRES)

    def test_only_the_gateway_reaches_the_database_and_only_its_port(self):
        for target in POSTGRES:
            with self.subTest(target=target):
                spec = Cluster(target).get("NetworkPolicy", "gateway-database")["spec"]
                self.assertEqual(spec["podSelector"], {"matchLabels": {LABEL: "gateway"}})
                self.assertEqual(spec["policyTypes"], ["Egress"])
                (rule,) = spec["egress"]
                self.assertEqual(rule["ports"], [{"port": 5432, "protocol": "TCP"}])
                for peer in rule["to"]:
                    network = ipaddress.ip_network(peer["ipBlock"]["cidr"])
                    self.assertTrue(network.is_private and network.prefixlen >= 16, network)

    @for_each_cluster
    def test_between_services_only_the_gateway_calls_and_both_ends_allow_it(self, _, cluster):
        out = {
            (name, peer, port)
            for name in WORKLOADS
            for peer, port in rules(cluster, name, "egress")
            if peer in WORKLOADS
        }
        into = {
            (peer, name, port)
            for name in WORKLOADS
            for peer, port in rules(cluster, name, "ingress")
            if peer in WORKLOADS
        }
        self.assertEqual(out, DESIGN)
        self.assertEqual(into, DESIGN)

    @for_each_cluster
    def test_admin_ports_are_for_monitoring_alone(self, target, cluster):
        for name in WORKLOADS:
            allowed = {peer for peer, port in rules(cluster, name, "ingress") if port == ADMIN_PORTS[name]}
            self.assertEqual(allowed, {("namespace", space) for space in MONITORING[target]})

    @for_each_cluster
    def test_outside_reaches_only_the_public_port(self, target, cluster):
        outside = {
            (name, peer, port)
            for name in WORKLOADS
            for peer, port in rules(cluster, name, "ingress")
            if peer == "anyone" or isinstance(peer, str) and "/" in peer
        }
        peers = GOOGLE_BALANCERS if target == "overlays/gke-l4" else {"anyone"}
        self.assertEqual(outside, {("gateway", peer, PORTS["gateway"]) for peer in peers})

    @for_each_cluster
    def test_what_people_write_cannot_leave_from_inference_or_classifier(self, target, cluster):
        self.assertEqual(rules(cluster, "classifier", "egress"), set())
        leaving = {rule for rule in rules(cluster, "inference", "egress") if rule[1] != 53}
        self.assertEqual(leaving, GOOGLE_STORAGE if target == "overlays/gke-l4" else set())

    @for_each_cluster
    def test_the_gateway_can_resolve_names(self, _, cluster):
        self.assertIn((DNS, 53), rules(cluster, "gateway", "egress"))

    @for_each_cluster
    def test_no_block_is_the_whole_internet(self, _, cluster):
        for name in WORKLOADS:
            for direction in ("ingress", "egress"):
                for peer, _ in rules(cluster, name, direction):
                    if isinstance(peer, str) and "/" in peer:
                        self.assertGreaterEqual(ipaddress.ip_network(peer).prefixlen, 16)


if __name__ == "__main__":
    unittest.main()

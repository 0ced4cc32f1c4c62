"""The targets whose gateways share a PostgreSQL database: several gateways, no volume, an address that no file holds."""

import functools
import json
import unittest

from support import POSTGRES, Cluster

SECRET = "secret:gateway-database/url"


def for_each_target(test):
    """Runs a test for each target with PostgreSQL."""

    @functools.wraps(test)
    def run(self):
        for target in POSTGRES:
            with self.subTest(target=target):
                test(self, Cluster(target))

    return run


class Postgres(unittest.TestCase):
    @for_each_target
    def test_the_address_comes_from_a_secret_and_no_manifest_holds_one(self, cluster):
        self.assertEqual(cluster.settings("gateway")["DATABASE_URL"], SECRET)
        (entry,) = [entry for entry in cluster.container("gateway")["env"] if entry["name"] == "DATABASE_URL"]
        self.assertNotIn("value", entry, "one source")
        self.assertFalse(cluster.of_kind("Secret"))
        text = json.dumps(cluster.objects)
        for word in ("postgres://", "postgresql://", "sqlite:"):
            self.assertNotIn(word, text)

    @for_each_target
    def test_several_gateways_are_replaced_one_by_one(self, cluster):
        spec = cluster.get("Deployment", "gateway")["spec"]
        self.assertGreaterEqual(spec["replicas"], 2)
        self.assertEqual(spec["strategy"]["type"], "RollingUpdate")
        update = spec["strategy"]["rollingUpdate"]
        self.assertEqual((update["maxSurge"], update["maxUnavailable"]), (1, 0))

    @for_each_target
    def test_a_disruption_leaves_a_gateway_and_they_are_on_several_nodes(self, cluster):
        budget = cluster.get("PodDisruptionBudget", "gateway")["spec"]
        self.assertLess(budget["maxUnavailable"], cluster.get("Deployment", "gateway")["spec"]["replicas"])
        (spread,) = cluster.pod("gateway")["topologySpreadConstraints"]
        self.assertEqual(spread["topologyKey"], "kubernetes.io/hostname")
        self.assertEqual(cluster.pods_selected_by(spread["labelSelector"]["matchLabels"]), {"gateway"})

    @for_each_target
    def test_the_gateway_keeps_nothing_on_a_volume(self, cluster):
        (volume,) = cluster.pod("gateway")["volumes"]
        self.assertEqual((volume["name"], "emptyDir" in volume), ("tmp", True))
        self.assertEqual([mount["mountPath"] for mount in cluster.container("gateway")["volumeMounts"]], ["/tmp"])
        claims = {item["metadata"]["name"] for item in cluster.of_kind("PersistentVolumeClaim")}
        self.assertNotIn("gateway-data", claims)

    @for_each_target
    def test_a_client_stays_with_one_gateway(self, cluster):
        self.assertEqual(cluster.get("Service", "gateway")["spec"]["sessionAffinity"], "ClientIP")

    @for_each_target
    def test_no_probe_asks_the_database(self, cluster):
        # The admin port's /readyz does not; the public port's would.
        container = cluster.container("gateway")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["httpGet"]["port"], "admin")


if __name__ == "__main__":
    unittest.main()

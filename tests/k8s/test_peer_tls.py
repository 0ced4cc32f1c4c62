"""Mutual TLS between the services, on a cluster and with compose: both ends or neither, each with a key of its own."""

import unittest

import yaml

from support import ENV, PEER_TLS_ENV, PROGRAMS, ROOT, WORKLOADS, Cluster, for_each_cluster

FOLDER = "/etc/peer-tls"


class OnACluster(unittest.TestCase):
    @for_each_cluster
    def test_all_three_programs_have_it_or_none(self, target, cluster):
        for name in WORKLOADS:
            given = PEER_TLS_ENV & cluster.settings(name).keys()
            self.assertEqual(given, PEER_TLS_ENV if target == "overlays/local-tls" else set(), name)

    def test_each_pod_mounts_its_own_secret_and_nobody_else_reads_it(self):
        cluster = Cluster("overlays/local-tls")
        for name in WORKLOADS:
            with self.subTest(name):
                settings, pod = cluster.settings(name), cluster.pod(name)
                files = [settings[f"PEER_TLS_{part}"] for part in ("CA", "CERT", "KEY")]
                self.assertEqual(files, [f"{FOLDER}/{file}" for file in ("ca.crt", "tls.crt", "tls.key")])
                mounts = [mount for mount in cluster.container(name)["volumeMounts"] if mount["mountPath"] == FOLDER]
                self.assertEqual(mounts, [{"name": "peer-tls", "mountPath": FOLDER, "readOnly": True}])
                secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
                self.assertEqual(secrets, [{"secretName": f"{name}-peer-tls", "defaultMode": 0o440}])
                self.assertEqual(pod["securityContext"]["fsGroup"], pod["securityContext"]["runAsGroup"])

    @for_each_cluster
    def test_services_announce_plain_http2_only_where_it_is(self, _, cluster):
        for name in ("classifier", "inference"):
            for port in cluster.get("Service", name)["spec"]["ports"]:
                expected = None if cluster.has_peer_tls(name) else "kubernetes.io/h2c"
                self.assertEqual(port.get("appProtocol"), expected)


class WithCompose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((ROOT / "deploy/compose.tls.yaml").read_text())
        self.services = self.compose["services"]

    def test_all_three_programs_have_it(self):
        self.assertEqual(self.services.keys(), set(PROGRAMS.values()))
        for name, service in self.services.items():
            settings = set(service["environment"])
            self.assertLessEqual(PEER_TLS_ENV, settings)
            self.assertLessEqual(settings, ENV[name])

    def test_the_gateway_calls_the_names_of_the_containers(self):
        settings = self.services["gateway"]["environment"]
        self.assertEqual(settings["INFERENCE_URL"], "https://inference-svc:50051")
        self.assertEqual(settings["CLASSIFIER_URL"], "https://classifier-svc:50052")

    def test_each_container_sees_the_ca_and_its_own_files(self):
        for workload, program in PROGRAMS.items():
            service = self.services[program]
            own = ["peer_ca", f"{workload}_cert", f"{workload}_key"]
            self.assertEqual(service["secrets"], own)
            files = [service["environment"][f"PEER_TLS_{part}"] for part in ("CA", "CERT", "KEY")]
            self.assertEqual(files, [f"/run/secrets/{name}" for name in own])
            self.assertLessEqual(set(own), self.compose["secrets"].keys())


if __name__ == "__main__":
    unittest.main()

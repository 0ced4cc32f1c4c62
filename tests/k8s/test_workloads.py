"""What must hold for the pods of the base and of each overlay: security, probes, drain, settings, storage."""

import functools
import unittest

from support import (
    ADMIN_PORTS, CLUSTERS, ENV, NAMESPACE, PORTS, POSTGRES, PROGRAMS, WORKLOADS, Cluster, for_each_cluster,
    image_is_pinned,
)

CLUSTER_SCOPED = {"Namespace", "PersistentVolume"}
# After DRAIN_SECONDS the gateway stops what is left (5 s) and lets idle connections close (1 s).
STOP_MARGIN_SECONDS = 6


def for_each_workload(test):
    """Runs a test for each workload of each complete set of objects."""

    @functools.wraps(test)
    def run(self):
        for target in CLUSTERS:
            for name in WORKLOADS:
                with self.subTest(target=target, workload=name):
                    test(self, Cluster(target), name)

    return run


class Workloads(unittest.TestCase):
    @for_each_cluster
    def test_everything_is_in_one_restricted_namespace(self, _, cluster):
        labels = cluster.get("Namespace", NAMESPACE)["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")
        for item in cluster.objects:
            if item["kind"] not in CLUSTER_SCOPED:
                self.assertEqual(item["metadata"]["namespace"], NAMESPACE, item["metadata"]["name"])

    @for_each_workload
    def test_pods_are_restricted_and_hold_no_token(self, cluster, name):
        pod = cluster.pod(name)
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(pod["securityContext"]["runAsUser"], 65532)
        self.assertEqual(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
        self.assertIs(pod["automountServiceAccountToken"], False)
        account = cluster.get("ServiceAccount", pod["serviceAccountName"])
        self.assertIs(account["automountServiceAccountToken"], False)
        for container in pod["containers"] + pod.get("initContainers", []):
            context = container["securityContext"]
            self.assertIs(context["readOnlyRootFilesystem"], True)
            self.assertIs(context["allowPrivilegeEscalation"], False)
            self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
            self.assertLessEqual({"cpu", "memory"}, container["resources"]["limits"].keys())
            self.assertLessEqual({"cpu", "memory"}, container["resources"]["requests"].keys())

    @for_each_workload
    def test_images_are_pinned(self, cluster, name):
        pod = cluster.pod(name)
        for container in pod["containers"] + pod.get("initContainers", []):
            self.assertTrue(image_is_pinned(container["image"]), container["image"])
        self.assertIn(f"/{PROGRAMS[name]}:", cluster.container(name)["image"])

    @for_each_workload
    def test_readiness_asks_the_service_itself_and_liveness_asks_nobody_else(self, cluster, name):
        services = {"classifier": "classifier.v1.ClassifierService", "inference": "inference.v1.InferenceService"}
        container = cluster.container(name)
        self.assertEqual(container["livenessProbe"]["httpGet"], {"path": "/livez", "port": "admin"})
        for probe in ("readinessProbe", "startupProbe"):
            # Kubernetes' gRPC probe speaks no TLS.
            if name == "gateway" or cluster.has_peer_tls(name):
                self.assertNotIn("grpc", container[probe])
                self.assertEqual(container[probe]["httpGet"], {"path": "/readyz", "port": "admin"})
            else:
                self.assertEqual(container[probe]["grpc"], {"port": PORTS[name], "service": services[name]})

    @for_each_workload
    def test_ports_are_those_of_the_images(self, cluster, name):
        ports = {port["name"]: port["containerPort"] for port in cluster.container(name)["ports"]}
        public = "http" if name == "gateway" else "grpc"
        self.assertEqual(ports, {public: PORTS[name], "admin": ADMIN_PORTS[name]})

    @for_each_workload
    def test_the_start_of_inference_may_take_ten_minutes(self, cluster, name):
        probe = cluster.container(name)["startupProbe"]
        allowed = probe["periodSeconds"] * probe["failureThreshold"]
        self.assertGreaterEqual(allowed, 600 if name == "inference" else 60)

    @for_each_workload
    def test_the_grace_period_covers_the_longest_stream(self, cluster, name):
        longest = {"gateway": "GENERATION_TOTAL_SECONDS", "inference": "INFERENCE_MAX_SECONDS"}
        settings = cluster.settings(name)
        pre_stop = cluster.container(name)["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.assertTrue(5 <= pre_stop <= 15)
        drain = int(settings["DRAIN_SECONDS"])
        grace = cluster.pod(name)["terminationGracePeriodSeconds"]
        self.assertGreater(grace, pre_stop + drain + STOP_MARGIN_SECONDS)
        if name in longest:
            self.assertGreater(drain, int(settings[longest[name]]))

    @for_each_workload
    def test_inference_allows_what_the_gateway_waits_for(self, cluster, name):
        if name == "inference":
            waits = int(cluster.settings("gateway")["GENERATION_TOTAL_SECONDS"])
            self.assertGreaterEqual(int(cluster.settings(name)["INFERENCE_MAX_SECONDS"]), waits)

    @for_each_workload
    def test_every_setting_is_one_that_the_program_accepts(self, cluster, name):
        self.assertEqual(set(cluster.settings(name)) - ENV[PROGRAMS[name]], set())

    @for_each_workload
    def test_the_gateway_finds_its_peers(self, cluster, name):
        if name != "gateway":
            url = cluster.settings("gateway")[f"{name.upper()}_URL"]
            scheme = "https" if cluster.has_peer_tls("gateway") else "http"
            self.assertEqual(url, f"{scheme}://{name}:{PORTS[name]}")
            service = cluster.get("Service", name)["spec"]
            self.assertEqual(service["clusterIP"], "None")
            self.assertEqual([port["port"] for port in service["ports"]], [PORTS[name]])

    @for_each_workload
    def test_services_select_their_pods_and_name_a_port_of_theirs(self, cluster, name):
        service = cluster.get("Service", name)["spec"]
        self.assertEqual(cluster.pods_selected_by(service["selector"]), {name})
        names = {port["name"] for port in cluster.container(name)["ports"]}
        for port in service["ports"]:
            self.assertIn(port["targetPort"], names)
            self.assertNotEqual(port["targetPort"], "admin")

    @for_each_workload
    def test_mounts_volumes_and_claims_fit_together(self, cluster, name):
        pod = cluster.pod(name)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in pod["containers"] + pod.get("initContainers", []):
            self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, volumes.keys())
        for volume in volumes.values():
            self.assertEqual(len(volume), 2, f"one kind of volume: {volume}")
            if "persistentVolumeClaim" in volume:
                cluster.get("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])

    @for_each_workload
    def test_models_and_database_lie_on_mounted_volumes(self, cluster, name):
        settings = cluster.settings(name)
        path = {
            "gateway": settings.get("DATABASE_URL", "").removeprefix("sqlite://"),
            "classifier": settings.get("CLASSIFIER_MODEL"),
            "inference": settings.get("INFERENCE_MODEL"),
        }[name]
        if path.startswith("secret:"):
            return  # PostgreSQL: test_postgres.py
        mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in cluster.container(name)["volumeMounts"]}
        under = [mount for mount in mounts if path.startswith(f"{mount}/")]
        self.assertEqual(len(under), 1, path)
        self.assertEqual(mounts[under[0]], name != "gateway", "only the database is written")

    @for_each_cluster
    def test_one_sqlite_file_has_one_gateway(self, target, cluster):
        is_sqlite = cluster.settings("gateway")["DATABASE_URL"].startswith("sqlite:///")
        self.assertEqual(is_sqlite, target not in POSTGRES)
        if is_sqlite:
            spec = cluster.get("Deployment", "gateway")["spec"]
            self.assertEqual((spec["replicas"], spec["strategy"]["type"]), (1, "Recreate"))

    @for_each_workload
    def test_a_disruption_budget_selects_its_pods_and_never_blocks_a_node(self, cluster, name):
        spec = cluster.get("PodDisruptionBudget", name)["spec"]
        self.assertEqual(cluster.pods_selected_by(spec["selector"]["matchLabels"]), {name})
        self.assertEqual((spec.get("maxUnavailable"), spec.get("minAvailable")), (1, None))

    def test_only_the_local_overlays_speak_plain_http_to_browsers(self):
        for target in CLUSTERS:
            secure = "false" if target.startswith("overlays/local") else "true"
            self.assertEqual(Cluster(target).settings("gateway")["SECURE_COOKIES"], secure, target)


if __name__ == "__main__":
    unittest.main()

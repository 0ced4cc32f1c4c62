"""The overlay for L4 GPUs on Google Kubernetes Engine, and the autoscaler that it brings."""

import re
import unittest

from support import ENV, Cluster, metrics_in_sources

TARGET = "overlays/gke-l4"


class GkeL4(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(TARGET)

    def test_inference_gets_one_l4_and_may_run_on_its_nodes(self):
        pod = self.cluster.pod("inference")
        resources = self.cluster.container("inference")["resources"]
        self.assertEqual(resources["limits"]["nvidia.com/gpu"], "1")
        self.assertEqual(resources["requests"]["nvidia.com/gpu"], "1")
        self.assertEqual(pod["nodeSelector"], {"cloud.google.com/gke-accelerator": "nvidia-l4"})
        self.assertEqual([toleration["key"] for toleration in pod["tolerations"]], ["nvidia.com/gpu"])
        self.assertLess(int(resources["limits"]["memory"].removesuffix("Gi")), 16)

    def test_nobody_else_gets_a_gpu(self):
        for name in ("gateway", "classifier"):
            self.assertNotIn("nvidia.com/gpu", self.cluster.container(name)["resources"]["limits"])
            self.assertNotIn("nodeSelector", self.cluster.pod(name))

    def test_an_update_needs_no_gpu_in_addition(self):
        update = self.cluster.get("Deployment", "inference")["spec"]["strategy"]["rollingUpdate"]
        self.assertEqual(update, {"maxSurge": 0, "maxUnavailable": 1})

    def test_the_cuda_image_loads_the_large_model_from_the_bucket(self):
        self.assertTrue(self.cluster.container("inference")["image"].endswith("-cuda"))
        self.assertFalse(self.cluster.pod("inference").get("initContainers"), "no small model is copied")
        self.assertIn("mistral-7b", self.cluster.settings("inference")["INFERENCE_MODEL"])
        claim = self.cluster.get("PersistentVolumeClaim", "model-weights")["spec"]
        volume = self.cluster.get("PersistentVolume", claim["volumeName"])["spec"]
        self.assertEqual(volume["csi"]["driver"], "gcsfuse.csi.storage.gke.io")
        self.assertIs(volume["csi"]["readOnly"], True)
        self.assertEqual(volume["accessModes"], claim["accessModes"])
        self.assertEqual(volume["claimRef"], {"namespace": "digital-detox", "name": "model-weights"})
        template = self.cluster.get("Deployment", "inference")["spec"]["template"]
        self.assertEqual(template["metadata"]["annotations"]["gke-gcsfuse/volumes"], "true")

    def test_every_running_request_fits_into_the_cache(self):
        settings = {key: int(value) for key, value in self.cluster.settings("inference").items() if value.isdigit()}
        self.assertLessEqual(settings.keys(), ENV["inference-svc"])
        # Mistral 7B: 2 (keys, values) x 32 layers x 8 heads x 128 x 2 bytes = 128 KiB for each token.
        tokens = settings["INFERENCE_PAGED_KV_MIB"] * 1024 // 128
        self.assertGreaterEqual(tokens, settings["INFERENCE_MAX_RUNNING"] * settings["INFERENCE_CONTEXT_LENGTH"])
        self.assertLess(settings["INFERENCE_PAGED_KV_MIB"], 24 * 1000 - 4400 - 4000, "weights and work space fit too")

    def test_the_autoscaler_owns_the_number_and_follows_the_queue(self):
        scaler = self.cluster.get("HorizontalPodAutoscaler", "inference")["spec"]
        self.assertEqual(scaler["scaleTargetRef"]["name"], "inference")
        self.assertNotIn("replicas", self.cluster.get("Deployment", "inference")["spec"])
        self.assertTrue(2 <= scaler["minReplicas"] < scaler["maxReplicas"])
        for target, shape in ((TARGET, r"prometheus\.googleapis\.com\|(\w+)\|gauge"), ("autoscaling", r"(\w+)")):
            (metric,) = Cluster(target).get("HorizontalPodAutoscaler", "inference")["spec"]["metrics"]
            name = re.fullmatch(shape, metric["pods"]["metric"]["name"])[1]
            self.assertEqual(name, "inference_waiting_requests")
            self.assertEqual(metrics_in_sources()[name], "gauge")
            self.assertTrue(3 <= int(metric["pods"]["target"]["averageValue"]) <= 5)

    def test_the_load_balancer_waits_longer_than_an_answer_takes(self):
        backend = self.cluster.get("BackendConfig", "gateway")["spec"]
        longest = int(self.cluster.settings("gateway")["GENERATION_TOTAL_SECONDS"])
        self.assertGreater(backend["timeoutSec"], longest)
        self.assertGreater(backend["connectionDraining"]["drainingTimeoutSec"], longest)
        self.assertIs(backend["logging"]["enable"], False)

    def test_a_database_that_is_away_takes_no_gateway_from_the_load_balancer(self):
        backend = self.cluster.get("BackendConfig", "gateway")["spec"]
        self.assertEqual(backend["healthCheck"]["requestPath"], "/api/v1/healthz")

    def test_the_load_balancer_keeps_a_client_with_one_gateway(self):
        backend = self.cluster.get("BackendConfig", "gateway")["spec"]
        self.assertEqual(backend["sessionAffinity"], {"affinityType": "CLIENT_IP"})

    def test_the_client_address_comes_from_the_header_that_the_load_balancer_sets(self):
        (header,) = self.cluster.get("BackendConfig", "gateway")["spec"]["customRequestHeaders"]["headers"]
        name, _, value = header.partition(":")
        self.assertEqual(value, "{client_ip_address}")
        self.assertEqual(self.cluster.settings("gateway")["CLIENT_ADDRESS_HEADER"], name.lower())

    def test_the_certificate_the_ingress_and_the_service_name_each_other(self):
        ingress = self.cluster.get("Ingress", "gateway")
        notes = ingress["metadata"]["annotations"]
        certificate = self.cluster.get("ManagedCertificate", notes["networking.gke.io/managed-certificates"])
        (rule,) = ingress["spec"]["rules"]
        self.assertEqual(certificate["spec"]["domains"], [rule["host"]])
        self.cluster.get("FrontendConfig", notes["networking.gke.io/v1beta1.FrontendConfig"])
        backend = rule["http"]["paths"][0]["backend"]["service"]
        service = self.cluster.get("Service", backend["name"])
        self.assertIn(backend["port"]["name"], {port["name"] for port in service["spec"]["ports"]})
        self.assertIn('"gateway"', service["metadata"]["annotations"]["cloud.google.com/backend-config"])

    def test_managed_prometheus_scrapes_all_three_services(self):
        monitoring = self.cluster.get("PodMonitoring", "digital-detox")["spec"]
        selected = self.cluster.pods_selected_by(monitoring["selector"]["matchLabels"])
        self.assertEqual(selected, {"gateway", "classifier", "inference"})
        self.assertEqual([endpoint["port"] for endpoint in monitoring["endpoints"]], ["admin"])


if __name__ == "__main__":
    unittest.main()

"""The compose file: hardened containers, accepted settings, files that exist, time enough to drain."""

import re
import unittest

import yaml

from support import ENV, PROGRAMS, ROOT, image_is_pinned

DEPLOY = ROOT / "deploy"
OURS = set(PROGRAMS.values())
NO_HEALTH_CHECK = {
    "models": "it copies files and ends",
    "otel-collector": "its image has no program that could ask",
}


def load(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = load("compose.yaml")
        self.services = self.compose["services"]

    def each(self, test, names=None):
        for name in names or self.services:
            with self.subTest(name):
                test(name, self.services[name])

    def test_it_has_every_part(self):
        self.assertLessEqual(OURS | {"models", "postgres", "otel-collector", "prometheus"}, self.services.keys())
        self.assertEqual(self.services["postgres"]["profiles"], ["postgres"])
        self.assertTrue(self.services["postgres"]["image"].startswith("postgres:15"))

    def test_every_container_is_locked_down(self):
        def test(_, service):
            self.assertIs(service["read_only"], True)
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.assertIn("no-new-privileges:true", service["security_opt"])
            self.assertNotIn("privileged", service)
            self.assertNotEqual(service["user"].split(":")[0], "0")
            self.assertLessEqual({"cpus", "memory", "pids"}, service["deploy"]["resources"]["limits"].keys())
            self.assertTrue(image_is_pinned(service["image"]), service["image"])

        self.each(test)

    def test_every_container_has_a_health_check_or_a_reason(self):
        def test(name, service):
            self.assertEqual("healthcheck" in service, name not in NO_HEALTH_CHECK)

        self.each(test)

    def test_settings_are_those_that_the_programs_accept(self):
        self.each(lambda name, service: self.assertLessEqual(set(service["environment"]), ENV[name]), OURS)
        cuda = load("compose.cuda.yaml")["services"]["inference-svc"]
        self.assertLessEqual(set(cuda["environment"]), ENV["inference-svc"])

    def test_containers_get_time_to_drain(self):
        def test(_, service):
            drain = int(service["environment"]["DRAIN_SECONDS"])
            self.assertGreater(seconds(service["stop_grace_period"]), drain + 6)

        self.each(test, OURS)
        longest = self.services["gateway"]["environment"]["GENERATION_TOTAL_SECONDS"]
        self.assertGreater(self.services["gateway"]["environment"]["DRAIN_SECONDS"], longest)
        self.assertGreater(self.services["inference-svc"]["environment"]["DRAIN_SECONDS"], longest)
        self.assertGreaterEqual(self.services["inference-svc"]["environment"]["INFERENCE_MAX_SECONDS"], longest)

    def test_ports_are_open_to_this_machine_only(self):
        self.each(lambda _, service: [self.assertTrue(port.startswith("127.0.0.1:")) for port in service.get("ports", [])])
        self.assertEqual([name for name in OURS if "ports" in self.services[name]], ["gateway"])

    def test_what_people_write_cannot_leave_from_inference_or_classifier(self):
        self.assertIs(self.compose["networks"]["backend"]["internal"], True)
        for name in ("inference-svc", "classifier-svc"):
            self.assertEqual(self.services[name]["networks"], ["backend"])

    def test_the_gateway_starts_without_its_peers_and_by_default_keeps_sessions_in_sqlite(self):
        gateway = self.services["gateway"]
        self.assertNotIn("depends_on", gateway)
        self.assertIn("sqlite:///var/lib/digital-detox/", gateway["environment"]["DATABASE_URL"])
        self.assertIn("gateway-data:/var/lib/digital-detox", gateway["volumes"])

    def test_postgres_is_used_when_the_environment_says_so(self):
        lines = (DEPLOY / "postgres.env").read_text().splitlines()
        chosen = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        self.assertEqual(chosen["COMPOSE_PROFILES"], *self.services["postgres"]["profiles"])
        self.assertEqual(chosen["POSTGRES_PASSWORD"], "", "no password in the repository")
        server, gateway = self.services["postgres"], self.services["gateway"]
        names = server["environment"]
        self.assertEqual(
            chosen["DATABASE_URL"],
            f"postgres://{names['POSTGRES_USER']}:${{POSTGRES_PASSWORD}}@postgres/{names['POSTGRES_DB']}",
        )
        self.assertEqual(names["POSTGRES_PASSWORD"], "${POSTGRES_PASSWORD:-}")
        self.assertTrue(gateway["environment"]["DATABASE_URL"].startswith("${DATABASE_URL:-"))
        self.assertLessEqual(set(server["networks"]), set(gateway["networks"]))
        self.assertNotIn("ports", server)
        self.assertIn("/deploy/.env", (ROOT / ".gitignore").read_text().splitlines())

    def test_models_are_copied_before_they_are_read(self):
        for name in ("inference-svc", "classifier-svc"):
            service = self.services[name]
            self.assertEqual(service["depends_on"]["models"]["condition"], "service_completed_successfully")
            self.assertIn("models:/var/lib/models:ro", service["volumes"])

    def test_files_volumes_networks_and_images_exist(self):
        def test(_, service):
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((DEPLOY / source).exists(), source)
                else:
                    self.assertIn(source, self.compose["volumes"])
            self.assertLessEqual(set(service.get("networks", [])), self.compose["networks"].keys())
            if "build" in service:
                file = (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).read_text()
                target = service["build"].get("target")
                self.assertTrue(target is None or f" AS {target}\n" in file)

        self.each(test)

    def test_the_cuda_variant_gives_inference_one_gpu(self):
        cuda = load("compose.cuda.yaml")["services"]
        self.assertEqual(list(cuda), ["inference-svc"])
        service = cuda["inference-svc"]
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        self.assertEqual((device["driver"], device["count"], device["capabilities"]), ("nvidia", 1, ["gpu"]))
        self.assertEqual(service["build"]["target"], "cuda")
        self.assertTrue(service["image"].endswith("-cuda"))


if __name__ == "__main__":
    unittest.main()

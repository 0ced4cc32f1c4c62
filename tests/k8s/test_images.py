"""The container files, read as text: pinned bases, no root, sources that exist, settings that are accepted; and the
health check script, run against a small server."""

import http.server
import re
import subprocess
import threading
import unittest

from support import ADMIN_PORTS, ENV, PROGRAMS, ROOT, image_is_pinned

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.glob("Dockerfile.*") if path.suffix != ".dockerignore")
# Set for libraries and for the container runtime, not read by our programs.
OTHER_ENV = {"HF_HOME", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"}


def instructions(path):
    """[(instruction, argument)] with continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", "", text)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(path):
    """{name: (base, [(instruction, argument)])} with the file's own ARG defaults filled in."""
    defaults, found, current = {}, {}, None
    for word, argument in instructions(path):
        if word == "FROM":
            base, _, current = argument.split()
            found[current] = (re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], base), [])
        elif current is None:
            name, _, value = argument.partition("=")
            defaults[name] = value
        else:
            found[current][1].append((word, argument))
    return found


def final_stages(path):
    """Stages that become images: no other stage copies from or builds on them."""
    all_stages = stages(path)
    used = {base for base, _ in all_stages.values()}
    for _, lines in all_stages.values():
        used |= {name for _, argument in lines for name in re.findall(r"--from=(\S+)", argument)}
    return {name: lines for name, (_, lines) in all_stages.items() if name not in used}


class ContainerFiles(unittest.TestCase):
    def test_there_is_one_for_each_service_and_one_for_the_models(self):
        names = {path.name.removeprefix("Dockerfile.") for path in FILES}
        self.assertEqual(names, {*PROGRAMS.values(), "models"})
        self.assertEqual(final_stages(DEPLOY / "Dockerfile.inference-svc").keys(), {"cpu", "cuda"})

    def test_bases_are_pinned(self):
        for path in FILES:
            own = stages(path)
            for name, (base, _) in own.items():
                with self.subTest(file=path.name, stage=name):
                    release = base.startswith("debian:bookworm")
                    self.assertTrue(base in own or release or image_is_pinned(base), base)

    def test_images_run_as_an_ordinary_user_without_a_shell_in_between(self):
        for path in FILES:
            for name, lines in final_stages(path).items():
                with self.subTest(file=path.name, stage=name):
                    self.assertEqual([argument for word, argument in lines if word == "USER"], ["65532:65532"])
                    starts = [argument for word, argument in lines if word in ("ENTRYPOINT", "CMD")]
                    self.assertTrue(starts and all(start.startswith("[") for start in starts))

    def test_what_is_copied_from_the_checkout_exists_and_is_not_ignored(self):
        for path in FILES:
            ignored = (DEPLOY / f"{path.name}.dockerignore").read_text().splitlines()
            for _, lines in stages(path).values():
                for word, argument in lines:
                    if word == "COPY" and "--from=" not in argument:
                        for source in argument.split()[:-1]:
                            self.assertTrue((ROOT / source).exists(), source)
                            self.assertNotIn(source, ignored)

    def test_the_build_context_is_the_same_for_all_and_has_no_secret(self):
        contents = {(DEPLOY / f"{path.name}.dockerignore").read_text() for path in FILES}
        self.assertEqual(len(contents), 1)
        lines = contents.pop().splitlines()
        for entry in (".git", "**/target", "**/.env", "**/*.db", "deploy"):
            self.assertIn(entry, lines)

    def test_programs_are_built_for_shipping_from_the_locked_versions(self):
        for program in PROGRAMS.values():
            builds = re.findall(r"cargo build ([^\n\\&]*)", (DEPLOY / f"Dockerfile.{program}").read_text())
            self.assertTrue(builds)
            for build in builds:
                with self.subTest(program=program, build=build):
                    self.assertIn(f"--locked --profile dist -p {program}", build)

    def test_settings_are_those_that_the_program_accepts(self):
        for program in PROGRAMS.values():
            path = DEPLOY / f"Dockerfile.{program}"
            for name, lines in final_stages(path).items():
                names = {key for word, text in lines if word == "ENV" for key in re.findall(r"(\w+)=", text)}
                with self.subTest(program=program, stage=name):
                    self.assertEqual(names - ENV[program] - OTHER_ENV, set())

    def test_ports_and_health_checks_fit(self):
        for workload, program in PROGRAMS.items():
            for name, lines in final_stages(DEPLOY / f"Dockerfile.{program}").items():
                admin = str(ADMIN_PORTS[workload])
                with self.subTest(program=program, stage=name):
                    (exposed,) = [argument.split() for word, argument in lines if word == "EXPOSE"]
                    (check,) = [argument for word, argument in lines if word == "HEALTHCHECK"]
                    (env,) = [argument for word, argument in lines if word == "ENV"]
                    self.assertIn(admin, exposed)
                    self.assertIn(f'"/usr/local/bin/healthcheck", "{admin}"', check)
                    self.assertIn(f"_ADMIN_LISTEN=0.0.0.0:{admin}", env)


class HealthCheck(unittest.TestCase):
    def check(self, status):
        paths = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                paths.append(self.path)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = subprocess.run([DEPLOY / "healthcheck", str(server.server_port)], timeout=30, check=False)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        self.assertEqual(paths, ["/readyz"])
        return done.returncode

    def test_ready_is_healthy(self):
        self.assertEqual(self.check(200), 0)

    def test_not_ready_is_unhealthy(self):
        self.assertNotEqual(self.check(503), 0)

    def test_a_closed_port_is_unhealthy(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        port = server.server_port
        server.server_close()
        done = subprocess.run([DEPLOY / "healthcheck", str(port)], capture_output=True, timeout=30, check=False)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()

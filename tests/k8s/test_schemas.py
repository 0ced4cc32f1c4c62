"""Every object of the base and of each overlay is valid against the schemas of Kubernetes, strictly."""

import unittest

import kubernetes_validate

from support import NO_SCHEMA, ROOT, TARGETS, render

# The oldest version with the preStop action `sleep` switched on, and the newest that the package knows.
OLDEST = "1.30"
VERSIONS = (OLDEST, ".".join(kubernetes_validate.latest_version().split(".")[:2]))


class Schemas(unittest.TestCase):
    def test_every_object_is_strictly_valid(self):
        for target in TARGETS:
            objects = render(target)
            self.assertTrue(objects, f"{target} renders to nothing")
            for item in objects:
                kind = (item["apiVersion"], item["kind"])
                name = f"{target}: {item['kind']}/{item['metadata']['name']}"
                for version in VERSIONS:
                    with self.subTest(name, version=version):
                        if kind in NO_SCHEMA:
                            self.assert_no_schema_knows(item, version)
                        else:
                            used = kubernetes_validate.validate(item, version, strict=True)
                            self.assertEqual(used, version)
                if kind in NO_SCHEMA:
                    print(f"skipped {name}: {NO_SCHEMA[kind]}; no schema of Kubernetes describes it")

    def assert_no_schema_knows(self, item, version):
        with self.assertRaises(kubernetes_validate.SchemaNotFoundError):
            kubernetes_validate.validate(item, version, strict=True)

    def test_every_exception_is_used(self):
        used = {(item["apiVersion"], item["kind"]) for target in TARGETS for item in render(target)}
        self.assertEqual(set(NO_SCHEMA) - used, set())

    def test_every_overlay_is_tested(self):
        folders = {f"overlays/{folder.name}" for folder in (ROOT / "k8s/overlays").iterdir() if folder.is_dir()}
        self.assertEqual(folders, set(TARGETS) - {"base", "autoscaling"})

    def test_a_misspelt_field_is_found(self):
        deployment = next(item for item in render("base") if item["kind"] == "Deployment")
        broken = {**deployment, "spec": {**deployment["spec"], "replica": 1}}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, OLDEST, strict=True)


if __name__ == "__main__":
    unittest.main()

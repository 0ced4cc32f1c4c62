"""Collector, Prometheus, alert rules and dashboard: they parse, they fit together, and every metric exists."""

import json
import re
import unittest

import yaml

from support import ADMIN_PORTS, PROGRAMS, ROOT, metrics_in_sources

DEPLOY = ROOT / "deploy"
# Metrics that Prometheus itself makes.
OWN_METRICS = {"up"}
KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"}
# What a person on duty looks at first.
ESSENTIAL = {
    "gen_ai_server_time_to_first_token_seconds", "gen_ai_server_time_per_output_token_seconds",
    "inference_waiting_requests", "inference_running_sequences",
}


def load(path):
    return yaml.safe_load((DEPLOY / path).read_text())


def metric_names(expression):
    """The metric names in a PromQL expression."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    # A name that is followed by a bracket is a function.
    names = re.findall(r"(?<![\w.])[a-zA-Z_]\w*\b(?!\s*\()", text)
    return set(names) - KEYWORDS


def exposed():
    """Every name on /metrics: a histogram has three."""
    names = set(OWN_METRICS)
    for name, kind in metrics_in_sources().items():
        names |= {f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def alerts():
    return [rule for group in load("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads((DEPLOY / "grafana/dashboards/digital-detox.json").read_text())


def panel_expressions():
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


class Metrics(unittest.TestCase):
    def test_names_are_found_in_expressions(self):
        self.assertEqual(
            metric_names('histogram_quantile(0.95, sum by (le) (rate(a_bucket{x=~"b.."}[5m]))) > 1e3 and c_total == 0'),
            {"a_bucket", "c_total"},
        )
        self.assertEqual(metric_names('sum(rate(a_sum[$__rate_interval])) / count(b) or absent(up{job="j"})'), {"a_sum", "b", "up"})

    def test_the_services_record_what_is_essential(self):
        self.assertLessEqual(ESSENTIAL, metrics_in_sources().keys())

    def test_every_alert_uses_metrics_that_the_services_record(self):
        for rule in alerts():
            with self.subTest(rule["alert"]):
                names = metric_names(rule["expr"])
                self.assertTrue(names)
                self.assertEqual(names - exposed(), set())

    def test_every_panel_uses_metrics_that_the_services_record(self):
        for expression in panel_expressions():
            with self.subTest(expression):
                names = metric_names(expression)
                self.assertTrue(names)
                self.assertEqual(names - exposed(), set())

    def test_the_dashboard_shows_what_is_essential(self):
        used = {name for expression in panel_expressions() for name in metric_names(expression)}
        for name in ESSENTIAL:
            self.assertTrue(any(shown.startswith(name) for shown in used), name)


class Alerts(unittest.TestCase):
    def test_each_has_a_severity_a_summary_and_a_line_for_the_operator(self):
        handbook = (ROOT / "docs/operations.md").read_text()
        names = [rule["alert"] for rule in alerts()]
        self.assertEqual(len(names), len(set(names)))
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])
                self.assertIn(f"`{rule['alert']}`", handbook)


class Configuration(unittest.TestCase):
    def test_prometheus_scrapes_the_admin_port_of_every_service(self):
        config = load("prometheus/prometheus.yml")
        scraped = {}
        for job in config["scrape_configs"]:
            for discovery in job.get("dns_sd_configs", []):
                scraped.update({name: discovery["port"] for name in discovery["names"]})
        expected = {"gateway" if name == "gateway" else PROGRAMS[name]: port for name, port in ADMIN_PORTS.items()}
        self.assertEqual(scraped, expected)
        self.assertEqual(config["rule_files"], ["alerts.yml"])

    def test_the_collector_uses_what_it_defines_and_prints_no_span(self):
        config = load("otel-collector.yaml")
        for name, pipeline in config["service"]["pipelines"].items():
            for part in ("receivers", "processors", "exporters"):
                self.assertLessEqual(set(pipeline[part]), config[part].keys(), name)
            self.assertEqual(pipeline["processors"][0], "memory_limiter")
        self.assertEqual(config["exporters"]["debug"]["verbosity"], "basic")
        self.assertTrue(config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].endswith(":4317"))

    def test_the_dashboard_uses_the_data_source_that_is_provisioned(self):
        (source,) = load("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
        used = {panel["datasource"]["uid"] for panel in dashboard()["panels"]}
        self.assertEqual(used, {source["uid"]})
        ids = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()

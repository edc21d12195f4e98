"""What is given to operators fits what the gateway does: settings, metrics, processes."""

import json
import re
from pathlib import Path

import yaml

from app.core.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = {f"ONEVISIT_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_that_deploy_names_is_one():
    named = set()
    for path in (*DEPLOY.iterdir(), ROOT / "Dockerfile"):
        named |= set(re.findall(r"ONEVISIT_[A-Z_]+", path.read_text()))
    assert named <= SETTINGS
    assert len(named) > 6


def test_what_must_be_set_is_in_the_example():
    example = (DEPLOY / "env.example").read_text()
    for name in ("SECRET_KEY", "ISSUER", "AUDIENCE", "METRICS_TOKEN"):
        assert f"ONEVISIT_{name}=\n" in example


def test_the_schema_is_brought_up_to_date_once_before_the_gateways():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    gateways = [service for name, service in services.items() if name.startswith("gateway-")]
    assert len(gateways) == 2
    for service in gateways:
        assert service["command"][:2] == ["onevisit", "serve"]
        assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["onevisit", "migrate"]
    assert "migrate" not in (ROOT / "Dockerfile").read_text().splitlines()[-1]


async def test_alerts_and_dashboard_ask_for_metrics_that_are_told(city):
    await city.inspector.get("/v1/profiles/91330106MA2YYY034D?purpose=patrol")
    told = (await city.client().get("/metrics")).text
    known = set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))
    expressions = [
        rule["expr"]
        for group in yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]
    board = json.loads((ROOT / "docs/grafana.json").read_text())
    expressions += [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    asked = set(re.findall(r"onevisit_\w+", " ".join(expressions)))
    assert {re.sub(r"_(total|bucket)$", "", name) for name in asked} <= {
        re.sub(r"_total$", "", name) for name in known
    }
    assert len(asked) > 12

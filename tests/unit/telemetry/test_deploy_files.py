"""What Prometheus and Grafana are told to ask for is what the service says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from monitor.telemetry.metrics import Metrics

DEPLOY = Path(__file__).parents[3] / "config" / "deploy"


@pytest.mark.parametrize("name", ["prometheus-rules.yml", "grafana.json"])
def test_every_metric_that_is_asked_for_exists(name: str) -> None:
    told = set()
    for family in Metrics().registry.collect():
        told |= {
            family.name,
            *({f"{family.name}_total"} if family.type == "counter" else ()),
            *({f"{family.name}_{end}" for end in ("bucket", "sum", "count")} if family.type == "histogram" else ()),
        }
    asked = set(re.findall(r"\broom_monitor_\w+", (DEPLOY / name).read_text("utf-8")))
    assert asked
    assert asked <= told


def test_the_board_has_no_panel_twice_or_on_another() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24

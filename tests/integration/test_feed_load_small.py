"""A burst of alerts to several dashboards, one of which stalls: the load test, small."""

from __future__ import annotations

from tests.bench.feed_load import run, wrong


async def test_every_dashboard_gets_every_alert_in_order_and_the_stalled_one_resumes_whole() -> None:
    told, watching, stalled = await run(rate=200, seconds=2, clients=6, size=64)
    assert wrong(told, watching, stalled) == []
    assert told.overruns == 1
    assert len(watching) == 5
    assert watching[0].messages > told.alerts, "they hear of incidents, too"

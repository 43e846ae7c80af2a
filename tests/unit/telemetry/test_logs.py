"""What reaches standard error, and what must not."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from monitor.telemetry.logs import configure

log = structlog.get_logger()


def test_json_lines_carry_event_level_time_and_keys(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    log.info("room joined", room="lobby")
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["level"], line["room"]) == ("room joined", "info", "lobby")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", ["text", "json"])
def test_personal_data_is_withheld_unless_allowed(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure(form)  # type: ignore[arg-type]
    log.warning("speaker joined", room="lobby", pii_name="Ann Example")
    err = capsys.readouterr().err
    assert "Ann" not in err
    assert "withheld" in err
    configure(form, personal=True)  # type: ignore[arg-type]
    log.warning("speaker joined", pii_name="Ann Example")
    assert "Ann Example" in capsys.readouterr().err


def test_libraries_are_heard_from_warning_on_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    configure("json")
    for name in ("uvicorn.error", "aiortc.rtcpeerconnection"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble in %s", name)
    lines = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["trouble in uvicorn.error", "trouble in aiortc.rtcpeerconnection"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_errors_come_with_their_traceback(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure(form)  # type: ignore[arg-type]
    try:
        raise ValueError("the reason")
    except ValueError:
        log.exception("room failed")
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "the reason" in err

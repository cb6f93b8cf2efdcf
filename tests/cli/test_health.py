"""What `status` says is wrong beside the channels."""

from typing import Any

import pytest

from axonhub_cli.cli.health import beside

WELL: dict[str, Any] = {"error": None, "dropped_bodies": 0, "dropped_rows": 0}
OTLP: dict[str, Any] = {"endpoint": "http://c:4318", "waiting": 0, "sent": 9, "dropped": 0, "error": None}


@pytest.mark.parametrize(
    ("state", "lines"),
    [
        ({}, []),
        ({"store": WELL, "otlp": None, "loop_lag_ms": {"p50": 0.1, "p99": 2.0, "max": 30.0}}, []),
        ({"store": {**WELL, "error": "The disk is full."}}, ["traces: The disk is full."]),
        (
            {"store": {**WELL, "dropped_rows": 2, "dropped_bodies": 3}},
            ["traces: 2 requests and the bodies of 3 are missing since the start"],
        ),
        ({"otlp": OTLP}, ["OpenTelemetry: 9 spans sent to http://c:4318"]),
        ({"otlp": {**OTLP, "dropped": 4, "error": "no."}}, ["OpenTelemetry: 9 spans sent to http://c:4318, 4 dropped: no."]),
        (
            {"loop_lag_ms": {"p50": 1.0, "p99": 80.0, "max": 90.0}},
            ["the loop is late: 80 ms in one look of a hundred (p50 1.0 ms)"],
        ),
    ],
)
def test_only_what_is_worth_a_line(state: dict[str, Any], lines: list[str]) -> None:
    """A store that works and a loop that is in time say nothing; a configured exporter says how it goes."""
    assert list(beside(state)) == lines

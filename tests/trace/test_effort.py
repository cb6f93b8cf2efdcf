"""The effort that a body asks for."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.trace.effort import effort


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"reasoning": {"effort": "high"}}, "high"),
        ({"output_config": {"effort": "max"}}, "max"),
        ({"reasoning_effort": "low"}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "2048 tokens"),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}}, "high"),
        ({"reasoning": "x", "thinking": None, "reasoning_effort": 0}, None),
        ({}, None),
    ],
)
def test_every_protocol_has_its_field(fields: dict[str, Any], expected: str | None) -> None:
    """Whichever field it is in, the effort is found; what says nothing is nothing."""
    assert effort(ClientBody(json.dumps(fields).encode())) == expected

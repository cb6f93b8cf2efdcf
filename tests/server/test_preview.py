"""What the trace shows of a request at a glance."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.server.preview import effort, preview

USER = {"role": "user", "content": [{"type": "text", "text": "<system-reminder>x"}, {"type": "text", "text": "fix\n the bug"}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}
SYSTEM = {"role": "system", "content": "be kind"}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"messages": [USER]}, "fix the bug"),
        ({"messages": [USER, SYSTEM, SYSTEM]}, "fix the bug"),
        ({"messages": [USER, {"role": "assistant", "content": "well"}, RESULT]}, None),
        ({"messages": [USER, RESULT, SYSTEM]}, None),
        ({"messages": [SYSTEM]}, None),
        ({"messages": []}, None),
        ({"messages": "what?"}, "what?"),
        ({"messages": None, "input": [{"role": "user", "content": "hi"}, {"role": "developer", "content": "x"}]}, "hi"),
        ({"input": "hi"}, "hi"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, None),
        ({"input": [17]}, None),
        ({}, None),
    ],
)
def test_the_last_words_of_the_user_are_shown(fields: dict[str, Any], shown: str | None) -> None:
    """Instructions after them are passed over; a tool's result is no prompt."""
    assert preview(ClientBody(json.dumps(fields).encode())) == shown


def test_a_long_prompt_is_cut() -> None:
    """One line of the tree is enough."""
    shown = preview(ClientBody(json.dumps({"input": "word " * 1000}).encode()))
    assert shown is not None
    assert len(shown) == 300


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"reasoning": {"effort": "low"}}, "low"),
        ({"output_config": {"effort": "max"}}, "max"),
        ({"reasoning_effort": "high"}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "2000 tokens"),
        ({"thinking": {"type": "disabled"}, "reasoning": None}, None),
    ],
)
def test_effort_is_found_wherever_its_protocol_has_it(fields: dict[str, Any], shown: str | None) -> None:
    """Every protocol has a field of its own for it."""
    assert effort(ClientBody(json.dumps(fields).encode())) == shown

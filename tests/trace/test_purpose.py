"""What a Claude Code request is for."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.trace.purpose import purpose, says_it

SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
TURN = [{"name": "Bash", "description": "x" * 5000, "input_schema": {"type": "object"}}]
ASKED = {"type": "text", "text": "fix it"}
DEMAND = {"type": "text", "text": "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n- Do NOT use Read"}
CASES: list[tuple[dict[str, Any], str | None, str]] = [
    ({"output_config": SCHEMA}, "name this", "title"),
    ({"output_config": SCHEMA, "tools": []}, "name this", "title"),
    ({"output_config": {"effort": "high"}}, "hello", "turn"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "search", "web_search"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}, {"name": "Bash"}]}, "search", "turn"),
    ({"tools": TURN, "output_config": SCHEMA}, "do it", "turn"),
    ({"tools": TURN}, "CRITICAL: text only, in <summary> tags", "compaction"),
    ({"tools": TURN}, "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.", "compaction"),
    ({"tools": TURN}, "CRITICAL: this build is broken", "turn"),
    ({"tools": TURN, "messages": [{"role": "user", "content": [ASKED, DEMAND]}]}, "fix it", "compaction"),
    ({"tools": TURN, "messages": [{"role": "user", "content": [ASKED, DEMAND]}, {"role": "system", "content": "x"}]}, "fix it",
     "compaction"),
    ({"tools": TURN, "messages": [{"role": "user", "content": [DEMAND, ASKED]}]}, "fix it", "turn"),
    ({"tools": TURN, "messages": [{"role": "user", "content": [DEMAND]}, {"role": "user", "content": "go"}]}, "go", "turn"),
    ({"tools": TURN, "messages": DEMAND}, "go", "turn"),
    ({"tools": 3}, None, "turn"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "prompt", "kind"), CASES)
def test_the_body_tells_what_the_headers_do_not(fields: dict[str, Any], prompt: str | None, kind: str) -> None:
    """Titles, searches and compactions are told from turns."""
    assert purpose("turn", ClientBody(json.dumps(fields).encode()), prompt) == kind


def test_other_clients_and_kinds_are_left_alone() -> None:
    """What a header said stands."""
    body = ClientBody(json.dumps({"output_config": SCHEMA}).encode())
    assert says_it("claude-code")
    assert not says_it("codex")
    assert purpose("count_tokens", body, None) == "count_tokens"

"""All that is known of a request, line by line."""

import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from axonhub_cli.cli.trace import app
from axonhub_cli.cli.trace_sheet import sheet
from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

FULL: dict[str, Any] = {
    "id": "ar-5f2c91", "trace_id": "7e4a1c9d", "thread": "release", "client": "claude-code", "client_version": "2.1",
    "agent": "a1", "parent_agent": "a0", "kind": "title", "protocol": "anthropic", "path": "/v1/messages", "stream": True,
    "key": "laptop",
    "profile": "cheap", "asked_model": "opus", "model": "glm-4.6", "channel": "zhipu", "lane": "convert", "effort": "max",
    "effort_sent": "high", "status": 200, "outcome": "ok", "error": None, "finish": "tool_calls", "first_byte_ms": 300.0,
    "first_token_ms": 2500.0, "duration_ms": 12_500.0, "bytes_in": 150_000, "bytes_out": 999, "cost": 0.12,
    "usage": {"input": 10_000, "output": 2000, "cache_read": 6000, "cache_write_5m": 1000, "cache_write_1h": 500,
              "reasoning": 300},
    "tools": ["Bash", "Read", "Bash"], "verdict": "the system prompt changed", "missed_tokens": 3000, "missed_cost": 0.02,
    "attempts": [
        {"index": 0, "channel": "mx", "model": "opus", "protocol": "anthropic", "lane": "splice", "secret": "env:MX",
         "outcome": "error", "status": 529, "duration_ms": 900.0, "reason": "overloaded"},
        {"index": 1, "channel": "zhipu", "model": "glm-4.6", "protocol": "openai-chat", "lane": "convert", "secret": None,
         "outcome": "ok", "status": 200, "duration_ms": 11_600.0, "reason": None},
    ],
    "losses": [{"path": "top_k", "action": "dropped", "why": "the target does not have it"}],
}  # fmt: skip


def lines(**more: Any) -> list[str]:
    return [f"{label}: {' · '.join(words for words, _ in said)}" for label, said in sheet({**FULL, **more})]


def test_everything_has_its_place() -> None:
    """Each figure of a request, in the order in which people ask."""
    assert lines() == [
        "request: ar-5f2c91 · title (side request) · sub-agent a1 · of a0 · anthropic /v1/messages · stream",
        "session: claude-code 2.1 · 7e4a1c9d · thread release · key laptop",
        "models: asked opus · answered by glm-4.6 · effort asked max, sent high",
        "routing: profile cheap · channel zhipu · lane convert",
        "result: ok 200 · stop reason tool_calls",
        "times: first byte 300ms · first token 2.5s · in all 12.5s · 200 tok/s",
        "bytes: in 150 kB · out 999 B",
        "tokens in: 10.0k · = 2.5k uncached · + 6.0k cache read (60%) · + 1.0k written for 5 min · + 500 written for 1 h",
        "tokens out: 2.0k · of them 300 reasoning",
        "cost: $0.120",
        "tools: Bash ×2, Read",
        "attempts: 1 · mx · opus · anthropic, splice · env:MX · error 529 · 900ms · overloaded",
        ": 2 · zhipu · glm-4.6 · openai-chat, convert · ok 200 · 11.6s",
        "losses: dropped top_k · the target does not have it",
        "cache: missed: the system prompt changed · 3000 tokens paid again, $0.020",
    ]


def test_what_is_not_known_is_not_said() -> None:
    """An unknown price is a dash, never 0; no tokens, no line."""
    assert "cost: -" in lines(cost=None)
    bare = lines(usage=None, cost=None, tools=[], attempts=[], losses=[], verdict=None, first_byte_ms=None, bytes_in=0)
    assert [line for line in bare if re.match("cost|tokens|tools|attempts|losses|cache", line)] == []
    assert "error: it broke" in lines(error="it\n  broke")


def test_the_command_shows_it(home: Path) -> None:
    """`trace show REQUEST` is the sheet and what was said."""
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    body = b'{"model":"opus","max_tokens":5,"messages":[{"role":"user","content":"sing a song"}]}'
    for name, kept in (("ar-77", {"client_request": body}), ("ar-78", {})):
        store.end(RequestRecord(name, "trace-9", 1e9, "anthropic", "/v1/messages", asked_model="opus", outcome="ok"), kept)
    assert store.close(60)
    shown = CliRunner().invoke(app, ["show", "ar-77"]).output
    assert "   request  ar-77  anthropic /v1/messages" in shown
    assert "you  sing a song" in shown
    assert "ar-78" not in shown

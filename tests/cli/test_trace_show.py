"""A trace as a conversation: in a terminal, in a pipe, and the bars of its waterfall."""

import io
from typing import Any

import pytest
from rich.console import Console

from axonhub_cli.cli.trace_show import conversation, timeline
from axonhub_cli.trace.conversation import Said

REQUEST: dict[str, Any] = {
    "id": "ar-1", "started": 0.0, "duration_ms": 4000.0, "first_byte_ms": 500.0, "first_token_ms": 1000.0, "kind": "turn",
    "agent": None, "asked_model": "opus", "model": "opus", "channel": "work", "outcome": "ok", "status": 200, "usage": {
        "input": 1000, "output": 120, "cache_read": 500, "cache_write_5m": 200, "cache_write_1h": None, "reasoning": 20},
    "cost": None, "effort": "max", "effort_sent": "high", "finish": "stop", "prompt": "hello", "attempts": [], "losses": [],
    "verdict": "tools changed: +New", "missed_tokens": 900, "missed_cost": 0.25, "error": None,
}  # fmt: skip
TRACE: dict[str, Any] = {
    "id": "t", "client": "curl", "client_version": None, "threads": [], "errors": 0, "first": 0.0, "last": 4.0,
    "input_tokens": 1000, "cached_tokens": 500, "output_tokens": 120, "cost": None, "unpriced": 1, "misses": 1,
    "requests": [REQUEST],
    "turns": [{"number": 1, "started": 0.0, "ended": 4.0, "requests": ["ar-1"], "agents": [], "cost": None}],
}  # fmt: skip
SAID = [
    Said("tool", "\n".join(f"line {number}" for number in range(20)), "Bash"),
    Said("model", "word " * 40 + "\x1b[31m\u202e"),
    Said("call", '{"command": "ls"}', "Bash"),
]


def shown(width: int, *, terminal: bool, full: bool = False) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, no_color=True, highlight=False, color_system=None)
    conversation(TRACE, {"ar-1": SAID}, full=full)(console)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal(width: int) -> None:
    """Every line fits; long texts are shortened, unless all is wanted; nothing in them can harm."""
    lines = shown(width, terminal=True)
    assert max(map(len, lines)) <= width
    assert "            … 12 more lines (--full)" in "".join(lines)
    assert len(shown(width, terminal=True, full=True)) > len(lines)
    assert not any(character in "".join(lines) for character in "\x1b\u202e")


def test_a_pipe() -> None:
    """One line for each thing, whole."""
    lines = shown(40, terminal=False)
    assert lines[3].startswith("  → Bash  line 0 ⏎ line 1 ⏎")
    assert "in 1.0k (50% cached, 200 written)  out 120 (20 thinking)  -  effort max → high  stop" in lines[4]
    assert lines[5] == "    cache missed  tools changed: +New  (900 tokens, $0.250)"
    assert lines[6].startswith("  model  word word")
    assert lines[7] == '  Bash →  {"command": "ls"}'


def test_facts_are_not_broken() -> None:
    """A line that is too long is broken between facts, not within one."""
    lines = shown(60, terminal=True)
    for fact in ("in 1.0k (50% cached, 200 written)", "out 120 (20 thinking)", "effort max → high"):
        assert any(fact in line for line in lines)
    assert not any("\ue000" in line for line in lines)


def test_what_is_asked_again_is_not_repeated() -> None:
    """A request that was repeated brings nothing new; with `--full` all is there."""
    said = {"ar-1": [Said("user", "hello")], "ar-2": [Said("user", "hello"), Said("model", "hi")]}
    trace = {**TRACE, "requests": [REQUEST, {**REQUEST, "id": "ar-2"}]}
    trace["turns"] = [{**TRACE["turns"][0], "requests": ["ar-1", "ar-2"]}]
    for full in (False, True):
        file = io.StringIO()
        conversation(trace, said, full=full)(Console(file=file, width=300, highlight=False))
        assert (file.getvalue().count("you  hello"), file.getvalue().count("model  hi")) == (1 + full, 1)


@pytest.mark.parametrize(
    ("fields", "start", "span", "expected"),
    [
        ({}, 0.0, 4.0, "░░████████"),
        ({}, -4.0, 8.0, "     ░████"),
        ({"first_token_ms": None, "first_byte_ms": None, "outcome": "error"}, 0.0, 4.0, "░░░░░░░░░░"),
        ({"duration_ms": None, "first_token_ms": None, "first_byte_ms": None}, 0.0, 4.0, "░"),
        ({"started": 4.0, "duration_ms": 0.0}, 0.0, 4.0, "         ░"),
    ],
)
def test_bars(fields: dict[str, Any], start: float, span: float, expected: str) -> None:
    """Light while it waited, full while the answer came; the shortest request is still to be seen."""
    assert timeline({**REQUEST, **fields}, start, span, 10) == expected

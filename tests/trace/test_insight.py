"""The cache verdict: one cause for each miss, and none where the cache did its work."""

import json
from typing import Any

import pytest

from axonhub_cli.trace.insight import Turn, Verdict, judge, left
from axonhub_cli.types.messages import Usage

TOOLS = [{"name": "Bash", "description": "run"}, {"name": "Read", "description": "read"}]
SYSTEM = [{"type": "text", "text": "You are careful."}, {"type": "text", "text": "Today is Monday."}]
HISTORY = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "go"}]
TEXT = {"type": "text", "text": "hi"}
HELD = Usage(input=10_000, output=10, cache_read=8_000, cache_write_5m=2_000)
MISSED = Usage(input=11_000, output=10, cache_read=0)


def turn(usage: Usage = HELD, *, started: float = 0.0, upstream: dict[str, Any] | None = None, **changes: Any) -> Turn:
    """A turn that took ten seconds; changes are of the body, or of the turn itself."""
    names = {name: changes.pop(name) for name in ("channel", "secret", "model") if name in changes}
    body = {"tools": TOOLS, "system": SYSTEM, "messages": HISTORY, **changes}
    bodies: dict[Any, bytes] = {"client_request": json.dumps(body).encode()}
    if upstream is not None:
        bodies["upstream_request"] = json.dumps(upstream).encode()
    who = {"channel": "work", "secret": "keyring:work", "model": "sonnet", **names}
    return Turn(started, started + 10, usage, who["channel"], who["secret"], who["model"], lambda: bodies)


def missed(**changes: Any) -> Verdict:
    """The verdict on a turn that reads nothing, twenty seconds after one that left 10,000 tokens."""
    verdict = judge(turn(), turn(MISSED, **{"started": 30.0, **changes}))
    assert verdict is not None
    return verdict


CHANGES: list[tuple[dict[str, Any], str, str]] = [
    ({"channel": "spare", "tools": []}, "switched", "channel switched: work → spare"),
    ({"secret": "keyring:two"}, "switched", "key switched: keyring:work → keyring:two"),
    ({"model": "haiku"}, "switched", "model switched: sonnet → haiku"),
    ({"tools": [*TOOLS, {"name": "mcp__x"}], "system": []}, "tools", "tools changed: +mcp__x"),
    ({"tools": TOOLS[:1]}, "tools", "tools changed: -Read"),
    ({"tools": [TOOLS[0], {**TOOLS[1], "description": "x"}]}, "tools", "tools changed: ~Read"),
    ({"tools": TOOLS[::-1]}, "tools", "tools changed: another order"),
    ({"tools": [{"name": str(n)} for n in range(6)]}, "tools", "tools changed: +0 +1 +2 +3 and 4 more"),
    (
        {"system": [SYSTEM[0], {"type": "text", "text": "Today is Tuesday."}]},
        "system",
        "system prompt changed: part 2, character 10: “Monday.” became “Tuesday.”",
    ),
    ({"system": SYSTEM[:1]}, "system", "system prompt changed: 2 parts became 1"),
    ({"messages": [HISTORY[0], {"role": "assistant", "content": "hm"}, *HISTORY[2:]]}, "history",
     "history edited at message 2 of 3, character 2: “hi” became “hm”"),
    ({"messages": [HISTORY[0], {"role": "assistant", "content": [TEXT, TEXT]}, *HISTORY[2:]]}, "history",
     "history edited at message 2 of 3: 1 parts became 2"),
    ({"messages": [HISTORY[0], {"role": "user", "content": "hi"}, *HISTORY[2:]]}, "history", "history edited at message 2 of 3"),
    ({"output_config": {"effort": "low"}, "messages": []}, "settings", "settings changed: effort - → low"),
    ({"reasoning_effort": "low", "prompt_cache_key": "a", "cachedContent": "b", "response_format": {"type": "json_object"}},
     "settings", "settings changed: effort - → low, the answer's format - → {'type': 'json_object'}, cache key - → a and 1 more"),
    ({"messages": HISTORY[:2]}, "history", "history shortened: 3 messages became 2"),
    ({"messages": [{"role": "user", "content": "summary"}]}, "history", "history shortened at message 1: 3 messages became 1"),
    ({"started": 400.0}, "idle", "idle for 6 min, longer than the cache lives"),
    ({"messages": [*HISTORY, {"role": "user", "content": "more"}]}, "vendor",
     "the vendor's side: the same beginning was sent in time"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "cause", "text"), CHANGES)
def test_each_cause(changes: dict[str, Any], cause: str, text: str) -> None:
    """The first difference in the cache's order is the cause; a switch comes before all, time and vendor after all."""
    assert missed(**changes) == Verdict(cause, text, 10_000)  # type: ignore[arg-type]  # a table of words


def test_what_is_no_difference() -> None:
    """Marks that move, a text that becomes a block, and Claude Code's billing line are nothing that a cache sees."""
    marked = [
        HISTORY[0],
        HISTORY[1],
        {"role": "user", "content": [{"type": "text", "text": "go", "cache_control": {"type": "e"}}]},
    ]
    billing = [{"type": "text", "text": "x-anthropic-billing-header: cch=1"}, *SYSTEM]
    assert missed(messages=marked, system=billing).cause == "vendor"


def test_losses_of_ours() -> None:
    """When the client sent the same and the upstream got another beginning, it was the conversion."""
    before = turn(upstream={"messages": HISTORY, "instructions": "a"})
    verdict = judge(before, turn(MISSED, started=30.0, upstream={"messages": HISTORY, "instructions": "b"}))
    assert verdict is not None
    assert verdict.cause == "losses"
    assert verdict.text.startswith("changed on the way by axonhub: system prompt changed")


def test_an_hour_long_cache() -> None:
    """A prefix that was written for an hour is not idle after six minutes."""
    hour = Usage(input=10_000, output=10, cache_read=8_000, cache_write_1h=2_000)
    verdict = judge(turn(hour), turn(MISSED, started=400.0))
    assert verdict is not None
    assert verdict.cause == "vendor"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (HELD, Usage(input=11_000, output=1, cache_read=10_000)),
        (HELD, Usage(input=30_000, output=1, cache_read=9_800)),
        (Usage(input=10_000, output=1), MISSED),
        (Usage(input=700, output=1, cache_read=500), Usage(input=700, output=1, cache_read=0)),
        (HELD, Usage(output=1)),
        (Usage(), HELD),
        (HELD, Usage(input=100, output=1, cache_read=100)),
    ],
)
def test_no_miss(before: Usage, now: Usage) -> None:
    """A cache that was read as far as it went, one that held nothing, and figures that say nothing are no misses."""
    assert judge(turn(before), turn(now, started=30.0)) is None


def test_a_gemini_body() -> None:
    """Its parts have names of their own."""

    def sent(usage: Usage, instruction: str) -> Turn:
        body = {"contents": HISTORY, "systemInstruction": {"parts": [{"text": instruction}]}}
        return Turn(0.0, 0.0, usage, "c", None, "m", lambda: {"client_request": json.dumps(body).encode()})

    verdict = judge(sent(HELD, "a"), sent(MISSED, "b"))
    assert verdict is not None
    assert verdict.cause == "system"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 100_000, b'{"tools":3,"system":{"text":1},"messages":[1]}'])
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    """Without readable bodies the clock still tells something; else the cause is unknown, and nobody's."""

    def bare(usage: Usage, started: float) -> Turn:
        return Turn(started, started, usage, "c", None, "m", lambda: {"client_request": body})

    verdicts = [judge(bare(HELD, 0.0), bare(MISSED, started)) for started in (1000.0, 20.0)]
    assert [verdict.cause for verdict in verdicts if verdict] == ["idle", "vendor" if b"tools" in body else "unknown"]


def test_what_a_request_leaves() -> None:
    """What it read in the cache and what it wrote there."""
    assert left(Usage(cache_read=1, cache_write_5m=2, cache_write_1h=4)) == 7
    assert left(Usage()) == 0

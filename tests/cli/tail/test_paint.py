"""Rows → lines: what is said first when there is little room."""

from typing import Any

import pytest

from axonhub_cli.cli.tail.columns import columns
from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.outline import Row
from axonhub_cli.cli.tail.paint import Painter, short


def line(told: list[dict[str, Any]], width: int, *, ascii_only: bool = False, selected: bool = False) -> str:
    """The line of request `r1`."""
    tree = Tree()
    for event in told:
        tree.apply(event)
    row = Row("request", tree.requests["r1"], "├─ ", ("request", "r1"), False)
    painter = Painter(width, 1_800_000_000.0, columns(width), ASCII if ascii_only else UNICODE)
    return painter.line(row, selected=selected).plain.rstrip()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("my-session", "my-session"), ("7e4a1c9d-52b0-4f7e-9c1d-0f3b2a6d8e11", "7e4a1c9d"), ("a22b4cfd4253d7db4", "a22b4cfd"),
     ("01998f3a-77c2-7d10-8a4e-5b6c7d8e9f00", "01998f3a-77c2")],
)  # fmt: skip
def test_ids_are_shortened_to_what_tells_them_apart(name: str, expected: str) -> None:
    """Ids that begin with the time need more of it."""
    assert short(name) == expected


@pytest.mark.parametrize(
    ("width", "expected"),
    [(120, "✓ claude-sonnet-4-5 → deepseek-reasoner @deepseek  Read, Bash ×2"),
     (90, "✓ claude-sonnet-4-5 → deepseek-reasoner @deepseek"), (80, "✓ sonnet-4-5 → deepseek-reasoner @deepseek"),
     (76, "✓ sonnet-… → deepseek-reasoner @deepseek"), (74, "✓ → deepseek-reasoner @deepseek"),
     (60, "✓ → deepseek-reason… @deepseek")],
)  # fmt: skip
def test_the_asked_model_gives_way_first(events: Any, width: int, expected: str) -> None:
    """Who answered is worth more than who was asked."""
    request = events.request("r1", asked_model="claude-sonnet-4-5")
    answer = {"model": "deepseek-reasoner", "channel": "deepseek", "tools": ["Read", "Bash", "Bash"], "finish": "tool_calls"}
    assert line([request, events.end(request, **answer, duration_ms=None)], width) == f" ├─ {expected}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [({"outcome": "cancelled"}, "⊘ opus  cancelled  stop"), ({"finish": "length"}, "✓ opus  length"),
     ({"outcome": "interrupted", "status": 200}, "! opus  200 interrupted"),
     ({"outcome": "error", "status": 502}, "✗ opus  502 error"),
     ({"finish": "tool_calls"}, "✓ opus  tool_calls"),
     ({"losses": [{}, {}], "lane": "convert"}, "✓ opus  2 losses  convert  stop"),
     ({"kind": "title", "effort": "high"}, "· title opus  stop  high"),
     ({"kind": "title", "outcome": "error"}, "✗ title opus  200 error"),
     ({"model": "opus", "channel": "a"}, "✓ opus @a  stop"), ({"asked_model": None}, "✓ ?  stop")],
)  # fmt: skip
def test_outcomes_and_flags(events: Any, more: dict[str, Any], expected: str) -> None:
    """What went wrong stands before what is only interesting."""
    request = {**events.request("r1"), **more, "outcome": "running"}
    told = [request, {**events.end(request), **more, "duration_ms": None}]
    assert line(told, 119) == f" ├─ {expected}"


def test_a_running_request_turns_and_the_selected_one_is_marked(events: Any) -> None:
    """The wheel and the cursor are marks, not colours."""
    assert line([events.request("r1")], 80).startswith(" ├─ ◐ opus")
    assert line([events.request("r1")], 80, ascii_only=True, selected=True).startswith("#├─ | opus")


def test_a_shut_trace_says_what_went_wrong_in_it(events: Any) -> None:
    """Failures, channels that were left or passed over, and missed caches are seen without opening it; so is the last prompt."""
    tree = Tree()
    first, second = events.request("r1", prompt="Fix the flaky test."), events.request("r2", at=2.0)
    attempts = [{"index": 0, "channel": "a", "outcome": "error"}, {"index": 1, "channel": "b", "outcome": "ok"}]
    passed = [{"index": 0, "channel": "a", "outcome": "skipped"}, {"index": 1, "channel": "b", "outcome": "ok"}]
    for event in (first, events.end(first, attempts=attempts), second,
                  events.end(second, 3.0, outcome="error", attempts=passed, verdict="idle for 6 min")):  # fmt: skip
        tree.apply(event)
    trace = tree.traces["trace-1"]
    painted = [Painter(99, 1_800_000_000.0, columns(99), UNICODE).line(Row("trace", trace, "", open=shown)).plain.rstrip()
               for shown in (False, True)]  # fmt: skip
    assert painted == [" ▸ ✻ claude-code trace-1  0s ago  ✗ 1  ↷ 2  ○ 1  Fix the flaky test.",
                       " ▾ ✻ claude-code trace-1  0s ago  ✗ 1  2 requests"]  # fmt: skip
